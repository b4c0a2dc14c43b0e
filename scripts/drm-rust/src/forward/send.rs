// SPDX-License-Identifier: GPL-2.0-only

//! Tagging, pushing and sending a pull request.
//!
//! `refs/drm-rust/forwarding` keeps the tag from before it is pushed until the other side is known to have it;
//! `refs/drm-rust/forwarded` keeps the last one that it has. For a branch of fixes they end in `-BRANCH`.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Draft, ForwardError, Offer, compose_as, draft, gates, write};
use crate::cycle::look;
use crate::git::refs::Change;
use crate::git::remote::Push;
use crate::git::tag::TagObject;
use crate::git::{BranchName, GitError, Oid, Repo, damage};
use crate::neighbours::target::Target;
use crate::process::Process;
use crate::publish::tag;
use crate::pull::place::Place;
use crate::report::{Reporter, Unit};
use crate::review::{self, Overrides, Report};
use crate::tree::TreeError;
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
/// Without a branch of fixes, it is about drm-rust-next of `linux/`.
pub fn forward(
    ws: &Workspace,
    fixes: Option<&BranchName>,
    release: Option<&str>,
    overrides: &Overrides,
    reporter: &dyn Reporter,
) -> Result<Forwarded, ForwardError> {
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let (_place, offer) = open(ws, &trees, fixes, release)?;
    let target = Target::find(&trees, &offer.repo, &trees.ours.tree)?;
    Job { ws, trees: &trees, target, offer: &offer }.run(overrides, reporter)
}

/// Takes the repository, and looks what is offered.
fn open<'a>(
    ws: &'a Workspace,
    trees: &Trees,
    fixes: Option<&BranchName>,
    release: Option<&str>,
) -> Result<(Place<'a>, Offer), ForwardError> {
    let place = Place::open(ws)?;
    let offer = match fixes {
        Some(branch) => Offer::fixes(place.repo(), trees, branch, release)?,
        None => Offer::next(ws, trees, release)?,
    };
    Ok((place, offer))
}

struct Job<'a> {
    ws: &'a Workspace,
    trees: &'a Trees,
    target: Target,
    offer: &'a Offer,
}

