// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's lints of Rust: `make CLIPPY=1` on the kernel crate, its doctests, and every driver of the scope.

use std::collections::BTreeSet;

use super::source::{Build, target};
use super::{CheckError, Job, Verdict, um};
use crate::kernel::kbuild::Object;

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let (files, top) = (job.scope.files(), job.source.top());
    // What is in tools/ is built by cargo. A later patch may have removed a file again.
    let is_kernel = |file: &&str| file.ends_with(".rs") && !file.starts_with("tools/") && top.join(file).is_file();
    let rust: Vec<&str> = files.iter().copied().filter(is_kernel).collect();
    if rust.is_empty() {
        return Ok(Verdict::nothing("Rust file"));
    }
    let build = Build::new(job, um())?;
    build.configure(&[])?;
    let config = build.config()?;
    let plan = Plan::new(&rust, |file| target(top, file), |object| object.is_on(&config));
    if plan.files == 0 {
        return Ok(Verdict::nothing("Rust file that um builds"));
    }
    let goals: Vec<&str> = ["rust/"].into_iter().chain(plan.objects.iter().map(String::as_str)).collect();
    let made = build.make(&goals, "clippy")?;
    let mut verdict = Verdict::of(plan.files, "Rust file", build.problems(made, &files, "clippy"));
    if !plan.left_out.is_empty() {
        let left_out: Vec<&str> = plan.left_out.iter().map(String::as_str).collect();
        verdict.summary += &format!("; not built on um: {}", left_out.join(", "));
    }
    Ok(verdict)
}

/// What is built for some files.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// How many files the build has.
    files: usize,
    /// What make is asked for besides `rust/`.
    objects: BTreeSet<String>,
    /// Objects that are off, and files of which no makefile makes anything.
    left_out: BTreeSet<String>,
}

impl Plan {
    fn new(files: &[&str], target: impl Fn(&str) -> Option<Object>, is_on: impl Fn(&Object) -> bool) -> Plan {
        let mut plan = Plan::default();
        for file in files {
            match target(file) {
                _ if file.starts_with("rust/") => plan.files += 1,
                Some(object) if is_on(&object) => {
                    plan.files += 1;
                    plan.objects.insert(object.path);
                }
                Some(object) => drop(plan.left_out.insert(object.path)),
                None => drop(plan.left_out.insert((*file).to_owned())),
            }
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_built_counts() {
        let target = |file: &str| {
            let (path, symbol) = match file {
                "drivers/on/a.rs" | "drivers/on/b.rs" => ("drivers/on/a.o", "ON"),
                "drivers/off/a.rs" => ("drivers/off/a.o", "OFF"),
                _ => return None,
            };
            Some(Object { path: path.into(), symbols: [symbol.to_owned()].into() })
        };
        let plan = |files: &[&str]| Plan::new(files, target, |object| object.symbols.contains("ON"));
        let all = plan(&["rust/kernel/a.rs", "drivers/on/a.rs", "drivers/on/b.rs", "drivers/off/a.rs", "scripts/a.rs"]);
        assert_eq!(all.files, 3);
        assert_eq!(all.objects, ["drivers/on/a.o".to_owned()].into());
        assert_eq!(all.left_out, ["drivers/off/a.o".to_owned(), "scripts/a.rs".into()].into());
        assert_eq!(plan(&["drivers/off/a.rs"]).files, 0);
    }
}
