// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust integrate --resolve`

use drm_rust::resolve::store::Added;
use drm_rust::tip::command::Source;
use drm_rust::tip::settle::{self, Done, Opened};

use super::super::CommandResult;
use super::super::context::Context;
use super::super::resolution::person;
use super::super::status::counted;

/// Opens the conflicts of a branch.
pub(super) fn open(context: &Context, branch: &str, with: &[Source]) -> CommandResult {
    let Opened { branch, dir, left, again } = settle::open(&context.ws, branch, with, &context.progress)?;
    let how = if again { "still open" } else { "open" };
    context.say(&format!("{} of {branch} {how} in {}:", counted(left.len(), "conflict", ""), dir.display()));
    context.data(&left.iter().map(|path| format!("{path}\n")).collect::<String>())?;
    context.say("settle them there with any editor; a path without markers with `git add` or `git rm`. Then:");
    context.advise(&format!("  drm-rust integrate --resolve {branch} --done --why TEXT"));
    Ok(())
}

/// Records what became of them.
pub(super) fn done(context: &Context, branch: &str, why: &str) -> CommandResult {
    let Done { branch, recorded } = settle::done(&context.ws, branch, &person(context)?, why)?;
    for (path, added) in &recorded {
        let known = if *added == Added::Known { " (known already)" } else { "" };
        context.say(&format!("recorded: {path}{known}"));
    }
    context
        .advise(&format!("`drm-rust integrate --tip` merges {branch} with it; `drm-rust resolution push` shares it"));
    Ok(())
}
