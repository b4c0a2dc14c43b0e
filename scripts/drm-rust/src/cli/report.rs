// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust report`

use clap::{ArgMatches, Args, Command};

use drm_rust::html;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Show all that is known of the tree on one HTML page, build/report/index.html:
the topics and their merges, what waits to be forwarded, the latest results of
KUnit, IGT and the checks, the registry, and the picture of `make demo`.

The page needs neither a server nor the network. A part without data says which
command gets it; nothing is run for the page.";

#[derive(Args)]
struct Arguments {}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Show everything on one HTML page").long_about(LONG))
}

pub(super) fn run(context: &mut Context, _: &ArgMatches) -> CommandResult {
    let path = html::write(&context.ws)?;
    context.data(&format!("{}\n", path.display()))
}
