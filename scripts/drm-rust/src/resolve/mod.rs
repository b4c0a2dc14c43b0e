// SPDX-License-Identifier: GPL-2.0-only

//! Conflicts that a person resolved once, kept and replayed for everybody.

pub mod conflict;
pub mod rerere;
pub mod threeway;

pub use error::StoreError;

mod error;
