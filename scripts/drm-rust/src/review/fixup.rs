// SPDX-License-Identifier: GPL-2.0-only

//! No commit waits to be folded into another one.

/// What is wrong with a subject.
pub fn problems(subject: &str) -> Vec<String> {
    let marks = ["fixup! ", "squash! ", "amend! "].into_iter().filter(|mark| subject.starts_with(mark));
    marks.map(|mark| format!("`{}` commits must be folded in: git rebase --autosquash", mark.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_at_the_beginning() {
        for bad in ["fixup! x: y", "squash! x: y", "amend! x: y"] {
            assert_eq!(problems(bad).len(), 1, "{bad}");
        }
        assert!(problems("x: handle fixup! commits").is_empty());
    }
}
