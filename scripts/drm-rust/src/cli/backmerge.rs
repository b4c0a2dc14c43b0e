// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust backmerge`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::git::BranchName;
use drm_rust::pull::PullError;
use drm_rust::pull::backmerge::{self, GATES, Options};
use drm_rust::workspace::Trees;

use super::CommandResult;
use super::context::Context;
use super::gated::Gated;
use super::{integrate, publish, review};

const LONG: &str = "\
Merge what upstream has into drm-rust-next of a clone.

Linus's master (or one of his releases), drm-next and drm-fixes may be merged
back, and nothing else. The merge is made in memory; the branch moves when it is
complete, and its work tree if it is checked out and clean. The reason is the
merge's message. The check `tip` wants drm-rust-tip to have it already, where
conflicts have been settled; --override tip=REASON does without.

  drm-rust --repo ~/linux backmerge linus v7.4-rc3 --why 'for the new API of x'
  drm-rust --repo ~/linux backmerge drm --why 'drm-misc-next needs it'";

#[derive(Args)]
struct Arguments {
    /// The tree
    #[arg(value_name = "TREE")]
    tree: String,
    /// A release of Linus, or a branch of the tree
    #[arg(value_name = "TAG|BRANCH")]
    what: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    why: String,
    /// The branch to merge into
    #[arg(long, value_name = "BRANCH", default_value = "drm-rust-next")]
    into: String,
    #[command(flatten)]
    gated: Gated,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Merge what upstream has into our branch").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let into: BranchName = arguments.into.parse()?;
    let overrides = arguments.gated.overrides(GATES)?;
    let trees = Trees::load(&context.ws.data("trees.toml"))?;
    let clone = context.clone()?;
    let Arguments { tree, what, why, gated, .. } = arguments;
    let (tree, dry_run) = (publish::tree(&tree)?, gated.dry_run);
    let options = Options { tree, what, into: into.clone(), why, dry_run, overrides };
    let done = backmerge::backmerge(&clone, &trees, &options)?;
    context.data(&(review::table(&done.reports) + &done.clash.iter().map(integrate::clash).collect::<String>()))?;
    review::verdict(&done.name, &done.reports)?;
    if done.clash.is_some() {
        return Err(PullError::Conflicts(done.name, into).into());
    }
    context.say(&match done.merge {
        Some(merge) => format!("merged {} into {into}, which is at {}", done.name, merge.short()),
        None => format!("{} would be merged into {into}", done.name),
    });
    Ok(())
}
