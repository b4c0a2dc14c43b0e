// SPDX-License-Identifier: GPL-2.0-only

//! KUnit suites and doctests of the tree, run in a kernel of the tree.

pub mod console;
pub mod junit;
pub mod ktap;
pub mod results;

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{FileContext, FileError};
use crate::kernel::arch::Machine;
use crate::kernel::build::Kernel;
use crate::kernel::machine::{self, Boot};
use crate::process::ProcessError;
use crate::report::{Reporter, Unit};
use crate::stream::{self, End, Limits, Next};
use console::{Known, Splat};
use ktap::Reader;
use results::{Test, Totals};

/// How long a whole run may take.
const LIMIT: Duration = Duration::from_secs(1800);
/// How long the console may be silent: no test waits that long.
const SILENCE: Duration = Duration::from_secs(120);
/// Lines of the console to show where the kernel hung or died.
const LAST_LINES: usize = 20;

/// A run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum KunitError {
    /// The kernel could not be started.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl crate::error::Explain for KunitError {
    fn hint(&self) -> Option<String> {
        match self {
            KunitError::Process(error) => error.hint(),
            KunitError::File(error) => error.hint(),
        }
    }
}

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which suites, or `suite.test`, to run; `*` and `?` stand for anything.
    pub filter: Option<String>,
    /// Whether a report of the kernel about itself makes the run fail, unless it is known.
    pub strict: bool,
    /// The reports that come with the base.
    pub known: Vec<Known>,
}

/// What a run has shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The architecture.
    pub arch: String,
    /// Wall time from the start of the kernel to its end (seconds).
    pub seconds: f64,
    /// How many tests ended how.
    pub totals: Totals,
    /// What is wrong with the run as a whole.
    pub errors: Vec<String>,
    /// Reports of the kernel about itself.
    pub splats: Vec<Splat>,
    /// The last lines of the console, where the kernel did not end by itself.
    pub last_lines: Vec<String>,
    /// The suites.
    pub suites: Vec<Test>,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_good(&self) -> bool {
        self.errors.is_empty() && self.totals.all() > 0 && !self.suites.iter().any(|suite| suite.status.is_bad())
    }
}

/// Runs the tests that a kernel has built in. Its console is kept in `console.log` of the build folder.
pub fn run(kernel: &Kernel, options: &Options, reporter: &dyn Reporter) -> Result<Report, KunitError> {
    let shutdown = match kernel.arch.machine {
        Machine::Uml => "halt",
        Machine::Qemu { shutdown, .. } => shutdown,
    };
    let mut boot =
        Boot { kernel: vec!["kunit.enable=1".into(), format!("kunit_shutdown={shutdown}")], qemu: Vec::new() };
    if kernel.arch.machine == Machine::Uml {
        boot.kernel.push("console=tty".into());
    }
    boot.kernel.extend(options.filter.iter().map(|filter| format!("kunit.filter_glob={filter}")));
    let path = kernel.dir.join("console.log");
    let mut log = File::create(&path).at("create", &path)?;
    reporter.begin(&format!("testing {}", kernel.arch), None, Unit::Items);
    let mut reader = Reader::default();
    let mut console = Vec::new();
    let mut splats: Vec<Splat> = Vec::new();
    let mut attributed = 0;
    let mut last = Duration::ZERO;
    let limits = Limits { total: Some(LIMIT), silence: Some(SILENCE) };
    let end = stream::run(&machine::command(kernel.arch, &kernel.image, &boot), limits, |line, at| {
        // A full disk shows in what is missing from the log, not in the results.
        let _ = writeln!(log, "{line}");
        if console::is_report(line) {
            let line = ktap::message(line).trim().to_owned();
            // What comes before the first test is no test's.
            attributed += usize::from(reader.planned().is_none());
            splats.push(Splat { line, test: None, known: None });
        }
        if let Some(ended) = reader.line(line, at) {
            let path = ended.path.join(".");
            splats[attributed..].iter_mut().for_each(|splat| splat.test = Some(path.clone()));
            attributed = splats.len();
            reporter.advance(1);
        }
        console.push(line.to_owned());
        last = at;
        // A kernel that died of its own tests may wait forever.
        if ktap::message(line).starts_with("---[ end Kernel panic") { Next::Stop } else { Next::Go }
    })?;
    reporter.end();
    let complete = reader.is_complete();
    let (suites, mut errors) = reader.finish();
    match end {
        End::TooLong => errors.push(format!("the kernel was stopped after {} s", LIMIT.as_secs())),
        End::Silent => errors.push(format!("the kernel hung: it said nothing for {} s", SILENCE.as_secs())),
        End::Stopped => errors.push("the kernel panicked".into()),
        End::Exit(0) => {}
        End::Exit(code) if !complete => errors.push(format!("the kernel ended early, with exit code {code}")),
        End::Exit(_) => {}
    }
    for splat in &mut splats {
        splat.known = options.known.iter().find(|known| known.explains(splat)).map(|known| known.why().to_owned());
    }
    let unknown = splats.iter().filter(|splat| splat.known.is_none()).count();
    if options.strict && unknown > 0 {
        errors.push(format!("the kernel reported {unknown} mistakes of its own"));
    }
    let from = if errors.is_empty() { console.len() } else { console.len().saturating_sub(LAST_LINES) };
    Ok(Report {
        arch: kernel.arch.name.to_owned(),
        seconds: last.as_secs_f64(),
        totals: Totals::of(&suites),
        errors,
        splats,
        last_lines: console.split_off(from),
        suites,
    })
}
