// SPDX-License-Identifier: GPL-2.0-only

//! The author is a person, not the mailing list that passed the patch on.

use crate::check::scope::Patch;

/// What is wrong with the author.
pub fn problems(patch: &Patch) -> Vec<String> {
    let (name, mail) = &patch.author;
    let lists = ["@lists.freedesktop.org", "@vger.kernel.org", "@lists.linux.dev", "@lists.linaro.org"];
    let is_list = name.contains(" via ") || lists.iter().any(|list| mail.to_lowercase().ends_with(list));
    let problem = || format!("a mailing list has replaced its author: {name} <{mail}>");
    is_list.then(problem).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::scope::tests::patch;

    #[test]
    fn lists_are_no_authors() {
        let check = |name: &str, mail: &str| {
            let mut patch = patch("x: y", &[]);
            patch.author = (name.into(), mail.into());
            problems(&patch).len()
        };
        assert_eq!(check("A Person via dri-devel", "a@b.example"), 1);
        assert_eq!(check("A Person", "dri-devel@lists.freedesktop.org"), 1);
        assert_eq!(check("Olivia Person", "a@b.example"), 0);
    }
}
