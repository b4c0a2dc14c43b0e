// SPDX-License-Identifier: GPL-2.0-only

//! Which tests there are, and which of them a run is asked for.

use std::fs;
use std::path::Path;

use wildmatch::WildMatch;

use crate::error::{Class, Explain, FileContext, FileError};

/// A test with its subtests; a test without any is one itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The name of the program.
    pub name: String,
    /// Its subtests.
    pub subtests: Vec<String>,
}

impl Test {
    /// The names of its subtests, with its own before them.
    pub fn names(&self) -> Vec<String> {
        if self.subtests.is_empty() {
            return vec![self.name.clone()];
        }
        self.subtests.iter().map(|subtest| format!("{}@{subtest}", self.name)).collect()
    }
}

/// The tests that IGT has, in its own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue(Vec<Test>);

/// A list of tests cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Reading a file failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// IGT has no such test.
    #[error("IGT has no test `{pattern}`{}", .similar.as_ref().map(|name| format!("; is `{name}` meant?")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        pattern: String,
        /// What may be meant.
        similar: Option<String>,
        /// The lists that have a name.
        lists: Vec<String>,
    },
    /// Nothing was asked for.
    #[error("the list of tests is empty")]
    Empty,
}

impl Explain for ListError {
    fn hint(&self) -> Option<String> {
        match self {
            ListError::File(error) => error.hint(),
            ListError::Unknown { lists, .. } => {
                Some(format!("name tests as kms_flip or kms_flip@basic-*, lists as @FILE or {}", lists.join(", ")))
            }
            ListError::Empty => Some("name at least one test, as kms_flip or kms_flip@basic-*".into()),
        }
    }

    fn class(&self) -> Class {
        match self {
            ListError::File(_) => Class::Failed,
            ListError::Unknown { .. } | ListError::Empty => Class::Usage,
        }
    }
}

/// Turns what a person asks for into patterns: names of lists become what they hold. `lists` is the folder of the
/// lists with names, `here` what files are relative to.
pub fn patterns(wanted: &str, lists: &Path, here: &Path) -> Result<Vec<String>, ListError> {
    let mut patterns = Vec::new();
    for word in wanted.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let file = match word.strip_prefix('@') {
            Some(file) => Some(here.join(file)),
            None => Some(lists.join(format!("{word}.txt"))).filter(|path| !word.contains('/') && path.is_file()),
        };
        let Some(file) = file else {
            patterns.push(word.to_owned());
            continue;
        };
        let text = fs::read_to_string(&file).at("read", &file)?;
        let line = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
        patterns.extend(text.lines().map(line).filter(|line| !line.is_empty()));
    }
    if patterns.is_empty() { Err(ListError::Empty) } else { Ok(patterns) }
}

