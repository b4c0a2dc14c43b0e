// SPDX-License-Identifier: GPL-2.0-only

//! Somebody maintains every file that is added: MAINTAINERS has a section for it besides the one for everything.

use std::path::Path;

use rayon::prelude::*;

use super::{CheckError, Job, Verdict};
use crate::process::Process;

/// The section that every file is in.
const CATCH_ALL: &str = "THE REST";

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let top = job.source.top();
    let added: Vec<&String> = job.scope.patches.iter().flat_map(|patch| &patch.added).collect();
    // A later patch may have removed it again.
    let added: Vec<&String> = added.into_iter().filter(|file| top.join(file).exists()).collect();
    let sections: Vec<Vec<String>> = added.par_iter().map(|file| sections(top, file)).collect::<Result<_, _>>()?;
    let lacking = added.iter().zip(&sections).filter(|(_, sections)| sections.is_empty());
    let details: Vec<String> = lacking.map(|(file, _)| format!("{file}: MAINTAINERS has no section for it")).collect();
    Ok(Verdict::of(added.len(), "new file", details))
}

/// The sections that a file is in.
fn sections(top: &Path, file: &str) -> Result<Vec<String>, CheckError> {
    let options = ["--subsystem", "--no-l", "--no-r", "--no-git", "--no-git-fallback", "--no-keywords"];
    let process = Process::new("perl").arg("scripts/get_maintainer.pl").args(options).args(["-f", file]).dir(top);
    let lines = process.run()?.lines().into_iter();
    // It names people first, with their addresses.
    Ok(lines.filter(|line| !line.trim().is_empty() && !line.contains('@') && line != CATCH_ALL).collect())
}
