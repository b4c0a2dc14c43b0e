// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust route`

use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde::Serialize;

use drm_rust::cycle::release::Release;
use drm_rust::cycle::route::{Fault, Route};
use drm_rust::cycle::{CycleError, Phase, look, route};
use drm_rust::error::FileContext;
use drm_rust::git::Repo;
use drm_rust::mailbox::{self, Mail, patch};
use drm_rust::neighbours::Trees;

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Tell which branch a patch belongs to, and why.

The patch is a file as `git format-patch` or a mail program writes it, `-` for
standard input, or a revision. What it fixes decides:
  nothing                            drm-rust-next
  what Linus's tree has              drm-rust-fixes
  what drm-next and drm-rust-next    drm-rust-next-fixes from -rc6 to the next
  have                               -rc1, else drm-rust-next
  what drm-rust-next alone has       drm-rust-next

  drm-rust --repo ~/linux route 0001-rust-fix-it.patch";

#[derive(Args)]
struct Arguments {
    /// A patch, a mail, or a revision
    #[arg(value_name = "PATCH | MAIL | REV")]
    patch: String,
    /// Take this for Linus's newest tag
    #[arg(long, value_name = "TAG", value_parser = |text: &str| text.parse::<Release>())]
    tag: Option<Release>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Tell which branch a patch belongs to").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let repo = context.repo()?;
    let trees = Trees::load(&context.ws.data("trees.toml"))?;
    let newest = match arguments.tag {
        Some(tag) => tag,
        None => super::cycle::newest(context)?,
    };
    let phase = Phase::of(newest);
    let trailers = repo.trailers(&message(context, &repo, &arguments.patch)?)?;
    let faults = look::Finder::new(&repo, &trees)?.faults(&trailers)?;
    let route = route::route(phase, look::is_for_stable(&trailers), &faults).map_err(CycleError::from)?;
    if arguments.json {
        #[derive(Serialize)]
        struct All {
            #[serde(flatten)]
            route: Route,
            newest: Release,
            phase: Phase,
            fixes: Vec<Fault>,
        }
        return context.json(&All { route, newest, phase, fixes: faults });
    }
    let reasons: String = route.reasons.iter().map(|reason| format!("  {reason}\n")).collect();
    context.data(&format!("{}\n{reasons}", route.branch))
}

/// The commit message of what a person named.
fn message(context: &Context, repo: &Repo, name: &str) -> Result<String, CommandError> {
    let path = context.here.join(name);
    let bytes = if name == "-" {
        mailbox::read(std::io::stdin()).map_err(CommandError::io)?
    } else if path.is_file() {
        std::fs::File::open(&path).and_then(mailbox::read).at("read", &path)?
    } else {
        return Ok(repo.message(repo.commit(name)?)?);
    };
    Ok(patch::message(&Mail::parse(&bytes)?))
}
