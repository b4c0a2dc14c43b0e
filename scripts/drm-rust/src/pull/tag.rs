// SPDX-License-Identifier: GPL-2.0-only

//! The tag that a pull request names: what it says, and whether its signature is good by the person's own git.

use crate::git::{GitError, Oid, Repo};

/// A tag.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    /// The commit that it leads to.
    pub(super) commit: Oid,
    /// The tag itself, as it is; none where the reference leads to a commit.
    pub(super) object: Option<Vec<u8>>,
    /// The name that it gives itself.
    pub(super) name: String,
    /// Its message without the signature.
    pub(super) message: String,
    /// Why its signature does not count.
    pub(super) unsigned: Vec<String>,
    /// Who signed it, where that is good.
    pub(super) signer: Option<String>,
}

impl Tag {
    /// Reads the tag that a reference names, and verifies it.
    pub(super) fn read(repo: &Repo, reference: &str) -> Result<Tag, GitError> {
        let commit = repo.commit(reference)?;
        let kind = repo.git(["cat-file", "-t", reference]).run()?.text();
        if kind != "tag" {
            let unsigned = vec!["it is no annotated tag, and has no signature".to_owned()];
            let (name, message) = (String::new(), String::new());
            return Ok(Tag { commit, object: None, name, message, unsigned, signer: None });
        }
        let object = repo.git(["cat-file", "tag", reference]).run()?.stdout;
        let format = "--format=%(tag)%00%(contents:subject)%0a%0a%(contents:body)";
        let text = repo.git(["for-each-ref", format, reference]).run()?.text();
        let (name, message) = text.split_once('\0').unwrap_or_default();
        let verified = repo.git(["verify-tag", reference]).output()?;
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        // ssh tells of success on standard output.
        let all = format!("{}\n{said}", String::from_utf8_lossy(&verified.stdout));
        let signer = all.lines().find(|line| line.to_lowercase().contains("good ")).map(str::to_owned);
        let why = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        let unsigned = if verified.code == 0 { Vec::new() } else { vec![format!("it cannot be verified: {why}")] };
        let signer = signer.filter(|_| unsigned.is_empty());
        Ok(Tag { commit, object: Some(object), name: name.into(), message: message.trim().into(), unsigned, signer })
    }

    /// An old tag can be offered under a new name; its signature stays good.
    pub(super) fn misnamed(&self, wanted: &str) -> Vec<String> {
        let is_other = self.object.is_some() && self.name != wanted;
        is_other.then(|| format!("the tag calls itself {}", self.name.escape_debug())).into_iter().collect()
    }
}
