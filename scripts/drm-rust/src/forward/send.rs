// SPDX-License-Identifier: GPL-2.0-only

//! Tagging, pushing and sending a pull request.
//!
//! `refs/drm-rust/forwarding` keeps the tag from before it is pushed until the other side is known to have it;
//! `refs/drm-rust/forwarded` keeps the last one that it has.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Draft, ForwardError, check_state, compose_as, gates, write};
use crate::cycle::look;
use crate::git::refs::Change;
use crate::git::remote::Push;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::lock::Lock;
use crate::neighbours::target::Target;
use crate::process::Process;
use crate::publish::tag;
use crate::report::{Reporter, Unit};
use crate::review::{self, Overrides, Report};
use crate::tree::{PATIENCE, TreeError};
use crate::workspace::{Receiver, Trees, Workspace};

const PENDING: &str = "refs/drm-rust/forwarding";
const DONE: &str = "refs/drm-rust/forwarded";

/// What a forward came to.
pub struct Forwarded {
    /// What was checked.
    pub reports: Vec<Report>,
    /// The mail; none where a check does not pass.
    pub draft: Option<Draft>,
    /// The branches that linux-next takes, and where they stand now.
    pub pushed: Vec<(BranchName, Oid)>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Makes and pushes the tag, and writes the mail, if every check passes. What was pushed already is not pushed again.
pub fn forward(
    ws: &Workspace,
    release: Option<&str>,
    overrides: &Overrides,
    reporter: &dyn Reporter,
) -> Result<Forwarded, ForwardError> {
    let _lock = Lock::take(&ws.lock(), PATIENCE).map_err(TreeError::from)?;
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let repo = ws.linux();
    let (base, status) = check_state(ws)?;
    let target = Target::find(&trees, &repo, &trees.ours.tree)?;
    Job { ws, trees: &trees, repo, target, base, release }.run(&status, overrides, reporter)
}

struct Job<'a> {
    ws: &'a Workspace,
    trees: &'a Trees,
    repo: Repo,
    target: Target,
    base: Oid,
    release: Option<&'a str>,
}

