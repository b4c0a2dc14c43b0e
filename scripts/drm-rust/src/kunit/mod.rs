// SPDX-License-Identifier: GPL-2.0-only

//! KUnit suites and doctests of the tree, run in a kernel of the tree.

pub mod console;
pub mod junit;
pub mod known;
pub mod ktap;
pub mod results;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{FileContext, FileError};
use crate::git::Oid;
use crate::kernel::arch::Machine;
use crate::kernel::boot::{self, BootError};
use crate::kernel::build::Kernel;
use crate::kernel::machine::{self, Boot};
use crate::process::ProcessError;
use crate::report::{Reporter, Unit};
use crate::stream::{self, End, Limits, Next, OUTPUT, Tail};
use console::Splat;
use known::Known;
use ktap::Reader;
use results::{Test, Totals};

/// How long a whole run may take.
const LIMIT: Duration = Duration::from_secs(1800);
/// How long the console may be silent: no test waits that long.
const SILENCE: Duration = Duration::from_secs(120);
/// Lines of the console to show where the kernel hung or died.
const LAST_LINES: usize = 20;

/// Reports of the kernel about itself to keep: one that repeats itself says nothing new.
const SPLATS: usize = 1000;

/// A run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum KunitError {
    /// The kernel could not be started.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The user space could not be made.
    #[error(transparent)]
    Boot(#[from] BootError),
}

