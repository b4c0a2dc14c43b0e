// SPDX-License-Identifier: GPL-2.0

//! Planes.

use crate::{
    device::Rvkms,
    pipeline::Pipeline, //
};
use kernel::{
    alloc::AllocError,
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
            state::DriverState,
        },
    },
    prelude::*,
    sync::Arc, //
};

/// A plane of any kind.
pub(crate) struct Plane;

/// What is to be done with the colours. None if nothing is.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) pipeline: Option<Arc<Pipeline>>,
}

impl DriverState for State {
    fn duplicate(&self) -> Result<Self, AllocError> {
        Ok(Self {
            pipeline: self.pipeline.clone(),
        })
    }
}

#[vtable]
impl plane::DriverPlane for Plane {
    type Driver = Rvkms;
    type Args = ();
    type State = State;

    const MAP_FRAMEBUFFERS: bool = true;

    fn new(_device: &drm::Device<Rvkms>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn atomic_check(plane: &plane::Plane<Self>, commit: &mut Commit<'_, Rvkms, Check>) -> Result {
        commit.check_plane(plane, PlaneRules::UNSCALED)?;

        let pipeline = Pipeline::new(commit.color_pipeline(plane)?)?;
        let mut state = commit.state_mut(plane).ok_or(EINVAL)?;
        state.driver().pipeline = if pipeline.is_empty() {
            None
        } else {
            Some(Arc::new(pipeline, GFP_KERNEL)?)
        };
        Ok(())
    }

    fn atomic_update(_plane: &plane::Plane<Self>, _commit: &Commit<'_, Rvkms, Tail>) {}
}