impl Job<'_> {
    fn run(&self, overrides: &Overrides, reporter: &dyn Reporter) -> Result<Forwarded, ForwardError> {
        let Offer { repo, branch, tip, .. } = self.offer;
        reporter.begin(&format!("asking {}", self.target.remote), None, Unit::Items);
        let patterns = [format!("refs/tags/{branch}-*"), "refs/heads/for-linux-next*".to_owned(), branch.full()];
        let remote = repo.remote_refs(&self.target.url, &patterns)?;
        reporter.end();
        let notes: Vec<String> = self.settle(&remote)?.into_iter().collect();
        let mut done = Forwarded { reports: Vec::new(), draft: None, pushed: Vec::new(), notes };
        if let Some((tag, _)) = self.record(&self.done())?.filter(|(_, commit)| commit == tip) {
            done.notes.push(format!("{tag} is pushed already"));
            done.draft = Some(self.again(&tag)?);
            return Ok(done);
        }
        done.reports = gates::look(self.ws, self.trees, self.offer, overrides)?;
        if !review::failed(&done.reports).is_empty() {
            return Ok(done);
        }
        let name = tag::free(repo, branch.as_str(), self.ws.now, remote.keys().map(String::as_str))?;
        let overridden = review::overridden(&done.reports);
        let composed = compose_as(self.ws, self.trees, self.offer, (&name, &overridden))?;
        let branches = self.branches(&remote)?;
        let is_signed = overrides.reason("signature").is_none();
        let tag = tag::make(repo, &name, *tip, &composed.message, is_signed)?;
        done.draft = Some(write(self.ws, composed)?);
        self.push(&name, tag, &branches, reporter)?;
        let place = |push: &Push| Some((push.name.strip_prefix("refs/heads/")?.parse().ok()?, push.new));
        done.pushed = branches.iter().filter_map(place).collect();
        Ok(done)
    }

    /// The reference of a record; each branch of fixes has its own.
    fn reference(&self, stem: &str) -> String {
        match self.offer.branch.is_fixes() {
            true => format!("{stem}-{}", self.offer.branch),
            false => stem.to_owned(),
        }
    }

    fn pending(&self) -> String {
        self.reference(PENDING)
    }

    fn done(&self) -> String {
        self.reference(DONE)
    }

    /// The tag that a record keeps, and its commit.
    fn record(&self, reference: &str) -> Result<Option<(String, Oid)>, GitError> {
        let process = self.offer.repo.git(["for-each-ref", "--format=%(tag) %(*objectname)", reference]);
        let text = process.run()?.text();
        let Some((name, commit)) = text.split_once(' ') else { return Ok(None) };
        Ok(Some((name.to_owned(), self.offer.repo.oid(&process, commit)?)))
    }

    fn object(&self, reference: &str) -> Result<Option<Oid>, GitError> {
        let process = self.offer.repo.git(["rev-parse", "--verify", "--quiet", "--end-of-options", reference]);
        let output = damage::answer(&process)?;
        if output.code == 0 { self.offer.repo.oid(&process, &output.text()).map(Some) } else { Ok(None) }
    }

    /// Finds out what became of a run that was interrupted.
    fn settle(&self, remote: &BTreeMap<String, Oid>) -> Result<Option<String>, ForwardError> {
        let (Some((name, _)), Some(tag)) = (self.record(&self.pending())?, self.object(&self.pending())?) else {
            return Ok(None);
        };
        if remote.get(&tag::reference(&name)) == Some(&tag) {
            self.finish(tag)?;
            return Ok(Some(format!("{name} was interrupted, but has arrived")));
        }
        self.take_back(&name, tag)?;
        Ok(Some(format!("{name} was interrupted and has not arrived: it is taken back")))
    }

    fn finish(&self, tag: Oid) -> Result<(), GitError> {
        let changes = [
            Change { name: self.pending(), old: Some(tag), new: None },
            Change { name: self.done(), old: self.object(&self.done())?, new: Some(tag) },
        ];
        self.offer.repo.update_refs(&changes, &self.reason())
    }

    fn take_back(&self, name: &str, tag: Oid) -> Result<(), GitError> {
        let full = tag::reference(name);
        let mut changes = vec![Change { name: self.pending(), old: Some(tag), new: None }];
        if self.object(&full)? == Some(tag) {
            changes.push(Change { name: full, old: Some(tag), new: None });
        }
        self.offer.repo.update_refs(&changes, &self.reason())
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
        // The tag that was pushed: another one may have its name by now.
        let object = self.offer.repo.git(["cat-file", "tag", &self.done()]).run().map_err(GitError::from)?.stdout;
        let said = TagObject::parse(&object).map(|tag| tag.message).unwrap_or_default();
        let overridden = said.find(review::OVERRIDDEN).map(|at| said[at..].to_owned()).unwrap_or_default();
        write(self.ws, compose_as(self.ws, self.trees, self.offer, (tag, &overridden))?)
    }

    /// The branches that are pushed with the tag: what linux-next takes at this time, and a branch of fixes itself.
    fn branches(&self, remote: &BTreeMap<String, Oid>) -> Result<Vec<Push>, ForwardError> {
        let Offer { repo, branch, tip, .. } = self.offer;
        let is_fixes = branch.is_fixes();
        let mut places = Vec::new();
        if is_fixes {
            self.is_not_behind(remote.get(&branch.full()).copied())?;
            places.push((branch.clone(), *tip));
        }
        // Branches of linux-next follow others, wherever those go; fixes move what follows them alone.
        for (name, source) in look::linux_next(repo)?.into_iter().filter(|(_, source)| !is_fixes || source == branch) {
            places.push((name, repo.commit(&source.full())?));
        }
        let mut pushes = Vec::new();
        for (branch, new) in places {
            self.target.allows(self.trees, &branch)?;
            let (name, old) = (branch.full(), remote.get(&branch.full()).copied());
            if old != Some(new) {
                pushes.push(Push { name, old, new });
            }
        }
        Ok(pushes)
    }

    /// A branch of fixes there that has more than ours would lose it.
    fn is_not_behind(&self, before: Option<Oid>) -> Result<(), ForwardError> {
        let Offer { repo, branch, tip, .. } = self.offer;
        let Some(commit) = before else { return Ok(()) };
        if repo.find_commit(&commit.to_string())?.is_some() && repo.is_ancestor(commit, *tip)? {
            return Ok(());
        }
        Err(ForwardError::Behind { branch: branch.clone(), remote: self.target.remote.clone(), commit })
    }

    fn push(&self, name: &str, tag: Oid, branches: &[Push], reporter: &dyn Reporter) -> Result<(), ForwardError> {
        let made = |name: &str| Change { name: name.to_owned(), old: None, new: Some(tag) };
        let full = tag::reference(name);
        self.offer.repo.update_refs(&[made(&full), made(&self.pending())], &self.reason())?;
        let mut pushes = branches.to_vec();
        pushes.push(Push { name: full, old: None, new: tag });
        reporter.begin(&format!("pushing to {}", self.target.remote), None, Unit::Items);
        let pushed = self.offer.repo.push(&self.target.remote, &self.target.url, &pushes);
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

/// Writes the mail, and makes the checks that `forward` would make; no branch and no tag changes.
pub fn look(
    ws: &Workspace,
    fixes: Option<&BranchName>,
    release: Option<&str>,
    overrides: &Overrides,
) -> Result<(Draft, Vec<Report>), ForwardError> {
    let trees = Trees::load(&ws.data("trees.toml")).map_err(TreeError::from)?;
    let (_place, offer) = open(ws, &trees, fixes, release)?;
    let composed = draft(ws, &trees, &offer)?;
    Ok((composed, gates::look(ws, &trees, &offer, overrides)?))
}
