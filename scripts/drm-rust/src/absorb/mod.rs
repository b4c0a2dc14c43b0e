// SPDX-License-Identifier: GPL-2.0-only

//! Takes the commits of a topic branch of `linux/` back into overlay and manifest.
//!
//! Everything is planned and checked in memory: the patches, built where the branch stands, must give its trees.
//! Then the overlay files are written, the manifest after them, and in the end the branches move in one
//! transaction. A kill between these leaves a branch that still has all commits: the same command finishes.

mod checks;
mod error;
mod fold;
mod patches;
mod series;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::error::FileContext;
use crate::git::objects::Objects;
use crate::git::refs::{Change, View};
use crate::git::treeobj;
use crate::git::{BranchName, Oid, Repo, TopicName};
use crate::lock::Lock;
use crate::oplog::{self, Logged};
use crate::topic::manifest::Manifest;
use crate::topic::overlay::{self, Pending};
use crate::topic::rewrite::{self, Wanted};
use crate::topic::{self, Topics, manifest_path};
use crate::tree::taken::Taken;
use crate::tree::{PAST, PATIENCE, TreeError};
use crate::workspace::{Trees, Workspace};

pub use error::AbsorbError;
use fold::Group;
use patches::Reader;
use series::{Series, Starts};
use write::Writes;

/// What to absorb.
#[derive(Clone, Debug)]
pub struct Options {
    /// The topic.
    pub topic: TopicName,
    /// Folds commits that change a file of an earlier patch into that patch.
    pub fold: bool,
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

/// What shall be written, and what that makes of the patches.
struct Planned {
    writes: Writes,
    topics: Topics,
    /// The topic's overlay files.
    files: Pending,
    absorbed: Absorbed,
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
        if is_rebased(&repo, &branch) {
            return Err(AbsorbError::Rebasing(branch));
        }
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
        let planned = self.plan(objects, &series, &groups)?;
        self.check(objects, &series, &groups, &planned)?;
        self.keeps_changes(objects, &starts, &planned)?;
        let pending = &planned.files;
        let taken = Taken {
            ws: self.ws,
            trees: &self.trees,
            repo: &self.repo,
            last: &self.last,
            made: &self.made,
            topics: &planned.topics,
            pending,
            branch: &self.branch,
        };
        let moves = taken.plan(objects)?;
        let mut absorbed = planned.absorbed.clone();
        if moves.start != Some(series.start) {
            let note = format!("{} stood on an earlier state of what the topic requires", self.branch);
            absorbed.notes.push(note);
        }
        absorbed.changes.clone_from(&moves.changes);
        if !self.options.dry_run {
            planned.writes.carry_out(self.ws)?;
            absorbed.left_alone = taken.carry_out(moves, objects)?;
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

    /// What has to be written so that the repository says what the commits say.
    fn plan(&self, objects: &mut Objects, series: &Series, groups: &[Group]) -> Result<Planned, AbsorbError> {
        let others = self.topics.iter().filter(|(name, _)| **name != self.options.topic);
        let others = others.flat_map(|(name, manifest)| manifest.files().map(move |file| (file, name))).collect();
        let wanted = Reader { objects, manifest: self.manifest(), others }.patches(groups)?;
        let text = rewrite::rewrite(&self.manifest_text, self.manifest(), &wanted)?;
        let manifest = Manifest::parse(&text).map_err(|_| AbsorbError::Check(self.branch.to_string()))?;
        let mut files = Pending::new();
        for path in manifest.files() {
            let entry = treeobj::lookup(objects, series.tree(), path)?;
            let (mode, oid) = entry.ok_or_else(|| AbsorbError::Check(self.branch.to_string()))?;
            files.insert(path.to_owned(), (mode, objects.blob(oid)?));
        }
        let mut writes = Writes::default();
        for (path, file) in &files {
            if self.on_disk(path)?.as_ref() != Some(file) {
                writes.files.insert(path.clone(), file.clone());
            }
        }
        for path in self.manifest().files().filter(|path| !files.contains_key(*path)) {
            if self.on_disk(path)?.is_some() {
                writes.gone.push(path.to_owned());
            }
        }
        if text != self.manifest_text {
            writes.manifest = Some((manifest_path(&self.options.topic), text));
        }
        let absorbed = self.summary(groups, &wanted, &writes);
        let mut topics = self.topics.clone();
        topics.insert(self.options.topic.clone(), manifest);
        self.validate(&topics, &files, &writes, groups)?;
        Ok(Planned { writes, topics, files, absorbed })
    }

    /// An overlay file; none where there is no regular file.
    fn on_disk(&self, path: &str) -> Result<Option<(treeobj::Mode, Vec<u8>)>, AbsorbError> {
        let is_there = overlay::path_error(path).is_none() && self.ws.root.join(path).symlink_metadata().is_ok();
        Ok(if is_there { overlay::read(&self.ws.root, path)? } else { None })
    }

    fn summary(&self, groups: &[Group], wanted: &[Wanted], writes: &Writes) -> Absorbed {
        let manifest = self.manifest();
        let mut absorbed = Absorbed::default();
        for (group, patch) in groups.iter().zip(wanted) {
            let old = patch.from.map(|from| &manifest.patches[from]);
            let is_written = patch.files.iter().any(|file| writes.files.contains_key(file));
            match old {
                None => absorbed.patches.push(("adds", patch.subject.clone())),
                Some(old) if is_written || !patch.is_said_by(manifest, old) => {
                    absorbed.patches.push(("changes", patch.subject.clone()));
                }
                Some(_) => {}
            }
            let folded = group.folded.iter().map(|commit| (commit.clone(), patch.subject.clone()));
            absorbed.folded.extend(folded);
        }
        for (k, patch) in manifest.patches.iter().enumerate() {
            if !wanted.iter().any(|wanted| wanted.from == Some(k)) {
                absorbed.patches.push(("drops", patch.subject.clone()));
            }
        }
        absorbed.written = writes.files.keys().cloned().collect();
        absorbed.removed.clone_from(&writes.gone);
        let manifest = writes.manifest.clone();
        absorbed.manifest = manifest.map(|(path, text)| (path, self.manifest_text.clone(), text));
        absorbed
    }
}

/// Whether `git rebase` is at work on a branch.
fn is_rebased(repo: &Repo, branch: &BranchName) -> bool {
    let states = ["rebase-merge/head-name", "rebase-apply/head-name"];
    states
        .iter()
        .any(|state| fs::read_to_string(repo.git_dir().join(state)).is_ok_and(|name| name.trim() == branch.full()))
}
