// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust forward`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::forward::gates::GATES;
use drm_rust::forward::{self, Draft, send};
use drm_rust::review::{self as checks, Overrides};

use super::CommandResult;
use super::context::Context;
use super::review;

const LONG: &str = "\
Offer drm-rust-next to drm-next: tag, push, and write the pull request.

If every check passes, drm-rust-next gets a signed tag with the date, which is
pushed with what linux-next takes at this time: for-linux-next is
drm-rust-next-fixes while that is ahead of drm-rust-fixes, else drm-rust-next;
for-linux-next-fixes is drm-rust-fixes. All of it arrives or nothing. The mail,
with what `git request-pull` says, is in build/forward/ with the tag's message.

It is sent with --send alone, by `git send-email`; without, the command to send
it is printed. What is pushed already is not pushed again. --dry-run prints the
mail and tells what would be found; no branch or tag changes.

A check can be overridden with a reason, which the tag and the mail tell.
Besides the checks of `drm-rust review` there are:
  clean       everything is committed, here and in linux/
  check       `drm-rust check` has passed for this commit
  kunit       `drm-rust test` has passed for exactly this tree
  base        drm-next has the base, and no newer release of Linus
  neighbours  no commits of another tree that drm-next has not merged
  signature   the tag is signed; overriding this makes one without a signature
`base` and `neighbours` look at drm-next where linux/ has a remote of it.";

#[derive(Args)]
struct Arguments {
    /// Only check, and write the mail
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Send the mail
    #[arg(long, conflicts_with = "dry_run")]
    send: bool,
    /// The release that the changes are meant for, for example v7.5
    #[arg(long = "for", value_name = "RELEASE")]
    release: Option<String>,
    /// Let a check warn, and say why
    #[arg(long = "override", value_name = "CHECK=REASON")]
    overrides: Vec<String>,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Offer drm-rust-next to drm-next").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let overrides = Overrides::with_gates(&arguments.overrides, GATES)?;
    let release = arguments.release.as_deref();
    if arguments.dry_run {
        return dry_run(context, release, &overrides);
    }
    let forwarded = send::forward(&context.ws, release, &overrides, &context.progress)?;
    for note in &forwarded.notes {
        context.say(&format!("note: {note}"));
    }
    context.data(&review::table(&forwarded.reports))?;
    review::verdict("drm-rust-next", &forwarded.reports)?;
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

fn dry_run(context: &Context, release: Option<&str>, overrides: &Overrides) -> CommandResult {
    let draft = forward::draft(&context.ws, release)?;
    let reports = send::look(&context.ws, overrides)?;
    context.data(&draft.mail)?;
    context.say(review::table(&reports).trim_end());
    let failed = checks::failed(&reports);
    if !failed.is_empty() {
        context.say(&format!("note: as it is, {} would not pass", failed.join(", ")));
    }
    context.say(&format!("{} could be made; the mail is in {}", draft.tag, shown(context, &draft)));
    Ok(())
}

fn shown(context: &Context, draft: &Draft) -> String {
    draft.path.strip_prefix(&context.ws.root).unwrap_or(&draft.path).display().to_string()
}
