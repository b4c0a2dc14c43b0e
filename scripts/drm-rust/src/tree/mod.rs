// SPDX-License-Identifier: GPL-2.0-only

//! `linux/`: the complete tree, made and kept up to date from the base, the overlay and the manifests.

pub mod arrival;
pub mod build;
pub mod new_base;
pub mod status;
pub(crate) mod taken;
pub mod undo;
pub(crate) mod unfinished;
mod unpack;
mod upstream;
pub mod worktree;

use std::fs;
use std::time::Duration;

use crate::base::cache::{Cache, CachedBase};
use crate::base::import::Observer;
use crate::base::pin::{Pin, Source, Spec};
use crate::base::{Base, fetch};
use crate::git::objects::Objects;
use crate::git::refs::{Change, View, changes};
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::lock::Lock;
use crate::oplog::{self, BaseRecord, Logged, Operation};
use crate::report::{Reporter, Unit};
use crate::topic::{self, TopicError, Topics, additions, overlay, published, validate};
use crate::workspace::{Trees, Workspace};

pub use self::error::TreeError;
use build::{Built, Input};
use new_base::NewBase;
use unpack::Unpacker;
use worktree::Plan;

mod error;

/// How long a run waits for another one that is about to finish.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How many earlier operations are asked where an interrupted work tree stands.
pub(crate) const PAST: u32 = 8;

/// What a refresh shall do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The base; none keeps the one in use.
    pub base: Option<Spec>,
    /// Takes the newest package of the pinned series.
    pub latest: bool,
    /// Takes branches back that were moved by hand.
    pub reset: bool,
}

/// What a refresh did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether `linux/` is new.
    pub created: bool,
    /// The base.
    pub base: BaseRecord,
    /// What changes because the base is another one than before.
    pub new_base: Option<NewBase>,
    /// Everything that was built.
    pub built: Built,
    /// The branches that moved.
    pub changes: Vec<Change>,
    /// Why the work tree stayed where it is, if a person has something else checked out.
    pub left_alone: Option<String>,
}

/// Makes or refreshes `linux/`.
pub fn refresh(ws: &Workspace, options: &Options, reporter: &dyn Reporter) -> Result<Outcome, TreeError> {
    let _lock = Lock::take(&ws.lock(), PATIENCE)?;
    let topics = load_topics(ws)?;
    let trees = Trees::load(&ws.data("trees.toml"))?;
    let linux = ws.linux();
    if linux.exists() {
        return Refresh { ws, trees: &trees, topics: &topics, repo: linux, reporter, unpacker: None }.update(options);
    }
    if linux.top().exists() {
        return Err(TreeError::NotARepository(linux.top().display().to_string()));
    }
    let growing = ws.growing();
    remove_dir(&growing)?;
    let unpacker = Some(&Unpacker::new(&growing));
    let new = Refresh { ws, trees: &trees, topics: &topics, repo: growing.clone(), reporter, unpacker };
    match new.create(options) {
        Ok(outcome) => {
            fs::rename(growing.top(), linux.top())
                .map_err(|source| TreeError::file("rename", growing.top(), source))?;
            Ok(outcome)
        }
        Err(error) => {
            remove_dir(&growing)?;
            Err(error)
        }
    }
}

fn remove_dir(repo: &Repo) -> Result<(), TreeError> {
    if !repo.top().exists() {
        return Ok(());
    }
    fs::remove_dir_all(repo.top()).map_err(|source| TreeError::file("remove", repo.top(), source))
}

/// Reads the topics and checks all that can be checked without the base.
pub fn load_topics(ws: &Workspace) -> Result<Topics, TreeError> {
    let topics = topic::load(&ws.root)?;
    let problems = validate::validate(&topics, &overlay::list(&ws.root, &topics)?);
    if problems.is_empty() { Ok(topics) } else { Err(TopicError::Invalid(problems).into()) }
}

struct Refresh<'a> {
    ws: &'a Workspace,
    trees: &'a Trees,
    topics: &'a Topics,
    repo: Repo,
    reporter: &'a dyn Reporter,
    /// Takes the files of a base that must be imported, where the work tree is new.
    unpacker: Option<&'a Unpacker>,
}

