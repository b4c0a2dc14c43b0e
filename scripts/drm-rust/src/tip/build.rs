// SPDX-License-Identifier: GPL-2.0-only

//! Plan → tip, in memory. The same input gives the same commits.

use std::collections::{BTreeMap, HashSet};

use super::manifest::{self, Branch, Manifest, State};
use super::memory::Memory;
use super::{Failure, Fixups, Merged, Plan, Planned, Tip, TipError};
use crate::git::commit::{Commit, Identity, Parsed};
use crate::git::objects::Objects;
use crate::git::pack::Kind;
use crate::git::treeobj::{self, Mode};
use crate::git::{BranchName, Oid, Repo};
use crate::merge::history::History;
use crate::merge::{Merger, Resolver};
use crate::report::{Reporter, Unit};
use crate::resolve::fixup::{self, Fixed};

/// What a tip is made with, besides the plan.
pub struct Inputs<'a> {
    /// The repository that has the plan's commits.
    pub repo: &'a Repo,
    /// Author and committer of the merges.
    pub identity: &'a Identity,
    /// Settles conflicts.
    pub resolver: &'a mut dyn Resolver,
    /// Patches tied to merges.
    pub fixups: &'a mut dyn Fixups,
    /// What resolver and fixups read: merges that they had a part in are made again when it changes.
    pub resolutions: Option<String>,
    /// The tip before this one.
    pub previous: Option<Oid>,
    /// Is told of each merge.
    pub reporter: &'a dyn Reporter,
}

/// Makes a tip. A branch that cannot be merged is held back where the tip before had it, or left out.
pub fn build(plan: &Plan, inputs: Inputs<'_>, objects: &mut Objects) -> Result<Tip, TipError> {
    let memory = match inputs.previous {
        Some(previous) => Memory::of(objects, previous)?,
        None => Memory::default(),
    };
    let planned = plan.branches.iter().map(|branch| branch.commit);
    let good = plan.branches.iter().filter_map(|branch| memory.last_good(&branch.name));
    let commits = std::iter::once(plan.start).chain(planned).chain(good).collect();
    inputs.reporter.begin("merging", Some(plan.branches.len() as u64), Unit::Items);
    let mut chain = Chain::new(plan.start, commits, memory, inputs, objects)?;
    let mut notes = Notes::default();
    let mut branches = Vec::new();
    for planned in &plan.branches {
        branches.push(chain.place(planned, &mut notes)?);
        chain.inputs.reporter.advance(1);
    }
    chain.inputs.reporter.end();
    let (resolutions, missing) = (chain.inputs.resolutions.clone(), plan.missing.clone());
    let manifest = Manifest { start: plan.start, resolutions, missing, branches };
    let commit = chain.finish(&manifest)?;
    notes.notices.append(&mut chain.notices);
    let Chain { merger, merges, .. } = chain;
    Ok(Tip { commit, manifest, merges, failures: notes.failures, notices: notes.notices, count: merger.count })
}

/// What is to be told about branches that could not be merged.
#[derive(Default)]
struct Notes {
    failures: Vec<Failure>,
    notices: Vec<String>,
}

/// What came of the attempt to merge a branch.
pub(super) enum Attempt {
    /// It is in already.
    Contained,
    /// It is merged.
    Merged,
    /// Its history has nothing in common with the chain's.
    Unrelated,
    /// It conflicts.
    Conflict(Failure),
}

/// A chain of merges that grows.
pub(super) struct Chain<'o, 'i> {
    inputs: Inputs<'i>,
    merger: Merger<'o>,
    memory: Memory,
    /// Every commit that may be merged, and the start.
    commits: Vec<Oid>,
    /// Their history; read when it is first needed.
    history: Option<Option<History>>,
    /// Those of them that have nothing in common with the start.
    unrelated: HashSet<Oid>,
    /// What is in the chain.
    inside: Vec<Oid>,
    head: Oid,
    date: i64,
    /// The merges so far.
    pub(super) merges: Vec<Merged>,
    notices: Vec<String>,
}

