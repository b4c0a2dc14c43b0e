// SPDX-License-Identifier: GPL-2.0-only

//! Other people's repositories: what they have, fetching one reference, pushing several or none.

use std::collections::BTreeMap;

use super::{GitError, Oid, Repo};
use crate::error::{Class, Explain};

/// The ways to a repository that git may take. Others run programs of their own.
pub const PROTOCOLS: &str = "https:http:ssh:git:file";
/// Those that a mail may name: none that reads files of this machine.
pub const PUBLIC_PROTOCOLS: &str = "https:ssh:git";

/// One reference of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The full name of the reference there.
    pub name: String,
    /// What it stands at there; none where it must not exist.
    pub old: Option<Oid>,
    /// What it shall stand at.
    pub new: Oid,
}

/// A push that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Git failed before anything was sent.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The other side, or git on this one, refused.
    #[error("{remote} takes nothing of it:\n{}", .lines.join("\n"))]
    Refused {
        /// The remote.
        remote: String,
        /// What was said.
        lines: Vec<String>,
    },
    /// Somebody else was faster.
    #[error("{name} has moved on {remote} meanwhile")]
    Moved {
        /// The remote.
        remote: String,
        /// The reference.
        name: String,
    },
    /// Nobody knows what the other side has.
    #[error("the connection to {remote} was lost, and it does not answer:\n{said}")]
    Lost {
        /// The remote.
        remote: String,
        /// What git said.
        said: String,
    },
}

impl PushError {
    /// Whether the other side is known to have nothing of the push.
    pub fn is_settled(&self) -> bool {
        !matches!(self, PushError::Lost { .. })
    }
}

impl Explain for PushError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            PushError::Git(error) => return error.hint(),
            PushError::Refused { .. } => {
                "nothing has changed there. Whoever runs the remote can tell why its rules or hooks refuse".into()
            }
            PushError::Moved { .. } => "nothing has changed there. Run the command again: it looks anew".into(),
            PushError::Lost { .. } => "run the command again when the remote answers: it finds out what it has".into(),
        })
    }

    fn class(&self) -> Class {
        match self {
            PushError::Git(error) => error.class(),
            _ => Class::Failed,
        }
    }
}

impl Repo {
    /// The references of another repository that fit patterns: what they name, tags not peeled.
    pub fn remote_refs(&self, url: &str, patterns: &[String]) -> Result<BTreeMap<String, Oid>, GitError> {
        let process = self.git(["ls-remote", "--refs", "--end-of-options", url]).args(patterns);
        let mut refs = BTreeMap::new();
        for line in process.env("GIT_ALLOW_PROTOCOL", PROTOCOLS).run()?.lines() {
            // Anything else is what the transport says for people.
            if let Some((oid, name)) = line.split_once('\t') {
                refs.insert(name.to_owned(), self.oid(&self.git(["ls-remote", url]), oid)?);
            }
        }
        Ok(refs)
    }

    /// Fetches one reference of another repository, a URL or a remote, into one of this one, and nothing else.
    ///
    /// The caller holds the [lock](crate::lock::Lock) under which alone `to` is written.
    pub fn fetch_ref(&self, url: &str, from: &str, to: &str, protocols: &str) -> Result<(), GitError> {
        // A fetch waits for the other side, so it is killed together with its caller and may leave its lock behind.
        // One that still ran would hold the caller's lock.
        let path = self.git(["rev-parse", "--git-path", &format!("{to}.lock")]).run()?.text();
        let _ = std::fs::remove_file(self.top().join(path));
        let options =
            ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap="];
        let process = self.git(options).args(["--end-of-options", url, &format!("+{from}:{to}")]);
        // What a stranger sends is looked at before it is kept.
        process.settings(["-c", "fetch.fsckObjects=true"]).env("GIT_ALLOW_PROTOCOL", protocols).run()?;
        Ok(())
    }

    /// Changes all references of a push or none, if each stands where it is expected to.
    ///
    /// `url` is where `remote` pushes to. Whether a branch may be set back is the caller's to decide.
    pub fn push(&self, remote: &str, url: &str, pushes: &[Push]) -> Result<(), PushError> {
        let leases = pushes.iter().map(|push| {
            let old = push.old.map(|old| old.to_string()).unwrap_or_default();
            format!("--force-with-lease={}:{old}", push.name)
        });
        let specs = pushes.iter().map(|push| format!("{}:{}", push.new, push.name));
        let options = ["push", "--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no"];
        let process = self.git(options).args(leases).args(["--end-of-options", remote]).args(specs);
        let output = process.env("GIT_ALLOW_PROTOCOL", PROTOCOLS).detached().ended().map_err(GitError::from)?;
        if output.code == 0 {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        // Only the other side knows how far it came.
        let names: Vec<String> = pushes.iter().map(|push| push.name.clone()).collect();
        let Ok(refs) = self.remote_refs(url, &names) else {
            return Err(PushError::Lost { remote: remote.to_owned(), said });
        };
        let has = |push: &Push| refs.get(&push.name).copied();
        if pushes.iter().all(|push| has(push) == Some(push.new)) {
            return Ok(());
        }
        if let Some(push) = pushes.iter().find(|push| has(push) != push.old) {
            return Err(PushError::Moved { remote: remote.to_owned(), name: push.name.clone() });
        }
        let refused = output.lines().into_iter().filter_map(|line| line.strip_prefix("!\t").map(str::to_owned));
        let refused = refused.map(|line| line.rsplit('\t').next().unwrap_or_default().to_owned());
        let mut lines: Vec<String> = refused.filter(|line| !line.contains("atomic")).collect();
        lines.dedup();
        lines.extend(said.lines().map(str::to_owned));
        Err(PushError::Refused { remote: remote.to_owned(), lines })
    }
}
