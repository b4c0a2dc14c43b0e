// SPDX-License-Identifier: GPL-2.0-only

//! Tree objects: reading, changing and writing directories.

use std::collections::BTreeMap;

use super::Oid;
use super::objects::{ObjectError, Objects};
use super::pack::Kind;

/// The mode of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A file.
    File,
    /// An executable file.
    Executable,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Tree,
    /// A commit of another repository.
    Submodule,
}

impl Mode {
    /// The octal number that stands for it in trees.
    pub fn octal(self) -> &'static str {
        match self {
            Mode::File => "100644",
            Mode::Executable => "100755",
            Mode::Symlink => "120000",
            Mode::Tree => "40000",
            Mode::Submodule => "160000",
        }
    }

    /// The mode that an octal number of a tree or an index stands for.
    pub fn parse(text: &[u8]) -> Option<Mode> {
        Some(match text {
            // Group-writable files occur in old histories.
            b"100644" | b"100664" => Mode::File,
            b"100755" => Mode::Executable,
            b"120000" => Mode::Symlink,
            b"40000" => Mode::Tree,
            b"160000" => Mode::Submodule,
            _ => return None,
        })
    }
}

/// A directory: names to entries, in any order.
pub type Entries = BTreeMap<Vec<u8>, (Mode, Oid)>;

/// Reads the bytes of a tree object.
pub fn parse(data: &[u8]) -> Option<Entries> {
    let mut entries = Entries::new();
    let mut rest = data;
    while !rest.is_empty() {
        let space = rest.iter().position(|&b| b == b' ')?;
        let nul = rest.iter().position(|&b| b == 0)?;
        let mode = Mode::parse(rest.get(..space)?)?;
        let name = rest.get(space + 1..nul)?.to_vec();
        let oid: [u8; 20] = rest.get(nul + 1..nul + 21)?.try_into().ok()?;
        entries.insert(name, (mode, Oid::from_bytes(oid)));
        rest = &rest[nul + 21..];
    }
    Some(entries)
}

/// The bytes of a tree object, in git's order: directories sort as if their names ended in `/`.
pub fn serialize(entries: &Entries) -> Vec<u8> {
    let mut sorted: Vec<_> = entries.iter().collect();
    let key = |name: &[u8], mode: Mode| {
        let mut key = name.to_vec();
        if mode == Mode::Tree {
            key.push(b'/');
        }
        key
    };
    sorted.sort_by_cached_key(|(name, (mode, _))| key(name, *mode));
    let mut data = Vec::new();
    for (name, (mode, oid)) in sorted {
        data.extend(mode.octal().as_bytes());
        data.push(b' ');
        data.extend(name);
        data.push(0);
        data.extend(oid.as_bytes());
    }
    data
}

