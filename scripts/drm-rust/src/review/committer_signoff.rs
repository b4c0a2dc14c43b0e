// SPDX-License-Identifier: GPL-2.0-only

//! Whoever committed it has signed off.

use super::author_signoff::missing;
use crate::check::scope::Patch;
use crate::git::person;

/// What is wrong with the committer's `Signed-off-by:`.
pub fn problems(patch: &Patch) -> Vec<String> {
    // An author has been told already.
    match person::is_same(&patch.author, &patch.committer) {
        true => Vec::new(),
        false => missing(patch, &patch.committer, "committer"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::SIGNED;
    use super::*;
    use crate::check::scope::tests::patch;

    #[test]
    fn another_committer_signs_off_too() {
        let mut patch = patch("x: y", &[SIGNED]);
        assert!(problems(&patch).is_empty());
        patch.committer = ("C".into(), "c@kernel.example".into());
        assert!(problems(&patch)[0].contains("the committer C"));
        patch.trailers.push(("Signed-off-by".into(), "C <c@kernel.example>".into()));
        assert!(problems(&patch).is_empty());
    }
}
