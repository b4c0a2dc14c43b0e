// SPDX-License-Identifier: GPL-2.0-only

//! What a commit fixes exists, comes before it, and is cited as it is called.

use super::oracle::{Found, Oracle};
use crate::check::scope::Patch;
use crate::git::GitError;
use crate::git::message::{DIGITS, loose_id, split_cite};

/// What is wrong with `Fixes:`. Where it cannot be told, that is a problem too.
pub fn problems(patch: &Patch, oracle: &dyn Oracle) -> Result<Vec<String>, GitError> {
    let (mut problems, unknown) = look_up(patch, oracle)?;
    problems
        .extend(unknown.into_iter().map(|id| format!("`Fixes:` names {id}, from before this repository's history")));
    Ok(problems)
}

/// What is wrong, and the ids that this repository cannot know.
pub fn look_up(patch: &Patch, oracle: &dyn Oracle) -> Result<(Vec<String>, Vec<String>), GitError> {
    let (mut problems, mut unknown) = (Vec::new(), Vec::new());
    for (key, value) in patch.trailers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("fixes")) {
        let Some((id, subject)) = split_cite(value) else {
            problems.push(malformed(key, value, oracle)?);
            continue;
        };
        match oracle.find(id)? {
            Found::Unknowable => unknown.push(id.to_owned()),
            Found::Missing => problems.push(format!("`Fixes:` names {id}, which does not exist")),
            Found::Commit(commit, _) if !oracle.is_ancestor(commit, patch.commit)? => {
                problems.push(format!("`Fixes:` names {id}, which is no ancestor"));
            }
            Found::Commit(_, actual) if actual != subject => problems.push(format!("{id} is called \"{actual}\"")),
            Found::Commit(..) => {}
        }
    }
    Ok((problems, unknown))
}

/// What a trailer should be that is not written as one, with the commit that it means where that is clear.
fn malformed(key: &str, value: &str, oracle: &dyn Oracle) -> Result<String, GitError> {
    let found = loose_id(value).map(|id| oracle.find(&id)).transpose()?;
    let meant = match found {
        Some(Found::Commit(commit, subject)) => format!("{} (\"{subject}\")", commit.short()),
        _ => format!("<{DIGITS} digits or more> (\"subject\")"),
    };
    Ok(format!("`{key}: {value}` should be `Fixes: {meant}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::scope::tests::patch;
    use crate::git::Oid;
    use crate::review::oracle::tests::Known;

    #[test]
    fn every_mistake_is_named() {
        let known = Known {
            ancestors: vec![(Oid::from_bytes([1; 20]), "drm: old".into())],
            others: vec![(Oid::from_bytes([2; 20]), "drm: other".into())],
            shallow: false,
        };
        let run = |value: &str, known: &Known| problems(&patch("x: y", &[("Fixes", value)]), known).unwrap().join("; ");
        assert_eq!(run("010101010101 (\"drm: old\")", &known), "");
        assert_eq!(run("010101010101 (\"drm: odd\")", &known), "010101010101 is called \"drm: old\"");
        assert!(run("020202020202 (\"drm: other\")", &known).contains("no ancestor"));
        assert!(run("030303030303 (\"drm: x\")", &known).contains("does not exist"));
        for meant in ["0101 (\"drm: old\")", "010101010101 drm: old", "commit 010101010101"] {
            assert!(run(meant, &known).ends_with("should be `Fixes: 010101010101 (\"drm: old\")`"), "{meant}");
        }
        for bad in ["https://x.example/1", "030303030303", "HEAD (\"drm: old\")", "--all (\"x\")"] {
            assert!(run(bad, &known).contains("12 digits or more"), "{bad}");
        }
        let shallow = Known { shallow: true, ..known };
        assert!(run("030303030303 (\"drm: x\")", &shallow).contains("history"));
    }
}
