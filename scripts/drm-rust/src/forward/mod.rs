// SPDX-License-Identifier: GPL-2.0-only

//! Pull requests to drm: what they say, taken from the tree.

pub mod gates;
pub mod mail;
mod offer;
pub mod send;
pub mod waiting;

use std::path::PathBuf;

use crate::check::CheckError;
use crate::cycle::CycleError;
use crate::error::{Class, Explain, FileError};
use crate::git::remote::PushError;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::neighbours::plan::PlanError;
use crate::neighbours::target::TargetError;
use crate::publish::tag::{self, TagError};
use crate::pull::PullError;
use crate::topic::manage;
use crate::tree::TreeError;
use crate::tree::status::{self, Freshness, Status};
use crate::workspace::{Trees, Workspace};
use mail::{Letter, PullRequest};
pub use offer::Offer;

/// The pull request cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The tree could not be read.
    #[error(transparent)]
    Tree(Box<TreeError>),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The mail could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The commits could not be read.
    #[error(transparent)]
    Check(Box<CheckError>),
    /// The cycle could not be told.
    #[error(transparent)]
    Cycle(Box<CycleError>),
    /// The branch that takes it is not here.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The clone cannot be worked on.
    #[error(transparent)]
    Clone(Box<PullError>),
    /// There is nowhere to push to.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The tag could not be made.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// The push failed.
    #[error(transparent)]
    Push(#[from] PushError),
    /// The mail was not sent.
    #[error("the mail was not sent: `git send-email` ended with exit code {code}")]
    Send {
        /// The exit code.
        code: i32,
        /// The command line.
        command: String,
    },
    /// The branches are not what the manifests say.
    #[error("linux/ is not up to date: {0}")]
    Stale(String),
    /// There is nothing in it.
    #[error("there is nothing to forward: drm-rust-next adds nothing to the base")]
    Nothing,
    /// All of it is there.
    #[error("there is nothing to forward: {1} has all of {0}")]
    Arrived(BranchName, BranchName),
    /// Two histories.
    #[error("{0} has no history in common with {1}")]
    Unrelated(BranchName, BranchName),
    /// Not a branch of fixes.
    #[error("{0} is not forwarded so")]
    NoFixes(BranchName),
    /// drm-rust-next is made from the topics of `linux/`.
    #[error("drm-rust-next is forwarded from linux/ only")]
    NotHere,
    /// The branch there has more.
    #[error("{branch} on {remote} is at {}, which ours does not contain", .commit.short())]
    Behind {
        /// The branch.
        branch: BranchName,
        /// The remote.
        remote: String,
        /// Where it stands there.
        commit: Oid,
    },
}

impl From<TreeError> for ForwardError {
    fn from(error: TreeError) -> Self {
        ForwardError::Tree(Box::new(error))
    }
}

impl From<CheckError> for ForwardError {
    fn from(error: CheckError) -> Self {
        ForwardError::Check(Box::new(error))
    }
}

impl From<CycleError> for ForwardError {
    fn from(error: CycleError) -> Self {
        ForwardError::Cycle(Box::new(error))
    }
}

impl From<PullError> for ForwardError {
    fn from(error: PullError) -> Self {
        ForwardError::Clone(Box::new(error))
    }
}

impl ForwardError {
    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            ForwardError::Tree(error) => &**error,
            ForwardError::Git(error) => error,
            ForwardError::File(error) => error,
            ForwardError::Check(error) => &**error,
            ForwardError::Cycle(error) => &**error,
            ForwardError::Plan(error) => error,
            ForwardError::Clone(error) => &**error,
            ForwardError::Target(error) => error,
            ForwardError::Tag(error) => error,
            ForwardError::Push(error) => error,
            _ => return None,
        })
    }
}

impl Explain for ForwardError {
    fn hint(&self) -> Option<String> {
        match self {
            ForwardError::Send { command, .. } => {
                Some(format!("the tag is pushed, and the mail kept. Send it by other means, or again:\n{command}"))
            }
            ForwardError::Stale(_) => Some("`drm-rust tree` brings it up to date".into()),
            ForwardError::Arrived(..) => Some("`git -C linux fetch --all` tells what has arrived since".into()),
            ForwardError::Unrelated(..) => Some("a branch of fixes begins at a commit that the receiver has".into()),
            ForwardError::NoFixes(_) => Some("--branch takes drm-rust-fixes and drm-rust-next-fixes".into()),
            ForwardError::NotHere => Some("--repo goes with --branch drm-rust-fixes or drm-rust-next-fixes".into()),
            ForwardError::Behind { remote, branch, .. } => {
                Some(format!("nothing was pushed. Fetch it from {remote}, and take in what {branch} has there"))
            }
            ForwardError::Nothing => Some("`drm-rust topic list` shows the topics and their patches".into()),
            other => other.inner().and_then(Explain::hint),
        }
    }

