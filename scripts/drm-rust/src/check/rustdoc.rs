// SPDX-License-Identifier: GPL-2.0-only

//! The documentation of the kernel crate builds without a warning: `make rustdoc`.

use super::source::Build;
use super::{CheckError, Job, Verdict, um};

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let mut rust = job.scope.files_ending(".rs");
    // Drivers are not documented by the kernel's makefiles.
    rust.retain(|file| file.starts_with("rust/"));
    if rust.is_empty() {
        return Ok(Verdict::nothing("Rust file in rust/"));
    }
    let build = Build::new(job, um())?;
    build.configure(&[])?;
    let made = build.make(&["rustdoc"], "rustdoc")?;
    Ok(Verdict::of(rust.len(), "Rust file", build.problems(made, &rust, "rustdoc")))
}
