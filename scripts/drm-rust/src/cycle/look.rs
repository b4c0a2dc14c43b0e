// SPDX-License-Identifier: GPL-2.0-only

//! What a repository knows of the cycle: tags, and where commits are.

use jiff::Timestamp;

use super::release::Release;
use super::route::{Fault, Place};
use super::{Cycle, CycleError, Phase};
use crate::git::message;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::neighbours::{TreeName, Trees, plan};

/// A release and when it was tagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The release.
    pub release: Release,
    /// When.
    pub date: Timestamp,
}

/// Linus's newest tag.
pub fn newest(repo: &Repo) -> Result<Tagged, CycleError> {
    let tags = releases(repo, &[])?;
    tags.into_iter().next_back().ok_or_else(|| CycleError::NoTags(repo.top().display().to_string()))
}

/// Linus's tags that have a commit, oldest release first.
pub fn containing(repo: &Repo, commit: Oid) -> Result<Vec<Release>, GitError> {
    let tags = releases(repo, &["--contains".to_owned(), commit.to_string()])?;
    Ok(tags.into_iter().map(|tag| tag.release).collect())
}

/// Linus's newest tag in the history of a commit.
pub fn newest_in(repo: &Repo, commit: Oid) -> Result<Option<Release>, CycleError> {
    let tags = releases(repo, &["--merged".to_owned(), commit.to_string()])?;
    Ok(tags.into_iter().next_back().map(|tag| tag.release))
}

/// The branches that linux-next takes, and those of ours that they follow: fixes of what drm-next has go before
/// features as long as there are some.
pub fn linux_next(repo: &Repo) -> Result<Vec<(BranchName, BranchName)>, CycleError> {
    let name = |text: &str| text.parse::<BranchName>().expect("it is a branch");
    let source = if is_ahead(repo)? { name("drm-rust-next-fixes") } else { BranchName::next() };
    let mut branches = vec![(name("for-linux-next"), source)];
    let fixes = name("drm-rust-fixes");
    if repo.find_commit(&fixes.full())?.is_some() {
        branches.push((name("for-linux-next-fixes"), fixes));
    }
    Ok(branches)
}

/// The branch of drm that takes a branch of ours at this time.
pub fn receiver(repo: &Repo, branch: &BranchName) -> Result<BranchName, CycleError> {
    // What drm-next had before -rc1 is Linus's since then, and so are its fixes.
    let is_late = *branch == BranchName::next_fixes() && Phase::of(newest(repo)?.release) == Phase::Open;
    let name = if *branch == BranchName::fixes() || is_late { "drm-fixes" } else { "drm-next" };
    Ok(name.parse().expect("it is a branch"))
}

/// The branches that have a commit, by the full names of their references.
pub fn branches_containing(repo: &Repo, commit: Oid) -> Result<Vec<String>, GitError> {
    let contains = ["for-each-ref", "--format=%(refname)", "--contains", &commit.to_string()];
    Ok(repo.git(contains).args(["refs/heads/", "refs/remotes/"]).run()?.lines())
}

fn releases(repo: &Repo, args: &[String]) -> Result<Vec<Tagged>, GitError> {
    let format = "--format=%(creatordate:unix) %(refname:lstrip=2)";
    let process = repo.git(["for-each-ref", format]).args(args).arg("refs/tags/v*");
    let lines = process.run()?.lines();
    let tags = lines.iter().filter_map(|line| {
        let (date, name) = line.split_once(' ')?;
        let date = Timestamp::from_second(date.parse().ok()?).ok()?;
        Some(Tagged { release: name.parse().ok()?, date })
    });
    let mut tags: Vec<Tagged> = tags.collect();
    tags.sort_by_key(|tag| tag.release);
    Ok(tags)
}

/// Where the cycle stands, by the newest tag of a repository or another one.
pub fn cycle(repo: &Repo, newest: Release) -> Result<Cycle, GitError> {
    Ok(Cycle::at(newest, is_ahead(repo)?))
}

/// Whether drm-rust-next-fixes has what drm-rust-fixes lacks.
fn is_ahead(repo: &Repo) -> Result<bool, GitError> {
    let find = |name: &str| repo.find_commit(&format!("refs/heads/{name}"));
    match (find("drm-rust-next-fixes")?, find("drm-rust-fixes")?) {
        (Some(next_fixes), Some(fixes)) => Ok(!repo.is_ancestor(next_fixes, fixes)?),
        (next_fixes, _) => Ok(next_fixes.is_some()),
    }
}

/// The commits that a patch fixes, and where they are.
pub struct Finder<'a> {
    repo: &'a Repo,
    trees: &'a Trees,
    linus: Option<Oid>,
    ours: Option<Oid>,
}

impl<'a> Finder<'a> {
    /// Looks in a repository.
    pub fn new(repo: &'a Repo, trees: &'a Trees) -> Result<Self, CycleError> {
        let master: BranchName = "master".parse().expect("it is a branch");
        let name: TreeName = "linus".parse().expect("it is a name");
        let known = trees.all.contains_key(&name);
        let linus = if known { plan::branch(trees, repo, &name, master).ok() } else { None };
        // Without his branch, his newest tag will do.
        let linus = match linus {
            Some(linus) => Some(linus),
            None => match newest(repo) {
                Ok(tag) => repo.find_commit(&format!("refs/tags/{}", tag.release))?,
                Err(_) => None,
            },
        };
        let ours = plan::branch(trees, repo, &trees.ours.tree, BranchName::next()).ok();
        Ok(Finder { repo, trees, linus, ours })
    }

    /// The commits that these trailers name.
    pub fn faults(&self, trailers: &[(String, String)]) -> Result<Vec<Fault>, CycleError> {
        let fixes = trailers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("fixes"));
        fixes.map(|(_, value)| self.fault(value)).collect()
    }

    fn fault(&self, value: &str) -> Result<Fault, CycleError> {
        let id = message::loose_id(value).ok_or_else(|| CycleError::Cite(shown(value)))?;
        match self.repo.find_id(&id)? {
            Some(commit) => {
                Ok(Fault { cite: self.repo.cited(&commit.to_string())?.cite(), place: self.place(commit)? })
            }
            None => Ok(Fault { cite: format!("`{}`", shown(value)), place: Place::Nowhere }),
        }
    }

    fn place(&self, commit: Oid) -> Result<Place, CycleError> {
        let is_in = |branch: Option<Oid>| branch.map_or(Ok(false), |branch| self.repo.is_ancestor(commit, branch));
        if is_in(self.linus)? {
            return Ok(Place::Linus);
        }
        let drm_next: BranchName = "drm-next".parse().expect("it is a branch");
        let drm_next = plan::branch(self.trees, self.repo, &self.trees.ours.upstream, drm_next)?;
        Ok(match (is_in(Some(drm_next))?, is_in(self.ours)?) {
            (true, true) => Place::DrmNext,
            (true, false) => Place::Upstream,
            (false, true) => Place::Ours,
            (false, false) => Place::Elsewhere,
        })
    }
}

/// A value without what a terminal would obey.
fn shown(value: &str) -> String {
    value.replace(char::is_control, "?")
}

/// Whether a patch asks for stable kernels.
pub fn is_for_stable(trailers: &[(String, String)]) -> bool {
    let stable = ["stable@vger.kernel.org", "stable@kernel.org"];
    trailers.iter().any(|(key, value)| key.eq_ignore_ascii_case("cc") && stable.iter().any(|to| value.contains(to)))
}
