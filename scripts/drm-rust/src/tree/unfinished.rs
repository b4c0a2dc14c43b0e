// SPDX-License-Identifier: GPL-2.0-only

//! A move of a work tree that does not come to its end: a full disk, a kill or a crash leaves files that are missing or
//! cut short, while git's index still stands where the move began.
//!
//! The move is written down before it begins. Whatever it left can be told from a person's work: it is a beginning of
//! what it was about to write. That is put back, and nothing else.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::worktree::{self, Move, WorktreeError};
use crate::error::FileContext;
use crate::file;
use crate::git::objects::Objects;
use crate::git::{GitError, Oid, Repo};
use crate::machine;
use crate::staged::remove_empty_parents;

/// Where a move is written down, in git's folder of the work tree.
const NOTE: &str = "drm-rust-move";
/// What each file may take besides its content (bytes).
const BLOCK: u64 = 4096;

/// A path that a move changes.
struct Changed {
    path: Vec<u8>,
    /// What is there before; none for a new path.
    old: Option<Oid>,
    /// What shall be there; none where it goes away.
    new: Option<Oid>,
}

/// Writes a move down that is about to begin, if there is room for it.
pub(crate) fn begin(repo: &Repo, step: Move) -> Result<(), WorktreeError> {
    let note = note(repo);
    let dir = note.parent().expect("it is in git's folder");
    let index = fs::metadata(dir.join("index")).map_or(0, |metadata| metadata.len());
    machine::has_room(dir, growth(repo, &changed(repo, step)?)? + index + 16 * BLOCK)?;
    Ok(file::replace(&note, format!("{} {}\n", step.from, step.to))?)
}

/// Forgets a move that came to its end, or did not begin.
pub(crate) fn end(repo: &Repo) -> Result<(), WorktreeError> {
    let note = note(repo);
    match fs::remove_file(&note) {
        Err(error) if error.kind() != ErrorKind::NotFound => Ok(Err(error).at("remove", &note)?),
        _ => Ok(()),
    }
}

/// Puts back what a move left that did not come to its end.
pub(crate) fn recover(repo: &Repo) -> Result<(), WorktreeError> {
    let note = note(repo);
    let text = match fs::read_to_string(&note) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        text => text.at("read", &note)?,
    };
    let ids: Vec<Oid> = text.split_whitespace().filter_map(|id| id.parse().ok()).collect();
    if let [from, to] = ids[..]
        && repo.find_commit(&from.to_string())?.is_some()
        && repo.find_commit(&to.to_string())?.is_some()
        && worktree::index_is_at(repo, from)?
    {
        put_back(repo, Move { from, to })?;
    }
    end(repo)
}

fn note(repo: &Repo) -> PathBuf {
    repo.git_dir().join(NOTE)
}

fn changed(repo: &Repo, step: Move) -> Result<Vec<Changed>, GitError> {
    let process = repo.git(["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"]);
    let process = process.args([step.from.to_string(), step.to.to_string()]);
    let output = process.run()?;
    let mut fields = output.stdout.split(|&byte| byte == 0);
    let mut all = Vec::new();
    // `:100644 100755 OLD NEW M`, then the path.
    while let (Some(head), Some(path)) = (fields.next(), fields.next()) {
        let head = String::from_utf8_lossy(head);
        let ids: Vec<&str> = head.split(' ').skip(2).take(2).collect();
        let [old, new] = ids[..] else { continue };
        let id = |text| repo.oid(&process, text).map(|oid| (oid != Oid::ZERO).then_some(oid));
        all.push(Changed { path: path.to_vec(), old: id(old)?, new: id(new)? });
    }
    Ok(all)
}

/// How many bytes more there will be.
fn growth(repo: &Repo, changed: &[Changed]) -> Result<u64, GitError> {
    let sum = |ids: Vec<Oid>| -> Result<u64, GitError> {
        let input: String = ids.iter().map(|oid| format!("{oid}\n")).collect();
        let sizes = repo.git(["cat-file", "--batch-check=%(objectsize)"]).input(input).run()?;
        let sizes = sizes.lines();
        Ok(sizes.iter().filter_map(|size| size.parse::<u64>().ok()).map(|size| size.next_multiple_of(BLOCK)).sum())
    };
    let old = sum(changed.iter().filter_map(|changed| changed.old).collect())?;
    let new = sum(changed.iter().filter_map(|changed| changed.new).collect())?;
    Ok(new.saturating_sub(old))
}

fn put_back(repo: &Repo, step: Move) -> Result<(), WorktreeError> {
    let dirty: BTreeSet<Vec<u8>> = worktree::dirty_paths(repo)?.into_iter().collect();
    let mut objects = Objects::new(repo);
    let mut restored = Vec::new();
    for Changed { path, old, new } in changed(repo, step)? {
        let place = repo.top().join(OsStr::from_bytes(&path));
        if old.is_some() && !dirty.contains(&path) {
            continue;
        }
        let found = content(&place).at("read", &place)?;
        let whole = new.map(|new| objects.blob(new)).transpose().map_err(WorktreeError::Object)?;
        let is_ours = found.as_ref().is_none_or(|found| whole.is_some_and(|whole| whole.starts_with(found)));
        if !is_ours {
            continue;
        }
        if found.is_some() {
            fs::remove_file(&place).at("remove", &place)?;
        }
        remove_empty_parents(repo.top(), &place);
        if old.is_some() {
            restored.extend(path);
            restored.push(0);
        }
    }
    // New files may stand where folders were, and the other way round: so all of them were removed first.
    repo.git(["checkout-index", "-f", "-z", "--stdin"]).input(restored).detached().run().map_err(GitError::from)?;
    Ok(())
}

