// SPDX-License-Identifier: GPL-2.0-only

//! Publishing a topic: its branch and a signed tag, to where other trees can pull it. What was published is frozen.

mod error;
mod gates;
pub mod tag;

use crate::git::refs::Change;
use crate::git::remote::Push;
use crate::git::{GitError, Oid, Repo, TopicName, damage};
use crate::lock::Lock;
use crate::neighbours::TreeName;
use crate::neighbours::target::Target;
use crate::report::{Reporter, Unit};
use crate::review::{self, Overrides, Report};
use crate::tip::preview::Clash;
use crate::topic::Topics;
use crate::topic::published::{self as record, Record};
use crate::tree::status::{self, Freshness, Status};
use crate::tree::{PATIENCE, TreeError, load_topics};
use crate::workspace::{Trees, Workspace};

pub use error::PublishError;

/// The checks that a publish makes besides those of commits.
pub const GATES: &[&str] = &["base", "clean", "requires", "trial", "signature"];

/// What to publish.
#[derive(Clone, Debug)]
pub struct Options {
    /// The topic.
    pub topic: TopicName,
    /// Where; our own tree if nothing is said.
    pub to: Option<TreeName>,
    /// Only look.
    pub dry_run: bool,
    /// The checks that need not pass.
    pub overrides: Overrides,
}

/// What a publish came to.
#[derive(Clone, Debug)]
pub struct Published {
    /// Where.
    pub target: Target,
    /// The commit.
    pub commit: Oid,
    /// The tag; none where nothing was pushed.
    pub tag: Option<String>,
    /// Where the branch stood there.
    pub before: Option<Oid>,
    /// What was checked.
    pub reports: Vec<Report>,
    /// What conflicts in the tip.
    pub clashes: Vec<Clash>,
    /// What a person should know.
    pub notes: Vec<String>,
}

impl Published {
    /// The checks that do not pass: nothing was pushed because of them.
    pub fn failed(&self) -> Vec<&'static str> {
        review::failed(&self.reports)
    }
}

/// Everything that a publish works with.
struct Job<'a> {
    ws: &'a Workspace,
    options: &'a Options,
    topics: Topics,
    repo: Repo,
    target: Target,
}

/// Publishes a topic if every check passes.
pub fn publish(ws: &Workspace, options: &Options, reporter: &dyn Reporter) -> Result<Published, PublishError> {
    let _lock = Lock::take(&ws.lock(), PATIENCE).map_err(TreeError::from)?;
    let topics = load_topics(ws)?;
    if !topics.contains_key(&options.topic) {
        return Err(PublishError::Unknown(options.topic.clone()));
    }
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let repo = ws.linux();
    if !repo.exists() {
        return Err(TreeError::NoTree(repo.top().display().to_string()).into());
    }
    let target = Target::find(&trees, &repo, options.to.as_ref().unwrap_or(&trees.ours.tree))?;
    target.allows(&trees, &options.topic.branch())?;
    Job { ws, options, topics, repo, target }.run(reporter)
}