impl Refresh<'_> {
    /// Makes the tree in an empty place; it is moved to `linux/` when it is complete.
    fn create(&self, options: &Options) -> Result<Outcome, TreeError> {
        fs::create_dir(self.repo.top()).map_err(|source| TreeError::file("create", self.repo.top(), source))?;
        self.repo.init(BranchName::next().as_str())?;
        let base = self.base(options, None)?;
        let mut objects = Objects::new(&self.repo);
        let built = self.build(base.commit, &mut objects)?;
        let steps = changes(&View::new(), &built.view);
        self.commit(&mut objects, vec![self.operation(&base, &built.view)], None, &steps)?;
        self.reporter.begin("writing the work tree", None, Unit::Items);
        if let Some(unpacker) = self.unpacker {
            unpacker.write_index(&self.repo)?;
        }
        worktree::fill(&self.repo, built.view[&BranchName::next()])?;
        self.link_b4_config()?;
        self.reporter.end();
        Ok(Outcome { created: true, base, new_base: None, built, changes: steps, left_alone: None })
    }

    /// Brings an existing tree up to date.
    fn update(&self, options: &Options) -> Result<Outcome, TreeError> {
        let mut objects = Objects::new(&self.repo);
        let last = oplog::newest(&self.repo, &mut objects)?;
        let base = self.base(options, last.as_ref())?;
        let mut built = self.build(base.commit, &mut objects)?;
        let before = last.as_ref().map(|last| &last.operation.base);
        let compare = |before| new_base::compare(&mut objects, self.topics, before, &base);
        let new_base = before.map(compare).transpose()?.flatten();
        keeps_published(&self.repo, &built)?;
        let current = self.repo.view()?;
        let made = last.as_ref().map(|last| oplog::made(&self.repo, &mut objects, last)).transpose()?;
        let known = made.map(|made| with_fixes(made, &current)).unwrap_or_default();
        let others = current.iter().filter(|(name, _)| stays(name, &known));
        built.view.extend(others.map(|(name, oid)| (name.clone(), *oid)));
        let outside = outside_changes(&known, &current, &built.view);
        if !outside.is_empty() && !options.reset {
            return Err(TreeError::Outside(outside));
        }
        let managed = managed(&current, &known, &built.view);
        let steps = changes(&managed, &built.view);
        self.repo.may_move(&steps)?;
        if !steps.is_empty() {
            // The work tree is compared with the new commits below.
            objects.flush()?;
        }
        let plan = plan(&self.repo, &mut objects, &managed, &built.view)?;
        let mut operations = Vec::new();
        let acts = !steps.is_empty() || last.as_ref().is_none_or(|last| last.operation.base != base);
        let by_hand = last.as_ref().is_some_and(|last| last.operation.view != self::known(last, &current));
        if !outside.is_empty() || acts && by_hand {
            let before = last.as_ref().map_or(&base, |last| &last.operation.base);
            let command = oplog::OUTSIDE.to_owned();
            operations.push(Operation { command, ..self.operation(before, &managed) });
        }
        if acts {
            operations.push(self.operation(&base, &built.view));
        }
        let parent = last.map(|last| last.id);
        let left_alone = carry_out(&self.repo, &mut objects, &operations, parent, &steps, self.trees, plan)?;
        self.link_b4_config()?;
        Ok(Outcome { created: false, base, new_base, built, changes: steps, left_alone })
    }

    /// Contributors run b4 in `linux/`, where it looks for `.b4-config`: a link to ours, unknown to git, so that
    /// it is there on every branch and never rides a pull request. A file of the user's own stays.
    fn link_b4_config(&self) -> Result<(), TreeError> {
        let link = self.repo.top().join(".b4-config");
        if link.symlink_metadata().is_ok() {
            return Ok(());
        }
        self.repo.exclude("/.b4-config")?;
        std::os::unix::fs::symlink("../.b4-config", &link).map_err(|source| TreeError::file("create", &link, source))
    }

    fn build(&self, base: Oid, objects: &mut Objects) -> Result<Built, TreeError> {
        let additions = additions::read(&self.ws.root, self.topics)?;
        let input = Input {
            repo: &self.repo,
            base,
            topics: self.topics,
            merger: &self.trees.ours.identity,
            may_merge: true,
            additions: &additions,
        };
        Ok(build::build(&input, objects)?)
    }

    fn operation(&self, base: &BaseRecord, view: &View) -> Operation {
        Operation {
            command: self.ws.command.clone(),
            time: self.ws.now,
            base: base.clone(),
            view: view.clone(),
            restores: None,
        }
    }

    /// Writes operations and moves the branches: one transaction.
    fn commit(
        &self,
        objects: &mut Objects,
        operations: Vec<Operation>,
        parent: Option<Oid>,
        steps: &[Change],
    ) -> Result<(), TreeError> {
        commit(&self.repo, objects, &operations, parent, steps, self.trees)
    }

    /// Provides the base: the one in use where nothing asks for another.
    fn base(&self, options: &Options, last: Option<&Logged>) -> Result<BaseRecord, TreeError> {
        let pin_path = self.ws.data("base.toml");
        let pin = Pin::load(&pin_path)?;
        let pin_id = fetch::sha256_of(&pin_path).map_err(TreeError::from)?.to_string();
        let record = last.map(|last| &last.operation.base);
        let asked = match (&options.base, options.latest) {
            (_, true) => Some("latest".to_owned()),
            (Some(spec), _) => Some(spec.to_string()),
            (None, _) => None,
        };
        if let Some(record) = record {
            let same = asked.as_ref().is_none_or(|asked| *asked == record.spec && asked != "latest");
            let follows_pin = record.spec == "pin" || record.spec == "latest";
            if same && (!follows_pin || record.pin == pin_id) && self.has(record.commit)? {
                return Ok(record.clone());
            }
        }
        let spec = asked.or_else(|| record.map(|record| record.spec.clone())).unwrap_or_else(|| "pin".into());
        let base = self.provide(&spec, &pin)?;
        Ok(BaseRecord { spec, pin: pin_id, commit: base.commit, version: base.version, origin: base.origin })
    }

    fn has(&self, commit: Oid) -> Result<bool, GitError> {
        Ok(self.repo.find_commit(&commit.to_string())?.is_some())
    }

    fn provide(&self, spec: &str, pin: &Pin) -> Result<Base, TreeError> {
        let cache = Cache::at(&self.ws.cache).observed_by(self.unpacker.map(|unpacker| unpacker as &dyn Observer));
        let latest = spec == "latest";
        let spec = if latest { Spec::Pin } else { spec.parse()? };
        let is_pin = spec == Spec::Pin;
        let result = match spec {
            Spec::Pin => cache.base(pin, latest, self.reporter),
            Spec::File(path, sha256) => cache.archive(&Source::File { path, sha256 }, &pin.author, self.reporter),
            Spec::Url(url, sha256) => cache.archive(&Source::Url { url, sha256 }, &pin.author, self.reporter),
            Spec::Git(path, rev) => return self.fetch_clone(&path, &rev),
        };
        match result {
            Ok(cached) => {
                self.link(&cached)?;
                Ok(cached.base)
            }
            // The last resort of a pin is a clone that has the pinned commit.
            Err(error) if is_pin => match pin.sources.iter().find_map(|source| self.pinned_clone(source)) {
                Some(base) => base,
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The last resort of a pin: a clone that has the pinned commit.
    fn pinned_clone(&self, source: &Source) -> Option<Result<Base, TreeError>> {
        match source {
            Source::Git { path, commit } => Some(self.fetch_clone(path, &commit.to_string())),
            _ => None,
        }
    }

    /// Puts the pack of a cached base into the repository: linked, or copied across file systems.
    fn link(&self, cached: &CachedBase) -> Result<(), TreeError> {
        let dir = self.repo.common_dir().join("objects/pack");
        fs::create_dir_all(&dir).map_err(|source| TreeError::file("create", &dir, source))?;
        let name = format!("pack-{}", cached.base.commit);
        for file in &cached.files {
            let place = dir.join(&name).with_extension(file.extension().unwrap_or_default());
            if place.exists() {
                continue;
            }
            // A copy appears at once, like a link.
            let new = place.with_extension("tmp");
            let linked = fs::hard_link(file, &new).or_else(|_| fs::copy(file, &new).map(drop));
            linked
                .and_then(|()| fs::rename(&new, &place))
                .map_err(|source| TreeError::file("write", &place, source))?;
        }
        // Garbage collection need not touch the base.
        let keep = dir.join(&name).with_extension("keep");
        fs::write(&keep, "the base\n").map_err(|source| TreeError::file("write", &keep, source))
    }

    /// Takes a commit and its history from a clone of this machine.
    fn fetch_clone(&self, path: &std::path::Path, rev: &str) -> Result<Base, TreeError> {
        let clone = Repo::find(path)?;
        let commit = clone.commit(rev)?;
        self.reporter.begin("fetching the base", None, Unit::Items);
        let allow = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "uploadpack.allowAnySHA1InWant"),
            ("GIT_CONFIG_VALUE_0", "true"),
        ];
        let args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--update-shallow", "--"];
        let fetch = self.repo.git(args).arg(clone.top()).arg(commit.to_string());
        let fetched = allow.iter().fold(fetch, |fetch, (key, value)| fetch.env(key, value)).run();
        self.reporter.end();
        if let Err(error) = fetched {
            return Err(match clone.promisor()? {
                Some(remote) => TreeError::Partial { clone: clone.top().to_owned(), rev: rev.to_owned(), remote },
                None => GitError::from(error).into(),
            });
        }
        upstream::hides_nothing(commit, &self.repo)?;
        let version = upstream::version_of(&clone, commit, &self.repo)?;
        Ok(Base { commit, version, origin: format!("{} at {rev}", path.display()) })
    }
}

