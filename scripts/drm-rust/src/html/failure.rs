// SPDX-License-Identifier: GPL-2.0-only

//! What is wrong, and what was said about it.

use crate::kunit::console::Splat;

/// A test that failed, a report of the kernel about itself, or how a kernel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The test with its suites, or the first line of the report.
    pub name: String,
    /// What else is known of it.
    pub log: String,
}

impl Failure {
    /// With the lines of its log.
    pub fn new<'a>(name: impl Into<String>, log: impl IntoIterator<Item = &'a String>) -> Failure {
        let lines: Vec<&str> = log.into_iter().map(String::as_str).collect();
        Failure { name: name.into(), log: lines.join("\n") }
    }

    /// A report of the kernel about itself.
    pub fn splat(splat: &Splat) -> Failure {
        let test = splat.test.as_deref().map_or("outside of tests".into(), |test| format!("in {test}"));
        Failure::new(splat.line.as_str(), [test].iter().chain(&splat.details))
    }

    /// How the console ended; none where the kernel ended by itself.
    pub fn end(what: impl Into<String>, last_lines: &[String]) -> Option<Failure> {
        (!last_lines.is_empty()).then(|| Failure::new(what, last_lines))
    }
}
