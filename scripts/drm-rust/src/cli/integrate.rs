// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust integrate`

mod bisect;
mod resolve;

use clap::{ArgGroup, ArgMatches, Args, Command, FromArgMatches};
use serde::Serialize;

use drm_rust::git::Oid;
use drm_rust::tip::TipError;
use drm_rust::tip::command::{self, Made, Source};
use drm_rust::tip::manifest::{Branch, State};
use drm_rust::tip::preview::{Clash, File, Touch};

use super::CommandResult;
use super::context::Context;
use super::status::counted;

const LONG: &str = "\
Merge everything near this tree into drm-rust-tip.

Merges happen in memory and give what `git merge` would. The branch moves when
all is merged; the work tree follows only where drm-rust-tip is checked out. The
same branches and resolutions give the same commit on every machine. The tip
ends with a file, integration-manifest, that names every commit it was made
from. Merges that the tip before had already are not made again.

A branch that conflicts stays where the tip before had it, or is left out, and
the command says so. --dry-run changes no branch; it tells which files and lines
conflict, between which commits and authors, and ends with exit code 3 if a
branch cannot be merged where it stands.

What somebody settled before is settled again from the branch drm-rust-rerere,
and additions to the same list are merged. --resolve opens the other conflicts
of a branch in a scratch work tree of only the files in conflict; with --done,
what became of them is recorded for everybody.

With --repo, the tip of a clone is made, whose remotes are found by their URLs.

  drm-rust integrate --resolve drm/drm-next
  drm-rust integrate --resolve drm/drm-next --done --why 'both are needed'
  drm-rust integrate --bisect drm/drm-next topic/rust/part
  drm-rust --repo ~/linux integrate --tip";

const USAGE: &str = "\
drm-rust integrate --tip | --dry-run [--with <BRANCH>]...
       drm-rust integrate --resolve <BRANCH> [--with <BRANCH>]...
       drm-rust integrate --resolve <BRANCH> --done [--why <TEXT>]
       drm-rust integrate --bisect <BRANCH> <BRANCH>
       drm-rust integrate --verify <TIP>";

#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true))]
struct Arguments {
    /// Make drm-rust-tip
    #[arg(long, group = "what")]
    tip: bool,
    /// Only tell what would conflict
    #[arg(short = 'n', long, group = "what")]
    dry_run: bool,
    /// Merge another branch besides, last; may be given several times
    #[arg(long, value_name = "BRANCH")]
    with: Vec<String>,
    /// Open the conflicts of a branch in a scratch work tree
    #[arg(long, value_name = "BRANCH", group = "what", conflicts_with_all = ["tip", "dry_run", "json"])]
    resolve: Option<String>,
    /// Record what became of the conflicts
    #[arg(long, requires = "resolve", conflicts_with = "with")]
    done: bool,
    /// Why they were settled so
    #[arg(long, value_name = "TEXT", requires = "done")]
    why: Option<String>,
    /// Tell which two patches of two branches conflict
    #[arg(long, num_args = 2, value_names = ["BRANCH", "BRANCH"], group = "what",
        conflicts_with_all = ["tip", "dry_run", "with", "resolve"])]
    bisect: Vec<String>,
    /// Derive a tip again from its manifest, and compare
    #[arg(long, value_name = "TIP", group = "what", conflicts_with_all = ["tip", "dry_run", "with", "resolve", "bisect"])]
    verify: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    let command = command.about("Merge everything near this tree into drm-rust-tip").long_about(LONG);
    Arguments::augment_args(command).override_usage(USAGE)
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let with: Vec<Source> = arguments.with.iter().map(|name| (name.clone(), name.clone())).collect();
    if let [ours, theirs] = &arguments.bisect[..] {
        return bisect::bisect(context, ours, theirs, arguments.json);
    }
    match &arguments.resolve {
        Some(branch) if arguments.done => {
            return resolve::done(context, branch, arguments.why.as_deref().unwrap_or_default());
        }
        Some(branch) => return resolve::open(context, branch, &with),
        None => {}
    }
    if let Some(rev) = &arguments.verify {
        let (tip, manifest) = command::verify(&context.ws, rev, &context.progress)?;
        if arguments.json {
            return context.json(&manifest);
        }
        context.say(&format!("{} is what its manifest gives", tip.short()));
        return context.data(&manifest.branches.iter().map(line).collect::<String>());
    }
    let made = match arguments.dry_run {
        true => command::preview(&context.ws, &with, &context.progress)?,
        false => command::integrate(&context.ws, &with, &context.progress)?,
    };
    show(context, &made, arguments.json, !arguments.dry_run)?;
    match (arguments.dry_run, made.tip.failures.len()) {
        (true, failures @ 1..) => Err(TipError::Conflicts(failures).into()),
        _ => Ok(()),
    }
}

