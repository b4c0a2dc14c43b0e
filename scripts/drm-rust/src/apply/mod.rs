// SPDX-License-Identifier: GPL-2.0-only

//! Takes a series from a mailing list onto a topic.
//!
//! b4 prepares the series, git takes the mails apart and applies the patches to an index of their own; the commits
//! stay in memory. From there on it is an absorb: no branch moves and no file is written before everything is known
//! to fit.

mod b4;
mod diff;
mod error;
mod patch;
mod restore;
mod thread;

use std::collections::BTreeMap;

use crate::absorb::{self, Absorbed, Job};
use crate::error::FileContext;
use crate::git::objects::Objects;
use crate::git::{Oid, TopicName};
use crate::lock::Lock;
use crate::mailbox;
use crate::mailbox::letter::Letter;
use crate::report::{Reporter, Unit};
use crate::topic::manage;
use crate::tree::{PATIENCE, TreeError};
use crate::workspace::Workspace;

pub use error::ApplyError;

/// Where a series comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The mails of a mailbox or a Maildir, or one mail.
    Mails(Vec<Letter>),
    /// The id of a message: b4 gets its thread.
    Message(String),
}

impl Source {
    /// A message by its id, which may stand between `<` and `>`.
    pub fn message(text: &str) -> Result<Source, ApplyError> {
        let id = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
        if mailbox::is_message_id(id) {
            Ok(Source::Message(id.to_owned()))
        } else {
            Err(ApplyError::NoSource(text.to_owned()))
        }
    }
}

/// What to apply, and to what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The series.
    pub source: Source,
    /// Takes the newest revision that b4 finds, not the one that was asked for.
    pub newest: bool,
    /// The topic, and how to absorb.
    pub absorb: absorb::Options,
}

impl Options {
    fn topic(&self) -> &TopicName {
        &self.absorb.topic
    }
}

/// What was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// What b4 said.
    pub said: Vec<String>,
    /// What else a person should know of the mails.
    pub notes: Vec<String>,
    /// What became of it in overlay and manifest.
    pub absorbed: Absorbed,
}

/// Applies a series.
pub fn apply(ws: &Workspace, options: &Options, reporter: &dyn Reporter) -> Result<Applied, ApplyError> {
    let repo = ws.linux();
    if !repo.exists() {
        return Err(absorb::AbsorbError::from(TreeError::NoTree(repo.top().display().to_string())).into());
    }
    let committer = manage::git_identity(&ws.root)?.ok_or(ApplyError::NoIdentity)?;
    let dir = tempfile::tempdir().at("create", "a temporary folder")?;
    reporter.begin("b4 prepares the series", None, Unit::Items);
    let series = b4::prepare(&repo, dir.path(), options, &committer)?;
    reporter.end();
    let _lock = Lock::take(&ws.lock(), PATIENCE)?;
    let job = Job::open(ws, &options.absorb)?;
    if job.known() != Some(job.current) {
        return Err(ApplyError::NotAbsorbed(options.topic().branch()));
    }
    let mut objects = Objects::new(&repo);
    let made = patch::commits(&repo, &mut objects, dir.path(), job.current, &series.mails)?;
    let tip = made.last().map_or(job.current, |made| made.commit);
    let names: BTreeMap<Oid, String> = made.into_iter().map(|made| (made.commit, made.name)).collect();
    let absorbed = job.run(&mut objects, tip, &names).map_err(ApplyError::of)?;
    Ok(Applied { said: series.said, notes: series.notes, absorbed })
}
