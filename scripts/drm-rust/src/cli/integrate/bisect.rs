// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust integrate --bisect`

use drm_rust::tip::preview::Touch;
use drm_rust::tip::trial::{self, Pair};

use super::super::CommandResult;
use super::super::context::Context;

/// Tells which two patches of two branches conflict.
pub(super) fn bisect(context: &Context, ours: &str, theirs: &str, json: bool) -> CommandResult {
    let pair = trial::bisect(&context.ws, ours, theirs)?;
    if json {
        return context.json(&pair);
    }
    let Some(Pair { ours: our_patch, theirs: their_patch, clash }) = pair else {
        context.say(&format!("{ours} and {theirs} do not conflict"));
        return Ok(());
    };
    let patch = |sign: &str, patch: &Touch, branch: &str| format!("{sign} {branch}: {}", super::touched(patch));
    let files: String = clash.files.iter().map(super::hunks).collect();
    context.data(&(patch("<", &our_patch, ours) + &patch(">", &their_patch, theirs) + &files))
}
