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

As root, installs it (with apt, cargo and pip). Other users get what goes into
their home, once the rest is there; of that, and where there is no apt, the
commands are printed. Any LLVM from 17 on will do, with or without a version in
the names of its programs.
What is optional is no error where it is missing: ccache, which makes builds
shorter.
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
    /// Also pahole, for configurations with CONFIG_DEBUG_INFO_BTF
    #[arg(long)]
    btf: bool,
    /// Also what `drm-rust igt` needs
    #[arg(long)]
    igt: bool,
    /// Also rust-analyzer, for editors
    #[arg(long)]
    editor: bool,
    /// Also a browser, to try the page of `drm-rust report`
    #[arg(long)]
    report: bool,
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
    let wanted = [
        (Group::Checks, arguments.checks),
        (Group::Emulators, arguments.qemu),
        (Group::Igt, arguments.igt),
        (Group::Btf, arguments.btf),
        (Group::Editor, arguments.editor),
        (Group::Report, arguments.report),
    ];
    let mut groups = vec![Group::Tree, Group::Optional];
    groups.extend(wanted.iter().filter(|(_, wanted)| *wanted).map(|(group, _)| *group));
    if arguments.check {
        let mut findings = setup::check(Group::ALL, cache);
        if arguments.json {
            context.json(&findings)?;
        } else {
            context.data(&findings.iter().map(line).collect::<String>())?;
        }
        findings.retain(|finding| groups.contains(&finding.group));
        return complete(&findings);
    }
    let findings = setup::check(&groups, cache);
    if !missing(&findings).is_empty() {
        tell_missing(context, &findings);
    }
    // What goes into a user's home needs the rest to be there.
    let can = |finding: &&Finding| !finding.state.is_met() && setup::can_install(finding);
    let installable: Vec<Finding> = findings.iter().filter(can).cloned().collect();
    if !installable.is_empty() && missing(&findings).iter().all(setup::can_install) {
        install(context, &installable)?;
        complete(&setup::check(&groups, cache))?;
    } else {
        complete(&findings)?;
    }
    let build = context.ws.build();
    std::fs::create_dir_all(&build).at("create", &build)?;
    let path = build.join("toolchain.mk");
    let text = setup::toolchain_mk(&context.ws);
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        drm_rust::file::replace(&path, text)?;
    }
    context.say("this machine has everything that is needed");
    Ok(())
}

fn line(finding: &Finding) -> String {
    let (version, place) = match &finding.state {
        State::Present { version, path } => (version.clone().unwrap_or("-".into()), path.clone()),
        State::TooOld { version, wanted } => {
            (version.clone(), format!("too old: {wanted} is {} {}", purpose(finding), finding.why))
        }
        State::Missing => ("missing".into(), format!("{} {}", purpose(finding), finding.why)),
    };
    format!("{:24} {version:10} {place}\n", finding.name)
}

fn purpose(finding: &Finding) -> &'static str {
    if finding.group == Group::Optional { "optional, for" } else { "needed for" }
}

/// Installs what is missing. Failing to get only what is optional is told, no more.
fn install(context: &Context, findings: &[Finding]) -> CommandResult {
    match setup::install(findings, &context.ws.cache, &context.progress) {
        Err(error) if missing(findings).is_empty() => context.say(&format!("not installed: {error}")),
        result => result?,
    }
    Ok(())
}

/// What is missing and not optional.
fn missing(findings: &[Finding]) -> Vec<Finding> {
    let is_missing = |finding: &&Finding| !finding.state.is_met() && finding.group != Group::Optional;
    findings.iter().filter(is_missing).cloned().collect()
}

fn tell_missing(context: &Context, findings: &[Finding]) {
    context.say("this machine lacks:");
    for finding in findings.iter().filter(|finding| !finding.state.is_met()) {
        context.say(&format!("  {}", line(finding).trim_end()));
    }
}

/// An error with the commands to run, unless everything is there that must be.
fn complete(findings: &[Finding]) -> CommandResult {
    let missing = missing(findings);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|finding| finding.name).collect();
    let hint =
        format!("run these commands, or `drm-rust setup` as root:\n  {}", setup::commands(&missing).join("\n  "));
    Err(CommandError::failed(format!("this machine lacks {}", names.join(", ")), hint))
}
