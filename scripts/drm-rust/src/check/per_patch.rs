// SPDX-License-Identifier: GPL-2.0-only

//! Every patch builds on its own, on um and x86_64, with what the scope adds turned on and off: what it touches, and
//! what its changes can break, as far as that is Rust, a GPU driver, or in a folder that the patch touches.

use std::collections::BTreeSet;

use super::goals;
use super::scope::Patch;
use super::source::{Build, place, targets};
use super::targets::new_symbols;
use super::{CheckError, Findings, Job, Verdict, build_tools};
use crate::git::GitError;
use crate::kernel::arch::Arch;
use crate::kernel::kbuild::Object;

/// Where patches are built.
const ARCHES: [&str; 2] = ["um", "x86_64"];

fn arches() -> Vec<&'static Arch> {
    ARCHES.iter().map(|name| name.parse().expect("the tree has it")).collect()
}

pub(super) fn tool(job: &Job<'_>) -> Result<String, CheckError> {
    build_tools(job, &arches())
}

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let symbols = symbols(job)?;
    let mut findings = Findings::default();
    let mut builds = 0;
    // One configuration after the other: a change of it compiles everything again.
    let offs = [[].as_slice(), symbols.as_slice()];
    let offs = if symbols.is_empty() { &offs[..1] } else { &offs };
    for (arch, off) in arches().into_iter().flat_map(|arch| offs.iter().map(move |off| (arch, off))) {
        for patch in job.scope.patches.iter().filter(|patch| goals::is_code(patch)) {
            builds += 1;
            // What is built of a tree depends on what the patch has touched in it.
            let touched = [patch.files.join("\n"), patch.removed.join("\n")].join("\n\n");
            let key = ["per-patch", arch.name, &patch.tree.to_string(), &touched, &off.join(" ")];
            let with = if off.is_empty() { "" } else { " without its symbols" };
            let found = job.cached(&key, || build(job, arch, patch, off))?;
            findings.extend([found.about(&format!("{} on {arch}{with}", patch.cite()))]);
        }
    }
    Ok(Verdict::of(builds, "build", findings))
}

/// The symbols that the scope adds.
fn symbols(job: &Job<'_>) -> Result<Vec<String>, CheckError> {
    let repo = job.ws.linux();
    let mut symbols = Vec::new();
    for patch in job.scope.patches.iter().filter(|patch| patch.files.iter().any(|file| file.contains("Kconfig"))) {
        let diff = repo.plain(["show", "--format=", &patch.commit.to_string(), "--", "*Kconfig*"])?;
        symbols.extend(new_symbols(&diff.run().map_err(GitError::from)?.text()));
    }
    symbols.sort();
    symbols.dedup();
    Ok(symbols)
}

/// Builds what a patch touches, and what can break by that.
fn build(job: &Job<'_>, arch: &'static Arch, patch: &Patch, off: &[String]) -> Result<Findings, CheckError> {
    let top = job.source.top();
    place(&job.ws.linux(), &job.source, patch.commit)?;
    let build = Build::new(job, arch)?;
    build.configure(off)?;
    let files: Vec<&str> = patch.files.iter().map(String::as_str).collect();
    let (objects, _) = build.enabled(targets(top, &files))?;
    let drivers = if goals::is_wide(patch) { build.enabled(drivers(job)?)?.0 } else { Vec::new() };
    let is_built = |folder: &str| ["Kbuild", "Makefile"].iter().any(|name| top.join(folder).join(name).is_file());
    let goals = goals::goals(patch, &objects, &drivers, &is_built);
    objects.iter().for_each(|object| build.forget(object));
    let goals: Vec<&str> = goals.iter().map(String::as_str).collect();
    let made = build.make(&goals, "per-patch")?;
    Ok(build.problems(made, &files, "per-patch"))
}

/// The objects of all Rust drivers and samples of the work tree.
fn drivers(job: &Job<'_>) -> Result<BTreeSet<Object>, CheckError> {
    let files = job.source.git(["ls-files", "*.rs"]).run().map_err(GitError::from)?.lines();
    let is_driver = |file: &&str| !["rust/", "scripts/", "tools/"].iter().any(|folder| file.starts_with(folder));
    let files: Vec<&str> = files.iter().map(String::as_str).filter(is_driver).collect();
    Ok(targets(job.source.top(), &files))
}
