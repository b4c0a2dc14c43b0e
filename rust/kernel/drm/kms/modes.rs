// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Display modes.
//!
//! C header: [`include/drm/drm_modes.h`](srctree/include/drm/drm_modes.h)
//!
//! Not supported: the timings that hardware gets if it needs other ones than user space has set
//! (`adjusted_mode`), aspect ratios.

use crate::{
    bindings,
    prelude::*,
    types::Opaque, //
};
use core::ops::BitOr;

/// The timings of lines, in pixels, or of frames, in lines. What is visible comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Where the visible part ends.
    pub display: u16,
    /// Where the synchronization pulse begins.
    pub sync_start: u16,
    /// Where the synchronization pulse ends.
    pub sync_end: u16,
    /// Where everything ends.
    pub total: u16,
}

impl Axis {
    const fn is_ordered(&self) -> bool {
        0 < self.display
            && self.display <= self.sync_start
            && self.sync_start <= self.sync_end
            && self.sync_end <= self.total
    }
}

/// What else there is to a mode, `DRM_MODE_FLAG_*` in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeFlags(u32);

impl ModeFlags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Horizontal synchronization pulses are positive.
    pub const PHSYNC: Self = Self(bindings::DRM_MODE_FLAG_PHSYNC);
    /// Horizontal synchronization pulses are negative.
    pub const NHSYNC: Self = Self(bindings::DRM_MODE_FLAG_NHSYNC);
    /// Vertical synchronization pulses are positive.
    pub const PVSYNC: Self = Self(bindings::DRM_MODE_FLAG_PVSYNC);
    /// Vertical synchronization pulses are negative.
    pub const NVSYNC: Self = Self(bindings::DRM_MODE_FLAG_NVSYNC);
    /// Each frame has every second line.
    pub const INTERLACE: Self = Self(bindings::DRM_MODE_FLAG_INTERLACE);
    /// Each line is shown twice.
    pub const DBLSCAN: Self = Self(bindings::DRM_MODE_FLAG_DBLSCAN);

    /// Whether this set has all of another one.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for ModeFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The timings of a display mode.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::modes::{Axis, ModeFlags, Timings};
///
/// // 640x480 at 59.94 Hz, as in the standard of VESA.
/// let timings = Timings {
///     clock: 25_175,
///     horizontal: Axis { display: 640, sync_start: 656, sync_end: 752, total: 800 },
///     vertical: Axis { display: 480, sync_start: 490, sync_end: 492, total: 525 },
///     flags: ModeFlags::NHSYNC | ModeFlags::NVSYNC,
/// };
/// assert!(timings.flags.contains(ModeFlags::NVSYNC));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// The pixel clock in kHz.
    pub clock: u32,
    /// The timings of lines, in pixels.
    pub horizontal: Axis,
    /// The timings of frames, in lines.
    pub vertical: Axis,
    /// Anything else.
    pub flags: ModeFlags,
}

impl Timings {
    /// Creates a mode that belongs to nobody yet.
    ///
    /// Fails with `EINVAL` if there cannot be such a mode.
    ///
    /// # Safety
    ///
    /// `dev` must be a valid device with a mode configuration.
    pub(super) unsafe fn create(
        &self,
        dev: *mut bindings::drm_device,
    ) -> Result<*mut bindings::drm_display_mode> {
        if self.clock == 0 || !self.horizontal.is_ordered() || !self.vertical.is_ordered() {
            return Err(EINVAL);
        }
        let clock = i32::try_from(self.clock)?;

        // SAFETY: By the safety requirements.
        let mode = unsafe { bindings::drm_mode_create(dev) };
        if mode.is_null() {
            return Err(ENOMEM);
        }

        // SAFETY: The mode is valid, and nobody else uses it.
        unsafe {
            (*mode).clock = clock;
            (*mode).hdisplay = self.horizontal.display;
            (*mode).hsync_start = self.horizontal.sync_start;
            (*mode).hsync_end = self.horizontal.sync_end;
            (*mode).htotal = self.horizontal.total;
            (*mode).vdisplay = self.vertical.display;
            (*mode).vsync_start = self.vertical.sync_start;
            (*mode).vsync_end = self.vertical.sync_end;
            (*mode).vtotal = self.vertical.total;
            (*mode).flags = self.flags.0;
            bindings::drm_mode_set_name(mode);
        }
        Ok(mode)
    }
}

/// Whether a mode can be had, `enum drm_mode_status` in C. Other modes are kept from user space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ModeStatus {
    /// It can.
    Ok = bindings::drm_mode_status_MODE_OK,
    /// It cannot, for another reason than those below.
    Bad = bindings::drm_mode_status_MODE_BAD,
    /// The pixel clock is too high.
    ClockHigh = bindings::drm_mode_status_MODE_CLOCK_HIGH,
    /// The pixel clock is too low.
    ClockLow = bindings::drm_mode_status_MODE_CLOCK_LOW,
    /// The hardware does not have this pixel clock.
    ClockRange = bindings::drm_mode_status_MODE_CLOCK_RANGE,
    /// The horizontal timings are not possible.
    HorizontalValue = bindings::drm_mode_status_MODE_BAD_HVALUE,
    /// The vertical timings are not possible.
    VerticalValue = bindings::drm_mode_status_MODE_BAD_VVALUE,
    /// It is interlaced.
    NoInterlace = bindings::drm_mode_status_MODE_NO_INTERLACE,
    /// Lines are shown twice.
    NoDoubleScan = bindings::drm_mode_status_MODE_NO_DBLESCAN,
    /// Its frames need more memory bandwidth than there is.
    Memory = bindings::drm_mode_status_MODE_MEM,
    /// The panel has another size.
    Panel = bindings::drm_mode_status_MODE_PANEL,
    /// Only one size is possible.
    OneSize = bindings::drm_mode_status_MODE_ONE_SIZE,
}

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

    /// All timings.
    pub fn timings(&self) -> Timings {
        let mode = self.raw();
        Timings {
            // Negative values do not occur.
            clock: mode.clock.try_into().unwrap_or_default(),
            horizontal: Axis {
                display: mode.hdisplay,
                sync_start: mode.hsync_start,
                sync_end: mode.hsync_end,
                total: mode.htotal,
            },
            vertical: Axis {
                display: mode.vdisplay,
                sync_start: mode.vsync_start,
                sync_end: mode.vsync_end,
                total: mode.vtotal,
            },
            flags: ModeFlags(mode.flags),
        }
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
