// SPDX-License-Identifier: GPL-2.0-only

//! IGT GPU Tools against a driver, in UML or QEMU.
//!
//! `igt_runner` runs the tests. It kills a subtest that takes too long, and with it the test's other subtests. Those,
//! and what was not reached because the kernel died, run in a kernel of their own, until nothing is left.

pub mod compare;
pub mod console;
mod error;
mod guest;
pub mod junit;
pub mod lists;
pub mod results;
pub mod root;
pub mod rounds;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::FileContext;
use crate::git::Oid;
use crate::kernel::build::Kernel;
use crate::kernel::config;
use crate::kunit::console::Splat;
use crate::kunit::known::Known;
use crate::report::{Reporter, Unit};
pub use error::IgtError;
use guest::{Ended, Guest};
use lists::Test;
use results::{Status, Subtest};
use root::Root;
use rounds::Rounds;

/// Kernels that may be started for one run.
const MAX_ROUNDS: usize = 50;

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The driver whose card IGT gets.
    pub driver: String,
    /// What to run.
    pub tests: Vec<Test>,
    /// How many kernels run at once.
    pub jobs: usize,
    /// How long a subtest may take.
    pub limit: Duration,
    /// Reports of the kernel about itself that come with the base.
    pub known: Known,
    /// More words for the kernel's command line.
    pub kernel_args: Vec<String>,
    /// Whether this runs some of the tests again, and leaves what the first run has left.
    pub again: bool,
}

/// A kernel that died in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Death {
    /// The test or subtest that ran, if one did.
    pub test: Option<String>,
    /// How.
    pub what: String,
    /// The last lines of its console.
    pub last_lines: Vec<String>,
}

impl Death {
    /// Where and how, in one line.
    pub fn line(&self) -> String {
        format!("{}: the kernel {}", self.test.as_deref().unwrap_or("outside of tests"), self.what)
    }
}

/// What a run has shown.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The driver.
    pub driver: String,
    /// The version of IGT.
    pub igt: String,
    /// The tree of `linux/` that was tested; none where it had changes that are not committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Oid>,
    /// When it ended; older results lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Wall time (seconds).
    pub seconds: f64,
    /// What is wrong with the run as a whole.
    pub errors: Vec<String>,
    /// Reports of the kernel about itself.
    pub splats: Vec<Splat>,
    /// Kernels that died.
    pub deaths: Vec<Death>,
    /// The subtests, in the order in which they were asked for.
    pub subtests: Vec<Subtest>,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_good(&self) -> bool {
        self.errors.is_empty() && !self.subtests.iter().any(|subtest| subtest.status.is_bad())
    }

    /// Reports of the kernel about itself that are not known to come with the base.
    pub fn unknown_splats(&self) -> impl Iterator<Item = &Splat> {
        self.splats.iter().filter(|splat| splat.known.is_none())
    }
}

/// The folder with the results of all runs of a kernel.
pub fn folder(kernel: &Kernel) -> PathBuf {
    kernel.dir.join("igt")
}

/// An error where the kernel was built without a driver.
pub fn require_driver(kernel: &Kernel, driver: &str) -> Result<(), IgtError> {
    let path = kernel.dir.join(".config");
    let config = config::parse(&fs::read_to_string(&path).at("read", &path)?);
    let symbol = format!("DRM_{}", driver.to_uppercase().replace('-', "_"));
    if config::has(&[&config], &symbol) {
        return Ok(());
    }
    Err(IgtError::NoDriver { driver: driver.to_owned(), symbol, defconfig: kernel.arch.defconfig() })
}

/// What one of several kernels has shown, with those that took its place when it died.
#[derive(Default)]
struct Share {
    subtests: Vec<Subtest>,
    splats: Vec<Splat>,
    deaths: Vec<Death>,
    seconds: f64,
}

/// Runs tests. What they and the kernels left is in a folder with the driver's name, until the next run.
pub fn run(kernel: &Kernel, root: &Root, options: &Options, reporter: &dyn Reporter) -> Result<Report, IgtError> {
    let dir = folder(kernel).join(format!("{}{}", options.driver, if options.again { "-again" } else { "" }));
    if dir.exists() {
        fs::remove_dir_all(&dir).at("remove", &dir)?;
    }
    let parts = lists::split(&options.tests, options.jobs);
    let total = options.tests.iter().map(|test| test.names().len()).sum::<usize>();
    reporter.begin(&format!("igt {}", options.driver), Some(total as u64), Unit::Items);
    let guest = |number: usize| {
        let dir = if parts.len() == 1 { dir.clone() } else { dir.join(number.to_string()) };
        fs::create_dir_all(&dir).at("create", &dir)?;
        let path = dir.join("console.log");
        let log = File::create(&path).at("create", &path)?;
        Ok(Guest { kernel, root, dir, options, log })
    };
    let guests: Vec<_> = (0..parts.len()).map(guest).collect::<Result<_, IgtError>>()?;
    let shares: Vec<Share> = std::thread::scope(|scope| {
        let start = |(guest, tests)| scope.spawn(move || run_share(guest, tests, reporter));
        let threads: Vec<_> = guests.into_iter().zip(parts).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect::<Result<_, _>>()
    })?;
    reporter.end();
    Ok(report(root, options, shares))
}

