// SPDX-License-Identifier: GPL-2.0-only

//! Takes the commits of a topic branch of `linux/` back into overlay and manifest.
//!
//! Everything is planned and checked in memory: the patches, built where the branch stands, must give its trees.
//! Then the overlay files are written, the manifest after them, and in the end the branches move in one
//! transaction. A kill between these leaves a branch that still has all commits: the same command finishes.

mod allowed;
mod checks;
mod error;
mod fold;
mod patches;
mod series;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::error::FileContext;
use crate::git::commit::Parsed;
use crate::git::objects::Objects;
use crate::git::refs::{Change, View};
use crate::git::treeobj;
use crate::git::{BranchName, Oid, Repo, TopicName};
use crate::lock::Lock;
use crate::oplog::{self, Logged};
use crate::topic::additions::{self, Additions};
use crate::topic::manifest::Manifest;
use crate::topic::overlay::{self, Pending};
use crate::topic::owners::{self, Origin, Owners};
use crate::topic::rewrite::{self, Wanted};
use crate::topic::subject::{self, Finding};
use crate::topic::{self, TopicError, Topics, manifest_path, validate};
use crate::tree::taken::Taken;
use crate::tree::{PAST, PATIENCE, TreeError};
use crate::workspace::{Trees, Workspace};

pub use error::AbsorbError;
use fold::Group;
use patches::Reader;
use series::Starts;
use write::Writes;

/// What to absorb.
#[derive(Clone, Debug)]
pub struct Options {
    /// The topic.
    pub topic: TopicName,
    /// Folds commits that change a file of an earlier patch into that patch.
    pub fold: bool,
    /// Files that may come although a build, an editor or CI would execute them.
    pub allow: Vec<String>,
    /// Only look.
    pub dry_run: bool,
}

/// What became of the patches.
#[derive(Clone, Debug, Default)]
pub struct Absorbed {
    /// Every patch that is new or that changed, with the word that says so.
    pub patches: Vec<(&'static str, String)>,
    /// The commits that were folded, and the patch that has them.
    pub folded: Vec<(String, String)>,
    /// Overlay files that were written.
    pub written: Vec<String>,
    /// Overlay files that went away.
    pub removed: Vec<String>,
    /// The manifest's path, its old and its new text, where it changed.
    pub manifest: Option<(String, String, String)>,
    /// The branches that moved.
    pub changes: Vec<Change>,
    /// Why the work tree stayed where it is, if a person has something else checked out.
    pub left_alone: Option<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Takes the commits of a topic's branch.
pub fn absorb(ws: &Workspace, options: &Options) -> Result<Absorbed, AbsorbError> {
    let _lock = Lock::take(&ws.lock(), PATIENCE)?;
    let job = Job::open(ws, options)?;
    let tip = job.current;
    job.run(&mut Objects::new(&job.repo), tip, &BTreeMap::new())
}

/// Everything that an absorb works with.
pub(crate) struct Job<'a> {
    ws: &'a Workspace,
    options: &'a Options,
    topics: Topics,
    trees: Trees,
    pub(crate) repo: Repo,
    last: Logged,
    /// The branches as the program itself made them last.
    made: View,
    branch: BranchName,
    /// Where the branch stands.
    pub(crate) current: Oid,
    manifest_text: String,
}

/// What the manifest shall say, and what that makes of the patches.
struct Planned {
    wanted: Vec<Wanted>,
    /// The manifest's text.
    text: String,
    topics: Topics,
    additions: Additions,
    /// The paths that the topic touches, or touched.
    touched: BTreeSet<String>,
    /// The overlay's files.
    owners: Owners,
}

impl<'a> Job<'a> {
    /// Reads what is there. The lock must be held.
    pub(crate) fn open(ws: &'a Workspace, options: &'a Options) -> Result<Job<'a>, AbsorbError> {
        let repo = ws.linux();
        if !repo.exists() {
            return Err(TreeError::NoTree(repo.top().display().to_string()).into());
        }
        let topics = topic::load(&ws.root)?;
        if !topics.contains_key(&options.topic) {
            return Err(AbsorbError::Unknown(options.topic.clone()));
        }
        let trees = Trees::load(&ws.data("trees.toml"))?;
        let branch = options.topic.branch();
        let no_branch = || AbsorbError::NoBranch(branch.clone());
        let mut objects = Objects::new(&repo);
        let last = oplog::newest(&repo, &mut objects)?.ok_or_else(no_branch)?;
        let made = oplog::made(&repo, &mut objects, &last)?;
        let current = repo.find_commit(&branch.full())?.ok_or_else(no_branch)?;
        repo.is_free(&branch)?;
        let path = ws.root.join(manifest_path(&options.topic));
        let manifest_text = fs::read_to_string(&path).at("read", &path)?;
        Ok(Job { ws, options, topics, trees, repo, last, made, branch, current, manifest_text })
    }

