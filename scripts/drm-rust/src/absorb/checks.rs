// SPDX-License-Identifier: GPL-2.0-only

//! What must hold before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::Group;
use super::series::{self, Series, Starts};
use super::write::Writes;
use super::{AbsorbError, Job, Planned};
use crate::git::objects::Objects;
use crate::git::treeobj;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::topic::additions::Additions;
use crate::topic::{Problem, Topics, manifest_path, validate};
use crate::tree::build::{self, Input};

impl Job<'_> {
    /// The rules of manifests and overlay, for what shall be there.
    pub(super) fn validate(&self, before: &[String], planned: &Planned, groups: &[Group]) -> Result<(), AbsorbError> {
        let mut there: BTreeSet<String> = before.iter().cloned().collect();
        for file in self.gone(planned) {
            there.remove(&file);
        }
        there.extend(planned.owners.keys().cloned());
        let new = there.iter().filter(|file| !before.contains(file));
        let mut problems = self.ignored(new)?;
        let there: Vec<String> = there.iter().cloned().collect();
        problems.splice(0..0, validate::validate(&planned.topics, &there));
        if problems.is_empty() {
            return Ok(());
        }
        let own = manifest_path(&self.options.topic);
        for problem in problems.iter_mut().filter(|problem| problem.file == own) {
            let rest = problem.key.strip_prefix("patch[").and_then(|rest| rest.split_once(']'));
            let found = rest.and_then(|(n, key)| Some((groups.get(n.parse::<usize>().ok()?)?, key)));
            if let Some((group, key)) = found {
                let key = key.trim_start_matches('.').to_owned();
                (problem.file, problem.key) = (group.cite.clone(), key);
            }
        }
        Err(AbsorbError::Invalid(self.branch.clone(), problems))
    }

    /// Files that git would not take into this repository.
    fn ignored<'b>(&self, new: impl Iterator<Item = &'b String>) -> Result<Vec<Problem>, AbsorbError> {
        let paths: String = new.map(|path| format!("{path}\0")).collect();
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let process = Repo::at(&self.ws.root).git(["check-ignore", "-z", "--stdin"]).input(paths);
        let output = process.output().map_err(GitError::from)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let problem = |path: &str| Problem {
            file: path.to_owned(),
            key: String::new(),
            message: "this repository ignores files of that name".into(),
            hint: "`git check-ignore -v` tells which rule does".into(),
        };
        Ok(text.split('\0').filter(|path| !path.is_empty()).map(problem).collect())
    }

    fn input<'b>(&'b self, topics: &'b Topics, additions: &'b Additions) -> Input<'b> {
        Input {
            repo: &self.repo,
            base: self.last.operation.base.commit,
            topics,
            merger: &self.trees.ours.identity,
            may_merge: false,
            additions,
        }
    }

    /// Where the branch stands, the new patches must give exactly its trees.
    pub(super) fn check(
        &self,
        objects: &mut Objects,
        series: &Series,
        groups: &[Group],
        planned: &Planned,
    ) -> Result<(), AbsorbError> {
        let input = self.input(&planned.topics, &planned.additions);
        let built = build::on(&input, objects, &self.options.topic, series.start)?;
        let trees: Vec<Oid> = groups.iter().map(|group| group.tree).collect();
        let mut made = Vec::new();
        for commit in &built.commits {
            made.push(objects.tree_of(*commit)?);
        }
        if made == trees && made.last().copied().unwrap_or(series.start_tree) == series.tree() {
            Ok(())
        } else {
            Err(AbsorbError::Check(self.branch.to_string()))
        }
    }

    /// Whatever would be written over must be what the branch was made from, or what it shall be.
    pub(super) fn keeps_changes(
        &self,
        objects: &mut Objects,
        starts: &Starts,
        writes: &Writes,
    ) -> Result<(), AbsorbError> {
        let known = self.known();
        let trees = [self.made.get(&BranchName::next()).copied(), known].into_iter().flatten();
        let trees = trees.map(|commit| objects.tree_of(commit)).collect::<Result<Vec<_>, _>>()?;
        let mut changed = Vec::new();
        for path in writes.files.keys().chain(&writes.gone) {
            let Some(found) = self.on_disk(path)? else {
                // What is there is no regular file: a folder that empties may be.
                let below = format!("{path}/");
                let empties = writes.gone.iter().any(|gone| gone.starts_with(&below));
                if self.ws.root.join(path).symlink_metadata().is_ok() && !empties {
                    changed.push(path.clone());
                }
                continue;
            };
            let mut is_made = false;
            for tree in &trees {
                let entry = treeobj::lookup(objects, *tree, path)?;
                let was = entry.map(|(mode, oid)| objects.blob(oid).map(|data| (mode, data))).transpose()?;
                is_made |= was.as_ref() == Some(&found);
            }
            if !is_made {
                changed.push(path.clone());
            }
        }
        if writes.manifest.is_some() && !self.manifest_made(objects, starts, known)? {
            changed.push(manifest_path(&self.options.topic));
        }
        if changed.is_empty() { Ok(()) } else { Err(AbsorbError::Changed(changed)) }
    }

    /// What the manifest's patches add in the commits that the program made last; none where these are other ones.
    pub(super) fn made_additions(
        &self,
        objects: &mut Objects,
        starts: &Starts,
    ) -> Result<Option<Additions>, AbsorbError> {
        let Some(known) = self.known() else { return Ok(None) };
        let series = series::read(objects, &self.branch, known, starts, &BTreeMap::new())?;
        let patches = &self.manifest().patches;
        if series.commits.len() != patches.len() {
            return Ok(None);
        }
        let mut additions = Additions::default();
        for (i, (patch, commit)) in patches.iter().zip(&series.commits).enumerate() {
            for file in &patch.files {
                let Some((mode, oid)) = treeobj::lookup(objects, commit.tree, file)? else { return Ok(None) };
                additions.insert(&self.options.topic, i, file, (mode, objects.blob(oid)?));
            }
        }
        Ok(Some(additions))
    }

    /// Whether the manifest that is there gives the branch as it was made last.
    fn manifest_made(&self, objects: &mut Objects, starts: &Starts, known: Option<Oid>) -> Result<bool, AbsorbError> {
        let Some(known) = known else { return Ok(false) };
        let Some(additions) = self.made_additions(objects, starts)? else { return Ok(false) };
        let series = series::read(objects, &self.branch, known, starts, &BTreeMap::new())?;
        let input = self.input(&self.topics, &additions);
        let built = build::on(&input, objects, &self.options.topic, series.start);
        Ok(built.is_ok_and(|built| built.tip() == known))
    }
}
