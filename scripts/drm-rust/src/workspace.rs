// SPDX-License-Identifier: GPL-2.0-only

//! Where everything is: one checkout of this repository, and what the caller's environment says.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::git::Repo;
pub use crate::neighbours::{OurTree, Receiver, Trees, TreesError};

/// A checkout of this repository and the surroundings of a run.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The top of the checkout.
    pub root: PathBuf,
    /// A person's clone of Linux that was named in place of `linux/`.
    pub clone: Option<Repo>,
    /// The user's cache folder for this program.
    pub cache: PathBuf,
    /// The time of the run.
    pub now: Timestamp,
    /// The command line, for the op log.
    pub command: String,
}

impl Workspace {
    /// The complete Linux tree.
    pub fn linux(&self) -> Repo {
        Repo::at(self.root.join("linux"))
    }

    /// The repository that is worked on: the clone that was named, or else [`Workspace::linux`].
    pub fn repo(&self) -> Repo {
        self.clone.clone().unwrap_or_else(|| self.linux())
    }

    /// The lock of that repository.
    pub fn repo_lock(&self) -> PathBuf {
        match &self.clone {
            Some(clone) => clone.common_dir().join("drm-rust.lock"),
            None => self.lock(),
        }
    }

    /// Where a new Linux tree grows until it is complete.
    pub fn growing(&self) -> Repo {
        Repo::at(self.root.join(".linux.new"))
    }

    /// Everything that is built.
    pub fn build(&self) -> PathBuf {
        self.root.join("build")
    }

    /// The lock of this checkout.
    pub fn lock(&self) -> PathBuf {
        self.build().join("drm-rust.lock")
    }

    /// A data file of the toolchain.
    pub fn data(&self, name: &str) -> PathBuf {
        self.root.join("scripts/drm-rust").join(name)
    }
}