/// What is in a file, or where a link leads to; none where there is neither.
fn content(place: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = match place.symlink_metadata() {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        metadata => metadata?,
    };
    Ok(match () {
        () if metadata.is_symlink() => Some(fs::read_link(place)?.into_os_string().into_vec()),
        () if metadata.is_file() => Some(fs::read(place)?),
        () => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lab {
        dir: tempfile::TempDir,
        repo: Repo,
        step: Move,
    }

    impl Lab {
        fn git(&self, args: &[&str]) -> String {
            self.repo.git(args.iter().copied()).run().unwrap().text()
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn commit(&self, files: &[(&str, &str)], gone: &[&str]) -> Oid {
            gone.iter().for_each(|path| fs::remove_file(self.dir.path().join(path)).unwrap());
            files.iter().for_each(|(path, text)| self.write(path, text));
            self.git(&["add", "--all"]);
            self.git(&["-c", "user.name=A", "-c", "user.email=a@b.example", "commit", "--quiet", "-mx"]);
            self.repo.commit("HEAD").unwrap()
        }

        /// The index and the files at the commit where the move began.
        fn new() -> Lab {
            let dir = tempfile::tempdir().unwrap();
            let repo = Repo::at(dir.path());
            let zero = Move { from: Oid::ZERO, to: Oid::ZERO };
            let mut lab = Lab { dir, repo, step: zero };
            lab.git(&["init", "--quiet"]);
            lab.repo.exclude("/mine").unwrap();
            let old = [("a", "old a\n"), ("b", "old b\n"), ("same", "same\n"), ("turns", "file\n"), ("gone/x", "x\n")];
            let from = lab.commit(&old, &[]);
            let new = [("a", "new a, which is longer\n"), ("b", "new b\n"), ("n/w", "new file\n"), ("turns/f", "f\n")];
            let to = {
                fs::remove_file(lab.dir.path().join("turns")).unwrap();
                lab.commit(&new, &["gone/x"])
            };
            lab.git(&["reset", "--quiet", "--hard", &from.to_string()]);
            lab.step = Move { from, to };
            begin(&lab.repo, lab.step).unwrap();
            lab
        }

        fn dirty(&self) -> String {
            self.git(&["update-index", "-q", "--refresh"]);
            self.git(&["status", "--porcelain", "--untracked-files=all"])
        }
    }

    #[test]
    fn whatever_was_cut_short_is_put_back() {
        for (n, text) in ["", "new a", "new a, which is longer\n"].iter().enumerate() {
            let lab = Lab::new();
            lab.write("a", text);
            fs::remove_file(lab.dir.path().join("b")).unwrap();
            lab.write("n/w", &"new file\n"[..n * 2]);
            fs::remove_file(lab.dir.path().join("turns")).unwrap();
            lab.write("turns/f", "");
            fs::remove_dir_all(lab.dir.path().join("gone")).unwrap();
            lab.write("mine", "mine\n");
            recover(&lab.repo).unwrap();
            assert_eq!(lab.dirty(), "", "{text}");
            assert!(!lab.dir.path().join("n").exists() && lab.dir.path().join("mine").exists());
            assert!(!lab.dir.path().join(".git").join(NOTE).exists());
        }
    }

    #[test]
    fn what_a_person_wrote_stays() {
        let lab = Lab::new();
        lab.write("a", "mine\n");
        lab.write("same", "mine, too\n");
        lab.write("n/w", "not what it would be\n");
        fs::write(lab.dir.path().join("b"), "").unwrap();
        recover(&lab.repo).unwrap();
        assert_eq!(lab.dirty(), "M a\n M same\n?? n/w".to_owned().replacen("M a", " M a", 1));
    }

    #[test]
    fn a_move_that_ended_or_was_never_begun_changes_nothing() {
        let lab = Lab::new();
        end(&lab.repo).unwrap();
        fs::write(lab.dir.path().join("a"), "").unwrap();
        recover(&lab.repo).unwrap();
        assert_eq!(fs::read(lab.dir.path().join("a")).unwrap(), b"", "there is no note of a move");
        begin(&lab.repo, lab.step).unwrap();
        lab.git(&["reset", "--quiet", "--hard", &lab.step.to.to_string()]);
        fs::write(lab.dir.path().join("a"), "").unwrap();
        recover(&lab.repo).unwrap();
        assert_eq!(fs::read(lab.dir.path().join("a")).unwrap(), b"", "the index stands elsewhere");
        assert!(!lab.dir.path().join(".git").join(NOTE).exists());
    }
}