/// Writes operations and moves the branches in one transaction with the op log.
pub(crate) fn commit(
    repo: &Repo,
    objects: &mut Objects,
    operations: &[Operation],
    parent: Option<Oid>,
    steps: &[Change],
    trees: &Trees,
) -> Result<(), TreeError> {
    let mut newest = parent;
    for operation in operations {
        newest = Some(oplog::write(objects, operation, newest, &trees.ours.identity));
    }
    objects.flush()?;
    let mut steps = steps.to_vec();
    steps.push(Change { name: oplog::REFERENCE.into(), old: parent, new: newest });
    let reason = operations.last().map_or("", |operation| operation.command.as_str());
    repo.update_refs(&steps, &format!("drm-rust: {reason}"))?;
    Ok(())
}

/// What was published stays as it is; patches may come on top.
fn keeps_published(repo: &Repo, built: &Built) -> Result<(), TreeError> {
    let broken = published::broken(published::records(repo)?, |record| {
        let topic = built.topics.iter().find(|topic| topic.name == record.topic);
        Ok(topic.is_none_or(|topic| topic.commits.contains(&record.commit)))
    })?;
    if broken.is_empty() { Ok(()) } else { Err(TreeError::Frozen(broken)) }
}

/// Plans how the work tree follows from one view to another, if it can. What an interrupted move left is put back first.
pub(crate) fn plan(repo: &Repo, objects: &mut Objects, old: &View, new: &View) -> Result<Plan, TreeError> {
    unfinished::recover(repo)?;
    let past = oplog::list(repo, objects, PAST)?;
    let past: Vec<View> = past.into_iter().map(|logged| logged.operation.view).collect();
    let plan = worktree::plan(repo, old, new, &past)?;
    if let Plan::Move(step) = plan {
        worktree::check(repo, step)?;
    }
    Ok(plan)
}

