// SPDX-License-Identifier: GPL-2.0-only

//! Beginning and removing topics in this repository.

use std::fs;
use std::path::Path;

use super::overlay::{self, Pending};
use super::{TopicError, additions, load, manifest_path, owners, scaffold};
use crate::error::{Class, Explain, FileContext, FileError};
use crate::git::commit::Identity;
use crate::git::{GitError, Oid, Repo, TopicName};
use crate::staged::Staged;

/// A topic cannot be begun or removed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The manifests are wrong.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// There is no such topic.
    #[error("there is no topic {0}")]
    Unknown(TopicName),
    /// There is one already.
    #[error("there is a topic {0} already")]
    Exists(TopicName),
    /// The title is no line.
    #[error("the title is not one line of text")]
    Title,
    /// Others need it.
    #[error("{0} is required by {1}")]
    Required(TopicName, String),
    /// What would be removed is nowhere else.
    #[error("not committed, so that removing would lose it:\n{}", list(.0))]
    Uncommitted(Vec<String>),
}

fn list(files: &[String]) -> String {
    files.iter().map(|file| format!("  {file}")).collect::<Vec<_>>().join("\n")
}

impl Explain for ManageError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            ManageError::File(error) => return error.hint(),
            ManageError::Topic(error) => return error.hint(),
            ManageError::Git(error) => return error.hint(),
            ManageError::Unknown(_) => "`drm-rust topic list` shows the topics".into(),
            ManageError::Exists(name) => format!("see `drm-rust topic show {name}`, or choose another name"),
            ManageError::Title => "say what the topic is, in one line".into(),
            ManageError::Required(..) => "remove the topics that require it first, or their requirement".into(),
            ManageError::Uncommitted(_) => "commit the files first: then `git revert` can bring them back".into(),
        })
    }

    fn class(&self) -> Class {
        match self {
            ManageError::Title => Class::Usage,
            _ => Class::Failed,
        }
    }
}

/// The identity that git knows for this repository, if any.
pub fn git_identity(root: &Path) -> Result<Option<Identity>, GitError> {
    let output = Repo::at(root).git(["var", "GIT_AUTHOR_IDENT"]).output()?;
    let text = output.text();
    let identity = text.rsplit_once('>').map(|(identity, _)| format!("{identity}>"));
    Ok(identity.filter(|_| output.code == 0).and_then(|identity| identity.parse().ok()))
}

/// Writes the manifest of a new topic and gives its path.
pub fn create(
    root: &Path,
    name: &TopicName,
    title: &str,
    requires: &[TopicName],
    author: &Identity,
) -> Result<String, ManageError> {
    let topics = load(root)?;
    if topics.contains_key(name) {
        return Err(ManageError::Exists(name.clone()));
    }
    if let Some(unknown) = requires.iter().find(|required| !topics.contains_key(*required)) {
        return Err(ManageError::Unknown(unknown.clone()));
    }
    if title.trim().is_empty() || title.contains(char::is_control) {
        return Err(ManageError::Title);
    }
    let shown = manifest_path(name);
    let path = root.join(&shown);
    let mut staged = Staged::new(&root.join("build"))?;
    staged.add(&path, scaffold::manifest(title.trim(), requires, author).as_bytes(), None)?;
    staged.place(root)?.keep();
    Ok(shown)
}