/// Runs some of the tests: a kernel after the other, until nothing is left.
fn run_share(mut guest: Guest<'_>, tests: Vec<Test>, reporter: &dyn Reporter) -> Result<Share, IgtError> {
    let mut rounds = Rounds::new(tests);
    let mut share = Share::default();
    for number in 0..MAX_ROUNDS {
        let left = rounds.left();
        if left.is_empty() {
            break;
        }
        let name = format!("round-{number}");
        let ended = guest.run_tests(&left, &name, || reporter.advance(1))?;
        require_start(&ended, &guest.options.driver)?;
        let found = gather(&mut guest, &name)?;
        rounds.take(found, &ended.console, ended.death.as_deref());
        share.seconds += ended.seconds;
        share.splats.extend(ended.console.splats);
        let (test, last_lines) = (ended.console.running, ended.last_lines);
        share.deaths.extend(ended.death.map(|what| Death { test, what, last_lines }));
    }
    share.subtests = rounds.finish();
    Ok(share)
}

/// What all kernels together have shown.
fn report(root: &Root, options: &Options, shares: Vec<Share>) -> Report {
    let mut report = Report {
        driver: options.driver.clone(),
        igt: root.version.clone(),
        seconds: shares.iter().map(|share| share.seconds).fold(0.0, f64::max),
        ..Report::default()
    };
    let mut found = BTreeMap::new();
    for share in shares {
        report.splats.extend(share.splats);
        report.deaths.extend(share.deaths);
        found.extend(share.subtests.into_iter().map(|subtest| (subtest.name.clone(), subtest)));
    }
    // A test with subtests may have a result of its own, too.
    let names = options.tests.iter().flat_map(|test| test.names().into_iter().chain([test.name.clone()]));
    report.subtests = names.filter_map(|name| found.remove(&name)).collect();
    options.known.explain(&mut report.splats);
    report.subtests.iter_mut().for_each(|subtest| subtest.excuse(&options.known));
    report.errors = errors(&report);
    report
}

/// An error where a kernel did not get to its first test.
fn require_start(ended: &Ended, driver: &str) -> Result<(), IgtError> {
    let last_lines = || ended.last_lines.clone();
    match (&ended.console.cards, &ended.death) {
        (None, death) => {
            let what = death.as_deref().unwrap_or("ended early");
            Err(IgtError::NotUp { what: format!("the kernel {what} before any test"), last_lines: last_lines() })
        }
        (Some(cards), _) if !cards.iter().any(|card| card == driver) => {
            Err(IgtError::NoCard { driver: driver.to_owned(), cards: cards.clone() })
        }
        (Some(_), _) if ended.console.started.is_empty() => {
            Err(IgtError::NotUp { what: "igt_runner started no test".into(), last_lines: last_lines() })
        }
        _ => Ok(()),
    }
}

/// The results of a round; IGT must gather them where the kernel died.
fn gather(guest: &mut Guest<'_>, name: &str) -> Result<Vec<Subtest>, IgtError> {
    let path = guest.dir.join(name).join("results.json");
    // A kernel that dies may leave any part of it behind.
    if let Some(Ok(found)) = results::load(&path) {
        return Ok(found);
    }
    guest.gather(name)?;
    Ok(results::load(&path).transpose()?.unwrap_or_default())
}

/// What is wrong with a run as a whole.
fn errors(report: &Report) -> Vec<String> {
    let mut errors: Vec<String> = report.deaths.iter().map(Death::line).collect();
    match report.unknown_splats().count() {
        0 => {}
        1 => errors.push("the kernel reported a mistake of its own".into()),
        count => errors.push(format!("the kernel reported {count} mistakes of its own")),
    }
    if !report.subtests.iter().any(|subtest| subtest.status < Status::Skip) {
        errors.push("no subtest passed".into());
    }
    errors
}
