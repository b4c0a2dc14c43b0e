// SPDX-License-Identifier: GPL-2.0-only

//! Base + overlay + manifests → commits. The same input gives the same ids.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::error::{Class, Explain, FileError};
use crate::git::commit::{Commit, Identity};
use crate::git::objects::{ObjectError, Objects};
use crate::git::pack::Kind;
use crate::git::refs::View;
use crate::git::treeobj::{self, Mode};
use crate::git::{BranchName, GitError, Oid, Repo, TopicName};
use crate::merge::history::History;
use crate::merge::{MergeError, Merger, Outcome};
use crate::topic::manifest::{Manifest, Patch};
use crate::topic::overlay::Pending;
use crate::topic::{Problem, TopicError, Topics, edit, manifest_path, overlay, validate};

/// The commits could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The topics are wrong.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// An object could not be read or written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A merge could not be tried.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// Two topics change the same lines.
    #[error("topic {topic} conflicts with what {into} has already:\n{}", list(.files))]
    Conflict {
        /// The topic that was merged.
        topic: TopicName,
        /// Where it was merged.
        into: String,
        /// The files in conflict.
        files: Vec<String>,
    },
    /// The merge is not in the repository yet, and the caller does not want it made.
    #[error("the merge of {0} has not been made yet")]
    NotMerged(TopicName),
}

fn list(files: &[String]) -> String {
    files.iter().map(|file| format!("  {file}")).collect::<Vec<_>>().join("\n")
}

impl Explain for BuildError {
    fn hint(&self) -> Option<String> {
        match self {
            BuildError::Topic(error) => error.hint(),
            BuildError::Object(error) => error.hint(),
            BuildError::Git(error) => error.hint(),
            BuildError::Merge(error) => error.hint(),
            BuildError::Conflict { .. } => {
                Some("anchor the edits at other lines, or let one topic require the other".into())
            }
            BuildError::NotMerged(_) => Some("`drm-rust tree` makes it".into()),
        }
    }

    fn class(&self) -> Class {
        match self {
            BuildError::Conflict { .. } => Class::Conflict,
            BuildError::Git(error) => error.class(),
            BuildError::Merge(error) => error.class(),
            _ => Class::Failed,
        }
    }
}

impl From<FileError> for BuildError {
    fn from(error: FileError) -> Self {
        BuildError::Topic(error.into())
    }
}

/// A topic and its commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltTopic {
    /// Its name.
    pub name: TopicName,
    /// What it stands on.
    pub start: Oid,
    /// One commit a patch.
    pub commits: Vec<Oid>,
}

impl BuiltTopic {
    /// Where its branch stands.
    pub fn tip(&self) -> Oid {
        self.commits.last().copied().unwrap_or(self.start)
    }
}

/// Everything that was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The topics, in the order in which they were merged.
    pub topics: Vec<BuiltTopic>,
    /// Where every branch shall stand.
    pub view: View,
}

/// What to build from.
pub struct Input<'a> {
    /// The repository that holds the base.
    pub repo: &'a Repo,
    /// The top of the checkout, for the overlay.
    pub root: &'a Path,
    /// The base.
    pub base: Oid,
    /// The topics; they have been validated.
    pub topics: &'a Topics,
    /// Author and committer of merges.
    pub merger: &'a Identity,
    /// Whether new merges may be made, which writes objects.
    pub may_merge: bool,
    /// Overlay files that are not written yet.
    pub pending: &'a Pending,
}

/// Builds all topics and `drm-rust-next`, in memory but for what git needs for merges.
pub fn build(input: &Input<'_>, objects: &mut Objects) -> Result<Built, BuildError> {
    let order = validate::order(input.topics).expect("validated topics have no circles");
    let mut builder =
        Builder { input, objects, known: known_merges(input)?, parents: HashMap::new(), built: BTreeMap::new() };
    let mut problems = Vec::new();
    for name in &order {
        builder.topic(name, &mut problems)?;
    }
    if !problems.is_empty() {
        return Err(TopicError::Invalid(problems).into());
    }
    let next = builder.next(&order)?;
    let mut view = View::from([(BranchName::base(), input.base), (BranchName::next(), next)]);
    let topics: Vec<BuiltTopic> = order.iter().map(|name| builder.built[name].clone()).collect();
    view.extend(topics.iter().map(|topic| (topic.name.branch(), topic.tip())));
    Ok(Built { topics, view })
}

/// One topic's commits on a start of the caller's choice, whatever the topic requires.
pub fn on(input: &Input<'_>, objects: &mut Objects, name: &TopicName, start: Oid) -> Result<BuiltTopic, BuildError> {
    let mut builder =
        Builder { input, objects, known: HashMap::new(), parents: HashMap::new(), built: BTreeMap::new() };
    let mut problems = Vec::new();
    let topic = builder.on(name, start, &mut problems)?;
    if problems.is_empty() { Ok(topic) } else { Err(TopicError::Invalid(problems).into()) }
}

