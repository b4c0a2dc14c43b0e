// SPDX-License-Identifier: GPL-2.0-only

//! The commands as a person runs them: the real program and real git in a temporary home.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

mod absorb;
mod absorb_series;
mod advice;
mod apply;
mod cache;
mod check;
mod ci;
mod converted;
mod damage;
mod deep;
mod env;
mod fixup;
mod forms;
mod forward;
mod forward_fixes;
mod forwarding;
mod full;
mod help;
mod history;
mod hostile;
mod igt;
mod integrate;
mod kernel;
mod kill;
mod killed;
mod leftovers;
mod neighbours;
mod ops;
mod pick;
mod publish;
mod pull;
mod refusals;
mod registry;
mod remotes;
mod report;
mod resolution;
mod resolve;
mod setup;
mod status;
mod terminal;
mod topic;
mod tree;
mod underway;
mod worktree;
