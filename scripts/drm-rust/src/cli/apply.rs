// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust apply`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::absorb;
use drm_rust::apply::{self, Options, Source};

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Take a series from a mailing list onto a topic.

b4 finds the patches of a mailbox, or gets the thread of a message id; it checks
attestation, collects review trailers, and adds a Link: and your Signed-off-by
(what git knows as your name). The revision is that of the message, or of the
mailbox's first patch; --newest takes the newest one. A mailbox needs no
network; mboxrd, mboxo, what `git format-patch` writes, a single mail and a
Maildir are read. Mails without a Message-ID get no Link:.

The patches are applied in memory to the topic's branch, and then taken into
overlay and manifest as by `drm-rust absorb`. A series with a hole, a patch that
does not apply, or one that changes what a topic cannot have, changes nothing.

A file that cargo, rustup, an editor or CI would execute is refused until
--allow-file names it, as by `drm-rust absorb`.

  drm-rust apply rust/xarray series.mbx --dry-run
  drm-rust apply rust/xarray 20261120-xarray-v2-0-0123456789ab@dev.example";

#[derive(Args)]
struct Arguments {
    /// The topic
    #[arg(value_name = "OWNER/NAME")]
    topic: String,
    /// A mailbox, a Maildir, `-` for standard input, or a message id
    #[arg(value_name = "MBOX|MAILDIR|-|MESSAGE-ID")]
    from: String,
    /// Take the newest revision
    #[arg(long)]
    newest: bool,
    /// Fold patches that change a file of an earlier patch into that patch
    #[arg(long)]
    fold: bool,
    /// Take this file although a build, an editor or CI would execute it; you have read it
    #[arg(long = "allow-file", value_name = "PATH")]
    allow_files: Vec<String>,
    /// Only tell what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Take a series from a list onto a topic").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let topic = super::topic::named(&arguments.topic)?;
    let absorb = absorb::Options {
        topic: topic.clone(),
        fold: arguments.fold,
        allow: arguments.allow_files,
        dry_run: arguments.dry_run,
    };
    let options = Options { source: source(context, &arguments.from)?, newest: arguments.newest, absorb };
    let applied = apply::apply(&context.ws, &options, &context.progress)?;
    for line in &applied.said {
        context.say(&format!("b4: {line}"));
    }
    for note in &applied.notes {
        context.say(&format!("note: {note}"));
    }
    super::absorb::tell(context, &topic, &applied.absorbed, arguments.dry_run)
}

fn source(context: &Context, from: &str) -> Result<Source, CommandError> {
    match super::mails::named(context, from)? {
        Some(mails) => Ok(Source::Mails(mails)),
        None => Ok(Source::message(from)?),
    }
}