impl crate::error::Explain for KunitError {
    fn hint(&self) -> Option<String> {
        match self {
            KunitError::Process(error) => error.hint(),
            KunitError::File(error) => error.hint(),
            KunitError::Boot(error) => error.hint(),
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
    /// Whether a user space lets kmemleak search for lost memory after the tests.
    pub leaks: bool,
    /// What comes with the base.
    pub known: Known,
}

/// What a run has shown.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The architecture.
    pub arch: String,
    /// The tree of `linux/` that was tested; none where it had changes that are not committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Oid>,
    /// When it ended; older results lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Which suites ran; none where all did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
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

/// What a user space does after the tests: kmemleak takes an object for lost that it finds unreferenced in two
/// scans, and that is older than five seconds.
const LEAKS: &str = "k=/sys/kernel/debug/kmemleak; echo scan >$k && sleep 6 && echo scan >$k && cat $k";

/// Runs the tests that a kernel has built in. Its console is kept in `console.log` of the build folder.
pub fn run(kernel: &Kernel, cache: &Path, options: &Options, reporter: &dyn Reporter) -> Result<Report, KunitError> {
    let boot = boot(kernel, cache, options)?;
    let path = kernel.dir.join("console.log");
    let mut recorder = Recorder::new(Some(File::create(&path).at("create", &path)?));
    reporter.begin(&format!("testing {}", kernel.arch), None, Unit::Items);
    let limits = Limits { total: Some(LIMIT), silence: Some(SILENCE), output: Some(OUTPUT) };
    let end = stream::run(&machine::command(kernel.arch, &kernel.image, &boot), limits, |line, at| {
        if recorder.line(line, at) {
            reporter.advance(1);
        }
        if recorder.is_over { Next::Stop } else { Next::Go }
    })?;
    reporter.end();
    Ok(recorder.report(kernel.arch.name, end, options))
}

/// How the kernel is started: it ends after the tests, or goes on to a user space that looks for leaks.
fn boot(kernel: &Kernel, cache: &Path, options: &Options) -> Result<Boot, KunitError> {
    let mut boot = Boot::default();
    if options.leaks {
        let command = ["sh", "-c", LEAKS].map(str::to_owned);
        boot = boot::prepare(kernel, cache, Some(&command))?;
        boot.kernel.retain(|word| word != "quiet");
    } else {
        let shutdown = match kernel.arch.machine {
            Machine::Uml => "halt",
            Machine::Qemu { shutdown, .. } => shutdown,
        };
        boot.kernel.push(format!("kunit_shutdown={shutdown}"));
    }
    if kernel.arch.machine == Machine::Uml {
        boot.kernel.push("console=tty".into());
    }
    boot.kernel.push("kunit.enable=1".into());
    boot.kernel.extend(options.filter.iter().map(|filter| format!("kunit.filter_glob={filter}")));
    Ok(boot)
}

/// Takes the console line by line.
struct Recorder {
    log: Option<File>,
    reader: Reader,
    tail: Tail,
    splats: Vec<Splat>,
    /// How many more there were.
    more: usize,
    /// How many of the splats have got their test.
    attributed: usize,
    last: Duration,
    /// Whether nothing more is to come, though the kernel runs.
    is_over: bool,
    /// How the user space ended, where there is one.
    status: Option<u8>,
}

impl Recorder {
    fn new(log: Option<File>) -> Recorder {
        Recorder {
            log,
            reader: Reader::default(),
            tail: Tail::new(LAST_LINES),
            splats: Vec::new(),
            more: 0,
            attributed: 0,
            last: Duration::ZERO,
            is_over: false,
            status: None,
        }
    }

    /// Takes a line. True if a test has ended with it.
    fn line(&mut self, line: &str, at: Duration) -> bool {
        if let Some(log) = &mut self.log {
            // A full disk shows in what is missing from the log, not in the results.
            let _ = writeln!(log, "{line}");
        }
        if console::is_report(line) && self.splats.len() >= SPLATS {
            self.more += 1;
        } else if console::is_report(line) {
            // What comes before the first test is no test's.
            self.attributed += usize::from(self.reader.planned().is_none());
            self.splats.push(Splat::new(line, None));
        } else if let Some(splat) = self.splats.last_mut() {
            splat.take(line);
        }
        let ended = self.reader.line(line, at);
        if let Some(ended) = &ended {
            let path = ended.path.join(".");
            self.splats[self.attributed..].iter_mut().for_each(|splat| splat.test = Some(path.clone()));
            self.attributed = self.splats.len();
        }
        self.status = self.status.or_else(|| boot::exit_status(line).map(|(_, status)| status));
        // A kernel that died of its own tests may wait forever.
        self.is_over |= self.status.is_some() || ktap::message(line).starts_with("---[ end Kernel panic");
        self.tail.push(line);
        self.last = at;
        ended.is_some()
    }

    fn report(mut self, arch: &str, end: End, options: &Options) -> Report {
        let complete = self.reader.is_complete();
        let (mut suites, mut errors) = self.reader.finish();
        let Totals { pass, skip, fail, crash } = Totals::of(&suites);
        // Counted before failures that are known become skipped tests: those ran.
        if skip > 0 && pass + fail + crash == 0 {
            errors.push("no test ran: all of them were skipped".into());
        }
        options.known.excuse(&mut suites);
        match (end, self.status) {
            (End::TooLong, _) => errors.push(format!("the kernel was stopped after {} s", LIMIT.as_secs())),
            (End::TooMuch, _) => errors.push("the kernel was stopped: it said more than 1 GiB".into()),
            (End::Silent, _) => errors.push(format!("the kernel hung: it said nothing for {} s", SILENCE.as_secs())),
            (End::Stopped, None) => errors.push("the kernel panicked".into()),
            (_, Some(0)) => {}
            (_, Some(status)) => errors.push(format!("the search for leaks ended with exit code {status}")),
            (End::Exit(_), None) if options.leaks => errors.push("the kernel ended before the search for leaks".into()),
            (End::Exit(code), None) if code != 0 && !complete => {
                errors.push(format!("the kernel ended early, with exit code {code}"));
            }
            (End::Exit(_), None) => {}
        }
        if options.leaks {
            // They are listed at the end, where known ones can be told.
            self.splats.retain(|splat| !splat.counts_leaks());
        }
        if self.more > 0 {
            let line = format!("{} more reports of the kernel about itself", self.more);
            self.splats.push(Splat { line, ..Splat::default() });
        }
        options.known.explain(&mut self.splats);
        let unknown = self.splats.iter().filter(|splat| splat.known.is_none()).count();
        if options.strict && unknown > 0 {
            errors.push(format!("the kernel reported {unknown} mistakes of its own"));
        }
        let last_lines = if errors.is_empty() { Vec::new() } else { self.tail.into_lines() };
        Report {
            arch: arch.to_owned(),
            tree: None,
            time: None,
            filter: options.filter.clone(),
            seconds: self.last.as_secs_f64(),
            totals: Totals::of(&suites),
            errors,
            splats: self.splats,
            last_lines,
            suites,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(console: &str, options: &Options) -> Report {
        let mut recorder = Recorder::new(None);
        console.lines().for_each(|line| _ = recorder.line(line, Duration::ZERO));
        recorder.report("um", End::Exit(0), options)
    }

    #[test]
    fn a_run_whose_tests_are_all_skipped_is_not_good() {
        let suite =
            |results: &str| format!("KTAP version 1\n1..1\n    KTAP version 1\n    1..2\n{results}ok 1 suite\n");
        let skipped = report(&suite("    ok 1 a # SKIP no card\n    ok 2 b # SKIP no card\n"), &Options::default());
        assert_eq!(skipped.errors, ["no test ran: all of them were skipped"]);
        assert!(!skipped.is_good());
        assert!(report(&suite("    ok 1 a # SKIP no card\n    ok 2 b\n"), &Options::default()).is_good());
    }

    #[test]
    fn a_failure_that_is_known_is_of_a_test_that_ran() {
        let known = toml::from_str("[[failure]]\ntest = 'suite'\ntext = 'broken'\nwhy = 'the base is'\n").unwrap();
        let console =
            "KTAP version 1\n1..1\n    KTAP version 1\n    1..1\n    # a: broken\n    not ok 1 a\nnot ok 1 suite\n";
        let report = report(console, &Options { known, ..Options::default() });
        assert_eq!((report.totals.skip, report.totals.all()), (1, 1));
        assert!(report.is_good());
    }

    #[test]
    fn reports_and_lines_without_an_end_are_bounded_and_told() {
        let mut recorder = Recorder::new(None);
        let options = Options { strict: true, ..Options::default() };
        (0..5000).for_each(|n| _ = recorder.line(&format!("WARNING: lib/a.c:{n} at f+0x1/0x2"), Duration::ZERO));
        (0..5000).for_each(|_| _ = recorder.line("unreferenced object 0x1:", Duration::ZERO));
        let report = recorder.report("um", End::TooMuch, &options);
        assert_eq!((report.splats.len(), report.last_lines.len()), (1001, LAST_LINES));
        assert_eq!(report.splats[1000].line, "9000 more reports of the kernel about itself");
        assert!(
            report.errors.contains(&"the kernel reported 1001 mistakes of its own".to_owned()),
            "{:?}",
            report.errors
        );
        assert!(report.errors.contains(&"the kernel was stopped: it said more than 1 GiB".to_owned()));
        let mut leak = Splat::new("unreferenced object 0x1:", None);
        (0..5000).for_each(|_| leak.take("  hex dump"));
        assert_eq!(leak.details.len(), 100);
    }
}
