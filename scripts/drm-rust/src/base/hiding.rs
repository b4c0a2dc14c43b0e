// SPDX-License-Identifier: GPL-2.0-only

//! Patterns of a base that hide new files from git: what people add would never be committed.
//!
//! Packages of distributions have such patterns. Git itself tells, of files that any kernel could have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use crate::error::{Explain, FileContext, FileError};
use crate::git::Repo;
use crate::process::{Process, ProcessError};

/// New files, which upstream ignores none of.
const PROBES: &[&str] = &[
    "Documentation/gpu/new.rst",
    "arch/um/configs/new_defconfig",
    "drivers/gpu/drm/new/Kconfig",
    "drivers/gpu/drm/new/Makefile",
    "drivers/gpu/drm/new/new.c",
    "drivers/gpu/drm/new/new.rs",
    "include/drm/new.h",
    "kernel/configs/new.config",
    "new/Makefile",
    "rust/helpers/new.c",
    "rust/kernel/new.rs",
    "rust/kernel/new/mod.rs",
    "samples/rust/new.rs",
    "scripts/new.py",
    "tools/testing/selftests/new/new.sh",
];
/// How often patterns are looked for below others: each time, all of them are taken out that hide a file.
const ROUNDS: usize = 32;
/// No kernel has a larger `.gitignore` (bytes).
const LARGEST: usize = 1 << 20;

/// A pattern that hides new files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hiding {
    /// The `.gitignore` that has it.
    pub file: String,
    /// The pattern.
    pub pattern: String,
    /// A file that it hides.
    pub hidden: String,
}

impl fmt::Display for Hiding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hiding { file, pattern, hidden } = self;
        write!(f, "`{}` of {file}, which hides new files such as {hidden}", pattern.escape_debug())
    }
}

/// It cannot be told what hides new files.
#[derive(Debug, thiserror::Error)]
pub enum HidingError {
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] ProcessError),
    /// There is no end of patterns.
    #[error("the patterns of its .gitignore hide new files however many are left out")]
    Endless,
}

impl Explain for HidingError {
    fn hint(&self) -> Option<String> {
        match self {
            HidingError::File(error) => error.hint(),
            HidingError::Git(error) => error.hint(),
            HidingError::Endless => Some("it is no kernel source: compare it with the release".into()),
        }
    }
}

/// The `.gitignore` files that decide, by path.
pub type Ignores = BTreeMap<String, Vec<u8>>;

/// Where the files are that decide, if they are there.
pub fn places() -> BTreeSet<String> {
    let folders = PROBES.iter().flat_map(|probe| Path::new(probe).ancestors().skip(1));
    folders.map(|folder| folder.join(".gitignore").to_string_lossy().into_owned()).collect()
}

/// The patterns that hide new files, each once.
pub fn find(ignores: &Ignores) -> Result<Vec<Hiding>, HidingError> {
    let dir = tempfile::tempdir().at("create", "a temporary folder")?;
    let repo = Repo::at(dir.path());
    repo.git(["init", "--quiet", "--template="]).run()?;
    for (path, content) in ignores {
        if content.len() > LARGEST {
            return Err(HidingError::Endless);
        }
        let path = dir.path().join(path);
        let folder = path.parent().unwrap_or(dir.path());
        fs::create_dir_all(folder).at("create", folder)?;
        fs::write(&path, content).at("write", &path)?;
    }
    let check = repo.git(["check-ignore", "--no-index", "--verbose", "-z", "--stdin"]);
    answers(&check.settings(["-c", "core.excludesFile=/dev/null"]).input(PROBES.join("\0")))
}

