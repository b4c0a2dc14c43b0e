// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust fixes`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::cycle::fixes;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Print the trailers of a patch that fixes a commit: Fixes:, Cc: of whoever
wrote, signed and reviewed it and of the maintainers of what it changes, and
Cc: of the stable kernels where a release of Linus has it.

Maintainers are found by scripts/get_maintainer.pl of linux/.

  drm-rust --repo ~/linux fixes 0123456789ab";

#[derive(Args)]
struct Arguments {
    /// The commit that has the bug
    rev: String,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Print the trailers of a patch that fixes a commit").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let found = fixes::trailers(&context.repo()?, &context.ws.linux(), &arguments.rev)?;
    if !found.has_maintainers {
        context.say("note: linux/ has no scripts/get_maintainer.pl: maintainers are missing");
    }
    context.data(&found.lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}
