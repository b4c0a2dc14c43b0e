// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Colour pipelines of planes.
//!
//! C header: [`include/drm/drm_colorop.h`](srctree/include/drm/drm_colorop.h)
//!
//! A plane can offer several pipelines, of which user space chooses one, or none. A pipeline is a
//! chain of operations on the colours of each pixel, before planes are blended. User space can have
//! any of them bypassed. A driver lists its pipelines in
//! [`NewPlane::pipelines`](super::plane::NewPlane::pipelines), and finds in
//! [`Commit::color_pipeline`] what is to be done.
//!
//! Not supported: operations that cannot be bypassed, and a driver's part of their state.

use super::{
    atomic::{
        Check,
        Commit, //
    },
    plane::{
        DriverPlane,
        Plane, //
    },
    property::content, //
};
use crate::{
    bindings, drm,
    error::to_result,
    prelude::*,
    str::{
        CStrExt,
        CString, //
    },
};
use core::{
    marker::PhantomData,
    ptr, //
};

/// How values between two entries of a table are found, for which there is one way only.
const LINEAR: bindings::drm_colorop_lut1d_interpolation_type =
    bindings::drm_colorop_lut1d_interpolation_type_DRM_COLOROP_LUT1D_INTERPOLATION_LINEAR;

/// How values between the entries of a cube are found, for which there is one way only.
const TETRAHEDRAL: bindings::drm_colorop_lut3d_interpolation_type =
    bindings::drm_colorop_lut3d_interpolation_type_DRM_COLOROP_LUT3D_INTERPOLATION_TETRAHEDRAL;

/// A function of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Curve {
    /// From sRGB to light.
    SrgbEotf = bindings::drm_colorop_curve_1d_type_DRM_COLOROP_1D_CURVE_SRGB_EOTF,
    /// From light to sRGB.
    SrgbInverseEotf = bindings::drm_colorop_curve_1d_type_DRM_COLOROP_1D_CURVE_SRGB_INV_EOTF,
    /// From PQ to light, where 125.0 is 10,000 nits.
    Pq125Eotf = bindings::drm_colorop_curve_1d_type_DRM_COLOROP_1D_CURVE_PQ_125_EOTF,
    /// From light to PQ, where 125.0 is 10,000 nits.
    Pq125InverseEotf = bindings::drm_colorop_curve_1d_type_DRM_COLOROP_1D_CURVE_PQ_125_INV_EOTF,
    /// From BT.2020 to the light of the scene.
    Bt2020InverseOetf = bindings::drm_colorop_curve_1d_type_DRM_COLOROP_1D_CURVE_BT2020_INV_OETF,
    /// From the light of the scene to BT.2020.
    Bt2020Oetf = bindings::drm_colorop_curve_1d_type_DRM_COLOROP_1D_CURVE_BT2020_OETF,
    /// To the power of 2.2.
    Gamma22 = bindings::drm_colorop_curve_1d_type_DRM_COLOROP_1D_CURVE_GAMMA22,
    /// To the power of 1 / 2.2.
    Gamma22Inverse = bindings::drm_colorop_curve_1d_type_DRM_COLOROP_1D_CURVE_GAMMA22_INV,
}

impl Curve {
    const ALL: [Self; 8] = [
        Self::SrgbEotf,
        Self::SrgbInverseEotf,
        Self::Pq125Eotf,
        Self::Pq125InverseEotf,
        Self::Bt2020InverseOetf,
        Self::Bt2020Oetf,
        Self::Gamma22,
        Self::Gamma22Inverse,
    ];
}

/// An operation that a pipeline can have.
#[derive(Clone, Copy, Debug)]
pub enum ColorOp<'a> {
    /// One of these curves, of which there must be one at least.
    Curve1d(&'a [Curve]),
    /// A table of so many entries for each channel.
    Lut1d(u32),
    /// A matrix of three rows and four columns, the last of which is for an offset.
    Ctm3x4,
    /// A factor.
    Multiplier,
    /// A cube with edges of so many entries.
    Lut3d(u32),
}

