// SPDX-License-Identifier: GPL-2.0-only

//! No commit is the cover letter that b4 keeps on a branch.

use crate::check::scope::Patch;

/// What is wrong with a commit.
pub fn problems(patch: &Patch) -> Vec<String> {
    let is_cover = patch.body.contains("b4-submit-tracking");
    is_cover.then(|| "it is the cover letter that b4 keeps as a commit".to_owned()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::scope::tests::patch;

    #[test]
    fn b4_s_marker_is_found() {
        let mut patch = patch("x: y", &[]);
        assert!(problems(&patch).is_empty());
        patch.body = "Cover.\n\n--- b4-submit-tracking ---\n{}\n".into();
        assert_eq!(problems(&patch).len(), 1);
    }
}
