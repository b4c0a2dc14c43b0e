// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust forward`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::forward::gates::GATES;
use drm_rust::forward::{Draft, ForwardError, send};
use drm_rust::git::BranchName;
use drm_rust::review::{self as checks, Report};

use super::CommandResult;
use super::context::Context;
use super::gated::Gated;
use super::review;

const LONG: &str = "\
Offer drm-rust-next to drm-next, or fixes: tag, push, write the pull request.

If every check passes, drm-rust-next gets a signed tag with the date, which is
pushed with what linux-next takes at this time: for-linux-next is
drm-rust-next-fixes while that is ahead of drm-rust-fixes, else drm-rust-next;
for-linux-next-fixes is drm-rust-fixes. All of it arrives or nothing. The mail,
with what `git request-pull` says, is in build/forward/ with the tag's message.

--branch offers a branch of fixes, also of a clone with --repo: drm-rust-fixes
to drm-fixes, drm-rust-next-fixes to drm-next (from -rc1 to -rc5 to drm-fixes,
as Linus has what it fixes). The request begins where drm's branch does not have
it any more. The branch itself is pushed with the tag, and what follows it of
linux-next.

It is sent with --send alone, by `git send-email`; without, the command to send
it is printed. What is pushed already is not pushed again. --dry-run prints the
mail and tells what would be found; no branch or tag changes.

A check can be overridden with a reason, which the tag and the mail tell.
Besides the checks of `drm-rust review` there are:
  clean       everything is committed, here and in linux/
  check       `drm-rust check` has passed for this commit
  kunit       `drm-rust test` has passed for exactly this tree
  base        drm has the base; of drm-rust-next, no newer release of Linus
  neighbours  no commits of another tree that the receiver has not merged
  fix         each commit of a branch of fixes has Fixes: or Cc: stable
  signature   the tag is signed; overriding this makes one without a signature
`base` and `neighbours` look at drm-next where linux/ has a remote of it.";

#[derive(Args)]
struct Arguments {
    /// Send the mail
    #[arg(long, conflicts_with = "dry_run")]
    send: bool,
    /// Offer drm-rust-fixes or drm-rust-next-fixes
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// The release that the changes are meant for, for example v7.5
    #[arg(long = "for", value_name = "RELEASE")]
    release: Option<String>,
    #[command(flatten)]
    gated: Gated,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Offer drm-rust-next or fixes to drm").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let overrides = arguments.gated.overrides(GATES)?;
    let release = arguments.release.as_deref();
    let branch = arguments.branch.as_ref().map(|branch| branch.parse::<BranchName>()).transpose()?;
    let fixes = branch.as_ref();
    if fixes.is_none() && context.ws.clone.is_some() {
        return Err(ForwardError::NotHere.into());
    }
    if arguments.gated.dry_run {
        let (draft, reports) = send::look(&context.ws, fixes, release, &overrides)?;
        return tell(context, &draft, &reports);
    }
    let forwarded = send::forward(&context.ws, fixes, release, &overrides, &context.progress)?;
    for note in &forwarded.notes {
        context.say(&format!("note: {note}"));
    }
    context.data(&review::table(&forwarded.reports))?;
    review::verdict(branch.as_ref().map_or("drm-rust-next", BranchName::as_str), &forwarded.reports)?;
    let draft = forwarded.draft.expect("a mail is written if every check passes");
    if !forwarded.reports.is_empty() {
        context.say(&format!("pushed {}", draft.tag));
    }
    for (branch, commit) in &forwarded.pushed {
        context.say(&format!("pushed {branch}: {}", commit.short()));
    }
    context.say(&format!("the mail is in {}", shown(context, &draft)));
    if arguments.send {
        send::send(&context.ws, &draft.path)?;
        context.say("sent it");
        return Ok(());
    }
    context.say("nothing is sent yet: --send does it, or");
    context.data(&format!("{}\n", send::command_line(&context.ws, &draft.path)?))
}

/// What would be forwarded.
fn tell(context: &Context, draft: &Draft, reports: &[Report]) -> CommandResult {
    context.exact(&draft.mail)?;
    context.say(review::table(reports).trim_end());
    let failed = checks::failed(reports);
    if !failed.is_empty() {
        context.say(&format!("note: as it is, {} would not pass", failed.join(", ")));
    }
    context.say(&format!("{} could be made; the mail is in {}", draft.tag, shown(context, draft)));
    Ok(())
}

fn shown(context: &Context, draft: &Draft) -> String {
    draft.path.strip_prefix(&context.ws.root).unwrap_or(&draft.path).display().to_string()
}
