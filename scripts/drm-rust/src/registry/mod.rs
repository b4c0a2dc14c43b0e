// SPDX-License-Identifier: GPL-2.0-only

//! The Rust-for-Linux registry as data: what has been proposed, and what of it the tree can show.
//!
//! `registry.toml` says of each area what must be found where; [`mod@verify`] looks for it in the base and in the topics, and
//! the status follows from what is found. Everything here takes values and reads files through [`tree::Files`], so that
//! commands, documentation and reports share it.

pub mod edit;
pub mod import;
pub mod items;
mod link;
pub mod lock;
pub mod look;
pub mod markdown;
pub mod model;
pub mod next;
mod pair;
pub mod proof;
pub mod render;
pub mod requires;
pub mod status;
pub mod table;
pub mod tree;
pub mod verify;

/// The registry, below `scripts/drm-rust/`.
pub const DATA: &str = "registry.toml";
/// The statuses as they were computed last, below `scripts/drm-rust/`.
pub const LOCK: &str = "registry.lock";
/// The page that is made of both.
pub const PAGE: &str = "Documentation/rust/registry.rst";
