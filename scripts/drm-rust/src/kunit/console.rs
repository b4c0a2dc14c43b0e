// SPDX-License-Identifier: GPL-2.0-only

//! What a kernel says on its console when something is wrong with itself, whatever the tests say.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ktap::message;
use crate::error::{Explain, FileContext, FileError};

/// What the first line of a report has in it.
const SIGNS: &[&str] = &[
    "BUG: ",
    "WARNING: ",
    "KASAN: ",
    "UBSAN: ",
    "KCSAN: ",
    "INFO: possible ",
    "INFO: task ",
    "INFO: inconsistent lock state",
    "INFO: trying to register non-static key",
    "Kernel panic",
    "Oops",
    "general protection fault",
    "Unable to handle kernel",
    "ODEBUG: ",
    "unreferenced object 0x",
    "kmemleak: ",
    "rcu: INFO: ",
    "refcount_t: ",
    "list_add corruption",
    "list_del corruption",
    "panicked at",
];

/// What contains a sign and is none.
const HARMLESS: &[&str] =
    &["kmemleak: Kernel memory leak detector initialized", "kmemleak: Automatic memory scanning thread"];

/// Whether a line of the console begins a report of the kernel about itself.
pub fn is_report(line: &str) -> bool {
    let text = message(line).trim_start();
    // What a test says about itself is no report of the kernel.
    let of_test = text.starts_with('#') || text.starts_with("ok ") || text.starts_with("not ok ");
    !of_test
        && !HARMLESS.iter().any(|harmless| text.starts_with(harmless))
        && SIGNS.iter().any(|sign| text.contains(sign))
}

/// A report of the kernel about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splat {
    /// Its first line.
    pub line: String,
    /// The test that ran, with its suites; none before, between and after tests.
    pub test: Option<String>,
    /// Why it is none of ours, if it is known to come with the base.
    pub known: Option<String>,
}

/// A report that comes with the base.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The start of the test's name, with its suites.
    test: String,
    /// What the line has in it.
    text: String,
    /// Why it comes.
    why: String,
}

impl Known {
    /// Whether this explains a report.
    pub fn explains(&self, splat: &Splat) -> bool {
        splat.test.as_ref().is_some_and(|test| test.starts_with(&self.test)) && splat.line.contains(&self.text)
    }

    /// Why it comes.
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// The data file with the known reports cannot be used.
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
            KnownError::Toml { .. } => Some("each [[report]] has a test, a text and a why".into()),
        }
    }
}

/// Reads the data file with the known reports.
pub fn load(path: &Path) -> Result<Vec<Known>, KnownError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Document {
        #[serde(default)]
        report: Vec<Known>,
    }
    let text = std::fs::read_to_string(path).at("read", path)?;
    let document: Result<Document, _> = toml::from_str(&text);
    let document = document.map_err(|source| KnownError::Toml { path: path.display().to_string(), source })?;
    Ok(document.report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_told_from_tests() {
        let console = "\
[    0.1] Booting
[    1.0] WARNING: lib/debugobjects.c:615 at debug_print_object+0x1/0x2, CPU#0: kunit/1
[    1.1]     # test: WARNING: said by a test
[    1.2]     ok 1 checks Oops: handling
[    1.3] kmemleak: Kernel memory leak detector initialized (mem pool available: 15)
[    2.0] BUG: sleeping function called from invalid context at kernel/locking/mutex.c:1
";
        let found: Vec<_> = console.lines().filter(|line| is_report(line)).map(message).collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("WARNING: lib/debugobjects.c:615"));
        assert!(found[1].starts_with("BUG: sleeping"));
    }

    #[test]
    fn only_the_test_and_the_text_together_explain_a_report() {
        let known = Known { test: "drm_x.".into(), text: "at drm_f+".into(), why: "because".into() };
        let splat =
            |test: Option<&str>, line: &str| Splat { line: line.into(), test: test.map(str::to_owned), known: None };
        assert!(known.explains(&splat(Some("drm_x.a.b"), "WARNING: f.c:1 at drm_f+0x1/0x2")));
        assert!(!known.explains(&splat(Some("drm_y.a"), "WARNING: f.c:1 at drm_f+0x1/0x2")));
        assert!(!known.explains(&splat(Some("drm_x.a"), "WARNING: f.c:1 at drm_g+0x1/0x2")));
        assert!(!known.explains(&splat(None, "WARNING: f.c:1 at drm_f+0x1/0x2")));
    }
}