    fn class(&self) -> Class {
        match self {
            ForwardError::NoFixes(_) | ForwardError::NotHere => Class::Usage,
            other => other.inner().map_or(Class::Failed, Explain::class),
        }
    }
}

/// A pull request that was written but not sent.
pub struct Draft {
    /// The mail.
    pub mail: String,
    /// Where it was written.
    pub path: PathBuf,
    /// The tag that it names.
    pub tag: String,
}

/// A pull request.
pub struct Composed {
    /// The mail.
    pub mail: String,
    /// The tag that it names.
    pub tag: String,
    /// The message of that tag.
    pub message: String,
}

/// Composes the mail and the tag's message for a tag that is free. Changes nothing.
fn compose_free(ws: &Workspace, trees: &Trees, offer: &Offer) -> Result<Composed, ForwardError> {
    let tag = tag::free(&offer.repo, offer.branch.as_str(), ws.now, std::iter::empty())?;
    compose_as(ws, trees, offer, (&tag, ""))
}

/// Composes the mail for a tag. `overridden` tells of checks that did not pass.
fn compose_as(
    ws: &Workspace,
    trees: &Trees,
    offer: &Offer,
    (tag, overridden): (&str, &str),
) -> Result<Composed, ForwardError> {
    let (repo, range) = (&offer.repo, format!("{}..{}", offer.base, offer.tip));
    let cite = |commit: Oid| -> Result<String, GitError> {
        Ok(repo.plain(["show", "-s", "--format=%s (%ci)", &commit.to_string()])?.run()?.text())
    };
    let request = PullRequest {
        branch: offer.branch.clone(),
        tag: tag.to_owned(),
        release: offer.release.clone(),
        overridden: overridden.to_owned(),
        url: trees.ours.url.clone(),
        base: offer.base,
        base_cite: cite(offer.base)?,
        tip: offer.tip,
        tip_cite: cite(offer.tip)?,
        entries: offer.entries.clone(),
        shortlog: shortlog(repo, &range, offer.tip)?,
        diffstat: diffstat(repo, &range)?,
    };
    let sender = manage::git_identity(&ws.root)?.unwrap_or(trees.ours.identity.clone());
    let letter = Letter { from: sender, receiver: &trees.drm_next, date: ws.now, request: &request };
    Ok(Composed { mail: letter.to_mail(), tag: tag.to_owned(), message: request.tag_message() })
}

fn diffstat(repo: &Repo, range: &str) -> Result<String, GitError> {
    Ok(repo.plain(["diff", "-M", "--stat", "--summary", range])?.run()?.text())
}

/// Who wrote what, by the names that the tip's own list of people has for them.
fn shortlog(repo: &Repo, range: &str, tip: Oid) -> Result<String, GitError> {
    let names = format!("mailmap.blob={tip}:.mailmap");
    Ok(repo.plain(["-c", &names, "shortlog", range])?.run()?.text())
}

/// Writes the mail and the tag's message into `build/forward/`. Changes no branch and no tag.
fn draft(ws: &Workspace, trees: &Trees, offer: &Offer) -> Result<Draft, ForwardError> {
    write(ws, compose_free(ws, trees, offer)?)
}

fn write(ws: &Workspace, composed: Composed) -> Result<Draft, ForwardError> {
    let Composed { mail, tag, message } = composed;
    let dir = ws.build().join("forward");
    let mut staged = crate::staged::Staged::new(&dir)?;
    let (path, tag_path) = (dir.join(format!("{tag}.eml")), dir.join(format!("{tag}.tag")));
    staged.add(&path, mail.as_bytes(), None)?;
    staged.add(&tag_path, message.as_bytes(), None)?;
    staged.place(&dir)?.keep();
    Ok(Draft { mail, path, tag })
}

/// Makes sure that what is forwarded is what the manifests say. Gives the base, and how everything stands.
fn check_state(ws: &Workspace) -> Result<(Oid, Status), ForwardError> {
    let status = status::status(ws)?;
    let Some(base) = &status.base else {
        return Err(TreeError::NoTree(ws.linux().top().display().to_string()).into());
    };
    if let Some(topic) = status.topics.iter().find(|topic| topic.freshness != Freshness::Current) {
        return Err(ForwardError::Stale(format!("topic {} has changed", topic.name)));
    }
    if status.waiting == 0 {
        return Err(ForwardError::Nothing);
    }
    Ok((base.commit, status))
}
