// SPDX-License-Identifier: GPL-2.0-only

//! A scratch work tree: just the files of a merge that conflict, for a person to settle.
//!
//! It is a small repository of its own in the middle of a merge, so that `git status`, `git mergetool`,
//! `git checkout --conflict=diff3 PATH`, `git rm` and every editor with a sense of git work there. A file with markers
//! is settled when it has none left; a path without markers when `git add` or `git rm` said so.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::branch::{self, Edit};
use super::conflict::{self, MARKER_SIZE};
use super::record::{MergeOf, Record};
use super::store::{Added, blob};
use super::{StoreError, is_plain};
use crate::error::FileContext;
use crate::git::commit::{Commit, Identity};
use crate::git::objects::Objects;
use crate::git::pack::Kind;
use crate::git::treeobj::{self, Mode};
use crate::git::{Oid, Repo};
use crate::merge::{Conflict, Contents, Side};
use crate::workspace::Workspace;

/// What is known about the merge, beside git's own files.
const STATE: &str = ".git/drm-rust-merge.json";

/// A conflict as it is kept in the scratch work tree. The contents are blobs of its repository.
#[derive(Serialize, Deserialize)]
struct Kept {
    path: String,
    /// Base, ours and theirs: mode and blob.
    sides: [Option<(String, Oid)>; 3],
    marked: Option<Oid>,
    kind: String,
    message: String,
}

#[derive(Serialize, Deserialize)]
struct State {
    merge: MergeOf,
    conflicts: Vec<Kept>,
}

/// A conflict that a person settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The conflict.
    pub conflict: Conflict,
    /// Its contents.
    pub contents: Contents,
    /// What became of the path; none where it goes away.
    pub entry: Option<(Mode, Vec<u8>)>,
}

/// A scratch work tree.
pub struct Scratch {
    repo: Repo,
    state: State,
}

impl Scratch {
    /// Makes one in a folder that is empty or not there yet. It appears when it is complete.
    pub fn create(dir: &Path, merge: MergeOf, found: &[(Conflict, Contents)]) -> Result<Scratch, StoreError> {
        fs::create_dir_all(dir).at("create", dir)?;
        if fs::read_dir(dir).at("read", dir)?.next().is_some() {
            return Err(StoreError::InTheWay(dir.display().to_string()));
        }
        // A branch may be named like a folder of others, but its last part never begins with a dot.
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let growing = dir.with_file_name(format!(".{name}.new"));
        if growing.exists() {
            fs::remove_dir_all(&growing).at("remove", &growing)?;
        }
        let scratch = Self::grow(&growing, merge, found)?;
        fs::rename(&growing, dir).at("rename", &growing)?;
        Ok(Scratch { repo: Repo::at(dir), ..scratch })
    }

    fn grow(dir: &Path, merge: MergeOf, found: &[(Conflict, Contents)]) -> Result<Scratch, StoreError> {
        fs::create_dir_all(dir).at("create", dir)?;
        let repo = Repo::at(dir);
        repo.init("ours")?;
        let mut objects = Objects::new(&repo);
        let conflicts = found.iter().map(|(conflict, contents)| keep(&mut objects, conflict, contents));
        let state = State { merge, conflicts: conflicts.collect::<Result<_, _>>()? };
        objects.flush()?;
        let scratch = Scratch { repo, state };
        scratch.keep_markers()?;
        scratch.fill_index()?;
        scratch.write_files(&mut objects)?;
        scratch.begin_merge(&mut objects)?;
        let path = dir.join(STATE);
        crate::file::replace(&path, serde_json::to_vec(&scratch.state).expect("plain data can be written"))?;
        Ok(scratch)
    }

    /// Opens the one in a folder, if there is one.
    pub fn open(dir: &Path) -> Result<Option<Scratch>, StoreError> {
        let path = dir.join(STATE);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = fs::read(&path).at("read", &path)?;
        let state = serde_json::from_slice(&bytes).map_err(|_| StoreError::InTheWay(dir.display().to_string()))?;
        Ok(Some(Scratch { repo: Repo::at(dir), state }))
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.repo.top()
    }

    /// The merge that it belongs to.
    pub fn merge(&self) -> &MergeOf {
        &self.state.merge
    }

