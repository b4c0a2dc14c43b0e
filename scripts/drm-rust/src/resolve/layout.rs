// SPDX-License-Identifier: GPL-2.0-only

//! The store's tree: how files stand for resolutions.

use std::collections::BTreeMap;
use std::str;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::record::{Name, mode_name};
use super::rerere::ConflictId;
use super::store::{Change, Store, Stored, blob, directory};
use crate::git::Oid;
use crate::git::objects::Objects;
use crate::git::pack::Kind;
use crate::git::treeobj::{self, Entries, Mode};

pub(super) const RR_CACHE: &str = "rr-cache";
pub(super) const PATHS: &str = "paths";
const RECORDS: &str = "records";
const FORGOTTEN: &str = "forgotten";
const FIXUPS: &str = "fixups";
const PATCH: &str = ".patch";
/// Stands for a path that goes away.
const GONE: &str = "gone";

/// Reads a tree.
pub(super) fn read(objects: &mut Objects, tree: Oid) -> Result<Store, StoreError> {
    let mut store = Store { other: objects.tree(tree)?, ..Store::default() };
    for ours in [RR_CACHE, PATHS, RECORDS, FORGOTTEN, FIXUPS] {
        store.other.remove(ours.as_bytes());
    }
    let mut records = read_toml(objects, tree, RECORDS)?;
    for (directory, changes) in [(RR_CACHE, pairs as fn(&Entries) -> Vec<Change>), (PATHS, entries)] {
        for (id, files) in conflicts(objects, tree, directory)? {
            for change in changes(&files) {
                let name = change.name(id);
                let record = records.remove(&name);
                store.resolutions.insert(name, Stored { change, record });
            }
        }
    }
    store.forgotten = read_toml(objects, tree, FORGOTTEN)?;
    store.fixups = fixups(objects, tree)?;
    Ok(store)
}

/// The patches of a tree, by the branches whose merges they belong to.
pub(super) fn fixups(objects: &mut Objects, tree: Oid) -> Result<BTreeMap<String, Oid>, StoreError> {
    let (entries, mut found) = (directory(objects, tree, FIXUPS)?, BTreeMap::new());
    read_fixups(objects, "", &entries, &mut found)?;
    Ok(found)
}

/// The folders of a directory that are named after conflicts.
fn conflicts(objects: &mut Objects, tree: Oid, path: &str) -> Result<Vec<(ConflictId, Entries)>, StoreError> {
    let mut found = Vec::new();
    for (name, (mode, oid)) in directory(objects, tree, path)? {
        let id = str::from_utf8(&name).ok().and_then(|name| name.parse().ok());
        if let (Some(id), Mode::Tree) = (id, mode) {
            found.push((id, objects.tree(oid)?));
        }
    }
    Ok(found)
}

/// The pairs of preimage and postimage in a folder of an rr-cache, in the order of their variants.
pub(super) fn pairs(files: &Entries) -> Vec<Change> {
    let mut pairs = Vec::new();
    for (name, &(_, postimage)) in files {
        let Some(variant) = name.strip_prefix(b"postimage") else { continue };
        let number = match variant {
            b"" => Some(0),
            _ => variant.strip_prefix(b".").and_then(|n| str::from_utf8(n).ok()?.parse::<u32>().ok()),
        };
        let preimage = files.get([b"preimage".as_slice(), variant].concat().as_slice());
        if let (Some(number), Some(&(_, preimage))) = (number, preimage) {
            pairs.push((number, Change::Rerere { preimage, postimage }));
        }
    }
    pairs.sort_by_key(|(number, _)| *number);
    pairs.into_iter().map(|(_, pair)| pair).collect()
}