#[derive(Serialize)]
struct Json<'a> {
    tip: Oid,
    before: Option<Oid>,
    branches: &'a [Branch],
    merges: Vec<JsonMerge<'a>>,
    conflicts: &'a [Clash],
    notices: &'a [String],
}

#[derive(Serialize)]
struct JsonMerge<'a> {
    branch: &'a str,
    commit: Oid,
    theirs: Oid,
    notes: &'a [String],
    reused: bool,
}

/// Tells what a tip came to, and what became of its branch if that was to move.
pub(super) fn show(context: &Context, made: &Made, json: bool, moves: bool) -> CommandResult {
    let tip = &made.tip;
    if json {
        let merges = tip.merges.iter().map(|merge| JsonMerge {
            branch: &merge.name,
            commit: merge.commit,
            theirs: merge.theirs,
            notes: &merge.notes,
            reused: merge.reused,
        });
        context.json(&Json {
            tip: tip.commit,
            before: made.before,
            branches: &tip.manifest.branches,
            merges: merges.collect(),
            conflicts: &made.clashes,
            notices: &tip.notices,
        })?;
    } else {
        let branches: String = tip.manifest.branches.iter().map(line).collect();
        context.data(&(branches + &made.clashes.iter().map(clash).collect::<String>()))?;
    }
    for notice in &tip.notices {
        context.advise(&format!("note: {notice}"));
    }
    for merge in &tip.merges {
        for note in &merge.notes {
            context.say(&format!("{}: {note}", merge.name));
        }
    }
    let reused = tip.merges.iter().filter(|merge| merge.reused).count();
    let kept = if reused > 0 { format!(", {reused} of them as before") } else { String::new() };
    context.say(&format!("{}{kept}", counted(tip.merges.len(), "merge", "")));
    super::op::tell_left_alone(context, made.left_alone.as_deref());
    for change in &made.changes {
        context.say(&super::op::describe(change));
    }
    if made.changes.is_empty() && moves {
        context.say(&format!("drm-rust-tip is up to date: it is at {}", tip.commit.short()));
    }
    Ok(())
}

fn line(branch: &Branch) -> String {
    let state = match branch.state {
        State::Merged => "merged",
        State::Contained => "contained",
        State::HeldBack => "held back",
        State::LeftOut => "left out",
    };
    format!("{state:9}  {}  {}  {}\n", branch.commit.short(), branch.name, branch.subject)
}

pub(super) fn clash(clash: &Clash) -> String {
    let files: String = clash.files.iter().map(file).collect();
    format!("\n{} at {} conflicts:\n{files}", clash.branch, clash.commit.short())
}

fn file(file: &File) -> String {
    let touches = |what: &str, touches: &[Touch]| -> String {
        let line = |touch: &Touch| format!("    {what} {}", touched(touch));
        touches.iter().map(line).collect()
    };
    hunks(file) + &touches("<", &file.ours) + &touches(">", &file.theirs)
}

/// A commit in one line.
fn touched(touch: &Touch) -> String {
    format!("{}  {}  {}\n", touch.commit.short(), touch.author, touch.subject)
}

/// What conflicts in a file.
fn hunks(file: &File) -> String {
    let mut text = format!("  {}\n    {}\n", file.path, file.message);
    for hunk in &file.hunks {
        text += &format!("    line {}:\n", hunk.line);
        let lines =
            |sign: &str, lines: &[String]| lines.iter().map(|line| format!("      {sign}{line}\n")).collect::<String>();
        text += &lines("<", &hunk.ours);
        text += &lines(">", &hunk.theirs);
    }
    text
}
