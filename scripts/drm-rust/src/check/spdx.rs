// SPDX-License-Identifier: GPL-2.0-only

//! Licences: every file names one, in the first lines, and the kernel's spdxcheck.py accepts it.

use super::{CheckError, Findings, Job, Verdict};
use crate::process::Process;

/// Kinds of files that can say it in a comment.
const ENDINGS: [&str; 10] = [".rs", ".c", ".h", ".S", ".sh", ".py", ".rst", ".yaml", "Kconfig", "Makefile"];
/// Lines in which a licence is looked for.
const LINES: usize = 3;

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let top = job.source.top();
    let mut files = job.scope.files();
    files.retain(|file| top.join(file).is_file());
    let added: Vec<&String> = job.scope.patches.iter().flat_map(|patch| &patch.added).collect();
    let mut findings = Findings::default();
    for file in added.into_iter().filter(|file| ENDINGS.iter().any(|ending| file.ends_with(ending))) {
        let text = std::fs::read_to_string(top.join(file)).unwrap_or_default();
        if files.contains(&file.as_str()) && !names_licence(&text) {
            findings.details.push(format!("{file}: no SPDX-License-Identifier in the first {LINES} lines"));
        }
    }
    if !files.is_empty() {
        let output = Process::new("python3").arg("scripts/spdxcheck.py").args(&files).dir(top).ended()?;
        let text = format!("{}\n{}", output.text(), String::from_utf8_lossy(&output.stderr));
        let lines = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        findings.extend([Findings::of("spdxcheck.py", &output, 1..=1, lines)]);
    }
    Ok(Verdict::of(files.len(), "file", findings))
}

fn names_licence(text: &str) -> bool {
    text.lines().take(LINES).any(|line| line.contains("SPDX-License-Identifier: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_stands_at_the_top() {
        assert!(names_licence("#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0\n"));
        assert!(!names_licence("//! SPDX\n\n\n// SPDX-License-Identifier: GPL-2.0\n"));
    }
}
