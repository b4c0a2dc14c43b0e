// SPDX-License-Identifier: GPL-2.0-only

//! The part of a three-way merge of trees that needs no look into files, exactly as git's `ort` does it.
//!
//! [`merge`] walks the three trees. What is the same on two of the three sides takes the third's entry; what all
//! three have the same is not even read. Files that both sides changed are listed for git to merge. Wherever
//! `ort` might do anything else, the answer is [`Plan::NotTrivial`], and git merges the whole trees.
//!
//! # Why this is exact
//!
//! Without renames `ort` settles each path by its three versions alone (`process_entry()`): two equal ones leave
//! the third, a file on both sides is merged by content, and directories are just the paths in them. So it is
//! enough that no rename is detected, or that none has an effect, and that no path is a file on one side and a
//! directory on another.
//!
//! `ort` looks for renames on a side only if that side has a *relevant source* (`possible_side_renames()`): a
//! path of the base which the side lacks, and
//!
//! 1. whose content matters: the other side does not have it as the base has it (changed or deleted it, too), or
//! 2. whose place matters: it lies in a directory of the base which this side lacks, and the other side added a
//!    file to that directory (then the file may have to follow the directory).
//!
//! In the first case the path is a file that is gone on one side and differs from the base on the other. In the
//! second, let D be the topmost directory that the side lacks: the other side's D differs from the base's D, as it
//! has a file more. The walk reaches both: it descends exactly into directories that differ from the base on both
//! sides, and the parents of such a path do. There it finds a name that
//! one side lacks, and which is not the same in the base and on the other side: not trivial. A side that took a
//! directory's place with a file, or the reverse, is refused as well. Both sides having the same new directory
//! in place of one in the base (they share cherry-picked patches) does not hide a deleted file: the walk descends
//! there, too.
//!
//! Only one merge base is allowed: with several, `ort` merges these first.

use std::rc::Rc;

use super::Side;
use super::listing::{Edits, Entry, Listing, Trees};
use crate::git::Oid;
use crate::git::treeobj::Mode;

/// A file that both sides changed, or added differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both {
    /// Its path.
    pub path: Vec<u8>,
    /// What the base, our side and their side have; the base may have none.
    pub sides: [Side; 3],
}

/// What a merge comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Their tree: our side is the merge base.
    Theirs,
    /// Our tree with these changes, and whatever becomes of the files that both sides changed.
    Trivial {
        /// What their side changed.
        edits: Edits,
        /// What git has to merge.
        both: Vec<Both>,
    },
    /// Git has to merge the whole trees: this path may be more than a file that both sides changed.
    NotTrivial(Vec<u8>),
}

/// Plans the merge of three trees: of the merge base, ours and theirs.
pub fn merge<T: Trees>(trees: &mut T, base: Oid, ours: Oid, theirs: Oid) -> Result<Plan, T::Error> {
    if base == ours {
        return Ok(Plan::Theirs);
    }
    let mut walk = Walk { trees, edits: Edits::new(), both: Vec::new(), next: Vec::new() };
    let roots = [base, ours, theirs].map(|oid| Some((Mode::Tree, oid)));
    match walk.entry(Vec::new(), roots).and_then(|()| walk.all()) {
        Ok(()) => {}
        Err(Stop::NotTrivial(path)) => return Ok(Plan::NotTrivial(path)),
        Err(Stop::Error(error)) => return Err(error),
    }
    walk.both.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Plan::Trivial { edits: walk.edits, both: walk.both })
}

enum Stop<E> {
    NotTrivial(Vec<u8>),
    Error(E),
}

struct Walk<'a, T> {
    trees: &'a mut T,
    edits: Edits,
    both: Vec<Both>,
    /// Directories that both sides changed, which are still to be walked: all of one depth together.
    next: Vec<(Vec<u8>, [Side; 3])>,
}

fn is_tree(side: &Side) -> bool {
    matches!(side, Some((Mode::Tree, _)))
}

fn is_plain_file(side: &Side) -> bool {
    matches!(side, Some((Mode::File | Mode::Executable, _)))
}