impl<'o, 'i: 'o> Chain<'o, 'i> {
    pub(super) fn new(
        start: Oid,
        commits: Vec<Oid>,
        memory: Memory,
        inputs: Inputs<'i>,
        objects: &'o mut Objects,
    ) -> Result<Self, TipError> {
        let date = Parsed::read(objects, start)?.date;
        Ok(Chain {
            merger: Merger::new(inputs.repo, objects),
            inputs,
            memory,
            commits,
            history: None,
            unrelated: HashSet::new(),
            inside: vec![start],
            head: start,
            date,
            merges: Vec::new(),
            notices: Vec::new(),
        })
    }

    /// Merges a branch, or its last good commit.
    fn place(&mut self, planned: &Planned, notes: &mut Notes) -> Result<Branch, TipError> {
        let Planned { name, commit } = planned;
        let failure = match self.attempt(name, *commit)? {
            Attempt::Contained => return self.branch(planned, *commit, State::Contained),
            Attempt::Merged => return self.branch(planned, *commit, State::Merged),
            Attempt::Unrelated => {
                let what = format!("{name} at {} has no history in common with the base", commit.short());
                notes.notices.push(format!("{what}: the tip goes without it"));
                return self.branch(planned, *commit, State::LeftOut);
            }
            Attempt::Conflict(failure) => failure,
        };
        let paths: Vec<&str> = failure.conflicts.iter().map(|conflict| conflict.path.as_str()).collect();
        let what = format!("{name} at {} conflicts in {}", commit.short(), paths.join(", "));
        notes.failures.push(failure);
        let good = self.memory.last_good(name).filter(|good| good != commit);
        if let Some(good) = good
            && matches!(self.attempt(name, good)?, Attempt::Contained | Attempt::Merged)
        {
            notes.notices.push(format!("{what}: the tip keeps it at {}", good.short()));
            return self.branch(planned, good, State::HeldBack);
        }
        notes.notices.push(format!("{what}: the tip goes without it"));
        self.branch(planned, *commit, State::LeftOut)
    }

    fn branch(&mut self, planned: &Planned, commit: Oid, state: State) -> Result<Branch, TipError> {
        let subject = Parsed::read(self.merger.objects(), commit)?.subject().to_owned();
        let wanted = (commit != planned.commit).then_some(planned.commit);
        Ok(Branch { name: planned.name.clone(), state, commit, subject, wanted })
    }

    /// Merges a commit, if that can be done.
    pub(super) fn attempt(&mut self, name: &str, theirs: Oid) -> Result<Attempt, TipError> {
        let resolutions = self.inputs.resolutions.as_deref();
        let fixup = self.inputs.fixups.has(name).then(|| fixup::note(name));
        let known = self.memory.merge((self.head, theirs), resolutions, fixup.as_deref()).cloned();
        if let Some(known) = known {
            self.merged(name, theirs, known.tree, known.notes, true)?;
            return Ok(Attempt::Merged);
        }
        let Some(bases) = self.bases(theirs)? else { return Ok(Attempt::Contained) };
        if bases.is_empty() {
            return Ok(Attempt::Unrelated);
        }
        let outcome = self.merger.merge(&bases, self.head, theirs)?;
        let settled = self.merger.settle(outcome, self.inputs.resolver)?;
        if !settled.left.is_empty() {
            let (name, before) = (name.to_owned(), self.inside.clone());
            let (into, conflicts) = (self.head, settled.left);
            return Ok(Attempt::Conflict(Failure { name, commit: theirs, into, bases, before, conflicts }));
        }
        let (mut tree, mut notes) = (settled.tree, settled.notes);
        match self.inputs.fixups.fix(name, tree, self.merger.objects())? {
            Fixed::Nothing => {}
            Fixed::Applied { tree: fixed, note } => {
                tree = fixed;
                notes.push(note);
            }
            Fixed::Notice(notice) => self.notices.push(notice),
        }
        self.merged(name, theirs, tree, notes, false)?;
        Ok(Attempt::Merged)
    }

    /// The merge bases of the chain and a commit; none if it is in already.
    fn bases(&mut self, theirs: Oid) -> Result<Option<Vec<Oid>>, TipError> {
        if self.history.is_none() {
            let mut history = self.load_history()?;
            if let Some(history) = &mut history {
                self.inside.iter().for_each(|commit| history.add(*commit));
            }
            self.history = Some(history);
        }
        if self.unrelated.contains(&theirs) {
            return Ok(Some(Vec::new()));
        }
        if let Some(Some(history)) = &self.history {
            return Ok((!history.contains(theirs)).then(|| history.bases(theirs)));
        }
        // All have something in common with the start, but not with each other.
        self.merger.objects().store(self.head)?;
        let bases = self.merger.bases(self.head, theirs)?;
        Ok((bases != [theirs]).then_some(bases))
    }

    /// The history of all that may be merged, without what has nothing in common with the start.
    fn load_history(&mut self) -> Result<Option<History>, TipError> {
        let history = History::load(self.inputs.repo, &self.commits)?;
        if history.is_some() {
            return Ok(history);
        }
        let start = self.inside[0];
        for &commit in &self.commits {
            if self.merger.bases(start, commit)?.is_empty() {
                self.unrelated.insert(commit);
            }
        }
        self.commits.retain(|commit| !self.unrelated.contains(commit));
        Ok(History::load(self.inputs.repo, &self.commits)?)
    }

    fn merged(&mut self, name: &str, theirs: Oid, tree: Oid, notes: Vec<String>, reused: bool) -> Result<(), TipError> {
        self.date = self.date.max(Parsed::read(self.merger.objects(), theirs)?.date);
        let into = self.head;
        let parents = vec![into, theirs];
        // A note is one line: what the next tip reads back.
        let notes: Vec<String> =
            notes.iter().map(|note| note.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        self.head = self.commit(tree, parents, message(name, &notes));
        self.inside.push(theirs);
        if let Some(Some(history)) = &mut self.history {
            history.add(theirs);
        }
        self.merges.push(Merged { name: name.to_owned(), into, theirs, commit: self.head, notes, reused });
        Ok(())
    }

    fn commit(&mut self, tree: Oid, parents: Vec<Oid>, message: String) -> Oid {
        let commit = Commit { tree, parents, author: self.inputs.identity.clone(), date: self.date, message };
        self.merger.objects().write_commit(&commit)
    }

    /// Ends the chain with its manifest.
    pub(super) fn finish(&mut self, manifest: &Manifest) -> Result<Oid, TipError> {
        let head = self.head;
        let objects = self.merger.objects();
        let blob = objects.write(Kind::Blob, manifest.to_text().into_bytes());
        let tree = objects.tree_of(head)?;
        let tree = treeobj::update(objects, tree, &BTreeMap::from([(manifest::FILE.to_owned(), (Mode::File, blob))]))?;
        let message = manifest::message();
        Ok(self.commit(tree, vec![head], message))
    }
}

fn message(name: &str, notes: &[String]) -> String {
    let subject = format!("Merge {name} into {}\n", BranchName::tip());
    let notes: String = notes.iter().map(|note| format!("{note}\n")).collect();
    if notes.is_empty() { subject } else { format!("{subject}\n{notes}") }
}
