// SPDX-License-Identifier: GPL-2.0-only

//! The base: the pinned upstream release, from a download to one commit.
//!
//! [`pin`] says what is wanted, [`fetch`] brings the archive, [`archive`] reads it with suspicion,
//! [`import`] turns it into a pack, and [`cache`] keeps both for the next checkout.

pub mod archive;
mod bounded;
pub mod cache;
mod deb;
pub mod debian;
pub mod fetch;
pub mod hiding;
pub mod import;
mod names;
pub mod pin;
pub mod version;

use crate::git::Oid;

/// A base that is ready to be used.
#[derive(Clone, Debug)]
pub struct Base {
    /// Its commit.
    pub commit: Oid,
    /// The release, for example `7.3.4`.
    pub version: String,
    /// Where it came from, for people.
    pub origin: String,
}