impl<T: Trees> Walk<'_, T> {
    fn all(&mut self) -> Result<(), Stop<T::Error>> {
        while !self.next.is_empty() {
            let level = std::mem::take(&mut self.next);
            let mut trees: Vec<Oid> =
                level.iter().flat_map(|(_, sides)| sides.iter().flatten()).map(|side| side.1).collect();
            trees.sort_unstable();
            trees.dedup();
            self.trees.prepare(&trees).map_err(Stop::Error)?;
            level.into_iter().try_for_each(|(path, sides)| self.directory(&path, sides))?;
        }
        Ok(())
    }

    /// Settles one name of a directory.
    fn entry(&mut self, path: Vec<u8>, sides: [Side; 3]) -> Result<(), Stop<T::Error>> {
        let [base, ours, theirs] = sides;
        if base == theirs || (base.is_none() && ours == theirs) {
            return Ok(());
        }
        if base == ours {
            self.edits.insert(path, theirs);
            return Ok(());
        }
        let all = |kind: fn(&Side) -> bool| kind(&ours) && kind(&theirs) && (base.is_none() || kind(&base));
        if all(is_tree) {
            self.next.push((path, sides));
            return Ok(());
        }
        if ours == theirs && ours.is_some() {
            // A file of which both made the same.
            return Ok(());
        }
        if all(is_plain_file) {
            self.both.push(Both { path, sides });
            return Ok(());
        }
        Err(Stop::NotTrivial(path))
    }

    fn directory(&mut self, path: &[u8], sides: [Side; 3]) -> Result<(), Stop<T::Error>> {
        let mut listings: [Rc<Listing>; 3] = Default::default();
        for (listing, side) in listings.iter_mut().zip(sides) {
            let Some((_, oid)) = side else { continue };
            let read = self.trees.read(oid).map_err(Stop::Error)?;
            *listing = read.ok_or_else(|| Stop::NotTrivial(path.to_vec()))?;
        }
        for (name, sides) in join(&listings) {
            let path = if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() };
            if sides.iter().any(is_tree) && sides.iter().flatten().any(|(mode, _)| *mode != Mode::Tree) {
                return Err(Stop::NotTrivial(path));
            }
            self.entry(path, sides)?;
        }
        Ok(())
    }
}

