// SPDX-License-Identifier: GPL-2.0

//! The CRTC.

use crate::{
    color::{
        self,
        Color, //
    },
    composer::Layer,
    config::MAX_PLANES,
    device::Rvkms,
    formats::Format,
    frame::{
        Frame,
        Monitor, //
    },
    plane::Plane,
    yuv::Yuv, //
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
            blend::Rotations,
            color::ColorManagement,
            crtc,
            plane::PlaneState,
            shadow::MappingRef,
            state::DriverState,
            vblank::{
                PendingEvent,
                VblankTimer, //
            },
        },
    },
    prelude::*,
    sync::Arc, //
};

/// The CRTC.
pub(crate) struct Crtc {
    pub(crate) monitor: Arc<Monitor>,
}

/// What the check phase prepares for the tail, where memory cannot be allocated.
#[derive(Default)]
pub(crate) struct State {
    frame: Option<Arc<Frame>>,
}

impl DriverState for State {
    fn duplicate(&self) -> Result<Self, AllocError> {
        Ok(Self::default())
    }
}

#[vtable]
impl crtc::DriverCrtc for Crtc {
    type Driver = Rvkms;
    type Args = ();
    type State = State;
    type Vblank = VblankTimer;

    const COLOR: ColorManagement = color::MANAGEMENT;

    fn new(_device: &drm::Device<Rvkms>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self {
            monitor: Monitor::new()?,
        })
    }

    fn atomic_check(crtc: &crtc::Crtc<Self>, commit: &mut Commit<'_, Rvkms, Check>) -> Result {
        // The tail makes a frame of all planes of the CRTC.
        commit.add_affected_planes(crtc)?;

        let mut state = commit.state_mut(crtc).ok_or(EINVAL)?;
        let (width, height) = (state.mode().hdisplay(), state.mode().vdisplay());
        let color = Color::of(&*state)?;
        let frame = Frame::new(width.into(), height.into(), MAX_PLANES, color)?;
        state.driver().frame = Some(frame);
        Ok(())
    }

    fn atomic_flush(
        crtc: &crtc::Crtc<Self>,
        commit: &Commit<'_, Rvkms, Tail>,
        event: Option<PendingEvent<'_>>,
    ) {
        let frame = commit
            .new_state(crtc)
            .filter(|state| state.active())
            .and_then(|state| state.driver().frame.clone());

        if let Some(frame) = &frame {
            let mut layers = frame.layers.lock();
            let planes = commit.planes::<Plane>().map(|(_, state)| state);
            let shown = planes.filter(|state| state.is_on(crtc) && state.visible());
            for layer in shown.filter_map(layer) {
                // There is room for all planes.
                let _ = layers.push_within_capacity(layer);
            }
        }
        crtc.monitor.show(crtc, frame, event);
    }

    fn atomic_disable(crtc: &crtc::Crtc<Self>, _commit: &Commit<'_, Rvkms, Tail>) {
        crtc.monitor.switch_off();
    }

    fn vblank_timeout(crtc: &crtc::Crtc<Self>) {
        crtc.monitor.vblank(crtc);
    }

    fn enable_checksums(crtc: &crtc::Crtc<Self>, enable: bool) -> Result {
        crtc.monitor.enable_checksums(crtc, enable);
        Ok(())
    }
}

/// The layer that a plane is.
fn layer(state: &PlaneState<Plane>) -> Option<Layer<MappingRef<Rvkms>>> {
    let rotation = state.rotation();
    let has = |some| rotation.contains(some);

    // A quarter turn exchanges rows and columns, and then is a flip.
    Some(Layer {
        source: state.mapping_ref()?,
        format: Format::of(state.framebuffer()?.format().format())?,
        yuv: Yuv::new(state.color_encoding(), state.color_range()),
        src: state.src().whole_pixels(),
        dst: state.dst(),
        transposed: has(Rotations::ROTATE_90) || has(Rotations::ROTATE_270),
        flip_x: has(Rotations::REFLECT_X)
            != (has(Rotations::ROTATE_180) || has(Rotations::ROTATE_90)),
        flip_y: has(Rotations::REFLECT_Y)
            != (has(Rotations::ROTATE_180) || has(Rotations::ROTATE_270)),
        pipeline: state.driver().pipeline.clone(),
        alpha: state.alpha(),
        blend_mode: state.blend_mode(),
    })
}
