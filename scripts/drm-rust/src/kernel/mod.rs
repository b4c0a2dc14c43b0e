// SPDX-License-Identifier: GPL-2.0-only

//! Kernels of the tree: configured and built out of tree in `build/`, and run on this machine.

pub mod analyzer;
pub mod arch;
pub mod boot;
pub mod build;
pub mod config;
mod gates;
pub(crate) mod kbuild;
pub mod kconfig;
pub mod kexpr;
pub mod machine;
pub mod make;
pub mod only;
pub mod output;
mod targets;
pub mod variant;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::{Explain, FileError};
use crate::git::GitError;
use crate::lock::LockError;
use crate::process::ProcessError;
use crate::setup::{Finding, commands};
use arch::{Arch, Machine};

/// What this tree adds to a configuration that is not its own, below the top of Linux.
const FRAGMENT: &str = "tools/testing/kunit/configs/drm_rust.config";
/// What kunit.py adds for UML: without PCI, it has no DRM.
const UML_FRAGMENT: &str = "tools/testing/kunit/configs/arch_uml.config";

/// The fragments that a configuration gets which is not this tree's own, below the top of Linux.
pub fn additions(arch: &Arch) -> &'static [&'static str] {
    if arch.machine == Machine::Uml { &[UML_FRAGMENT, FRAGMENT] } else { &[FRAGMENT] }
}

/// A kernel could not be built.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A program failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The build folder could not be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A tool is missing or too old.
    #[error("this machine lacks {}", names(.0))]
    Tools(Vec<Finding>),
    /// What is checked out has no configuration of this tree.
    #[error("linux/ has no {}", .0.defconfig().display())]
    NoDefconfig(&'static Arch),
    /// Symbols did not take.
    #[error("the configuration of {arch} is not what was asked for:\n  {}", .reasons.join("\n  "))]
    Config {
        /// The architecture.
        arch: &'static Arch,
        /// A sentence for each symbol.
        reasons: Vec<String>,
    },
    /// Make did nothing for a folder.
    #[error("make found nothing to compile for {0}")]
    Nothing(String),
    /// The build failed.
    #[error("{arch} does not build:\n{}", .findings.join("\n"))]
    Build {
        /// The architecture.
        arch: &'static Arch,
        /// Errors and warnings, each whole.
        findings: Vec<String>,
        /// Everything that make said.
        log: PathBuf,
    },
}

fn names(findings: &[Finding]) -> String {
    findings.iter().map(|finding| finding.name).collect::<Vec<_>>().join(", ")
}

impl Explain for KernelError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            KernelError::File(error) => return error.hint(),
            KernelError::Git(error) => return error.hint(),
            KernelError::Process(error) => return error.hint(),
            KernelError::Lock(error) => return error.hint(),
            KernelError::Tools(findings) => {
                let options: BTreeSet<_> = findings.iter().filter_map(|finding| finding.group.option()).collect();
                let setup: Vec<_> = ["drm-rust setup"].into_iter().chain(options).collect();
                format!("run `{}` as root, or:\n  {}", setup.join(" "), commands(findings).join("\n  "))
            }
            KernelError::NoDefconfig(_) => "it is on drm-rust-next: `git -C linux switch drm-rust-next`; \
                 --config NAME takes a configuration of the kernel instead"
                .into(),
            KernelError::Config { arch, .. } => {
                format!("{} and the fragments must name what their symbols depend on", arch.defconfig().display())
            }
            KernelError::Nothing(_) => "the configuration leaves it out, or a Makefile further up compiles it: \
                 name that one's folder"
                .into(),
            KernelError::Build { log, .. } => format!("everything that make said is in {}", log.display()),
        })
    }
}
