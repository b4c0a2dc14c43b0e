// SPDX-License-Identifier: GPL-2.0-only

//! The store of resolutions: a tree that a branch of its own carries.
//!
//! - `rr-cache/ID/preimage[.N]` and `postimage[.N]`: git's own format, as dim's cache has it.
//! - `paths/ID/DIGITS.MODE`: what becomes of a conflict without markers: the content, or `DIGITS.gone`.
//! - `records/ID-DIGITS.toml`: who made a resolution, why and for which merge.
//! - `forgotten/ID-DIGITS.toml`: resolutions that are not to come back, wherever they come from.
//! - `fixups/BRANCH.patch`: what a merge of the branch needs that no conflict tells.
//!
//! Everything else in the tree stays as it is. The variants of a conflict stand in the order of their dates.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::record::{Name, Record, Tombstone};
use super::rerere::ConflictId;
use super::{StoreError, layout};
use crate::git::objects::Objects;
use crate::git::pack::Kind;
use crate::git::treeobj::{Entries, Mode};
use crate::git::{Oid, treeobj};

/// What a conflict becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The file before and after, as blobs.
    Rerere {
        /// With conflicts in their normal form.
        preimage: Oid,
        /// Resolved.
        postimage: Oid,
    },
    /// A whole path: its entry, or that it goes away.
    Path(Option<(Mode, Oid)>),
}

impl Change {
    /// The name of this change to a conflict.
    pub fn name(&self, conflict: ConflictId) -> Name {
        match self {
            Change::Rerere { preimage, postimage } => {
                Name::new(conflict, &[&preimage.to_string(), &postimage.to_string()])
            }
            Change::Path(None) => Name::new(conflict, &["gone"]),
            Change::Path(Some((mode, oid))) => {
                Name::new(conflict, &[super::record::mode_name(*mode), &oid.to_string()])
            }
        }
    }
}

/// A resolution of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What it does.
    pub change: Change,
    /// What is known about it.
    pub record: Option<Record>,
}

/// The resolutions of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// By their names.
    pub resolutions: BTreeMap<Name, Stored>,
    /// Those that are not to come back.
    pub forgotten: BTreeMap<Name, Tombstone>,
    /// Patches by the branches whose merges they belong to.
    pub fixups: BTreeMap<String, Oid>,
    /// What else the tree has.
    pub(super) other: Entries,
}

/// What came of adding a resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// It was there.
    Known,
    /// It was forgotten and stays so.
    Forgotten,
}

impl Store {
    /// Reads the store of a commit; without one, an empty store.
    pub fn load(objects: &mut Objects, commit: Option<Oid>) -> Result<Store, StoreError> {
        match commit {
            Some(commit) => {
                let tree = objects.tree_of(commit)?;
                layout::read(objects, tree)
            }
            None => Ok(Store::default()),
        }
    }

    /// Adds a resolution, unless it was forgotten after it was made.
    pub fn add(&mut self, conflict: ConflictId, change: Change, record: Option<Record>) -> Added {
        let name = change.name(conflict);
        let made = record.as_ref().map_or(Timestamp::MIN, |record| record.date);
        if self.forgotten.get(&name).is_some_and(|tombstone| tombstone.date >= made) {
            return Added::Forgotten;
        }
        self.forgotten.remove(&name);
        match self.resolutions.get_mut(&name) {
            Some(known) => {
                known.record = newer(known.record.take(), record);
                Added::Known
            }
            None => {
                self.resolutions.insert(name, Stored { change, record });
                Added::New
            }
        }
    }

    /// Forgets a resolution for good.
    pub fn forget(&mut self, name: &Name, tombstone: Tombstone) {
        self.resolutions.remove(name);
        self.forgotten.insert(name.clone(), tombstone);
    }

    /// The resolutions that a text selects: the first digits of an id (4 at least), a branch that was merged, or a
    /// commit of such a merge.
    pub fn select(&self, text: &str) -> Vec<&Name> {
        let digits = text.len() >= 4 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let selected = |name: &Name, stored: &Stored| {
            let merge = stored.record.as_ref().and_then(|record| record.merge.as_ref());
            let by_merge = merge.is_some_and(|merge| {
                let commit = |oid: Oid| digits && oid.to_string().starts_with(text);
                merge.branch == text || commit(merge.theirs) || commit(merge.ours)
            });
            by_merge || digits && name.to_string().starts_with(text)
        };
        self.resolutions.iter().filter(|(name, stored)| selected(name, stored)).map(|(name, _)| name).collect()
    }

