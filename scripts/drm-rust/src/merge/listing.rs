// SPDX-License-Identifier: GPL-2.0-only

//! A directory as git stores it, read without copying its names, and changed byte for byte.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::Side;
use crate::git::Oid;
use crate::git::treeobj::Mode;

/// The id of a directory without entries.
pub const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Where directories come from and go to.
pub trait Trees {
    /// Why reading fails.
    type Error;
    /// Reads a directory; none where it is not written as git itself writes it (see [`Listing::parse`]).
    fn read(&mut self, tree: Oid) -> Result<Option<Rc<Listing>>, Self::Error>;
    /// Is told of directories that will be read, which may be faster at once.
    fn prepare(&mut self, _trees: &[Oid]) -> Result<(), Self::Error> {
        Ok(())
    }
    /// Keeps the bytes of a directory and gives its id.
    fn write(&mut self, data: Vec<u8>) -> Oid;
}

/// A directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    data: Vec<u8>,
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    name: Range<u32>,
    mode: Mode,
    oid: Oid,
}

/// An entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its mode.
    pub mode: Mode,
    /// What it holds.
    pub oid: Oid,
}

impl Entry<'_> {
    /// Mode and object.
    pub fn value(&self) -> (Mode, Oid) {
        (self.mode, self.oid)
    }

    /// Git's order: a directory's name counts as if it ended in `/`.
    pub fn order(&self, other: &Entry<'_>) -> Ordering {
        order((self.name, self.mode), (other.name, other.mode))
    }
}

fn order(a: (&[u8], Mode), b: (&[u8], Mode)) -> Ordering {
    let slash = |mode| (mode == Mode::Tree).then_some(&b'/');
    a.0.iter().chain(slash(a.1)).cmp(b.0.iter().chain(slash(b.1)))
}

impl Listing {
    /// Reads a directory's bytes. None unless they are what git writes: in order, each name once, no mode of old
    /// times and no empty directory. Git would write such a directory differently after a change.
    pub fn parse(data: Vec<u8>) -> Option<Listing> {
        let empty: Oid = EMPTY.parse().expect("a well-formed id");
        let mut items: Vec<Item> = Vec::new();
        let mut at = 0;
        while at < data.len() {
            let space = at + data[at..].iter().position(|&byte| byte == b' ')?;
            let nul = space + 1 + data[space + 1..].iter().position(|&byte| byte == 0)?;
            let mode = Mode::parse(&data[at..space]).filter(|mode| mode.octal().as_bytes() == &data[at..space])?;
            let oid = Oid::from_bytes(data.get(nul + 1..nul + 21)?.try_into().ok()?);
            let name = space + 1..nul;
            if name.is_empty() || data[name.clone()].contains(&b'/') || oid == empty {
                return None;
            }
            if let Some(last) = items.last() {
                let before = &data[last.name.start as usize..last.name.end as usize];
                if order((before, last.mode), (&data[name.clone()], mode)) != Ordering::Less
                    || before == &data[name.clone()]
                {
                    return None;
                }
            }
            items.push(Item { name: u32::try_from(name.start).ok()?..u32::try_from(name.end).ok()?, mode, oid });
            at = nul + 21;
        }
        Some(Listing { data, items })
    }

    fn entry(&self, item: &Item) -> Entry<'_> {
        Entry { name: &self.data[item.name.start as usize..item.name.end as usize], mode: item.mode, oid: item.oid }
    }

    /// The entries in git's order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        self.items.iter().map(|item| self.entry(item))
    }

    /// The entry of this name, a directory or not.
    pub fn find(&self, name: &[u8]) -> Side {
        let find = |mode| {
            let place = self.items.binary_search_by(|item| {
                let entry = self.entry(item);
                order((entry.name, entry.mode), (name, mode))
            });
            place.ok().map(|place| (self.items[place].mode, self.items[place].oid))
        };
        // Whatever is no directory sorts the same.
        find(Mode::File).or_else(|| find(Mode::Tree))
    }
}

/// Changes of a tree: paths, and what they shall be; none where they go away.
pub type Edits = BTreeMap<Vec<u8>, Side>;

/// Makes changes in a tree and gives the new one's id. Directories that lose their last entry go away, as git has
/// none without entries; none where a directory on the way cannot be read exactly.
pub fn apply<T: Trees>(trees: &mut T, root: Oid, edits: &Edits) -> Result<Option<Oid>, T::Error> {
    if edits.is_empty() {
        return Ok(Some(root));
    }
    let edits: Vec<(&[u8], Side)> = edits.iter().map(|(path, side)| (path.as_slice(), *side)).collect();
    Ok(directory(trees, Some(root), &edits)?.map(|data| trees.write(data)))
}

