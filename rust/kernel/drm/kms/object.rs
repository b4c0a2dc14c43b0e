// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What mode objects have in common.
//!
//! C header: [`include/drm/drm_mode_object.h`](srctree/include/drm/drm_mode_object.h)

use core::ops::BitOr;

/// An entry of a table of callbacks, which is empty if the driver has no use for it.
pub(super) const fn callback_if<F: Copy>(condition: bool, callback: F) -> Option<F> {
    if condition {
        Some(callback)
    } else {
        None
    }
}

/// A set of CRTCs of a device.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::object::CrtcMask;
///
/// assert_eq!((CrtcMask::nth(0) | CrtcMask::nth(3)).bits(), 0b1001);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrtcMask(u32);

impl CrtcMask {
    /// No CRTC.
    pub const NONE: Self = Self(0);

    /// The CRTC that is created as the `n`th one, from 0 on. None from 32 on.
    pub const fn nth(n: u32) -> Self {
        Self(if n < 32 { 1 << n } else { 0 })
    }

    /// Bit `n` for the `n`th CRTC.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl BitOr for CrtcMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
