// SPDX-License-Identifier: GPL-2.0-only

//! The plan of `drm-rust-tip`: which commit of which branch of which tree, in the order of merging.

use std::collections::BTreeMap;

use serde::Serialize;

use super::remotes::{self, Remote};
use super::{Source, TreeName, Trees};
use crate::error::{Class, Explain};
use crate::git::{BranchName, GitError, Oid, Repo, damage};

/// References by full name, with the commits they name.
pub type Refs = BTreeMap<String, Oid>;

/// A branch that is to be merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The tree that it belongs to.
    pub tree: TreeName,
    /// Its name there.
    pub branch: BranchName,
    /// The reference that has it, or the revision that is pinned.
    pub reference: String,
    /// The commit.
    pub commit: Oid,
    /// Why another commit than the branch's is taken.
    pub pinned: Option<String>,
}

/// A tree, a branch or a pin is not in the repository.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Trees that no remote is.
    #[error("no remote is {}", .0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "))]
    NoRemote(Vec<(TreeName, String)>),
    /// A remote that leaves a branch out.
    #[error("the remote `{remote}` does not fetch {branch}")]
    NotFetched {
        /// The remote.
        remote: String,
        /// The branch.
        branch: BranchName,
    },
    /// A branch that is not there.
    #[error("the remote `{remote}` has no {branch}")]
    NoBranch {
        /// The remote.
        remote: String,
        /// The branch.
        branch: BranchName,
    },
    /// One of ours that is nowhere.
    #[error("there is no branch {0}")]
    NoOwn(BranchName),
    /// A pin that is not there.
    #[error("{tree} {branch} is pinned to `{pin}`, which is not in the repository")]
    NoPin {
        /// The tree.
        tree: TreeName,
        /// The branch.
        branch: BranchName,
        /// The pin.
        pin: String,
    },
}

impl Explain for PlanError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            PlanError::Git(error) => return error.hint(),
            PlanError::NoRemote(missing) => {
                let lines: Vec<_> = missing.iter().map(|(_, line)| line.as_str()).collect();
                format!("add and fetch them:\n{}\ngit -C linux fetch --all", lines.join("\n"))
            }
            PlanError::NotFetched { remote, branch } => {
                format!("git -C linux remote set-branches --add {remote} {branch} && git -C linux fetch {remote}")
            }
            PlanError::NoBranch { remote, .. } => {
                format!(
                    "git -C linux fetch {remote}; where the branch is gone, take it out of scripts/drm-rust/trees.toml"
                )
            }
            PlanError::NoOwn(_) => "`drm-rust tree` makes our branches".into(),
            PlanError::NoPin { .. } => "fetch it, or correct `pin` in scripts/drm-rust/trees.toml".into(),
        })
    }

    fn class(&self) -> Class {
        match self {
            PlanError::Git(error) => error.class(),
            _ => Class::Failed,
        }
    }
}

/// A branch that is to be merged, but is not in the repository.
#[derive(Debug)]
pub struct Missing {
    /// The tree that it belongs to.
    pub tree: TreeName,
    /// Its name there.
    pub branch: BranchName,
    /// Why; none where it may be missing.
    pub why: Option<PlanError>,
}

