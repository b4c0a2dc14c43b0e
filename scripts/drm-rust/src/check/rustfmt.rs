// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's format of Rust.

use std::path::Path;

use rayon::prelude::*;

use super::{CheckError, Job, Verdict};
use crate::process::Process;

/// Lines of a difference to show for each file.
const SHOWN: usize = 12;

pub(super) fn tool(_: &Job<'_>) -> Result<String, CheckError> {
    Ok(Process::new("rustfmt").arg("--version").run()?.text())
}

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let top = job.source.top();
    let files = job.scope.files_ending(".rs");
    let found: Vec<Option<String>> = files.par_iter().map(|file| difference(top, file)).collect::<Result<_, _>>()?;
    Ok(Verdict::of(files.len(), "Rust file", found.into_iter().flatten().collect()))
}

/// What rustfmt would change in a file. It is given the text, for it would follow `mod` items of a file.
fn difference(top: &Path, file: &str) -> Result<Option<String>, CheckError> {
    let Ok(text) = std::fs::read(top.join(file)) else { return Ok(None) };
    let config = top.join(".rustfmt.toml");
    let rustfmt = Process::new("rustfmt").args(["--check", "--edition", "2021", "--config-path"]).arg(config);
    let output = rustfmt.input(text).output()?;
    if output.code == 0 {
        return Ok(None);
    }
    let text = format!("{}\n{}", output.text(), String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(SHOWN).collect();
    Ok(Some(format!("{file} is not formatted:\n{}", lines.join("\n").replace("<stdin>", file))))
}
