// SPDX-License-Identifier: GPL-2.0 OR MIT

//! How planes are rotated and blended.
//!
//! C header: [`include/drm/drm_blend.h`](srctree/include/drm/drm_blend.h)
//!
//! Not supported: places in the stack of planes that can be changed, the background colour.

use super::plane::{
    DriverPlane,
    PlaneState, //
};
use crate::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// Rotations and reflections, `DRM_MODE_ROTATE_*` and `DRM_MODE_REFLECT_*` in C.
///
/// The picture is first reflected, and then rotated counter-clockwise.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::blend::Rotations;
///
/// assert!(Rotations::FLIPS.contains(Rotations::ROTATE_180));
/// assert!(!Rotations::FLIPS.contains(Rotations::ROTATE_90));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotations(u32);

impl Rotations {
    /// As it is.
    pub const ROTATE_0: Self = Self(bindings::DRM_MODE_ROTATE_0);
    /// The right edge becomes the upper one.
    pub const ROTATE_90: Self = Self(bindings::DRM_MODE_ROTATE_90);
    /// Upside down.
    pub const ROTATE_180: Self = Self(bindings::DRM_MODE_ROTATE_180);
    /// The left edge becomes the upper one.
    pub const ROTATE_270: Self = Self(bindings::DRM_MODE_ROTATE_270);
    /// Left and right exchanged.
    pub const REFLECT_X: Self = Self(bindings::DRM_MODE_REFLECT_X);
    /// Top and bottom exchanged.
    pub const REFLECT_Y: Self = Self(bindings::DRM_MODE_REFLECT_Y);

    /// Rotation by 180 degrees, and reflections.
    pub const FLIPS: Self = Self(
        bindings::DRM_MODE_ROTATE_0
            | bindings::DRM_MODE_ROTATE_180
            | bindings::DRM_MODE_REFLECT_MASK,
    );
    /// All rotations by a multiple of 90 degrees, and all reflections.
    pub const ALL: Self = Self(bindings::DRM_MODE_ROTATE_MASK | bindings::DRM_MODE_REFLECT_MASK);

    /// Whether this set has all of another one.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of this set.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// What the opacity of a pixel means, apart from that of the whole plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlendMode {
    /// The colours of a pixel have been multiplied by its opacity.
    Premultiplied,
    /// The colours of a pixel are to be multiplied by its opacity.
    Coverage,
    /// Pixels are opaque.
    None,
}

/// Which [`BlendMode`]s user space can choose from, where it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlendModes(c_uint);

impl BlendModes {
    /// There is no choice, only [`BlendMode::Premultiplied`].
    pub const PREMULTIPLIED: Self = Self(1 << bindings::DRM_MODE_BLEND_PREMULTI);

    /// All of them.
    pub const ALL: Self = Self::PREMULTIPLIED
        .with(BlendMode::Coverage)
        .with(BlendMode::None);

    /// These and one more.
    pub const fn with(self, mode: BlendMode) -> Self {
        Self(
            self.0
                | 1 << match mode {
                    BlendMode::Premultiplied => bindings::DRM_MODE_BLEND_PREMULTI,
                    BlendMode::Coverage => bindings::DRM_MODE_BLEND_COVERAGE,
                    BlendMode::None => bindings::DRM_MODE_BLEND_PIXEL_NONE,
                },
        )
    }
}

/// What user space can change about the way a plane is rotated and blended.
pub(super) struct Blending {
    pub(super) alpha: bool,
    pub(super) modes: BlendModes,
    pub(super) zpos: Option<u8>,
    pub(super) rotations: Rotations,
}

impl Blending {
    /// Creates the properties of a plane.
    ///
    /// # Safety
    ///
    /// `plane` must be a valid plane of a device that is not registered.
    pub(super) unsafe fn create(&self, plane: *mut bindings::drm_plane) -> Result {
        if self.alpha {
            // SAFETY: By the safety requirements.
            to_result(unsafe { bindings::drm_plane_create_alpha_property(plane) })?;
        }
        if self.modes != BlendModes::PREMULTIPLIED {
            // SAFETY: By the safety requirements.
            to_result(unsafe {
                bindings::drm_plane_create_blend_mode_property(plane, self.modes.0)
            })?;
        }
        if let Some(zpos) = self.zpos {
            // SAFETY: By the safety requirements.
            to_result(unsafe {
                bindings::drm_plane_create_zpos_immutable_property(plane, zpos.into())
            })?;
        }
        if self.rotations != Rotations::ROTATE_0 {
            let none = Rotations::ROTATE_0.bits();
            // SAFETY: By the safety requirements.
            to_result(unsafe {
                bindings::drm_plane_create_rotation_property(
                    plane,
                    none,
                    none | self.rotations.bits(),
                )
            })?;
        }
        Ok(())
    }
}

impl<T: DriverPlane> PlaneState<T> {
    /// The opacity of the plane, from 0 to `u16::MAX`.
    #[inline]
    pub fn alpha(&self) -> u16 {
        // SAFETY: The state is valid.
        unsafe { (*self.as_raw()).alpha }
    }

    /// What the opacity of a pixel means.
    #[inline]
    pub fn blend_mode(&self) -> BlendMode {
        // SAFETY: The state is valid.
        match u32::from(unsafe { (*self.as_raw()).pixel_blend_mode }) {
            bindings::DRM_MODE_BLEND_COVERAGE => BlendMode::Coverage,
            bindings::DRM_MODE_BLEND_PIXEL_NONE => BlendMode::None,
            _ => BlendMode::Premultiplied,
        }
    }

    /// How the framebuffer is rotated and reflected.
    #[inline]
    pub fn rotation(&self) -> Rotations {
        // SAFETY: The state is valid.
        Rotations(unsafe { (*self.as_raw()).rotation })
    }

    /// The place in the stack of the CRTC's planes: 0 is at the bottom.
    #[inline]
    pub fn normalized_zpos(&self) -> u32 {
        // SAFETY: The state is valid.
        unsafe { (*self.as_raw()).normalized_zpos }
    }
}
