// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust build`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::kernel::KernelError;
use drm_rust::kernel::arch::Arch;
use drm_rust::kernel::build::{Builder, Kernel, Request};
use drm_rust::kernel::machine::missing_emulator;
use drm_rust::kernel::variant::Variant;
use drm_rust::tree;

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Build the kernel of the tree for one or more architectures: um, x86_64, arm64,
riscv, loongarch.

Brings linux/ up to date first. Each configuration has a build folder of its
own below build/, where build.log keeps everything that make said; warnings and
errors are shown whole. When nothing changed since the last build, nothing is
run. One command at a time uses a build folder, until the kernel that it boots
has ended; others wait.

The configuration is this tree's drm_rust_defconfig. After configuring, every
symbol that it names is checked, and one that did not take is an error which
says what it depends on.

With --target only parts are compiled, and nothing is linked: `--target rust/
--target drivers/gpu/` are the abstractions and the drivers. A target that make
finds nothing to do for is an error.";

/// What is added to the configuration.
#[derive(Args)]
pub(super) struct VariantArgument {
    /// Add what finds mistakes at run time (KASAN, lockdep, kmemleak, ...)
    #[arg(long, value_name = "NAME", default_value = "plain", value_parser = ["plain", "debug"], hide_default_value = true)]
    variant: String,
}

impl VariantArgument {
    pub(super) fn get(&self) -> Variant {
        let named = Variant::NAMED.iter().find(|(name, _)| *name == self.variant);
        named.expect("clap checked the name").1
    }
}

/// More words for the kernel's command line.
#[derive(Args)]
pub(super) struct KernelArguments {
    /// Boot with more words on the kernel's command line, for example
    /// rvkms.enable_overlay=1
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    kernel_args: Option<String>,
}

impl KernelArguments {
    pub(super) fn get(&self) -> Vec<String> {
        self.kernel_args.iter().flat_map(|words| words.split_whitespace()).map(str::to_owned).collect()
    }
}

/// Which kernels.
#[derive(Args)]
pub(super) struct Selection {
    /// Architectures
    #[arg(value_name = "ARCH", default_value = "um")]
    arches: Vec<String>,
    #[command(flatten)]
    variant: VariantArgument,
}

impl Selection {
    pub(super) fn arches(&self) -> Result<Vec<&'static Arch>, CommandError> {
        Ok(self.arches.iter().map(|name| name.parse()).collect::<Result<_, _>>()?)
    }

    pub(super) fn is_several(&self) -> bool {
        self.arches.len() > 1
    }

    pub(super) fn variant(&self) -> Variant {
        self.variant.get()
    }
}

#[derive(Args)]
struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Take a configuration of the kernel, such as `defconfig`, with what this tree adds
    #[arg(long, value_name = "NAME")]
    config: Option<String>,
    /// Set the symbols of a file, too
    #[arg(long = "fragment", value_name = "FILE")]
    fragments: Vec<std::path::PathBuf>,
    /// Build a part only: a folder such as `drivers/gpu/`, or an object
    #[arg(long = "target", value_name = "PATH", value_parser = target)]
    targets: Vec<String>,
}

/// A folder with its slash, or a file: other goals of make are none of a build.
fn target(path: &str) -> Result<String, String> {
    let relative = !path.starts_with('/') && !path.starts_with('-') && !path.contains(['=', ' ']);
    let single = path.ends_with('/') || path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let reason = "name a folder of the tree with a slash at its end, or an object such as rust/kernel.o";
    if relative && single { Ok(path.to_owned()) } else { Err(reason.into()) }
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command).about("Build the kernel").long_about(LONG)
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let arches = arguments.selection.arches()?;
    tree::refresh(&context.ws, &tree::Options::default(), &context.progress)?;
    for arch in arches {
        let request = Request {
            config: arguments.config.clone(),
            fragments: arguments.fragments.iter().map(|path| context.here.join(path)).collect(),
            targets: arguments.targets.clone(),
            ..Request::new(arch, arguments.selection.variant())
        };
        build(context, &request)?;
    }
    Ok(())
}

/// An error before anything is built, where an emulator that must run a kernel is missing.
pub(super) fn require_emulators(context: &Context, arches: &[&Arch]) -> CommandResult {
    let missing: Vec<_> = arches.iter().filter_map(|arch| missing_emulator(arch, &context.ws.cache)).collect();
    if missing.is_empty() { Ok(()) } else { Err(KernelError::Tools(missing).into()) }
}

/// Builds one kernel and tells the person about it.
pub(super) fn build(context: &Context, request: &Request) -> Result<Kernel, CommandError> {
    let kernel = Builder::new(&context.ws, request, &context.progress)?.build()?;
    for warning in &kernel.warnings {
        context.say(warning);
    }
    let seconds = kernel.time.as_secs_f64();
    let made = if request.targets.is_empty() { &kernel.image } else { &kernel.dir };
    let made = made.strip_prefix(&context.ws.root).unwrap_or(made).display();
    let parts: String = request.targets.iter().map(|target| format!(" {target}")).collect();
    let what = if kernel.unchanged { "is up to date" } else { "built" };
    context.say(&format!("{}{parts} {what}: {made} [{seconds:.1} s]", kernel.arch));
    Ok(kernel)
}
