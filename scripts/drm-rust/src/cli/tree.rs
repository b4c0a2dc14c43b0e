// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust tree`

mod neighbours;

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};

use drm_rust::base::pin::Spec;
use drm_rust::git::BranchName;
use drm_rust::tree::new_base::NewBase;
use drm_rust::tree::{self, Options};

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Make linux/, or bring it up to date.

Imports the base, commits every topic's patches on it (branches
topic/OWNER/NAME) and merges the topics into drm-rust-next, which linux/ has
checked out. The same input gives the same commit ids everywhere. Branches and
op log change in one transaction; the work tree follows, and only files that
differ are written. Changes in linux/ that are not committed are never
overwritten.

Where the base has moved, it tells which topics edit files that are different
there, and which rows of the registry have another status than in registry.lock.

The base is what scripts/drm-rust/base.toml pins. SPEC names another one, which
stays in use until the next --base:
  pin                           what base.toml pins
  linux-7.3.4.tar.xz#sha256=... a tarball of this machine
  https://...#sha256=...        a tarball of a server
  git:PATH#REV                  a revision of an existing clone: topics then
                                stand on the real upstream commit";

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Commands>,
    /// Stand on another base
    #[arg(long, value_name = "SPEC", conflicts_with = "base_latest")]
    base: Option<String>,
    /// Take the newest package of the pinned series, where the pinned one is gone
    #[arg(long)]
    base_latest: bool,
    /// Take back branches that were moved by other means (`drm-rust undo` restores them)
    #[arg(long)]
    reset: bool,
}

#[derive(Subcommand)]
enum Commands {
    /// List the branches of drm-rust-tip in the order of merging, and where they stand
    #[command(long_about = neighbours::PLAN)]
    Plan(neighbours::Plan),
    /// Take dim's nightly.conf into trees.toml
    #[command(long_about = neighbours::IMPORT)]
    ImportNightly(neighbours::Import),
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Make linux/, or bring it up to date").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    match &arguments.command {
        Some(Commands::Plan(arguments)) => return neighbours::plan(context, arguments),
        Some(Commands::ImportNightly(arguments)) => return neighbours::import(context, arguments),
        None => {}
    }
    let base = arguments.base.as_deref().map(str::parse::<Spec>).transpose().map_err(CommandError::from)?;
    let base = base.map(|spec| spec.from_dir(&context.here));
    let options = Options { base, latest: arguments.base_latest, reset: arguments.reset };
    let outcome = tree::refresh(&context.ws, &options, &context.progress)?;
    let next = outcome.built.view[&BranchName::next()].short();
    super::op::tell_left_alone(context, outcome.left_alone.as_deref());
    if outcome.created {
        context.say(&format!("made linux/ on Linux {}: {}", outcome.base.version, outcome.base.origin));
    }
    if outcome.changes.is_empty() {
        context.say(&format!("linux/ is up to date: drm-rust-next is at {next}"));
        return Ok(());
    }
    for change in &outcome.changes {
        context.say(&super::op::describe(change));
    }
    if let Some(new) = &outcome.new_base {
        context.say(&text(new, &super::registry::moved(context)));
    }
    Ok(())
}

/// What another base changes.
fn text(new: &NewBase, rows: &[String]) -> String {
    let NewBase { from, to, topics } = new;
    let mut text = format!("the base was Linux {from} and is Linux {to}:\n");
    for (topic, files) in topics {
        text += &format!("  topic {topic} edits what is different there: {}\n", files.join(", "));
    }
    if topics.is_empty() {
        text += "  no file that a topic edits is different there\n";
    }
    text.extend(rows.iter().map(|row| format!("  registry: {row}\n")));
    text + &format!(
        "  results of checks and tests are those of Linux {from}: `drm-rust check` and `drm-rust test` find new ones"
    )
}
