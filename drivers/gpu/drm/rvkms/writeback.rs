// SPDX-License-Identifier: GPL-2.0

//! The writeback connector.

use crate::{
    config::size,
    crtc::Crtc,
    device::Rvkms, //
};
use kernel::{
    drm::{
        self,
        kms::{
            atomic::{
                Commit,
                Tail, //
            },
            connector::Probe,
            writeback::{
                self,
                Job, //
            },
        },
    },
    prelude::*, //
};

/// A connector that writes what its CRTC shows to a framebuffer.
pub(crate) struct Writeback;

#[vtable]
impl writeback::DriverWriteback for Writeback {
    type Driver = Rvkms;
    type Args = ();
    type State = ();

    const MAP_FRAMEBUFFERS: bool = true;

    fn new(_device: &drm::Device<Rvkms>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn get_modes(_connector: &writeback::Writeback<Self>, probe: &mut Probe<'_>) {
        probe.add_modes_noedid(size::MAX.0, size::MAX.1);
    }

    fn atomic_commit(
        connector: &writeback::Writeback<Self>,
        commit: &Commit<'_, Rvkms, Tail>,
        job: Job<Rvkms>,
    ) {
        let state = commit.new_state(connector);
        if let Some(crtc) = state.and_then(|state| state.crtc::<Crtc>()) {
            crtc.monitor.write_back(job);
        }
    }
}
