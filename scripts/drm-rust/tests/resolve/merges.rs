// SPDX-License-Identifier: GPL-2.0-only

//! The conflicts of a merge, as `git merge-tree` tells them.

use std::collections::BTreeMap;

use drm_rust::git::Oid;
use drm_rust::git::objects::Objects;
use drm_rust::git::treeobj::{self, Mode};
use drm_rust::merge::{Conflict, Contents, Side};

use crate::repo::Repo;

fn mode(text: &str) -> Mode {
    match text {
        "100644" => Mode::File,
        "100755" => Mode::Executable,
        "120000" => Mode::Symlink,
        other => panic!("{other}"),
    }
}

/// Merges two branches and gives the conflicts, with their contents.
pub(crate) fn conflicts(repo: &Repo, ours: &str, theirs: &str) -> Vec<(Conflict, Contents)> {
    let output = repo.try_git(&["merge-tree", "--write-tree", "-z", ours, theirs]);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut fields = text.split('\0');
    let tree: Oid = fields.next().unwrap().parse().unwrap();
    let mut sides: BTreeMap<String, [Side; 3]> = BTreeMap::new();
    for entry in fields.by_ref().take_while(|field| !field.is_empty()) {
        let (words, path) = entry.split_once('\t').unwrap();
        let words: Vec<&str> = words.split(' ').collect();
        let stage: usize = words[2].parse().unwrap();
        sides.entry(path.to_owned()).or_default()[stage - 1] = Some((mode(words[0]), words[1].parse().unwrap()));
    }
    let mut kinds = BTreeMap::new();
    while let Some(count) = fields.next().and_then(|field| field.parse::<usize>().ok()) {
        let paths: Vec<&str> = fields.by_ref().take(count).collect();
        let (kind, message) = (fields.next().unwrap(), fields.next().unwrap());
        if kind.starts_with("CONFLICT") {
            paths.iter().for_each(|path| drop(kinds.insert(path.to_string(), (kind.to_owned(), message.to_owned()))));
        }
    }
    let mut objects = Objects::new(&drm_rust::git::Repo::at(repo.path("")));
    let found = sides.into_iter().map(|(path, [base, ours, theirs])| {
        let (kind, message) = kinds.get(&path).cloned().unwrap_or_default();
        let in_tree = treeobj::lookup(&mut objects, tree, &path).unwrap();
        let known = [base, ours, theirs].contains(&in_tree);
        let marked = in_tree.filter(|_| !known).map(|(_, oid)| oid);
        let conflict = Conflict { path, base, ours, theirs, marked, kind, message };
        let mut read = |side: Option<Oid>| side.map(|oid| objects.blob(oid).unwrap());
        let side = |side: Side| side.map(|(_, oid)| oid);
        let contents = Contents {
            base: read(side(base)),
            ours: read(side(ours)),
            theirs: read(side(theirs)),
            marked: read(marked),
        };
        (conflict, contents)
    });
    found.collect()
}
