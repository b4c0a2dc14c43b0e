// SPDX-License-Identifier: GPL-2.0-only

//! A folder with an rr-cache, as git, dim and drm-rerere keep it: taking it in, and writing into one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::StoreError;
use super::layout::{self, RR_CACHE};
use super::rerere::ConflictId;
use super::store::{Added, Change, Store, blob};
use crate::error::FileContext;
use crate::git::objects::Objects;
use crate::git::treeobj::{Entries, Mode};

/// What was found in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Resolutions that were not known.
    pub new: usize,
    /// Resolutions that were known.
    pub known: usize,
    /// Resolutions that were forgotten, and stay so.
    pub forgotten: usize,
    /// Folders without a resolution: conflicts that nobody settled yet, or something else.
    pub others: usize,
}

/// Takes in the resolutions of a folder, or of its subfolder `rr-cache`.
pub fn import(objects: &mut Objects, store: &mut Store, dir: &Path) -> Result<Imported, StoreError> {
    let inner = dir.join(RR_CACHE);
    let dir = if inner.is_dir() { &inner } else { dir };
    let mut imported = Imported::default();
    for entry in fs::read_dir(dir).at("read", dir)? {
        let path = entry.at("read", dir)?.path();
        let id = path.file_name().and_then(|name| name.to_str()?.parse::<ConflictId>().ok());
        let changes = match id {
            Some(_) if path.is_dir() => layout::pairs(&files(objects, &path)?),
            _ => Vec::new(),
        };
        let Some(id) = id.filter(|_| !changes.is_empty()) else {
            imported.others += 1;
            continue;
        };
        for change in changes {
            // Nobody says when or for what they were made: a forgotten one never comes back this way.
            match store.add(id, change, None) {
                Added::New => imported.new += 1,
                Added::Known => imported.known += 1,
                Added::Forgotten => imported.forgotten += 1,
            }
        }
    }
    Ok(imported)
}

/// The files of a conflict's folder, as blobs.
fn files(objects: &mut Objects, dir: &Path) -> Result<Entries, StoreError> {
    let mut files = Entries::new();
    for entry in fs::read_dir(dir).at("read", dir)? {
        let entry = entry.at("read", dir)?;
        let name = entry.file_name().into_encoded_bytes();
        let wanted = name.starts_with(b"preimage") || name.starts_with(b"postimage");
        if wanted && entry.file_type().at("read", entry.path())?.is_file() {
            let content = fs::read(entry.path()).at("read", entry.path())?;
            files.insert(name, (Mode::File, blob(objects, &content)));
        }
    }
    Ok(files)
}

/// Writes the resolutions of conflicts with markers into a folder, beside what it has. Gives how many are new there.
pub fn export(objects: &mut Objects, store: &Store, dir: &Path) -> Result<usize, StoreError> {
    let mut written = 0;
    for id in store.conflicts() {
        let folder = dir.join(id.to_string());
        let there = if folder.is_dir() { files(objects, &folder)? } else { Entries::new() };
        let known = layout::pairs(&there);
        let mut free = (0u32..).map(|n| if n == 0 { String::new() } else { format!(".{n}") }).filter(|n| {
            let taken = |stem: &str| there.contains_key(format!("{stem}{n}").as_bytes());
            !taken("preimage") && !taken("postimage")
        });
        for (_, stored) in store.variants(id) {
            let Change::Rerere { preimage, postimage } = stored.change else { continue };
            if known.contains(&stored.change) {
                continue;
            }
            let variant = free.next().expect("numbers do not end");
            let images = BTreeMap::from([("preimage", preimage), ("postimage", postimage)]);
            fs::create_dir_all(&folder).at("create", &folder)?;
            // The postimage makes it a resolution: it comes last.
            for stem in ["preimage", "postimage"] {
                let content = objects.blob(images[stem])?;
                let path = folder.join(format!("{stem}{variant}"));
                crate::file::create(&path, &content)?;
            }
            written += 1;
        }
    }
    Ok(written)
}
