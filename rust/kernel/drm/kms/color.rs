// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Colour management of CRTCs.
//!
//! C header: [`include/drm/drm_color_mgmt.h`](srctree/include/drm/drm_color_mgmt.h)
//!
//! After its planes have been blended, a CRTC can take each pixel through three steps: a lookup
//! table that makes values linear, a matrix, and a lookup table that makes them what the display
//! wants. A driver says in [`DriverCrtc::COLOR`] which of them there are, and finds what user space
//! has set in [`CrtcState`].
//!
//! What can be done with the colours of a single plane is in [`colorop`](super::colorop).
//!
//! Not supported: the background colour.

use super::{
    colorop::signed,
    crtc::{
        CrtcState,
        DriverCrtc, //
    },
    property::content, //
};
use crate::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// What a CRTC can do with colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorManagement {
    /// The number of entries of the table that is applied first, 0 if there is none.
    pub degamma: u32,
    /// Whether there is a matrix.
    pub ctm: bool,
    /// The number of entries of the table that is applied last, 0 if there is none.
    pub gamma: u32,
}

impl ColorManagement {
    /// Nothing.
    pub const NONE: Self = Self {
        degamma: 0,
        ctm: false,
        gamma: 0,
    };

    /// Whether there is anything.
    pub(super) const fn is_some(&self) -> bool {
        self.degamma != 0 || self.ctm || self.gamma != 0
    }

    /// Creates the properties of a CRTC.
    ///
    /// # Safety
    ///
    /// `crtc` must be a valid CRTC of a device that is not registered.
    pub(super) unsafe fn create(&self, crtc: *mut bindings::drm_crtc) -> Result {
        if self.gamma != 0 {
            // SAFETY: By the safety requirements.
            to_result(unsafe {
                bindings::drm_mode_crtc_set_gamma_size(crtc, i32::try_from(self.gamma)?)
            })?;
        }
        if self.is_some() {
            // SAFETY: By the safety requirements.
            unsafe {
                bindings::drm_crtc_enable_color_mgmt(crtc, self.degamma, self.ctm, self.gamma)
            };
        }
        Ok(())
    }

    /// Checks that the tables of a state have the sizes that the CRTC has told.
    pub(super) fn check<T: DriverCrtc>(&self, state: &CrtcState<T>) -> Result {
        for (lut, size) in [
            (state.degamma_lut(), self.degamma),
            (state.gamma_lut(), self.gamma),
        ] {
            if lut.is_some_and(|lut| u32::try_from(lut.len()) != Ok(size)) {
                return Err(EINVAL);
            }
        }
        Ok(())
    }
}

/// An entry of a lookup table: what to replace the values of each channel by, from 0 to `0xffff`.
///
/// The entries of a table are those for equidistant values, with 0 as the first, and `0xffff` as
/// the last one.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct LutEntry(bindings::drm_color_lut);

impl LutEntry {
    /// Creates an entry.
    #[inline]
    pub const fn new(red: u16, green: u16, blue: u16) -> Self {
        Self(bindings::drm_color_lut {
            red,
            green,
            blue,
            reserved: 0,
        })
    }

    /// The value of the red channel.
    #[inline]
    pub const fn red(&self) -> u16 {
        self.0.red
    }

    /// The value of the green channel.
    #[inline]
    pub const fn green(&self) -> u16 {
        self.0.green
    }

    /// The value of the blue channel.
    #[inline]
    pub const fn blue(&self) -> u16 {
        self.0.blue
    }
}

/// A matrix which pixels are multiplied by.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Ctm(bindings::drm_color_ctm);

impl Ctm {
    /// The part of the input channel `input` in the output channel `output`, in 32.32 fixed point.
    /// Channel 0 is red, 1 is green, and 2 is blue. None if there is no such channel.
    #[inline]
    pub fn coefficient(&self, output: usize, input: usize) -> Option<i64> {
        if input > 2 {
            return None;
        }
        self.0
            .matrix
            .get(output.checked_mul(3)? + input)
            .map(|value| signed(*value))
    }
}

impl<T: DriverCrtc> CrtcState<T> {
    /// The table that is applied first. None if values remain as they are.
    pub fn degamma_lut(&self) -> Option<&[LutEntry]> {
        // SAFETY: The state is valid and has a reference to the blob. DRM core has checked that its
        // length is a multiple of an entry's.
        unsafe { content((*self.as_raw()).degamma_lut) }
    }

    /// The matrix. None if pixels remain as they are.
    pub fn ctm(&self) -> Option<&Ctm> {
        // SAFETY: The state is valid and has a reference to the blob. DRM core has checked that it
        // has the length of a matrix.
        unsafe { content((*self.as_raw()).ctm) }?.first()
    }

    /// The table that is applied last. None if values remain as they are.
    pub fn gamma_lut(&self) -> Option<&[LutEntry]> {
        // SAFETY: As for `degamma_lut()`.
        unsafe { content((*self.as_raw()).gamma_lut) }
    }

    /// Whether the tables or the matrix have changed.
    #[inline]
    pub fn color_changed(&self) -> bool {
        // SAFETY: The state is valid.
        unsafe { (*self.as_raw()).color_mgmt_changed() }
    }
}

#[kunit_tests(rust_drm_kms_color)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_are_in_rows() {
        let mut matrix = [0; 9];
        matrix[5] = 7;
        let ctm = Ctm(bindings::drm_color_ctm { matrix });

        assert_eq!(ctm.coefficient(1, 2), Some(7));
        assert_eq!(ctm.coefficient(2, 1), Some(0));
        assert_eq!(ctm.coefficient(0, 3), None);
        assert_eq!(ctm.coefficient(3, 0), None);
    }
}
