// SPDX-License-Identifier: GPL-2.0

//! Clients of a device.

use crate::device::Rvkms;
use kernel::{
    drm,
    prelude::*, //
};

/// A client, about which there is nothing to remember.
pub(crate) struct File;

impl drm::file::DriverFile for File {
    type Driver = Rvkms;

    fn open(_device: &drm::Device<Rvkms>) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::new(Self, GFP_KERNEL)?.into())
    }
}
