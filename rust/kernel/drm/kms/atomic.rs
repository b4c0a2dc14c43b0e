// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Atomic commits.
//!
//! C header: [`include/drm/drm_atomic.h`](srctree/include/drm/drm_atomic.h)
//!
//! A commit takes the device from one state to another. It goes through two phases, and what a
//! driver can do in each of them is a matter of types:
//!
//! - [`Check`]: the new states are being made. They belong to this commit alone, so that the driver
//!   may change them, add further objects to the commit, or refuse it.
//! - [`Tail`]: the new states are the current ones, and the hardware is being programmed. States
//!   are shared, and nothing can fail any more. See [`tail`](super::tail) for the order in which
//!   that happens.
//!
//! Private objects and bridges are not supported.

use crate::{
    bindings,
    drm::{
        self,
        private::Sealed, //
    },
    error::from_err_ptr,
    prelude::*,
};
use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::NonNull, //
};

/// A phase of a commit.
pub trait Phase: Sealed {}

/// The phase in which the new states are made and checked.
pub enum Check {}

/// The phase in which the hardware is programmed.
pub enum Tail {}

impl Sealed for Check {}
impl Phase for Check {}
impl Sealed for Tail {}
impl Phase for Tail {}

/// A mode object that has atomic state.
///
/// # Safety
///
/// - `device` must return the device that the object was created for.
/// - `new_state`, `old_state` and `add_state` must return the states of this object, of type
///   `State`, in a commit of this device.
/// - `driver_state` must return the part of the state that it points to.
pub unsafe trait AtomicObject: Sealed {
    /// The driver of the device.
    type Driver: drm::Driver;
    /// The state.
    type State;
    /// The driver's part of the state.
    type DriverState;

    #[doc(hidden)]
    fn device(&self) -> *mut bindings::drm_device;

    /// # Safety
    ///
    /// `commit` must be a valid pointer to a commit of `self.device()`.
    #[doc(hidden)]
    unsafe fn new_state(&self, commit: *mut bindings::drm_atomic_commit) -> *mut Self::State;

    /// # Safety
    ///
    /// `commit` must be a valid pointer to a commit of `self.device()`.
    #[doc(hidden)]
    unsafe fn old_state(&self, commit: *mut bindings::drm_atomic_commit) -> *mut Self::State;

    /// # Safety
    ///
    /// `commit` must be a valid pointer to a commit of `self.device()` that is in its check phase.
    #[doc(hidden)]
    unsafe fn add_state(&self, commit: *mut bindings::drm_atomic_commit) -> *mut Self::State;

    /// # Safety
    ///
    /// `state` must be valid.
    #[doc(hidden)]
    unsafe fn driver_state(state: *mut Self::State) -> *mut Self::DriverState;
}

