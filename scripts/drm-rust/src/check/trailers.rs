// SPDX-License-Identifier: GPL-2.0-only

//! Trailers: who signed off, what a patch fixes, where it was discussed.

use super::scope::Patch;
use super::{CheckError, Job, Verdict};
use crate::git::{BranchName, GitError, Repo};

/// The fewest digits of a commit id in `Fixes:`.
const DIGITS: usize = 12;

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let repo = job.ws.linux();
    let mut details = Vec::new();
    let mut unknown = 0;
    for patch in &job.scope.patches {
        let mut found = problems(patch);
        for (id, subject) in fixes(patch) {
            match look_up(&repo, patch, id, subject)? {
                Lookup::Good => {}
                Lookup::Bad(problem) => found.push(problem),
                Lookup::Unknown => unknown += 1,
            }
        }
        details.extend(found.into_iter().map(|problem| format!("{}: {problem}", patch.cite())));
    }
    let mut verdict = Verdict::of(job.scope.patches.len(), "patch", details);
    if unknown > 0 {
        verdict.summary += &format!("; {unknown} of `Fixes:` name commits from before the base");
    }
    Ok(verdict)
}

/// What is wrong with the trailers themselves.
fn problems(patch: &Patch) -> Vec<String> {
    let mut problems = Vec::new();
    for (who, role) in [(&patch.author, "author"), (&patch.committer, "committer")] {
        let is_said = role == "committer" && patch.committer == patch.author;
        if !is_said && !is_signed_off(patch, who) {
            problems.push(format!("the {role} {} <{}> has not signed off", who.0, who.1));
        }
    }
    if patch.author.0.contains(" via ") {
        problems.push(format!("a mailing list has replaced its author: {}", patch.author.0));
    }
    if patch.body.contains("b4-submit-tracking") {
        problems.push("it is the cover letter that b4 keeps as a commit".into());
    }
    for (i, (key, value)) in patch.trailers.iter().enumerate() {
        if patch.trailers[..i].contains(&(key.clone(), value.clone())) {
            problems.push(format!("`{key}: {value}` is there twice"));
        }
        if key == "Fixes" && split_fixes(value).is_none() {
            problems.push(format!("`Fixes: {value}` should be `Fixes: <{DIGITS} digits or more> (\"subject\")`"));
        }
        if ["Link", "Closes"].contains(&key.as_str()) && !is_url(value) {
            problems.push(format!("`{key}: {value}` should be a URL"));
        }
    }
    problems
}

/// Whether a person, by name or mail, has signed off.
fn is_signed_off(patch: &Patch, (name, mail): &(String, String)) -> bool {
    let signers = patch.trailers.iter().filter(|(key, _)| key == "Signed-off-by").map(|(_, value)| value);
    let mut signers = signers.filter_map(|value| value.trim_end_matches('>').rsplit_once('<'));
    signers.any(|(signer, address)| signer.trim() == name || address.eq_ignore_ascii_case(mail))
}

fn is_url(value: &str) -> bool {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.split('/').next().is_some_and(|host| host.contains('.')))
}

/// The id and the subject of a `Fixes:`.
fn split_fixes(value: &str) -> Option<(&str, &str)> {
    let (id, rest) = value.split_once(' ')?;
    let subject = rest.strip_prefix("(\"")?.strip_suffix("\")")?;
    let is_id = (DIGITS..=40).contains(&id.len()) && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    (is_id && !subject.is_empty()).then_some((id, subject))
}

fn fixes(patch: &Patch) -> impl Iterator<Item = (&str, &str)> {
    let fixes = patch.trailers.iter().filter(|(key, _)| key == "Fixes");
    fixes.filter_map(|(_, value)| split_fixes(value))
}

enum Lookup {
    Good,
    Bad(String),
    /// The base is one commit without history: its past is not here.
    Unknown,
}

fn look_up(repo: &Repo, patch: &Patch, id: &str, subject: &str) -> Result<Lookup, CheckError> {
    let Some(commit) = repo.find_commit(id)? else {
        let base = BranchName::base();
        let parent = repo.find_commit(&format!("{}^", base.full()))?;
        let missing = format!("`Fixes:` names {id}, which does not exist");
        return Ok(if parent.is_none() { Lookup::Unknown } else { Lookup::Bad(missing) });
    };
    let args = ["merge-base", "--is-ancestor", &commit.to_string(), &patch.commit.to_string()];
    if repo.git(args).output().map_err(GitError::from)?.code != 0 {
        return Ok(Lookup::Bad(format!("`Fixes:` names {id}, which is no ancestor")));
    }
    let actual =
        repo.git(["log", "--max-count=1", "--format=%s", &commit.to_string()]).run().map_err(GitError::from)?;
    let actual = actual.text();
    Ok(if actual == subject { Lookup::Good } else { Lookup::Bad(format!("{id} is called \"{actual}\"")) })
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
        for fixes in ["0123 (\"short\")", "0123456789ab \"no parentheses\"", "0123456789AB (\"case\")", "0123456789ab"]
        {
            check(&[SIGNED, ("Fixes", fixes)], "digits or more");
        }
        let mut other = patch("x: y", &[SIGNED]);
        other.committer = ("C".into(), "c@kernel.example".into());
        assert!(problems(&other)[0].contains("the committer C"));
        other.author.0 = "A Person via dri-devel".into();
        other.body = "--- b4-submit-tracking ---".into();
        assert_eq!(problems(&other).len(), 3);
    }
}