/// Moves the branches in one transaction with the op log, if there are operations, and lets the work tree follow.
/// Gives what a person has checked out instead, if so.
pub(crate) fn carry_out(
    repo: &Repo,
    objects: &mut Objects,
    operations: &[Operation],
    parent: Option<Oid>,
    steps: &[Change],
    trees: &Trees,
    plan: Plan,
) -> Result<Option<String>, TreeError> {
    if let Plan::Move(step) = plan {
        objects.flush()?;
        unfinished::begin(repo, step)?;
    }
    if !operations.is_empty()
        && let Err(error) = commit(repo, objects, operations, parent, steps, trees)
    {
        unfinished::end(repo)?;
        return Err(error);
    }
    match plan {
        Plan::Stay => Ok(None),
        Plan::NotOurs(what) => Ok(Some(what)),
        Plan::Move(step) => {
            worktree::apply(repo, step)?;
            Ok(None)
        }
    }
}

/// What moving one branch did.
pub(crate) struct Moved {
    /// The branch, unless it stood there already.
    pub(crate) changes: Vec<Change>,
    /// Why the work tree stayed where it is, if a person has something else checked out.
    pub(crate) left_alone: Option<String>,
}

/// Moves one branch: one operation, after which the work tree follows.
pub(crate) fn move_branch(
    ws: &Workspace,
    repo: &Repo,
    objects: &mut Objects,
    last: &Logged,
    trees: &Trees,
    (name, to): (BranchName, Oid),
) -> Result<Moved, TreeError> {
    let current = repo.view()?;
    let mut known = known(last, &current);
    let found = current.get(&name).filter(|_| name.is_fixes());
    known.extend(found.map(|oid| (name.clone(), *oid)));
    let mut wanted = known.clone();
    wanted.insert(name, to);
    let outside = outside_changes(&known, &current, &wanted);
    if !outside.is_empty() {
        return Err(TreeError::Outside(outside));
    }
    let managed = managed(&current, &known, &wanted);
    let steps = changes(&managed, &wanted);
    repo.may_move(&steps)?;
    objects.flush()?;
    let plan = plan(repo, objects, &managed, &wanted)?;
    if steps.is_empty() {
        // A run that was interrupted may have left the work tree behind.
        carry_out(repo, objects, &[], Some(last.id), &steps, trees, plan)?;
        return Ok(Moved { changes: steps, left_alone: None });
    }
    let operation = |command: &str, view| {
        let (command, base) = (command.to_owned(), last.operation.base.clone());
        Operation { command, time: ws.now, base, view, restores: None }
    };
    let mut operations = Vec::new();
    // What people have committed is an operation of its own, so that an undo comes back to it.
    operations.extend((known != last.operation.view).then(|| operation(oplog::OUTSIDE, known)));
    operations.push(operation(&ws.command, wanted));
    let left_alone = carry_out(repo, objects, &operations, Some(last.id), &steps, trees, plan)?;
    Ok(Moved { changes: steps, left_alone })
}