impl Job<'_> {
    fn run(
        &self,
        status: &crate::tree::status::Status,
        overrides: &Overrides,
        reporter: &dyn Reporter,
    ) -> Result<Forwarded, ForwardError> {
        let next = self.repo.commit(&BranchName::next().full())?;
        let stem = BranchName::next();
        reporter.begin(&format!("asking {}", self.target.remote), None, Unit::Items);
        let patterns = [format!("refs/tags/{stem}-*"), "refs/heads/for-linux-next*".to_owned()];
        let remote = self.repo.remote_refs(&self.target.url, &patterns)?;
        reporter.end();
        let notes: Vec<String> = self.settle(&remote)?.into_iter().collect();
        let mut done = Forwarded { reports: Vec::new(), draft: None, pushed: Vec::new(), notes };
        if let Some((tag, _)) = self.record(DONE)?.filter(|(_, commit)| *commit == next) {
            done.notes.push(format!("{tag} is pushed already"));
            done.draft = Some(self.again(&tag)?);
            return Ok(done);
        }
        done.reports = gates::look(self.ws, self.trees, status, (self.base, next), overrides)?;
        if !review::failed(&done.reports).is_empty() {
            return Ok(done);
        }
        let name = tag::free(&self.repo, stem.as_str(), self.ws.now, remote.keys().map(String::as_str))?;
        let overridden = review::overridden(&done.reports);
        let composed = compose_as(self.ws, self.base, self.release, (&name, &overridden))?;
        let branches = self.linux_next(&remote)?;
        let is_signed = overrides.reason("signature").is_none();
        let tag = tag::make(&self.repo, &name, next, &composed.message, is_signed)?;
        done.draft = Some(write(self.ws, composed)?);
        self.push(&name, tag, &branches, reporter)?;
        let place = |push: &Push| Some((push.name.strip_prefix("refs/heads/")?.parse().ok()?, push.new));
        done.pushed = branches.iter().filter_map(place).collect();
        Ok(done)
    }

    /// The tag that a record keeps, and its commit.
    fn record(&self, reference: &str) -> Result<Option<(String, Oid)>, GitError> {
        let process = self.repo.git(["for-each-ref", "--format=%(tag) %(*objectname)", reference]);
        let text = process.run()?.text();
        let Some((name, commit)) = text.split_once(' ') else { return Ok(None) };
        Ok(Some((name.to_owned(), self.repo.oid(&process, commit)?)))
    }

    fn object(&self, reference: &str) -> Result<Option<Oid>, GitError> {
        let process = self.repo.git(["rev-parse", "--verify", "--quiet", "--end-of-options", reference]);
        let output = process.output()?;
        if output.code == 0 { self.repo.oid(&process, &output.text()).map(Some) } else { Ok(None) }
    }

    /// Finds out what became of a run that was interrupted.
    fn settle(&self, remote: &BTreeMap<String, Oid>) -> Result<Option<String>, ForwardError> {
        let (Some((name, _)), Some(tag)) = (self.record(PENDING)?, self.object(PENDING)?) else { return Ok(None) };
        if remote.get(&tag::reference(&name)) == Some(&tag) {
            self.finish(tag)?;
            return Ok(Some(format!("{name} was interrupted, but has arrived")));
        }
        self.take_back(&name, tag)?;
        Ok(Some(format!("{name} was interrupted and has not arrived: it is taken back")))
    }

    fn finish(&self, tag: Oid) -> Result<(), GitError> {
        let changes = [
            Change { name: PENDING.into(), old: Some(tag), new: None },
            Change { name: DONE.into(), old: self.object(DONE)?, new: Some(tag) },
        ];
        self.repo.update_refs(&changes, &self.reason())
    }

    fn take_back(&self, name: &str, tag: Oid) -> Result<(), GitError> {
        let full = tag::reference(name);
        let mut changes = vec![Change { name: PENDING.into(), old: Some(tag), new: None }];
        if self.object(&full)? == Some(tag) {
            changes.push(Change { name: full, old: Some(tag), new: None });
        }
        self.repo.update_refs(&changes, &self.reason())
    }

    fn reason(&self) -> String {
        format!("drm-rust: {}", self.ws.command)
    }

    /// The mail of a tag that is there already.
    fn again(&self, tag: &str) -> Result<Draft, ForwardError> {
        let path = self.ws.build().join("forward").join(format!("{tag}.eml"));
        if let Ok(mail) = std::fs::read_to_string(&path) {
            return Ok(Draft { mail, path, tag: tag.to_owned() });
        }
        let reference = tag::reference(tag);
        let format = "--format=%(contents:subject)%0a%0a%(contents:body)";
        let said = self.repo.git(["for-each-ref", format, &reference]).run().map_err(GitError::from)?.text();
        let overridden = said.find(review::OVERRIDDEN).map(|at| said[at..].to_owned()).unwrap_or_default();
        write(self.ws, compose_as(self.ws, self.base, self.release, (tag, &overridden))?)
    }

    /// What linux-next takes at this time. These branches follow others, wherever those go.
    fn linux_next(&self, remote: &BTreeMap<String, Oid>) -> Result<Vec<Push>, ForwardError> {
        let mut pushes = Vec::new();
        for (branch, source) in look::linux_next(&self.repo)? {
            self.target.allows(self.trees, &branch)?;
            let (name, new) = (branch.full(), self.repo.commit(&source.full())?);
            let old = remote.get(&name).copied();
            if old != Some(new) {
                pushes.push(Push { name, old, new });
            }
        }
        Ok(pushes)
    }

    fn push(&self, name: &str, tag: Oid, branches: &[Push], reporter: &dyn Reporter) -> Result<(), ForwardError> {
        let made = |name: &str| Change { name: name.to_owned(), old: None, new: Some(tag) };
        let full = tag::reference(name);
        self.repo.update_refs(&[made(&full), made(PENDING)], &self.reason())?;
        let mut pushes = branches.to_vec();
        pushes.push(Push { name: full, old: None, new: tag });
        reporter.begin(&format!("pushing to {}", self.target.remote), None, Unit::Items);
        let pushed = self.repo.push(&self.target.remote, &self.target.url, &pushes);
        reporter.end();
        match pushed {
            Ok(()) => Ok(self.finish(tag)?),
            Err(error) => {
                if error.is_settled() {
                    self.take_back(name, tag)?;
                }
                Err(error.into())
            }
        }
    }
}

/// The command that sends a mail as it is, to those whom it names.
pub fn command(ws: &Workspace, receiver: &Receiver, mail: &Path) -> Process {
    let to = receiver.to.iter().map(|to| format!("--to={to}"));
    let cc = receiver.cc.iter().map(|cc| format!("--cc={cc}"));
    let options = ["send-email", "--confirm=never", "--suppress-cc=all", "--no-validate", "--8bit-encoding=UTF-8"];
    Repo::at(&ws.root).git(options).args(to).args(cc).arg(mail)
}

/// Sends a mail with `git send-email`.
pub fn send(ws: &Workspace, mail: &Path) -> Result<(), ForwardError> {
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let process = command(ws, &trees.drm_next, mail);
    match process.run_attached().map_err(GitError::from)? {
        0 => Ok(()),
        code => Err(ForwardError::Send { code, command: process.command_line() }),
    }
}

/// The command line that sends a mail.
pub fn command_line(ws: &Workspace, mail: &Path) -> Result<String, ForwardError> {
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    Ok(command(ws, &trees.drm_next, mail).command_line())
}

/// Everything that a pull request needs, without the mail being written: what `forward --dry-run` tells.
pub fn look(ws: &Workspace, overrides: &Overrides) -> Result<Vec<Report>, ForwardError> {
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let (base, status) = check_state(ws)?;
    let next = ws.linux().commit(&BranchName::next().full())?;
    gates::look(ws, &trees, &status, (base, next), overrides)
}
