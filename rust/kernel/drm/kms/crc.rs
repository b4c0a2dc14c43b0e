// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Checksums of what is on the screen, which tests of user space compare.
//!
//! C header: [`include/drm/drm_debugfs_crc.h`](srctree/include/drm/drm_debugfs_crc.h)
//!
//! There is one source of them, `auto`. See [`DriverCrtc::enable_checksums`].

use super::crtc::{
    Crtc,
    DriverCrtc, //
};
use crate::{
    bindings,
    error::from_result,
    prelude::*, //
};

impl<T: DriverCrtc> Crtc<T> {
    /// Hands over the checksum of a frame, where `frame` is the count of the vertical blank at
    /// which it began to be shown.
    pub fn add_checksum(&self, frame: u64, mut checksum: u32) {
        // The counter of this interface has 32 bits. If user space does not read, the checksum is
        // lost, which it gets to know. SAFETY: The CRTC is valid, and a checksum of this driver
        // has one value.
        unsafe {
            bindings::drm_crtc_add_crc_entry(self.as_raw(), true, frame as u32, &mut checksum)
        };
    }
}

const AUTO: &CStr = c"auto";

/// The sources of checksums, for C.
#[repr(transparent)]
struct Sources([*const c_char; 1]);

// SAFETY: The strings are static, and do not change.
unsafe impl Sync for Sources {}

static SOURCES: Sources = Sources([crate::str::as_char_ptr_in_const_context(AUTO)]);

/// Whether a source is the only one that there is, or none.
///
/// # Safety
///
/// `source` must be null or a valid string.
unsafe fn is_auto(source: *const c_char) -> Result<bool> {
    if source.is_null() {
        return Ok(false);
    }
    // SAFETY: By the safety requirements.
    if unsafe { CStr::from_char_ptr(source) } != AUTO {
        return Err(EINVAL);
    }
    Ok(true)
}

/// # Safety
///
/// `count` must be valid.
pub(super) unsafe extern "C" fn get_sources_callback(
    _crtc: *mut bindings::drm_crtc,
    count: *mut usize,
) -> *const *const c_char {
    // SAFETY: By the safety requirements.
    unsafe { *count = SOURCES.0.len() };
    SOURCES.0.as_ptr()
}

/// # Safety
///
/// `source` must be null or a valid string, and `values` be valid.
pub(super) unsafe extern "C" fn verify_source_callback(
    _crtc: *mut bindings::drm_crtc,
    source: *const c_char,
    values: *mut usize,
) -> c_int {
    from_result(|| {
        // SAFETY: By the safety requirements.
        unsafe {
            is_auto(source)?;
            *values = 1;
        }
        Ok(0)
    })
}

/// # Safety
///
/// `crtc` must be valid and a [`Crtc<T>`], and `source` be null or a valid string.
pub(super) unsafe extern "C" fn set_source_callback<T: DriverCrtc>(
    crtc: *mut bindings::drm_crtc,
    source: *const c_char,
) -> c_int {
    from_result(|| {
        // SAFETY: By the safety requirements.
        let (crtc, enable) = unsafe { (Crtc::<T>::from_raw(crtc), is_auto(source)?) };
        T::enable_checksums(crtc, enable)?;
        Ok(0)
    })
}
