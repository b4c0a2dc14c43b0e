// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust rust-analyzer`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::kernel::analyzer;
use drm_rust::tree;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Write rust-project.json, with which rust-analyzer finds its way in the overlay
and in linux/.

Brings linux/ up to date first, and builds the macros and bindings of an
architecture, whose configuration decides which code is there. Open the top of
the checkout in the editor: modules of the overlay are the files there, not
their second copies in linux/. The files of the base that declare them, such as
rust/kernel/xarray.rs, are read from copies beside the modules, named
*_analyzer_generated.rs and ignored by git.

Run it again when files come or go, or the configuration changes.";

#[derive(Args)]
struct Arguments {
    /// The architecture
    #[arg(value_name = "ARCH", default_value = "um")]
    arch: String,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Tell rust-analyzer of the kernel's crates").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let arch = arguments.arch.parse()?;
    tree::refresh(&context.ws, &tree::Options::default(), &context.progress)?;
    let made = analyzer::write(&context.ws, arch, &context.progress)?;
    if let Some(error) = made.broken {
        context.say(&format!("note: {error}"));
    }
    let path = made.path.strip_prefix(&context.ws.root).unwrap_or(&made.path).display();
    context.say(&format!("{path}: {} crates of {arch}, {} files copied", made.crates, made.copies));
    Ok(())
}