    /// Where the branch stood when the program made it last.
    pub(crate) fn known(&self) -> Option<Oid> {
        self.made.get(&self.branch).copied()
    }

    fn manifest(&self) -> &Manifest {
        &self.topics[&self.options.topic]
    }

    /// Takes the commits up to `tip`, which may be in memory yet; `names` are what such commits are called.
    pub(crate) fn run(
        &self,
        objects: &mut Objects,
        tip: Oid,
        names: &BTreeMap<Oid, String>,
    ) -> Result<Absorbed, AbsorbError> {
        if self.known() == Some(tip) {
            return Ok(Absorbed::default());
        }
        let starts = self.starts(objects)?;
        let series = series::read(objects, &self.branch, tip, &starts, names)?;
        let groups = fold::fold(objects, &series, self.options.fold)?;
        let planned = self.plan(objects, &groups)?;
        let present = overlay::list(&self.ws.root, &self.topics)?;
        self.validate(&present, &planned, &groups)?;
        self.check(objects, &series, &groups, &planned)?;
        let taken = Taken {
            ws: self.ws,
            trees: &self.trees,
            repo: &self.repo,
            last: &self.last,
            made: &self.made,
            topics: &planned.topics,
            additions: &planned.additions,
            branch: &self.branch,
        };
        let moves = taken.plan(objects)?;
        let writes = self.writes(objects, &planned, moves.next)?;
        self.allows(&present, &groups, &planned.wanted, &writes)?;
        self.keeps_changes(objects, &starts, &writes)?;
        let mut absorbed = self.summary(objects, &starts, &groups, &planned, &writes)?;
        if moves.start != Some(series.start) {
            let note = format!("{} stood on an earlier state of what the topic requires", self.branch);
            absorbed.notes.push(note);
        }
        absorbed.changes.clone_from(&moves.changes);
        if !self.options.dry_run {
            // The most that is written, as long as nothing has changed.
            objects.flush()?;
            let placed = writes.carry_out(self.ws)?;
            let moved = taken.carry_out(moves, objects);
            // Where the branches have moved, but the work tree could not follow, the files are what the branches are.
            if !matches!(&moved, Err(error) if !error.has_moved()) {
                placed.keep();
            }
            absorbed.left_alone = moved?;
        }
        Ok(absorbed)
    }

    /// What the branch may stand on.
    fn starts(&self, objects: &mut Objects) -> Result<Starts, AbsorbError> {
        let mut views = vec![self.repo.view().map_err(TreeError::from)?];
        let past = oplog::list(&self.repo, objects, PAST)?;
        views.extend(past.into_iter().map(|logged| logged.operation.view));
        let required = self.manifest().requires.iter().map(TopicName::branch);
        let required = required.flat_map(|branch| views.iter().filter_map(move |view| view.get(&branch).copied()));
        let required = required.collect::<BTreeSet<Oid>>();
        Ok(Starts { base: self.last.operation.base.commit, required })
    }

