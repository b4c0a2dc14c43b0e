// SPDX-License-Identifier: GPL-2.0-only

//! What a tool says of patches, and whether it came to its end: only then it is about the patches.

use std::ops::RangeInclusive;

use crate::process::Output;

/// Findings of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) details: Vec<String>,
    /// Whether the tool broke: it was killed, it fell over, or its machine lacks something.
    pub(super) broken: bool,
}

impl Findings {
    /// What a tool said that ends with 0, or with one of these codes where it has found something. Where it broke,
    /// this is a finding, too: it must not pass.
    pub(super) fn of(tool: &str, output: &Output, found: RangeInclusive<i32>, mut details: Vec<String>) -> Findings {
        let fell_over = String::from_utf8_lossy(&output.stderr).contains("Traceback (most recent call last)");
        let ended = output.code == 0 || (found.contains(&output.code) && !details.is_empty());
        let broken = fell_over || !ended;
        if broken && details.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr);
            details.push(format!("{tool} ended with code {}: {}", output.code, said.trim()));
        }
        Findings { details, broken }
    }

    /// The same, each behind the name of what it is about.
    pub(super) fn about(mut self, name: &str) -> Findings {
        self.details.iter_mut().for_each(|detail| *detail = format!("{name}: {detail}"));
        self
    }
}

impl From<Vec<String>> for Findings {
    fn from(details: Vec<String>) -> Self {
        Findings { details, broken: false }
    }
}

impl Extend<Findings> for Findings {
    fn extend<I: IntoIterator<Item = Findings>>(&mut self, more: I) {
        for findings in more {
            self.details.extend(findings.details);
            self.broken |= findings.broken;
        }
    }
}

impl FromIterator<Findings> for Findings {
    fn from_iter<I: IntoIterator<Item = Findings>>(all: I) -> Self {
        let mut findings = Findings::default();
        findings.extend(all);
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: i32, stderr: &str, details: &[&str]) -> Findings {
        let output = Output { code, stdout: Vec::new(), stderr: stderr.into() };
        Findings::of("a tool", &output, 1..=1, details.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn a_tool_that_came_to_its_end_is_believed() {
        assert_eq!(of(0, "", &[]), Findings::default());
        assert_eq!(of(1, "", &["x"]), vec!["x".to_owned()].into());
        assert_eq!(of(1, "", &["x"]).about("a.rs").details, ["a.rs: x"]);
    }

    #[test]
    fn a_tool_that_broke_has_a_finding_that_does_not_last() {
        for (code, stderr, details) in [
            (-1, "", &[][..]),
            (-1, "", &["x"]),
            (1, "", &[]),
            (101, "", &["x"]),
            (1, "Traceback (most recent call last)\n", &["x"]),
        ] {
            let findings = of(code, stderr, details);
            assert!(findings.broken && !findings.details.is_empty(), "{code} {stderr}");
        }
        assert_eq!(of(-1, "no\n", &[]).details, ["a tool ended with code -1: no"]);
        let all: Findings = [of(1, "", &["x"]), of(-1, "", &[]), of(0, "", &[])].into_iter().collect();
        assert!(all.broken && all.details.len() == 2);
    }
}
