// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust setup`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::error::FileContext;
use drm_rust::setup::{self, Finding, Group, State};

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Get what this machine lacks to make, build and test the tree.

As root, installs it (with apt, cargo and pip); otherwise prints the commands.
Afterwards build/toolchain.mk tells the kernel's build where to find what is
not in PATH.";

#[derive(Args)]
struct Arguments {
    /// Also the emulators that run kernels of other architectures than um
    #[arg(long)]
    qemu: bool,
    /// Also the tools that check patches
    #[arg(long)]
    checks: bool,
    /// Only look: show every tool with its version and place, and fail if one is missing
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long, requires = "check")]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Get what this machine lacks").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let cache = &context.ws.cache;
    let wanted = [(true, Group::Tree), (arguments.checks, Group::Checks), (arguments.qemu, Group::Emulators)];
    let groups: Vec<Group> = wanted.into_iter().filter_map(|(wanted, group)| wanted.then_some(group)).collect();
    if arguments.check {
        let mut findings = setup::check(&[Group::Tree, Group::Checks, Group::Emulators], cache);
        if arguments.json {
            context.json(&findings)?;
        } else {
            context.data(&findings.iter().map(line).collect::<String>())?;
        }
        findings.retain(|finding| groups.contains(&finding.group));
        return complete(&findings);
    }
    let mut findings = setup::check(&groups, cache);
    if !findings.iter().all(|finding| finding.state.is_met()) {
        tell_missing(context, &findings);
        if !rustix::process::geteuid().is_root() {
            return complete(&findings);
        }
        setup::install(&findings, cache, &context.progress)?;
        findings = setup::check(&groups, cache);
        complete(&findings)?;
    }
    let build = context.ws.build();
    std::fs::create_dir_all(&build).at("create", &build)?;
    let path = build.join("toolchain.mk");
    let text = setup::toolchain_mk(cache);
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        std::fs::write(&path, text).at("write", &path)?;
    }
    context.say("this machine has everything that is needed");
    Ok(())
}

fn line(finding: &Finding) -> String {
    let (version, place) = match &finding.state {
        State::Present { version, path } => (version.clone().unwrap_or("-".into()), path.clone()),
        State::TooOld { version, wanted } => {
            (version.clone(), format!("too old: {wanted} is needed for {}", finding.why))
        }
        State::Missing => ("missing".into(), format!("needed for {}", finding.why)),
    };
    format!("{:24} {version:10} {place}\n", finding.name)
}

fn tell_missing(context: &Context, findings: &[Finding]) {
    context.say("this machine lacks:");
    for finding in findings.iter().filter(|finding| !finding.state.is_met()) {
        context.say(&format!("  {}", line(finding).trim_end()));
    }
}

/// An error with the commands to run, unless everything is there.
fn complete(findings: &[Finding]) -> CommandResult {
    let missing: Vec<&str> = findings.iter().filter(|f| !f.state.is_met()).map(|f| f.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let hint =
        format!("run these commands, or `drm-rust setup` as root:\n  {}", setup::commands(findings).join("\n  "));
    Err(CommandError::failed(format!("this machine lacks {}", missing.join(", ")), hint))
}
