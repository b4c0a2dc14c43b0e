// SPDX-License-Identifier: GPL-2.0-only

//! A merge says why it was made.

use crate::check::scope::Patch;

/// What is wrong with a merge's message.
pub fn problems(patch: &Patch) -> Vec<String> {
    if !patch.is_merge() || has_reason(patch) {
        return Vec::new();
    }
    vec!["it is a merge without a reason in its message".to_owned()]
}

/// Whether something is left of the body without trailers and git's list of conflicts.
fn has_reason(patch: &Patch) -> bool {
    let is_trailer = |line: &str| {
        let pair = line.split_once(": ").map(|(key, value)| (key.to_owned(), value.trim().to_owned()));
        pair.is_some_and(|pair| patch.trailers.contains(&pair))
    };
    let mut in_conflicts = false;
    patch.body.lines().any(|line| {
        in_conflicts = match line.trim_start_matches('#').trim() {
            "Conflicts:" => true,
            _ => in_conflicts && line.starts_with([' ', '\t', '#']),
        };
        let text = line.trim();
        !in_conflicts && !text.is_empty() && !text.starts_with('#') && !is_trailer(text)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::SIGNED;
    use super::*;
    use crate::check::scope::tests::patch;

    #[test]
    fn a_merge_has_a_reason() {
        let check = |body: &str, parents: usize| {
            let mut merge = patch("Merge drm-next", &[SIGNED]);
            merge.parents = vec![merge.commit; parents];
            merge.body = body.to_owned();
            problems(&merge).len()
        };
        let signed = format!("{}: {}\n", SIGNED.0, SIGNED.1);
        assert_eq!(check("", 2), 1);
        assert_eq!(check(&signed, 2), 1);
        assert_eq!(check(&format!("# Conflicts:\n#\tdrivers/a.c\n\n{signed}"), 2), 1);
        assert_eq!(check("Conflicts:\n\tdrivers/a.c\n", 2), 1);
        assert_eq!(check(&format!("Needed for the new API.\n\n{signed}"), 2), 0);
        assert_eq!(check("Conflicts:\n\tdrivers/a.c\nBoth sides add.\n", 3), 0);
        assert_eq!(check("", 1), 0);
    }
}
