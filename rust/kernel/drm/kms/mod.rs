// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Kernel mode setting: displays.
//!
//! C header: [`include/drm/drm_mode_config.h`](srctree/include/drm/drm_mode_config.h)
//!
//! A picture goes from memory to a display through mode objects: each plane takes pixels from a
//! framebuffer, a CRTC blends its planes at the rate of its mode, and an encoder takes the picture
//! to a connector.
//!
//! See [`mode_config`] for how a driver creates mode objects, and [`atomic`] for how they are
//! changed.
//!
//! What is not supported is listed in each module. Of larger parts, these are missing: bridges and
//! panels, private objects, DRM panic, suspend and resume.

pub mod atomic;
pub mod blend;
pub mod client;
pub mod color;
pub mod colorop;
pub mod connector;
mod crc;
pub mod crtc;
pub mod damage;
pub mod edid;
pub mod encoder;
pub mod fourcc;
pub mod framebuffer;
pub mod mode_config;
pub mod modes;
pub mod object;
pub mod plane;
pub mod property;
pub mod rect;
pub mod shadow;
pub mod state;
pub mod tail;
#[cfg(CONFIG_RUST_DRM_KMS_KUNIT_TEST)]
mod testing;
#[cfg(CONFIG_RUST_DRM_KMS_KUNIT_TEST)]
mod tests;
pub mod vblank;
pub mod writeback;
pub mod yuv;

pub use client::register;
pub use mode_config::{
    ops,
    KmsDriver,
    Limits,
    Setup, //
};