    /// The paths that nobody settled yet.
    pub fn left(&self) -> Result<Vec<String>, StoreError> {
        let output = self.repo.git(["ls-files", "--unmerged", "-z"]).run()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let unmerged: BTreeSet<&str> = text.split('\0').filter_map(|entry| Some(entry.split_once('\t')?.1)).collect();
        let mut left = Vec::new();
        for kept in &self.state.conflicts {
            let settled = match (&kept.marked, self.entry(&kept.path)?) {
                (_, Some((mode, text))) if mode != Mode::Symlink && self.is_unsettled(kept, &text)? => false,
                (Some(marked), Some(_)) if conflict::is_marked(&self.blob(*marked)?, MARKER_SIZE) => true,
                _ => !unmerged.contains(kept.path.as_str()),
            };
            if !settled {
                left.push(kept.path.clone());
            }
        }
        Ok(left)
    }

    /// What the person made of the conflicts.
    pub fn settled(&self) -> Result<Vec<Settled>, StoreError> {
        let mut objects = Objects::new(&self.repo);
        let settled = self.state.conflicts.iter().map(|kept| {
            let mut read = |oid: Option<Oid>| oid.map(|oid| objects.blob(oid)).transpose();
            let [base, ours, theirs] = kept.sides.each_ref().map(|side| side.as_ref().map(|(_, oid)| *oid));
            let contents =
                Contents { base: read(base)?, ours: read(ours)?, theirs: read(theirs)?, marked: read(kept.marked)? };
            Ok(Settled { conflict: kept.conflict(), contents, entry: self.entry(&kept.path)? })
        });
        settled.collect()
    }

    /// Records what the person made of the conflicts, in their order. Also gives the commit of the store's branch, where
    /// anything is new.
    pub fn record(&self, ws: &Workspace, who: &Identity, why: &str) -> Result<(Vec<Added>, Option<Oid>), StoreError> {
        if let Some(path) = self.left()?.into_iter().next() {
            return Err(StoreError::StillMarked(path));
        }
        let settled = self.settled()?;
        let reason = why.lines().next().map_or(String::new(), |why| format!(": {why}"));
        let subject = format!("resolve the merge of {}{reason}", self.state.merge.branch);
        branch::edit(ws, &Edit { who, subject }, |objects, store| {
            let record = |Settled { conflict, contents, entry }: &Settled| {
                let record = Record {
                    path: conflict.path.clone(),
                    conflict: conflict.message.trim().to_owned(),
                    who: who.clone(),
                    why: why.to_owned(),
                    date: ws.now,
                    merge: Some(self.state.merge.clone()),
                };
                let entry = entry.as_ref().map(|(mode, text)| (*mode, text.as_slice()));
                store.record(objects, conflict, contents, entry, record).map(|(_, added)| added)
            };
            settled.iter().map(record).collect()
        })
    }

    /// Removes it.
    pub fn remove(self) -> Result<(), StoreError> {
        Ok(fs::remove_dir_all(self.dir()).at("remove", self.dir())?)
    }

    /// Whether a file has a conflict that none of its sides has had.
    fn is_unsettled(&self, kept: &Kept, text: &[u8]) -> Result<bool, StoreError> {
        let sides = kept.sides.iter().flatten().map(|(_, oid)| self.blob(*oid)).collect::<Result<Vec<_>, _>>()?;
        Ok(conflict::is_unsettled(text, sides.iter().map(Vec::as_slice)))
    }

    fn blob(&self, oid: Oid) -> Result<Vec<u8>, StoreError> {
        Ok(Objects::new(&self.repo).blob(oid)?)
    }

    /// What stands at a path now.
    fn entry(&self, path: &str) -> Result<Option<(Mode, Vec<u8>)>, StoreError> {
        let path = self.dir().join(path);
        let Ok(metadata) = path.symlink_metadata() else { return Ok(None) };
        if metadata.is_symlink() {
            let target = fs::read_link(&path).at("read", &path)?;
            return Ok(Some((Mode::Symlink, target.into_os_string().into_encoded_bytes())));
        }
        let mode = if metadata.permissions().mode() & 0o100 != 0 { Mode::Executable } else { Mode::File };
        Ok(Some((mode, fs::read(&path).at("read", &path)?)))
    }

    /// Lets git write markers of the same size there as in the merge, whatever a person's attributes say.
    fn keep_markers(&self) -> Result<(), StoreError> {
        let path = self.repo.git_dir().join("info/attributes");
        fs::create_dir_all(path.parent().expect("it is in a folder")).at("create", &path)?;
        Ok(fs::write(&path, format!("* conflict-marker-size={MARKER_SIZE}\n")).at("write", &path)?)
    }

    /// Puts the three sides of each path into the index.
    fn fill_index(&self) -> Result<(), StoreError> {
        let mut input = String::new();
        for kept in &self.state.conflicts {
            for (stage, side) in kept.sides.iter().enumerate() {
                if let Some((mode, oid)) = side {
                    input += &format!("{mode} {oid} {}\t{}\0", stage + 1, kept.path);
                }
            }
        }
        self.repo.git(["update-index", "-z", "--index-info"]).input(input).run()?;
        Ok(())
    }

