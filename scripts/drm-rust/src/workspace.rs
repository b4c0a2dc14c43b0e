// SPDX-License-Identifier: GPL-2.0-only

//! Where everything is: one checkout of this repository, and what the caller's environment says.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use crate::error::{Explain, FileContext, FileError};
use crate::git::Repo;
use crate::git::commit::Identity;

/// A checkout of this repository and the surroundings of a run.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The top of the checkout.
    pub root: PathBuf,
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

/// The data file `trees.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TreesError {
    /// It could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what it should be.
    #[error("{path} is not valid:\n{message}")]
    Syntax {
        /// The file.
        path: String,
        /// Line, column and reason.
        message: String,
    },
}

impl Explain for TreesError {
    fn hint(&self) -> Option<String> {
        match self {
            TreesError::File(error) => error.hint(),
            TreesError::Syntax { .. } => Some("`git log -p` on the file shows what it was".into()),
        }
    }
}

/// What `trees.toml` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trees {
    /// This tree.
    pub ours: OurTree,
    /// The tree that pulls from it.
    pub drm_next: Receiver,
}

/// This tree.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OurTree {
    /// Author and committer of merges.
    pub identity: Identity,
    /// Where it is published.
    pub url: String,
}

/// A tree that takes pull requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// Whom a mail greets.
    pub greeting: String,
    /// Who pulls.
    pub to: Vec<String>,
    /// Who should know.
    pub cc: Vec<String>,
}

impl Trees {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Trees, TreesError> {
        let text = std::fs::read_to_string(path).at("read", path)?;
        toml::from_str(&text)
            .map_err(|error| TreesError::Syntax { path: path.display().to_string(), message: error.to_string() })
    }
}
