// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust tc`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::cycle::look;

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Tell the first release or candidate of Linus that has a commit. Where none has
it, list the branches that do.

  drm-rust --repo ~/linux tc 0123456789ab";

#[derive(Args)]
struct Arguments {
    /// The commit
    rev: String,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Tell the first release that has a commit").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let repo = context.repo()?;
    let commit = repo.commit(&arguments.rev)?;
    if let Some(first) = look::containing(&repo, commit)?.first() {
        return context.data(&format!("{first}\n"));
    }
    let branches = look::branches_containing(&repo, commit)?;
    if branches.is_empty() {
        let message = format!("neither a release nor a branch has {}", commit.short());
        return Err(CommandError::failed(message, "`git -C linux fetch --all --tags` gets what is newer"));
    }
    context.say("no release has it yet; these branches do:");
    context.data(&branches.iter().map(|branch| format!("{branch}\n")).collect::<String>())
}
