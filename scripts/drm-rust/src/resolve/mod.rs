// SPDX-License-Identifier: GPL-2.0-only

//! Conflicts that a person resolved once, kept and replayed for everybody.

pub mod branch;
pub mod conflict;
pub mod dir;
mod layout;
pub mod record;
pub mod recorded;
pub mod rerere;
pub mod store;
pub mod threeway;

pub use error::StoreError;

mod error;
