// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust cherry-pick`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::git::BranchName;
use drm_rust::pull::pick::{self, Options, PickError, Picked};
use drm_rust::pull::place::Place;
use drm_rust::review as checks;
use drm_rust::workspace::Trees;

use super::CommandResult;
use super::context::Context;
use super::gated::Gated;
use super::{integrate, review};

const LONG: &str = "\
Pick fixes onto drm-rust-fixes or drm-rust-next-fixes.

Without --into, the branch is the one that `drm-rust route` tells. The commits
are those that `git cherry-pick -x -s` makes, but they are made in memory: the
branch moves once, when all of them apply and pass the checks of `drm-rust
review`, and its work tree follows if it is checked out and clean.

What the branch has already is left out: the commit itself, a pick that says so,
or a commit that is what picking it there makes, to the last blank. Later commits
that fix or revert a picked one, in the branches of drm-rust-tip that are there,
are told; --with-followups picks them, too.

  drm-rust cherry-pick 0123456789ab
  drm-rust --repo ~/linux cherry-pick 0123456789ab --into drm-rust-fixes";

#[derive(Args)]
struct Arguments {
    /// The commits, in the order in which they are picked
    #[arg(value_name = "COMMIT", required = true)]
    commits: Vec<String>,
    /// The branch, whatever the commits fix
    #[arg(long, value_name = "BRANCH")]
    into: Option<String>,
    /// Pick later commits that fix or revert these, too
    #[arg(long)]
    with_followups: bool,
    #[command(flatten)]
    gated: Gated,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Pick fixes onto a branch of fixes").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let Arguments { commits, into, with_followups, gated } =
        Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let overrides = gated.overrides(&[])?;
    let into = into.map(|into| into.parse::<BranchName>()).transpose()?;
    let trees = Trees::load(&context.ws.data("trees.toml"))?;
    let place = Place::open(&context.ws)?;
    let options = Options { commits, into, with_followups, dry_run: gated.dry_run, overrides };
    let picked = pick::pick(&place, &trees, &options)?;
    tell(context, &picked);
    let is_good = picked.clash.is_none() && checks::failed(&picked.reports).is_empty();
    let picks = picked.picks.iter().filter(|_| is_good);
    let picks: String = picks.map(|pick| format!("{} as {}\n", pick.from.cite(), pick.to.short())).collect();
    let clash = picked.clash.iter().map(|(_, clash)| integrate::clash(clash));
    context.data(&(review::table(&picked.reports) + &picks + &clash.collect::<String>()))?;
    review::verdict("what was picked", &picked.reports)?;
    if let Some((patch, _)) = picked.clash {
        return Err(PickError::Conflicts { cite: patch.cite(), branch: picked.into }.into());
    }
    let Some(last) = picked.picks.last() else { return Err(PickError::Nothing(picked.into).into()) };
    context.say(&match picked.moved {
        Some(commit) => format!("{} is at {}", picked.into, commit.short()),
        None => format!("{} would be at {}", picked.into, last.to.short()),
    });
    Ok(())
}

/// Why it is this branch, and what a person should know.
fn tell(context: &Context, picked: &Picked) {
    if !picked.reasons.is_empty() {
        context.say(&format!("{}: {}", picked.into, picked.reasons.join(", ")));
    }
    for note in &picked.notes {
        context.say(&format!("note: {note}"));
    }
    for later in &picked.later {
        let (of, cite) = (later.of.short(), later.patch.cite());
        context.say(&format!("note: {of} is {} by {cite}: --with-followups picks that, too", later.verb));
    }
}
