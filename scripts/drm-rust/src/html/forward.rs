// SPDX-License-Identifier: GPL-2.0-only

//! What waits to be forwarded: a row for each branch.

use super::summary::State;
use super::{Missing, Part, counted};
use crate::forward::waiting::{self, Waiting};
use crate::git::BranchName;
use crate::review::{self, Report};
use crate::workspace::Workspace;

/// A check that `forward` makes.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub status: &'static str,
    /// Each finding.
    pub details: Vec<String>,
}

/// The pull request that would be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The branch that takes it.
    pub to: String,
    /// The subjects of the patches.
    pub patches: Vec<String>,
    /// The tag that it names.
    pub tag: String,
    /// The mail.
    pub mail: String,
    /// The checks.
    pub gates: Vec<Gate>,
}

impl Request {
    /// The number of its patches.
    pub fn count(&self) -> String {
        counted(self.patches.len(), "patch")
    }

    /// The checks that do not pass.
    pub fn failed(&self) -> impl Iterator<Item = &Gate> {
        self.gates.iter().filter(|gate| gate.status == review::Status::Fail.name())
    }
}

/// A branch that can be offered.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// What waits on it.
    pub request: Part<Request>,
}

/// How much waits on all branches.
pub fn summary(branches: &[Branch]) -> (String, State) {
    let waiting = branches.iter().flat_map(|branch| &branch.request).map(|request| request.patches.len()).sum();
    (counted(waiting, "patch"), State::Plain)
}

/// Looks at the branches of `linux/`.
pub fn load(ws: &Workspace) -> Vec<Branch> {
    let request = |branch: &BranchName| match waiting::waiting(ws, branch) {
        Ok(Some(waiting)) => Ok(request(waiting)),
        Ok(None) => Err(Missing::new("linux/ has no such branch.", "")),
        Err(error) => Err(Missing::of(&error)),
    };
    let branch = |branch: BranchName| Branch { request: request(&branch), name: branch.to_string() };
    waiting::branches().into_iter().map(branch).collect()
}

fn request(waiting: Waiting) -> Request {
    Request {
        to: waiting.to.to_string(),
        patches: waiting.patches,
        tag: waiting.request.tag,
        mail: waiting.request.mail,
        gates: waiting.reports.into_iter().map(gate).collect(),
    }
}

fn gate(report: Report) -> Gate {
    Gate { name: report.check, status: report.status.name(), details: report.details }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_of_all_branches_wait() {
        let gate = |status| Gate { name: "kunit", status, details: Vec::new() };
        let branch = |patches: &[&str], status| {
            let patches = patches.iter().map(|patch| (*patch).to_owned()).collect();
            let (to, tag, mail) = ("drm-next".into(), String::new(), String::new());
            let request = Ok(Request { to, patches, tag, mail, gates: vec![gate("pass"), gate(status)] });
            Branch { name: "drm-rust-next".into(), request }
        };
        let none = Branch { name: "drm-rust-fixes".into(), request: Err(Missing::new("none", "")) };
        let branches = [branch(&["a", "b"], "fail"), branch(&["c"], "warn"), none];
        assert_eq!(summary(&branches), ("3 patches".into(), State::Plain));
        let failed: Vec<_> = branches.iter().flat_map(|b| &b.request).map(|r| r.failed().count()).collect();
        assert_eq!(failed, [1, 0]);
    }
}
