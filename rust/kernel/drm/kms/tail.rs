// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The tail of a commit.
//!
//! C header: [`include/drm/drm_atomic_helper.h`](srctree/include/drm/drm_atomic_helper.h)
//!
//! The hardware is programmed in steps, each of which takes the [`CommitTail`] and returns it as a
//! type that has the next steps. A driver can choose at each fork, but neither leave out a step nor
//! take it twice, and it gets a [`Finished`] at the end of the way only:
//!
//! ```text
//!                  Started
//!                     | disable_modesets
//!                  Disabled
//!    commit_planes |      | enable_modesets
//!               Planes  Modes
//!  enable_modesets |      | commit_planes
//!                 Programmed
//!                     | hw_done
//!                    Done
//! wait_for_vblanks |      | wait_for_flip_done
//!                   Waited
//!                     | cleanup_planes
//!                  Finished
//! ```

use super::atomic::{
    Commit,
    Tail, //
};
use crate::{
    bindings,
    drm::{
        self,
        private::Sealed, //
    },
};
use core::{
    marker::PhantomData,
    ops::Deref, //
};

/// A step up to which a tail has got.
pub trait Step: Sealed {}

/// A step up to which new states may be accessed.
pub trait BeforeHwDone: Step {}

macro_rules! steps {
    ($($(#[$meta:meta])* $name:ident,)*) => {$(
        $(#[$meta])*
        pub enum $name {}

        impl Sealed for $name {}
        impl Step for $name {}
    )*};
}

steps! {
    /// Nothing has been done.
    Started,
    /// What needs it has been switched off.
    Disabled,
    /// Planes have been programmed, but CRTCs are still off.
    Planes,
    /// CRTCs are on, but planes have not been programmed.
    Modes,
    /// Everything has been programmed.
    Programmed,
    /// The next commit may begin.
    Done,
    /// Nothing of the old state is on the screen any more.
    Waited,
}

impl BeforeHwDone for Started {}
impl BeforeHwDone for Disabled {}
impl BeforeHwDone for Planes {}
impl BeforeHwDone for Modes {}
impl BeforeHwDone for Programmed {}

/// The tail of a commit that has got up to `S`.
///
/// It dereferences to the [`Commit`] up to `hw_done`, after which new states may be gone.
#[must_use = "a commit that is not finished blocks all others"]
pub struct CommitTail<'a, T: drm::Driver, S: Step> {
    commit: Commit<'a, T, Tail>,
    _brand: PhantomData<fn(&'a ()) -> &'a ()>,
    _step: PhantomData<S>,
}

/// Proof that the tail of a commit has been taken to its end.
pub struct Finished<'a>(PhantomData<fn(&'a ()) -> &'a ()>);

impl<'a, T: drm::Driver> CommitTail<'a, T, Started> {
    /// # Safety
    ///
    /// `commit` must be valid during `'a`, and be passed to `atomic_commit_tail` just now.
    pub(super) unsafe fn from_raw(commit: *mut bindings::drm_atomic_commit) -> Self {
        Self {
            // SAFETY: By the safety requirements.
            commit: unsafe { Commit::from_raw(commit) },
            _brand: PhantomData,
            _step: PhantomData,
        }
    }
}

impl<'a, T: drm::Driver, S: Step> CommitTail<'a, T, S> {
    fn then<N: Step>(self) -> CommitTail<'a, T, N> {
        CommitTail {
            commit: self.commit,
            _brand: PhantomData,
            _step: PhantomData,
        }
    }
}

impl<'a, T: drm::Driver> CommitTail<'a, T, Started> {
    /// Switches off the encoders and CRTCs that are to be off or to get another mode.
    pub fn disable_modesets(self) -> CommitTail<'a, T, Disabled> {
        // SAFETY: This is the first step of the tail.
        unsafe {
            bindings::drm_atomic_helper_commit_modeset_disables(
                self.commit.raw_device(),
                self.commit.as_raw(),
            )
        };
        self.then()
    }
}

