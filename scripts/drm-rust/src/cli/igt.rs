// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust igt`

use std::time::Duration;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde::Serialize;

use drm_rust::igt::compare::{self, Row};
use drm_rust::igt::lists::{self, Test};
use drm_rust::igt::results::{Status, Subtest, counts};
use drm_rust::igt::root::{self, Root};
use drm_rust::igt::{self, Options, Report, junit};
use drm_rust::kernel::KernelError;
use drm_rust::kernel::arch::{ARCHES, Arch};
use drm_rust::kernel::build::{Kernel, Request};
use drm_rust::kunit::known;
use drm_rust::setup::{self, Group};
use drm_rust::tree::{self, status};

use super::CommandResult;
use super::build::{KernelArguments, VariantArgument, build, require_emulators};
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Run tests of IGT GPU Tools against a driver, on UML or, with --arch, in QEMU.
Builds first what is not up to date.

IGT is Debian's, in a user space of its own that the first run makes and keeps
in the cache. LIST names tests and subtests, with * and ?, or lists of them; a
list is @FILE or one of scripts/drm-rust/igt/:
  kms_flip,kms_vblank@wait-*    tests, subtests
  smoke                         a driver's basics, in seconds
  kms                           what a virtual KMS driver must get right

Fails with exit code 4 when a subtest fails, crashes, hangs or never begins,
when none passes, and when the kernel dies or reports a mistake of its own.

With --compare, fails only where the driver does worse than the other one, and
does so again when those subtests are run once more, one at a time; and where
the kernel dies or reports a mistake outside of subtests.

Results are in igt/ of the build folder: DRIVER.json, DRIVER.xml for JUnit, and
DRIVER/ with everything that the tests and the kernel said.";

#[derive(Args)]
struct Arguments {
    /// Architecture: um, or that of this machine
    #[arg(long, value_name = "ARCH", default_value = "um")]
    arch: String,
    /// The driver whose card IGT gets
    #[arg(long, value_name = "NAME", default_value = "vkms", value_parser = driver_name)]
    driver: String,
    /// What to run
    #[arg(long, value_name = "LIST", default_value = "smoke")]
    tests: String,
    /// Run another driver too, and show where they differ
    #[arg(long, value_name = "NAME", value_parser = driver_name)]
    compare: Option<String>,
    /// Show where they do not differ, too
    #[arg(long, requires = "compare")]
    all: bool,
    /// Run this many kernels at once: tests mostly wait, but those that measure
    /// times may fail on a busy machine
    #[arg(short, long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Stop a subtest after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    #[command(flatten)]
    words: KernelArguments,
    #[command(flatten)]
    variant: VariantArgument,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
}

/// The name becomes that of a symbol and of a folder.
fn driver_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !text.is_empty() && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("a driver's name has lower case letters, digits, - and _".into())
    }
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command).about("Run IGT GPU Tools against a driver").long_about(LONG)
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let arch = arch(&arguments.arch)?;
    require_emulators(context, &[arch])?;
    let folder = context.ws.data("igt");
    let patterns = lists::patterns(&arguments.tests, &folder, &context.here)?;
    let root = user_space(context)?;
    let tests = root.catalogue.select(&patterns, &folder)?;
    tree::refresh(&context.ws, &tree::Options::default(), &context.progress)?;
    let linux = context.ws.linux();
    let before = status::clean_tree(&linux)?;
    let known = known::load(&context.ws.data("known.toml"))?;
    let kernel = build(context, &Request::new(arch, arguments.variant.get()))?;
    let drivers: Vec<_> = std::iter::once(&arguments.driver).chain(&arguments.compare).collect();
    drivers.iter().try_for_each(|driver| igt::require_driver(&kernel, driver))?;
    let jobs = usize::from(arguments.jobs);
    let limit = Duration::from_secs(arguments.timeout);
    let kernel_args = arguments.words.get();
    let run = |tests: &[Test], jobs, again| {
        let one = |driver: &&String| {
            let (driver, tests) = (driver.to_string(), tests.to_vec());
            let (known, kernel_args) = (known.clone(), kernel_args.clone());
            let options = Options { driver, tests, jobs, limit, known, kernel_args, again };
            Ok(igt::run(&kernel, &root, &options, &context.progress)?)
        };
        drivers.iter().map(one).collect::<Result<Vec<Report>, CommandError>>()
    };
    let mut reports = run(&tests, jobs, false)?;
    if let [report, reference] = &mut reports[..] {
        let rows = compare::rows(report, reference);
        let worse: Vec<_> = rows.into_iter().filter(Row::is_worse).map(|row| row.name).collect();
        if !worse.is_empty() {
            let again = run(&root.catalogue.select(&worse, &folder)?, 1, true)?;
            let fine = compare::settle([report, reference], [&again[0], &again[1]]);
            fine.iter().for_each(|name| context.say(&format!("{name}: worse once, but not again")));
        }
    }
    // Results of a tree that changed meanwhile are of neither.
    let tree = status::unchanged(&linux, before);
    for report in &mut reports {
        (report.tree, report.time) = (tree, Some(context.time()));
    }
    reports.iter().try_for_each(|report| save(&kernel, report))?;
    match &reports[..] {
        [report, reference] => compared(context, &arguments, report, reference),
        _ => alone(context, &arguments, &reports[0]),
    }
}

