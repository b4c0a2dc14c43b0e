// SPDX-License-Identifier: GPL-2.0-only

//! What is wrong with the base itself, and must not be taken for a mistake of the tree: `known.toml`.

use std::path::Path;

use serde::Deserialize;

use super::console::Splat;
use super::results::{Status, Test};
use crate::error::{Explain, FileContext, FileError};

/// Everything that is known to come with the base.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Known {
    #[serde(default, rename = "report")]
    reports: Vec<InTest>,
    #[serde(default, rename = "failure")]
    failures: Vec<InTest>,
    #[serde(default, rename = "warning")]
    warnings: Vec<InTest>,
    #[serde(default, rename = "leak")]
    leaks: Vec<Leak>,
}

/// What is said during a test: a report of the kernel about itself, a warning, or why the test fails.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InTest {
    /// The start of the test's name, with its suites.
    test: String,
    /// What a line has in it.
    text: String,
    why: String,
}

impl InTest {
    fn explains(&self, test: &str, mut lines: impl Iterator<Item = impl AsRef<str>>) -> bool {
        test.starts_with(&self.test) && lines.any(|line| line.as_ref().contains(&self.text))
    }
}

/// Memory that nothing refers to any more.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leak {
    /// A function that the memory was allocated from, directly or not.
    function: String,
    why: String,
}

impl Leak {
    /// A line of a trace is `function+0x1/0x2`, possibly after its address.
    fn explains(&self, trace: &[String]) -> bool {
        let places = trace.iter().filter_map(|line| line.split_whitespace().next_back());
        places.filter_map(|place| place.split_once("+0x")).any(|(function, _)| function == self.function)
    }
}

impl Known {
    /// Notes for each report why it comes, where that is known.
    pub fn explain(&self, splats: &mut [Splat]) {
        for splat in splats {
            let leak = self.leaks.iter().find(|leak| leak.explains(&splat.details)).map(|leak| &leak.why);
            let report = splat.test.as_deref().and_then(|test| {
                self.reports
                    .iter()
                    .find(|known| known.explains(test, [&splat.line].into_iter()))
                    .map(|known| &known.why)
            });
            splat.known = report.or(leak).cloned();
        }
    }

    /// Why the kernel's log has these lines during a test of IGT, if that is known of all of them.
    pub fn warning<'a>(&self, test: &str, lines: impl IntoIterator<Item = &'a str>) -> Option<&str> {
        let why = |line| self.warnings.iter().find(|known| known.explains(test, [line].into_iter()));
        let whys: Option<Vec<_>> = lines.into_iter().map(why).collect();
        whys?.first().map(|known| known.why.as_str())
    }

    /// Turns failures that are known into tests that were skipped for that reason, as KTAP's `XFAIL` is.
    pub fn excuse(&self, suites: &mut [Test]) {
        if !self.failures.is_empty() {
            suites.iter_mut().for_each(|suite| self.excuse_one(suite, &suite.name.clone()));
        }
    }

    fn excuse_one(&self, test: &mut Test, path: &str) {
        if test.tests.is_empty() {
            let why = self.failures.iter().find(|known| known.explains(path, test.log.iter())).map(|known| &known.why);
            if let Some(why) = why.filter(|_| test.status == Status::Fail) {
                test.status = Status::Skip;
                test.reason = Some(format!("known to fail: {why}"));
            }
            return;
        }
        let was_bad = test.tests.iter().any(|test| test.status.is_bad());
        test.tests.iter_mut().for_each(|test| self.excuse_one(test, &format!("{path}.{}", test.name)));
        let is_bad = test.tests.iter().any(|test| test.status.is_bad());
        if was_bad && !is_bad && test.status == Status::Fail && test.errors.is_empty() {
            test.status = Status::Pass;
        }
    }
}

/// The data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// It could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what it should be.
    #[error("{path} is not well-formed")]
    Toml {
        /// The file.
        path: String,
        /// What is wrong.
        #[source]
        source: toml::de::Error,
    },
}