    /// What the manifest has to say so that the repository says what the commits say.
    fn plan(&self, objects: &mut Objects, groups: &[Group]) -> Result<Planned, AbsorbError> {
        let name = &self.options.topic;
        let order = validate::order(&self.topics).map_err(|name| AbsorbError::Circle(name.to_string()))?;
        let stands_on = owners::requires(&self.topics, name);
        let required: Vec<TopicName> = order.iter().filter(|name| stands_on.contains(*name)).cloned().collect();
        let (own, _) = owners::follow(&self.topics, &required);
        let others = self.topics.iter().filter(|(other, _)| *other != name && !stands_on.contains(*other));
        let others = others.flat_map(|(name, manifest)| manifest.files().into_iter().map(move |file| (file, name)));
        let own = own.into_keys().collect();
        let mut reader = Reader { objects, manifest: self.manifest(), others: others.collect(), own };
        let wanted = reader.patches(groups)?;
        let text = rewrite::rewrite(&self.manifest_text, self.manifest(), &wanted)?;
        let manifest = Manifest::parse(&text).map_err(|_| AbsorbError::Check(self.branch.to_string()))?;
        let touched = self.manifest().paths().into_iter().chain(manifest.paths()).map(str::to_owned).collect();
        let mut additions = self.other_additions(objects, &order, &touched)?;
        for (i, (patch, group)) in wanted.iter().zip(groups).enumerate() {
            for file in &patch.files {
                let entry = treeobj::lookup(objects, group.tree, file)?;
                let (mode, oid) = entry.ok_or_else(|| AbsorbError::Check(self.branch.to_string()))?;
                additions.insert(name, i, file, (mode, objects.blob(oid)?));
            }
        }
        let mut topics = self.topics.clone();
        topics.insert(name.clone(), manifest);
        let (owners, _) = owners::follow(&topics, &order);
        Ok(Planned { wanted, text, topics, additions, touched, owners })
    }

    /// What the patches of the other topics add. Of files that this topic touches, an interrupted run may have written
    /// the overlay's: the commits have what was added.
    fn other_additions(
        &self,
        objects: &mut Objects,
        order: &[TopicName],
        touched: &BTreeSet<String>,
    ) -> Result<Additions, AbsorbError> {
        let mut rest = self.topics.clone();
        rest.get_mut(&self.options.topic).expect("the topic is there").patches.clear();
        let (owners, _) = owners::follow(&rest, order);
        let mut files = Pending::new();
        for file in owners.keys().filter(|file| !touched.contains(*file)) {
            if let Some(content) = self.on_disk(file)? {
                files.insert(file.clone(), content);
            }
        }
        let mut additions = additions::take_back(&rest, order, files).map_err(TopicError::Invalid)?;
        for (file, origin) in owners.iter().filter(|(file, _)| touched.contains(*file)) {
            let patch = &rest[&origin.topic].patches[origin.patch];
            let behind = || AbsorbError::Behind(origin.topic.clone(), file.clone());
            let commit = self.made_commit(objects, &origin.topic, origin.patch, &patch.subject)?.ok_or_else(behind)?;
            // It may have another path by now.
            for added in &patch.files {
                if additions.get(&origin.topic, origin.patch, added).is_some() {
                    continue;
                }
                if let Some((mode, oid)) = treeobj::lookup(objects, commit, added)? {
                    additions.insert(&origin.topic, origin.patch, added, (mode, objects.blob(oid)?));
                }
            }
        }
        Ok(additions)
    }

    /// The tree of another topic's patch, as the program made it last.
    fn made_commit(
        &self,
        objects: &mut Objects,
        topic: &TopicName,
        patch: usize,
        subject: &str,
    ) -> Result<Option<Oid>, AbsorbError> {
        let Some(&tip) = self.made.get(&topic.branch()) else { return Ok(None) };
        let mut at = tip;
        for _ in patch + 1..self.topics[topic].patches.len() {
            match Parsed::read(objects, at)?.parents[..] {
                [parent] => at = parent,
                _ => return Ok(None),
            }
        }
        let commit = Parsed::read(objects, at)?;
        Ok((commit.subject() == subject).then_some(commit.tree))
    }

