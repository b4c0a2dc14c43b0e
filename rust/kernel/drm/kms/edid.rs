// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What a display says about itself.
//!
//! C header: [`include/drm/drm_edid.h`](srctree/include/drm/drm_edid.h)
//!
//! Not supported: DisplayID alone, reading through I2C.

use crate::{
    bindings,
    prelude::*, //
};
use core::ptr::NonNull;

/// The size of a block of EDID in bytes.
pub const BLOCK: usize = bindings::EDID_LENGTH as usize;

/// Extended display identification data.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::edid::{self, Edid};
///
/// // Neither a block, nor one with the right header and checksum.
/// assert_eq!(Edid::new(&[0; 3]).err(), Some(EINVAL));
/// assert_eq!(Edid::new(&[0; edid::BLOCK]).err(), Some(EINVAL));
/// ```
///
/// # Invariants
///
/// The pointer is from `drm_edid_alloc()`, and the data is valid.
pub struct Edid(NonNull<bindings::drm_edid>);

// SAFETY: The data is owned and does not change.
unsafe impl Send for Edid {}
// SAFETY: As above.
unsafe impl Sync for Edid {}

impl Edid {
    /// Copies EDID, with all of its blocks.
    ///
    /// Fails with `EINVAL` if it is not valid.
    pub fn new(data: &[u8]) -> Result<Self> {
        if data.len() < BLOCK {
            return Err(EINVAL);
        }
        // SAFETY: `data` has as many bytes as we say.
        let edid = unsafe { bindings::drm_edid_alloc(data.as_ptr().cast(), data.len()) };

        // INVARIANT: It is from `drm_edid_alloc()`, and dropped below if it is not valid.
        let edid = Self(NonNull::new(edid.cast_mut()).ok_or(ENOMEM)?);
        // SAFETY: The pointer is valid.
        if unsafe { bindings::drm_edid_valid(edid.as_raw()) } {
            Ok(edid)
        } else {
            Err(EINVAL)
        }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *const bindings::drm_edid {
        self.0.as_ptr()
    }
}

impl Drop for Edid {
    fn drop(&mut self) {
        // SAFETY: By the type invariants. It is not used after this.
        unsafe { bindings::drm_edid_free(self.as_raw()) };
    }
}