fn answers(check: &Process) -> Result<Vec<Hiding>, HidingError> {
    let output = check.output()?;
    // 1 says that no file is hidden.
    if output.code > 1 {
        check.run()?;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let fields: Vec<&str> = text.split('\0').collect();
    let hiding = fields.chunks_exact(4).filter(|fields| !fields[2].starts_with('!')).map(|fields| Hiding {
        file: fields[0].to_owned(),
        pattern: fields[2].to_owned(),
        hidden: fields[3].to_owned(),
    });
    let mut hiding: Vec<Hiding> = hiding.collect();
    hiding.sort();
    hiding.dedup_by(|a, b| (&a.file, &a.pattern) == (&b.file, &b.pattern));
    Ok(hiding)
}

/// Leaves out the patterns that hide new files, and tells which.
pub fn cut(ignores: &mut Ignores) -> Result<Vec<Hiding>, HidingError> {
    let mut all = Vec::new();
    for _ in 0..ROUNDS {
        let found = find(ignores)?;
        if found.is_empty() {
            return Ok(all);
        }
        for hiding in &found {
            let Some(content) = ignores.get_mut(&hiding.file) else { return Err(HidingError::Endless) };
            leave_out(content, &hiding.pattern);
        }
        all.extend(found);
    }
    Err(HidingError::Endless)
}

/// Drops every line that is this pattern, which git tells without white space at its end.
fn leave_out(content: &mut Vec<u8>, pattern: &str) {
    let is_it = |line: &&[u8]| String::from_utf8_lossy(line).trim_end() == pattern.trim_end();
    *content = content.split_inclusive(|&b| b == b'\n').filter(|line| !is_it(line)).flatten().copied().collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Ignores {
        Ignores::from([(".gitignore".to_owned(), text.as_bytes().to_vec())])
    }

    fn cut_to(text: &str) -> (String, Vec<String>) {
        let mut ignores = root(text);
        let found = cut(&mut ignores).unwrap();
        let text = String::from_utf8(ignores.remove(".gitignore").unwrap()).unwrap();
        (text, found.into_iter().map(|hiding| hiding.pattern).collect())
    }

    #[test]
    fn upstreams_own_patterns_stay() {
        let upstream = ".*\n*.a\n*.o\n*.o.*\nmodules.order\n/vmlinux\n/debian/\n!.gitignore\n!*.h\ncscope.*\n";
        assert_eq!(cut_to(upstream), (upstream.to_owned(), Vec::new()));
    }

    #[test]
    fn what_hides_new_files_is_left_out() {
        assert_eq!(cut_to("*.o\n/*\n!/debian/\n"), ("*.o\n!/debian/\n".to_owned(), vec!["/*".to_owned()]));
        assert_eq!(cut_to("*\n*.o\n*\n/**/*.rs\n  \n"), ("*.o\n  \n".to_owned(), vec!["*".into(), "/**/*.rs".into()]));
        assert_eq!(
            cut_to("rust/kernel/\ndrivers/gpu\r\n*.h"),
            (String::new(), ["*.h", "drivers/gpu", "rust/kernel/"].map(String::from).into())
        );
        // What another pattern takes back is not hidden.
        assert_eq!(cut_to("*.rst\n!*.rst\n").1, [""; 0]);
    }

    #[test]
    fn a_folder_of_its_own_can_hide() {
        let mut ignores = root("*.o\n");
        ignores.insert("rust/kernel/.gitignore".into(), b"*.rs\n".to_vec());
        let found = find(&ignores).unwrap();
        assert_eq!(
            found[0].to_string(),
            "`*.rs` of rust/kernel/.gitignore, which hides new files such as rust/kernel/new.rs"
        );
        assert_eq!(cut(&mut ignores).unwrap().len(), 1);
        assert_eq!(ignores["rust/kernel/.gitignore"], b"");
        assert!(places().contains("rust/kernel/.gitignore") && places().contains(".gitignore"));
    }

    #[test]
    fn endless_patterns_are_refused() {
        let many: String = (0..100).map(|n| format!("*{}\n", "?".repeat(n % 3) + &"*".repeat(n))).collect();
        let text: String = many + &"*\n".repeat(100_000);
        assert!(matches!(cut(&mut root(&text)), Err(HidingError::Endless)));
    }
}
