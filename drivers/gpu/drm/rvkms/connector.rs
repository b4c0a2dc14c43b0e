// SPDX-License-Identifier: GPL-2.0

//! The connector.

use crate::{
    config::size,
    device::Rvkms, //
};
use kernel::{
    drm::{
        self,
        kms::connector::{
            self,
            Probe, //
        },
    },
    prelude::*, //
};

/// A connector that always has a display.
pub(crate) struct Connector;

#[vtable]
impl connector::DriverConnector for Connector {
    type Driver = Rvkms;
    type Args = ();
    type State = ();

    fn new(_device: &drm::Device<Rvkms>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn get_modes(_connector: &connector::Connector<Self>, probe: &mut Probe<'_>) {
        probe.add_modes_noedid(size::MAX.0, size::MAX.1);
        probe.set_preferred(size::PREFERRED.0, size::PREFERRED.1);
    }
}
