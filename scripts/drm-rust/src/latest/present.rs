// SPDX-License-Identifier: GPL-2.0-only

//! Whether results are of the code that `drm-rust-next` has now.

use std::collections::BTreeMap;

use crate::git::objects::{ObjectError, Objects};
use crate::git::{BranchName, Oid, Repo};

/// The code that `drm-rust-next` has now.
pub struct Present {
    objects: Objects,
    tree: Option<Oid>,
    known: BTreeMap<Oid, bool>,
}

impl Present {
    /// Looks at the branch of `linux/`.
    pub fn of(linux: &Repo) -> Result<Present, ObjectError> {
        let mut objects = Objects::new(linux);
        let next = if linux.exists() { linux.find_commit(&BranchName::next().full())? } else { None };
        let tree = next.map(|next| objects.tree_of(next)).transpose()?;
        Ok(Present { objects, tree, known: BTreeMap::new() })
    }

    /// Whether a tree has this code: it may differ in documentation.
    pub fn has(&mut self, tree: Option<Oid>) -> bool {
        let (Some(tree), Some(now)) = (tree, self.tree) else { return false };
        let objects = &mut self.objects;
        *self.known.entry(tree).or_insert_with(|| have_same_code(objects, tree, now))
    }
}

/// Whether two trees differ in documentation alone.
fn have_same_code(objects: &mut Objects, one: Oid, other: Oid) -> bool {
    let mut code = |tree| {
        let entries = objects.tree(tree).ok()?;
        Some(entries.into_iter().filter(|(name, _)| name != b"Documentation").collect::<Vec<_>>())
    };
    // A tree that git has thrown away is not the present one.
    one == other || code(one).is_some_and(|one| code(other).is_some_and(|other| one == other))
}