/// Merges that the repository has already: both parents to the tree.
fn known_merges(input: &Input<'_>) -> Result<HashMap<(Oid, Oid), Oid>, GitError> {
    let mut known = HashMap::new();
    let tips = ["--branches=drm-rust-next", "--branches=topic/*"];
    let not_base = format!("^{}", input.base);
    let process = input.repo.git(["log", "--merges", "--format=%P %T"]).args(tips).arg(&not_base);
    for line in process.run()?.lines() {
        let ids: Vec<Oid> = line.split(' ').filter_map(|id| id.parse().ok()).collect();
        if let [ours, theirs, tree] = ids[..] {
            known.insert((ours, theirs), tree);
        }
    }
    Ok(known)
}

struct Builder<'a> {
    input: &'a Input<'a>,
    objects: &'a mut Objects,
    known: HashMap<(Oid, Oid), Oid>,
    /// The commits that were made, with their parents.
    parents: HashMap<Oid, Vec<Oid>>,
    built: BTreeMap<TopicName, BuiltTopic>,
}

impl Builder<'_> {
    fn topic(&mut self, name: &TopicName, problems: &mut Vec<Problem>) -> Result<(), BuildError> {
        let manifest = &self.input.topics[name];
        let start = self.start(name, manifest)?;
        let topic = self.on(name, start, problems)?;
        self.built.insert(name.clone(), topic);
        Ok(())
    }

    /// A topic's commits on a start.
    fn on(&mut self, name: &TopicName, start: Oid, problems: &mut Vec<Problem>) -> Result<BuiltTopic, BuildError> {
        let manifest = &self.input.topics[name];
        let mut commits = Vec::new();
        let mut tree = self.objects.tree_of(start)?;
        let mut parent = start;
        for (i, patch) in manifest.patches.iter().enumerate() {
            let found = problems.len();
            tree = self.patch(name, manifest, i, tree, problems)?;
            if problems.len() > found {
                break;
            }
            parent = self.commit(Commit {
                tree,
                parents: vec![parent],
                author: manifest.author_of(patch).clone(),
                date: patch.date.as_second(),
                message: manifest.message_of(patch),
            });
            commits.push(parent);
        }
        Ok(BuiltTopic { name: name.clone(), start, commits })
    }

    /// What a topic stands on: the base, or the merge of what it requires.
    fn start(&mut self, name: &TopicName, manifest: &Manifest) -> Result<Oid, BuildError> {
        let mut start = self.input.base;
        let mut date = i64::MIN;
        for required in &manifest.requires {
            let tip = self.built[required].tip();
            date = date.max(self.newest_patch(required));
            if start == self.input.base || tip == start {
                start = tip;
                continue;
            }
            let message = format!(
                "Merge branch '{}' into {}\n\nThe topic stands on it.\n\nSigned-off-by: {}\n",
                required.branch(),
                name.branch(),
                self.input.merger
            );
            start = self.merge(start, tip, required, &format!("the start of {name}"), date, message)?;
        }
        Ok(start)
    }

    /// The tree of a patch. Where it cannot be made, the problems say why.
    fn patch(
        &mut self,
        name: &TopicName,
        manifest: &Manifest,
        index: usize,
        tree: Oid,
        problems: &mut Vec<Problem>,
    ) -> Result<Oid, BuildError> {
        let patch = &manifest.patches[index];
        let mut say = |key: String, message: String, hint: String| {
            problems.push(Problem { file: manifest_path(name), key: format!("patch[{index}].{key}"), message, hint });
        };
        let mut changes = BTreeMap::new();
        for (k, path) in patch.files.iter().enumerate() {
            if treeobj::lookup(self.objects, tree, path)?.is_some() {
                let hint = "change the base's own files with an [[patch.edit]]".to_owned();
                say(format!("files[{k}]"), format!("{path} would overwrite a file of the base"), hint);
                continue;
            }
            let pending = self.input.pending.get(path).cloned();
            match pending.map_or_else(|| overlay::read(self.input.root, path), |file| Ok(Some(file)))? {
                Some((mode, data)) => drop(changes.insert(path.clone(), (mode, self.objects.write(Kind::Blob, data)))),
                None => {
                    say(format!("files[{k}]"), format!("{path} is no regular file"), "commit the file itself".into())
                }
            }
        }
        self.edits(manifest, patch, tree, &mut changes, &mut say)?;
        Ok(treeobj::update(self.objects, tree, &changes)?)
    }

    fn edits(
        &mut self,
        manifest: &Manifest,
        patch: &Patch,
        tree: Oid,
        changes: &mut BTreeMap<String, (Mode, Oid)>,
        say: &mut dyn FnMut(String, String, String),
    ) -> Result<(), BuildError> {
        for (k, raw) in patch.edits.iter().enumerate() {
            let path = &raw.file;
            if manifest.files().any(|file| file == path) {
                let hint = format!("change {path} in the overlay");
                say(format!("edit[{k}].file"), format!("{path} is a file of this topic"), hint);
                continue;
            }
            let found = match changes.get(path) {
                Some(&entry) => Some(entry),
                None => treeobj::lookup(self.objects, tree, path)?,
            };
            let Some((mode @ (Mode::File | Mode::Executable), oid)) = found else {
                let hint = "check the path; a new file goes into `files`".to_owned();
                say(format!("edit[{k}].file"), format!("the base has no file {path}"), hint);
                continue;
            };
            let content = self.objects.blob(oid)?;
            let edit = raw.check().expect("validated edits are well-formed");
            match edit::apply(&content, &edit) {
                Ok(new) => drop(changes.insert(path.clone(), (mode, self.objects.write(Kind::Blob, new)))),
                Err(error) => {
                    let (message, hint) = error.explain(path);
                    say(format!("edit[{k}].{}", raw.anchor_key()), message, hint);
                }
            }
        }
        Ok(())
    }

    /// Merges every topic that has patches.
    fn next(&mut self, order: &[TopicName]) -> Result<Oid, BuildError> {
        let mut next = self.input.base;
        let mut date = i64::MIN;
        for name in order {
            if self.built[name].commits.is_empty() {
                continue;
            }
            date = date.max(self.newest_patch(name));
            let message = merge_message(name, &self.input.topics[name], self.input.merger);
            let tip = self.built[name].tip();
            next = self.merge(next, tip, name, BranchName::next().as_str(), date, message)?;
        }
        Ok(next)
    }

    /// The date of a topic's newest patch: what its merges are dated.
    fn newest_patch(&self, name: &TopicName) -> i64 {
        self.input.topics[name].patches.iter().map(|patch| patch.date.as_second()).max().unwrap_or(0)
    }

    fn merge(
        &mut self,
        ours: Oid,
        theirs: Oid,
        topic: &TopicName,
        into: &str,
        date: i64,
        message: String,
    ) -> Result<Oid, BuildError> {
        let tree = match self.known.get(&(ours, theirs)) {
            Some(&tree) => tree,
            None if !self.input.may_merge => return Err(BuildError::NotMerged(topic.clone())),
            None => match self.trial(ours, theirs)? {
                Outcome::Clean(tree) => tree,
                Outcome::Conflicts { conflicts, .. } => {
                    let files = conflicts.into_iter().map(|conflict| conflict.path).collect();
                    return Err(BuildError::Conflict { topic: topic.clone(), into: into.to_owned(), files });
                }
            },
        };
        let author = self.input.merger.clone();
        Ok(self.commit(Commit { tree, parents: vec![ours, theirs], author, date, message }))
    }

    /// Merges two commits that were made here.
    fn trial(&mut self, ours: Oid, theirs: Oid) -> Result<Outcome, BuildError> {
        let mut history = History::new(self.input.base, self.parents.clone());
        history.add(ours);
        let bases = if history.contains(theirs) { vec![theirs] } else { history.bases(theirs) };
        Ok(Merger::new(self.input.repo, self.objects).merge(&bases, ours, theirs)?)
    }

    fn commit(&mut self, commit: Commit) -> Oid {
        let id = self.objects.write_commit(&commit);
        self.parents.insert(id, commit.parents);
        id
    }
}

