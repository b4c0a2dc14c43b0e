// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What has changed in a framebuffer.
//!
//! C header: [`include/drm/drm_damage_helper.h`](srctree/include/drm/drm_damage_helper.h)

use super::{
    atomic::{
        Commit,
        Tail, //
    },
    plane::{
        DriverPlane,
        Plane, //
    },
    rect::Rect,
};
use crate::{
    bindings,
    drm, //
};
use core::marker::PhantomData;

/// The parts of a framebuffer that have changed, clipped to what the plane shows.
///
/// All of it has changed if user space does not say what has, or if the plane shows another part of
/// it than before. Nothing has if the plane is not visible.
///
/// # Invariants
///
/// The clips that `iter` refers to are valid during `'a`.
pub struct Damage<'a> {
    iter: bindings::drm_atomic_helper_damage_iter,
    _clips: PhantomData<&'a ()>,
}

impl Iterator for Damage<'_> {
    type Item = Rect;

    fn next(&mut self) -> Option<Rect> {
        let mut rect = bindings::drm_rect::default();

        // SAFETY: By the type invariants, and `iter` is initialized.
        unsafe { bindings::drm_atomic_helper_damage_iter_next(&mut self.iter, &mut rect) }
            .then(|| rect.into())
    }
}

impl<'a, T: drm::Driver> Commit<'a, T, Tail> {
    /// What has changed in the framebuffer of a plane. None if the plane is not in the commit.
    pub fn damage<Q: DriverPlane<Driver = T>>(&self, plane: &Plane<Q>) -> Option<Damage<'_>> {
        let old = self.old_state(plane)?.as_raw();
        let new = self.new_state(plane)?.as_raw();

        // INVARIANT: The states, and what they refer to, are valid as long as `self` is borrowed.
        let mut damage = Damage {
            iter: bindings::drm_atomic_helper_damage_iter::default(),
            _clips: PhantomData,
        };
        // SAFETY: Both states are valid.
        unsafe { bindings::drm_atomic_helper_damage_iter_init(&mut damage.iter, old, new) };
        Some(damage)
    }
}