    /// Writes each path: with markers, else the side that has it.
    fn write_files(&self, objects: &mut Objects) -> Result<(), StoreError> {
        for kept in &self.state.conflicts {
            let [_, ours, theirs] = &kept.sides;
            let Some((mode, side)) = ours.as_ref().or(theirs.as_ref()) else { continue };
            let content = objects.blob(kept.marked.unwrap_or(*side))?;
            let path = self.dir().join(&kept.path);
            let parent = path.parent().expect("a file is in a folder");
            let place = || -> std::io::Result<()> {
                fs::create_dir_all(parent)?;
                if mode == octal(Mode::Symlink) && kept.marked.is_none() {
                    return symlink(OsStr::from_bytes(&content), &path);
                }
                fs::write(&path, content)?;
                let bits = if mode == octal(Mode::Executable) { 0o755 } else { 0o644 };
                fs::set_permissions(&path, fs::Permissions::from_mode(bits))
            };
            place().at("write", &path)?;
        }
        Ok(())
    }

    /// Lets git know that a merge is going on: both sides are commits that have these paths alone.
    fn begin_merge(&self, objects: &mut Objects) -> Result<(), StoreError> {
        let author: Identity = "drm-rust <drm-rust@localhost>".parse().expect("an identity");
        let empty = objects.write(Kind::Tree, Vec::new());
        let mut commit = |stage: usize, message: String| {
            let entry = |kept: &Kept| Some((kept.path.clone(), kept.sides[stage].as_ref().map(entry_of)??));
            let files = self.state.conflicts.iter().filter_map(entry).collect();
            let tree = treeobj::update(objects, empty, &files)?;
            Ok(objects.write_commit(&Commit { tree, parents: Vec::new(), author: author.clone(), date: 0, message }))
        };
        let merge = &self.state.merge;
        let ours = commit(1, format!("ours: {}\n", merge.ours)).map_err(StoreError::Object)?;
        let theirs = commit(2, format!("{}: {}\n", merge.branch, merge.theirs)).map_err(StoreError::Object)?;
        objects.flush()?;
        self.repo.git(["update-ref", "refs/heads/ours", &ours.to_string()]).run()?;
        let path = self.dir().join(".git/MERGE_HEAD");
        fs::write(&path, format!("{theirs}\n")).at("write", &path)?;
        Ok(())
    }
}

impl Kept {
    fn conflict(&self) -> Conflict {
        let side = |side: &Option<(String, Oid)>| -> Side { entry_of(side.as_ref()?) };
        let [base, ours, theirs] = &self.sides;
        Conflict {
            path: self.path.clone(),
            base: side(base),
            ours: side(ours),
            theirs: side(theirs),
            marked: self.marked,
            kind: self.kind.clone(),
            message: self.message.clone(),
        }
    }
}

const MODES: [(Mode, &str); 3] = [(Mode::File, "100644"), (Mode::Executable, "100755"), (Mode::Symlink, "120000")];

fn octal(mode: Mode) -> &'static str {
    MODES.iter().find(|(known, _)| *known == mode).map_or("", |(_, octal)| octal)
}

fn entry_of((octal, oid): &(String, Oid)) -> Option<(Mode, Oid)> {
    MODES.iter().find(|(_, known)| known == octal).map(|(mode, _)| (*mode, *oid))
}

/// Puts a conflict's contents into the repository.
fn keep(objects: &mut Objects, conflict: &Conflict, contents: &Contents) -> Result<Kept, StoreError> {
    let no_file = || StoreError::NoFile(conflict.path.clone());
    if !is_plain(&conflict.path) {
        return Err(no_file());
    }
    let mut side = |side: Side, content: &Option<Vec<u8>>| match (side, content) {
        (None, _) => Ok(None),
        (Some((mode, _)), Some(content)) if !octal(mode).is_empty() => {
            Ok(Some((octal(mode).to_owned(), blob(objects, content))))
        }
        _ => Err(no_file()),
    };
    let base = side(conflict.base, &contents.base)?;
    let sides = [base, side(conflict.ours, &contents.ours)?, side(conflict.theirs, &contents.theirs)?];
    Ok(Kept {
        path: conflict.path.clone(),
        sides,
        marked: contents.marked.as_ref().map(|marked| blob(objects, marked)),
        kind: conflict.kind.clone(),
        message: conflict.message.clone(),
    })
}

/// Where the scratch work tree of a branch is.
pub fn place(build: &Path, branch: &str) -> PathBuf {
    build.join("resolve").join(branch)
}
