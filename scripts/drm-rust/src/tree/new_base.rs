// SPDX-License-Identifier: GPL-2.0-only

//! Another base than before: which topics change files that are different there.

use std::collections::BTreeMap;

use super::TreeError;
use crate::git::objects::Objects;
use crate::git::treeobj;
use crate::git::{Oid, TopicName};
use crate::oplog::BaseRecord;
use crate::topic::Topics;
use crate::topic::manifest::Patch;

/// Another base than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBase {
    /// The release before.
    pub from: String,
    /// The release now.
    pub to: String,
    /// The files that a topic edits, renames or deletes and that differ between both, by topic.
    pub topics: BTreeMap<TopicName, Vec<String>>,
}

/// What it changes; none where the base is the same commit.
pub(super) fn compare(
    objects: &mut Objects,
    topics: &Topics,
    from: &BaseRecord,
    to: &BaseRecord,
) -> Result<Option<NewBase>, TreeError> {
    if from.commit == to.commit {
        return Ok(None);
    }
    let trees = [objects.tree_of(from.commit)?, objects.tree_of(to.commit)?];
    let mut found = BTreeMap::new();
    for (name, manifest) in topics {
        let mut differ = Vec::new();
        let mut paths: Vec<&str> = manifest.patches.iter().flat_map(anchored).collect();
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            if differs(objects, trees, path)? {
                differ.push(path.to_owned());
            }
        }
        if !differ.is_empty() {
            found.insert(name.clone(), differ);
        }
    }
    Ok(Some(NewBase { from: from.version.clone(), to: to.version.clone(), topics: found }))
}

/// The files that a patch expects to be there.
fn anchored(patch: &Patch) -> impl Iterator<Item = &str> {
    let edits = patch.edits.iter().map(|edit| edit.file.as_str());
    let renames = patch.renames.iter().map(|rename| rename.from.as_str());
    edits.chain(renames).chain(patch.deletes.iter().map(|delete| delete.file.as_str()))
}

fn differs(objects: &mut Objects, trees: [Oid; 2], path: &str) -> Result<bool, TreeError> {
    Ok(treeobj::lookup(objects, trees[0], path)? != treeobj::lookup(objects, trees[1], path)?)
}
