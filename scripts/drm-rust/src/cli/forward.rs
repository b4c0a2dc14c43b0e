// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust forward`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::forward;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Write the pull request to drm-next.

Prints the mail, and writes it with the tag's message into build/forward/:
greeting, the changes of each topic under the headings that drm maintainers
expect, and what `git request-pull` says. No branch or tag changes, and nothing
is sent.";

#[derive(Args)]
struct Arguments {
    /// Write the mail only; required, as tags are neither made nor pushed
    #[arg(short = 'n', long, required = true)]
    dry_run: bool,
    /// The release that the changes are meant for, for example v7.5
    #[arg(long = "for", value_name = "RELEASE")]
    release: Option<String>,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Write the pull request to drm-next").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let draft = forward::draft(&context.ws, arguments.release.as_deref())?;
    context.data(&draft.mail)?;
    let path = draft.path.strip_prefix(&context.ws.root).unwrap_or(&draft.path);
    context.say(&format!("{} is ready to be signed; the mail is in {}", draft.tag, path.display()));
    Ok(())
}
