// SPDX-License-Identifier: GPL-2.0-only

//! One file a command, one table of commands: a new command is a file and a line in [`COMMANDS`].

mod absorb;
mod advice;
mod apply;
mod backmerge;
mod boot;
mod build;
mod check;
mod cherry_pick;
mod ci;
mod cite;
mod completions;
mod context;
mod cycle;
mod error;
mod fast_forward;
mod fixes;
mod forward;
mod gated;
mod igt;
mod integrate;
mod mails;
mod man;
mod op;
mod progress;
mod publish;
mod pull;
mod registry;
mod report;
mod resolution;
mod review;
mod route;
mod rust_analyzer;
mod setup;
mod status;
mod tc;
mod terminal;
mod test;
mod topic;
mod tree;
mod undo;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use drm_rust::visible::visible;

use advice::Caller;
use context::{Context, Place};
use error::CommandError;
use terminal::Mark;

/// What a command gives back.
type CommandResult = Result<(), CommandError>;

/// One command.
struct Entry {
    name: &'static str,
    /// The heading that it stands under in `--help`.
    group: &'static str,
    /// Adds its help and its arguments.
    args: fn(Command) -> Command,
    run: fn(&mut Context, &ArgMatches) -> CommandResult,
}

/// Every command, in the order in which `--help` shows them.
const COMMANDS: &[Entry] = &[
    Entry { name: "setup", group: "The tree", args: setup::args, run: setup::run },
    Entry { name: "tree", group: "The tree", args: tree::args, run: tree::run },
    Entry { name: "status", group: "The tree", args: status::args, run: status::run },
    Entry { name: "build", group: "The kernel", args: build::args, run: build::run },
    Entry { name: "test", group: "The kernel", args: test::args, run: test::run },
    Entry { name: "boot", group: "The kernel", args: boot::args, run: boot::run },
    Entry { name: "igt", group: "The kernel", args: igt::args, run: igt::run },
    Entry { name: "rust-analyzer", group: "The kernel", args: rust_analyzer::args, run: rust_analyzer::run },
    Entry { name: "ci", group: "The kernel", args: ci::args, run: ci::run },
    Entry { name: "check", group: "Topics", args: check::args, run: check::run },
    Entry { name: "topic", group: "Topics", args: topic::args, run: topic::run },
    Entry { name: "absorb", group: "Topics", args: absorb::args, run: absorb::run },
    Entry { name: "apply", group: "Topics", args: apply::args, run: apply::run },
    Entry { name: "integrate", group: "Topics", args: integrate::args, run: integrate::run },
    Entry { name: "publish", group: "Topics", args: publish::args, run: publish::run },
    Entry { name: "forward", group: "Topics", args: forward::args, run: forward::run },
    Entry { name: "cycle", group: "Maintaining", args: cycle::args, run: cycle::run },
    Entry { name: "route", group: "Maintaining", args: route::args, run: route::run },
    Entry { name: "review", group: "Maintaining", args: review::args, run: review::run },
    Entry { name: "pull", group: "Maintaining", args: pull::args, run: pull::run },
    Entry { name: "backmerge", group: "Maintaining", args: backmerge::args, run: backmerge::run },
    Entry { name: "fast-forward", group: "Maintaining", args: fast_forward::args, run: fast_forward::run },
    Entry { name: "cherry-pick", group: "Maintaining", args: cherry_pick::args, run: cherry_pick::run },
    Entry { name: "cite", group: "Maintaining", args: cite::args, run: cite::run },
    Entry { name: "fixes", group: "Maintaining", args: fixes::args, run: fixes::run },
    Entry { name: "tc", group: "Maintaining", args: tc::args, run: tc::run },
    Entry { name: "resolution", group: "Maintaining", args: resolution::args, run: resolution::run },
    Entry { name: "registry", group: "Registry", args: registry::args, run: registry::run },
    Entry { name: "report", group: "Registry", args: report::args, run: report::run },
    Entry { name: "op", group: "History", args: op::args, run: op::run },
    Entry { name: "undo", group: "History", args: undo::args, run: undo::run },
    Entry { name: "completions", group: "Help", args: completions::args, run: completions::run },
    Entry { name: "man", group: "Help", args: man::args, run: man::run },
];

