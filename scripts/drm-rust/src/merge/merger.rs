// SPDX-License-Identifier: GPL-2.0-only

//! Merges of commits: trivial parts here, files that both sides changed and everything else by `git merge-tree`.

use std::collections::HashMap;
use std::rc::Rc;

use super::answer::{self, Answer};
use super::listing::{self, Edits, Listing, Trees};
use super::trivial::{self, Both, Plan};
use super::{Conflict, Contents, MergeError, Resolver, Side};
use crate::git::objects::{ObjectError, Objects};
use crate::git::pack::Kind;
use crate::git::treeobj::Mode;
use crate::git::{GitError, Oid, Repo, damage};

/// What a merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The tree of the merge.
    Clean(Oid),
    /// The two sides conflict.
    Conflicts {
        /// The tree as git leaves it, with conflict markers.
        tree: Oid,
        /// The paths in conflict, in order.
        conflicts: Vec<Conflict>,
    },
}

/// A merge whose conflicts went to a resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The tree; where conflicts are left, with their markers.
    pub tree: Oid,
    /// What the resolver says about the conflicts that it settled.
    pub notes: Vec<String>,
    /// The conflicts that are left.
    pub left: Vec<Conflict>,
}

/// How merges were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Here alone.
    pub trivial: usize,
    /// Here, but for files that both sides changed.
    pub contents: usize,
    /// By git.
    pub whole: usize,
}

/// Makes merges in one repository.
pub struct Merger<'a> {
    repo: &'a Repo,
    trees: Cached<'a>,
    /// How the merges were made so far.
    pub count: Count,
}

/// The directories of a repository, with new ones on top.
struct Cached<'a> {
    objects: &'a mut Objects,
    listings: HashMap<Oid, Option<Rc<Listing>>>,
}

impl Trees for Cached<'_> {
    type Error = ObjectError;

    fn read(&mut self, tree: Oid) -> Result<Option<Rc<Listing>>, ObjectError> {
        if let Some(listing) = self.listings.get(&tree) {
            return Ok(listing.clone());
        }
        let listing = Listing::parse(self.objects.read(tree, Kind::Tree)?).map(Rc::new);
        self.listings.insert(tree, listing.clone());
        Ok(listing)
    }

    fn prepare(&mut self, trees: &[Oid]) -> Result<(), ObjectError> {
        let new: Vec<Oid> = trees.iter().copied().filter(|tree| !self.listings.contains_key(tree)).collect();
        for (tree, data) in new.iter().zip(self.objects.read_all(&new, Kind::Tree)?) {
            self.listings.insert(*tree, Listing::parse(data).map(Rc::new));
        }
        Ok(())
    }

    fn write(&mut self, data: Vec<u8>) -> Oid {
        self.objects.write(Kind::Tree, data)
    }
}

impl Cached<'_> {
    /// What a path is below a tree.
    fn find(&mut self, root: Oid, path: &[u8]) -> Result<Side, ObjectError> {
        let mut found = Some((Mode::Tree, root));
        for name in path.split(|&byte| byte == b'/') {
            let Some((Mode::Tree, oid)) = found else { return Ok(None) };
            found = self.read(oid)?.and_then(|listing| listing.find(name));
        }
        Ok(found)
    }

    fn edited(&mut self, root: Oid, edits: &Edits) -> Result<Oid, ObjectError> {
        listing::apply(self, root, edits)?.ok_or(ObjectError::Malformed(root, "tree"))
    }
}

impl<'a> Merger<'a> {
    /// For a repository; new trees stay in `objects` until these are flushed.
    pub fn new(repo: &'a Repo, objects: &'a mut Objects) -> Self {
        Merger { repo, trees: Cached { objects, listings: HashMap::new() }, count: Count::default() }
    }

    /// The objects, new ones included.
    pub fn objects(&mut self) -> &mut Objects {
        self.trees.objects
    }

