// SPDX-License-Identifier: GPL-2.0-only

//! Fixups: patches that a merge needs although nothing conflicted, for example where one branch renames a function
//! and another one calls it. Each is tied to a branch, as `fixups/BRANCH.patch` of the store.
//!
//! A patch is applied by `git apply` to the files that it names, in an empty folder, so that neither the tree nor its
//! blobs need to be in the repository. It applies whole or not at all, and every line of context must be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::store::blob;
use super::{StoreError, is_plain, layout};
use crate::error::FileContext;
use crate::git::objects::{ObjectError, Objects};
use crate::git::pack::Kind;
use crate::git::settings;
use crate::git::treeobj::{self, Mode};
use crate::git::{Oid, Repo};
use crate::merge::ResolveError;

/// What applying a patch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patched {
    /// The tree with the patch.
    Tree(Oid),
    /// The tree has all of it already.
    NotNeeded,
    /// It does not fit; what git says.
    DoesNotApply(String),
}

/// What a fixup did to a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// There is none for this branch.
    Nothing,
    /// It was applied.
    Applied {
        /// The tree afterwards.
        tree: Oid,
        /// The line that the merge message gets.
        note: String,
    },
    /// It does not apply, or is no longer needed: the person is told.
    Notice(String),
}

/// Paths with their new entries; none where a path goes away.
type Edits = BTreeMap<String, Option<(Mode, Oid)>>;

/// The fixups of a store.
pub struct Fixups {
    stored: Objects,
    patches: BTreeMap<String, Oid>,
}

impl Fixups {
    /// The fixups of a store that is in a repository.
    pub fn new(repo: &Repo, patches: BTreeMap<String, Oid>) -> Self {
        Fixups { stored: Objects::new(repo), patches }
    }

    /// The fixups of a store's commit; none without one.
    pub fn of(repo: &Repo, commit: Option<Oid>) -> Result<Self, StoreError> {
        let mut stored = Objects::new(repo);
        let patches = match commit {
            Some(commit) => {
                let tree = stored.tree_of(commit)?;
                layout::fixups(&mut stored, tree)?
            }
            None => BTreeMap::new(),
        };
        Ok(Fixups { stored, patches })
    }

    /// Whether there is one for a branch.
    pub fn has(&self, branch: &str) -> bool {
        self.patches.contains_key(branch)
    }

    /// Applies it to the tree of the branch's merge.
    pub fn fix(&mut self, branch: &str, tree: Oid, objects: &mut Objects) -> Result<Fixed, ResolveError> {
        let Some(&patch) = self.patches.get(branch) else { return Ok(Fixed::Nothing) };
        let patch = self.stored.blob(patch).map_err(ResolveError::new)?;
        Ok(match apply(objects, tree, &patch).map_err(ResolveError::new)? {
            Patched::Tree(tree) => Fixed::Applied { tree, note: note(branch) },
            Patched::NotNeeded => {
                Fixed::Notice(format!("fixups/{branch}.patch is no longer needed: the tree has all of it"))
            }
            Patched::DoesNotApply(why) => Fixed::Notice(format!("fixups/{branch}.patch does not apply:\n{why}")),
        })
    }
}

/// What a merge says that a fixup was applied to.
pub fn note(branch: &str) -> String {
    format!("fixups/{branch}.patch applied")
}

/// Applies a patch to a tree.
pub fn apply(objects: &mut Objects, tree: Oid, patch: &[u8]) -> Result<Patched, StoreError> {
    let dir = tempfile::tempdir().at("create", "a temporary folder")?;
    let top = dir.path().join("tree");
    fs::create_dir(&top).at("create", &top)?;
    let before = lay_out(objects, tree, patch, &top)?;
    let git = |how: &[&str]| {
        let process = settings::alone(["apply", "--whitespace=nowarn"]).args(how);
        process.dir(&top).input(patch).output()
    };
    let applied = git(&["-"])?;
    if applied.code == 0 {
        let mut edits = Edits::new();
        read_back(objects, &top, "", &mut edits)?;
        for path in before {
            edits.entry(path).or_insert(None);
        }
        let new = edit(objects, tree, &edits)?;
        let empty = || objects.write(Kind::Tree, Vec::new());
        return Ok(Patched::Tree(new.unwrap_or_else(empty)));
    }
    if git(&["--reverse", "--check", "-"])?.code == 0 {
        return Ok(Patched::NotNeeded);
    }
    Ok(Patched::DoesNotApply(String::from_utf8_lossy(&applied.stderr).trim_end().to_owned()))
}

