// SPDX-License-Identifier: GPL-2.0-only

//! What git would store of the files of this checkout: that is what others get, and what makes the same commits
//! everywhere.
//!
//! Git may convert files on their way between repository and work tree, as its settings and attributes say: line ends,
//! encodings, keywords, filters; and where a file system does not keep modes and links, it remembers them itself.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::FileContext;
use crate::git::pack::{Kind, object_id};
use crate::git::{GitError, settings};
use crate::process::Process;

/// A file that git stores otherwise than it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// Its path.
    pub path: String,
    /// What is different.
    pub what: Difference,
}

/// What is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The content.
    Content,
    /// It may be executed here.
    Executable,
    /// It may be executed there.
    NotExecutable,
    /// It is a link there.
    NoLink,
}

impl Difference {
    fn is_mode(&self) -> bool {
        matches!(self, Difference::Executable | Difference::NotExecutable)
    }

    fn is_link(&self) -> bool {
        *self == Difference::NoLink
    }
}

impl fmt::Display for Converted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            Difference::Content => "git converts its content",
            Difference::Executable => "is executable, but not in git (core.fileMode is off)",
            Difference::NotExecutable => "is executable in git only (core.fileMode is off)",
            Difference::NoLink => "is a symbolic link in git (core.symlinks is off)",
        };
        write!(f, "{}: {what}", self.path)
    }
}

/// An entry of the index.
struct Staged<'a> {
    mode: &'a str,
    oid: &'a str,
}

/// Those of the files, which exist, that git would store otherwise.
pub fn converted(root: &Path, paths: &[String]) -> Result<Vec<Converted>, GitError> {
    let is_file = |path: &&String| root.join(path).symlink_metadata().is_ok_and(|meta| meta.is_file());
    let paths: Vec<&String> = paths.iter().filter(is_file).collect();
    let listing = git(root).args(["ls-files", "-z", "--stage"]).run()?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let index = index(&listing);
    let stored = ids(root, &paths)?;
    let mut all = Vec::new();
    for (path, stored) in paths.into_iter().zip(stored) {
        let full = root.join(path);
        let present = object_id(Kind::Blob, &fs::read(&full).at("read", &full)?).to_string();
        let staged = index.get(path.as_str());
        let what = match staged {
            // Git leaves alone what it has in this form already.
            _ if stored != present && staged.is_none_or(|staged| staged.oid != present) => Some(Difference::Content),
            Some(staged) if staged.mode == "120000" => Some(Difference::NoLink),
            staged => mode(root, path, staged),
        };
        all.extend(what.map(|what| Converted { path: path.clone(), what }));
    }
    // Where git looks at modes and links itself, it is a person's change.
    for (key, is_about) in
        [("core.fileMode", Difference::is_mode as fn(&_) -> bool), ("core.symlinks", Difference::is_link)]
    {
        if all.iter().any(|file| is_about(&file.what)) && is_on(root, key)? {
            all.retain(|file| !is_about(&file.what));
        }
    }
    Ok(all)
}

fn mode(root: &Path, path: &str, staged: Option<&Staged<'_>>) -> Option<Difference> {
    let mode = root.join(path).symlink_metadata().ok()?.permissions().mode();
    let there = staged.is_some_and(|staged| staged.mode == "100755");
    match (mode & 0o100 != 0, there) {
        (true, false) => Some(Difference::Executable),
        (false, true) => Some(Difference::NotExecutable),
        _ => None,
    }
}

/// `100644 OID 0<tab>PATH`, by path; what is being merged has no single entry.
fn index(listing: &str) -> BTreeMap<&str, Staged<'_>> {
    fn entry(line: &str) -> Option<(&str, Staged<'_>)> {
        let (head, path) = line.split_once('\t')?;
        let mut words = head.split(' ');
        let (mode, oid) = (words.next()?, words.next()?);
        (words.next() == Some("0")).then_some((path, Staged { mode, oid }))
    }
    listing.split('\0').filter_map(entry).collect()
}

/// The ids of what git would store of the files.
fn ids(root: &Path, paths: &[&String]) -> Result<Vec<String>, GitError> {
    let input: String = paths.iter().map(|path| format!("{path}\n")).collect();
    let process = git(root).args(["hash-object", "--stdin-paths"]).input(input);
    let ids = process.run()?.lines();
    if ids.len() == paths.len() {
        return Ok(ids);
    }
    Err(GitError::Answer { command: process.command_line(), answer: format!("{} ids", ids.len()) })
}

/// A setting that is on where nobody says otherwise.
fn is_on(root: &Path, key: &str) -> Result<bool, GitError> {
    Ok(git(root).args(["config", "--type=bool", "--default=true", "--get", key]).run()?.text() == "true")
}

/// Git as the person uses it in this checkout, with every setting and attribute.
fn git(root: &Path) -> Process {
    settings::unpinned().arg("-C").arg(root)
}