impl ColorOp<'_> {
    const FUNCS: &'static bindings::drm_colorop_funcs = &bindings::drm_colorop_funcs {
        destroy: Some(bindings::drm_colorop_destroy),
    };

    /// Creates the operation, which belongs to the device from then on.
    ///
    /// # Safety
    ///
    /// `plane` must be a valid plane of a device that is not registered.
    unsafe fn create(&self, plane: *mut bindings::drm_plane) -> Result<*mut bindings::drm_colorop> {
        let zeroed: bindings::drm_colorop = pin_init::zeroed();
        let op = KBox::into_raw(KBox::new(zeroed, GFP_KERNEL)?);
        let flags = bindings::DRM_COLOROP_FLAG_ALLOW_BYPASS;

        // SAFETY: By the safety requirements; `op` is zeroed.
        let result = unsafe {
            let dev = (*plane).dev;
            match *self {
                Self::Curve1d(curves) => {
                    let set = curves.iter().fold(0, |set, curve| set | 1 << *curve as u32);
                    bindings::drm_plane_colorop_curve_1d_init(
                        dev,
                        op,
                        plane,
                        Self::FUNCS,
                        set,
                        flags,
                    )
                }
                Self::Lut1d(entries) => bindings::drm_plane_colorop_curve_1d_lut_init(
                    dev,
                    op,
                    plane,
                    Self::FUNCS,
                    entries,
                    LINEAR,
                    flags,
                ),
                Self::Ctm3x4 => {
                    bindings::drm_plane_colorop_ctm_3x4_init(dev, op, plane, Self::FUNCS, flags)
                }
                Self::Multiplier => {
                    bindings::drm_plane_colorop_mult_init(dev, op, plane, Self::FUNCS, flags)
                }
                Self::Lut3d(edge) => bindings::drm_plane_colorop_3dlut_init(
                    dev,
                    op,
                    plane,
                    Self::FUNCS,
                    edge,
                    TETRAHEDRAL,
                    flags,
                ),
            }
        };

        if let Err(e) = to_result(result) {
            // SAFETY: The operation is valid. It belongs to the device as soon as it has got its
            // table of functions, even if something fails thereafter.
            unsafe {
                if (*op).funcs.is_null() {
                    drop(KBox::from_raw(op));
                }
            }
            return Err(e);
        }
        Ok(op)
    }
}

