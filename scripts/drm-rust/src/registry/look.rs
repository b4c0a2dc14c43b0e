// SPDX-License-Identifier: GPL-2.0-only

//! The registry of a checkout, looked up in its `linux/`.

use serde::Serialize;

use super::DATA;
use super::lock::Lock;
use super::model::{Registry, RegistryError};
use super::proof::Results;
use super::tree::Branches;
use super::verify::{Outcome, verify};
use crate::error::Explain;
use crate::git::GitError;
use crate::git::objects::{ObjectError, Objects};
use crate::igt;
use crate::latest::Present;
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
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
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
            LookError::Git(error) => error.hint(),
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
    /// Runs that do not count.
    pub notes: Vec<Note>,
}

/// A run that does not count, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The run.
    pub run: String,
    /// Why.
    pub message: String,
    /// How to have one that counts.
    pub hint: String,
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
    let results = results(ws)?;
    let outcome = verify(registry, &topics, &mut Branches::open(&linux)?, &results)?;
    let now = Lock::new(&last.operation.base.version, &outcome.rows);
    Ok(Look { outcome, now, notes: notes(&results) })
}

/// The latest results, those of the code that `drm-rust-next` has now apart from the others.
fn results(ws: &Workspace) -> Result<Results, LookError> {
    let mut present = Present::of(&ws.linux())?;
    let catalogue = igt::root::catalogue(&ws.cache);
    Ok(Results::load(&ws.build(), ws.data("igt"), catalogue, &mut |tree| present.has(tree)))
}

/// What a command needs to be told to use the kernel of a build folder.
fn kernel(folder: &str, option: &str) -> String {
    let (arch, variant) = folder.split_once('-').map_or((folder, None), |(arch, variant)| (arch, Some(variant)));
    let variant = variant.map_or(String::new(), |variant| format!(" --variant {variant}"));
    format!("{option}{arch}{variant}")
}

/// What is to be said of runs that do not count.
fn notes(results: &Results) -> Vec<Note> {
    let stale = |run: String, hint: String| Note { run, message: "the results are of another tree".into(), hint };
    let kunit = results.kunit.iter().filter(|run| !run.current);
    let kunit = kunit.map(|run| stale(run.kernel.clone(), format!("`drm-rust test {}`", kernel(&run.kernel, ""))));
    let igt = results.igt.iter().filter(|run| !run.current);
    let igt = igt.map(|run| {
        let driver = &run.report.driver;
        let hint = format!("`drm-rust igt {} --driver {driver}`", kernel(&run.kernel, "--arch "));
        stale(format!("{} with {driver}", run.kernel), hint)
    });
    let damaged = results.damaged.iter().map(|damaged| Note {
        run: damaged.kernel.clone(),
        message: format!("{} is damaged: {}", damaged.file, damaged.error),
        hint: "the next run writes it again".into(),
    });
    kunit.chain(igt).chain(damaged).collect()
}
