// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust cycle`

use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde::Serialize;

use drm_rust::base::pin::Pin;
use drm_rust::cycle::release::Release;
use drm_rust::cycle::{Cycle, look};
use drm_rust::git::objects::Objects;
use drm_rust::oplog;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Tell where the release cycle stands, and what each branch is for at this time.

Linus's newest tag in linux/, or in the clone that --repo names, tells the
phase: the merge window after a release, open from -rc1 to -rc5, and the freeze
from -rc6 on, when drm-next takes no more features.

  drm-rust --repo ~/linux cycle
  drm-rust cycle --tag v7.4-rc3";

/// After so many days the newest tag is not the newest any more: the merge window has two weeks.
const STALE: i64 = 15;

#[derive(Args)]
struct Arguments {
    /// Take this for Linus's newest tag
    #[arg(long, value_name = "TAG", value_parser = |text: &str| text.parse::<Release>())]
    tag: Option<Release>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Tell where the release cycle stands").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let repo = context.repo()?;
    let newest = match arguments.tag {
        Some(tag) => tag,
        None => newest(context)?,
    };
    let base = base(context)?;
    let cycle = look::cycle(&repo, newest)?;
    if arguments.json {
        #[derive(Serialize)]
        struct All {
            base: String,
            #[serde(flatten)]
            cycle: Cycle,
        }
        return context.json(&All { base, cycle });
    }
    let mut text = format!("base    Linux {base}\nnewest  {newest}\nphase   {}\n\n", cycle.phase.name());
    for branch in &cycle.branches {
        text += &format!("{:20}  {}\n", branch.branch, branch.meaning);
    }
    context.data(&text)
}

/// The release that linux/ stands on, or would stand on.
fn base(context: &Context) -> Result<String, super::error::CommandError> {
    let linux = context.ws.linux();
    let last = if linux.exists() { oplog::newest(&linux, &mut Objects::new(&linux))? } else { None };
    match last {
        Some(last) => Ok(last.operation.base.version),
        None => Ok(Pin::load(&context.ws.data("base.toml"))?.version),
    }
}

/// Linus's newest tag; a person learns where it seems to be old.
pub(super) fn newest(context: &Context) -> Result<Release, super::error::CommandError> {
    let tagged = look::newest(&context.repo()?)?;
    let days = context.ws.now.duration_since(tagged.date).as_hours() / 24;
    if days > STALE {
        context.say(&format!("note: {} is {days} days old: are Linus's newer tags fetched?", tagged.release));
    }
    Ok(tagged.release)
}
