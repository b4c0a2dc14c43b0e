// SPDX-License-Identifier: GPL-2.0-only

//! Git: names, objects, packs and references of one repository.

pub mod commit;
pub(crate) mod damage;
mod discover;
pub mod index;
pub mod message;
pub mod names;
pub mod objects;
pub mod pack;
mod patch_id;
pub mod person;
pub mod picked;
mod plain;
pub mod refs;
pub mod remote;
mod repo;
pub(crate) mod settings;
pub mod sound;
pub mod tag;
pub mod treeobj;
pub mod underway;

pub use names::{BranchName, Oid, TopicName};
pub use repo::{GitError, Repo};
