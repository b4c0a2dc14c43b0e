// SPDX-License-Identifier: GPL-2.0-only

//! Tags with a date in their name, signed as the person's git is set up to: with gpg, or an ssh key.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;

use jiff::Timestamp;

use crate::error::{Explain, FileContext, FileError};
use crate::git::{GitError, Oid, Repo};

/// A tag cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The folder that it is made in is in the way.
    #[error(transparent)]
    File(#[from] FileError),
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
            TagError::File(error) => return error.hint(),
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
    let pattern = format!("refs/tags/{tag}*");
    let mut tags = repo.git(["for-each-ref", "--format=%(refname:lstrip=2)", &pattern]).run()?.lines();
    tags.extend(others.filter_map(|name| name.strip_prefix("refs/tags/")).map(str::to_owned));
    let mut names = std::iter::once(tag.clone()).chain((2..).map(|n| format!("{tag}-{n}")));
    Ok(names.find(|name| !tags.contains(name)).expect("the numbers do not end"))
}

/// Makes a tag, and gives its id. No reference has it yet: the caller's next transaction makes the one that
/// [`reference`] tells, together with whatever keeps it from being lost.
pub fn make(repo: &Repo, name: &str, commit: Oid, message: &str, is_signed: bool) -> Result<Oid, TagError> {
    // git-tag(1) knows no tag without a reference: it gets a repository of its own, which has the same objects.
    let scratch = Repo::at(repo.git_dir().join("drm-rust-tag"));
    let clear = || match fs::remove_dir_all(scratch.top()) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).at("remove", scratch.top()),
        _ => Ok(()),
    };
    clear()?;
    let init = ["init", "--quiet", "--bare", "--template="];
    repo.git(init).arg(scratch.top()).run().map_err(GitError::from)?;
    let (objects, theirs) = (scratch.top().join("objects"), repo.git_dir().join("objects"));
    fs::remove_dir_all(&objects).at("remove", &objects)?;
    symlink(&theirs, &objects).at("link", &objects)?;
    let config = format!("include.path={}", repo.git_dir().join("config").display());
    let sign = if is_signed { "--sign" } else { "--no-sign" };
    let options =
        ["-c", &config, "tag", "--annotate", sign, "--cleanup=verbatim", "--file=-", "--end-of-options", name];
    let process = scratch.git(options).arg(commit.to_string()).input(message);
    let output = process.output().map_err(GitError::from)?;
    if output.code != 0 {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(TagError::Sign { name: name.to_owned(), said });
    }
    let process = scratch.git(["rev-parse", "--verify", "--end-of-options", &reference(name)]);
    let text = process.run().map_err(GitError::from)?.text();
    clear()?;
    Ok(repo.oid(&process, &text)?)
}

/// The reference of a tag.
pub fn reference(name: &str) -> String {
    format!("refs/tags/{name}")
}
