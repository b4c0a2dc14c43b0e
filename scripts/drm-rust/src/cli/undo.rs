// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust undo`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::tree::undo as domain;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Bring back the branches of an earlier operation.

Without OP, of the one before the last; several undos in a row go further and
further back. The work tree follows, and the overlay stays as it is: the next
`drm-rust tree` applies it again. Where commits of a person came back, that asks
for `drm-rust absorb` or --reset, as it did before. An undo is a new operation,
so that `drm-rust undo OP` can return to any state that `drm-rust op log` shows.";

#[derive(Args)]
pub(super) struct Arguments {
    /// The operation, as `drm-rust op log` shows it (at least 4 digits)
    #[arg(value_name = "OP")]
    operation: Option<String>,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Bring back the branches of an earlier operation").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    undo(context, &Arguments::from_arg_matches(matches).expect("clap checked the arguments"))
}

pub(super) fn undo(context: &Context, arguments: &Arguments) -> CommandResult {
    let undone = domain::undo(&context.ws, arguments.operation.as_deref())?;
    let restored = undone.restored;
    context.say(&format!("back to {}: {}", restored.id.short(), restored.operation.command));
    for change in &undone.changes {
        context.say(&super::op::describe(change));
    }
    super::op::tell_left_alone(context, undone.left_alone.as_deref());
    Ok(())
}
