// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Encoders.
//!
//! C header: [`include/drm/drm_encoder.h`](srctree/include/drm/drm_encoder.h)
//!
//! An encoder takes the picture of a CRTC to a connector. Encoders are created by
//! [`Setup::encoder`](super::mode_config::Setup::encoder).
//!
//! Not supported: bridges.

use super::{
    atomic::{
        Commit,
        Tail, //
    },
    crtc::{
        Crtc,
        DriverCrtc, //
    },
    object::{
        callback_if,
        CrtcMask, //
    },
};
use crate::{
    bindings,
    drm,
    error::{
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    prelude::*,
    types::Opaque, //
};
use core::{
    ops::Deref,
    ptr, //
};

/// A driver's encoders.
#[vtable]
pub trait DriverEncoder: Send + Sync + Sized + 'static {
    /// The driver.
    type Driver: drm::Driver;
    /// What [`DriverEncoder::new`] gets.
    type Args;

    /// Creates the driver's part of the encoder.
    fn new(device: &drm::Device<Self::Driver>, args: Self::Args) -> impl PinInit<Self, Error>;

    /// Switches the encoder on, after its CRTC.
    fn atomic_enable(_encoder: &Encoder<Self>, _commit: &Commit<'_, Self::Driver, Tail>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Switches the encoder off, before its CRTC.
    fn atomic_disable(_encoder: &Encoder<Self>, _commit: &Commit<'_, Self::Driver, Tail>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// What kind of signal an encoder makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EncoderKind {
    /// None in particular.
    None = bindings::DRM_MODE_ENCODER_NONE,
    /// Analog, for VGA.
    Dac = bindings::DRM_MODE_ENCODER_DAC,
    /// Digital, for DVI, HDMI and DisplayPort.
    Tmds = bindings::DRM_MODE_ENCODER_TMDS,
    /// For panels.
    Lvds = bindings::DRM_MODE_ENCODER_LVDS,
    /// For MIPI panels.
    Dsi = bindings::DRM_MODE_ENCODER_DSI,
    /// For virtual machines.
    Virtual = bindings::DRM_MODE_ENCODER_VIRTUAL,
}

/// An encoder.
///
/// # Invariants
///
/// `encoder` was initialized by `drm_encoder_init()`, for a device of `T::Driver`.
#[repr(C)]
#[pin_data]
pub struct Encoder<T: DriverEncoder> {
    #[pin]
    encoder: Opaque<bindings::drm_encoder>,
    #[pin]
    driver: T,
}

// SAFETY: DRM core synchronizes access to the `struct drm_encoder`, and `T` is `Send`.
unsafe impl<T: DriverEncoder> Send for Encoder<T> {}
// SAFETY: DRM core synchronizes access to the `struct drm_encoder`, and `T` is `Sync`.
unsafe impl<T: DriverEncoder> Sync for Encoder<T> {}

impl<T: DriverEncoder> Encoder<T> {
    const FUNCS: bindings::drm_encoder_funcs = bindings::drm_encoder_funcs {
        destroy: Some(Self::destroy_callback),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_encoder_helper_funcs = bindings::drm_encoder_helper_funcs {
        atomic_enable: callback_if(T::HAS_ATOMIC_ENABLE, Self::atomic_enable_callback),
        atomic_disable: callback_if(T::HAS_ATOMIC_DISABLE, Self::atomic_disable_callback),
        ..pin_init::zeroed()
    };

    /// Creates an encoder, which belongs to the device from then on.
    pub(super) fn create<'a>(
        device: &'a drm::Device<T::Driver>,
        kind: EncoderKind,
        possible_crtcs: CrtcMask,
        args: T::Args,
    ) -> Result<&'a Self> {
        let encoder = KBox::pin_init(
            try_pin_init!(Self {
                encoder: Opaque::zeroed(),
                driver <- T::new(device, args),
            }),
            GFP_KERNEL,
        )?;

        // SAFETY: `encoder.encoder` is zeroed, and the table lives as long as the driver's code. On
        // failure, nothing refers to the encoder.
        to_result(unsafe {
            bindings::drm_encoder_init(
                device.as_raw(),
                encoder.as_raw(),
                const { &Self::FUNCS },
                kind as i32,
                ptr::null(),
            )
        })?;

        // SAFETY: Nobody moves out of the box. From here on, `destroy_callback()` owns it.
        // INVARIANT: The encoder has been initialized.
        let encoder = unsafe { &*KBox::into_raw(Pin::into_inner_unchecked(encoder)) };

        // SAFETY: The encoder is valid, and is not yet visible to others.
        unsafe {
            (*encoder.as_raw()).possible_crtcs = possible_crtcs.bits();
            (*encoder.as_raw()).helper_private = const { &Self::HELPER_FUNCS };
        }
        Ok(encoder)
    }

    /// # Safety
    ///
    /// `encoder` must be a valid pointer to the `struct drm_encoder` of a `Self` during `'a`.
    unsafe fn from_raw<'a>(encoder: *mut bindings::drm_encoder) -> &'a Self {
        // SAFETY: By the safety requirements; it is the first field of a `repr(C)` type.
        unsafe { &*encoder.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_encoder {
        self.encoder.get()
    }

    /// The bit of this encoder among those of the device.
    #[inline]
    pub(super) fn mask(&self) -> u32 {
        // SAFETY: `self.encoder` is valid, and this field does not change. A device has 32 encoders
        // at most.
        1 << unsafe { (*self.as_raw()).index }
    }

    extern "C" fn destroy_callback(encoder: *mut bindings::drm_encoder) {
        // SAFETY: DRM core destroys each encoder once, when nobody uses it any more.
        unsafe { bindings::drm_encoder_cleanup(encoder) };

        // SAFETY: The encoder is the first field of a `Self` that `create()` has allocated.
        drop(unsafe { KBox::from_raw(encoder.cast::<Self>()) });
    }

    extern "C" fn atomic_enable_callback(
        encoder: *mut bindings::drm_encoder,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        // SAFETY: `encoder` is a `Self`, and the commit is in its tail.
        let (encoder, commit) = unsafe { (Self::from_raw(encoder), Commit::from_raw(commit)) };
        T::atomic_enable(encoder, &commit);
    }

    extern "C" fn atomic_disable_callback(
        encoder: *mut bindings::drm_encoder,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        // SAFETY: `encoder` is a `Self`, and the commit is in its tail.
        let (encoder, commit) = unsafe { (Self::from_raw(encoder), Commit::from_raw(commit)) };
        T::atomic_disable(encoder, &commit);
    }
}

impl<T: DriverEncoder> Deref for Encoder<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.driver
    }
}

impl<'a, T: drm::Driver> Commit<'a, T, Tail> {
    /// The CRTC whose picture `encoder` takes after this commit, if there is one and it is a `C`.
    pub fn new_crtc_of<C, E>(&self, encoder: &Encoder<E>) -> Option<&Crtc<C>>
    where
        C: DriverCrtc<Driver = T>,
        E: DriverEncoder<Driver = T>,
    {
        // SAFETY: The commit and the encoder are valid. What is found is null or a CRTC of the
        // device of the commit, which are created by `Setup` alone.
        unsafe {
            Crtc::from_any(bindings::drm_atomic_get_new_crtc_for_encoder(
                self.as_raw(),
                encoder.as_raw(),
            ))
        }
    }

    /// The CRTC whose picture `encoder` took before this commit, if there is one and it is a `C`.
    pub fn old_crtc_of<C, E>(&self, encoder: &Encoder<E>) -> Option<&Crtc<C>>
    where
        C: DriverCrtc<Driver = T>,
        E: DriverEncoder<Driver = T>,
    {
        // SAFETY: As for `new_crtc_of()`.
        unsafe {
            Crtc::from_any(bindings::drm_atomic_get_old_crtc_for_encoder(
                self.as_raw(),
                encoder.as_raw(),
            ))
        }
    }
}
