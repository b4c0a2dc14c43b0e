// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust completions`

use clap::{Arg, ArgMatches, Command};
use clap_complete::Shell;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Print the completion script of a shell.

For bash:
  drm-rust completions bash > ~/.local/share/bash-completion/completions/drm-rust";

pub(super) fn args(command: Command) -> Command {
    let shell = Arg::new("shell").value_name("SHELL").required(true).value_parser(clap::value_parser!(Shell));
    command.about("Print the completion script of a shell").long_about(LONG).arg(shell.help("The shell"))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let shell = *matches.get_one::<Shell>("shell").expect("required");
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "drm-rust", &mut script);
    context.exact(&String::from_utf8_lossy(&script))
}