/// Implements [`AtomicObject`] for a type of objects, and `StateKind` for what their states have in
/// common with those of other drivers.
///
/// The object must have a method `as_raw`, and its state be a `WithDriverState` of the kind.
macro_rules! impl_atomic_object {
    (
        $object:ident<$driver:ident>, $state:ident, driver: $($field:ident).+,
        $(#[$meta:meta])* kind: $kind:ident($c_object:ident, $c_state:ident),
        new: $new:ident, old: $old:ident, add: $add:ident,
        init: $init:ident, duplicate: $duplicate:ident, destroy: $destroy:ident,
    ) => {
        impl<T: $driver> $crate::drm::private::Sealed for $object<T> {}

        // SAFETY: The C functions look up this very object, whose states are `$state<T>`.
        unsafe impl<T: $driver> $crate::drm::kms::atomic::AtomicObject for $object<T> {
            type Driver = T::Driver;
            type State = $state<T>;
            type DriverState = T::State;

            #[inline]
            fn device(&self) -> *mut bindings::drm_device {
                // SAFETY: The object is valid, and this field does not change.
                unsafe { (*self.as_raw()).dev }
            }

            #[inline]
            unsafe fn new_state(
                &self,
                commit: *mut bindings::drm_atomic_commit,
            ) -> *mut Self::State {
                // SAFETY: By the safety requirements.
                unsafe { bindings::$new(commit, self.as_raw()) }.cast()
            }

            #[inline]
            unsafe fn old_state(
                &self,
                commit: *mut bindings::drm_atomic_commit,
            ) -> *mut Self::State {
                // SAFETY: By the safety requirements.
                unsafe { bindings::$old(commit, self.as_raw()) }.cast()
            }

            #[inline]
            unsafe fn add_state(
                &self,
                commit: *mut bindings::drm_atomic_commit,
            ) -> *mut Self::State {
                // SAFETY: By the safety requirements.
                unsafe { bindings::$add(commit, self.as_raw()) }.cast()
            }

            #[inline]
            unsafe fn driver_state(state: *mut Self::State) -> *mut T::State {
                // SAFETY: By the safety requirements.
                unsafe { &raw mut (*state).0.$($field).+ }
            }
        }

        $(#[$meta])*
        struct $kind;

        // SAFETY: The helpers initialize the whole structure, and `state` has the current state.
        unsafe impl $crate::drm::kms::state::StateKind for $kind {
            type Object = bindings::$c_object;
            type State = bindings::$c_state;

            unsafe fn init(state: *mut Self::State, obj: *mut Self::Object) {
                // SAFETY: By the safety requirements.
                unsafe { bindings::$init(state, obj) };
            }

            unsafe fn duplicate(obj: *mut Self::Object, state: *mut Self::State) {
                // SAFETY: By the safety requirements.
                unsafe { bindings::$duplicate(obj, state) };
            }

            unsafe fn destroy(state: *mut Self::State) {
                // SAFETY: By the safety requirements.
                unsafe { bindings::$destroy(state) };
            }

            unsafe fn current(obj: *mut Self::Object) -> *mut Self::State {
                // SAFETY: By the safety requirements.
                unsafe { (*obj).state }
            }
        }
    };
}
pub(super) use impl_atomic_object;

/// A commit in phase `P`.
///
/// # Invariants
///
/// - `commit` is valid for `'a`, and a commit of a device of driver `T`.
/// - The commit is in phase `P` during `'a`.
/// - In the tail, its new states are not replaced during `'a`: a later commit waits for `hw_done`
///   before it makes its own states the current ones, without a time limit
///   (`drm_atomic_helper_swap_state()`, for which `drm_atomic_helper_commit()` asks to stall).
/// - In the check phase, all access to the new states of the commit during `'a` is by this value
///   and what is borrowed from it.
pub struct Commit<'a, T: drm::Driver, P: Phase> {
    commit: NonNull<bindings::drm_atomic_commit>,
    _commit: PhantomData<&'a mut bindings::drm_atomic_commit>,
    _phase: PhantomData<fn(T) -> P>,
}

impl<'a, T: drm::Driver, P: Phase> Commit<'a, T, P> {
    /// # Safety
    ///
    /// `commit` must not be null, and the type invariants must hold.
    pub(super) unsafe fn from_raw(commit: *mut bindings::drm_atomic_commit) -> Self {
        Self {
            // SAFETY: By the safety requirements.
            commit: unsafe { NonNull::new_unchecked(commit) },
            _commit: PhantomData,
            _phase: PhantomData,
        }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_atomic_commit {
        self.commit.as_ptr()
    }

    #[inline]
    pub(super) fn raw_device(&self) -> *mut bindings::drm_device {
        // SAFETY: The commit is valid by the type invariants, and its device does not change.
        unsafe { (*self.as_raw()).dev }
    }

    /// The device.
    #[inline]
    pub fn device(&self) -> &drm::Device<T> {
        // SAFETY: By the type invariants, it is a device of driver `T`, which the commit has a
        // reference to.
        unsafe { drm::Device::from_raw(self.raw_device()) }
    }

    /// Whether `obj` belongs to the device of this commit.
    #[inline]
    pub(super) fn is_ours<O: AtomicObject<Driver = T>>(&self, obj: &O) -> bool {
        obj.device() == self.raw_device()
    }

    /// The state that `obj` will have, or has by now, due to this commit. None if the commit does
    /// not change it.
    #[inline]
    pub fn new_state<O: AtomicObject<Driver = T>>(&self, obj: &O) -> Option<&O::State> {
        if !self.is_ours(obj) {
            return None;
        }
        // SAFETY: By the type invariants, and since `obj` belongs to the same device. Mutable
        // access to the state takes a mutable borrow of `self`.
        unsafe { obj.new_state(self.as_raw()).as_ref() }
    }

    /// The state that `obj` has before this commit, or had. None if the commit does not change it.
    #[inline]
    pub fn old_state<O: AtomicObject<Driver = T>>(&self, obj: &O) -> Option<&O::State> {
        if !self.is_ours(obj) {
            return None;
        }
        // SAFETY: By the type invariants, and since `obj` belongs to the same device. An old state
        // is not in its check phase, so there are no mutable references to it.
        unsafe { obj.old_state(self.as_raw()).as_ref() }
    }
}

impl<'a, T: drm::Driver> Commit<'a, T, Check> {
    /// Makes `obj` part of the commit, if it is not yet, and returns its new state.
    ///
    /// Fails with `EDEADLK` if the commit has to be started over, which the driver has to pass on.
    pub fn add<O: AtomicObject<Driver = T>>(&mut self, obj: &O) -> Result<&O::State> {
        if !self.is_ours(obj) {
            return Err(EINVAL);
        }
        // SAFETY: By the type invariants, and since `obj` belongs to the same device.
        let state = from_err_ptr(unsafe { obj.add_state(self.as_raw()) })?;

        // SAFETY: The pointer is valid, and there are no references to the state, as they would
        // borrow `self`.
        Ok(unsafe { &*state })
    }

    /// The new state of `obj`, with mutable access to the driver's part of it.
    pub fn state_mut<'b, O: AtomicObject<Driver = T>>(
        &'b mut self,
        obj: &O,
    ) -> Option<StateMut<'b, O>> {
        if !self.is_ours(obj) {
            return None;
        }
        // SAFETY: By the type invariants, and since `obj` belongs to the same device.
        let state = NonNull::new(unsafe { obj.new_state(self.as_raw()) })?;

        // INVARIANT: The state belongs to the commit, and the commit is borrowed for `'b`.
        Some(StateMut {
            state,
            _p: PhantomData,
        })
    }
}

/// Mutable access to the driver's part of a new state.
///
/// # Invariants
///
/// `state` is valid, and nobody else accesses it during `'a`.
pub struct StateMut<'a, O: AtomicObject> {
    state: NonNull<O::State>,
    _p: PhantomData<&'a mut O::State>,
}

impl<O: AtomicObject> StateMut<'_, O> {
    /// The driver's part of the state.
    #[inline]
    pub fn driver(&mut self) -> &mut O::DriverState {
        // SAFETY: By the type invariants.
        unsafe { &mut *O::driver_state(self.state.as_ptr()) }
    }
}

impl<O: AtomicObject> Deref for StateMut<'_, O> {
    type Target = O::State;

    #[inline]
    fn deref(&self) -> &O::State {
        // SAFETY: By the type invariants.
        unsafe { self.state.as_ref() }
    }
}
