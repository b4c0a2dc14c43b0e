// SPDX-License-Identifier: GPL-2.0-only

//! Subjects, by the rule of `topic::subject`, and no two patches with the same.

use std::collections::HashMap;

use super::scope::Patch;
use super::{CheckError, Job, Verdict};
use crate::review::fixup;
use crate::topic::subject;

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let patches = &job.scope.patches;
    let mut details = Vec::new();
    let mut seen: HashMap<&str, &Patch> = HashMap::new();
    for patch in patches {
        details.extend(problems(&patch.subject).into_iter().map(|problem| format!("{}: {problem}", patch.cite())));
        if let Some(first) = seen.insert(&patch.subject, patch) {
            details.push(format!("{}: {} has the same subject", patch.cite(), first.commit.short()));
        }
    }
    Ok(Verdict::of(patches.len(), "subject", details))
}

/// What is wrong with a subject. What waits to be folded in need have no good one.
fn problems(subject: &str) -> Vec<String> {
    let waits = fixup::problems(subject);
    let found = || subject::findings(subject).into_iter().map(|finding| finding.message).collect();
    if waits.is_empty() { found() } else { waits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_and_marks_are_looked_at() {
        assert_eq!(problems("rust: xarray: add marks"), Vec::<String>::new());
        assert!(problems("rust: added marks")[0].contains("imperative"));
        assert!(problems("Add marks")[0].contains("subsystem"));
        let fixup = problems("fixup! rust: add marks");
        assert!(fixup.len() == 1 && fixup[0].contains("autosquash"), "{fixup:?}");
    }
}
