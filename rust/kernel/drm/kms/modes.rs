// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Display modes.
//!
//! C header: [`include/drm/drm_modes.h`](srctree/include/drm/drm_modes.h)

use crate::{
    bindings,
    types::Opaque, //
};

/// A display mode.
///
/// # Invariants
///
/// The `struct drm_display_mode` is valid, and its timings do not change behind shared references.
#[repr(transparent)]
pub struct DisplayMode(Opaque<bindings::drm_display_mode>);

impl DisplayMode {
    /// # Safety
    ///
    /// `mode` must be a valid pointer to a mode that does not change during `'a`.
    pub(super) unsafe fn from_raw<'a>(mode: *const bindings::drm_display_mode) -> &'a Self {
        // SAFETY: By the safety requirements.
        unsafe { &*mode.cast() }
    }

    #[inline]
    fn raw(&self) -> &bindings::drm_display_mode {
        // SAFETY: By the type invariants.
        unsafe { &*self.0.get() }
    }

    /// The visible pixels of a line.
    #[inline]
    pub fn hdisplay(&self) -> u16 {
        self.raw().hdisplay
    }

    /// The visible lines.
    #[inline]
    pub fn vdisplay(&self) -> u16 {
        self.raw().vdisplay
    }

    /// The pixels of a line with the horizontal blank.
    #[inline]
    pub fn htotal(&self) -> u16 {
        self.raw().htotal
    }

    /// The lines with the vertical blank.
    #[inline]
    pub fn vtotal(&self) -> u16 {
        self.raw().vtotal
    }

    /// The pixel clock in kHz.
    #[inline]
    pub fn clock(&self) -> i32 {
        self.raw().clock
    }

    /// The vertical refresh rate in Hz.
    #[inline]
    pub fn vrefresh(&self) -> i32 {
        // SAFETY: `self.0` is valid by the type invariants.
        unsafe { bindings::drm_mode_vrefresh(self.0.get()) }
    }
}