/// Finds the branches of the tip as far as they are there. `pin` tells which commit a pin names.
pub fn find(
    trees: &Trees,
    remotes: &[Remote],
    refs: &Refs,
    pin: impl Fn(&str) -> Result<Option<Oid>, GitError>,
) -> Result<(Vec<Step>, Vec<Missing>), GitError> {
    let (mut steps, mut missing) = (Vec::new(), Vec::new());
    for source in &trees.tip {
        let found = match locate(trees, remotes, refs, source) {
            Ok(Some((reference, commit))) => step(source, reference, commit, &pin).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let why = match found {
            Ok(Some(step)) => {
                steps.push(step);
                continue;
            }
            Ok(None) => None,
            Err(PlanError::Git(error)) => return Err(error),
            Err(error) => Some(error),
        };
        missing.push(Missing { tree: source.tree.clone(), branch: source.branch.clone(), why });
    }
    Ok((steps, missing))
}

/// Finds every branch of the tip.
pub fn plan(
    trees: &Trees,
    remotes: &[Remote],
    refs: &Refs,
    pin: impl Fn(&str) -> Result<Option<Oid>, GitError>,
) -> Result<Vec<Step>, PlanError> {
    let (steps, missing) = find(trees, remotes, refs, pin)?;
    let mut lacking: Vec<(TreeName, String)> = Vec::new();
    let mut first = None;
    for why in missing.into_iter().filter_map(|missing| missing.why) {
        match why {
            PlanError::NoRemote(lines) => lacking.extend(lines),
            error => first = first.or(Some(error)),
        }
    }
    lacking.sort();
    lacking.dedup();
    // Whoever sets up a clone wants to see all remotes that it lacks at once.
    let first = if lacking.is_empty() { first } else { Some(PlanError::NoRemote(lacking)) };
    first.map_or(Ok(steps), Err)
}

/// The reference of a branch and its commit; none where it is missing and may be.
fn locate(trees: &Trees, remotes: &[Remote], refs: &Refs, source: &Source) -> Result<Option<(String, Oid)>, PlanError> {
    let Source { tree: name, branch, optional, .. } = source;
    let found = |reference: String| refs.get(&reference).map(|commit| (reference.clone(), *commit));
    let is_ours = *name == trees.ours.tree;
    if let Some(own) = Some(branch.full()).filter(|_| is_ours).and_then(found) {
        return Ok(Some(own));
    }
    let tree = &trees.all[name];
    let remotes = remotes::of_tree(remotes, tree);
    let tracked = remotes.iter().filter_map(|remote| remote.tracks(branch));
    if let Some(tracked) = tracked.into_iter().find_map(found) {
        return Ok(Some(tracked));
    }
    let Some(remote) = remotes.first() else {
        return match (is_ours, optional) {
            (_, true) => Ok(None),
            (true, false) => Err(PlanError::NoOwn(branch.clone())),
            (false, false) => Err(PlanError::NoRemote(vec![(name.clone(), remotes::add_line(name, tree))])),
        };
    };
    let (remote, branch) = (remote.name.clone(), branch.clone());
    match (*optional, remotes.iter().any(|remote| remote.tracks(&branch).is_some())) {
        (true, _) => Ok(None),
        (false, true) => Err(PlanError::NoBranch { remote, branch }),
        (false, false) => Err(PlanError::NotFetched { remote, branch }),
    }
}

fn step(
    source: &Source,
    reference: String,
    commit: Oid,
    find: &impl Fn(&str) -> Result<Option<Oid>, GitError>,
) -> Result<Step, PlanError> {
    let (tree, branch) = (source.tree.clone(), source.branch.clone());
    let Some(pin) = &source.pin else {
        return Ok(Step { tree, branch, reference, commit, pinned: None });
    };
    let revision = pin.revision.clone();
    match find(&revision)? {
        Some(commit) => Ok(Step { tree, branch, reference: revision, commit, pinned: Some(pin.reason.clone()) }),
        None => Err(PlanError::NoPin { tree, branch, pin: revision }),
    }
}

/// Finds every branch of the tip in a repository.
pub fn look(trees: &Trees, repo: &Repo) -> Result<Vec<Step>, PlanError> {
    plan(trees, &repo.remotes()?, &refs(repo)?, |revision| repo.find_commit(revision))
}

/// Finds the branches of the tip in a repository as far as they are there.
pub fn look_around(trees: &Trees, repo: &Repo) -> Result<(Vec<Step>, Vec<Missing>), GitError> {
    find(trees, &repo.remotes()?, &refs(repo)?, |revision| repo.find_commit(revision))
}

/// Where one branch of a tree stands.
pub fn branch(trees: &Trees, repo: &Repo, tree: &TreeName, branch: BranchName) -> Result<Oid, PlanError> {
    let source = Source { tree: tree.clone(), branch, pin: None, optional: false };
    let found = locate(trees, &repo.remotes()?, &refs(repo)?, &source)?;
    Ok(found.expect("a branch that may not be missing is found, or an error").1)
}

/// The branches of a repository and of its remotes.
pub fn refs(repo: &Repo) -> Result<Refs, GitError> {
    let process = repo.git(["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/", "refs/remotes/"]);
    let mut refs = Refs::new();
    for line in damage::references(&process)? {
        let (oid, name) = line.split_once(' ').unwrap_or((&line, ""));
        refs.insert(name.to_owned(), repo.oid(&process, oid)?);
    }
    Ok(refs)
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::TEXT;
    use super::*;

    fn oid(n: u8) -> Oid {
        Oid::from_bytes([n; 20])
    }

    fn remote(name: &str, url: &str) -> Remote {
        let fetch = vec![format!("+refs/heads/*:refs/remotes/{name}/*")];
        Remote { name: name.into(), urls: vec![url.into()], fetch }
    }

    fn refs(list: &[(&str, u8)]) -> Refs {
        list.iter().map(|(name, n)| ((*name).to_owned(), oid(*n))).collect()
    }

    fn run(text: &str, remotes: &[Remote], list: &[(&str, u8)]) -> Result<Vec<(String, Oid)>, PlanError> {
        let trees = Trees::parse(text, "t").unwrap();
        let tag = |name: &str| Ok((name == "v9.9").then(|| oid(9)));
        let steps = plan(&trees, remotes, &refs(list), tag)?;
        Ok(steps.into_iter().map(|step| (step.reference, step.commit)).collect())
    }

    const FIXES: (&str, u8) = ("refs/remotes/upstream/drm-fixes", 1);
    const OURS: (&str, u8) = ("refs/heads/drm-rust-next", 2);

    #[test]
    fn remotes_are_found_by_url_whatever_their_names() {
        let drm = remote("upstream", "ssh://git@git.example/drm");
        let steps = run(TEXT, &[remote("other", "/srv/x"), drm.clone()], &[FIXES, OURS]).unwrap();
        assert_eq!(steps, [(FIXES.0.to_owned(), oid(1)), (OURS.0.to_owned(), oid(2))]);
        // Ours comes from a remote where there is no branch of that name.
        let rust = remote("rust", "https://git.example/rust/");
        let steps = run(TEXT, &[drm, rust], &[FIXES, ("refs/remotes/rust/drm-rust-next", 3)]).unwrap();
        assert_eq!(steps[1].1, oid(3));
    }

    #[test]
    fn of_two_remotes_the_one_that_has_the_branch_is_taken() {
        let two = [remote("old", "https://git.example/drm"), remote("upstream", "git@git.example:drm")];
        assert_eq!(run(TEXT, &two, &[FIXES, OURS]).unwrap()[0].0, FIXES.0);
    }

    #[test]
    fn a_pin_takes_the_place_of_the_branch() {
        let pinned = TEXT.replacen("\"drm-fixes\"", "\"drm-fixes\"\npin = 'v9.9'\nwhy = 'because'", 1);
        let drm = [remote("upstream", "https://git.example/drm.git")];
        assert_eq!(run(&pinned, &drm, &[FIXES, OURS]).unwrap()[0], ("v9.9".into(), oid(9)));
        let error = run(&pinned.replacen("v9.9", "v9.8", 1), &drm, &[FIXES, OURS]).unwrap_err();
        assert_eq!(error.to_string(), "drm drm-fixes is pinned to `v9.8`, which is not in the repository");
    }

    #[test]
    fn what_is_missing_is_told_with_the_way_to_get_it() {
        let error = run(TEXT, &[], &[OURS]).unwrap_err();
        assert_eq!(error.to_string(), "no remote is drm");
        assert!(error.hint().unwrap().contains("\ngit -C linux remote add drm https://git.example/drm.git\n"));
        let drm = [remote("upstream", "https://git.example/drm.git")];
        assert_eq!(run(TEXT, &drm, &[OURS]).unwrap_err().to_string(), "the remote `upstream` has no drm-fixes");
        let part = [Remote { fetch: vec!["refs/heads/a:refs/remotes/upstream/a".into()], ..drm[0].clone() }];
        let error = run(TEXT, &part, &[OURS]).unwrap_err();
        assert_eq!(error.to_string(), "the remote `upstream` does not fetch drm-fixes");
        assert!(error.hint().unwrap().contains("set-branches --add upstream drm-fixes"));
        assert_eq!(run(TEXT, &drm, &[FIXES]).unwrap_err().to_string(), "there is no branch drm-rust-next");
        let (steps, missing) = find(&Trees::parse(TEXT, "t").unwrap(), &[], &refs(&[OURS]), |_| Ok(None)).unwrap();
        assert_eq!((steps.len(), missing.len(), missing[0].branch.as_str()), (1, 1, "drm-fixes"));
        let optional = format!("{TEXT}optional = true\n");
        assert_eq!(run(&optional, &drm, &[FIXES]).unwrap().len(), 1);
    }
}
