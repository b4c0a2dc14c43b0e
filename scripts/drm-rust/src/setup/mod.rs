// SPDX-License-Identifier: GPL-2.0-only

//! What a machine needs, whether it has it, and how it gets it.

mod install;
pub(crate) mod llvm;
mod needs;
mod probe;
pub mod rust_src;
pub mod sparse;
mod variables;

use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

pub use install::{InstallError, can_install, commands, install};
pub use needs::{Group, NEEDS, Need};
pub use variables::{kernel_variables, toolchain_mk};

use crate::process::Process;

/// What was found of one need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is there: its version, if it has one, and where.
    Present {
        /// The version.
        version: Option<String>,
        /// The program, header or folder.
        path: String,
    },
    /// It is there, but too old.
    TooOld {
        /// The version.
        version: String,
        /// The oldest one that will do.
        wanted: &'static str,
    },
    /// It is not there.
    Missing,
}

impl State {
    /// Whether the need is met.
    pub fn is_met(&self) -> bool {
        matches!(self, State::Present { .. })
    }
}

/// A need and its state.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The need's name.
    pub name: &'static str,
    /// Why it is needed.
    pub why: &'static str,
    /// What for.
    pub group: Group,
    /// Its state.
    pub state: State,
    /// What it is.
    #[serde(skip)]
    pub need: &'static Need,
}

/// Looks at everything in these groups, in parallel.
pub fn check(groups: &[Group], cache: &Path) -> Vec<Finding> {
    look(|need| groups.contains(&need.group), cache)
}

/// Looks at some needs, in parallel.
pub fn look(is_wanted: impl Fn(&Need) -> bool + Sync, cache: &Path) -> Vec<Finding> {
    let find = |need: &'static Need| {
        let state = probe::probe(need, cache);
        Finding { name: need.name, why: need.why, group: need.group, state, need }
    };
    NEEDS.par_iter().filter(|need| is_wanted(need)).map(find).collect()
}

/// The version of the Rust compiler, for example `1.95.0`.
pub fn rustc_version() -> Option<String> {
    let output = Process::new("rustc").arg("--version").output().ok()?;
    probe::version_in(&output.text())
}