/// The architecture, whose kernels must run this machine's programs: IGT is of the same.
fn arch(name: &str) -> Result<&'static Arch, CommandError> {
    let arch: &'static Arch = name.parse()?;
    if arch.is_of_this_machine() {
        return Ok(arch);
    }
    let own: Vec<_> = ARCHES.iter().filter(|arch| arch.is_of_this_machine()).map(|arch| arch.name).collect();
    let hint = format!("--arch is {}, this machine's own", own.join(" or "));
    Err(CommandError::usage(format!("IGT cannot run on {arch} here"), hint))
}

/// The user space of the cache. Where it has to be made, what makes it must be there.
fn user_space(context: &Context) -> Result<Root, CommandError> {
    let cache = &context.ws.cache;
    if let Some(root) = root::find(cache) {
        return Ok(root);
    }
    let missing: Vec<_> = setup::check(&[Group::Igt], cache).into_iter().filter(|f| !f.state.is_met()).collect();
    if !missing.is_empty() {
        return Err(KernelError::Tools(missing).into());
    }
    Ok(root::make(cache, rustix::process::geteuid().is_root(), &context.progress)?)
}

fn save(kernel: &Kernel, report: &Report) -> CommandResult {
    let json = serde_json::to_string_pretty(report).expect("plain data can be written");
    for (extension, text) in [("json", json), ("xml", junit::xml(report))] {
        let path = igt::folder(kernel).join(format!("{}.{extension}", report.driver));
        drm_rust::file::replace(&path, text)?;
    }
    Ok(())
}

/// One driver.
fn alone(context: &Context, arguments: &Arguments, report: &Report) -> CommandResult {
    if arguments.json {
        context.json(report)?
    } else {
        context.data(&summary(report))?
    }
    if report.is_good() {
        return Ok(());
    }
    let hint = format!("igt/{}/ of the build folder has all that the tests and the kernel said", report.driver);
    Err(CommandError::check(format!("IGT fails with {}", report.driver), hint))
}

/// Two drivers.
fn compared(context: &Context, arguments: &Arguments, report: &Report, reference: &Report) -> CommandResult {
    #[derive(Serialize)]
    struct Both<'a> {
        report: &'a Report,
        reference: &'a Report,
        rows: &'a [Row],
    }
    let rows = compare::rows(report, reference);
    if arguments.json {
        context.json(&Both { report, reference, rows: &rows })?;
    } else {
        let names = [&*report.driver, &*reference.driver];
        context.data(&(compare::table(&rows, names, arguments.all) + "\n" + &sum(report) + &sum(reference)))?;
    }
    let worse = compare::worse(&rows, report);
    if worse.is_empty() {
        return Ok(());
    }
    let message = format!("{} does worse than {}:\n  {}", report.driver, reference.driver, worse.join("\n  "));
    let hint = format!("`drm-rust igt --driver {} --tests TEST@SUBTEST` shows what a subtest says", report.driver);
    Err(CommandError::check(message, hint))
}

/// The run for a person: tests, then what is wrong, then the sum.
fn summary(report: &Report) -> String {
    let mut text = String::new();
    for subtests in report.subtests.chunk_by(|a, b| a.test() == b.test()) {
        let seconds: f64 = subtests.iter().map(|subtest| subtest.seconds).sum();
        text += &format!("{:28} {seconds:8.3} s  {}\n", subtests[0].test(), numbers(subtests));
    }
    for subtest in report.subtests.iter().filter(|subtest| subtest.status > Status::Skip) {
        text += &format!("\n{}: {}\n", subtest.name, subtest.status.name());
        subtest.reason.iter().chain(&subtest.log).for_each(|line| text += &format!("    {line}\n"));
    }
    for death in &report.deaths {
        text += &format!("\nThe last lines of a kernel that {}:\n", death.what);
        death.last_lines.iter().for_each(|line| text += &format!("    {line}\n"));
    }
    if report.unknown_splats().next().is_some() {
        text += "\nThe kernel said of itself:\n";
    }
    for splat in report.unknown_splats() {
        text += &format!("    {} ({})\n", splat.line, splat.test.as_deref().unwrap_or("outside of tests"));
    }
    report.errors.iter().for_each(|error| text += &format!("\n{}: {error}\n", report.driver));
    text + &sum(report)
}

fn sum(report: &Report) -> String {
    let numbers = numbers(&report.subtests);
    format!("{}: {numbers} in {:.1} s (IGT {})\n", report.driver, report.seconds, report.igt)
}

/// For example `27 pass, 14 skip`.
fn numbers(subtests: &[Subtest]) -> String {
    let word = |status: Status| if status.is_bad() { status.name().to_uppercase() } else { status.name().to_owned() };
    let counts: Vec<_> = counts(subtests).iter().map(|(status, n)| format!("{n} {}", word(*status))).collect();
    counts.join(", ")
}
