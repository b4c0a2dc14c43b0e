// SPDX-License-Identifier: GPL-2.0-only

//! Variants: what is added to a configuration for a purpose.

use super::arch::Arch;

/// A variant of a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// The defconfig as it is.
    #[default]
    Plain,
    /// Everything that finds mistakes at run time: KASAN, lockdep, DEBUG_OBJECTS, KMEMLEAK and the like.
    Debug,
}

impl Variant {
    /// Every variant with a name.
    pub const NAMED: [(&'static str, Variant); 2] = [("plain", Variant::Plain), ("debug", Variant::Debug)];

    /// What it adds to the name of a build folder.
    pub fn suffix(self) -> Option<&'static str> {
        match self {
            Variant::Plain => None,
            Variant::Debug => Some("debug"),
        }
    }

    /// Its fragments for an architecture, below the top of Linux.
    pub fn fragments(self, arch: &Arch) -> &'static [&'static str] {
        match self {
            Variant::Plain => &[],
            Variant::Debug if arch.kasan => {
                &["kernel/configs/drm_rust_debug.config", "kernel/configs/drm_rust_kasan.config"]
            }
            Variant::Debug => &["kernel/configs/drm_rust_debug.config"],
        }
    }
}
