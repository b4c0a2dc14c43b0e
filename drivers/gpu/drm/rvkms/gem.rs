// SPDX-License-Identifier: GPL-2.0

//! Buffer objects.

use crate::device::Rvkms;
use kernel::{
    drm,
    prelude::*, //
};

/// What the driver adds to shmem objects, which is nothing.
pub(crate) struct Object;

impl drm::gem::DriverObject for Object {
    type Driver = Rvkms;
    type Args = ();

    fn new(_device: &drm::Device<Rvkms>, _size: usize, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn default_args() -> Option<()> {
        Some(())
    }
}
