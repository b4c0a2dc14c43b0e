// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust publish`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::neighbours::TreeName;
use drm_rust::publish::{self, GATES, Options};

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;
use super::gated::Gated;
use super::{integrate, review};

const LONG: &str = "\
Push a topic and a signed tag to where other trees can pull it.

The remote is found by its URL. Branch and tag arrive together or not at all,
nothing is ever forced, and the branch must stand there where this command has
seen it. Before that, the commits are reviewed as by `drm-rust review`, and the
topic is merged into the tip for a trial; --dry-run stops there. The tag is
signed as git is set up to: gpg, or an ssh key (gpg.format).

A check can be overridden with a reason, which the tag's message tells. `link`
and `reviewed` find something in every topic that was never posted to a list.
Besides the checks of `review` there are:
  base       the topic stands on a commit of Linus's tree
  clean      manifest and files of the topic are committed in this repository
  requires   the topics that it stands on are published
  trial      it can be merged into drm-rust-tip
  signature  the tag is signed; overriding this makes a tag without a signature

What was published is frozen: `drm-rust tree` refuses to change its commits.
Patches may be added after them. `drm-rust topic new --after` begins a new
revision.

  drm-rust publish rust/xarray --dry-run
  drm-rust publish rust/xarray --override 'link=sent in private'";

#[derive(Args)]
struct Arguments {
    /// The topic
    #[arg(value_name = "OWNER/NAME")]
    topic: String,
    /// Push to this tree [default: our own]
    #[arg(long, value_name = "TREE")]
    to: Option<String>,
    #[command(flatten)]
    gated: Gated,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Push a topic and its signed tag").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let topic = super::topic::named(&arguments.topic)?;
    let to = arguments.to.as_deref().map(tree).transpose()?;
    let overrides = arguments.gated.overrides(GATES)?;
    let options = Options { topic: topic.clone(), to, dry_run: arguments.gated.dry_run, overrides };
    let published = publish::publish(&context.ws, &options, &context.progress)?;
    for note in &published.notes {
        context.say(&format!("note: {note}"));
    }
    context.data(
        &(review::table(&published.reports) + &published.clashes.iter().map(integrate::clash).collect::<String>()),
    )?;
    review::verdict(topic.branch().as_str(), &published.reports)?;
    let (branch, remote) = (topic.branch(), &published.target.remote);
    match &published.tag {
        Some(tag) => {
            let before = published.before.map(|before| format!("{}..", before.short())).unwrap_or_default();
            context.say(&format!("pushed {branch} to {remote}: {before}{}", published.commit.short()));
            context.say(&format!("pushed {tag}"));
        }
        None if !published.reports.is_empty() => {
            context.say(&format!("would push {branch} at {} to {remote}, with a tag", published.commit.short()));
        }
        None => {}
    }
    Ok(())
}

/// The name of a tree on the command line.
pub(super) fn tree(name: &str) -> Result<TreeName, CommandError> {
    name.parse().map_err(|error: String| CommandError::usage(error, "`drm-rust tree plan` lists the trees"))
}
