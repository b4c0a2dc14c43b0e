// SPDX-License-Identifier: GPL-2.0-only

//! What must hold before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::Group;
use super::series::{self, Series, Starts};
use super::write::Writes;
use super::{AbsorbError, Job, Planned};
use crate::git::objects::Objects;
use crate::git::treeobj;
use crate::git::{GitError, Oid, Repo};
use crate::topic::overlay::{self, Pending};
use crate::topic::{Problem, Topics, manifest_path, validate};
use crate::tree::build::{self, Input};

impl Job<'_> {
    /// The rules of manifests and overlay, for what shall be there.
    pub(super) fn validate(
        &self,
        topics: &Topics,
        files: &Pending,
        writes: &Writes,
        groups: &[Group],
    ) -> Result<(), AbsorbError> {
        let mut there: BTreeSet<String> = overlay::list(&self.ws.root)?.into_iter().collect();
        there.retain(|path| !writes.gone.contains(path));
        there.extend(files.keys().cloned());
        let mut problems = validate::validate(topics, &there.into_iter().collect::<Vec<_>>());
        problems.extend(self.ignored(writes)?);
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
    fn ignored(&self, writes: &Writes) -> Result<Vec<Problem>, AbsorbError> {
        let paths: String = writes.files.keys().map(|path| format!("{path}\0")).collect();
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

    fn input<'b>(&'b self, topics: &'b Topics, pending: &'b Pending) -> Input<'b> {
        Input {
            repo: &self.repo,
            root: &self.ws.root,
            base: self.last.operation.base.commit,
            topics,
            merger: &self.trees.ours.identity,
            may_merge: false,
            pending,
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
        let input = self.input(&planned.topics, &planned.files);
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
        planned: &Planned,
    ) -> Result<(), AbsorbError> {
        let known = self.known();
        let tree = known.map(|known| objects.tree_of(known)).transpose()?;
        let mut changed = Vec::new();
        for path in planned.writes.files.keys().chain(&planned.writes.gone) {
            let Some(found) = self.on_disk(path)? else {
                // What is there is no regular file: a folder that empties may be.
                let below = format!("{path}/");
                let empties = planned.writes.gone.iter().any(|gone| gone.starts_with(&below));
                if self.ws.root.join(path).symlink_metadata().is_ok() && !empties {
                    changed.push(path.clone());
                }
                continue;
            };
            let entry = tree.map(|tree| treeobj::lookup(objects, tree, path)).transpose()?.flatten();
            let was = entry.map(|(mode, oid)| objects.blob(oid).map(|data| (mode, data))).transpose()?;
            if was.as_ref() != Some(&found) {
                changed.push(path.clone());
            }
        }
        if planned.writes.manifest.is_some() && !self.manifest_made(objects, starts, known)? {
            changed.push(manifest_path(&self.options.topic));
        }
        if changed.is_empty() { Ok(()) } else { Err(AbsorbError::Changed(changed)) }
    }

    /// Whether the manifest that is there gives the branch as it was made last.
    fn manifest_made(&self, objects: &mut Objects, starts: &Starts, known: Option<Oid>) -> Result<bool, AbsorbError> {
        let Some(known) = known else { return Ok(false) };
        let tree = objects.tree_of(known)?;
        let mut files = Pending::new();
        for path in self.manifest().files() {
            let Some((mode, oid)) = treeobj::lookup(objects, tree, path)? else { return Ok(false) };
            files.insert(path.to_owned(), (mode, objects.blob(oid)?));
        }
        let series = series::read(objects, &self.branch, known, starts, &BTreeMap::new())?;
        let input = self.input(&self.topics, &files);
        let built = build::on(&input, objects, &self.options.topic, series.start);
        Ok(built.is_ok_and(|built| built.tip() == known))
    }
}
