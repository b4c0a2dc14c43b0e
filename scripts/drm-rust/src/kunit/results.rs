// SPDX-License-Identifier: GPL-2.0-only

//! What a KUnit run has shown.

use serde::{Deserialize, Serialize};

/// How a test ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it should.
    #[default]
    Pass,
    /// It chose not to run.
    Skip,
    /// An expectation failed.
    Fail,
    /// It never told its result: the kernel died or hung in it.
    Crash,
}

impl Status {
    /// Whether this makes the run fail.
    pub fn is_bad(self) -> bool {
        matches!(self, Status::Fail | Status::Crash)
    }

    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Skip => "skip",
            Status::Fail => "FAIL",
            Status::Crash => "CRASH",
        }
    }
}

/// A test, or a suite with its tests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// Wall time until its result came (seconds).
    pub seconds: f64,
    /// Why it was skipped, or what else its result line said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is wrong with its output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// What the console said while it ran, without the results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// Its tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
}

impl Test {
    /// Whether it is bad for more than what its tests say.
    pub fn is_bad_itself(&self) -> bool {
        let deeper = self.tests.iter().any(|test| test.status.is_bad());
        self.status.is_bad() && (!deeper || !self.errors.is_empty())
    }
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Passed.
    pub pass: usize,
    /// Skipped.
    pub skip: usize,
    /// Failed.
    pub fail: usize,
    /// Without a result.
    pub crash: usize,
}

impl Totals {
    /// All of them.
    pub fn all(self) -> usize {
        self.pass + self.skip + self.fail + self.crash
    }

    /// Counts the tests that have no tests of their own.
    pub fn of(tests: &[Test]) -> Totals {
        let mut totals = Totals::default();
        for test in tests {
            totals.count(test);
        }
        totals
    }

    fn count(&mut self, test: &Test) {
        if !test.tests.is_empty() {
            test.tests.iter().for_each(|test| self.count(test));
            return;
        }
        match test.status {
            Status::Pass => self.pass += 1,
            Status::Skip => self.skip += 1,
            Status::Fail => self.fail += 1,
            Status::Crash => self.crash += 1,
        }
    }
}

/// Calls `each` with the path of every test that failed: the deepest ones, with their suites' names before them.
pub fn failures<'a>(tests: &'a [Test], each: &mut impl FnMut(&[&'a str], &'a Test)) {
    fn walk<'a>(tests: &'a [Test], path: &mut Vec<&'a str>, each: &mut impl FnMut(&[&'a str], &'a Test)) {
        for test in tests.iter().filter(|test| test.status.is_bad()) {
            path.push(&test.name);
            if test.is_bad_itself() {
                each(path, test);
            }
            walk(&test.tests, path, each);
            path.pop();
        }
    }
    walk(tests, &mut Vec::new(), each);
}
