// SPDX-License-Identifier: GPL-2.0

//! Virtual kernel mode setting in Rust.
//!
//! A KMS driver without hardware: planes and CRTCs do what real ones do, but the picture stays in
//! memory. Parameters of the module say which planes there are.

mod color;
mod composer;
mod config;
mod connector;
mod crtc;
mod device;
mod encoder;
mod file;
mod formats;
mod frame;
mod gem;
mod output;
mod pipeline;
mod plane;
mod writeback;
mod yuv;

use crate::{
    config::Config,
    device::VirtualDevice, //
};
use kernel::prelude::*;

struct RvkmsModule {
    _device: VirtualDevice,
}

impl kernel::Module for RvkmsModule {
    fn init(_module: &'static kernel::ThisModule) -> Result<Self> {
        let config = Config {
            cursor: module_parameters::enable_cursor.value(),
            overlays: if module_parameters::enable_overlay.value() {
                config::MAX_OVERLAYS
            } else {
                0
            },
            pipelines: module_parameters::enable_plane_pipeline.value(),
            writeback: module_parameters::enable_writeback.value(),
        };

        Ok(Self {
            _device: VirtualDevice::new(c"rvkms", config)?,
        })
    }
}

module! {
    type: RvkmsModule,
    name: "rvkms",
    authors: ["DRM-Rust maintainers"],
    description: "Virtual kernel mode setting in Rust",
    license: "GPL v2",
    params: {
        enable_cursor: bool {
            default: true,
            description: "Have a cursor plane",
        },
        enable_overlay: bool {
            default: false,
            description: "Have overlay planes",
        },
        enable_plane_pipeline: bool {
            default: false,
            description: "Have colour pipelines of planes",
        },
        enable_writeback: bool {
            default: true,
            description: "Have a writeback connector",
        },
    },
}