    /// A conflict's resolutions, oldest first.
    pub fn variants(&self, conflict: ConflictId) -> Vec<(&Name, &Stored)> {
        let mut found: Vec<_> = self.resolutions.iter().filter(|(name, _)| name.conflict == conflict).collect();
        found.sort_by_key(|(name, stored)| (stored.record.as_ref().map(|record| record.date), *name));
        found
    }

    /// Everything that two people know, whatever the order in which they are named.
    ///
    /// `base` is the store from which both went, if any; only fixups need it. Two resolutions of one conflict become
    /// variants; a forgotten one stays forgotten where it was not made anew afterwards.
    pub fn union(base: &Store, ours: &Store, theirs: &Store) -> Result<Store, StoreError> {
        let mut union = Store { fixups: fixups(base, ours, theirs)?, other: ours.other.clone(), ..Store::default() };
        for (entry, value) in &theirs.other {
            // Files that are no part of the store: ours where both have them, but for what only they changed.
            if base.other.get(entry) == union.other.get(entry) {
                union.other.insert(entry.clone(), *value);
            }
        }
        for (name, tombstone) in ours.forgotten.iter().chain(&theirs.forgotten) {
            let known = union.forgotten.entry(name.clone()).or_insert_with(|| tombstone.clone());
            if order(tombstone) > order(known) {
                *known = tombstone.clone();
            }
        }
        for (name, stored) in ours.resolutions.iter().chain(&theirs.resolutions) {
            union.add(name.conflict, stored.change.clone(), stored.record.clone());
        }
        Ok(union)
    }

    /// Writes the tree.
    pub fn write(&self, objects: &mut Objects) -> Oid {
        layout::write(self, objects)
    }

    /// The conflicts that have resolutions.
    pub fn conflicts(&self) -> BTreeSet<ConflictId> {
        self.resolutions.keys().map(|name| name.conflict).collect()
    }
}

fn order(tombstone: &Tombstone) -> (Timestamp, String, &str) {
    (tombstone.date, tombstone.who.to_string(), &tombstone.why)
}

/// The newer of two records: it outlives a tombstone that the older one would not.
fn newer(one: Option<Record>, two: Option<Record>) -> Option<Record> {
    let key = |record: &Option<Record>| record.as_ref().map(|r| (r.date, r.who.to_string(), format!("{r:?}")));
    if key(&two) > key(&one) { two } else { one }
}

/// The fixups of both, by a merge of three.
fn fixups(base: &Store, ours: &Store, theirs: &Store) -> Result<BTreeMap<String, Oid>, StoreError> {
    let branches: BTreeSet<&String> = [base, ours, theirs].iter().flat_map(|store| store.fixups.keys()).collect();
    let mut merged = BTreeMap::new();
    for branch in branches {
        let [base, ours, theirs] = [base, ours, theirs].map(|store| store.fixups.get(branch));
        let kept = match () {
            () if ours == base => theirs,
            () if theirs == base || ours == theirs => ours,
            () => return Err(StoreError::Fixups(branch.clone())),
        };
        merged.extend(kept.map(|patch| (branch.clone(), *patch)));
    }
    Ok(merged)
}

/// Adds a blob.
pub(crate) fn blob(objects: &mut Objects, content: &[u8]) -> Oid {
    objects.write(Kind::Blob, content.to_vec())
}

