// SPDX-License-Identifier: GPL-2.0-only

//! Base + overlay + manifests → commits. The same input gives the same ids.

use std::collections::{BTreeMap, HashMap};

use crate::error::{Class, Explain};
use crate::git::commit::{Commit, Identity};
use crate::git::objects::{ObjectError, Objects};
use crate::git::pack::Kind;
use crate::git::refs::View;
use crate::git::treeobj::{self, Mode, Side};
use crate::git::{BranchName, GitError, Oid, Repo, TopicName};
use crate::merge::history::History;
use crate::merge::{MergeError, Merger, Outcome};
use crate::topic::additions::Additions;
use crate::topic::manifest::{Manifest, Patch};
use crate::topic::{Problem, TopicError, Topics, edit, manifest_path, validate};

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
    /// The base.
    pub base: Oid,
    /// The topics; they have been validated.
    pub topics: &'a Topics,
    /// Author and committer of merges.
    pub merger: &'a Identity,
    /// Whether new merges may be made, which writes objects.
    pub may_merge: bool,
    /// The files that patches add.
    pub additions: &'a Additions,
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
    builder.check_grown(next)?;
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

/// What a patch makes of paths.
type Changes = BTreeMap<String, Side>;

/// Takes the key, the message and the hint of a problem.
type Say<'a> = &'a mut dyn FnMut(String, String, String);

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
        let mut changes = Changes::new();
        self.moves(patch, tree, &mut changes, &mut say)?;
        for (k, path) in patch.files.iter().enumerate() {
            if self.side(tree, &changes, path)?.is_some() {
                let hint = "change the base's own files with an [[patch.edit]]".to_owned();
                say(format!("files[{k}]"), format!("{path} would overwrite a file of the base"), hint);
                continue;
            }
            match self.input.additions.get(name, index, path) {
                Some((mode, data)) => {
                    let blob = self.objects.write(Kind::Blob, data.clone());
                    changes.insert(path.clone(), Some((*mode, blob)));
                }
                None => say(format!("files[{k}]"), format!("{path} is not there"), "write the file".into()),
            }
        }
        self.edits(patch, tree, &mut changes, &mut say)?;
        Ok(treeobj::change(self.objects, tree, &changes)?)
    }

    /// What a path is, where a patch has made some of its changes.
    fn side(&mut self, tree: Oid, changes: &Changes, path: &str) -> Result<Side, BuildError> {
        match changes.get(path) {
            Some(&side) => Ok(side),
            None => Ok(treeobj::lookup(self.objects, tree, path)?),
        }
    }

    /// Deletes and renames.
    fn moves(&mut self, patch: &Patch, tree: Oid, changes: &mut Changes, say: Say<'_>) -> Result<(), BuildError> {
        let hint = "check the path: it is that of the file before the patch";
        for (k, delete) in patch.deletes.iter().enumerate() {
            match self.side(tree, changes, &delete.file)?.filter(|(mode, _)| *mode != Mode::Tree) {
                Some(_) => drop(changes.insert(delete.file.clone(), None)),
                None => say(format!("delete[{k}].file"), format!("there is no file {}", delete.file), hint.into()),
            }
        }
        let mut arrivals = Vec::new();
        for (k, rename) in patch.renames.iter().enumerate() {
            match self.side(tree, changes, &rename.from)?.filter(|(mode, _)| *mode != Mode::Tree) {
                Some(entry) => {
                    changes.insert(rename.from.clone(), None);
                    arrivals.push((k, &rename.to, entry));
                }
                None => say(format!("rename[{k}].from"), format!("there is no file {}", rename.from), hint.into()),
            }
        }
        for (k, to, entry) in arrivals {
            if self.side(tree, changes, to)?.is_some() {
                let hint = "rename or delete that one, too, or choose another path".to_owned();
                say(format!("rename[{k}].to"), format!("{to} is there already"), hint);
                continue;
            }
            changes.insert(to.clone(), Some(entry));
        }
        Ok(())
    }

    fn edits(&mut self, patch: &Patch, tree: Oid, changes: &mut Changes, say: Say<'_>) -> Result<(), BuildError> {
        for (k, raw) in patch.edits.iter().enumerate() {
            let path = &raw.file;
            let Some((mode @ (Mode::File | Mode::Executable), oid)) = self.side(tree, changes, path)? else {
                let hint = "check the path; a new file goes into `files`".to_owned();
                say(format!("edit[{k}].file"), format!("the base has no file {path}"), hint);
                continue;
            };
            let content = self.objects.blob(oid)?;
            let edit = raw.check().expect("validated edits are well-formed");
            match edit::apply(&content, &edit) {
                Ok(new) => drop(changes.insert(path.clone(), Some((mode, self.objects.write(Kind::Blob, new))))),
                Err(error) => {
                    let (message, hint) = error.explain(path);
                    say(format!("edit[{k}].{}", raw.anchor_key()), message, hint);
                }
            }
        }
        Ok(())
    }

    /// What all topics together make of a file that grew must be what the overlay has.
    fn check_grown(&mut self, next: Oid) -> Result<(), BuildError> {
        let tree = self.objects.tree_of(next)?;
        let mut problems = Vec::new();
        for (file, (_, content)) in &self.input.additions.grown {
            let made = treeobj::lookup(self.objects, tree, file)?;
            let made = made.map(|(_, oid)| self.objects.blob(oid)).transpose()?;
            if made.as_ref().is_some_and(|made| made != content) {
                problems.push(Problem {
                    file: file.clone(),
                    key: String::new(),
                    message: "the patches make another text of it than the overlay has".into(),
                    hint: "end the file with a newline; where two topics change it at one place, let one require the \
                           other"
                        .into(),
                });
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(TopicError::Invalid(problems).into()) }
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
