// SPDX-License-Identifier: GPL-2.0-only

//! Subjects: `subsystem: what the patch does`, in the imperative, within 75 characters.

use std::collections::HashMap;

use super::scope::Patch;
use super::{CheckError, Job, Verdict};
use crate::review::fixup;

/// The longest subject (characters), as Documentation/process/submitting-patches.rst has it.
const LONGEST: usize = 75;

/// Verbs that patches begin with; their other forms are not imperative.
const VERBS: [&str; 24] = [
    "add",
    "allow",
    "avoid",
    "change",
    "convert",
    "disable",
    "document",
    "drop",
    "enable",
    "fix",
    "handle",
    "implement",
    "improve",
    "introduce",
    "make",
    "move",
    "provide",
    "remove",
    "rename",
    "replace",
    "support",
    "switch",
    "update",
    "use",
];

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

/// What is wrong with a subject.
fn problems(subject: &str) -> Vec<String> {
    let mut problems = fixup::problems(subject);
    let length = subject.chars().count();
    if length > LONGEST {
        problems.push(format!("it has {length} characters; {LONGEST} are the most"));
    }
    if subject.ends_with(['.', ':', ',']) {
        problems.push("it ends with a punctuation mark".into());
    }
    let what = match subject.rsplit_once(": ") {
        Some((prefix, what)) if !prefix.trim().is_empty() => what,
        _ if subject.starts_with("Revert \"") => return problems,
        _ => {
            problems.push("it does not begin with the subsystem, as in `rust: xarray: add marks`".into());
            return problems;
        }
    };
    let word = what.split_whitespace().next().unwrap_or_default().to_lowercase();
    if let Some(verb) = VERBS.iter().find(|verb| is_form_of(&word, verb)) {
        problems.push(format!("it says `{word}`; the imperative is `{verb}`"));
    }
    problems
}

/// Whether a word is another form of a verb: adds, added, adding, moved, dropping.
fn is_form_of(word: &str, verb: &str) -> bool {
    let stem = verb.strip_suffix('e').unwrap_or(verb);
    let last = &verb[verb.len() - 1..];
    let endings = [format!("{verb}s"), format!("{verb}es"), format!("{stem}ed"), format!("{stem}ing")];
    let doubled = [format!("{verb}{last}ed"), format!("{verb}{last}ing")];
    endings.iter().chain(&doubled).any(|form| form == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_subjects_pass() {
        for subject in ["rust: xarray: add marks", "drm/rvkms: Use the vblank timer", "Revert \"drm: x\""] {
            assert!(problems(subject).is_empty(), "{subject}");
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let long = format!("rust: {}", "x".repeat(70));
        for (subject, part) in [
            ("add marks", "subsystem"),
            (": add marks", "subsystem"),
            ("rust: added marks", "`add`"),
            ("rust: a: Moving things", "`move`"),
            ("rust: dropping b", "`drop`"),
            ("rust: fixes c", "`fix`"),
            ("rust: add marks.", "punctuation"),
            ("fixup! rust: add marks", "autosquash"),
            (long.as_str(), "76 characters"),
        ] {
            let problems = problems(subject);
            assert!(problems.iter().any(|problem| problem.contains(part)), "{subject}: {problems:?}");
        }
    }
}