/// The entries of a directory of a tree; none where there is no such directory.
pub(super) fn directory(objects: &mut Objects, tree: Oid, path: &str) -> Result<Entries, StoreError> {
    match treeobj::lookup(objects, tree, path)? {
        Some((Mode::Tree, oid)) => Ok(objects.tree(oid)?),
        _ => Ok(Entries::new()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::Repo;
    use crate::git::commit::Identity;

    fn oid(n: u8) -> Oid {
        Oid::from_bytes([n; 20])
    }

    fn who() -> Identity {
        "A Person <person@drm-rust.example>".parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn record(second: i64) -> Record {
        let conflict = "CONFLICT (content)".to_owned();
        Record { path: "a".into(), conflict, who: who(), why: "x".into(), date: at(second), merge: None }
    }

    fn pair(n: u8) -> Change {
        Change::Rerere { preimage: oid(n), postimage: oid(n + 100) }
    }

    fn conflict(n: u8) -> ConflictId {
        ConflictId::of(&[[n]])
    }

    fn tombstone(second: i64) -> Tombstone {
        Tombstone { who: who(), why: "wrong".into(), date: at(second) }
    }

    #[test]
    fn a_forgotten_resolution_stays_forgotten_until_it_is_made_anew() {
        let mut store = Store::default();
        assert_eq!(store.add(conflict(1), pair(1), Some(record(10))), Added::New);
        assert_eq!(store.add(conflict(1), pair(1), Some(record(11))), Added::Known);
        let name = pair(1).name(conflict(1));
        store.forget(&name, tombstone(20));
        assert_eq!(store.add(conflict(1), pair(1), Some(record(10))), Added::Forgotten);
        assert_eq!(store.add(conflict(1), pair(1), None), Added::Forgotten);
        // Another resolution of the same conflict is something else.
        assert_eq!(store.add(conflict(1), pair(2), None), Added::New);
        assert_eq!(store.add(conflict(1), pair(1), Some(record(21))), Added::New);
        assert!(store.forgotten.is_empty());
    }

    #[test]
    fn the_tree_holds_everything() {
        let dir = tempfile::tempdir().unwrap();
        let mut objects = Objects::new(&Repo::at(dir.path()));
        let mut store = Store::default();
        store.other.insert(b"nightly.conf".to_vec(), (Mode::File, oid(9)));
        store.add(conflict(1), pair(1), Some(record(30)));
        store.add(conflict(1), pair(2), Some(record(20)));
        store.add(conflict(1), pair(3), None);
        store.add(conflict(2), Change::Path(None), Some(record(5)));
        store.add(conflict(3), Change::Path(Some((Mode::Executable, oid(4)))), Some(record(5)));
        store.forget(&pair(7).name(conflict(7)), tombstone(1));
        store.fixups.insert("topic/rust/xarray".into(), oid(5));
        let tree = store.write(&mut objects);
        assert_eq!(layout::read(&mut objects, tree).unwrap(), store);
        // The variants are in the order of their dates; those of unknown age come first.
        let files = directory(&mut objects, tree, &format!("rr-cache/{}", conflict(1))).unwrap();
        let preimage = |name: &str| files[name.as_bytes()].1;
        assert_eq!([preimage("preimage"), preimage("preimage.1"), preimage("preimage.2")], [oid(3), oid(2), oid(1)]);
        assert_eq!(layout::pairs(&files), [pair(3), pair(2), pair(1)]);
    }

    #[test]
    fn resolutions_are_found_by_id_and_by_merge() {
        let mut store = Store::default();
        let merge = super::super::record::MergeOf { branch: "topic/a/b".into(), ours: oid(0xab), theirs: oid(0xcd) };
        store.add(conflict(1), pair(1), Some(Record { merge: Some(merge), ..record(1) }));
        store.add(conflict(2), pair(2), None);
        let name = pair(1).name(conflict(1));
        for text in ["topic/a/b", "cdcdcd", "ababab", &name.to_string()[..8], &name.to_string()] {
            assert_eq!(store.select(text), [&name], "{text}");
        }
        for text in ["", "topic/a", "cdc", "cdcdce", "xyzxyz"] {
            assert!(store.select(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn fixups_are_merged_by_three() {
        let with = |patch: Option<u8>| Store {
            fixups: patch.map(|n| ("b".to_owned(), oid(n))).into_iter().collect(),
            ..Store::default()
        };
        let merged = |base, ours, theirs| Store::union(&with(base), &with(ours), &with(theirs)).map(|s| s.fixups);
        assert_eq!(merged(Some(1), Some(1), Some(2)).unwrap()["b"], oid(2));
        assert_eq!(merged(Some(1), None, Some(1)).unwrap(), BTreeMap::new());
        assert_eq!(merged(None, Some(3), Some(3)).unwrap()["b"], oid(3));
        assert_eq!(merged(None, Some(3), Some(4)).unwrap_err().to_string(), "the fixup of b was changed on both sides");
    }

    fn stores() -> impl Strategy<Value = Store> {
        let step = (0..4u8, 0..4u8, proptest::option::of(0..6i64), any::<bool>());
        proptest::collection::vec(step, 0..12).prop_map(|steps| {
            let mut store = Store::default();
            for (id, n, date, forget) in steps {
                match forget {
                    true => store.forget(&pair(n).name(conflict(id)), tombstone(date.unwrap_or(3))),
                    false => drop(store.add(conflict(id), pair(n), date.map(record))),
                }
            }
            store
        })
    }

    proptest! {
        #[test]
        fn a_union_does_not_depend_on_the_order(a in stores(), b in stores(), c in stores()) {
            let union = |a: &Store, b: &Store| Store::union(&Store::default(), a, b).unwrap();
            prop_assert_eq!(union(&a, &b), union(&b, &a));
            prop_assert_eq!(union(&a, &a), a.clone());
            let all = union(&union(&a, &b), &c);
            prop_assert_eq!(&union(&a, &union(&b, &c)), &all);
            for (name, tombstone) in a.forgotten.iter().chain(&b.forgotten) {
                let made = all.resolutions.get(name).and_then(|stored| stored.record.as_ref());
                prop_assert!(all.forgotten.contains_key(name) || made.is_some_and(|made| made.date > tombstone.date));
            }
        }
    }
}
