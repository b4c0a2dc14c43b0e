// SPDX-License-Identifier: GPL-2.0-only

//! Conflicts are settled by recorded resolutions, and new resolutions are recorded.

use std::str;

use super::StoreError;
use super::conflict::{self, MARKER_SIZE};
use super::layout::{self, PATHS, RR_CACHE};
use super::record::{Record, path_conflict};
use super::rerere::{self, ConflictId, Image, Pair};
use super::store::{Added, Change, Store, blob, directory};
use crate::git::objects::Objects;
use crate::git::treeobj::{Entries, Mode};
use crate::git::{Oid, Repo};
use crate::merge::{Conflict, Contents, Resolution, ResolveError, Resolver};

/// The recorded resolutions of a commit, read as they are needed.
pub struct Recorded {
    objects: Objects,
    rr_cache: Entries,
    paths: Entries,
    /// The conflicts that were settled.
    pub used: Vec<ConflictId>,
}

impl Recorded {
    /// The resolutions of a store's commit; none without one.
    pub fn new(repo: &Repo, commit: Option<Oid>) -> Result<Self, StoreError> {
        let mut objects = Objects::new(repo);
        let (mut rr_cache, mut paths) = (Entries::new(), Entries::new());
        if let Some(commit) = commit {
            let tree = objects.tree_of(commit)?;
            rr_cache = directory(&mut objects, tree, RR_CACHE)?;
            paths = directory(&mut objects, tree, PATHS)?;
        }
        Ok(Recorded { objects, rr_cache, paths, used: Vec::new() })
    }

    fn settle(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, StoreError> {
        if let Some(image) = image_of(conflict, contents)
            && let Some(text) = self.replay(&image)?
        {
            self.used.push(image.id);
            let mode = merged_mode(conflict);
            return Ok(Some(Resolution { entry: Some((mode, text)), note: note(conflict, image.id) }));
        }
        let id = path_conflict(conflict);
        let Some(change) = self.change(id)? else { return Ok(None) };
        self.used.push(id);
        let entry = match change {
            Some((mode, oid)) => Some((mode, self.objects.blob(oid)?)),
            None => None,
        };
        Ok(Some(Resolution { entry, note: note(conflict, id) }))
    }

    /// The file at hand, resolved by the first variant that fits.
    fn replay(&mut self, image: &Image) -> Result<Option<Vec<u8>>, StoreError> {
        for change in self.changes(RR_CACHE, image.id)? {
            let Change::Rerere { preimage, postimage } = change else { continue };
            let pair = Pair { preimage: self.objects.blob(preimage)?, postimage: self.objects.blob(postimage)? };
            if let Some(text) = rerere::replay(image, &pair)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// What becomes of a path.
    #[expect(clippy::option_option, reason = "no record is something else than a path that goes away")]
    fn change(&mut self, id: ConflictId) -> Result<Option<Option<(Mode, Oid)>>, StoreError> {
        let change = self.changes(PATHS, id)?.into_iter().next();
        Ok(change.and_then(|change| if let Change::Path(entry) = change { Some(entry) } else { None }))
    }

    fn changes(&mut self, directory: &str, id: ConflictId) -> Result<Vec<Change>, StoreError> {
        let (entries, read) = match directory {
            PATHS => (&self.paths, layout::entries as fn(&Entries) -> Vec<Change>),
            _ => (&self.rr_cache, layout::pairs as fn(&Entries) -> Vec<Change>),
        };
        match entries.get(id.to_string().as_bytes()) {
            Some(&(Mode::Tree, oid)) => Ok(read(&self.objects.tree(oid)?)),
            _ => Ok(Vec::new()),
        }
    }
}

impl Resolver for Recorded {
    fn resolve(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, ResolveError> {
        self.settle(conflict, contents).map_err(ResolveError::new)
    }
}

const NOTE: &str = ": resolved as recorded (";

fn note(conflict: &Conflict, id: ConflictId) -> String {
    format!("{}{NOTE}{:.12})", conflict.path, id.to_string())
}

/// The first digits of the resolutions that a merge says it was made with.
pub fn noted(message: &str) -> impl Iterator<Item = &str> {
    message.lines().filter_map(|line| line.rsplit_once(NOTE)?.1.strip_suffix(')'))
}

/// The file with its conflicts, where git's rerere would look at it: both sides are regular files, and the markers
/// are in order.
fn image_of(conflict: &Conflict, contents: &Contents) -> Option<Image> {
    let regular = |side: Option<(Mode, Oid)>| matches!(side, Some((Mode::File | Mode::Executable, _)));
    let marked = contents.marked.as_ref().filter(|_| regular(conflict.ours) && regular(conflict.theirs))?;
    rerere::image(marked, MARKER_SIZE).ok().flatten()
}

/// The mode that git gives a file whose content conflicts.
fn merged_mode(conflict: &Conflict) -> Mode {
    let mode = |side: Option<(Mode, Oid)>| side.map(|(mode, _)| mode);
    let (base, ours, theirs) = (mode(conflict.base), mode(conflict.ours), mode(conflict.theirs));
    let merged = if ours == theirs || ours == base { theirs } else { ours };
    merged.unwrap_or(Mode::File)
}

impl Store {
    /// Records how a conflict was resolved: as git's rerere does where that can be, else by the path's blobs.
    ///
    /// A person's new resolution takes the place of what was forgotten before.
    pub fn record(
        &mut self,
        objects: &mut Objects,
        conflict: &Conflict,
        contents: &Contents,
        entry: Option<(Mode, &[u8])>,
        record: Record,
    ) -> Result<(ConflictId, Added), StoreError> {
        let sides = [&contents.base, &contents.ours, &contents.theirs].into_iter().flatten().map(Vec::as_slice);
        if entry.is_some_and(|(mode, text)| mode != Mode::Symlink && conflict::is_unsettled(text, sides)) {
            return Err(StoreError::StillMarked(conflict.path.clone()));
        }
        let image = image_of(conflict, contents);
        let (id, change) = match (entry, image) {
            (Some((mode, text)), Some(image)) if mode == merged_mode(conflict) => {
                let preimage = blob(objects, &image.text);
                (image.id, Change::Rerere { preimage, postimage: blob(objects, text) })
            }
            (entry, _) => {
                let entry = entry.map(|(mode, text)| (mode, blob(objects, text)));
                (path_conflict(conflict), Change::Path(entry))
            }
        };
        Ok((id, self.add(id, change, Some(record))))
    }
}
