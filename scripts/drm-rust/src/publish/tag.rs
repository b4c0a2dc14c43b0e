// SPDX-License-Identifier: GPL-2.0-only

//! Tags with a date in their name, signed as the person's git is set up to: with gpg, or an ssh key.

use jiff::Timestamp;

use crate::error::Explain;
use crate::git::{GitError, Oid, Repo};

/// A tag cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// It could not be signed.
    #[error("the tag {name} cannot be signed:\n{said}")]
    Sign {
        /// The tag.
        name: String,
        /// What git said.
        said: String,
    },
}

impl Explain for TagError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            TagError::Git(error) => return error.hint(),
            TagError::Sign { .. } => "set user.signingKey, and gpg.format to ssh for an ssh key: see git-config(1).\n\
                 --override signature=REASON makes a tag without a signature"
                .into(),
        })
    }
}

/// `<stem>-YYYY-MM-DD`, or with `-2`, `-3` … where there was one on that day, here or among `others`.
pub fn free<'a>(
    repo: &Repo,
    stem: &str,
    now: Timestamp,
    others: impl Iterator<Item = &'a str>,
) -> Result<String, GitError> {
    let tag = format!("{stem}-{}", now.strftime("%Y-%m-%d"));
    let mut tags = repo.git(["tag", "--list", &format!("{tag}*")]).run()?.lines();
    tags.extend(others.filter_map(|name| name.strip_prefix("refs/tags/")).map(str::to_owned));
    let mut names = std::iter::once(tag.clone()).chain((2..).map(|n| format!("{tag}-{n}")));
    Ok(names.find(|name| !tags.contains(name)).expect("the numbers do not end"))
}

/// Makes a tag, and gives its id.
pub fn make(repo: &Repo, name: &str, commit: Oid, message: &str, is_signed: bool) -> Result<Oid, TagError> {
    let sign = if is_signed { "--sign" } else { "--no-sign" };
    let options = ["tag", "--annotate", sign, "--cleanup=verbatim", "--file=-", "--end-of-options", name];
    // Whoever signs may be asked for a passphrase; what was begun ends by itself.
    let process = repo.git(options).arg(commit.to_string()).input(message);
    let output = process.output().map_err(GitError::from)?;
    if output.code != 0 {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(TagError::Sign { name: name.to_owned(), said });
    }
    let process = repo.git(["rev-parse", "--verify", "--end-of-options", &format!("refs/tags/{name}")]);
    let text = process.run().map_err(GitError::from)?.text();
    Ok(repo.oid(&process, &text)?)
}
