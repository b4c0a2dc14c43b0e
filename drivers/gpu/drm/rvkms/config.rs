// SPDX-License-Identifier: GPL-2.0

//! What a virtual device has.

/// As many overlay planes as a device can have.
pub(crate) const MAX_OVERLAYS: u8 = 8;

/// As many planes as a device can have: a primary one, overlays and a cursor.
pub(crate) const MAX_PLANES: usize = 2 + MAX_OVERLAYS as usize;

/// What a virtual device has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    /// Whether there is a cursor plane.
    pub(crate) cursor: bool,
    /// How many overlay planes there are.
    pub(crate) overlays: u8,
    /// Whether planes have a colour pipeline.
    pub(crate) pipelines: bool,
    /// Whether there is a writeback connector.
    pub(crate) writeback: bool,
}

/// The sizes of framebuffers and modes.
pub(crate) mod size {
    pub(crate) const MIN: (u32, u32) = (10, 10);
    pub(crate) const MAX: (u32, u32) = (8192, 8192);
    pub(crate) const PREFERRED: (u32, u32) = (1024, 768);
    pub(crate) const CURSOR: (u32, u32) = (512, 512);
}
