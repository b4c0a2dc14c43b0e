// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust fast-forward`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::cycle::release::Release;
use drm_rust::git::BranchName;
use drm_rust::pull::fast_forward;
use drm_rust::workspace::Trees;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Move a fixes branch of a clone to where its fixes have arrived.

drm-rust-fixes moves to a release of Linus, his newest if none is named, and
drm-rust-next-fixes to drm-next, but from -rc1 on not past that. A branch with
commits that are not there yet stays.

  drm-rust --repo ~/linux fast-forward drm-rust-fixes v7.4-rc1";

#[derive(Args)]
struct Arguments {
    /// drm-rust-fixes or drm-rust-next-fixes
    #[arg(value_name = "BRANCH")]
    branch: String,
    /// A release of Linus
    #[arg(value_name = "TAG", value_parser = |text: &str| text.parse::<Release>())]
    release: Option<Release>,
    /// Only tell
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Move a fixes branch to where its fixes are").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let branch: BranchName = arguments.branch.parse()?;
    let trees = Trees::load(&context.ws.data("trees.toml"))?;
    let clone = context.clone()?;
    let moved = fast_forward::fast_forward(&clone, &trees, &branch, arguments.release, arguments.dry_run)?;
    let verb = if arguments.dry_run { "would move" } else { "moved" };
    context.say(&format!("{verb} {branch} from {} to {}, {}", moved.from.short(), moved.to.short(), moved.name));
    Ok(())
}