/// The commands that work on the clone that `--repo` names.
const REPO_COMMANDS: &[&str] = &[
    "tree plan",
    "integrate",
    "cycle",
    "route",
    "review",
    "pull",
    "backmerge",
    "fast-forward",
    "cherry-pick",
    "forward",
    "cite",
    "fixes",
    "tc",
    "resolution",
];

const ABOUT: &str = "Make and keep the complete DRM-Rust kernel tree";

const LONG_ABOUT: &str = "\
Make and keep the complete DRM-Rust kernel tree.

This repository holds what DRM-Rust adds to Linux. Together with a pinned
release of Linux (the base), the topic manifests turn it into a complete git
tree in linux/: one branch a topic, all of them merged into drm-rust-next.
Whoever runs this program gets the same commit ids.

  drm-rust setup     get what this machine lacks
  drm-rust tree      make linux/, or bring it up to date
  drm-rust status    see what there is, and what waits to be forwarded
  drm-rust test      build the kernel and run its tests";

/// The whole command line.
fn command() -> Command {
    let quiet = Arg::new("quiet").short('q').long("quiet").global(true).action(ArgAction::SetTrue);
    let root =
        Arg::new("root").short('C').long("root").value_name("DIR").value_parser(value_parser!(PathBuf)).global(true);
    let repo = Arg::new("repo").long("repo").value_name("DIR").value_parser(value_parser!(PathBuf)).global(true);
    let mut command = Command::new("drm-rust")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .after_help(groups())
        .help_template("{about-with-newline}\n{usage-heading} {usage}\n{after-help}\n\nOptions:\n{options}")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .max_term_width(80)
        .arg(quiet.help("Say nothing but errors"))
        .arg(root.help("Act on the checkout that holds DIR [default: the current directory]"))
        .arg(repo.help("Use DIR, a clone of Linux, in place of linux/"));
    for entry in COMMANDS {
        command = command.subcommand((entry.args)(Command::new(entry.name)));
    }
    command
}

/// The commands under their headings.
fn groups() -> String {
    let mut text = String::new();
    let mut heading = "";
    for entry in COMMANDS {
        if entry.group != heading {
            text += if heading.is_empty() { "" } else { "\n" };
            heading = entry.group;
            text += &format!("{heading}:\n");
        }
        let about = (entry.args)(Command::new(entry.name)).get_about().map(ToString::to_string).unwrap_or_default();
        text += &format!("  {:<13} {about}\n", entry.name);
    }
    text + "\nSee `drm-rust COMMAND --help` for a command's options."
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            refuse(&error);
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let place = match Place::new(&matches) {
        Ok(place) => place,
        Err(error) => return error.report(None),
    };
    let caller = Caller::new(&matches, place.root.as_deref(), &place.here);
    let result = Context::new(&matches, place, caller.clone()).and_then(|mut context| dispatch(&mut context, &matches));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(Some(&caller)),
    }
}

/// Help goes to standard output with code 0, mistakes to standard error with code 2. A mistake has words of the command
/// line in it, which may be names that others gave.
fn refuse(error: &clap::Error) {
    let text = error.render().to_string();
    if error.use_stderr() && visible(&text) != text {
        terminal::tell(Mark::None, text.trim_end());
    } else {
        let _ = error.print();
    }
}

fn dispatch(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let (name, matches) = matches.subcommand().expect("a command is required");
    let entry = COMMANDS.iter().find(|entry| entry.name == name).expect("clap knows the table's commands only");
    let words = [name].into_iter().chain(matches.subcommand_name()).collect::<Vec<_>>().join(" ");
    if matches.contains_id("repo") && ![name, &words].iter().any(|words| REPO_COMMANDS.contains(words)) {
        let hint = format!("these work on another clone: {}", REPO_COMMANDS.join(", "));
        return Err(CommandError::usage(format!("`drm-rust {words}` works on linux/ only"), hint));
    }
    context.find_clone(matches)?;
    (entry.run)(context, matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does_in_the_imperative() {
        for sub in command().get_subcommands() {
            let about = sub.get_about().unwrap_or_else(|| panic!("{} has no help", sub.get_name())).to_string();
            assert!(about.starts_with(char::is_uppercase) && !about.ends_with('.'), "{about}");
        }
    }
}
