// SPDX-License-Identifier: GPL-2.0-only

//! Subjects: `subsystem: what the patch does`. The one rule of manifests, `apply`, `absorb` and `check`.

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

/// Something that is wrong with a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
    /// Whether it is a matter of style: `check` tells it, and a patch of somebody else may have it.
    pub is_style: bool,
}

/// What is wrong with a subject.
pub fn findings(subject: &str) -> Vec<Finding> {
    let form = |message: &str, hint| vec![Finding { message: message.to_owned(), hint, is_style: false }];
    if subject.trim() != subject || subject.is_empty() || subject.chars().any(char::is_control) {
        return form("the subject is not one clean line", "remove blanks around it, and control characters");
    }
    let quoted = ["Revert \"", "Reapply \""].iter().find_map(|start| subject.strip_prefix(start)?.strip_suffix('"'));
    if !quoted.unwrap_or(subject).split_once(": ").is_some_and(|(prefix, _)| is_subsystem(prefix)) {
        let hint = "kernel style is `subsystem: what it does`, for example `rust: xarray: add cyclic allocation`";
        return form("the subject names no subsystem", hint);
    }
    style(subject, quoted.is_some())
}

fn is_subsystem(prefix: &str) -> bool {
    !prefix.is_empty() && prefix.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.,+*{}&".contains(c))
}

fn style(subject: &str, is_revert: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |message: String, hint| found.push(Finding { message, hint, is_style: true });
    let length = subject.chars().count();
    if length > LONGEST {
        say(format!("the subject has {length} characters; {LONGEST} are the most"), "move details into the body");
    }
    if subject.ends_with(['.', ':', ',']) {
        say("the subject ends with a punctuation mark".to_owned(), "remove it");
    }
    let what = subject.rsplit_once(": ").map_or(subject, |(_, what)| what);
    let word = what.split_whitespace().next().unwrap_or_default().to_lowercase();
    if let Some(verb) = VERBS.iter().find(|verb| !is_revert && is_form_of(&word, verb)) {
        say(format!("the subject says `{word}`; the imperative is `{verb}`"), "say what the patch does, as an order");
    }
    found
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
    fn subjects_in_kernel_style() {
        for good in [
            "rust: xarray: add cyclic allocation",
            "drm/kms: add planes",
            "drm/rvkms: Use the vblank timer",
            "MAINTAINERS: add DRM-Rust",
            "dt-bindings: gpu: add x",
            "Revert \"drm: added x\"",
        ] {
            assert_eq!(findings(good), [], "{good}");
        }
    }

    #[test]
    fn what_is_no_subject_is_refused() {
        for bad in [
            "Add planes",
            "rust: ",
            "[PATCH] rust: add",
            " rust: add",
            "rust: a\nb",
            ": add",
            "Revert \"add planes\"",
            "fixup! rust: add marks",
            "",
        ] {
            assert!(findings(bad).iter().any(|finding| !finding.is_style), "{bad}");
        }
    }

    #[test]
    fn style_is_told() {
        let long = format!("rust: {}", "x".repeat(70));
        for (subject, part) in [
            ("rust: added marks", "`add`"),
            ("rust: a: Moving things", "`move`"),
            ("rust: dropping b", "`drop`"),
            ("rust: fixes c", "`fix`"),
            ("rust: add marks.", "punctuation"),
            (long.as_str(), "76 characters"),
        ] {
            let found = findings(subject);
            assert!(found.iter().all(|finding| finding.is_style), "{subject}: {found:?}");
            assert!(found.iter().any(|finding| finding.message.contains(part)), "{subject}: {found:?}");
        }
    }
}