/// What a folder of path records says.
pub(super) fn entries(files: &Entries) -> Vec<Change> {
    let change = |(name, (_, oid)): (&Vec<u8>, &(Mode, Oid))| {
        let (_, word) = str::from_utf8(name).ok()?.rsplit_once('.')?;
        let modes = [Mode::File, Mode::Executable, Mode::Symlink];
        match modes.into_iter().find(|mode| mode_name(*mode) == word) {
            Some(mode) => Some(Change::Path(Some((mode, *oid)))),
            None => (word == GONE).then_some(Change::Path(None)),
        }
    };
    files.iter().filter_map(change).collect()
}

/// The files of a directory, by the resolutions that they are named after.
fn read_toml<T: DeserializeOwned>(
    objects: &mut Objects,
    tree: Oid,
    path: &str,
) -> Result<BTreeMap<Name, T>, StoreError> {
    let mut found = BTreeMap::new();
    for (file, (_, oid)) in directory(objects, tree, path)? {
        let file = String::from_utf8_lossy(&file).into_owned();
        let Some(name) = file.strip_suffix(".toml").and_then(|name| name.parse().ok()) else { continue };
        let text = objects.blob(oid)?;
        let value = str::from_utf8(&text).map_err(|error| error.to_string());
        let value = value.and_then(|text| toml::from_str(text).map_err(|error| error.to_string()));
        let damaged = |message| StoreError::Damaged { path: format!("{path}/{file}"), message };
        found.insert(name, value.map_err(damaged)?);
    }
    Ok(found)
}

fn read_fixups(
    objects: &mut Objects,
    prefix: &str,
    entries: &Entries,
    found: &mut BTreeMap<String, Oid>,
) -> Result<(), StoreError> {
    for (name, &(mode, oid)) in entries {
        let Ok(name) = str::from_utf8(name) else { continue };
        match (mode, name.strip_suffix(PATCH)) {
            (Mode::Tree, _) => {
                let below = objects.tree(oid)?;
                read_fixups(objects, &format!("{prefix}{name}/"), &below, found)?;
            }
            (Mode::File, Some(branch)) => drop(found.insert(format!("{prefix}{branch}"), oid)),
            _ => {}
        }
    }
    Ok(())
}

/// Writes a tree.
pub(super) fn write(store: &Store, objects: &mut Objects) -> Oid {
    let mut files: BTreeMap<String, (Mode, Oid)> = BTreeMap::new();
    let empty = blob(objects, b"");
    for conflict in store.conflicts() {
        let mut variants = 0;
        for (name, stored) in store.variants(conflict) {
            if let Some(record) = &stored.record {
                files.insert(format!("{RECORDS}/{name}.toml"), (Mode::File, toml_blob(objects, record)));
            }
            match stored.change {
                Change::Rerere { preimage, postimage } => {
                    let suffix = if variants == 0 { String::new() } else { format!(".{variants}") };
                    variants += 1;
                    for (file, oid) in [("preimage", preimage), ("postimage", postimage)] {
                        files.insert(format!("{RR_CACHE}/{conflict}/{file}{suffix}"), (Mode::File, oid));
                    }
                }
                Change::Path(entry) => {
                    let (word, oid) = entry.map_or((GONE, empty), |(mode, oid)| (mode_name(mode), oid));
                    let file = name.to_string().replacen('-', "/", 1);
                    files.insert(format!("{PATHS}/{file}.{word}"), (Mode::File, oid));
                }
            }
        }
    }
    for (name, tombstone) in &store.forgotten {
        files.insert(format!("{FORGOTTEN}/{name}.toml"), (Mode::File, toml_blob(objects, tombstone)));
    }
    files.extend(store.fixups.iter().map(|(branch, oid)| (format!("{FIXUPS}/{branch}{PATCH}"), (Mode::File, *oid))));
    let root = objects.write(Kind::Tree, treeobj::serialize(&store.other));
    treeobj::update(objects, root, &files).expect("every directory is new")
}

fn toml_blob(objects: &mut Objects, value: &impl Serialize) -> Oid {
    let text = toml::to_string(value).expect("plain data can be written");
    blob(objects, text.as_bytes())
}