impl Job<'_> {
    fn run(&self, reporter: &dyn Reporter) -> Result<Published, PublishError> {
        let branch = self.options.topic.branch();
        reporter.begin(&format!("asking {}", self.target.remote), None, Unit::Items);
        let patterns = [branch.full(), format!("refs/tags/{branch}-*")];
        let remote = self.repo.remote_refs(&self.target.url, &patterns)?;
        reporter.end();
        let mut notes = Vec::new();
        if !self.options.dry_run {
            notes.extend(self.settle(&remote)?);
        }
        let commit = self.commit()?;
        let before = remote.get(&branch.full()).copied();
        let done = self.record(false)?;
        let mut published = Published {
            target: self.target.clone(),
            commit,
            tag: None,
            before,
            reports: vec![],
            clashes: vec![],
            notes,
        };
        if let Some(done) = done.as_ref().filter(|done| done.commit == commit && before == Some(commit)) {
            published.notes.push(format!("{branch} is published already, as {}", done.name));
            return Ok(published);
        }
        self.is_not_behind(before, commit)?;
        // What is new since then; all of it where another tree gets it.
        let from = done.as_ref().map(|done| done.commit).filter(|from| *from != commit);
        (published.reports, published.clashes) = gates::look(self, from, commit, reporter)?;
        if self.options.dry_run || !published.failed().is_empty() {
            return Ok(published);
        }
        let name = tag::free(&self.repo, branch.as_str(), self.ws.now, remote.keys().map(String::as_str))?;
        let message = self.message(&name, &published.reports);
        let is_signed = self.options.overrides.reason("signature").is_none();
        let tag = tag::make(&self.repo, &name, commit, &message, is_signed)?;
        reporter.begin(&format!("pushing to {}", self.target.remote), None, Unit::Items);
        self.push((&name, tag), (before, commit), done.as_ref())?;
        reporter.end();
        published.tag = Some(name);
        Ok(published)
    }

    fn record(&self, pending: bool) -> Result<Option<Record>, GitError> {
        let all = record::records(&self.repo)?;
        Ok(all.into_iter().find(|record| record.topic == self.options.topic && record.pending == pending))
    }

    /// Finds out what became of a publish that was interrupted.
    fn settle(&self, remote: &std::collections::BTreeMap<String, Oid>) -> Result<Option<String>, PublishError> {
        let Some(pending) = self.record(true)? else { return Ok(None) };
        let full = tag::reference(&pending.name);
        if remote.get(&full) == Some(&pending.tag) {
            self.finish(&pending.topic, pending.tag)?;
            return Ok(Some(format!("{} was interrupted, but has arrived", pending.name)));
        }
        self.take_back(&pending.name, pending.tag)?;
        Ok(Some(format!("{} was interrupted and has not arrived: it is taken back", pending.name)))
    }

    fn finish(&self, topic: &TopicName, tag: Oid) -> Result<(), GitError> {
        let before = self.record(false)?.map(|done| done.tag);
        self.repo.update_refs(&record::finish(topic, tag, before), &self.reason())
    }

    /// Removes a tag that nobody else has.
    fn take_back(&self, name: &str, tag: Oid) -> Result<(), GitError> {
        let gone = |name: String| Change { name, old: Some(tag), new: None };
        let pending = gone(record::begin(&self.options.topic, tag, None).name);
        let full = tag::reference(name);
        // A person may have removed the tag.
        let has_tag = damage::answer(&self.repo.git(["show-ref", "--verify", "--quiet", &full]))?.code == 0;
        let tag = has_tag.then(|| gone(full));
        self.repo.update_refs(&[pending].into_iter().chain(tag).collect::<Vec<_>>(), &self.reason())
    }

    fn reason(&self) -> String {
        format!("drm-rust: {}", self.ws.command)
    }

    /// The topic's commit, if its branch is what manifest and overlay say.
    fn commit(&self) -> Result<Oid, PublishError> {
        let name = &self.options.topic;
        let status = status::status(self.ws)?;
        let topic = status.topics.iter().find(|topic| topic.name == *name);
        match topic.and_then(|topic| topic.tip.filter(|_| topic.freshness == Freshness::Current)) {
            Some(_) if self.topics[name].patches.is_empty() => Err(PublishError::Empty(name.clone())),
            Some(commit) => Ok(commit),
            None => Err(PublishError::Stale(name.clone())),
        }
    }

    fn status(&self) -> Result<Status, PublishError> {
        Ok(status::status(self.ws)?)
    }

    /// A branch there that has more than ours would lose it.
    fn is_not_behind(&self, before: Option<Oid>, commit: Oid) -> Result<(), PublishError> {
        let Some(before) = before else { return Ok(()) };
        let is_here = self.repo.find_commit(&before.to_string())?.is_some();
        if is_here && self.repo.is_ancestor(before, commit)? {
            return Ok(());
        }
        let (topic, remote) = (self.options.topic.clone(), self.target.remote.clone());
        Err(PublishError::Behind { topic, remote, commit: before })
    }

    /// What the tag says.
    fn message(&self, name: &str, reports: &[Report]) -> String {
        let manifest = &self.topics[&self.options.topic];
        let patches: String = manifest.patches.iter().map(|patch| format!("  {}\n", patch.subject)).collect();
        let overridden = match review::overridden(reports) {
            text if text.is_empty() => text,
            text => format!("\n{text}"),
        };
        format!("{name}: {}\n\n{}\n\n{patches}{overridden}", manifest.title.trim(), manifest.summary.trim())
    }

    fn push(
        &self,
        (name, tag): (&str, Oid),
        (before, commit): (Option<Oid>, Oid),
        done: Option<&Record>,
    ) -> Result<(), PublishError> {
        let topic = &self.options.topic;
        let full = tag::reference(name);
        let made = Change { name: full.clone(), old: None, new: Some(tag) };
        self.repo.update_refs(&[made, record::begin(topic, tag, None)], &self.reason())?;
        let pushes =
            [Push { name: topic.branch().full(), old: before, new: commit }, Push { name: full, old: None, new: tag }];
        match self.repo.push(&self.target.remote, &self.target.url, &pushes) {
            Ok(()) => {
                self.repo.update_refs(&record::finish(topic, tag, done.map(|done| done.tag)), &self.reason())?;
                Ok(())
            }
            Err(error) => {
                if error.is_settled() {
                    self.take_back(name, tag)?;
                }
                Err(error.into())
            }
        }
    }
}
