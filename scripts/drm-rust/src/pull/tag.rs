// SPDX-License-Identifier: GPL-2.0-only

//! The tag that a pull request names: what it says, and whether its signature is good by the person's own git.

use super::signature::Signature;
use crate::git::tag::TagObject;
use crate::git::{GitError, Oid, Repo};

/// A tag.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    /// The commit that it leads to.
    pub(super) commit: Oid,
    /// The tag itself, as it is; none where the reference leads to a commit.
    pub(super) object: Option<Vec<u8>>,
    /// Its message without the signature.
    pub(super) message: String,
    /// Why its signature does not count.
    pub(super) unsigned: Vec<String>,
    /// Its signature, if git can tell.
    pub(super) signature: Option<Signature>,
    /// What it says of itself, if it is a tag.
    said: Option<TagObject>,
}

impl Tag {
    /// Reads the tag that a reference names, and verifies it. The reference is asked once: all else is about the object
    /// that it named then.
    pub(super) fn read(repo: &Repo, reference: &str) -> Result<Tag, GitError> {
        let process = repo.git(["rev-parse", "--verify", "--end-of-options", reference]);
        let id = repo.oid(&process, &process.run()?.text())?.to_string();
        let commit = repo.commit(&id)?;
        if repo.git(["cat-file", "-t", &id]).run()?.text() != "tag" {
            let unsigned = vec!["it is no annotated tag, and has no signature".to_owned()];
            return Ok(Tag { commit, object: None, message: String::new(), unsigned, signature: None, said: None });
        }
        let process = repo.git(["cat-file", "tag", &id]);
        let object = process.run()?.stdout;
        let answer = || GitError::Answer { command: process.command_line(), answer: "no tag".into() };
        let said = TagObject::parse(&object).ok_or_else(answer)?;
        let verified = repo.git(["verify-tag", "--raw", &id]).output()?;
        let text = String::from_utf8_lossy(&verified.stderr).into_owned();
        let signature = Signature::parse(&text);
        let unsigned = unsigned(signature.as_ref(), verified.code == 0, &text);
        let message = said.message.clone();
        Ok(Tag { commit, object: Some(object), message, unsigned, signature, said: Some(said) })
    }

    /// An old tag can be offered under a new name; its signature stays good. So does that of a tag which names another
    /// one, of which nobody has seen the name.
    pub(super) fn misnamed(&self, wanted: &str) -> Vec<String> {
        let Some(said) = &self.said else { return Vec::new() };
        let other = (said.name != wanted).then(|| format!("the tag calls itself {}", said.name.escape_debug()));
        let nested = (said.object != self.commit || said.kind != "commit")
            .then(|| format!("the tag names a {}, not the commit that would be merged", said.kind.escape_debug()));
        other.into_iter().chain(nested).collect()
    }
}

/// Why a signature does not count: by its state, or because git refuses it all the same.
fn unsigned(signature: Option<&Signature>, is_accepted: bool, said: &str) -> Vec<String> {
    let problem = signature.and_then(Signature::problem);
    let refused = || {
        let lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("[GNUPG:]"));
        format!("it cannot be verified: {}", lines.collect::<Vec<_>>().join("; "))
    };
    match (problem, signature.is_some() && is_accepted) {
        (Some(problem), _) => vec![problem],
        (None, true) => Vec::new(),
        (None, false) => vec![refused()],
    }
}
