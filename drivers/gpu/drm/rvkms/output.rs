// SPDX-License-Identifier: GPL-2.0

//! Creates the mode objects of a device.

use crate::{
    connector::Connector,
    crtc::Crtc,
    device::Rvkms,
    encoder::Encoder,
    formats,
    pipeline::PIPELINE,
    plane::Plane,
    writeback::Writeback,
    yuv, //
};
use kernel::{
    drm::kms::{
        blend::{
            BlendModes,
            Rotations, //
        },
        connector::ConnectorKind,
        encoder::EncoderKind,
        object::CrtcMask,
        plane::{
            NewPlane,
            PlaneKind, //
        },
        Setup, //
    },
    prelude::*, //
};

/// The only CRTC.
const CRTC: CrtcMask = CrtcMask::nth(0);

/// Creates the mode objects that the device's configuration says.
///
/// Planes are stacked in the order in which they are created.
pub(crate) fn setup(setup: &Setup<'_, Rvkms>) -> Result {
    let config = setup.device().config;
    let pipelines: &[_] = if config.pipelines { &[PIPELINE] } else { &[] };
    let new_plane = |kind| NewPlane {
        possible_crtcs: CRTC,
        alpha: true,
        blend_modes: BlendModes::ALL,
        rotations: Rotations::ALL,
        yuv: Some(yuv::COLORS),
        pipelines,
        ..NewPlane::new(kind, &formats::CODES, ())
    };

    let primary = setup.plane::<Plane>(new_plane(PlaneKind::Primary))?;
    for _ in 0..config.overlays {
        setup.plane::<Plane>(new_plane(PlaneKind::Overlay))?;
    }

    let crtc = if config.cursor {
        let cursor = setup.plane::<Plane>(new_plane(PlaneKind::Cursor))?;
        setup.crtc_with_cursor::<Crtc, _, _>(primary, cursor, ())?
    } else {
        setup.crtc::<Crtc, _>(primary, ())?
    };

    let display = setup.encoder::<Encoder>(EncoderKind::Virtual, crtc.mask(), ())?;
    setup.connector::<Connector, _>(ConnectorKind::Virtual, display, ())?;

    if config.writeback {
        let copy = setup.encoder::<Encoder>(EncoderKind::Virtual, crtc.mask(), ())?;
        setup.writeback::<Writeback, _>(copy, &formats::WRITABLE, ())?;
        setup.allow_clones(display, copy)?;
    }
    Ok(())
}
