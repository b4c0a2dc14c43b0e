// SPDX-License-Identifier: GPL-2.0-only

//! Who commits a patch of his own has somebody else's review.

use crate::check::scope::Patch;
use crate::git::person;

/// What is wrong with `Reviewed-by:` and `Acked-by:`.
pub fn problems(patch: &Patch) -> Vec<String> {
    let is_review = |key: &str| ["reviewed-by", "acked-by"].contains(&key.to_lowercase().as_str());
    let reviews = patch.trailers.iter().filter(|(key, _)| is_review(key)).map(|(_, value)| value);
    let mut others = reviews.filter(|value| person::parse(value).is_some() && !person::is_named(&patch.author, value));
    if patch.is_merge() || !person::is_same(&patch.author, &patch.committer) || others.next().is_some() {
        return Vec::new();
    }
    vec!["its committer is its author, and nobody else has reviewed or acked it".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::super::tests::SIGNED;
    use super::*;
    use crate::check::scope::tests::patch;

    #[test]
    fn somebody_else_reviews() {
        let check = |trailers: &[(&str, &str)]| problems(&patch("x: y", trailers)).len();
        assert_eq!(check(&[SIGNED]), 1);
        assert_eq!(check(&[SIGNED, ("Reviewed-by", SIGNED.1)]), 1, "his own");
        assert_eq!(check(&[SIGNED, ("Reviewed-by", "nobody")]), 1);
        assert_eq!(check(&[SIGNED, ("Tested-by", "R <r@kernel.example>")]), 1);
        assert_eq!(check(&[SIGNED, ("Reviewed-by", "R <r@kernel.example>")]), 0);
        assert_eq!(check(&[SIGNED, ("Acked-by", "R <r@kernel.example>")]), 0);
        let mut others = patch("x: y", &[SIGNED]);
        others.committer = ("C".into(), "c@kernel.example".into());
        assert_eq!(problems(&others), Vec::<String>::new());
    }
}
