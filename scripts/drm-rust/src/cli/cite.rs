// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust cite`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Cite commits as kernel texts do: 12 digits, or more where these are ambiguous,
and the subject.

  drm-rust cite drm-rust-next~1";

#[derive(Args)]
struct Arguments {
    /// The commits
    #[arg(value_name = "REV", required = true)]
    revs: Vec<String>,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Cite commits").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let repo = context.repo()?;
    let mut text = String::new();
    for rev in &arguments.revs {
        text += &(repo.cited(rev)?.cite() + "\n");
    }
    context.data(&text)
}
