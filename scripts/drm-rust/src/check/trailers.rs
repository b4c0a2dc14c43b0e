// SPDX-License-Identifier: GPL-2.0-only

//! Trailers: who signed off, what a patch fixes, where it was discussed.

use super::scope::Patch;
use super::{CheckError, Job, Verdict};
use crate::review::{author, author_signoff, committer_signoff, cover_letter, fixes, link};

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let repo = job.ws.linux();
    let mut details = Vec::new();
    let mut unknown = 0;
    for patch in &job.scope.patches {
        let (fixes, unknowable) = fixes::look_up(patch, &repo)?;
        unknown += unknowable.len();
        let found = problems(patch).into_iter().chain(fixes);
        details.extend(found.map(|problem| format!("{}: {problem}", patch.cite())));
    }
    let mut verdict = Verdict::of(job.scope.patches.len(), "patch", details);
    if unknown > 0 {
        verdict.summary += &format!("; {unknown} of `Fixes:` name commits from before the base");
    }
    Ok(verdict)
}

/// What is wrong with the people and the trailers of a patch, but for what needs other commits.
fn problems(patch: &Patch) -> Vec<String> {
    let people = [author_signoff::problems, committer_signoff::problems, author::problems, cover_letter::problems];
    let mut problems: Vec<String> = people.iter().flat_map(|find| find(patch)).collect();
    for (i, (key, value)) in patch.trailers.iter().enumerate() {
        if patch.trailers[..i].contains(&(key.clone(), value.clone())) {
            problems.push(format!("`{key}: {value}` is there twice"));
        }
        if ["Link", "Closes"].contains(&key.as_str()) && !link::is_url(value) {
            problems.push(format!("`{key}: {value}` should be a URL"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::scope::tests::patch;
    use super::*;

    const SIGNED: (&str, &str) = ("Signed-off-by", "A Person <person@kernel.example>");

    #[test]
    fn good_trailers_pass() {
        let link = ("Link", "https://lore.example/r/1@x");
        let fixes = ("Fixes", "0123456789ab (\"drm: a (b)\")");
        assert_eq!(problems(&patch("x: y", &[SIGNED, link, fixes])), Vec::<String>::new());
        assert!(problems(&patch("x: y", &[("Signed-off-by", "Other <PERSON@kernel.example>")])).is_empty());
        assert!(problems(&patch("x: y", &[("Signed-off-by", "A Person <other@kernel.example>")])).is_empty());
    }

    #[test]
    fn every_mistake_is_named() {
        let check = |trailers: &[(&str, &str)], part: &str| {
            let problems = problems(&patch("x: y", trailers));
            assert!(problems.iter().any(|problem| problem.contains(part)), "{trailers:?}: {problems:?}");
        };
        check(&[], "the author A Person");
        check(&[("Signed-off-by", "Someone Else <else@kernel.example>")], "has not signed off");
        check(&[SIGNED, SIGNED], "twice");
        check(&[SIGNED, ("Link", "lore.example")], "URL");
        let mut other = patch("x: y", &[SIGNED]);
        other.committer = ("C".into(), "c@kernel.example".into());
        assert!(problems(&other)[0].contains("the committer C"));
        other.author.0 = "A Person via dri-devel".into();
        other.body = "--- b4-submit-tracking ---".into();
        assert_eq!(problems(&other).len(), 3);
    }
}