/// What a merge into `drm-rust-next` says: the topic's summary and its patches.
fn merge_message(name: &TopicName, manifest: &Manifest, merger: &Identity) -> String {
    let branch = name.branch();
    let patches: String = manifest.patches.iter().map(|patch| format!("  {}\n", patch.subject)).collect();
    format!(
        "Merge branch '{branch}' into {}\n\n{}\n\n{}\n\n* {branch}:\n{patches}\nSigned-off-by: {merger}\n",
        BranchName::next(),
        manifest.title.trim(),
        manifest.summary.trim(),
    )
}

/// Where the topic branches shall stand as far as that can be told without making merges.
pub fn tips(input: &Input<'_>, objects: &mut Objects) -> Result<View, BuildError> {
    let order = validate::order(input.topics).expect("validated topics have no circles");
    let mut builder =
        Builder { input, objects, known: known_merges(input)?, parents: HashMap::new(), built: BTreeMap::new() };
    let mut problems = Vec::new();
    let mut view = View::new();
    for name in &order {
        if input.topics[name].requires.iter().any(|required| !builder.built.contains_key(required)) {
            continue;
        }
        match builder.topic(name, &mut problems) {
            Ok(()) => drop(view.insert(name.branch(), builder.built[name].tip())),
            Err(BuildError::NotMerged(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(view)
}
