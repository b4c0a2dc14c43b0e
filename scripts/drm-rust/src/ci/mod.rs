// SPDX-License-Identifier: GPL-2.0-only

//! What CI does: one table of cells, and the plans that different CI systems make of it.

pub mod gitlab;
pub mod tuxsuite;

use serde::Serialize;

use crate::kernel::arch::{ARCHES, Arch};
use crate::kernel::build::Request;
use crate::kernel::variant::Variant;

/// What is done with an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The kernel is built.
    Build,
    /// Its tests are run.
    Test,
    /// The debug variant is built, and its tests are run.
    Debug,
}

impl Check {
    /// Every check, in the order in which CI does them.
    pub const ALL: [Check; 3] = [Check::Build, Check::Test, Check::Debug];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Check::Build => "build",
            Check::Test => "test",
            Check::Debug => "debug",
        }
    }
}

/// A cell of the matrix.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The architecture.
    pub arch: &'static Arch,
    /// What is done.
    pub check: Check,
}

impl Cell {
    /// The kernel that it is about.
    pub fn request(self) -> Request {
        let variant = if self.check == Check::Debug { Variant::Debug } else { Variant::Plain };
        Request::new(self.arch, variant)
    }

    /// The command that does it, as a person would type it.
    pub fn command(self) -> String {
        match self.check {
            Check::Build => format!("drm-rust build {}", self.arch),
            Check::Test => format!("drm-rust test {}", self.arch),
            Check::Debug => format!("drm-rust test {} --variant debug", self.arch),
        }
    }
}

/// Every cell.
pub fn cells() -> impl Iterator<Item = Cell> {
    ARCHES.iter().flat_map(|arch| Check::ALL.map(|check| Cell { arch, check }))
}

fn yaml(plan: &impl Serialize) -> String {
    serde_norway::to_string(plan).expect("plain data can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_architecture_has_every_check() {
        let commands: Vec<_> = cells().map(Cell::command).collect();
        assert_eq!(commands.len(), 3 * ARCHES.len());
        assert_eq!(commands[..3], ["drm-rust build um", "drm-rust test um", "drm-rust test um --variant debug"]);
        let dirs: Vec<_> = cells().take(3).map(|cell| cell.request().name()).collect();
        assert_eq!(dirs, ["um", "um", "um-debug"]);
    }
}