/// Deals tests out to several kernels, subtest by subtest, so that each gets its share of the slow ones: to and fro,
/// since every other subtest may be one for two displays, which ends at once. Kernels that would get nothing are left
/// out.
pub fn split(tests: &[Test], kernels: usize) -> Vec<Vec<Test>> {
    let mut parts = vec![Vec::<Test>::new(); kernels];
    let mut next = (0..kernels).chain((0..kernels).rev()).cycle();
    let mut deal = |name: &str, subtest: Option<&String>| {
        let part = &mut parts[next.next().expect("it goes round")];
        if part.last().is_none_or(|test| test.name != name) {
            part.push(Test { name: name.to_owned(), subtests: Vec::new() });
        }
        part.last_mut().expect("just seen").subtests.extend(subtest.cloned());
    };
    for test in tests {
        if test.subtests.is_empty() {
            deal(&test.name, None);
        }
        test.subtests.iter().for_each(|subtest| deal(&test.name, Some(subtest)));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The names of the lists in a folder.
fn list_names(lists: &Path) -> Vec<String> {
    let entries = fs::read_dir(lists).into_iter().flatten().flatten();
    let name = |path: &Path| Some(path.file_name()?.to_str()?.strip_suffix(".txt")?.to_owned());
    let mut names: Vec<_> = entries.filter_map(|entry| name(&entry.path())).collect();
    names.sort();
    names
}

impl Catalogue {
    /// Reads `test` and `test@subtest`, one a line.
    pub fn parse(text: &str) -> Catalogue {
        let mut tests: Vec<Test> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, subtest) = line.split_once('@').map_or((line, None), |(name, subtest)| (name, Some(subtest)));
            if tests.last().is_none_or(|test| test.name != name) {
                tests.push(Test { name: name.to_owned(), subtests: Vec::new() });
            }
            tests.last_mut().expect("just seen").subtests.extend(subtest.map(str::to_owned));
        }
        Catalogue(tests)
    }

    /// Whether there are no tests at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tests that patterns ask for, in the order of the patterns, each subtest once.
    pub fn select(&self, patterns: &[String], lists: &Path) -> Result<Vec<Test>, ListError> {
        let mut selected: Vec<Test> = Vec::new();
        for pattern in patterns {
            let found = self.matching(pattern);
            if found.is_empty() {
                let (pattern, lists) = (pattern.clone(), list_names(lists));
                let similar = self.similar(&pattern);
                return Err(ListError::Unknown { pattern, similar, lists });
            }
            for test in found {
                match selected.iter_mut().find(|known| known.name == test.name) {
                    Some(known) => {
                        let new = test.subtests.into_iter().filter(|new| !known.subtests.contains(new));
                        let new: Vec<_> = new.collect();
                        known.subtests.extend(new);
                    }
                    None => selected.push(test),
                }
            }
        }
        Ok(selected)
    }

    /// What one pattern asks for: `test` or `test@subtest`, with `*` and `?`.
    fn matching(&self, pattern: &str) -> Vec<Test> {
        let pattern = pattern.strip_prefix("igt@").unwrap_or(pattern);
        let (name, subtest) = pattern.split_once('@').unwrap_or((pattern, "*"));
        let (name, wanted) = (WildMatch::new(name), WildMatch::new(subtest));
        let some = |test: &Test| {
            let subtests: Vec<_> = test.subtests.iter().filter(|subtest| wanted.matches(subtest)).cloned().collect();
            let whole = test.subtests.is_empty() && subtest == "*";
            (whole || !subtests.is_empty()).then(|| Test { name: test.name.clone(), subtests })
        };
        self.0.iter().filter(|test| name.matches(&test.name)).filter_map(some).collect()
    }

    /// A test whose name has what a pattern's name begins with, or the other way round.
    fn similar(&self, pattern: &str) -> Option<String> {
        let name = pattern.strip_prefix("igt@").unwrap_or(pattern).split('@').next()?;
        let known = self.0.iter().find(|test| test.name == name);
        // The test is right, so its subtest is wrong.
        let first = known.and_then(|test| Some(format!("{name}@{}", test.subtests.first()?)));
        let close = |test: &&Test| test.name.contains(name) || name.contains(&test.name);
        let by_name = || self.0.iter().find(close).map(|test| test.name.clone());
        if name.is_empty() { None } else { first.or_else(by_name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::parse(
            "core_auth@basic\ncore_auth@magics\nkms_tiled_display\nkms_flip@basic-flip\nkms_flip@wf_vblank\n",
        )
    }

    fn select(patterns: &[&str]) -> Result<Vec<String>, String> {
        let patterns: Vec<_> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let selected = catalogue().select(&patterns, Path::new("/nonexistent"));
        selected.map(|tests| tests.iter().flat_map(Test::names).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn patterns_name_tests_and_subtests() {
        assert_eq!(select(&["kms_*"]).unwrap(), ["kms_tiled_display", "kms_flip@basic-flip", "kms_flip@wf_vblank"]);
        assert_eq!(
            select(&["igt@kms_flip@wf*", "core_auth@basic"]).unwrap(),
            ["kms_flip@wf_vblank", "core_auth@basic"]
        );
        assert_eq!(
            select(&["kms_flip@basic-flip", "kms_flip"]).unwrap(),
            ["kms_flip@basic-flip", "kms_flip@wf_vblank"]
        );
    }

    #[test]
    fn what_igt_does_not_have_is_an_error() {
        assert_eq!(select(&["kms_flop"]).unwrap_err(), "IGT has no test `kms_flop`");
        assert_eq!(select(&["kms_fli"]).unwrap_err(), "IGT has no test `kms_fli`; is `kms_flip` meant?");
        assert_eq!(
            select(&["kms_flip@nothing"]).unwrap_err(),
            "IGT has no test `kms_flip@nothing`; is `kms_flip@basic-flip` meant?"
        );
        assert!(select(&["kms_tiled_display@sub"]).is_err());
    }

    #[test]
    fn each_kernel_gets_its_share() {
        let tests = catalogue().select(&["*".into()], Path::new("")).unwrap();
        let parts = split(&tests, 2);
        let names = |part: &Vec<Test>| part.iter().flat_map(Test::names).collect::<Vec<_>>();
        assert_eq!(names(&parts[0]), ["core_auth@basic", "kms_flip@basic-flip", "kms_flip@wf_vblank"]);
        assert_eq!(names(&parts[1]), ["core_auth@magics", "kms_tiled_display"]);
        assert_eq!(split(&tests, 1).concat(), tests);
        assert_eq!(split(&tests, 9).len(), 5);
    }

    #[test]
    fn lists_have_names_or_are_files() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("smoke.txt"), "# comment\n\nkms_flip  # why\ncore_auth@basic\n").unwrap();
        let read = |wanted: &str| patterns(wanted, dir.path(), dir.path());
        assert_eq!(read("smoke, kms_atomic").unwrap(), ["kms_flip", "core_auth@basic", "kms_atomic"]);
        assert_eq!(read("@smoke.txt").unwrap(), ["kms_flip", "core_auth@basic"]);
        assert!(matches!(read("@missing"), Err(ListError::File(_))));
        assert!(matches!(read(" , "), Err(ListError::Empty)));
        assert_eq!(list_names(dir.path()), ["smoke"]);
    }
}
