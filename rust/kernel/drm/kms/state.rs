// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The atomic state of mode objects.
//!
//! C header:
//! [`include/drm/drm_atomic_state_helper.h`](srctree/include/drm/drm_atomic_state_helper.h)
//!
//! What planes, CRTCs and connectors have in common: a C structure with the state that DRM knows,
//! followed by the state that only the driver knows. DRM core creates, duplicates and destroys both
//! through the callbacks in this file.

use super::property::Blobs;
use crate::{
    alloc::AllocError,
    bindings,
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// State that a driver adds to the atomic state of a mode object.
///
/// There is a value for each state of the object: the current one, and one for each commit that
/// changes the object. It is created by [`Default`], for the state that the object has when the
/// device is registered, and by [`duplicate`](DriverState::duplicate) after that.
///
/// In the check phase of a commit, a driver has mutable access to the value that belongs to the
/// commit. Afterwards, the value is shared.
///
/// # Examples
///
/// ```
/// use kernel::{alloc::AllocError, drm::kms::state::DriverState};
///
/// #[derive(Default)]
/// struct PlaneState {
///     scanout_mode: u32,
/// }
///
/// impl DriverState for PlaneState {
///     fn duplicate(&self) -> Result<Self, AllocError> {
///         Ok(Self { scanout_mode: self.scanout_mode })
///     }
/// }
/// ```
pub trait DriverState: Default + Send + Sync + 'static {
    /// Creates the state for a new commit from the current one.
    fn duplicate(&self) -> Result<Self, AllocError>;
}

impl DriverState for () {
    fn duplicate(&self) -> Result<Self, AllocError> {
        Ok(())
    }
}

/// A kind of mode object that has atomic state.
///
/// # Safety
///
/// - `init` and `duplicate` must initialize the state completely.
/// - `current` must return the pointer to the current state of the object.
pub(super) unsafe trait StateKind {
    /// The C structure of the object.
    type Object;
    /// The C structure of the state. All of its bits may be zero.
    type State: Zeroable;

    /// Initializes a zeroed `state`.
    ///
    /// # Safety
    ///
    /// Both pointers must be valid.
    unsafe fn init(state: *mut Self::State, obj: *mut Self::Object);

    /// Initializes `state` with the current state of the object.
    ///
    /// # Safety
    ///
    /// Both pointers must be valid. The object must have a state, and its lock must be held.
    unsafe fn duplicate(obj: *mut Self::Object, state: *mut Self::State);

    /// Releases what `state` has references to.
    ///
    /// # Safety
    ///
    /// `state` must be valid, and nobody else may use it.
    unsafe fn destroy(state: *mut Self::State);

    /// The current state of the object.
    ///
    /// # Safety
    ///
    /// `obj` must be valid.
    unsafe fn current(obj: *mut Self::Object) -> *mut Self::State;
}

/// The C structure of a state, with the driver's state behind it.
///
/// # Invariants
///
/// `raw` is initialized, and embedded in an allocation of this type.
#[repr(C)]
pub(super) struct WithDriverState<K: StateKind, D> {
    pub(super) raw: Opaque<K::State>,
    pub(super) blobs: Blobs,
    pub(super) driver: D,
}

impl<K: StateKind, D: DriverState> WithDriverState<K, D> {
    /// Implements `atomic_create_state`.
    ///
    /// # Safety
    ///
    /// `obj` must be valid.
    pub(super) unsafe extern "C" fn create_callback(obj: *mut K::Object) -> *mut K::State {
        let state = match Self::allocate(Blobs::default(), D::default()) {
            Ok(state) => state,
            Err(e) => return Error::from(e).to_ptr(),
        };

        // SAFETY: `obj` is valid by the safety requirements, and `state` is zeroed.
        unsafe { K::init(state, obj) };
        state
    }

    /// Implements `atomic_duplicate_state`.
    ///
    /// # Safety
    ///
    /// `obj` must be valid, its lock be held, and its states must have been created by
    /// [`Self::create_callback`] or this function.
    pub(super) unsafe extern "C" fn duplicate_callback(obj: *mut K::Object) -> *mut K::State {
        // SAFETY: `obj` is valid by the safety requirements.
        let current = unsafe { K::current(obj) };
        if current.is_null() {
            return core::ptr::null_mut();
        }

        // SAFETY: By the safety requirements, `current` is the first field of a `Self`. The state
        // can only be replaced with the object's lock held. Since it is the current one, it is not
        // in its check phase any more, and nobody has a mutable reference to it.
        let (blobs, driver) = unsafe {
            let current = current.cast::<Self>();
            (&(*current).blobs, &(*current).driver)
        };

        let copy = || Self::allocate(blobs.duplicate()?, driver.duplicate()?);
        let Ok(state) = copy() else {
            return core::ptr::null_mut();
        };

        // SAFETY: `obj` has a state and `state` is zeroed; the lock is held.
        unsafe { K::duplicate(obj, state) };
        state
    }

    /// Implements `atomic_destroy_state`.
    ///
    /// # Safety
    ///
    /// `state` must have been created by one of the functions above, and nobody may use it any
    /// more.
    pub(super) unsafe extern "C" fn destroy_callback(_obj: *mut K::Object, state: *mut K::State) {
        // SAFETY: By the safety requirements.
        unsafe { K::destroy(state) };

        // SAFETY: By the safety requirements, `state` is the first field of a `Self` that
        // `Self::allocate()` has allocated.
        drop(unsafe { KBox::from_raw(state.cast::<Self>()) });
    }

    /// Allocates a state, of which the C structure is zeroed.
    fn allocate(blobs: Blobs, driver: D) -> Result<*mut K::State, AllocError> {
        let state = KBox::new(
            Self {
                raw: Opaque::zeroed(),
                blobs,
                driver,
            },
            GFP_KERNEL,
        )?;

        Ok(KBox::into_raw(state).cast())
    }
}

/// Creates the initial states of all objects of a device.
///
/// # Safety
///
/// `dev` must be a valid pointer to a device whose mode configuration is initialized and which is
/// not registered.
pub(super) unsafe fn create_initial(dev: *mut bindings::drm_device) -> Result {
    // SAFETY: By the safety requirements.
    to_result(unsafe { bindings::drm_mode_config_create_initial_state(dev) })
}
