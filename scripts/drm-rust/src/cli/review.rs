// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust review`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::check::scope::{self, Patch};
use drm_rust::git::Repo;
use drm_rust::review::{self, Overrides, Report, ReviewError, Stage, mails};

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Check commits as they are checked before a push: who wrote, signed and reviewed
them, where they were discussed, what they fix, why a merge was made, and that
nothing is left of tools and templates.

Patches that are mails yet, as `git format-patch` or a mail program writes them,
are checked for what does not need a commit: their authors, sign-offs, Fixes:,
and what is left of tools and templates.

A check that does not pass for a reason can be overridden: it is told as a
warning, with the reason.

  drm-rust review base..drm-rust-next
  drm-rust --repo ~/linux review drm/drm-next..drm-rust-next
  drm-rust review 0001-rust-fix-it.patch
  drm-rust review base..topic/rust/xarray --override 'link=sent in private'";

#[derive(Args)]
struct Arguments {
    /// The commits; or a mailbox, a mail, a Maildir, or `-` for standard input
    #[arg(value_name = "REV..REV|MBOX|MAILDIR|-")]
    what: String,
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
    context.warn_of_base()?;
    let (commits, stage) = commits(context, &repo, &arguments)?;
    let reports = review::review(&commits, &repo, stage, &overrides)?;
    if arguments.json {
        context.json(&reports)?;
    } else {
        context.data(&table(&reports))?;
    }
    verdict(&arguments.what, &reports)
}

/// What a person named, and which checks it has to pass.
fn commits(context: &Context, repo: &Repo, arguments: &Arguments) -> Result<(Vec<Patch>, Stage), CommandError> {
    let what = &arguments.what;
    if let Some(mails) = super::mails::named(context, what)? {
        return Ok((mails::patches(repo, &mails)?, Stage::Mail));
    }
    let range = what.split_once("..").filter(|(from, to)| !from.is_empty() && !to.starts_with('.'));
    let (from, to) = range.ok_or_else(|| ReviewError::Range(what.clone()))?;
    let stage = if arguments.pull { Stage::Pull } else { Stage::Push };
    Ok((scope::between(repo, from, to, arguments.first_parent)?, stage))
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
