// SPDX-License-Identifier: GPL-2.0-only

//! Whoever wrote a commit has signed off.

use crate::check::scope::Patch;
use crate::git::person;

/// What is wrong with the author's `Signed-off-by:`.
pub fn problems(patch: &Patch) -> Vec<String> {
    missing(patch, &patch.author, "author")
}

/// A problem where a person has not signed off. Merges need no sign-off: they have nobody's code.
pub(super) fn missing(patch: &Patch, who: &person::Person, role: &str) -> Vec<String> {
    let signers = patch.trailers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("signed-off-by"));
    let mut signers = signers.map(|(_, value)| value);
    if patch.is_merge() || signers.any(|signer| person::is_named(who, signer)) {
        return Vec::new();
    }
    vec![format!("the {role} {} <{}> has not signed off", who.0, who.1)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::SIGNED;
    use super::*;
    use crate::check::scope::tests::patch;

    #[test]
    fn the_author_signs_off() {
        assert!(problems(&patch("x: y", &[SIGNED])).is_empty());
        assert!(problems(&patch("x: y", &[("Signed-off-by", "Other <PERSON@kernel.example>")])).is_empty());
        assert!(problems(&patch("x: y", &[("Signed-off-by", "Person, A <other@kernel.example>")])).is_empty());
        for bad in [&[][..], &[("Signed-off-by", "Else <else@kernel.example>")], &[("Acked-by", SIGNED.1)]] {
            assert_eq!(problems(&patch("x: y", bad)).len(), 1, "{bad:?}");
        }
        let mut prose = patch("x: y", &[]);
        prose.body = format!("{}: {}\n\nand prose below\n", SIGNED.0, SIGNED.1);
        assert_eq!(problems(&prose).len(), 1);
    }
}