    /// All merge bases of two commits that are in the repository.
    pub fn bases(&self, ours: Oid, theirs: Oid) -> Result<Vec<Oid>, MergeError> {
        let process = self.repo.git(["merge-base", "--all", &ours.to_string(), &theirs.to_string()]);
        let output = damage::answer(&process)?;
        Ok(output.lines().iter().map(|line| self.repo.oid(&process, line)).collect::<Result<_, _>>()?)
    }

    /// Merges two commits whose merge bases are known.
    pub fn merge(&mut self, bases: &[Oid], ours: Oid, theirs: Oid) -> Result<Outcome, MergeError> {
        let &[base] = bases else {
            if bases.is_empty() {
                return Err(MergeError::Unrelated(ours, theirs));
            }
            self.trees.objects.store(ours)?;
            self.trees.objects.store(theirs)?;
            return self.whole(None, ours, theirs);
        };
        let mut tree_of = |commit| self.trees.objects.tree_of(commit);
        let (base, ours, theirs) = (tree_of(base)?, tree_of(ours)?, tree_of(theirs)?);
        self.merge_trees(base, ours, theirs)
    }

    /// Merges two trees that have one merge base.
    pub fn merge_trees(&mut self, base: Oid, ours: Oid, theirs: Oid) -> Result<Outcome, MergeError> {
        match trivial::merge(&mut self.trees, base, ours, theirs)? {
            Plan::Theirs => {
                self.count.trivial += 1;
                Ok(Outcome::Clean(theirs))
            }
            Plan::Trivial { edits, both } if both.is_empty() => {
                self.count.trivial += 1;
                Ok(Outcome::Clean(self.trees.edited(ours, &edits)?))
            }
            Plan::Trivial { edits, both } => self.contents(ours, edits, &both),
            Plan::NotTrivial(_) => {
                for tree in [base, ours, theirs] {
                    self.trees.objects.store(tree)?;
                }
                self.whole(Some(base), ours, theirs)
            }
        }
    }

    /// Lets git merge the files that both sides changed: in trees that hold nothing else. There is nothing in them that
    /// could be taken for renamed.
    fn contents(&mut self, ours: Oid, mut edits: Edits, both: &[Both]) -> Result<Outcome, MergeError> {
        self.count.contents += 1;
        let empty = self.trees.write(Vec::new());
        let mut small = [empty; 3];
        for (i, tree) in small.iter_mut().enumerate() {
            let files = both.iter().map(|both| (both.path.clone(), both.sides[i])).collect();
            *tree = self.trees.edited(empty, &files)?;
            self.trees.objects.store(*tree)?;
            for (_, oid) in both.iter().filter_map(|both| both.sides[i]) {
                self.trees.objects.store(oid)?;
            }
        }
        let [base, our, their] = small;
        let (clean, answer) = self.ask(Some(base), our, their)?;
        for both in both {
            edits.insert(both.path.clone(), self.trees.find(answer.tree, &both.path)?);
        }
        let tree = self.trees.edited(ours, &edits)?;
        self.outcome(clean, tree, &answer)
    }

    /// Lets git merge everything.
    fn whole(&mut self, base: Option<Oid>, ours: Oid, theirs: Oid) -> Result<Outcome, MergeError> {
        self.count.whole += 1;
        let (clean, answer) = self.ask(base, ours, theirs)?;
        self.outcome(clean, answer.tree, &answer)
    }

    /// Asks git for a merge. Attributes count for nothing: with those of a work tree, the same two commits would merge
    /// to one thing here and to another there, and a branch could decide how others are merged after it.
    fn ask(&self, base: Option<Oid>, ours: Oid, theirs: Oid) -> Result<(bool, Answer), MergeError> {
        // Git writes what it merges into files of their own: speed over size.
        let git = self.repo.plain(["-c", "core.looseCompression=1"])?;
        let process = git.args(["merge-tree", "--write-tree", "-z", "--messages"]);
        let process = process.args(base.map(|base| format!("--merge-base={base}")));
        let process = process.args([ours.to_string(), theirs.to_string()]);
        let output = process.output().map_err(GitError::from)?;
        if output.code != 0 && output.code != 1 {
            process.run().map_err(GitError::from)?;
        }
        let said = || MergeError::Answer(String::from_utf8_lossy(&output.stdout).into_owned());
        Ok((output.code == 0, answer::parse(&output.stdout).ok_or_else(said)?))
    }