impl<'a, T: drm::Driver> CommitTail<'a, T, Disabled> {
    /// Programs all planes, for hardware that can do it while CRTCs are off.
    pub fn commit_planes(self) -> CommitTail<'a, T, Planes> {
        // SAFETY: This is a step that may be taken here.
        unsafe {
            bindings::drm_atomic_helper_commit_planes(
                self.commit.raw_device(),
                self.commit.as_raw(),
                0,
            )
        };
        self.then()
    }

    /// Switches on CRTCs and encoders.
    pub fn enable_modesets(self) -> CommitTail<'a, T, Modes> {
        // SAFETY: This is a step that may be taken here.
        unsafe {
            bindings::drm_atomic_helper_commit_modeset_enables(
                self.commit.raw_device(),
                self.commit.as_raw(),
            )
        };
        self.then()
    }
}

impl<'a, T: drm::Driver> CommitTail<'a, T, Planes> {
    /// Switches on CRTCs and encoders.
    pub fn enable_modesets(self) -> CommitTail<'a, T, Programmed> {
        // SAFETY: This is a step that may be taken here.
        unsafe {
            bindings::drm_atomic_helper_commit_modeset_enables(
                self.commit.raw_device(),
                self.commit.as_raw(),
            )
        };
        self.then()
    }
}

impl<'a, T: drm::Driver> CommitTail<'a, T, Modes> {
    /// Programs the planes of CRTCs that are on.
    pub fn commit_planes(self) -> CommitTail<'a, T, Programmed> {
        // SAFETY: This is a step that may be taken here.
        unsafe {
            bindings::drm_atomic_helper_commit_planes(
                self.commit.raw_device(),
                self.commit.as_raw(),
                bindings::DRM_PLANE_COMMIT_ACTIVE_ONLY,
            )
        };
        self.then()
    }
}

impl<'a, T: drm::Driver> CommitTail<'a, T, Programmed> {
    /// Sends the events of CRTCs that have no vertical blanks, and lets the next commit begin.
    pub fn hw_done(self) -> CommitTail<'a, T, Done> {
        // SAFETY: The hardware has been programmed. New states are not accessible after this.
        unsafe {
            bindings::drm_atomic_helper_fake_vblank(self.commit.as_raw());
            bindings::drm_atomic_helper_commit_hw_done(self.commit.as_raw());
        }
        self.then()
    }
}

impl<'a, T: drm::Driver> CommitTail<'a, T, Done> {
    /// Waits for a vertical blank of each CRTC whose framebuffers have changed.
    pub fn wait_for_vblanks(self) -> CommitTail<'a, T, Waited> {
        // SAFETY: This is a step that may be taken here.
        unsafe {
            bindings::drm_atomic_helper_wait_for_vblanks(
                self.commit.raw_device(),
                self.commit.as_raw(),
            )
        };
        self.then()
    }

    /// Waits for the event of each CRTC.
    pub fn wait_for_flip_done(self) -> CommitTail<'a, T, Waited> {
        // SAFETY: This is a step that may be taken here.
        unsafe {
            bindings::drm_atomic_helper_wait_for_flip_done(
                self.commit.raw_device(),
                self.commit.as_raw(),
            )
        };
        self.then()
    }
}

impl<'a, T: drm::Driver> CommitTail<'a, T, Waited> {
    /// Releases the framebuffers of old states.
    pub fn cleanup_planes(self) -> Finished<'a> {
        // SAFETY: This is the last step. References to old states cannot outlive `self`.
        unsafe {
            bindings::drm_atomic_helper_cleanup_planes(
                self.commit.raw_device(),
                self.commit.as_raw(),
            )
        };
        Finished(PhantomData)
    }
}

impl<'a, T: drm::Driver, S: BeforeHwDone> Deref for CommitTail<'a, T, S> {
    type Target = Commit<'a, T, Tail>;

    fn deref(&self) -> &Self::Target {
        &self.commit
    }
}
