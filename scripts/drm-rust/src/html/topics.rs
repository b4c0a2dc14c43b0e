// SPDX-License-Identifier: GPL-2.0-only

//! Base and topics.

use super::counted;
use super::graph::{self, Graph};
use super::summary::{Attention, State};
use crate::git::BranchName;
use crate::topic;
use crate::tree::status::{Freshness, Status, TopicStatus};

const CURRENT: &str = "current";

/// A topic.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Its branch's tip.
    pub tip: String,
    /// Whether the branch is up to date.
    pub state: &'static str,
    /// The subjects of its patches.
    pub patches: Vec<String>,
    /// What it stands on.
    pub requires: Vec<String>,
    /// The branches that it is merged into.
    pub merged: Vec<String>,
}

impl Topic {
    /// The number of its patches.
    pub fn count(&self) -> String {
        counted(self.patches.len(), "patch")
    }
}

/// The base.
#[derive(Clone, Debug)]
pub struct Base {
    /// Release and commit.
    pub name: String,
    /// Where it came from.
    pub origin: String,
}

/// Base and topics.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The base; none before the tree is made.
    pub base: Option<Base>,
    /// The topics.
    pub topics: Vec<Topic>,
    /// How they stand on each other.
    pub graph: Graph,
    /// Commits that wait to be forwarded.
    pub waiting: String,
    /// Files that are not committed.
    pub dirty: Vec<String>,
}

impl Tree {
    fn late(&self) -> usize {
        self.topics.iter().filter(|topic| topic.state != CURRENT).count()
    }

    /// How many topics are up to date.
    pub fn summary(&self) -> (String, State) {
        let (late, all) = (self.late(), self.topics.len());
        (format!("{} of {all} current", all - late), State::of(self.base.is_some() && late > 0, self.base.is_some()))
    }

    /// Whether somebody should look at it.
    pub fn attention(&self) -> Option<Attention> {
        let late = self.late();
        let are = if late == 1 { "is" } else { "are" };
        let text = || format!("{} {are} not up to date: `drm-rust tree`", counted(late, "topic"));
        (self.base.is_some() && late > 0).then(|| Attention::new("topics", text()))
    }

    /// The number of files that are not committed.
    pub fn dirty_count(&self) -> String {
        counted(self.dirty.len(), "file")
    }
}

/// Puts together what the branches and the manifests say.
pub fn view(status: &Status, manifests: &topic::Topics) -> Tree {
    let topics: Vec<Topic> = status.topics.iter().map(|topic| of(topic, manifests)).collect();
    let base = status.base.as_ref();
    let version = base.map_or("no tree yet".into(), |base| format!("Linux {}", base.version));
    let waiting = counted(status.waiting, "commit");
    let nodes: Vec<graph::Topic> = topics.iter().map(node).collect();
    Tree {
        base: base.map(|base| Base {
            name: format!("Linux {} at {}", base.version, base.commit.short()),
            origin: base.origin.clone(),
        }),
        graph: graph::layout(&nodes, ("base", &version), (BranchName::next().as_str(), &waiting)),
        topics,
        waiting,
        dirty: status.dirty_overlay.iter().chain(&status.dirty_linux).cloned().collect(),
    }
}

fn of(topic: &TopicStatus, manifests: &topic::Topics) -> Topic {
    let manifest = manifests.get(&topic.name);
    Topic {
        name: topic.name.to_string(),
        title: manifest.map_or(String::new(), |manifest| manifest.title.clone()),
        tip: topic.tip.map_or(String::new(), |tip| tip.short()),
        state: match topic.freshness {
            Freshness::Current => CURRENT,
            Freshness::Stale => "stale",
            Freshness::New => "new",
        },
        patches: manifest.iter().flat_map(|m| &m.patches).map(|patch| patch.subject.clone()).collect(),
        requires: topic.requires.iter().map(ToString::to_string).collect(),
        merged: topic.merged_into.iter().map(ToString::to_string).collect(),
    }
}

fn node(topic: &Topic) -> graph::Topic {
    graph::Topic {
        name: topic.name.clone(),
        detail: format!("{}, {}", topic.count(), topic.state),
        requires: topic.requires.clone(),
        merged: topic.merged.iter().any(|branch| branch == BranchName::next().as_str()),
    }
}
