// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's format of Rust.

use std::path::Path;

use rayon::prelude::*;

use super::{CheckError, Findings, Job, Verdict};
use crate::process::Process;

pub(super) fn tool(_: &Job<'_>) -> Result<String, CheckError> {
    Ok(Process::new("rustfmt").arg("--version").run()?.text())
}

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let top = job.source.top();
    let files = job.scope.files_ending(".rs");
    let found: Vec<Findings> = files.par_iter().map(|file| difference(top, file)).collect::<Result<_, _>>()?;
    Ok(Verdict::of(files.len(), "Rust file", found.into_iter().collect::<Findings>()))
}

/// Where rustfmt would change a file. It is given the text, for it would follow the `mod` items of a file; then it
/// knows no `--check`, but writes what it makes of the text.
fn difference(top: &Path, file: &str) -> Result<Findings, CheckError> {
    let Ok(text) = std::fs::read_to_string(top.join(file)) else {
        return Ok(Findings::default());
    };
    let rustfmt = Process::new("rustfmt").args(["--edition", "2021", "--config-path"]).arg(top.join(".rustfmt.toml"));
    let output = rustfmt.input(text.as_str()).ended()?;
    if output.code != 0 {
        let error = String::from_utf8_lossy(&output.stderr).replace("<stdin>", file);
        let error = format!("{file} cannot be formatted:\n{}", error.trim());
        return Ok(Findings::of("rustfmt", &output, 1..=1, vec![error]));
    }
    let found = first_difference(&text, &String::from_utf8_lossy(&output.stdout));
    Ok(found.map(|found| format!("{file}:{found}")).into_iter().collect::<Vec<_>>().into())
}

/// The first line that is not as it should be.
fn first_difference(text: &str, formatted: &str) -> Option<String> {
    let (mut old, mut new) = (text.split_inclusive('\n'), formatted.split_inclusive('\n'));
    let mut line = 1;
    loop {
        match (old.next(), new.next()) {
            (None, None) => return None,
            (old, new) if old == new => line += 1,
            (old, new) => {
                let show = |line: Option<&str>| line.unwrap_or("(end of file)").trim_end().to_owned();
                return Some(format!("{line}: is not formatted\n-{}\n+{}", show(old), show(new)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_shown() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\n b\n", "a\nb\n").unwrap(), "2: is not formatted\n- b\n+b");
        assert_eq!(first_difference("a\n\n", "a\n").unwrap(), "2: is not formatted\n-\n+(end of file)");
    }
}
