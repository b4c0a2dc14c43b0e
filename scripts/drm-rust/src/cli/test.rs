// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust test`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::kernel::build::{Kernel, Request};
use drm_rust::kernel::only;
use drm_rust::kernel::variant::Variant;
use drm_rust::kunit::results::{Totals, failures};
use drm_rust::kunit::{self, Report, junit, known};
use drm_rust::tree::{self, status};

use super::CommandResult;
use super::build::{Selection, build, require_emulators};
use super::context::Context;
use super::error::CommandError;

const LONG: &str = "\
Run the KUnit suites and doctests of the tree: on UML as a program of this
machine, on the other architectures in QEMU.

Builds first what is not up to date. Fails with exit code 4 when a test fails,
crashes or hangs, when none ran, and in the debug variant also when the kernel
reports a mistake of its own. Results are in the build folder: kunit.json,
junit.xml, and console.log with everything that the kernel said.

With --only, the kernel is smaller: this tree's defconfig without doctests,
drivers and suites that SUITE does not need. It has a build folder of its own,
so that the first run takes as long as a build does, and those after an edit a
fraction of the full kernel's time.";

#[derive(Args)]
struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Run these suites only, or SUITE.TEST; * and ? stand for anything
    #[arg(long, value_name = "GLOB")]
    filter: Option<String>,
    /// Build and run these suites only, in a smaller kernel; as for --filter
    #[arg(long, value_name = "SUITE", conflicts_with = "filter")]
    only: Option<String>,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command).about("Run KUnit suites and doctests").long_about(LONG)
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let arches = arguments.selection.arches()?;
    let variant = arguments.selection.variant();
    require_emulators(context, &arches)?;
    tree::refresh(&context.ws, &tree::Options::default(), &context.progress)?;
    let known = known::load(&context.ws.data("known.toml"))?;
    let debug = variant == Variant::Debug;
    let filter = arguments.filter.clone().or_else(|| arguments.only.clone());
    let options = kunit::Options { filter, strict: debug, leaks: debug, known };
    let mut rows = Vec::new();
    for arch in arches {
        let only = arguments.only.as_ref().map(|suite| only::find(&context.ws.linux(), arch, suite)).transpose()?;
        let request = Request { only, ..Request::new(arch, variant) };
        let row = match test(context, &request, &options, arguments.json) {
            Ok(row) => row,
            // One architecture that does not build says nothing about the others.
            Err(error) if arguments.selection.is_several() => Row::failed(context, arch.name, &error),
            Err(error) => return Err(error),
        };
        rows.push(row);
    }
    if arguments.json {
        context.json(&rows.iter().filter_map(|row| row.report.as_ref()).collect::<Vec<_>>())?;
    } else if rows.len() > 1 {
        context.data(&table(&rows))?;
    }
    let failed: Vec<_> = rows.iter().filter(|row| !row.is_good()).map(|row| row.arch).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let hint = "build/ARCH/console.log has everything that the kernel said; --filter runs one suite or test";
    Err(CommandError::check(format!("tests failed on {}", failed.join(", ")), hint))
}

/// What became of one architecture.
struct Row {
    arch: &'static str,
    /// How long the build took (seconds).
    build: f64,
    report: Option<Report>,
}

impl Row {
    fn failed(context: &Context, arch: &'static str, error: &CommandError) -> Row {
        // The other architectures go on; this belongs beside their errors.
        context.report(error);
        Row { arch, build: 0.0, report: None }
    }

    fn is_good(&self) -> bool {
        self.report.as_ref().is_some_and(Report::is_good)
    }
}

fn test(context: &Context, request: &Request, options: &kunit::Options, quiet: bool) -> Result<Row, CommandError> {
    let linux = context.ws.linux();
    let before = status::clean_tree(&linux)?;
    let kernel = build(context, request)?;
    let mut report = kunit::run(&kernel, &context.ws.cache, options, &context.progress)?;
    // Results of a tree that changed meanwhile are of neither.
    report.tree = status::unchanged(&linux, before);
    report.time = Some(context.time());
    save(&kernel, &report)?;
    if !quiet {
        context.data(&summary(&report))?;
    }
    Ok(Row { arch: request.arch.name, build: kernel.time.as_secs_f64(), report: Some(report) })
}

/// A line for each architecture.
fn table(rows: &[Row]) -> String {
    let mut text = format!("\n{:10} {:>10} {:>10}  tests\n", "", "build", "run");
    for row in rows {
        let Some(report) = &row.report else {
            text += &format!("{:10} {:>10} {:>10}  failed\n", row.arch, "-", "-");
            continue;
        };
        let errors: String = report.errors.iter().map(|error| format!("; {error}")).collect();
        let tests = counts(report.totals);
        text += &format!("{:10} {:8.1} s {:8.1} s  {tests}{errors}\n", row.arch, row.build, report.seconds);
    }
    text
}

fn save(kernel: &Kernel, report: &Report) -> CommandResult {
    let json = serde_json::to_string_pretty(report).expect("plain data can be written");
    for (name, text) in [("kunit.json", json), ("junit.xml", junit::xml(report))] {
        let path = kernel.dir.join(name);
        drm_rust::file::replace(&path, text)?;
    }
    Ok(())
}

/// The run for a person: suites, then what failed, then the sum.
fn summary(report: &Report) -> String {
    let mut text = String::new();
    for suite in &report.suites {
        let totals = Totals::of(std::slice::from_ref(suite));
        text += &format!("{:5}  {:40} {:8.3} s  {}\n", suite.status.name(), suite.name, suite.seconds, counts(totals));
    }
    failures(&report.suites, &mut |path, test| {
        text += &format!("\n{}: {}\n", path.join("."), test.status.name());
        let errors = test.errors.iter().map(|error| format!("it {error}"));
        errors.chain(test.log.iter().cloned()).for_each(|line| text += &format!("    {}\n", line.trim()));
    });
    if !report.last_lines.is_empty() {
        text += &format!("\nThe console's last lines:\n    {}\n", report.last_lines.join("\n    "));
    }
    let unknown: Vec<_> = report.splats.iter().filter(|splat| splat.known.is_none()).collect();
    if !unknown.is_empty() {
        text += "\nThe kernel said of itself:\n";
    }
    for splat in unknown {
        let test = splat.test.as_deref().unwrap_or("outside of tests");
        text += &format!("    {} ({test})\n", splat.line);
        splat.details.iter().for_each(|line| text += &format!("        {line}\n"));
    }
    report.errors.iter().for_each(|error| text += &format!("\n{}: {error}\n", report.arch));
    text + &format!("{}: {} in {:.1} s\n", report.arch, counts(report.totals), report.seconds)
}

/// For example `12 pass, 1 skip`.
fn counts(totals: Totals) -> String {
    let Totals { pass, skip, fail, crash } = totals;
    let counts = [(pass, "pass"), (skip, "skip"), (fail, "FAIL"), (crash, "CRASH")];
    let counts: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if counts.is_empty() { "no test".into() } else { counts.join(", ") }
}