/// Finds a path below a tree.
pub fn lookup(objects: &mut Objects, root: Oid, path: &str) -> Result<Option<(Mode, Oid)>, ObjectError> {
    let mut found = (Mode::Tree, root);
    for part in path.split('/') {
        if found.0 != Mode::Tree {
            return Ok(None);
        }
        match objects.tree(found.1)?.get(part.as_bytes()) {
            Some(&entry) => found = entry,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// What a path is, or shall be; none where it is not there.
pub type Side = Option<(Mode, Oid)>;

/// Writes a tree with some paths set to other entries. Unchanged directories keep their ids.
pub fn update(objects: &mut Objects, root: Oid, changes: &BTreeMap<String, (Mode, Oid)>) -> Result<Oid, ObjectError> {
    change(objects, root, &changes.iter().map(|(path, &entry)| (path.clone(), Some(entry))).collect())
}

/// As [`update`], for paths that may also go away. Directories that get empty go away, too.
pub fn change(objects: &mut Objects, root: Oid, changes: &BTreeMap<String, Side>) -> Result<Oid, ObjectError> {
    let mut entries = objects.tree(root)?;
    let mut below: BTreeMap<&str, BTreeMap<String, Side>> = BTreeMap::new();
    for (path, &side) in changes {
        match (path.split_once('/'), side) {
            (None, Some(entry)) => drop(entries.insert(path.clone().into_bytes(), entry)),
            (None, None) => drop(entries.remove(path.as_bytes())),
            (Some((dir, rest)), side) => drop(below.entry(dir).or_default().insert(rest.to_owned(), side)),
        }
    }
    let empty = objects.write(Kind::Tree, Vec::new());
    for (dir, changes) in below {
        let old = match entries.get(dir.as_bytes()) {
            Some(&(Mode::Tree, oid)) => oid,
            // A file took the place of the directory.
            Some(_) if changes.values().all(Option::is_none) => continue,
            _ => empty,
        };
        match change(objects, old, &changes)? {
            new if new == empty => drop(entries.remove(dir.as_bytes())),
            new => drop(entries.insert(dir.as_bytes().to_vec(), (Mode::Tree, new))),
        }
    }
    Ok(objects.write(Kind::Tree, serialize(&entries)))
}

/// What differs between two trees: every path that is no directory, with what it was and what it is.
pub fn diff(objects: &mut Objects, old: Oid, new: Oid) -> Result<BTreeMap<Vec<u8>, (Side, Side)>, ObjectError> {
    let mut found = BTreeMap::new();
    diff_below(objects, b"", (Some(old), Some(new)), &mut found)?;
    Ok(found)
}

fn diff_below(
    objects: &mut Objects,
    prefix: &[u8],
    (old, new): (Option<Oid>, Option<Oid>),
    found: &mut BTreeMap<Vec<u8>, (Side, Side)>,
) -> Result<(), ObjectError> {
    let mut read = |oid: Option<Oid>| oid.map_or(Ok(Entries::new()), |oid| objects.tree(oid));
    let (old, new) = (read(old)?, read(new)?);
    let names: std::collections::BTreeSet<&Vec<u8>> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (before, after) = (old.get(name).copied(), new.get(name).copied());
        if before == after {
            continue;
        }
        let path = [prefix, name].concat();
        let tree = |side: Side| side.filter(|(mode, _)| *mode == Mode::Tree).map(|(_, oid)| oid);
        let file = |side: Side| side.filter(|(mode, _)| *mode != Mode::Tree);
        if tree(before).is_some() || tree(after).is_some() {
            diff_below(objects, &[&path[..], b"/"].concat(), (tree(before), tree(after)), found)?;
        }
        if file(before).is_some() || file(after).is_some() {
            found.insert(path, (file(before), file(after)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_sort_with_a_slash() {
        let oid = Oid::from_bytes([7; 20]);
        let mut entries = Entries::new();
        entries.insert(b"a".to_vec(), (Mode::Tree, oid));
        entries.insert(b"a.c".to_vec(), (Mode::File, oid));
        entries.insert(b"a0".to_vec(), (Mode::File, oid));
        let data = serialize(&entries);
        let place = |needle: &[u8]| data.windows(needle.len()).position(|w| w == needle).unwrap();
        assert!(place(b" a.c\0") < place(b" a\0") && place(b" a\0") < place(b" a0\0"));
        assert_eq!(parse(&data).unwrap(), entries);
    }

    #[test]
    fn damaged_trees_are_refused() {
        for bad in [&b"100644 a"[..], b"100644 a\0short", b"999999 a\0aaaaaaaaaaaaaaaaaaaa", b"x"] {
            assert!(parse(bad).is_none());
        }
    }

    #[test]
    fn a_change_and_its_difference_belong_together() {
        let dir = tempfile::tempdir().unwrap();
        let mut objects = Objects::new(&crate::git::Repo::at(dir.path()));
        let oid = |n| Some((Mode::File, Oid::from_bytes([n; 20])));
        let start = objects.write(Kind::Tree, Vec::new());
        let paths = |list: &[(&str, Side)]| list.iter().map(|(path, side)| ((*path).to_owned(), *side)).collect();
        let first = change(&mut objects, start, &paths(&[("a/b/c", oid(1)), ("a/d", oid(2)), ("e", oid(3))])).unwrap();
        // A directory becomes a file, a file a directory, and one gets empty.
        let changes = paths(&[("a/b/c", None), ("a/b", oid(4)), ("e", None), ("e/f", oid(5)), ("a/d", None)]);
        let second = change(&mut objects, first, &changes).unwrap();
        let found = diff(&mut objects, first, second).unwrap();
        let found: BTreeMap<String, Side> =
            found.into_iter().map(|(path, (_, new))| (String::from_utf8(path).unwrap(), new)).collect();
        assert_eq!(found, changes);
        let back: BTreeMap<String, Side> = diff(&mut objects, second, first)
            .unwrap()
            .into_iter()
            .map(|(path, (_, new))| (String::from_utf8(path).unwrap(), new))
            .collect();
        assert_eq!(change(&mut objects, second, &back).unwrap(), first);
        assert_eq!(change(&mut objects, first, &paths(&[("a/b/c", None), ("a/d", None), ("e", None)])).unwrap(), start);
    }
}
