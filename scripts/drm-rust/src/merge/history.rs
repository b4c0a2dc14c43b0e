// SPDX-License-Identifier: GPL-2.0-only

//! Merge bases along a chain of merges that is not in the repository yet, for all branches at once.
//!
//! Git is asked twice: for a common ancestor of everything, and for the commits that are not in its history. What
//! a branch and the chain have in common follows from these: the chain's history is that of all its parts.

use std::collections::{HashMap, HashSet};

use crate::git::{GitError, Oid, Repo, damage};

/// A part of the history: all commits that are not in the history of the common ancestor.
#[derive(Clone, Debug)]
pub struct History {
    common: Oid,
    parents: HashMap<Oid, Vec<Oid>>,
    inside: HashSet<Oid>,
}

impl History {
    /// A history of these commits with their parents, above an ancestor that all of them have.
    pub fn new(common: Oid, commits: impl IntoIterator<Item = (Oid, Vec<Oid>)>) -> Self {
        History { common, parents: commits.into_iter().collect(), inside: HashSet::new() }
    }

    /// Reads the history that some commits do not have in common; none if they have nothing in common.
    pub fn load(repo: &Repo, tips: &[Oid]) -> Result<Option<History>, GitError> {
        let tips = tips.iter().map(ToString::to_string);
        let process = repo.git(["merge-base", "--octopus"]).args(tips.clone());
        let lines = damage::answer(&process)?.lines();
        let Some(common) = lines.first() else { return Ok(None) };
        let common = repo.oid(&process, common)?;
        let process = repo.git(["rev-list", "--parents"]).args(tips).args(["--not", &common.to_string()]);
        let mut commits = Vec::new();
        for line in process.run()?.lines() {
            let mut ids = line.split(' ').map(|id| repo.oid(&process, id)).collect::<Result<Vec<_>, _>>()?;
            let parents = ids.split_off(1);
            commits.push((ids[0], parents));
        }
        Ok(Some(History::new(common, commits)))
    }

    /// Puts a commit and its history into the chain.
    pub fn add(&mut self, commit: Oid) {
        let mut todo = vec![commit];
        while let Some(commit) = todo.pop() {
            if let Some(parents) = self.parents.get(&commit)
                && self.inside.insert(commit)
            {
                todo.extend(parents);
            }
        }
    }

    /// Whether the chain has a commit already.
    pub fn contains(&self, commit: Oid) -> bool {
        !self.parents.contains_key(&commit) || self.inside.contains(&commit)
    }

    /// All merge bases of the chain and a commit that it does not contain.
    pub fn bases(&self, commit: Oid) -> Vec<Oid> {
        // Whatever they have in common is below the first commits of the chain that are met.
        let mut met = HashSet::new();
        self.walk(vec![commit], |commit| {
            let stop = commit == self.common || self.contains(commit);
            if stop && (commit == self.common || self.inside.contains(&commit)) {
                met.insert(commit);
            }
            !stop
        });
        if met.len() > 1 {
            let mut below = HashSet::new();
            let start = met.iter().filter_map(|commit| self.parents.get(commit)).flatten().copied().collect();
            self.walk(start, |commit| {
                below.insert(commit);
                true
            });
            met.retain(|commit| !below.contains(commit));
        }
        let mut bases: Vec<Oid> = met.into_iter().collect();
        bases.sort_unstable();
        bases
    }

    /// Visits commits and, where `visit` agrees, their parents, each once.
    fn walk(&self, mut todo: Vec<Oid>, mut visit: impl FnMut(Oid) -> bool) {
        let mut seen: HashSet<Oid> = todo.iter().copied().collect();
        while let Some(commit) = todo.pop() {
            if visit(commit) {
                let parents = self.parents.get(&commit).into_iter().flatten();
                todo.extend(parents.filter(|parent| seen.insert(**parent)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::commit::Commit;
    use crate::git::objects::Objects;
    use crate::git::pack::Kind;

    fn oid(n: u8) -> Oid {
        Oid::from_bytes([n; 20])
    }

    /// 0 is common to all; commits with their parents.
    fn history(commits: &[(u8, &[u8])]) -> History {
        History::new(oid(0), commits.iter().map(|(n, parents)| (oid(*n), parents.iter().map(|n| oid(*n)).collect())))
    }

    #[test]
    fn branches_of_one_commit() {
        let mut history = history(&[(1, &[0]), (2, &[1]), (3, &[0])]);
        history.add(oid(0));
        assert_eq!(history.bases(oid(2)), [oid(0)]);
        history.add(oid(1));
        assert_eq!((history.contains(oid(1)), history.contains(oid(2))), (true, false));
        assert_eq!(history.bases(oid(2)), [oid(1)]);
        assert_eq!(history.bases(oid(3)), [oid(0)]);
        assert!(history.contains(oid(99)), "what is not known is below the common ancestor");
    }

    #[test]
    fn several_bases() {
        // 3 and 4 merge 1 and 2 crosswise.
        let mut history = history(&[(1, &[0]), (2, &[0]), (3, &[1, 2]), (4, &[2, 1]), (5, &[3, 0, 9])]);
        history.add(oid(3));
        assert_eq!(history.bases(oid(4)), [oid(1), oid(2)]);
        assert_eq!(history.bases(oid(5)), [oid(3)]);
    }

    /// Writes commits whose parents are given by numbers, and a root that all of them stand on.
    fn write(repo: &Repo, graph: &[Vec<usize>]) -> Vec<Oid> {
        let mut objects = Objects::new(repo);
        let tree = objects.write(Kind::Tree, Vec::new());
        let mut ids: Vec<Oid> = Vec::new();
        for (n, parents) in std::iter::once(&Vec::new()).chain(graph).enumerate() {
            let mut parents: Vec<Oid> = parents.iter().map(|p| ids[p % n]).collect();
            parents.dedup();
            let author = "A <a@b.example>".parse().unwrap();
            let commit = Commit { tree, parents, author, date: n as i64, message: format!("{n}\n") };
            ids.push(objects.write_commit(&commit));
        }
        objects.flush().unwrap();
        ids
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(25))]

        #[test]
        fn bases_are_gits(
            graph in prop::collection::vec(prop::collection::vec(0usize..100, 1..4), 2..14),
            chain in prop::collection::vec(0usize..100, 2..6),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let repo = Repo::at(dir.path());
            repo.init("main").unwrap();
            let ids = write(&repo, &graph);
            let tips: Vec<Oid> = chain.iter().map(|n| ids[n % ids.len()]).collect();
            let mut history = History::load(&repo, &tips).unwrap().unwrap();
            let mut objects = Objects::new(&repo);
            let mut head = tips[0];
            history.add(head);
            for &tip in &tips[1..] {
                let process = repo.git(["merge-base", "--all", &head.to_string(), &tip.to_string()]);
                let mut gits: Vec<Oid> =
                    process.run().unwrap().lines().iter().map(|line| line.parse().unwrap()).collect();
                gits.sort_unstable();
                prop_assert_eq!(history.contains(tip), gits == [tip]);
                if !history.contains(tip) {
                    prop_assert_eq!(history.bases(tip), gits);
                    let author = "A <a@b.example>".parse().unwrap();
                    let tree = objects.tree_of(head).unwrap();
                    let (parents, message) = (vec![head, tip], "x\n".to_owned());
                    head = objects.write_commit(&Commit { tree, parents, author, date: 99, message });
                    objects.flush().unwrap();
                    history.add(tip);
                }
            }
        }
    }
}
