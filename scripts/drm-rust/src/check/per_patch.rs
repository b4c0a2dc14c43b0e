// SPDX-License-Identifier: GPL-2.0-only

//! Every patch builds on its own, on um and x86_64, with what the scope adds turned on and off.

use super::scope::Patch;
use super::source::{Build, place, targets};
use super::targets::new_symbols;
use super::{CheckError, Findings, Job, Verdict, build_tools};
use crate::git::GitError;
use crate::kernel::arch::Arch;

/// Where patches are built.
const ARCHES: [&str; 2] = ["um", "x86_64"];

/// Files that a kernel can have without being compiled again.
const TEXT: [&str; 6] = [".rst", "MAINTAINERS", "_defconfig", ".config", "Kconfig", "Kconfig.test"];

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
        for patch in job.scope.patches.iter().filter(|patch| is_code(patch)) {
            builds += 1;
            let key = ["per-patch", arch.name, &patch.tree.to_string(), &off.join(" ")];
            findings.extend([job.cached(&key, || build(job, arch, patch, off))?]);
        }
    }
    Ok(Verdict::of(builds, "build", findings))
}

/// The symbols that the scope adds.
fn symbols(job: &Job<'_>) -> Result<Vec<String>, CheckError> {
    let repo = job.ws.linux();
    let mut symbols = Vec::new();
    for patch in job.scope.patches.iter().filter(|patch| patch.files.iter().any(|file| file.contains("Kconfig"))) {
        let diff = repo.git(["show", "--format=", &patch.commit.to_string(), "--", "*Kconfig*"]);
        symbols.extend(new_symbols(&diff.run().map_err(GitError::from)?.text()));
    }
    symbols.sort();
    symbols.dedup();
    Ok(symbols)
}

fn is_code(patch: &Patch) -> bool {
    patch.files.iter().any(|file| !TEXT.iter().any(|text| file.ends_with(text)) || file.ends_with("Kconfig"))
}

/// Builds what a patch touches: its objects and the kernel crate, or the whole kernel where it touches more than
/// sources.
fn build(job: &Job<'_>, arch: &'static Arch, patch: &Patch, off: &[String]) -> Result<Findings, CheckError> {
    place(&job.ws.linux(), &job.source, patch.commit)?;
    let build = Build::new(job, arch)?;
    build.configure(off)?;
    let files: Vec<&str> = patch.files.iter().map(String::as_str).collect();
    let (objects, _) = build.enabled(targets(job.source.top(), &files))?;
    let mut goals = vec!["rust/"];
    goals.extend(objects.iter().map(String::as_str).filter(|object| !object.starts_with("rust/")));
    if files.iter().any(|file| file.ends_with(".S") || file.ends_with(".lds") || file.ends_with(".ld")) {
        goals = vec!["vmlinux"];
    }
    let made = build.make(&goals, "per-patch")?;
    let problems = build.problems(made, &job.scope.files(), "per-patch");
    let with = if off.is_empty() { "" } else { " without its symbols" };
    Ok(problems.about(&format!("{} on {arch}{with}", patch.cite())))
}
