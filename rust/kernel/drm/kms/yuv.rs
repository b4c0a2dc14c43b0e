// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the numbers of YUV pixels mean.
//!
//! C header: [`include/drm/drm_color_mgmt.h`](srctree/include/drm/drm_color_mgmt.h)
//!
//! A framebuffer with luma and chroma does not say how to make colours of them. User space does, in
//! properties of the plane, if the driver offers a choice in
//! [`NewPlane::yuv`](super::plane::NewPlane::yuv).

use super::plane::{
    DriverPlane,
    PlaneState, //
};
use crate::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// The weights of red and blue in luma, `COLOR_ENCODING` for user space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ColorEncoding {
    /// ITU-R BT.601.
    Bt601 = bindings::drm_color_encoding_DRM_COLOR_YCBCR_BT601,
    /// ITU-R BT.709.
    Bt709 = bindings::drm_color_encoding_DRM_COLOR_YCBCR_BT709,
    /// ITU-R BT.2020, with luminance that is not constant.
    Bt2020 = bindings::drm_color_encoding_DRM_COLOR_YCBCR_BT2020,
}

/// Which numbers stand for black and white, `COLOR_RANGE` for user space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ColorRange {
    /// With 8 bits, luma goes from 16 to 235, and chroma from 16 to 240.
    Limited = bindings::drm_color_range_DRM_COLOR_YCBCR_LIMITED_RANGE,
    /// All numbers that there are.
    Full = bindings::drm_color_range_DRM_COLOR_YCBCR_FULL_RANGE,
}

/// What user space can choose from. The first of each is the default.
#[derive(Clone, Copy, Debug)]
pub struct YuvColors<'a> {
    /// The encodings, one at least.
    pub encodings: &'a [ColorEncoding],
    /// The ranges, one at least.
    pub ranges: &'a [ColorRange],
}

impl YuvColors<'_> {
    /// Creates the properties of a plane.
    ///
    /// # Safety
    ///
    /// `plane` must be a valid plane of a device that is not registered.
    pub(super) unsafe fn create(&self, plane: *mut bindings::drm_plane) -> Result {
        let (Some(encoding), Some(range)) = (self.encodings.first(), self.ranges.first()) else {
            return Err(EINVAL);
        };
        let encodings = self.encodings.iter().fold(0, |set, e| set | 1 << *e as u32);
        let ranges = self.ranges.iter().fold(0, |set, r| set | 1 << *r as u32);

        // SAFETY: By the safety requirements.
        to_result(unsafe {
            bindings::drm_plane_create_color_properties(
                plane,
                encodings,
                ranges,
                *encoding as u32,
                *range as u32,
            )
        })
    }
}

impl<T: DriverPlane> PlaneState<T> {
    /// The encoding of a YUV framebuffer. [`ColorEncoding::Bt601`] if there is no choice.
    #[inline]
    pub fn color_encoding(&self) -> ColorEncoding {
        // SAFETY: The state is valid.
        match unsafe { (*self.as_raw()).color_encoding } {
            bindings::drm_color_encoding_DRM_COLOR_YCBCR_BT709 => ColorEncoding::Bt709,
            bindings::drm_color_encoding_DRM_COLOR_YCBCR_BT2020 => ColorEncoding::Bt2020,
            _ => ColorEncoding::Bt601,
        }
    }

    /// The range of a YUV framebuffer. [`ColorRange::Limited`] if there is no choice.
    #[inline]
    pub fn color_range(&self) -> ColorRange {
        // SAFETY: The state is valid.
        match unsafe { (*self.as_raw()).color_range } {
            bindings::drm_color_range_DRM_COLOR_YCBCR_FULL_RANGE => ColorRange::Full,
            _ => ColorRange::Limited,
        }
    }
}