/// Where an operation left the branches; those of fixes, to which people commit, as they stand now.
fn known(last: &Logged, current: &View) -> View {
    with_fixes(last.operation.view.clone(), current)
}

/// A view with the branches of fixes as they stand now.
fn with_fixes(mut view: View, current: &View) -> View {
    for name in [BranchName::fixes(), BranchName::next_fixes()] {
        if view.remove(&name).is_some() {
            view.extend(current.get(&name).map(|oid| (name, *oid)));
        }
    }
    view
}

/// Whether a branch stays where it is when topics are made anew: those of other commands, and of fixes.
fn stays(name: &BranchName, known: &View) -> bool {
    name.is_of_other_commands() || (name.is_fixes() && known.contains_key(name))
}

/// Branches that somebody else moved since the last operation, away from where they shall be.
fn outside_changes(known: &View, current: &View, wanted: &View) -> Vec<BranchName> {
    let moved = |name: &&BranchName| match current.get(*name) {
        None => false,
        now => now != known.get(*name) && now != wanted.get(*name),
    };
    let names = known.keys().chain(wanted.keys().filter(|name| !known.contains_key(*name)));
    names.filter(moved).cloned().collect()
}

/// Where the branches stand that are ours to move: those we made or shall make.
fn managed(current: &View, known: &View, wanted: &View) -> View {
    let ours = |name: &BranchName| known.contains_key(name) || wanted.contains_key(name);
    current.iter().filter(|(name, _)| ours(name)).map(|(name, oid)| (name.clone(), *oid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(entries: &[(&str, u8)]) -> View {
        entries.iter().map(|(name, n)| (name.parse().unwrap(), Oid::from_bytes([*n; 20]))).collect()
    }

    #[test]
    fn outside_changes_are_moves_by_others() {
        let known = view(&[("base", 1), ("topic/a/a", 2), ("topic/a/b", 3), ("topic/a/gone", 4)]);
        let current = view(&[("base", 1), ("topic/a/a", 9), ("topic/a/b", 7), ("topic/me/mine", 8)]);
        let wanted = view(&[("base", 1), ("topic/a/a", 5), ("topic/a/b", 7)]);
        let outside: Vec<_> = outside_changes(&known, &current, &wanted).iter().map(ToString::to_string).collect();
        assert_eq!(outside, ["topic/a/a"]);
        assert!(!managed(&current, &known, &wanted).contains_key(&"topic/me/mine".parse().unwrap()));
    }
}