/// Begins a new revision of a topic: its manifest gets another name, and what required the old one requires the new
/// one. Gives the paths of all manifests that changed.
pub fn succeed(root: &Path, old: &TopicName, new: &TopicName) -> Result<Vec<String>, ManageError> {
    let topics = load(root)?;
    if !topics.contains_key(old) {
        return Err(ManageError::Unknown(old.clone()));
    }
    if topics.contains_key(new) {
        return Err(ManageError::Exists(new.clone()));
    }
    let (from, to) = (root.join(manifest_path(old)), root.join(manifest_path(new)));
    let mut changed = vec![manifest_path(new)];
    // The text of a manifest is never nowhere, whenever this is killed.
    let mut staged = Staged::new(&root.join("build"))?;
    staged.add(&to, &fs::read(&from).at("read", &from)?, None)?;
    let requiring = topics.iter().filter(|(_, manifest)| manifest.requires.contains(old));
    for (name, _) in requiring.filter(|(name, _)| *name != old) {
        let path = root.join(manifest_path(name));
        let text = fs::read_to_string(&path).at("read", &path)?;
        let mut document: toml_edit::DocumentMut = text.parse().expect("it was read as TOML just now");
        let list = document.get_mut("requires").and_then(|item| item.as_array_mut()).expect("it requires something");
        for value in list.iter_mut().filter(|value| value.as_str() == Some(old.as_str())) {
            let decor = value.decor().clone();
            *value = new.as_str().into();
            *value.decor_mut() = decor;
        }
        staged.add(&path, document.to_string().as_bytes(), None)?;
        changed.push(manifest_path(name));
    }
    staged.remove(&from);
    staged.place(root)?.keep();
    Ok(changed)
}

/// What removing a topic does to files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Those that go away.
    pub removed: Vec<String>,
    /// Those of other topics, from which the topic's edits are taken.
    pub written: Vec<String>,
}

/// Removes a topic's manifest and overlay files, and takes its edits of other topics' files back. All of them must be
/// committed.
pub fn remove(root: &Path, name: &TopicName, dry_run: bool) -> Result<Removed, ManageError> {
    let topics = load(root)?;
    let manifest = topics.get(name).ok_or_else(|| ManageError::Unknown(name.clone()))?;
    let requiring = topics.iter().filter(|(_, other)| other.requires.contains(name));
    let requiring: Vec<&str> = requiring.map(|(other, _)| other.as_str()).collect();
    if !requiring.is_empty() {
        return Err(ManageError::Required(name.clone(), requiring.join(", ")));
    }
    let mut before = Pending::new();
    let paths = manifest.paths();
    for file in owners::files(&topics).into_iter().filter(|file| paths.contains(file.as_str())) {
        let is_there = overlay::path_error(&file).is_none() && root.join(&file).symlink_metadata().is_ok();
        if let Some(content) = if is_there { overlay::read(root, &file)? } else { None } {
            before.insert(file, content);
        }
    }
    let after = additions::without(name, manifest, before.clone()).map_err(TopicError::Invalid)?;
    let mut removed: Vec<String> = before.keys().filter(|file| !after.contains_key(*file)).cloned().collect();
    removed.push(manifest_path(name));
    let written = after.iter().filter(|(file, content)| before.get(*file) != Some(content));
    let written: Vec<String> = written.map(|(file, _)| file.clone()).collect();
    let status = Repo::at(root).git(["status", "--porcelain", "-z", "--no-renames", "--ignored", "--"]);
    let output = status.args(removed.iter().chain(&written)).run().map_err(GitError::from)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let uncommitted: Vec<String> = text.split('\0').filter_map(|line| line.get(3..)).map(str::to_owned).collect();
    if !uncommitted.is_empty() {
        return Err(ManageError::Uncommitted(uncommitted));
    }
    if !dry_run {
        // The manifest goes last: as long as it is there, this can be run again.
        let mut staged = Staged::new(&root.join("build"))?;
        for file in &written {
            staged.add(&root.join(file), &after[file].1, None)?;
        }
        removed.iter().for_each(|file| staged.remove(&root.join(file)));
        staged.place(root)?.keep();
    }
    Ok(Removed { removed, written })
}

/// The commits of a topic's patches, if its branch is there.
pub fn commits(repo: &Repo, name: &TopicName, patches: usize) -> Result<Vec<Oid>, GitError> {
    if patches == 0 || !repo.exists() || repo.find_commit(&name.branch().full())?.is_none() {
        return Ok(Vec::new());
    }
    let count = format!("--max-count={patches}");
    let process =
        repo.git(["rev-list", "--reverse", "--first-parent", "--no-merges", &count]).arg(name.branch().full());
    process.run()?.lines().iter().map(|line| repo.oid(&process, line)).collect()
}
