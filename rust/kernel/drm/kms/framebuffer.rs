// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Framebuffers.
//!
//! C header: [`include/drm/drm_framebuffer.h`](srctree/include/drm/drm_framebuffer.h)
//!
//! Framebuffers are created on behalf of user space, of GEM objects that the driver's clients have
//! handles to. Their pixels are read through [`shadow::Mapping`](super::shadow::Mapping).

use super::fourcc::{
    FormatInfo,
    Modifier, //
};
use crate::{
    bindings,
    drm::{
        self,
        gem::IntoGEMObject, //
    },
    sync::aref::ARef,
    types::Opaque, //
};
use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::NonNull, //
};

/// A framebuffer of a device of driver `T`.
///
/// # Invariants
///
/// The `struct drm_framebuffer` was initialized by `drm_gem_fb_create()` or a variant of it, for a
/// device of driver `T`. All of its GEM objects are thus `T::Object`.
#[repr(transparent)]
pub struct Framebuffer<T: drm::Driver> {
    fb: Opaque<bindings::drm_framebuffer>,
    _driver: PhantomData<fn(T)>,
}

// SAFETY: Framebuffers are reference-counted, and do not change after their initialization.
unsafe impl<T: drm::Driver> Send for Framebuffer<T> {}
// SAFETY: As above.
unsafe impl<T: drm::Driver> Sync for Framebuffer<T> {}

impl<T: drm::Driver> Framebuffer<T> {
    /// # Safety
    ///
    /// `fb` must be a valid pointer to a framebuffer of a device of driver `T` that is made of GEM
    /// objects, and remain so during `'a`.
    pub(super) unsafe fn from_raw<'a>(fb: *const bindings::drm_framebuffer) -> &'a Self {
        // SAFETY: By the safety requirements.
        // INVARIANT: Framebuffers of such a device are created by `mode_config_funcs.fb_create`.
        unsafe { &*fb.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_framebuffer {
        self.fb.get()
    }

    /// Takes a reference that may be kept. Dropping it may sleep.
    pub fn to_ref(&self) -> FramebufferRef<T> {
        // SAFETY: A shared reference implies that the reference count is not zero.
        unsafe { bindings::drm_framebuffer_get(self.as_raw()) };

        // INVARIANT: We have just got the reference.
        FramebufferRef {
            fb: NonNull::from(self),
            _device: self.device().into(),
        }
    }

    /// The device.
    #[inline]
    pub fn device(&self) -> &drm::Device<T> {
        // SAFETY: By the type invariants, it is a device of driver `T`. It exists as long as its
        // framebuffers.
        unsafe { drm::Device::from_raw((*self.as_raw()).dev) }
    }

    /// The width in pixels.
    #[inline]
    pub fn width(&self) -> u32 {
        // SAFETY: `self.fb` is valid, and this field does not change.
        unsafe { (*self.as_raw()).width }
    }

    /// The height in pixels.
    #[inline]
    pub fn height(&self) -> u32 {
        // SAFETY: `self.fb` is valid, and this field does not change.
        unsafe { (*self.as_raw()).height }
    }

    /// The pixel format.
    #[inline]
    pub fn format(&self) -> &FormatInfo {
        // SAFETY: `self.fb` is valid. The format of a framebuffer neither changes nor goes away.
        unsafe { FormatInfo::from_raw((*self.as_raw()).format) }
    }

    /// How the pixels are arranged.
    #[inline]
    pub fn modifier(&self) -> Modifier {
        // SAFETY: `self.fb` is valid, and this field does not change.
        Modifier::from_code(unsafe { (*self.as_raw()).modifier })
    }

    /// The bytes from one line to the next in colour plane `plane`.
    #[inline]
    pub fn pitch(&self, plane: usize) -> Option<usize> {
        if plane >= self.format().planes() {
            return None;
        }
        // SAFETY: `self.fb` is valid, and this field does not change. CAST: `usize` has 32 bits.
        Some(unsafe { (*self.as_raw()).pitches[plane] } as usize)
    }

    /// Where in its GEM object colour plane `plane` begins.
    #[inline]
    pub fn offset(&self, plane: usize) -> Option<usize> {
        if plane >= self.format().planes() {
            return None;
        }
        // SAFETY: `self.fb` is valid, and this field does not change. CAST: `usize` has 32 bits.
        Some(unsafe { (*self.as_raw()).offsets[plane] } as usize)
    }

    /// The GEM object that has the pixels of colour plane `plane`.
    pub fn object(&self, plane: usize) -> Option<&T::Object> {
        if plane >= self.format().planes() {
            return None;
        }
        // SAFETY: `self.fb` is valid, and this field does not change.
        let obj = NonNull::new(unsafe { (*self.as_raw()).obj[plane] })?;

        // SAFETY: By the type invariants, the object is a `T::Object`. The framebuffer holds a
        // reference to it.
        Some(unsafe { T::Object::from_raw(obj.as_ptr()) })
    }
}

/// A reference to a framebuffer that may be kept. It keeps the device.
///
/// # Invariants
///
/// `fb` is valid, and one of its references belongs to this.
pub struct FramebufferRef<T: drm::Driver> {
    fb: NonNull<Framebuffer<T>>,
    // Dropped after the framebuffer. A device takes its framebuffers with it, whoever refers to
    // them.
    _device: ARef<drm::Device<T>>,
}

// SAFETY: This is a reference to a `Framebuffer`, which is `Sync`, and to a device. References may
// be given up by any thread.
unsafe impl<T: drm::Driver> Send for FramebufferRef<T> {}
// SAFETY: A shared reference gives access to what is `Sync`.
unsafe impl<T: drm::Driver> Sync for FramebufferRef<T> {}

impl<T: drm::Driver> Deref for FramebufferRef<T> {
    type Target = Framebuffer<T>;

    #[inline]
    fn deref(&self) -> &Framebuffer<T> {
        // SAFETY: By the type invariants.
        unsafe { self.fb.as_ref() }
    }
}

impl<T: drm::Driver> Drop for FramebufferRef<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants. The device is still there.
        unsafe { bindings::drm_framebuffer_put(self.as_raw()) };
    }
}
