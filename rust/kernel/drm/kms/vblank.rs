// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Vertical blanks, and the events that are sent at them.
//!
//! C headers: [`include/drm/drm_vblank.h`](srctree/include/drm/drm_vblank.h),
//! [`include/drm/drm_vblank_helper.h`](srctree/include/drm/drm_vblank_helper.h)
//!
//! Where vertical blanks come from is a type, [`DriverCrtc::Vblank`]:
//!
//! - [`NoVblank`]: the CRTC has none. Events are sent when a commit is done, unless the driver has
//!   an `atomic_flush` of its own.
//! - [`VblankTimer`]: a timer of DRM core takes the place of an interrupt.
//! - [`VblankInterrupt`]: an interrupt of the device, which the driver enables and disables as
//!   [`DriverVblank`] says, and which calls [`Crtc::handle_vblank`].
//!
//! Vertical blanks are switched on and off together with the CRTC.
//!
//! Not supported: hardware counters, scanout positions, events that another interrupt than that of
//! the vertical blank sends.

use super::crtc::{
    Crtc,
    DriverCrtc, //
};
use crate::{
    bindings,
    drm::private::Sealed,
    error::from_result,
    prelude::*, //
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::NonNull, //
};

/// The callbacks of `struct drm_crtc_funcs` for vertical blanks.
pub struct VblankOps {
    pub(super) enable: Option<unsafe extern "C" fn(*mut bindings::drm_crtc) -> c_int>,
    pub(super) disable: Option<unsafe extern "C" fn(*mut bindings::drm_crtc)>,
    #[allow(clippy::type_complexity)]
    pub(super) timestamp: Option<
        unsafe extern "C" fn(
            *mut bindings::drm_crtc,
            *mut c_int,
            *mut bindings::ktime_t,
            bool,
        ) -> bool,
    >,
}

/// Where a CRTC has its vertical blanks from. Implemented by the types of this module.
pub trait VblankSource<C: DriverCrtc>: Sealed {
    /// The callbacks, unless there are no vertical blanks.
    const OPS: Option<VblankOps>;
}

/// There are no vertical blanks.
pub enum NoVblank {}

impl Sealed for NoVblank {}
impl<C: DriverCrtc> VblankSource<C> for NoVblank {
    const OPS: Option<VblankOps> = None;
}

/// A timer that runs at the rate of the display mode.
pub enum VblankTimer {}

impl Sealed for VblankTimer {}
impl<C: DriverCrtc> VblankSource<C> for VblankTimer {
    const OPS: Option<VblankOps> = Some(VblankOps {
        enable: Some(bindings::drm_crtc_vblank_helper_enable_vblank_timer),
        disable: Some(bindings::drm_crtc_vblank_helper_disable_vblank_timer),
        timestamp: Some(bindings::drm_crtc_vblank_helper_get_vblank_timestamp_from_timer),
    });
}

/// An interrupt of the device.
pub enum VblankInterrupt {}

impl Sealed for VblankInterrupt {}
impl<C: DriverVblank> VblankSource<C> for VblankInterrupt {
    const OPS: Option<VblankOps> = Some(VblankOps {
        enable: Some(enable_callback::<C>),
        disable: Some(disable_callback::<C>),
        timestamp: None,
    });
}

/// What a driver does about the interrupts of a CRTC.
///
/// The functions are called with interrupts disabled, and with spinlocks held.
pub trait DriverVblank: DriverCrtc {
    /// Enables the interrupt.
    fn enable_vblank(crtc: &Crtc<Self>) -> Result;

    /// Disables the interrupt.
    fn disable_vblank(crtc: &Crtc<Self>);
}

extern "C" fn enable_callback<C: DriverVblank>(crtc: *mut bindings::drm_crtc) -> c_int {
    from_result(|| {
        // SAFETY: This is in the table of a `Crtc<C>`.
        C::enable_vblank(unsafe { Crtc::from_raw(crtc) })?;
        Ok(0)
    })
}

extern "C" fn disable_callback<C: DriverVblank>(crtc: *mut bindings::drm_crtc) {
    // SAFETY: This is in the table of a `Crtc<C>`.
    C::disable_vblank(unsafe { Crtc::from_raw(crtc) });
}

/// The event with which user space wants to be told that a commit is on the screen.
///
/// It has to be armed or sent. If it is dropped instead, it is sent with a warning.
///
/// # Invariants
///
/// `event` was taken from the state of `crtc`, and has neither been armed nor sent.
#[must_use = "user space waits for this event: arm or send it"]
pub struct PendingEvent<'a> {
    event: NonNull<bindings::drm_pending_vblank_event>,
    crtc: NonNull<bindings::drm_crtc>,
    _crtc: PhantomData<&'a bindings::drm_crtc>,
}

impl<'a> PendingEvent<'a> {
    /// Takes the event of the new state of `crtc`, if there is one.
    ///
    /// # Safety
    ///
    /// Both pointers must be valid during `'a`. `state` must be a state of `crtc` that is new in a
    /// commit which is in its tail.
    pub(super) unsafe fn take(
        crtc: NonNull<bindings::drm_crtc>,
        state: *mut bindings::drm_crtc_state,
    ) -> Option<Self> {
        // SAFETY: In the tail, only the tail accesses this field.
        let event = unsafe { core::mem::replace(&mut (*state).event, core::ptr::null_mut()) };

        // INVARIANT: It has just been taken.
        Some(Self {
            event: NonNull::new(event)?,
            crtc,
            _crtc: PhantomData,
        })
    }

    /// Lets the event be sent at the next vertical blank, or sends it now if the CRTC has none or
    /// is off.
    pub fn arm(self) {
        ManuallyDrop::new(self).deliver(true);
    }

    /// Sends the event now.
    pub fn send(self) {
        ManuallyDrop::new(self).deliver(false);
    }

    fn deliver(&mut self, arm: bool) {
        let crtc = self.crtc.as_ptr();

        // SAFETY: The CRTC is valid.
        let lock = unsafe { &raw mut (*(*crtc).dev).event_lock };

        // SAFETY: The lock is initialized, and released below. It is held when the event is armed
        // or sent, which happens once, as the type invariants say. An event that is armed takes
        // over the reference to the vertical blanks.
        unsafe {
            bindings::spin_lock_irq_disable(lock);
            if arm && bindings::drm_crtc_vblank_get(crtc) == 0 {
                bindings::drm_crtc_arm_vblank_event(crtc, self.event.as_ptr());
            } else {
                bindings::drm_crtc_send_vblank_event(crtc, self.event.as_ptr());
            }
            bindings::spin_unlock_irq_enable(lock);
        }
    }
}

impl Drop for PendingEvent<'_> {
    fn drop(&mut self) {
        crate::pr_warn_once!("drm: a driver has dropped a page-flip event\n");
        self.deliver(false);
    }
}