    fn outcome(&mut self, clean: bool, tree: Oid, answer: &Answer) -> Result<Outcome, MergeError> {
        if clean {
            return Ok(Outcome::Clean(tree));
        }
        let mut conflicts = Vec::new();
        for (path, stages) in &answer.stages {
            let marked = self.trees.find(answer.tree, path)?.map(|(_, oid)| oid);
            conflicts.push(conflict(path, *stages, marked, answer));
        }
        // Git may be unsure where a path belongs without any path being in conflict.
        let pathless = |path: &Vec<u8>| !answer.stages.contains_key(path);
        let said = answer.messages.iter().filter(|message| message.kind.starts_with("CONFLICT"));
        for message in said.filter(|message| message.paths.iter().all(pathless)) {
            let path = message.paths.first().map_or(&b""[..], Vec::as_slice);
            conflicts.push(conflict(path, [None; 3], None, answer));
        }
        Ok(Outcome::Conflicts { tree, conflicts })
    }

    /// Lets a resolver settle what it knows of a merge's conflicts.
    pub fn settle(&mut self, outcome: Outcome, resolver: &mut dyn Resolver) -> Result<Settled, MergeError> {
        let (tree, conflicts) = match outcome {
            Outcome::Clean(tree) => return Ok(Settled { tree, notes: Vec::new(), left: Vec::new() }),
            Outcome::Conflicts { tree, conflicts } => (tree, conflicts),
        };
        let (mut edits, mut notes, mut left) = (Edits::new(), Vec::new(), Vec::new());
        for conflict in conflicts {
            let resolution = match can_be_resolved(&conflict) {
                true => resolver.resolve(&conflict, &self.read_contents(&conflict)?)?,
                false => None,
            };
            let Some(resolution) = resolution else {
                left.push(conflict);
                continue;
            };
            let entry = resolution.entry.map(|(mode, data)| (mode, self.trees.objects.write(Kind::Blob, data)));
            edits.insert(conflict.path.into_bytes(), entry);
            notes.push(resolution.note);
        }
        Ok(Settled { tree: self.trees.edited(tree, &edits)?, notes, left })
    }

    /// The bytes of a conflict's blobs.
    pub fn read_contents(&mut self, conflict: &Conflict) -> Result<Contents, MergeError> {
        let mut blob = |side: Side| match side {
            Some((Mode::File | Mode::Executable | Mode::Symlink, oid)) => self.trees.objects.blob(oid).map(Some),
            _ => Ok(None),
        };
        Ok(Contents {
            base: blob(conflict.base)?,
            ours: blob(conflict.ours)?,
            theirs: blob(conflict.theirs)?,
            marked: blob(conflict.marked.map(|oid| (Mode::File, oid)))?,
        })
    }
}

/// Only a conflict of files at a path that can be named.
fn can_be_resolved(conflict: &Conflict) -> bool {
    let sides = [conflict.base, conflict.ours, conflict.theirs];
    sides.iter().any(Option::is_some) && !conflict.path.contains(char::REPLACEMENT_CHARACTER)
}

fn conflict(path: &[u8], stages: [Side; 3], marked: Option<Oid>, answer: &Answer) -> Conflict {
    let about = |message: &&answer::Message| message.paths.iter().any(|named| named == path);
    let mut said = answer.messages.iter().filter(|message| message.kind.starts_with("CONFLICT"));
    let said = said.clone().find(about).or_else(|| said.next());
    let is_new = |oid: &Oid| stages.iter().flatten().all(|(_, side)| side != oid);
    let kind = said.map(|said| said.kind.clone()).unwrap_or_default();
    Conflict {
        path: String::from_utf8_lossy(path).into_owned(),
        base: stages[0],
        ours: stages[1],
        theirs: stages[2],
        marked: marked.filter(is_new).filter(|_| stages[1].is_some() && stages[2].is_some()),
        message: said.map(|said| said.text.clone()).unwrap_or_default(),
        kind,
    }
}
