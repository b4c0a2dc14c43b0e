// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's make, out of tree, with what it says folded into progress and findings.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::KernelError;
use super::arch::{Arch, Machine};
use super::output::{Line, Messages, classify};
use crate::error::FileContext;
use crate::process::Process;
use crate::report::{Reporter, Unit};
use crate::setup;
use crate::stream::{self, End, Limits, Next, OUTPUT};
use crate::workspace::Workspace;

/// Where make runs.
#[derive(Clone, Copy, Debug)]
pub struct Make<'a> {
    /// The top of Linux.
    pub source: &'a Path,
    /// The build folder.
    pub dir: &'a Path,
    /// The architecture.
    pub arch: &'static Arch,
    /// The checkout, whose tools and caches are used.
    pub ws: &'a Workspace,
}

/// What make did.
#[derive(Clone, Debug)]
pub struct Made {
    /// Whether it ended well.
    pub good: bool,
    /// How many steps it took.
    pub steps: u64,
    /// Errors and warnings, each whole.
    pub findings: Vec<String>,
}

impl Make<'_> {
    /// Make without a target.
    pub fn command(&self) -> Process {
        let variables = setup::kernel_variables(self.ws).into_iter();
        let variables = variables.map(|(name, value)| format!("{name}={value}"));
        // An edit of the largest crates is what developers wait for on UML: the Rust compiler keeps what it need not do
        // twice, in the build folder; git ignores the name. Such crates have functions that would be inlined into
        // others otherwise, so that those without exported symbols, as pin-init, cannot be used by modules.
        let crates: &[_] =
            if self.arch.machine == Machine::Uml { &["kernel", "doctests_kernel_generated"] } else { &[] };
        let incremental = crates.iter().map(|name| format!("RUSTFLAGS_{name}.o=-Cincremental=.rust-incremental"));
        let (arch, out) = (format!("ARCH={}", self.arch), format!("O={}", self.dir.display()));
        Process::new("make").dir(self.source).args([arch, out]).args(variables).args(incremental)
    }

    /// Makes targets, with all that make says in a log of the build folder.
    pub fn run(
        &self,
        args: &[String],
        log: &str,
        step: &str,
        expected: Option<u64>,
        reporter: &dyn Reporter,
    ) -> Result<Made, KernelError> {
        let path = self.dir.join(log);
        let mut log = File::create(&path).at("create", &path)?;
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        reporter.begin(step, expected, Unit::Items);
        let mut steps = 0;
        let mut messages = Messages::default();
        let command = self.command().args(args).args([&format!("--jobs={jobs}"), "--output-sync=target"]);
        let limits = Limits { output: Some(OUTPUT), ..Limits::default() };
        let end = stream::run(&command.bound_to_caller(), limits, |line, _| {
            // A full disk shows in what make says.
            let _ = writeln!(log, "{line}");
            let line = classify(line);
            if let Line::Step(..) = line {
                steps += 1;
                reporter.advance(1);
            }
            messages.take(&line);
            Next::Go
        })?;
        reporter.end();
        let mut findings = messages.findings();
        findings.extend((end == End::TooMuch).then(|| "make was stopped: it said more than 1 GiB".to_owned()));
        Ok(Made { good: end == End::Exit(0), steps, findings })
    }
}
