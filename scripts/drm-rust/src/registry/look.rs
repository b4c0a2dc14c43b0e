// SPDX-License-Identifier: GPL-2.0-only

//! The registry of a checkout, looked up in its `linux/`.

use super::lock::Lock;
use super::model::{Registry, RegistryError};
use super::proof::Results;
use super::tree::Branches;
use super::verify::{Outcome, verify};
use super::{DATA, LOCK};
use crate::error::Explain;
use crate::git::objects::{ObjectError, Objects};
use crate::oplog::{self, OpError};
use crate::topic::{self, TopicError};
use crate::workspace::Workspace;

/// Nothing can be looked up.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The registry cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The topics cannot be used.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The tree cannot be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The op log, which knows the base, cannot be read.
    #[error(transparent)]
    Op(#[from] OpError),
    /// There is no tree.
    #[error("there is no linux/ to look for evidence in")]
    NoTree,
}

impl Explain for LookError {
    fn hint(&self) -> Option<String> {
        match self {
            LookError::Registry(error) => error.hint(),
            LookError::Topic(error) => error.hint(),
            LookError::Object(error) => error.hint(),
            LookError::Op(error) => error.hint(),
            LookError::NoTree => Some("`drm-rust tree` makes it".into()),
        }
    }
}

/// What was found of a registry.
#[derive(Debug)]
pub struct Look<'a> {
    /// The rows, and what does not hold.
    pub outcome: Outcome<'a>,
    /// The statuses now.
    pub now: Lock,
    /// Those that were written down last.
    pub known: Lock,
}

/// Reads the registry of a checkout.
pub fn load(ws: &Workspace) -> Result<Registry, RegistryError> {
    Registry::load(&ws.data(DATA))
}

/// Looks for everything that a registry claims, in the branches of `linux/` as they are.
pub fn look<'a>(ws: &Workspace, registry: &'a Registry) -> Result<Look<'a>, LookError> {
    let linux = ws.linux();
    if !linux.exists() {
        return Err(LookError::NoTree);
    }
    let last = oplog::newest(&linux, &mut Objects::new(&linux))?.ok_or(LookError::NoTree)?;
    let topics = topic::load(&ws.root)?;
    let results = Results::load(&ws.build(), ws.data("igt"));
    let outcome = verify(registry, &topics, &mut Branches::open(&linux)?, &results)?;
    let now = Lock::new(&last.operation.base.version, &outcome.rows);
    Ok(Look { outcome, now, known: Lock::load(&ws.data(LOCK))? })
}
