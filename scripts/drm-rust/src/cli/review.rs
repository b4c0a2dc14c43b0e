// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust review`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::check::scope;
use drm_rust::review::{self, Overrides, Report, ReviewError, Stage};

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Check commits as they are checked before a push: who wrote, signed and reviewed
them, where they were discussed, what they fix, why a merge was made, and that
nothing is left of tools and templates.

A check that does not pass for a reason can be overridden: it is told as a
warning, with the reason.

  drm-rust review base..drm-rust-next
  drm-rust --repo ~/linux review drm/drm-next..drm-rust-next
  drm-rust review base..topic/rust/xarray --override 'link=sent in private'";

#[derive(Args)]
struct Arguments {
    /// The commits
    #[arg(value_name = "REV..REV")]
    range: String,
    /// Let a check warn, and say why
    #[arg(long = "override", value_name = "CHECK=REASON")]
    overrides: Vec<String>,
    /// The commits come from another tree's pull request: no Link: is needed
    #[arg(long)]
    pull: bool,
    /// Leave out what merges brought in
    #[arg(long)]
    first_parent: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Check commits as before a push").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let overrides = Overrides::parse(&arguments.overrides)?;
    let repo = context.repo()?;
    let Some((from, to)) =
        arguments.range.split_once("..").filter(|(from, to)| !from.is_empty() && !to.starts_with('.'))
    else {
        return Err(ReviewError::Range(arguments.range).into());
    };
    let commits = scope::between(&repo, from, to, arguments.first_parent)?;
    let stage = if arguments.pull { Stage::Pull } else { Stage::Push };
    let reports = review::review(&commits, &repo, stage, &overrides)?;
    if arguments.json {
        context.json(&reports)?;
    } else {
        context.data(&table(&reports))?;
    }
    verdict(&arguments.range, &reports)
}

/// Fails where a check does not pass.
pub(super) fn verdict(what: &str, reports: &[Report]) -> CommandResult {
    let failed = review::failed(reports);
    if failed.is_empty() {
        return Ok(());
    }
    let hint = "correct what is told, or say with --override CHECK=REASON why it is right";
    Err(CommandError::check(format!("{what} does not pass: {}", failed.join(", ")), hint))
}

/// One line a check, with its findings below.
pub(super) fn table(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let commits = match report.commits {
            1 => "1 commit".to_owned(),
            n => format!("{n} commits"),
        };
        let summary = match report.details.len() {
            0 => commits,
            1 => format!("1 finding in {commits}"),
            n => format!("{n} findings in {commits}"),
        };
        let reason = report.reason.as_ref().map(|reason| format!(" (overridden: {reason})")).unwrap_or_default();
        text += &format!("{}  {:18} {summary}{reason}\n", report.status.name(), report.check);
        for line in &report.details {
            text += &format!("      {line}\n");
        }
    }
    text
}
