// SPDX-License-Identifier: GPL-2.0-only

//! Merges in memory, exactly git's own: what both sides leave apart is merged here, everything else by
//! `git merge-tree`, but that no attributes count; conflicts go to resolvers. No work tree and no reference is touched.

pub mod answer;
mod error;
pub mod history;
pub mod listing;
mod merger;
pub mod same;
pub mod threeway;
pub mod trivial;

pub use error::{MergeError, ResolveError};
pub use merger::{Count, Merger, Outcome, Settled};

use crate::git::Oid;
use crate::git::treeobj::Mode;

/// One side of a conflict at one path.
pub use crate::git::treeobj::Side;

/// A path that git could not merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The path. Bytes that are no text are replaced; such a conflict is never offered to a resolver.
    pub path: String,
    /// What the merge base has there.
    pub base: Side,
    /// What our side has there.
    pub ours: Side,
    /// What their side has there.
    pub theirs: Side,
    /// The blob with conflict markers that git made, where it made one.
    pub marked: Option<Oid>,
    /// The kind as git names it for programs, for example `CONFLICT (contents)`.
    pub kind: String,
    /// What git says about it, for people.
    pub message: String,
}

/// What settles a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The path's new content; none where the path goes away.
    pub entry: Option<(Mode, Vec<u8>)>,
    /// The line that the merge message gets.
    pub note: String,
}

/// The bytes of a conflict's blobs, as far as it has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Of the merge base.
    pub base: Option<Vec<u8>>,
    /// Of our side.
    pub ours: Option<Vec<u8>>,
    /// Of their side.
    pub theirs: Option<Vec<u8>>,
    /// With conflict markers.
    pub marked: Option<Vec<u8>>,
}

/// Settles conflicts: recorded resolutions, structural merges.
pub trait Resolver {
    /// What the path shall be; none where this resolver does not know.
    fn resolve(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, ResolveError>;
}

/// Knows nothing: every conflict stays one.
pub struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&mut self, _: &Conflict, _: &Contents) -> Result<Option<Resolution>, ResolveError> {
        Ok(None)
    }
}

/// Asks one resolver after the other.
pub struct InOrder<'a>(pub Vec<&'a mut dyn Resolver>);

impl Resolver for InOrder<'_> {
    fn resolve(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, ResolveError> {
        for resolver in &mut self.0 {
            if let Some(resolution) = resolver.resolve(conflict, contents)? {
                return Ok(Some(resolution));
            }
        }
        Ok(None)
    }
}