impl Explain for KnownError {
    fn hint(&self) -> Option<String> {
        match self {
            KnownError::File(error) => error.hint(),
            KnownError::Toml { .. } => Some(
                "a [[report]], a [[failure]] and a [[warning]] have a test, a text and a why, a [[leak]] a function \
                 and a why"
                    .into(),
            ),
        }
    }
}

/// Reads the data file.
pub fn load(path: &Path) -> Result<Known, KnownError> {
    let text = std::fs::read_to_string(path).at("read", path)?;
    toml::from_str(&text).map_err(|source| KnownError::Toml { path: path.display().to_string(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let text = r#"
            [[report]]
            test = "drm_x."
            text = "at drm_f+"
            why = "warns"
            [[failure]]
            test = "drm_x.flaky"
            text = "== -35"
            why = "has no backoff"
            [[warning]]
            test = "kms_"
            text = "too slow"
            why = "draws"
            [[leak]]
            function = "drm_test_x"
            why = "forgets"
        "#;
        toml::from_str(text).unwrap()
    }

    #[test]
    fn only_the_test_and_the_text_together_explain_a_report() {
        let why = |test: Option<&str>, line: &str| {
            let mut splat = Splat { line: line.into(), test: test.map(str::to_owned), ..Splat::default() };
            known().explain(std::slice::from_mut(&mut splat));
            splat.known
        };
        assert_eq!(why(Some("drm_x.a.b"), "WARNING: f.c:1 at drm_f+0x1/0x2").as_deref(), Some("warns"));
        assert_eq!(why(Some("drm_y.a"), "WARNING: f.c:1 at drm_f+0x1/0x2"), None);
        assert_eq!(why(Some("drm_x.a"), "WARNING: f.c:1 at drm_g+0x1/0x2"), None);
        assert_eq!(why(None, "WARNING: f.c:1 at drm_f+0x1/0x2"), None);
    }

    #[test]
    fn a_leak_is_explained_by_a_whole_function_of_its_trace() {
        let why = |function: &str| {
            let trace = vec!["backtrace (crc 1):".into(), format!("{function}+0x1/0x2")];
            let mut splat = Splat { line: "unreferenced object 0x1".into(), details: trace, ..Splat::default() };
            known().explain(std::slice::from_mut(&mut splat));
            splat.known
        };
        assert_eq!(why("drm_test_x").as_deref(), Some("forgets"));
        assert_eq!(why("drm_test_xy"), None);
    }

    #[test]
    fn all_warnings_of_a_test_must_be_known() {
        let known = known();
        assert_eq!(known.warning("kms_a@b", ["<3> reads too slow", "<3> too slow"]), Some("draws"));
        assert_eq!(known.warning("kms_a@b", ["<3> reads too slow", "<4> bad"]), None);
        assert_eq!(known.warning("core_a@b", ["<3> reads too slow"]), None);
        assert_eq!(known.warning("kms_a@b", []), None);
    }

    #[test]
    fn a_known_failure_is_no_failure_of_its_suite_but_another_one_is() {
        let test = |name: &str, log: &str| Test {
            name: name.into(),
            status: Status::Fail,
            log: vec![log.into()],
            ..Test::default()
        };
        let suite = |tests: Vec<Test>| Test { name: "drm_x".into(), status: Status::Fail, tests, ..Test::default() };
        let mut suites = [
            suite(vec![test("flaky", "ret == -35 (0x1)")]),
            suite(vec![test("flaky", "ret == -35"), test("other", "ret == -35")]),
            suite(vec![test("flaky", "ret == -22")]),
        ];
        known().excuse(&mut suites);
        assert_eq!(suites.each_ref().map(|suite| suite.status), [Status::Pass, Status::Fail, Status::Fail]);
        assert_eq!(suites[0].tests[0].reason.as_deref(), Some("known to fail: has no backoff"));
    }
}
