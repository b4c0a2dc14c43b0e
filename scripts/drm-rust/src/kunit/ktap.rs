// SPDX-License-Identifier: GPL-2.0-only

//! Reads KTAP, the kernel's test output, from a console that says other things in between.
//!
//! Format: `Documentation/dev-tools/ktap.rst` of Linux, as KUnit writes it: four spaces a level.

use std::collections::VecDeque;
use std::mem::take;
use std::time::Duration;

use super::results::{Status, Test};
use crate::visible::cut;

/// Spaces of one level.
const INDENT: usize = 4;
/// Lines of the console to keep with a test: the last ones tell why it failed.
const LOG_LINES: usize = 200;
/// The longest line of them, and the longest name (bytes): the kernel's own lines have a thousand at most.
const LINE: usize = 2048;
/// What is kept of all of them together (bytes).
const LOG: usize = 32 << 20;
/// How deep tests may be: KUnit has three levels. What reads the results may have no more than a hundred.
const LEVELS: usize = 16;
/// How many tests are read: all of the kernel's are a tenth of it.
const TESTS: usize = 100_000;
/// How much is told of what is wrong with a level.
const FAULTS: usize = 20;

/// A line of the console and what it means.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Version,
    Plan(usize),
    Subtest(&'a str),
    Result {
        ok: bool,
        number: usize,
        name: &'a str,
        directive: Option<Directive<'a>>,
    },
    /// Says nothing that the results do not say.
    Noise,
    Other,
}

#[derive(Debug, PartialEq, Eq)]
struct Directive<'a> {
    skips: bool,
    reason: &'a str,
}

/// Takes what the console puts before a line: carriage returns, colours, the log level and the time stamp.
pub fn message(line: &str) -> &str {
    let mut text = line.trim_end().trim_start_matches('\r');
    if let Some((level, rest)) = text.strip_prefix('<').and_then(|rest| rest.split_once('>'))
        && !level.is_empty()
        && level.bytes().all(|b| b.is_ascii_digit())
    {
        text = rest;
    }
    while let Some((stamp, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let stamp = stamp.trim_start();
        let is_time = stamp.split_once('.').is_some_and(|(s, us)| is_number(s) && is_number(us));
        let is_context = stamp.strip_prefix(['T', 'C']).is_some_and(is_number);
        if !is_time && !is_context {
            break;
        }
        // One space belongs to the stamp, further ones to the line.
        text = rest.strip_prefix(' ').unwrap_or(rest);
    }
    text
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn parse(text: &str) -> Line<'_> {
    if let Some(version) = text.strip_prefix("KTAP version ").or_else(|| text.strip_prefix("TAP version ")) {
        return if is_number(version) { Line::Version } else { Line::Other };
    }
    if let Some(plan) = text.strip_prefix("1..") {
        let number = plan.split(' ').next().unwrap_or_default();
        // A number that is too large for any run is a plan, too: it is not kept to.
        return if is_number(number) { Line::Plan(number.parse().unwrap_or(usize::MAX)) } else { Line::Other };
    }
    if let Some(name) = text.strip_prefix("# Subtest: ") {
        return Line::Subtest(name);
    }
    if let Some(rest) = text.strip_prefix("# ") {
        let is_total = rest.contains("pass:") && rest.contains(" fail:") && rest.contains(" total:");
        let is_attribute = ["speed: ", "module: "].iter().any(|key| match rest.split_once(key) {
            Some((test, _)) => test.is_empty() || test.ends_with('.'),
            None => false,
        });
        return if is_total || is_attribute { Line::Noise } else { Line::Other };
    }
    result(text).unwrap_or(Line::Other)
}

fn result(text: &str) -> Option<Line<'_>> {
    let (ok, rest) = match text.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix("ok ")?),
    };
    let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let number = number.parse().ok()?;
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    let (name, directive) = match rest.split_once("# ") {
        Some((name, directive)) => {
            let (word, reason) = directive.split_once(' ').unwrap_or((directive, ""));
            let skips = ["SKIP", "TODO", "XFAIL"].contains(&word);
            (name.trim_end(), Some(Directive { skips, reason: if skips { reason.trim() } else { directive } }))
        }
        None => (rest.trim_end(), None),
    };
    Some(Line::Result { ok, number, name, directive })
}

