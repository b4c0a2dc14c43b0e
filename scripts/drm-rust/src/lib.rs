// SPDX-License-Identifier: GPL-2.0-only

//! The toolchain of the DRM-Rust tree.
//!
//! The library returns values and typed errors and reports progress through [`report::Reporter`]. It neither
//! prints, nor exits, nor reads the environment, nor changes directory: the command line in `main.rs` does.

pub mod absorb;
pub mod apply;
pub mod base;
pub mod check;
pub mod ci;
pub mod clone;
pub mod config;
pub mod cycle;
pub mod error;
pub mod file;
pub mod forward;
pub mod git;
pub mod html;
pub mod igt;
mod junit;
pub mod kernel;
pub mod kunit;
pub mod latest;
pub mod lock;
pub mod machine;
pub mod mailbox;
pub mod merge;
pub mod neighbours;
pub mod oplog;
pub mod owned;
pub mod process;
pub mod publish;
pub mod pull;
pub mod registry;
pub mod report;
pub mod resolve;
pub mod review;
pub mod setup;
pub mod staged;
pub mod stream;
pub mod structure;
pub mod tip;
pub mod topic;
pub mod tree;
pub mod visible;
pub mod workspace;
