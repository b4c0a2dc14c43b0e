// SPDX-License-Identifier: GPL-2.0-only

//! What each patch adds. The overlay has files as the last patch leaves them: what later patches did to a file is taken
//! back, the last first, until the patch is reached that added it.

use std::collections::BTreeMap;
use std::path::Path;

use super::manifest::{Manifest, Patch};
use super::overlay::{self, Pending};
use super::owners::{self, Owners};
use super::{Problem, TopicError, Topics, edit, manifest_path, validate};
use crate::git::TopicName;
use crate::git::treeobj::Mode;

/// The files that patches add, as they add them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    by_patch: BTreeMap<(TopicName, usize), Pending>,
    /// Files that patches change after they were added, as the overlay has them.
    pub grown: Pending,
}

impl Additions {
    /// A file that a patch adds.
    pub fn get(&self, topic: &TopicName, patch: usize, file: &str) -> Option<&(Mode, Vec<u8>)> {
        self.by_patch.get(&(topic.clone(), patch))?.get(file)
    }

    /// Notes a file that a patch adds.
    pub fn insert(&mut self, topic: &TopicName, patch: usize, file: &str, content: (Mode, Vec<u8>)) {
        self.by_patch.entry((topic.clone(), patch)).or_default().insert(file.to_owned(), content);
    }
}

/// Reads the overlay, and finds out what each patch adds.
pub fn read(root: &Path, topics: &Topics) -> Result<Additions, TopicError> {
    let order = validate::order(topics).expect("validated topics have no circles");
    let (owners, _) = owners::follow(topics, &order);
    let (files, mut problems) = (read_files(root, &owners)?, Vec::new());
    for (file, origin) in owners.iter().filter(|(file, _)| !files.contains_key(*file)) {
        let key = format!("patch[{}].files", origin.patch);
        let message = format!("{file} is no regular file");
        let hint = "commit the file itself".into();
        problems.push(Problem { file: manifest_path(&origin.topic), key, message, hint });
    }
    if !problems.is_empty() {
        return Err(TopicError::Invalid(problems));
    }
    take_back(topics, &order, files).map_err(TopicError::Invalid)
}

fn read_files(root: &Path, owners: &Owners) -> Result<Pending, TopicError> {
    let mut files = Pending::new();
    for file in owners.keys() {
        if let Some(content) = overlay::read(root, file)? {
            files.insert(file.clone(), content);
        }
    }
    Ok(files)
}

/// Takes back what patches did to the overlay's files.
pub fn take_back(topics: &Topics, order: &[TopicName], files: Pending) -> Result<Additions, Vec<Problem>> {
    let mut walk = Walk::from(files);
    order.iter().rev().for_each(|name| walk.topic(name, &topics[name]));
    if walk.problems.is_empty() { Ok(walk.additions) } else { Err(walk.problems) }
}

/// The overlay's files without what one topic does, on which no other stands.
pub fn without(topic: &TopicName, manifest: &Manifest, files: Pending) -> Result<Pending, Vec<Problem>> {
    let mut walk = Walk::from(files);
    walk.topic(topic, manifest);
    if walk.problems.is_empty() { Ok(walk.files) } else { Err(walk.problems) }
}

struct Walk {
    /// The topics' files after the patch that comes next. The base's are not among them.
    files: Pending,
    additions: Additions,
    problems: Vec<Problem>,
}

impl Walk {
    fn from(files: Pending) -> Walk {
        Walk { files, additions: Additions::default(), problems: Vec::new() }
    }

    fn topic(&mut self, name: &TopicName, manifest: &Manifest) {
        for (i, patch) in manifest.patches.iter().enumerate().rev() {
            self.patch(name, i, patch);
        }
    }

    fn patch(&mut self, topic: &TopicName, index: usize, patch: &Patch) {
        self.edits(topic, index, patch);
        for file in &patch.files {
            if let Some(content) = self.files.remove(file) {
                self.additions.insert(topic, index, file, content);
            }
        }
        // All at once: two files may have changed their places.
        let renames = patch.renames.iter();
        let old: Vec<_> = renames.map(|rename| Some((rename.from.clone(), self.files.remove(&rename.to)?))).collect();
        self.files.extend(old.into_iter().flatten());
        for delete in &patch.deletes {
            if let Some(text) = &delete.text {
                self.files.insert(delete.file.clone(), (Mode::File, text.clone().into_bytes()));
            }
        }
    }

    fn edits(&mut self, topic: &TopicName, index: usize, patch: &Patch) {
        for (k, raw) in patch.edits.iter().enumerate().rev() {
            let Some((mode, content)) = self.files.get(&raw.file) else { continue };
            let Ok(change) = raw.check() else { continue };
            self.additions.grown.entry(raw.file.clone()).or_insert_with(|| (*mode, content.clone()));
            match edit::undo(content, &change) {
                Ok(old) => self.files.get_mut(&raw.file).expect("it was there just now").1 = old,
                Err(error) => {
                    let (message, hint) = error.explain(&raw.file);
                    let key = format!("patch[{index}].edit[{k}].{}", raw.text_key());
                    self.problems.push(Problem { file: manifest_path(topic), key, message, hint });
                    // What comes before it would only be wrong for the same reason.
                    self.files.remove(&raw.file);
                }
            }
        }
    }
}