/// The bytes of a directory after its edits.
fn directory<T: Trees>(trees: &mut T, old: Option<Oid>, edits: &[(&[u8], Side)]) -> Result<Option<Vec<u8>>, T::Error> {
    let listing = match old {
        Some(oid) => match trees.read(oid)? {
            Some(listing) => listing,
            None => return Ok(None),
        },
        None => Rc::new(Listing::default()),
    };
    // What stands at each changed name afterwards.
    let mut changed: BTreeMap<&[u8], Side> = BTreeMap::new();
    let mut below: BTreeMap<&[u8], Vec<(&[u8], Side)>> = BTreeMap::new();
    for &(path, side) in edits {
        match path.iter().position(|&byte| byte == b'/') {
            None => drop(changed.insert(path, side)),
            Some(slash) => below.entry(&path[..slash]).or_default().push((&path[slash + 1..], side)),
        }
    }
    for (name, edits) in below {
        let before = changed.get(name).copied().unwrap_or_else(|| listing.find(name));
        let before_tree = before.filter(|(mode, _)| *mode == Mode::Tree).map(|(_, oid)| oid);
        if before_tree.is_none() && edits.iter().all(|(_, side)| side.is_none()) {
            continue;
        }
        let Some(data) = directory(trees, before_tree, &edits)? else { return Ok(None) };
        let after = (!data.is_empty()).then(|| (Mode::Tree, trees.write(data)));
        changed.insert(name, after);
    }
    Ok(Some(splice(&listing, &changed)))
}

/// The bytes of a directory with some names changed.
fn splice(listing: &Listing, changed: &BTreeMap<&[u8], Side>) -> Vec<u8> {
    let kept = listing.entries().filter(|entry| !changed.contains_key(entry.name));
    let new = changed.iter().filter_map(|(&name, side)| side.map(|(mode, oid)| Entry { name, mode, oid }));
    let mut entries: Vec<Entry<'_>> = kept.chain(new).collect();
    entries.sort_by(Entry::order);
    let mut data = Vec::with_capacity(listing.data.len() + 64 * changed.len());
    for entry in entries {
        data.extend(entry.mode.octal().as_bytes());
        data.push(b' ');
        data.extend(entry.name);
        data.push(0);
        data.extend(entry.oid.as_bytes());
    }
    data
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;
    use std::convert::Infallible;

    use super::*;
    use crate::git::pack::{Kind, object_id};

    /// Trees in memory.
    #[derive(Default)]
    pub(crate) struct Memory(pub(crate) HashMap<Oid, Vec<u8>>);

    impl Trees for Memory {
        type Error = Infallible;

        fn read(&mut self, tree: Oid) -> Result<Option<Rc<Listing>>, Infallible> {
            Ok(Listing::parse(self.0[&tree].clone()).map(Rc::new))
        }

        fn write(&mut self, data: Vec<u8>) -> Oid {
            let oid = object_id(Kind::Tree, &data);
            self.0.insert(oid, data);
            oid
        }
    }

    fn file(n: u8) -> Side {
        Some((Mode::File, Oid::from_bytes([n; 20])))
    }

    fn edits(list: &[(&str, Side)]) -> Edits {
        list.iter().map(|(path, side)| (path.as_bytes().to_vec(), *side)).collect()
    }

    /// A tree of these files.
    pub(crate) fn tree(memory: &mut Memory, files: &Edits) -> Oid {
        let root = memory.write(Vec::new());
        apply(memory, root, files).unwrap().unwrap()
    }

    #[test]
    fn edits_give_the_tree_of_the_files_that_are_left() {
        let mut memory = Memory::default();
        let all = [("a", file(1)), ("d/e/f", file(2)), ("d/e.c", file(3)), ("d/e0", file(4)), ("z/z", file(5))];
        let old = tree(&mut memory, &edits(&all));
        let change = edits(&[("d/e/f", None), ("d/e", file(6)), ("z/z", None), ("n/o/p", file(7)), ("no/thing", None)]);
        let new = apply(&mut memory, old, &change).unwrap().unwrap();
        let left = [("a", file(1)), ("d/e", file(6)), ("d/e.c", file(3)), ("d/e0", file(4)), ("n/o/p", file(7))];
        assert_eq!(new, tree(&mut memory, &edits(&left)));
        let none = edits(&left.map(|(path, _)| (path, None)));
        assert_eq!(apply(&mut memory, new, &none).unwrap().unwrap().to_string(), EMPTY);
    }

    #[test]
    fn names_are_found_as_files_and_as_directories() {
        let mut memory = Memory::default();
        let root = tree(&mut memory, &edits(&[("a.c", file(1)), ("a/x", file(2)), ("a0", file(3))]));
        let listing = memory.read(root).unwrap().unwrap();
        assert_eq!(listing.find(b"a.c"), file(1));
        assert_eq!(listing.find(b"a").unwrap().0, Mode::Tree);
        assert_eq!(listing.find(b"a0"), file(3));
        assert_eq!(listing.find(b"b"), None);
    }

    #[test]
    fn what_git_would_write_differently_is_not_read() {
        let entry =
            |mode: &str, name: &str, byte| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[byte; 20]].concat();
        let good = [entry("100644", "a", 1), entry("40000", "b", 2)].concat();
        assert!(Listing::parse(good.clone()).is_some());
        let empty: Oid = EMPTY.parse().unwrap();
        for bad in [
            [entry("100644", "b", 1), entry("100644", "a", 1)].concat(),
            [entry("100644", "a", 1), entry("100644", "a", 1)].concat(),
            [entry("100644", "a", 1), entry("40000", "a", 1)].concat(),
            entry("100664", "a", 1),
            entry("040000", "a", 1),
            entry("100644", "", 1),
            entry("100644", "a/b", 1),
            [b"40000 a\0".to_vec(), empty.as_bytes().to_vec()].concat(),
            good[..good.len() - 1].to_vec(),
        ] {
            assert_eq!(Listing::parse(bad), None);
        }
    }
}
