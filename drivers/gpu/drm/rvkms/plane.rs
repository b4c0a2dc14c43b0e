// SPDX-License-Identifier: GPL-2.0

//! Planes.

use crate::device::Rvkms;
use kernel::{
    drm::{
        self,
        kms::{
            atomic::{
                Check,
                Commit,
                Tail, //
            },
            plane::{
                self,
                PlaneRules, //
            },
        },
    },
    prelude::*, //
};

/// A plane of any kind.
pub(crate) struct Plane;

#[vtable]
impl plane::DriverPlane for Plane {
    type Driver = Rvkms;
    type Args = ();
    type State = ();

    const MAP_FRAMEBUFFERS: bool = true;

    fn new(_device: &drm::Device<Rvkms>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn atomic_check(plane: &plane::Plane<Self>, commit: &mut Commit<'_, Rvkms, Check>) -> Result {
        commit.check_plane(plane, PlaneRules::UNSCALED)
    }

    fn atomic_update(_plane: &plane::Plane<Self>, _commit: &Commit<'_, Rvkms, Tail>) {}
}
