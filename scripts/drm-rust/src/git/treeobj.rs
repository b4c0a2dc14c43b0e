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

/// Writes a tree with some paths set to other entries. Unchanged directories keep their ids.
pub fn update(objects: &mut Objects, root: Oid, changes: &BTreeMap<String, (Mode, Oid)>) -> Result<Oid, ObjectError> {
    let mut entries = objects.tree(root)?;
    let mut below: BTreeMap<&str, BTreeMap<String, (Mode, Oid)>> = BTreeMap::new();
    for (path, &entry) in changes {
        match path.split_once('/') {
            None => drop(entries.insert(path.clone().into_bytes(), entry)),
            Some((dir, rest)) => drop(below.entry(dir).or_default().insert(rest.to_owned(), entry)),
        }
    }
    for (dir, changes) in below {
        let old = match entries.get(dir.as_bytes()) {
            Some(&(Mode::Tree, oid)) => oid,
            _ => objects.write(Kind::Tree, Vec::new()),
        };
        let new = update(objects, old, &changes)?;
        entries.insert(dir.as_bytes().to_vec(), (Mode::Tree, new));
    }
    Ok(objects.write(Kind::Tree, serialize(&entries)))
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
}
