// SPDX-License-Identifier: GPL-2.0-only

//! What was published: references of `linux/` that keep each topic's tag, and freeze its commits.
//!
//! A topic's record is in `publishing/` from before anything is sent until the other side is known to have it, and
//! in `published/` from then on. Both freeze the topic, so that no kill leaves a published topic open to changes.

use std::collections::BTreeMap;

use crate::git::refs::Change;
use crate::git::{GitError, Oid, Repo, TopicName};

const PENDING: &str = "refs/drm-rust/publishing/";
const DONE: &str = "refs/drm-rust/published/";

/// A topic that was published, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The topic.
    pub topic: TopicName,
    /// Its tag.
    pub tag: Oid,
    /// The tag's name.
    pub name: String,
    /// The commit of the tag: this one and those before it do not change any more.
    pub commit: Oid,
    /// When the tag was made, in seconds since 1970.
    pub date: i64,
    /// Whether the other side is not known to have it.
    pub pending: bool,
}

impl Record {
    /// The reference that keeps it.
    pub fn reference(&self) -> String {
        reference(&self.topic, self.pending)
    }
}

fn reference(topic: &TopicName, pending: bool) -> String {
    format!("{}{topic}", if pending { PENDING } else { DONE })
}

/// Every record: of a topic that is being published anew, both.
pub fn records(repo: &Repo) -> Result<Vec<Record>, GitError> {
    let format = "--format=%(refname) %(objectname) %(*objectname) %(creatordate:unix) %(tag)";
    let process = repo.git(["for-each-ref", format, PENDING, DONE]);
    let mut records = Vec::new();
    for line in process.run()?.lines() {
        let odd = || GitError::Answer { command: process.command_line(), answer: line.clone() };
        let fields: Vec<&str> = line.splitn(5, ' ').collect();
        let [reference, tag, commit, date, name] = fields[..] else { return Err(odd()) };
        let pending = reference.starts_with(PENDING);
        let topic = reference.strip_prefix(PENDING).or(reference.strip_prefix(DONE)).unwrap_or_default();
        records.push(Record {
            topic: topic.parse().map_err(|_| odd())?,
            tag: repo.oid(&process, tag)?,
            name: name.to_owned(),
            commit: repo.oid(&process, commit)?,
            date: date.parse().map_err(|_| odd())?,
            pending,
        });
    }
    Ok(records)
}

/// What was published last of each topic.
pub fn published(repo: &Repo) -> Result<BTreeMap<TopicName, Record>, GitError> {
    let records = records(repo)?.into_iter().filter(|record| !record.pending);
    Ok(records.map(|record| (record.topic.clone(), record)).collect())
}

/// The changes that remember a tag before it is sent. `stale` is a record of an earlier try.
pub fn begin(topic: &TopicName, tag: Oid, stale: Option<Oid>) -> Change {
    Change { name: reference(topic, true), old: stale, new: Some(tag) }
}

/// The changes after the other side has it.
pub fn finish(topic: &TopicName, tag: Oid, before: Option<Oid>) -> [Change; 2] {
    [
        Change { name: reference(topic, true), old: Some(tag), new: None },
        Change { name: reference(topic, false), old: before, new: Some(tag) },
    ]
}

/// The topics of records whose commits a new state of the branches would change.
pub fn broken(
    records: Vec<Record>,
    mut keeps: impl FnMut(&Record) -> Result<bool, GitError>,
) -> Result<Vec<Record>, GitError> {
    let mut broken = Vec::new();
    for record in records {
        if !keeps(&record)? && !broken.iter().any(|other: &Record| other.topic == record.topic) {
            broken.push(record);
        }
    }
    Ok(broken)
}
