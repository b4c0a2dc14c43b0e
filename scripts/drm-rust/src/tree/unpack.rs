// SPDX-License-Identifier: GPL-2.0-only

//! Fills a new work tree with the base while it is imported.
//!
//! The files are at hand then; later, git would have to inflate each of them from the pack.

use std::ffi::OsStr;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Write};
use std::mem::take;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::base::archive::Member;
use crate::base::import::Observer;
use crate::error::{FileContext, FileError};
use crate::git::index::{self, Entry};
use crate::git::treeobj::Mode;
use crate::git::{Oid, Repo};

/// A work tree that is being filled.
pub(super) struct Unpacker {
    top: PathBuf,
    written: Mutex<Vec<Entry>>,
}

impl Unpacker {
    /// For a repository whose work tree is empty.
    pub(super) fn new(repo: &Repo) -> Self {
        Unpacker { top: repo.top().to_owned(), written: Mutex::default() }
    }

    /// Writes the index of what was unpacked; none if nothing was, because the base was imported earlier.
    pub(super) fn write_index(&self, repo: &Repo) -> Result<(), FileError> {
        let written = take(&mut *self.written.lock().expect("no thread panicked"));
        if written.is_empty() {
            return Ok(());
        }
        let path = repo.git_dir().join("index");
        fs::write(&path, index::serialize(written)).at("write", &path)
    }
}

impl Observer for Unpacker {
    fn file(&self, member: &Member, oid: Oid) -> Result<(), FileError> {
        let path = self.top.join(OsStr::from_bytes(&member.path));
        let metadata = match write(&path, member) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The first file of its folder.
                let folder = path.parent().expect("the top is its ancestor");
                fs::create_dir_all(folder).at("create", folder)?;
                write(&path, member)
            }
            result => result,
        };
        let entry = Entry::new(member.path.clone(), member.mode, oid, &metadata.at("write", &path)?);
        self.written.lock().expect("no thread panicked").push(entry);
        Ok(())
    }
}

fn write(path: &Path, member: &Member) -> io::Result<Metadata> {
    if member.mode == Mode::Symlink {
        symlink(OsStr::from_bytes(&member.data), path)?;
        return path.symlink_metadata();
    }
    let mode = if member.mode == Mode::Executable { 0o777 } else { 0o666 };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(&member.data)?;
    file.metadata()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::pack::{Kind, object_id};

    fn member(path: &str, mode: Mode, data: &str) -> Member {
        Member { path: path.into(), mode, data: data.into() }
    }

    #[test]
    fn files_are_as_git_would_write_them() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::at(dir.path());
        repo.init("main").unwrap();
        let unpacker = Unpacker::new(&repo);
        let unpack = |member: &Member| unpacker.file(member, object_id(Kind::Blob, &member.data));
        unpack(&member("a/b/run", Mode::Executable, "1")).unwrap();
        unpack(&member("a/file", Mode::File, "2")).unwrap();
        unpack(&member("link", Mode::Symlink, "a/b/none")).unwrap();
        let error = unpack(&member("a/file", Mode::File, "3")).unwrap_err();
        assert!(error.path.ends_with("a/file"));
        repo.git(["add", "--all"]).run().unwrap();
        let staged = ["ls-files", "--format=%(objectmode) %(objectname) %(path)"];
        let by_git = repo.git(staged).run().unwrap().lines();
        unpacker.write_index(&repo).unwrap();
        assert_eq!(repo.git(staged).run().unwrap().lines(), by_git);
        assert_eq!(repo.git(["diff-files"]).run().unwrap().text(), "");
        let id = |data: &str| object_id(Kind::Blob, data.as_bytes());
        let expected = [
            format!("100755 {} a/b/run", id("1")),
            format!("100644 {} a/file", id("2")),
            format!("120000 {} link", id("a/b/none")),
        ];
        assert_eq!(by_git, expected);
    }

    #[test]
    fn nothing_unpacked_leaves_no_index() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::at(dir.path());
        repo.init("main").unwrap();
        Unpacker::new(&repo).write_index(&repo).unwrap();
        assert!(!dir.path().join(".git/index").exists());
    }
}
