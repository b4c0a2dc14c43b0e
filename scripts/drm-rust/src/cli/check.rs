// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust check`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::check::scope::Scope;
use drm_rust::check::{self, Options, Report, Status};
use drm_rust::html;
use drm_rust::tree;

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Check the patches of a topic, of a range of revisions of linux/, or of the whole
tree: subjects, trailers, checkpatch --strict, codespell, MAINTAINERS, licences,
rustfmt, htmldocs, clippy, rustdoc and sparse.

Results are kept in the user's cache: what did not change is not checked again.
Builds use a work tree and folders of their own in build/check. What all
checks say of the whole tree is in build/check/report.json until the next run.

  drm-rust check
  drm-rust check rust/xarray --per-patch
  drm-rust check base..topic/rust/xarray --only checkpatch,trailers";

#[derive(Args)]
struct Arguments {
    /// A topic or a range of revisions; everything if there is none
    #[arg(value_name = "TOPIC | REV..REV")]
    scope: Option<String>,
    /// Only these checks
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Also build every patch on its own, on um and x86_64, with what the scope adds turned on and off
    #[arg(long, conflicts_with = "only")]
    per_patch: bool,
    /// Check again what is known
    #[arg(long)]
    fresh: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Check patches").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    tree::refresh(&context.ws, &tree::Options::default(), &context.progress)?;
    let linux = context.ws.linux();
    let scope = match &arguments.scope {
        Some(name) => Scope::named(&linux, &tree::load_topics(&context.ws)?, name)?,
        None => Scope::everything(&linux)?,
    };
    if arguments.scope.is_some() {
        context.warn_of_base()?;
    }
    let options = Options { only: arguments.only, per_patch: arguments.per_patch, fresh: arguments.fresh };
    let everything = arguments.scope.is_none() && options.only.is_empty();
    let reports = check::run(&context.ws, &scope, &options, &context.progress)?;
    if everything {
        html::checks::keep(&context.ws, &scope, &reports)?;
    }
    if arguments.json {
        context.json(&reports)?;
    } else {
        context.data(&table(&reports))?;
    }
    let failed: Vec<&str> =
        reports.iter().filter(|report| report.verdict.status == Status::Fail).map(|report| report.tool).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let hint = "a corrected patch is checked again; `--only NAME` runs one check";
    Err(CommandError::check(format!("{} does not pass: {}", scope.name, failed.join(", ")), hint))
}

/// One line a check, with its findings below.
fn table(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let verdict = &report.verdict;
        let time = if report.cached { "known".into() } else { format!("{:.1} s", report.seconds) };
        text += &format!("{}  {:12} {} [{time}]\n", verdict.status.name(), report.tool, verdict.summary);
        for line in verdict.details.iter().flat_map(|detail| detail.lines()) {
            text += &format!("      {line}\n");
        }
    }
    text
}
