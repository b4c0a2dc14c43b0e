// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Framebuffers that the CPU reads and writes.
//!
//! C header:
//! [`include/drm/drm_gem_framebuffer_helper.h`](srctree/include/drm/drm_gem_framebuffer_helper.h)
//!
//! Drivers whose planes have [`MAP_FRAMEBUFFERS`](super::plane::DriverPlane::MAP_FRAMEBUFFERS) set
//! find a [`Mapping`] in the state of a plane, and likewise in the jobs of writeback connectors.
//! Each access is checked against the size of the GEM object, and pixels are copied, since user
//! space may access them at any time.
//!
//! Not supported: imported buffers of devices whose memory accesses are not coherent.

use super::framebuffer::Framebuffer;
use crate::{
    bindings,
    drm::{
        self,
        gem::BaseObject, //
    },
    error::to_result,
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    },
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};

/// As many colour planes as a framebuffer can have.
const MAX_PLANES: usize = bindings::DRM_FORMAT_MAX_PLANES as usize;

/// A framebuffer that is mapped into the kernel's address space.
///
/// # Invariants
///
/// - `fb` is valid, and one of its references belongs to this.
/// - `map` was filled in by `drm_gem_fb_vmap()` for `fb`: of each colour plane, it has the address
///   of the whole GEM object.
/// - The device exists: this belongs to the state of a plane, to a writeback job, or to a
///   [`MappingRef`]. It has no reference to the device itself, which would never go away if the
///   state of a plane had one.
pub struct Mapping<T: drm::Driver> {
    fb: NonNull<Framebuffer<T>>,
    map: [bindings::iosys_map; MAX_PLANES],
}

// SAFETY: The addresses are valid in all threads, and can be unmapped by any.
unsafe impl<T: drm::Driver> Send for Mapping<T> {}
// SAFETY: The memory is shared with user space anyway, and is accessed accordingly.
unsafe impl<T: drm::Driver> Sync for Mapping<T> {}

impl<T: drm::Driver> Mapping<T> {
    /// Maps a framebuffer. May sleep.
    pub(super) fn new(fb: &Framebuffer<T>) -> Result<Arc<Self>> {
        let mut map: [bindings::iosys_map; MAX_PLANES] = pin_init::zeroed();

        // SAFETY: The framebuffer is valid, and `map` has room for all of its colour planes.
        to_result(unsafe {
            bindings::drm_gem_fb_vmap(fb.as_raw(), map.as_mut_ptr(), core::ptr::null_mut())
        })?;

        // SAFETY: A shared reference implies that the reference count is not zero.
        unsafe { bindings::drm_framebuffer_get(fb.as_raw()) };

        // INVARIANT: We have just got the reference, and `map` has just been filled in. Callers
        // keep the device.
        let fb = NonNull::from(fb);
        Ok(Arc::new(Self { fb, map }, GFP_KERNEL)?)
    }

    /// The framebuffer.
    #[inline]
    pub fn framebuffer(&self) -> &Framebuffer<T> {
        // SAFETY: By the type invariants.
        unsafe { self.fb.as_ref() }
    }

    /// Copies pixels of colour plane `plane` to `to`: as many bytes as it has room for, from byte
    /// `at` of line `line` on.
    ///
    /// Fails with `EINVAL` if there is no such plane, or if not all of these bytes belong to the
    /// plane's GEM object.
    pub fn read(&self, plane: usize, line: usize, at: usize, to: &mut [u8]) -> Result {
        let (map, begin) = self.find(plane, line, at, to.len())?;

        // SAFETY: `map` has `to.len()` bytes from `begin` on, and `to` has room for them.
        unsafe { bindings::iosys_map_memcpy_from(to.as_mut_ptr().cast(), map, begin, to.len()) };
        Ok(())
    }

    /// Copies a column of pixels of colour plane `plane` to `to`: `size` bytes of each line, from
    /// byte `at` of line `line` on, until `to` is full.
    ///
    /// Fails like [`Mapping::read`], or if `size` is no divisor of the length of `to`.
    pub fn read_column(
        &self,
        plane: usize,
        line: usize,
        at: usize,
        size: usize,
        to: &mut [u8],
    ) -> Result {
        if size == 0 || to.len() % size != 0 {
            return Err(EINVAL);
        }
        let Some(more) = (to.len() / size).checked_sub(1) else {
            return Ok(());
        };
        let pitch = self.framebuffer().pitch(plane).ok_or(EINVAL)?;
        let (map, begin) = self.find(plane, line, at, size)?;
        self.find(plane, line.checked_add(more).ok_or(EINVAL)?, at, size)?;

        for (i, to) in to.chunks_exact_mut(size).enumerate() {
            let from = begin + i * pitch;
            // SAFETY: `map` has `size` bytes from `from` on in the last line, and so it has in all
            // lines before that. `to` has room for them.
            unsafe { bindings::iosys_map_memcpy_from(to.as_mut_ptr().cast(), map, from, size) };
        }
        Ok(())
    }

    /// Copies `from` to colour plane `plane`, from byte `at` of line `line` on.
    ///
    /// Fails like [`Mapping::read`].
    pub fn write(&self, plane: usize, line: usize, at: usize, from: &[u8]) -> Result {
        let (map, begin) = self.find(plane, line, at, from.len())?;
        // The function wants a mutable one, but does not change it.
        let mut map = *map;

        // SAFETY: `map` has room for `from.len()` bytes from `begin` on.
        unsafe { bindings::iosys_map_memcpy_to(&mut map, begin, from.as_ptr().cast(), from.len()) };
        Ok(())
    }

    /// Where `len` bytes from byte `at` of line `line` of colour plane `plane` on are mapped.
    fn find(
        &self,
        plane: usize,
        line: usize,
        at: usize,
        len: usize,
    ) -> Result<(&bindings::iosys_map, usize)> {
        let fb = self.framebuffer();
        let begin = fb
            .pitch(plane)
            .and_then(|pitch| pitch.checked_mul(line))
            .and_then(|offset| offset.checked_add(fb.offset(plane)?))
            .and_then(|offset| offset.checked_add(at))
            .ok_or(EINVAL)?;
        let end = begin.checked_add(len).ok_or(EINVAL)?;

        // By the type invariants, the whole object is mapped.
        if end > fb.object(plane).ok_or(EINVAL)?.size() {
            return Err(EINVAL);
        }
        Ok((&self.map[plane], begin))
    }
}

impl<T: drm::Driver> Drop for Mapping<T> {
    fn drop(&mut self) {
        let fb = self.framebuffer().as_raw();

        // SAFETY: By the type invariants. Neither the addresses nor the framebuffer are used after
        // this.
        unsafe {
            bindings::drm_gem_fb_vunmap(fb, self.map.as_mut_ptr());
            bindings::drm_framebuffer_put(fb);
        }
    }
}

/// A [`Mapping`] that may be kept. It keeps the device. Dropping it may sleep.
pub struct MappingRef<T: drm::Driver> {
    mapping: Arc<Mapping<T>>,
    // Dropped after the mapping, which belongs to the device.
    _device: ARef<drm::Device<T>>,
}

impl<T: drm::Driver> MappingRef<T> {
    #[inline]
    pub(super) fn new(mapping: &Arc<Mapping<T>>) -> Self {
        Self {
            mapping: mapping.clone(),
            _device: mapping.framebuffer().device().into(),
        }
    }
}

impl<T: drm::Driver> Deref for MappingRef<T> {
    type Target = Mapping<T>;

    #[inline]
    fn deref(&self) -> &Mapping<T> {
        &self.mapping
    }
}