    /// What has to be written, where all topics together give `next`.
    fn writes(&self, objects: &mut Objects, planned: &Planned, next: Oid) -> Result<Writes, AbsorbError> {
        let tree = objects.tree_of(next)?;
        let name = &self.options.topic;
        let concerns = |file: &str, origin: &Origin| origin.topic == *name || planned.touched.contains(file);
        let mut writes = Writes::default();
        let mut files = Pending::new();
        for (file, origin) in &planned.owners {
            let disk = self.on_disk(file)?;
            let content = match concerns(file, origin) {
                true => {
                    let entry = treeobj::lookup(objects, tree, file)?;
                    let (mode, oid) = entry.ok_or_else(|| AbsorbError::Check(self.branch.to_string()))?;
                    Some((mode, objects.blob(oid)?))
                }
                false => disk.clone(),
            };
            let Some(content) = content else { continue };
            if disk.as_ref() != Some(&content) {
                writes.files.insert(file.clone(), content.clone());
            }
            files.insert(file.clone(), content);
        }
        for file in self.gone(planned) {
            if self.on_disk(&file)?.is_some() {
                writes.gone.push(file);
            }
        }
        if planned.text != self.manifest_text {
            writes.manifest = Some((manifest_path(name), planned.text.clone()));
        }
        self.check_way_back(planned, files)?;
        Ok(writes)
    }

    /// The overlay's files that go away.
    fn gone(&self, planned: &Planned) -> Vec<String> {
        let order = validate::order(&self.topics).expect("it was asked for before");
        let (before, _) = owners::follow(&self.topics, &order);
        before.into_keys().filter(|file| !planned.owners.contains_key(file)).collect()
    }

    /// What will be written must give what was absorbed.
    fn check_way_back(&self, planned: &Planned, files: Pending) -> Result<(), AbsorbError> {
        let order = validate::order(&planned.topics).expect("it was asked for before");
        let mut back = additions::take_back(&planned.topics, &order, files)
            .map_err(|problems| AbsorbError::Invalid(self.branch.clone(), problems))?;
        back.grown.clone_from(&planned.additions.grown);
        if back == planned.additions { Ok(()) } else { Err(AbsorbError::Check(self.branch.to_string())) }
    }

    /// An overlay file; none where there is no regular file.
    fn on_disk(&self, path: &str) -> Result<Option<(treeobj::Mode, Vec<u8>)>, AbsorbError> {
        let is_there = overlay::path_error(path).is_none() && self.ws.root.join(path).symlink_metadata().is_ok();
        Ok(if is_there { overlay::read(&self.ws.root, path)? } else { None })
    }

    fn summary(
        &self,
        objects: &mut Objects,
        starts: &Starts,
        groups: &[Group],
        planned: &Planned,
        writes: &Writes,
    ) -> Result<Absorbed, AbsorbError> {
        let manifest = self.manifest();
        let before = self.made_additions(objects, starts)?.unwrap_or_default();
        let name = &self.options.topic;
        let mut absorbed = Absorbed::default();
        for (i, (group, patch)) in groups.iter().zip(&planned.wanted).enumerate() {
            let note = |finding: Finding| format!("{}: {}", group.cite, finding.message);
            absorbed.notes.extend(subject::findings(&patch.subject).into_iter().map(note));
            let is_other = |from: usize| {
                let added = |file: &String| planned.additions.get(name, i, file) != before.get(name, from, file);
                patch.files.iter().any(added)
            };
            match patch.from {
                None => absorbed.patches.push(("adds", patch.subject.clone())),
                Some(from) if is_other(from) || !patch.is_said_by(manifest, &manifest.patches[from]) => {
                    absorbed.patches.push(("changes", patch.subject.clone()));
                }
                Some(_) => {}
            }
            let folded = group.folded.iter().map(|commit| (commit.clone(), patch.subject.clone()));
            absorbed.folded.extend(folded);
        }
        for (k, patch) in manifest.patches.iter().enumerate() {
            if !planned.wanted.iter().any(|wanted| wanted.from == Some(k)) {
                absorbed.patches.push(("drops", patch.subject.clone()));
            }
        }
        absorbed.written = writes.files.keys().cloned().collect();
        absorbed.removed.clone_from(&writes.gone);
        let manifest = writes.manifest.clone();
        absorbed.manifest = manifest.map(|(path, text)| (path, self.manifest_text.clone(), text));
        Ok(absorbed)
    }
}
