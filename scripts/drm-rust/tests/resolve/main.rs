// SPDX-License-Identifier: GPL-2.0-only

//! Conflicts and their resolutions, side by side with the installed git.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

mod fixup;
mod merges;
mod repo;
mod rerere;
mod scratch;
mod store;
