// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust ci`

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueEnum};

use drm_rust::ci::{gitlab, tuxsuite};

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Tell CI systems what to do.

What is done with each architecture is one table; every plan is made from it.";

const LONG_PLAN: &str = "\
Write the plan of a CI system, to standard output or a file.

gitlab    the pipeline .gitlab-ci.yml: a job builds each kernel, runs its tests,
          and runs those of its debug variant
tuxsuite  the plan that `tuxsuite plan` takes: a build of each kernel, of its
          debug variant, and of upstream's defconfig with what this tree adds";

#[derive(Subcommand)]
enum Commands {
    /// Write the plan of a CI system
    #[command(long_about = LONG_PLAN)]
    Plan(PlanArguments),
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Gitlab,
    Tuxsuite,
}

#[derive(Args)]
struct PlanArguments {
    /// Whose plan
    #[arg(long, value_name = "SYSTEM")]
    format: Format,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn args(command: Command) -> Command {
    let command = command.about("Tell CI systems what to do").long_about(LONG);
    Commands::augment_subcommands(command.subcommand_required(true).arg_required_else_help(true))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let Commands::Plan(arguments) = Commands::from_arg_matches(matches).expect("clap checked the arguments");
    let plan = match arguments.format {
        Format::Gitlab => gitlab::pipeline(),
        Format::Tuxsuite => tuxsuite::plan(),
    };
    let Some(output) = arguments.output else { return context.exact(&plan) };
    let path = context.here.join(output);
    Ok(drm_rust::file::replace(&path, plan)?)
}
