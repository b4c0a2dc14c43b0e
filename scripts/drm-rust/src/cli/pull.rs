// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust pull`

use std::fs::File;
use std::io::Read;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::error::FileContext;
use drm_rust::git::BranchName;
use drm_rust::mailbox::{self, pull::Request};
use drm_rust::pull::{self, Asked, GATES, Options, PullError};
use drm_rust::workspace::Trees;

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;
use super::gated::Gated;
use super::{integrate, review};

const LONG: &str = "\
Take another tree's pull request into a clone of Linux.

Reads the request from a mail (`-` is standard input), or takes a URL and a tag.
The tag is fetched to where no branch has it; the signature is verified by git
(gpg, or ssh with gpg.ssh.allowedSignersFile), what the mail says is compared
with it, the commits are reviewed, and the merge is made in memory. Only then
the branch moves, and its work tree if it is checked out and clean. The merge
has the tag's text and the tag itself, with From: and Link: of the mail.

A check can be overridden with a reason, which the merge tells. Besides the
checks of `drm-rust review --pull` there are:
  signature  the tag is signed by a key whose owner git knows
  signer     trees.toml names the key, or nobody, for this tree
  tag        the tag has the name that it was asked for by
  files      no new file would be executed by cargo, rustup, an editor or CI
             (a name that begins with a dot, Cargo.toml, build.rs …), unless
             --allow-file names it
  end        the tag leads to the commit that the mail names
  base       the mail's base comes before it, and the branch has it
  cover      the tag has the text of the mail
  diffstat   the files change that the mail lists, and as it says

  drm-rust --repo ~/linux pull request.eml
  drm-rust --repo ~/linux pull https://git.example/linux.git next-2026-11-20";

#[derive(Args)]
struct Arguments {
    /// The mail, or the URL
    #[arg(value_name = "MAIL|URL")]
    from: String,
    /// The tag, where a URL is given
    #[arg(value_name = "TAG")]
    tag: Option<String>,
    /// The branch to merge into
    #[arg(long, value_name = "BRANCH", default_value = "drm-rust-next")]
    into: String,
    /// Take this file although a build, an editor or CI would execute it; you have read it
    #[arg(long = "allow-file", value_name = "PATH")]
    allow_files: Vec<String>,
    #[command(flatten)]
    gated: Gated,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Take another tree's pull request").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let overrides = arguments.gated.overrides(GATES)?;
    let into: BranchName = arguments.into.parse()?;
    let asked = match &arguments.tag {
        Some(tag) => Asked::tag(&arguments.from, tag)?,
        None => Asked::Mail(Box::new(Request::parse(&mail(context, &arguments.from)?).map_err(PullError::from)?)),
    };
    let trees = Trees::load(&context.ws.data("trees.toml"))?;
    let clone = context.clone()?;
    let options = Options {
        asked,
        into: into.clone(),
        dry_run: arguments.gated.dry_run,
        overrides,
        allow: arguments.allow_files,
    };
    let pulled = pull::pull(&clone, &trees, &options, &context.progress)?;
    for note in &pulled.notes {
        context.say(&format!("note: {note}"));
    }
    context.data(&(review::table(&pulled.reports) + &pulled.clash.iter().map(integrate::clash).collect::<String>()))?;
    review::verdict("the request", &pulled.reports)?;
    if let Some(clash) = &pulled.clash {
        return Err(PullError::Conflicts(clash.branch.clone(), into).into());
    }
    context.data(&format!("\n{}", pulled.message))?;
    context.say(&match pulled.merge {
        Some(merge) => format!("merged into {into}, which is at {}", merge.short()),
        None => format!("{} would be merged into {into}", pulled.end.short()),
    });
    Ok(())
}

/// The bytes of a mail, and no more than a mail can have.
fn mail(context: &Context, from: &str) -> Result<Vec<u8>, CommandError> {
    if from == "-" {
        return mailbox::read(std::io::stdin().lock()).map_err(CommandError::io);
    }
    if from.contains("://") {
        let hint = "a URL needs a tag: drm-rust pull URL TAG";
        return Err(CommandError::usage(format!("there is no tag after {from}"), hint));
    }
    let path = context.here.join(from);
    let file: Box<dyn Read> = Box::new(File::open(&path).at("open", &path)?);
    Ok(mailbox::read(file).at("read", &path)?)
}