/// Creates the pipelines of a plane.
///
/// # Safety
///
/// `plane` must be a valid plane of a device that is not registered.
pub(super) unsafe fn create(
    plane: *mut bindings::drm_plane,
    pipelines: &[&[ColorOp<'_>]],
) -> Result {
    let mut names = KVec::with_capacity(pipelines.len(), GFP_KERNEL)?;
    let mut list = KVec::with_capacity(pipelines.len(), GFP_KERNEL)?;

    for pipeline in pipelines {
        let mut first = ptr::null_mut();
        let mut last: *mut bindings::drm_colorop = ptr::null_mut();
        for op in *pipeline {
            // SAFETY: By the safety requirements.
            let op = unsafe { op.create(plane) }?;
            if last.is_null() {
                first = op;
            } else {
                // SAFETY: Both are valid, and not yet visible to others.
                unsafe { bindings::drm_colorop_set_next_property(last, op) };
            }
            last = op;
        }
        if first.is_null() {
            return Err(EINVAL);
        }

        // SAFETY: The operation is valid.
        let id = unsafe { (*first).base.id };
        let name = CString::try_from_fmt(fmt!("Color Pipeline {id}"))?;
        list.push(
            bindings::drm_prop_enum_list {
                type_: c_int::try_from(id)?,
                name: name.as_char_ptr(),
            },
            GFP_KERNEL,
        )?;
        names.push(name, GFP_KERNEL)?;
    }

    if list.is_empty() {
        return Ok(());
    }
    // SAFETY: By the safety requirements. The list and its names are copied.
    to_result(unsafe {
        bindings::drm_plane_create_color_pipeline_property(
            plane,
            list.as_ptr(),
            c_int::try_from(list.len())?,
        )
    })
}

/// An entry of a table or cube, with values from 0 to `u32::MAX`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct LutEntry32(bindings::drm_color_lut32);

impl LutEntry32 {
    /// The value of the red channel.
    #[inline]
    pub const fn red(&self) -> u32 {
        self.0.red
    }

    /// The value of the green channel.
    #[inline]
    pub const fn green(&self) -> u32 {
        self.0.green
    }

    /// The value of the blue channel.
    #[inline]
    pub const fn blue(&self) -> u32 {
        self.0.blue
    }
}

/// A matrix which pixels are multiplied by, with a fourth column that is added.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Ctm3x4(bindings::drm_color_ctm_3x4);

impl Ctm3x4 {
    /// The part of the input channel `input` in the output channel `output`, in 32.32 fixed point.
    /// Channel 0 is red, 1 is green, and 2 is blue; input 3 is always 1.0. None if there is no such
    /// channel.
    #[inline]
    pub fn coefficient(&self, output: usize, input: usize) -> Option<i64> {
        if input > 3 {
            return None;
        }
        self.0
            .matrix
            .get(output.checked_mul(4)? + input)
            .map(|value| signed(*value))
    }
}

/// Converts a number with a bit for its sign to one in two's complement.
#[inline]
pub(super) const fn signed(value: u64) -> i64 {
    const SIGN: u64 = 1 << 63;
    // CAST: The sign bit is cleared.
    let magnitude = (value & !SIGN) as i64;
    if value & SIGN != 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// An operation that is to be done.
#[derive(Clone, Copy)]
pub enum ActiveOp<'a> {
    /// This curve.
    Curve1d(Curve),
    /// The table with these entries, and linear interpolation between them.
    Lut1d(&'a [LutEntry32]),
    /// This matrix.
    Ctm3x4(&'a Ctm3x4),
    /// This factor, in 32.32 fixed point.
    Multiplier(i64),
    /// The cube with these entries, of which blue changes first, and then green.
    Lut3d(&'a [LutEntry32]),
}

/// The operations that a commit wants for a plane, in their order.
///
/// Those that are bypassed and those that have no data are left out.
pub struct ColorPipeline<'a> {
    commit: *mut bindings::drm_atomic_commit,
    next: *mut bindings::drm_colorop,
    _commit: PhantomData<&'a bindings::drm_atomic_commit>,
}

impl<'a> ColorPipeline<'a> {
    /// What an operation is to do. None if it is to do nothing.
    ///
    /// # Safety
    ///
    /// `state` must be valid during `'a`.
    unsafe fn active(
        kind: bindings::drm_colorop_type,
        state: &'a bindings::drm_colorop_state,
    ) -> Option<ActiveOp<'a>> {
        if state.bypass {
            return None;
        }
        Some(match kind {
            bindings::drm_colorop_type_DRM_COLOROP_1D_CURVE => {
                let is_it = |curve: &Curve| *curve as u32 == state.curve_1d_type;
                ActiveOp::Curve1d(Curve::ALL.into_iter().find(is_it)?)
            }
            bindings::drm_colorop_type_DRM_COLOROP_1D_LUT => {
                // SAFETY: The state has a reference to its data, of which DRM core has checked the
                // length.
                ActiveOp::Lut1d(unsafe { content(state.data) }?)
            }
            bindings::drm_colorop_type_DRM_COLOROP_CTM_3X4 => {
                // SAFETY: As above.
                ActiveOp::Ctm3x4(unsafe { content(state.data) }?.first()?)
            }
            bindings::drm_colorop_type_DRM_COLOROP_MULTIPLIER => {
                ActiveOp::Multiplier(signed(state.multiplier))
            }
            bindings::drm_colorop_type_DRM_COLOROP_3D_LUT => {
                // SAFETY: As above.
                ActiveOp::Lut3d(unsafe { content(state.data) }?)
            }
            _ => return None,
        })
    }
}

impl<'a> Iterator for ColorPipeline<'a> {
    type Item = ActiveOp<'a>;

    fn next(&mut self) -> Option<ActiveOp<'a>> {
        while !self.next.is_null() {
            let op = self.next;
            // SAFETY: Operations are valid as long as the device, and these fields do not change.
            // `Commit::color_pipeline()` has made all of them part of the commit, which is valid
            // and not changed during `'a`.
            unsafe {
                self.next = (*op).next;
                let state = bindings::drm_atomic_get_new_colorop_state(self.commit, op);
                if let Some(active) = state.as_ref().and_then(|s| Self::active((*op).type_, s)) {
                    return Some(active);
                }
            }
        }
        None
    }
}

impl<T: drm::Driver> Commit<'_, T, Check> {
    /// What is to be done with the colours of `plane`, which becomes part of the commit if it is
    /// not yet.
    ///
    /// Fails with `EDEADLK` if the commit has to be started over, which the driver has to pass on.
    pub fn color_pipeline<Q: DriverPlane<Driver = T>>(
        &mut self,
        plane: &Plane<Q>,
    ) -> Result<ColorPipeline<'_>> {
        let state = self.add(plane)?.as_raw();

        // SAFETY: The commit is in its check phase, and the plane is one of the same device.
        to_result(unsafe {
            bindings::drm_atomic_add_affected_colorops(self.as_raw(), plane.as_raw())
        })?;

        Ok(ColorPipeline {
            commit: self.as_raw(),
            // SAFETY: The state is valid, and the field does not change in the check phase.
            next: unsafe { (*state).color_pipeline },
            _commit: PhantomData,
        })
    }
}

#[kunit_tests(rust_drm_kms_colorop)]
mod tests {
    use super::*;

    #[test]
    fn sign_and_magnitude() {
        assert_eq!(signed(0), 0);
        assert_eq!(signed(1 << 32), 1 << 32);
        assert_eq!(signed(1 << 63 | 1 << 31), -(1 << 31));
        assert_eq!(signed(1 << 63), 0);
        assert_eq!(signed(u64::MAX), -i64::MAX);
    }

    #[test]
    fn matrices_have_an_offset() {
        let mut matrix = [0; 12];
        matrix[7] = 7;
        let ctm = Ctm3x4(bindings::drm_color_ctm_3x4 { matrix });

        assert_eq!(ctm.coefficient(1, 3), Some(7));
        assert_eq!(ctm.coefficient(2, 0), Some(0));
        assert_eq!(ctm.coefficient(0, 4), None);
        assert_eq!(ctm.coefficient(3, 0), None);
    }
}
