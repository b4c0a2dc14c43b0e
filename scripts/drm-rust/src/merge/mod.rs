// SPDX-License-Identifier: GPL-2.0-only

//! Merges in memory, and what settles their conflicts.

mod error;

pub use error::ResolveError;

use crate::git::Oid;
use crate::git::treeobj::Mode;

/// One side of a conflict at one path.
pub type Side = Option<(Mode, Oid)>;

/// A path that git could not merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The path.
    pub path: String,
    /// The path in the merge base.
    pub base: Side,
    /// The path on our side.
    pub ours: Side,
    /// The path on their side.
    pub theirs: Side,
    /// The blob with conflict markers that git made, where it made one.
    pub marked: Option<Oid>,
    /// Git's machine-readable kind, for example `CONFLICT (contents)`.
    pub kind: String,
    /// What git says about it.
    pub message: String,
}

/// What settles a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The path's new content, or none where it goes away.
    pub entry: Option<(Mode, Vec<u8>)>,
    /// The line that the merge message gets.
    pub note: String,
}

/// The bytes of a conflict's blobs, as far as it has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// In the merge base.
    pub base: Option<Vec<u8>>,
    /// On our side.
    pub ours: Option<Vec<u8>>,
    /// On their side.
    pub theirs: Option<Vec<u8>>,
    /// With git's conflict markers.
    pub marked: Option<Vec<u8>>,
}

/// Settles conflicts: recorded resolutions, structural merges.
pub trait Resolver {
    /// What settles this conflict; none where this resolver knows nothing about it.
    fn resolve(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, ResolveError>;
}