/// Tests of one level that are being read.
#[derive(Default)]
struct Level {
    name: Option<String>,
    plan: Option<usize>,
    tests: Vec<Test>,
    log: VecDeque<String>,
    /// What cannot be.
    faults: Vec<String>,
}

impl Level {
    fn fault(&mut self, what: String) {
        if self.faults.len() < FAULTS {
            self.faults.push(what);
        }
    }

    /// A plan comes once, and before the results.
    fn plan(&mut self, plan: usize, is_late: bool) {
        match self.plan {
            Some(first) => self.fault(format!("has a second plan: 1..{plan} after 1..{first}")),
            None => {
                if is_late {
                    self.fault(format!("has its plan 1..{plan} after the first result"));
                }
                self.plan = Some(plan);
            }
        }
    }

    /// What is wrong with it, when it is over.
    fn problems(&mut self) -> Vec<String> {
        let seen = self.tests.len();
        let unkept = self.plan.filter(|plan| *plan != seen).map(|plan| format!("planned {plan} tests, saw {seen}"));
        unkept.into_iter().chain(take(&mut self.faults)).collect()
    }

    /// The level as a test that never told its result. What ran in it is its next test, unless a deeper level has
    /// become one.
    fn into_crashed(mut self) -> Test {
        let name = self.name.take().unwrap_or_else(|| "(unnamed)".into());
        let known = self.tests.last().is_some_and(|test| test.status == Status::Crash);
        if !known && self.plan.is_none_or(|plan| self.tests.len() < plan) {
            let name = format!("(test {})", self.tests.len() + 1);
            let errors = vec!["has no result".into()];
            let log = take(&mut self.log).into();
            self.tests.push(Test { name, status: Status::Crash, errors, log, ..Test::default() });
        }
        let (errors, log) = (self.faults, self.log.into());
        Test { name, status: Status::Crash, errors, log, tests: self.tests, ..Test::default() }
    }
}

/// A test that has just ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// The names of its suites and its own.
    pub path: Vec<String>,
    /// How it ended.
    pub status: Status,
}

/// Reads a console line by line.
#[derive(Default)]
pub struct Reader {
    levels: Vec<Level>,
    last: Duration,
    /// How many results were read.
    results: usize,
    /// How large the logs are that were kept, and how many lines had no place in them.
    kept: usize,
    dropped: usize,
}

impl Reader {
    /// Reads a line that came `at` this time after the start. Tells if it ended a test without tests of its own.
    pub fn line(&mut self, line: &str, at: Duration) -> Option<Ended> {
        let text = message(line);
        let spaces = text.len() - text.trim_start_matches(' ').len();
        let depth = spaces / INDENT;
        let line = parse(&text[spaces..]);
        if self.levels.is_empty() {
            // Whatever else the console says before the tests is none of them.
            if line == Line::Version && depth == 0 {
                self.levels.push(Level::default());
                self.last = at;
            }
            return None;
        }
        if self.results >= TESTS {
            return None;
        }
        // A line of a level that nothing opened is no KTAP.
        let open = depth < self.levels.len();
        match line {
            Line::Version if depth == 0 => self.begin_again(),
            Line::Version if depth <= self.levels.len() && depth < LEVELS => {
                self.close_below(depth);
                self.levels.push(Level::default());
            }
            Line::Subtest(name) if open => self.levels[depth].name = Some(cut(name, LINE).into_owned()),
            Line::Plan(plan) if open => {
                let is_late = depth + 1 < self.levels.len() || !self.levels[depth].tests.is_empty();
                self.levels[depth].plan(plan, is_late);
            }
            Line::Result { ok, number, name, directive } if open => {
                return self.result(depth, ok, number, name, directive, at);
            }
            Line::Result { ok: false, .. } | Line::Version => {
                let what = format!("has a line that belongs to no test: `{}`", cut(text.trim_start(), LINE));
                self.levels.last_mut().expect("never empty once begun").fault(what);
            }
            Line::Noise => {}
            _ => self.note(text),
        }
        None
    }

    /// A kernel runs its tests once: what comes now was not announced.
    fn begin_again(&mut self) {
        self.close_below(1);
        self.levels[0].fault("begins a second time: the kernel was started again, or runs other tests".into());
    }

