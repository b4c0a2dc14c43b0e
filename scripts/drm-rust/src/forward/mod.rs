// SPDX-License-Identifier: GPL-2.0-only

//! The pull request to drm-next: what it says, taken from the tree.

pub mod gates;
pub mod mail;
pub mod send;

use std::fs;
use std::path::PathBuf;

use crate::check::CheckError;
use crate::cycle::CycleError;
use crate::error::{Class, Explain, FileContext, FileError};
use crate::git::remote::PushError;
use crate::git::{BranchName, GitError, Oid, Repo, TopicName};
use crate::neighbours::target::TargetError;
use crate::publish::tag::{self, TagError};
use crate::topic::manifest::Manifest;
use crate::topic::{Topics, manage};
use crate::tree::status::{self, Freshness, Status};
use crate::tree::{TreeError, load_topics};
use crate::workspace::{Trees, Workspace};
use mail::{Letter, PullRequest, Section, TopicEntry};

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

impl ForwardError {
    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            ForwardError::Tree(error) => &**error,
            ForwardError::Git(error) => error,
            ForwardError::File(error) => error,
            ForwardError::Check(error) => &**error,
            ForwardError::Cycle(error) => &**error,
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
            ForwardError::Nothing => Some("`drm-rust topic list` shows the topics and their patches".into()),
            other => other.inner().and_then(Explain::hint),
        }
    }

    fn class(&self) -> Class {
        self.inner().map_or(Class::Failed, Explain::class)
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

/// Composes the mail and the tag's message. Changes nothing.
pub fn compose(ws: &Workspace, release: Option<&str>) -> Result<Composed, ForwardError> {
    // Without a tree there are no tags to ask for.
    let (base, _) = check_state(ws)?;
    let tag = tag::free(&ws.linux(), BranchName::next().as_str(), ws.now, std::iter::empty())?;
    compose_as(ws, base, release, (&tag, ""))
}

/// Composes the mail for a tag. `overridden` tells of checks that did not pass.
fn compose_as(
    ws: &Workspace,
    base: Oid,
    release: Option<&str>,
    (tag, overridden): (&str, &str),
) -> Result<Composed, ForwardError> {
    let topics = load_topics(ws)?;
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let repo = ws.linux();
    let mut request = gather(&repo, base, tag, release, &topics, &trees)?;
    request.overridden = overridden.to_owned();
    let sender = manage::git_identity(&ws.root)?.unwrap_or(trees.ours.identity.clone());
    let letter = Letter { from: sender, receiver: &trees.drm_next, date: ws.now, request: &request };
    Ok(Composed { mail: letter.to_mail(), tag: tag.to_owned(), message: request.tag_message() })
}

/// Writes the mail and the tag's message into `build/forward/`. Changes no branch and no tag.
pub fn draft(ws: &Workspace, release: Option<&str>) -> Result<Draft, ForwardError> {
    write(ws, compose(ws, release)?)
}

fn write(ws: &Workspace, composed: Composed) -> Result<Draft, ForwardError> {
    let Composed { mail, tag, message } = composed;
    let dir = ws.build().join("forward");
    fs::create_dir_all(&dir).at("create", &dir)?;
    let (path, tag_path) = (dir.join(format!("{tag}.eml")), dir.join(format!("{tag}.tag")));
    fs::write(&path, &mail).at("write", &path)?;
    fs::write(&tag_path, message).at("write", &tag_path)?;
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

fn gather(
    repo: &Repo,
    base: Oid,
    tag: &str,
    release: Option<&str>,
    topics: &Topics,
    trees: &Trees,
) -> Result<PullRequest, GitError> {
    let next = repo.commit(&BranchName::next().full())?;
    let cite = |commit: Oid| -> Result<String, GitError> {
        Ok(repo.git(["show", "-s", "--format=%s (%ci)", &commit.to_string()]).run()?.text())
    };
    let range = format!("{base}..{next}");
    let mut entries = Vec::new();
    for (name, manifest) in topics.iter().filter(|(_, manifest)| !manifest.patches.is_empty()) {
        entries.push(TopicEntry {
            section: section(name, manifest),
            name: name.clone(),
            title: manifest.title.clone(),
            summary: manifest.summary.clone(),
        });
    }
    Ok(PullRequest {
        tag: tag.to_owned(),
        release: release.map(str::to_owned),
        overridden: String::new(),
        url: trees.ours.url.clone(),
        base,
        base_cite: cite(base)?,
        next,
        next_cite: cite(next)?,
        topics: entries,
        shortlog: repo.git(["shortlog", &range]).run()?.text(),
        diffstat: repo.git(["diff", "-M", "--no-ext-diff", "--stat", "--summary", &range]).run()?.text(),
    })
}

/// Where the receivers of a pull request look for a topic.
fn section(name: &TopicName, manifest: &Manifest) -> Section {
    let edits = manifest.patches.iter().flat_map(|patch| patch.edits.iter().map(|edit| edit.file.as_str()));
    let paths: Vec<&str> = manifest.files().chain(edits).collect();
    let any = |prefix: &str| paths.iter().any(|path| path.starts_with(prefix));
    if any("include/uapi/") {
        Section::Uapi
    } else if name.owner() != "drm" {
        Section::CrossSubsystem
    } else if any("drivers/") {
        Section::Driver
    } else {
        Section::Core
    }
}