/// The names of three directories that are not the same in all of them, with what each of them has there.
fn join(listings: &[Rc<Listing>; 3]) -> Vec<(&[u8], [Side; 3])> {
    let mut iterators = listings.each_ref().map(|listing| listing.entries().peekable());
    let mut names: Vec<(&[u8], [Side; 3])> = Vec::new();
    loop {
        let heads = iterators.each_mut().map(|entries| entries.peek().copied());
        let Some(first) = heads.into_iter().flatten().min_by(Entry::order) else { return names };
        let mut sides = [None; 3];
        for (side, (entries, head)) in sides.iter_mut().zip(iterators.iter_mut().zip(heads)) {
            if head.is_some_and(|head| head.order(&first).is_eq()) {
                *side = entries.next().map(|entry| entry.value());
            }
        }
        if sides.iter().any(|side| *side != sides[0]) {
            // A name that some side lacks may be of the other kind there.
            let sides = std::array::from_fn(|i| sides[i].or_else(|| listings[i].find(first.name)));
            names.push((first.name, sides));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::listing::apply;
    use super::super::listing::tests::{Memory, tree};
    use super::*;

    /// Files by path; a digit is a content, `x` after it an executable file, `l` a link, `s` a submodule.
    fn files(text: &str) -> Edits {
        let file = |word: &str| {
            let (path, content) = word.split_once('=').unwrap();
            let mode = match content.as_bytes().get(1) {
                None => Mode::File,
                Some(b'x') => Mode::Executable,
                Some(b'l') => Mode::Symlink,
                Some(_) => Mode::Submodule,
            };
            (path.as_bytes().to_vec(), Some((mode, Oid::from_bytes([content.as_bytes()[0]; 20]))))
        };
        text.split_whitespace().map(file).collect()
    }

    fn plan(memory: &mut Memory, sides: [&str; 3]) -> (Oid, Plan) {
        let [base, ours, theirs] = sides.map(|side| tree(memory, &files(side)));
        (ours, merge(memory, base, ours, theirs).unwrap())
    }

    #[track_caller]
    fn merges_to(sides: [&str; 3], expected: &str, both: &[&str]) {
        let mut memory = Memory::default();
        let (ours, plan) = plan(&mut memory, sides);
        let Plan::Trivial { edits, both: found } = plan else { panic!("{plan:?}") };
        assert_eq!(
            found.iter().map(|both| both.path.clone()).collect::<Vec<_>>(),
            both.iter().map(|b| b.as_bytes()).collect::<Vec<_>>()
        );
        let merged = apply(&mut memory, ours, &edits).unwrap().unwrap();
        assert_eq!(merged, tree(&mut memory, &files(expected)));
    }

    #[track_caller]
    fn is_gits(sides: [&str; 3], path: &str) {
        for sides in [sides, [sides[0], sides[2], sides[1]]] {
            assert_eq!(plan(&mut Memory::default(), sides).1, Plan::NotTrivial(path.into()));
        }
    }

    #[test]
    fn what_one_side_changed_is_taken() {
        merges_to(
            ["a=1 d/b=2 d/c=3", "a=4 d/b=2 d/c=3 d/n=5", "a=1 d/b=6x d/c=3 e/f=7"],
            "a=4 d/b=6x d/c=3 d/n=5 e/f=7",
            &[],
        );
        merges_to(["a=1 d/b=2 d/c=3", "a=1 d/c=3", "a=1 d/b=2 d/c=4l"], "a=1 d/c=4l", &[]);
        merges_to(["a=1 d/b=2 e=3s", "a=1 e=3s", "a=2 d/b=2 e=4s"], "a=2 e=4s", &[]);
        // A deletion here, an addition elsewhere: a rename perhaps, but one without effect.
        merges_to(["a=1 d/b=2 d/c=3", "a=1 d/c=3 n/b=2", "a=2 d/b=2 d/c=3 m=1"], "a=2 d/c=3 n/b=2 m=1", &[]);
    }

    #[test]
    fn what_both_made_the_same_stays() {
        merges_to(["a=1 b=1", "a=2 b=1 n/x=1", "a=2 b=3 n/x=1"], "a=2 b=3 n/x=1", &[]);
        merges_to(["d/a=1l d/b=1", "d/a=2l d/b=2", "d/a=2l d/b=1"], "d/a=2l d/b=2", &[]);
    }

    #[test]
    fn files_that_both_changed_are_listed() {
        merges_to(["d/a=1 d/b=1", "d/a=2 d/b=2", "d/a=3x d/b=1"], "d/a=2 d/b=2", &["d/a"]);
        merges_to(["x=1", "x=1 n/a=2", "x=1 n/a=3 n/b=1"], "x=1 n/a=2 n/b=1", &["n/a"]);
    }

    #[test]
    fn deleted_and_changed_is_gits() {
        is_gits(["a=1 b=1", "b=1", "a=2 b=1"], "a");
        is_gits(["d/a=1 d/b=1", "d/b=1", "d/a=1x d/b=1"], "d/a");
        is_gits(["d/a=1 b=1", "b=1", "d/a=2 b=1"], "d");
    }

    #[test]
    fn deleted_on_both_sides_is_gits() {
        is_gits(["d/a=1 b=1 d/c=1", "b=2 d/c=1", "b=1 d/c=2"], "d/a");
        // Also where both sides have the same directory.
        is_gits(["d/a=1 b=1 d/c=1", "b=2 d/c=1", "b=1 d/c=1"], "d/a");
    }

    #[test]
    fn added_to_a_directory_that_the_other_side_lacks_is_gits() {
        is_gits(["d/a=1 d/e/b=1 c=1", "n/a=1 n/e/b=1 c=1", "d/a=1 d/e/b=1 d/new=2 c=1"], "d");
        is_gits(["d/a=1 d/e/b=1 c=1", "d/a=1 n/b=1 c=1", "d/a=1 d/e/b=1 d/e/f/new=2 c=1"], "d/e");
    }

    #[test]
    fn a_file_and_a_directory_of_one_name_are_gits() {
        is_gits(["a=1", "a=1 n=1", "a=1 n/x=1"], "n");
        is_gits(["a=1 b=1", "a=1 b=2", "a/x=1 b=1"], "a");
        is_gits(["a.c=1 a=1 b=1", "a.c=2 a=1 b=1", "a.c=1 a/x=1 b=1"], "a");
        is_gits(["d/a=1 b=1", "d=1 b=2", "d/a=1 b=3"], "d");
    }

    #[test]
    fn links_and_submodules_that_both_changed_are_gits() {
        is_gits(["a=1l", "a=2l", "a=3l"], "a");
        is_gits(["a=1s", "a=2s", "a=3s"], "a");
        is_gits(["a=1", "a=2", "a=3l"], "a");
    }
}
