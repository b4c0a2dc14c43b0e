// SPDX-License-Identifier: GPL-2.0-only

//! Which patch an overlay file comes from, as files are added, renamed and deleted from patch to patch.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::{Manifest, Patch};
use super::overlay::path_error;
use super::{Problem, Topics, manifest_path, validate};
use crate::git::TopicName;

/// The patch that added a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its topic.
    pub topic: TopicName,
    /// Its place in the topic.
    pub patch: usize,
}

/// The overlay files after all patches, by path.
pub type Owners = BTreeMap<String, Origin>;

/// Follows the files of topics, which come in the order in which they are merged.
pub fn follow(topics: &Topics, order: &[TopicName]) -> (Owners, Vec<Problem>) {
    let mut walk = Walk::default();
    for name in order {
        let stands_on = requires(topics, name);
        for (i, patch) in topics[name].patches.iter().enumerate() {
            let at = At { topic: name, manifest: &topics[name], index: i, stands_on: &stands_on };
            walk.patch(&at, patch);
        }
    }
    (walk.owners, walk.problems)
}

/// The overlay files of all topics. Where topics are in a circle, they are followed as far as that goes.
pub fn files(topics: &Topics) -> BTreeSet<String> {
    let order = validate::order(topics).unwrap_or_else(|_| topics.keys().cloned().collect());
    follow(topics, &order).0.into_keys().collect()
}

/// Every topic that a topic stands on, directly or by way of others.
pub fn requires(topics: &Topics, name: &TopicName) -> BTreeSet<TopicName> {
    let mut all = BTreeSet::new();
    let mut next: Vec<&TopicName> = vec![name];
    while let Some(manifest) = next.pop().and_then(|name| topics.get(name)) {
        next.extend(manifest.requires.iter().filter(|required| all.insert((*required).clone())));
    }
    all
}

#[derive(Default)]
struct Walk {
    owners: Owners,
    /// Files that were there, and are no more.
    gone: BTreeSet<String>,
    problems: Vec<Problem>,
}

/// A patch, and what it may change.
struct At<'a> {
    topic: &'a TopicName,
    manifest: &'a Manifest,
    index: usize,
    stands_on: &'a BTreeSet<TopicName>,
}

impl Walk {
    fn say(&mut self, at: &At<'_>, key: &str, message: String, hint: &str) {
        let key = format!("patch[{}].{key}", at.index);
        self.problems.push(Problem { file: manifest_path(at.topic), key, message, hint: hint.to_owned() });
    }

    fn patch(&mut self, at: &At<'_>, patch: &Patch) {
        for (k, delete) in patch.deletes.iter().enumerate() {
            self.reachable(at, &delete.file, &format!("delete[{k}].file"));
            let owned = self.leave(&delete.file).is_some();
            self.text_of_deleted(at, k, owned, delete.text.is_some(), &delete.file);
        }
        let mut renamed = Vec::new();
        for (k, rename) in patch.renames.iter().enumerate() {
            self.reachable(at, &rename.from, &format!("rename[{k}].from"));
            renamed.push(self.leave(&rename.from));
        }
        for (k, (rename, origin)) in patch.renames.iter().zip(renamed).enumerate() {
            self.arrive(at, &rename.to, origin, &format!("rename[{k}].to"));
        }
        for (k, file) in patch.files.iter().enumerate().filter(|(_, file)| path_error(file).is_none()) {
            let origin = Origin { topic: at.topic.clone(), patch: at.index };
            self.arrive(at, file, Some(origin), &format!("files[{k}]"));
        }
        for (k, edit) in patch.edits.iter().enumerate() {
            let key = format!("edit[{k}].file");
            match self.owners.get(&edit.file) {
                Some(origin) if origin.topic == *at.topic && origin.patch == at.index => {
                    let message = format!("{} is a file that this patch adds", edit.file);
                    self.say(at, &key, message, "change the file itself");
                }
                _ => self.reachable(at, &edit.file, &key),
            }
        }
    }

    /// Whether the patch can know a file that it changes.
    fn reachable(&mut self, at: &At<'_>, file: &str, key: &str) {
        match self.owners.get(file) {
            Some(origin) if origin.topic != *at.topic && !at.stands_on.contains(&origin.topic) => {
                let message = format!("{file} is a file of {}, on which the topic does not stand", origin.topic);
                self.say(at, key, message, "add that topic to `requires`");
            }
            Some(_) => {}
            None if self.gone.contains(file) => {
                self.say(at, key, format!("{file} was deleted or renamed before"), "name a file that is there");
            }
            None => {
                let rest = at.manifest.patches.iter().enumerate().skip(at.index);
                let adds = |patch: &Patch| patch.files.iter().any(|added| added == file);
                if let Some((later, _)) = rest.into_iter().find(|(_, patch)| adds(patch)) {
                    let message = format!("{file} is not there before patch[{later}] adds it");
                    self.say(at, key, message, "change the order of the patches");
                }
            }
        }
    }

    fn text_of_deleted(&mut self, at: &At<'_>, k: usize, owned: bool, has_text: bool, file: &str) {
        let key = format!("delete[{k}].text");
        match (owned, has_text) {
            (true, false) => self.say(
                at,
                &key,
                format!("{file} is a file of a topic, and its text is nowhere"),
                "give `text`: what the file has when it is deleted",
            ),
            (false, true) => {
                self.say(
                    at,
                    &key,
                    format!("no topic adds {file}"),
                    "the base has the text of its own files: remove it",
                );
            }
            _ => {}
        }
    }

    fn leave(&mut self, file: &str) -> Option<Origin> {
        self.gone.insert(file.to_owned());
        self.owners.remove(file)
    }

    fn arrive(&mut self, at: &At<'_>, file: &str, origin: Option<Origin>, key: &str) {
        if let Some(first) = self.owners.get(file) {
            let first = format!("{} (patch[{}])", manifest_path(&first.topic), first.patch);
            let message = format!("{file} is claimed twice, first by {first}");
            self.say(at, key, message, "a file is added once; later patches change it by an [[patch.edit]]");
            return;
        }
        self.gone.remove(file);
        if let Some(origin) = origin {
            self.owners.insert(file.to_owned(), origin);
        }
    }
}
