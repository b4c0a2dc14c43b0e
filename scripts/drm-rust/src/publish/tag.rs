// SPDX-License-Identifier: GPL-2.0-only

//! Tags with a date in their name, signed as the person's git is set up to: with gpg, or an ssh key.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

use jiff::Timestamp;

use crate::error::{Explain, FileContext, FileError};
use crate::git::tag::TagObject;
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
    /// Git made another one than it was asked for.
    #[error("the tag {name} is not what was asked for: {what}")]
    Other {
        /// The tag.
        name: String,
        /// What is different.
        what: &'static str,
    },
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
            TagError::Other { .. } => {
                "nothing has it. Is `git` in PATH a wrapper, or tag.gpgSign or an alias of git set?".into()
            }
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
    let common = repo.common_dir();
    let common = common.canonicalize().at("find", &common)?;
    let scratch = Repo::bare(common.join("drm-rust-tag"));
    let clear = || match fs::remove_dir_all(scratch.top()) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).at("remove", scratch.top()),
        _ => Ok(()),
    };
    clear()?;
    fs::create_dir(scratch.top()).at("create", scratch.top())?;
    scratch.init("main")?;
    let (objects, theirs) = (scratch.top().join("objects"), common.join("objects"));
    fs::remove_dir_all(&objects).at("remove", &objects)?;
    symlink(&theirs, &objects).at("link", &objects)?;
    // Who signs, and how, is said in these two.
    let configs = [common.join("config"), repo.git_dir().join("config.worktree")];
    let configs = configs.iter().filter(|path| path.exists()).flat_map(|path| ["-c".into(), include(path)]);
    let sign = if is_signed { "--sign" } else { "--no-sign" };
    let options = ["tag", "--annotate", sign, "--cleanup=verbatim", "--file=-", "--end-of-options", name];
    let process = scratch.git(configs).args(options).arg(commit.to_string()).input(message);
    let output = process.output().map_err(GitError::from)?;
    if output.code != 0 {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(TagError::Sign { name: name.to_owned(), said });
    }
    let process = scratch.git(["rev-parse", "--verify", "--end-of-options", &reference(name)]);
    let text = process.run().map_err(GitError::from)?.text();
    clear()?;
    let tag = repo.oid(&process, &text)?;
    let object = repo.git(["cat-file", "tag", &tag.to_string()]).run().map_err(GitError::from)?.stdout;
    match TagObject::parse(&object).map_or(Some("no tag"), |made| difference(&made, name, commit, is_signed)) {
        None => Ok(tag),
        Some(what) => Err(TagError::Other { name: name.to_owned(), what }),
    }
}

/// How a tag differs from the one that was asked for: what is pushed is this object, whatever it is called.
fn difference(made: &TagObject, name: &str, commit: Oid, is_signed: bool) -> Option<&'static str> {
    match made {
        made if made.object != commit || made.kind != "commit" => Some("it names another object"),
        made if made.name != name => Some("it has another name"),
        made if is_signed && !made.is_signed => Some("it has no signature"),
        _ => None,
    }
}

/// The setting that takes in a file of settings.
fn include(path: &Path) -> OsString {
    let mut setting = OsString::from("include.path=");
    setting.push(path);
    setting
}

/// The reference of a tag.
pub fn reference(name: &str) -> String {
    format!("refs/tags/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_is_another_one_is_told() {
        let commit = Oid::from_bytes([1; 20]);
        let text = format!("object {commit}\ntype commit\ntag a\n\nx\n");
        let made = TagObject::parse(text.as_bytes()).unwrap();
        assert_eq!(difference(&made, "a", commit, false), None);
        assert_eq!(difference(&made, "a", commit, true), Some("it has no signature"));
        assert_eq!(difference(&made, "b", commit, false), Some("it has another name"));
        assert_eq!(difference(&made, "a", Oid::from_bytes([2; 20]), false), Some("it names another object"));
    }
}