    /// Keeps a line for the test that runs.
    fn note(&mut self, line: &str) {
        let line = cut(line, LINE);
        let level = self.levels.last_mut().expect("never empty once begun");
        if level.log.len() == LOG_LINES {
            self.kept -= level.log.pop_front().map_or(0, |line| line.len());
        }
        if self.kept + line.len() > LOG {
            self.dropped += 1;
            return;
        }
        self.kept += line.len();
        level.log.push_back(line.into_owned());
    }

    /// Ends the levels from `depth` on, whose tests never told their results.
    fn close_below(&mut self, depth: usize) {
        while self.levels.len() > depth.max(1) {
            let crashed = self.levels.pop().expect("not empty").into_crashed();
            self.results += 1;
            self.levels.last_mut().expect("the first one stays").tests.push(crashed);
        }
    }

    fn result(
        &mut self,
        depth: usize,
        ok: bool,
        number: usize,
        name: &str,
        directive: Option<Directive<'_>>,
        at: Duration,
    ) -> Option<Ended> {
        self.close_below(depth + 2);
        let children = if self.levels.len() == depth + 2 { self.levels.pop() } else { None };
        self.results += 1;
        let mut test = Test { name: cut(name, LINE).into_owned(), ..Test::default() };
        test.status = match (&directive, ok) {
            (Some(Directive { skips: true, .. }), _) => Status::Skip,
            (_, true) => Status::Pass,
            (_, false) => Status::Fail,
        };
        test.reason = directive.map(|directive| cut(directive.reason, LINE).into_owned()).filter(|r| !r.is_empty());
        let level = &mut self.levels[depth];
        test.log = take(&mut level.log).into();
        let expected = level.tests.len() + 1;
        if number != expected {
            test.errors.push(format!("has the number {number}, expected {expected}"));
        }
        if let Some(mut children) = children {
            test.errors.extend(children.problems());
            test.log.extend(children.log);
            test.tests = children.tests;
        }
        if !test.status.is_bad() && test.tests.iter().any(|test| test.status.is_bad()) {
            let word = if test.status == Status::Skip { "SKIP" } else { "ok" };
            test.errors.push(format!("says `{word}` though one of its tests failed"));
        }
        if !test.errors.is_empty() && !test.status.is_bad() {
            test.status = Status::Fail;
        }
        let is_leaf = test.tests.is_empty();
        if is_leaf {
            test.seconds = at.saturating_sub(self.last).as_secs_f64();
            self.last = at;
        } else {
            test.seconds = test.tests.iter().map(|test| test.seconds).sum();
        }
        let status = test.status;
        self.levels[depth].tests.push(test);
        let suites = self.levels[1..=depth].iter().map(|level| level.name.clone().unwrap_or_default());
        is_leaf.then(|| Ended { path: suites.chain([name.to_owned()]).collect(), status })
    }

    /// The number of suites that the kernel has announced, once it has.
    pub fn planned(&self) -> Option<usize> {
        self.levels.first().and_then(|level| level.plan)
    }

    /// Whether all the tests that were announced have ended.
    pub fn is_complete(&self) -> bool {
        self.levels.len() == 1 && self.levels[0].plan == Some(self.levels[0].tests.len())
    }

    /// Everything that was read, and what is wrong with the whole.
    pub fn finish(mut self) -> (Vec<Test>, Vec<String>) {
        if self.levels.is_empty() {
            return (Vec::new(), vec!["no test ran: the console has no KTAP in it".into()]);
        }
        self.close_below(1);
        let mut top = self.levels.pop().expect("one level is left");
        let of_whole = |problem: String| match problem.starts_with("planned ") {
            true => problem.replace(" tests, saw", " suites, saw"),
            false => format!("the console {problem}"),
        };
        let mut errors: Vec<String> = top.problems().into_iter().map(of_whole).collect();
        if top.plan.is_none() && !top.tests.is_empty() {
            errors.push("the console has no plan: nobody knows whether these are all suites".into());
        }
        if self.results >= TESTS {
            errors.push(format!("the console has more than {TESTS} tests: the others were not read"));
        }
        if self.dropped > 0 {
            errors.push(format!("the console says more than is kept: {} lines are in its log alone", self.dropped));
        }
        if top.tests.is_empty() {
            errors.push("no test ran: the kernel has none, or none that the filter lets through".into());
        }
        (top.tests, errors)
    }
}
