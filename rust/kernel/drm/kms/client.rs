// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Registration of KMS devices, and the kernel's own clients of them.
//!
//! C header:
//! [`include/drm/clients/drm_client_setup.h`](srctree/include/drm/clients/drm_client_setup.h)

use super::mode_config::KmsDriver;
use crate::{
    bindings,
    device,
    devres,
    drm,
    prelude::*, //
};
use core::ptr;

/// Registers a device until its parent is unbound.
///
/// User space and the kernel's own clients, such as the console, can use the device from then on.
/// When the parent is unbound, the device is unplugged, and its planes and CRTCs are disabled.
///
/// Unlike [`drm::Registration::new`], this is safe, as it leaves the registration to `parent`.
pub fn register<T: KmsDriver>(
    parent: &device::Device<device::Bound>,
    device: drm::UnregisteredDevice<T>,
    data: impl PinInit<T::RegistrationData<'static>, Error>,
) -> Result {
    const { assert!(T::KMS.is_some(), "`drm::Driver::KMS` must be set") };

    // SAFETY: The reference is used to compare addresses only.
    let parent_ref = unsafe { &*ptr::from_ref(parent) };

    // SAFETY: `devres::register()` takes the registration, or else drops it, and drops it before
    // the parent is unbound. The registration data has no references that end before that.
    let registration = unsafe { drm::Registration::new(parent_ref, device, data, 0) }?;
    let device = registration.device().as_raw();

    devres::register(parent, registration, GFP_KERNEL)?;

    // SAFETY: The device is registered: its parent is bound, and has the registration.
    unsafe { bindings::drm_client_setup(device, ptr::null()) };
    Ok(())
}
