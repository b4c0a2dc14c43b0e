// SPDX-License-Identifier: GPL-2.0-only

//! What an earlier tip tells: merges that need not be made again, and the commits that could be merged last.

use std::collections::HashMap;

use super::TipError;
use super::manifest::Manifest;
use crate::git::Oid;
use crate::git::commit::Parsed;
use crate::git::objects::Objects;

/// An earlier tip, read from its own commits.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Its manifest.
    pub(super) manifest: Option<Manifest>,
    merges: HashMap<(Oid, Oid), Known>,
}

/// A merge of an earlier tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) tree: Oid,
    pub(super) notes: Vec<String>,
}

impl Memory {
    /// Reads a tip. One without a manifest tells nothing: a person may have made it.
    pub(super) fn of(objects: &mut Objects, tip: Oid) -> Result<Memory, TipError> {
        let manifest = match Manifest::read(objects, tip) {
            Ok(manifest) => manifest,
            Err(TipError::NoTip(_) | TipError::Manifest(..)) => return Ok(Memory::default()),
            Err(error) => return Err(error),
        };
        let mut merges = HashMap::new();
        let mut next = Parsed::read(objects, tip)?.parents.first().copied();
        while let Some(commit) = next.filter(|commit| *commit != manifest.start) {
            let Parsed { tree, parents, message, .. } = Parsed::read(objects, commit)?;
            let &[ours, theirs] = &parents[..] else { break };
            let notes = message.lines().skip(2).map(str::to_owned).collect();
            merges.insert((ours, theirs), Known { tree, notes });
            next = Some(ours);
        }
        Ok(Memory { manifest: Some(manifest), merges })
    }

    /// A merge that would come out the same: of the same commits and, if resolutions had a part in it or now may
    /// have one, with the same resolutions. A fixup that was not applied is tried again, as the person is told.
    pub(super) fn merge(
        &self,
        (ours, theirs): (Oid, Oid),
        resolutions: Option<&str>,
        fixup: Option<&str>,
    ) -> Option<&Known> {
        let same = self.manifest.as_ref()?.resolutions.as_deref() == resolutions;
        let known = self.merges.get(&(ours, theirs))?;
        let kept = match fixup {
            Some(note) => same && known.notes.iter().any(|known| known == note),
            None => same || known.notes.is_empty(),
        };
        kept.then_some(known)
    }

    /// The last commit of a branch that could be merged.
    pub(super) fn last_good(&self, name: &str) -> Option<Oid> {
        self.manifest.as_ref()?.last_good(name)
    }
}
