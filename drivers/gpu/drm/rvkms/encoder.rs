// SPDX-License-Identifier: GPL-2.0

//! The encoder.

use crate::device::Rvkms;
use kernel::{
    drm::{
        self,
        kms::encoder, //
    },
    prelude::*, //
};

/// An encoder that has nothing to do.
pub(crate) struct Encoder;

#[vtable]
impl encoder::DriverEncoder for Encoder {
    type Driver = Rvkms;
    type Args = ();

    fn new(_device: &drm::Device<Rvkms>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }
}
