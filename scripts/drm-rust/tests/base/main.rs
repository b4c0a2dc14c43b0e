// SPDX-License-Identifier: GPL-2.0-only

//! The base, from an archive to a commit: with real git, xz, gzip and curl, and archives made to do harm.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

mod archives;
mod cache;
mod debian;
mod download;
mod hostile;
mod import;
