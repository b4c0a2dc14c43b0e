// SPDX-License-Identifier: GPL-2.0-only

//! Conflicts that a person resolved once, kept and replayed for everybody.

pub mod branch;
pub mod conflict;
pub mod dir;
pub mod fixup;
mod layout;
pub mod record;
pub mod recorded;
pub mod rerere;
pub mod scratch;
pub mod share;
pub mod store;

pub use error::StoreError;

mod error;

/// Whether a file may be written at this path below a folder of ours: a tree can have any names.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|part| !["", ".", ".."].contains(&part) && !part.eq_ignore_ascii_case(".git"))
}
