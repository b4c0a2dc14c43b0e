// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust man`

use clap::{Arg, ArgMatches, Command};

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Print a manual page.

Without COMMAND, the page of drm-rust itself. To read one: drm-rust man tree | man -l -";

pub(super) fn args(command: Command) -> Command {
    let name = Arg::new("command").value_name("COMMAND").help("The command whose page to print");
    let names = super::COMMANDS.iter().map(|entry| entry.name).collect::<Vec<_>>();
    command.about("Print a manual page").long_about(LONG).arg(name.value_parser(names))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let mut command = super::command();
    command.build();
    let mut title = "drm-rust".to_owned();
    if let Some(name) = matches.get_one::<String>("command") {
        command = command.find_subcommand(name).expect("clap checked the name").clone();
        title = format!("drm-rust-{name}");
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).title(title).render(&mut page).map_err(CommandError::io)?;
    context.exact(&String::from_utf8_lossy(&page))
}
