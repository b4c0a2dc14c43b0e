// SPDX-License-Identifier: GPL-2.0-only

//! What a machine needs, whether it has it, and how it gets it.

mod install;
mod needs;
mod probe;
pub mod rust_src;
pub mod sparse;

use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

pub use install::{InstallError, commands, install};
pub use needs::{Group, NEEDS, Need};

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
    let find = |need: &'static Need| {
        let state = probe::probe(need, cache);
        Finding { name: need.name, why: need.why, group: need.group, state, need }
    };
    NEEDS.par_iter().filter(|need| groups.contains(&need.group)).map(find).collect()
}

/// What `make` of the kernel must be told: variables and their values.
pub fn kernel_variables(cache: &Path) -> Vec<(&'static str, String)> {
    let library = rust_src::library(cache).map(|library| ("RUST_LIB_SRC", library.display().to_string()));
    [("LLVM", needs::LLVM.to_owned())].into_iter().chain(library).collect()
}

/// The same for the Makefile, where the caller's own values win.
pub fn toolchain_mk(cache: &Path) -> String {
    let mut text =
        String::from("# Written by `drm-rust setup`: what the kernel's build needs to know of this machine.\n");
    for (name, value) in kernel_variables(cache) {
        text += &format!("export {name} ?= {value}\n");
    }
    text
}

/// The version of the Rust compiler, for example `1.95.0`.
pub fn rustc_version() -> Option<String> {
    let output = Process::new("rustc").arg("--version").output().ok()?;
    probe::version_in(&output.text())
}
