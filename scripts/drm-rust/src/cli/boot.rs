// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust boot`

use std::io::IsTerminal;
use std::time::Duration;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::kernel::arch::Arch;
use drm_rust::kernel::boot;
use drm_rust::kernel::build::Request;
use drm_rust::tree;

use super::CommandResult;
use super::build::{KernelArguments, VariantArgument, build, require_emulators};
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Boot the kernel to a user space and run a command there, or a shell. Builds
first what is not up to date.

On um, and where QEMU runs this machine's own architecture, the user space is
this machine's, read only, with an empty /tmp. Other architectures get Debian's
static busybox. The command's output goes to standard output, and its exit
status is that of drm-rust; everything that the kernel said is in boot.log of
the build folder.

In a shell, Ctrl-C goes to what runs in the kernel. In QEMU, Ctrl-A X ends a
kernel that hangs, and Ctrl-A twice is Ctrl-A for the shell.

  drm-rust boot um -- ls /sys/class/drm
  drm-rust boot riscv -- cat /proc/cpuinfo";

#[derive(Args)]
struct Arguments {
    /// Architecture
    #[arg(value_name = "ARCH", default_value = "um")]
    arch: String,
    #[command(flatten)]
    variant: VariantArgument,
    /// Stop the kernel after this many seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    #[command(flatten)]
    words: KernelArguments,
    /// The command and its arguments; a shell if there is none
    #[arg(value_name = "CMD", last = true)]
    command: Vec<String>,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command).about("Boot the kernel and run a command").long_about(LONG)
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let arch: &'static Arch = arguments.arch.parse()?;
    if arguments.command.is_empty() && !std::io::stdin().is_terminal() {
        let hint = format!("name a command, as in `drm-rust boot {arch} -- uname -a`");
        return Err(CommandError::usage("a shell needs a terminal", hint));
    }
    require_emulators(context, &[arch])?;
    tree::refresh(&context.ws, &tree::Options::default(), &context.progress)?;
    let kernel = build(context, &Request::new(arch, arguments.variant.get()))?;
    if arguments.command.is_empty() {
        boot::shell(&kernel, &context.ws.cache, arguments.words.get())?;
        return Ok(());
    }
    let limit = arguments.timeout.map(Duration::from_secs);
    let each = |line: &str| context.exact(&format!("{line}\n"));
    match boot::run(&kernel, &context.ws.cache, &arguments.command, arguments.words.get(), limit, each)?? {
        0 => Ok(()),
        status => Err(CommandError::status(status)),
    }
}
