// SPDX-License-Identifier: GPL-2.0-only

//! Nothing of a template or a tool is left in a message.

use crate::check::scope::Patch;

/// What tools leave for a person to replace or remove, at the beginning of a line.
const MARKERS: [&str; 8] = [
    "*** extracted tags ***",
    "*** SUBJECT HERE ***",
    "*** BLURB HERE ***",
    "EDITME: ",
    "# EDITME",
    "<<<<<<< ",
    ">>>>>>> ",
    "# ------------------------ >8 ------------------------",
];

/// What of a template is left.
pub fn problems(patch: &Patch) -> Vec<String> {
    let lines = || std::iter::once(patch.subject.as_str()).chain(patch.body.lines());
    let left = MARKERS.iter().filter(|marker| lines().any(|line| line.trim_start().starts_with(**marker)));
    left.map(|marker| format!("`{}` is left in its message", marker.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::scope::tests::patch;

    #[test]
    fn markers_are_named() {
        let mut patch = patch("EDITME: cover title", &[]);
        patch.body = "*** extracted tags ***\nIt says *** BLURB HERE *** in a sentence.\n".into();
        let found = problems(&patch);
        assert_eq!(found, ["`*** extracted tags ***` is left in its message", "`EDITME:` is left in its message"]);
    }
}
