// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust op`

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use serde::Serialize;

use drm_rust::git::Oid;
use drm_rust::git::objects::Objects;
use drm_rust::git::refs::Change;
use drm_rust::oplog::{self, Operation};

use super::CommandResult;
use super::context::Context;
use super::undo;

const LONG: &str = "\
Show what commands did to the branches, and bring earlier states back.

Every command that moves branches leaves one operation. Operations are never
changed: an undo is a new one.";

#[derive(Subcommand)]
enum Commands {
    /// List the operations, newest first
    Log(LogArguments),
    /// Bring back the branches of an earlier operation
    Undo(undo::Arguments),
}

#[derive(Args)]
struct LogArguments {
    /// Show at most N operations
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    let command = command.about("Show what commands did to the branches").long_about(LONG);
    Commands::augment_subcommands(command.subcommand_required(true).arg_required_else_help(true))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    match Commands::from_arg_matches(matches).expect("clap checked the arguments") {
        Commands::Log(arguments) => log(context, &arguments),
        Commands::Undo(arguments) => undo::undo(context, &arguments),
    }
}

#[derive(Serialize)]
struct Row {
    id: Oid,
    #[serde(flatten)]
    operation: Operation,
}

fn log(context: &Context, arguments: &LogArguments) -> CommandResult {
    let repo = context.ws.linux();
    let operations = match repo.exists() {
        true => oplog::list(&repo, &mut Objects::new(&repo), arguments.limit)?,
        false => Vec::new(),
    };
    if arguments.json {
        let rows: Vec<Row> = operations.into_iter().map(|l| Row { id: l.id, operation: l.operation }).collect();
        return context.json(&rows);
    }
    if operations.is_empty() {
        context.advise("no operation yet: `drm-rust tree` makes the first one");
    }
    let mut text = String::new();
    for logged in operations {
        let time = logged.operation.time.strftime("%Y-%m-%d %H:%M:%S");
        text += &format!("{}  {time}  {}\n", logged.id.short(), logged.operation.command);
    }
    context.data(&text)
}

/// One branch's move, for people.
pub(super) fn describe(change: &Change) -> String {
    let name = change.name.strip_prefix("refs/heads/").unwrap_or(&change.name);
    match (change.old, change.new) {
        (None, Some(new)) => format!("{name}: new, at {}", new.short()),
        (Some(old), None) => format!("{name}: removed, was at {}", old.short()),
        (Some(old), Some(new)) => format!("{name}: {} -> {}", old.short(), new.short()),
        (None, None) => name.to_owned(),
    }
}

/// Tells that the work tree did not follow, because a person has something else checked out.
pub(super) fn tell_left_alone(context: &Context, what: Option<&str>) {
    if let Some(what) = what {
        context.say(&format!("note: linux/ has {what} checked out: its work tree stays as it is"));
    }
}