/// The files that a patch changes, as git reads it; an error where it is no patch.
pub fn files(patch: &[u8]) -> Result<Vec<String>, StoreError> {
    let dir = tempfile::tempdir().at("create", "a temporary folder")?;
    let process = settings::alone(["apply", "--numstat", "-z", "-"]).input(patch);
    let output = process.dir(dir.path()).output()?;
    if output.code != 0 {
        return Err(StoreError::NoPatch(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = text.split('\0').filter_map(|entry| entry.splitn(3, '\t').nth(2));
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    Ok(names.into_iter().collect())
}

/// Writes the files that a patch may touch into a folder, and gives their paths.
fn lay_out(objects: &mut Objects, tree: Oid, patch: &[u8], top: &Path) -> Result<BTreeSet<String>, StoreError> {
    let mut written = BTreeSet::new();
    for path in paths(patch).into_iter().filter(|path| is_plain(path)) {
        // A file may stand where the patch has a folder.
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        for path in ends.map(|end| &path[..end]) {
            let Some((mode, oid)) = treeobj::lookup(objects, tree, path)? else { break };
            if mode == Mode::Tree || mode == Mode::Submodule || !written.insert(path.to_owned()) {
                continue;
            }
            let file = top.join(path);
            let parent = file.parent().expect("a file is in a folder");
            fs::create_dir_all(parent).at("create", parent)?;
            let content = objects.blob(oid)?;
            if mode == Mode::Symlink {
                symlink(std::ffi::OsStr::from_bytes(&content), &file).at("write", &file)?;
                continue;
            }
            fs::write(&file, content).at("write", &file)?;
            if mode == Mode::Executable {
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).at("write", &file)?;
            }
        }
    }
    Ok(written)
}

/// Takes the files of a folder as blobs.
fn read_back(objects: &mut Objects, dir: &Path, prefix: &str, edits: &mut Edits) -> Result<(), StoreError> {
    for entry in fs::read_dir(dir).at("read", dir)? {
        let path = entry.at("read", dir)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{prefix}{name}");
        let metadata = path.symlink_metadata().at("read", &path)?;
        if metadata.is_dir() {
            read_back(objects, &path, &format!("{name}/"), edits)?;
            continue;
        }
        let (mode, content) = match metadata.is_symlink() {
            true => (Mode::Symlink, fs::read_link(&path).at("read", &path)?.into_os_string().into_encoded_bytes()),
            false if metadata.permissions().mode() & 0o100 != 0 => {
                (Mode::Executable, fs::read(&path).at("read", &path)?)
            }
            false => (Mode::File, fs::read(&path).at("read", &path)?),
        };
        edits.insert(name, Some((mode, blob(objects, &content))));
    }
    Ok(())
}

/// Writes a tree with some paths set or removed; none where nothing is left of it.
fn edit(objects: &mut Objects, root: Oid, edits: &Edits) -> Result<Option<Oid>, ObjectError> {
    let mut entries = objects.tree(root)?;
    let mut below: BTreeMap<&str, Edits> = BTreeMap::new();
    for (path, entry) in edits {
        match (path.split_once('/'), entry) {
            (Some((dir, rest)), _) => drop(below.entry(dir).or_default().insert(rest.to_owned(), *entry)),
            (None, Some(entry)) => drop(entries.insert(path.clone().into_bytes(), *entry)),
            (None, None) => drop(entries.remove(path.as_bytes())),
        }
    }
    for (dir, edits) in below {
        let old = match entries.get(dir.as_bytes()) {
            Some(&(Mode::Tree, oid)) => oid,
            _ if edits.values().all(Option::is_none) => continue,
            _ => objects.write(Kind::Tree, Vec::new()),
        };
        match edit(objects, old, &edits)? {
            Some(new) => drop(entries.insert(dir.as_bytes().to_vec(), (Mode::Tree, new))),
            None => drop(entries.remove(dir.as_bytes())),
        }
    }
    Ok((!entries.is_empty()).then(|| objects.write(Kind::Tree, treeobj::serialize(&entries))))
}

/// Every path that a patch may be about, and perhaps some more.
fn paths(patch: &[u8]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for line in patch.split(|&b| b == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\r');
        for start in ["--- ", "+++ "] {
            paths.extend(line.strip_prefix(start).and_then(|name| strip(&unquote(name.split('\t').next()?)?)));
        }
        for start in ["rename from ", "rename to ", "copy from ", "copy to "] {
            paths.extend(line.strip_prefix(start).and_then(unquote));
        }
        // Two equal names, one behind the other, where no line above tells the name.
        if let Some(names) = line.strip_prefix("diff --git ") {
            let half = names.get(..names.len() / 2);
            paths.extend(half.and_then(|name| strip(&unquote(name)?)));
        }
    }
    paths
}

/// A name without its first folder, `a/` or `b/`.
fn strip(name: &str) -> Option<String> {
    name.split_once('/').map(|(_, path)| path.to_owned()).filter(|path| !path.is_empty())
}

/// A name that may be in quotes, as git writes names with special characters.
fn unquote(name: &str) -> Option<String> {
    let Some(inner) = name.strip_prefix('"') else { return Some(name.to_owned()) };
    let inner = inner.strip_suffix('"')?.as_bytes();
    let mut bytes = Vec::new();
    let mut rest = inner.iter();
    while let Some(&byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match *rest.next()? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'v' => 11,
            b'f' => 12,
            digit @ b'0'..=b'3' => {
                let low = [*rest.next()?, *rest.next()?];
                let octal = [digit, low[0], low[1]].map(char::from);
                u8::from_str_radix(&String::from_iter(octal), 8).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_a_patch() {
        let patch = "diff --git a/x y b/x y\nold mode 100644\n--- a/p/q\t2026-01-01\n+++ /dev/null\n\
                     rename from \"a\\303\\244\\\"\"\nrename to b\n--- \"a/t\\tt\"\n+++ \"broken\n";
        let found: Vec<String> = paths(patch.as_bytes()).into_iter().collect();
        assert_eq!(found, ["aä\"", "b", "dev/null", "p/q", "t\tt", "x y"].map(str::to_owned).as_slice());
    }

    proptest::proptest! {
        #[test]
        fn any_patch_can_be_read(bytes: Vec<u8>, quoted: String) {
            paths(&bytes);
            paths(format!("--- \"{quoted}\"\ndiff --git {quoted}").as_bytes());
        }
    }
}
