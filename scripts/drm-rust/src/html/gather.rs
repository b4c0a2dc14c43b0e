// SPDX-License-Identifier: GPL-2.0-only

//! Reads what the page shows.

use std::fs;
use std::path::Path;

use super::{Data, Missing, Part, checks, forward, igt, kunit, picture, registry, topics, when};
use crate::latest::{self, Damaged, IsCurrent, Present};
use crate::registry::look;
use crate::tree::{load_topics, status};
use crate::workspace::Workspace;

/// Gathers everything that is there. What is not there says how to get it.
pub fn gather(ws: &Workspace) -> Data {
    // Where the branch cannot be read, nothing is of its tree.
    let mut present = Present::of(&ws.linux()).ok();
    let mut is_current = |tree| present.as_mut().is_some_and(|present| present.has(tree));
    Data {
        made: when(ws.now),
        tree: tree(ws),
        waiting: forward::load(ws),
        kunit: kunit(&ws.build(), &mut is_current),
        igt: igt(&ws.build(), &mut is_current),
        checks: checks::load(ws),
        registry: registry(ws),
        picture: fs::read(ws.build().join("demo/frame.png"))
            .map_err(|_| Missing::new("There is no picture of rvkms.", "`make demo` draws it"))
            .and_then(|png| picture::of(&png)),
    }
}

fn tree(ws: &Workspace) -> Part<topics::Tree> {
    let status = status::status(ws).map_err(|error| Missing::of(&error))?;
    let manifests = load_topics(ws).map_err(|error| Missing::of(&error))?;
    Ok(topics::view(&status, &manifests))
}

fn registry(ws: &Workspace) -> Part<registry::Registry> {
    let registry = look::load(ws).map_err(|error| Missing::of(&error))?;
    let look = look::look(ws, &registry).map_err(|error| Missing::of(&error))?;
    Ok(registry::view(&look))
}

/// What cannot be read.
fn damaged(damaged: Damaged) -> Missing {
    Missing::new(format!("{} is damaged: {}", damaged.file, damaged.error), "the next run writes it again")
}

fn kunit(build: &Path, is_current: IsCurrent<'_>) -> Part<kunit::Matrix> {
    let mut found = Vec::new();
    let mut lacking = Vec::new();
    for result in latest::kunit(build, is_current) {
        match result {
            Ok(run) => found.push(run),
            Err(error) => lacking.push(kunit::Lacking { name: error.kernel.clone(), missing: damaged(error) }),
        }
    }
    if found.is_empty() && lacking.is_empty() {
        return Err(Missing::new("No run of KUnit has left results.", "`drm-rust test` runs it on UML"));
    }
    for (name, _) in latest::kernels().filter(|(_, plain)| *plain) {
        if !found.iter().any(|run| run.kernel == name) && !lacking.iter().any(|lacking| lacking.name == name) {
            let missing = Missing::new("no results", format!("`drm-rust test {name}`"));
            lacking.push(kunit::Lacking { name, missing });
        }
    }
    Ok(kunit::matrix(&found, lacking))
}

fn igt(build: &Path, is_current: IsCurrent<'_>) -> Part<igt::Igt> {
    let mut unread = Vec::new();
    let found: Vec<_> = latest::igt(build, is_current)
        .into_iter()
        .filter_map(|run| run.map_err(|error| unread.push(damaged(error))).ok())
        .collect();
    if found.is_empty() && unread.is_empty() {
        let hint = "`drm-rust igt --driver rvkms --compare vkms` runs it";
        return Err(Missing::new("No run of IGT has left results.", hint));
    }
    Ok(igt::view(&found, unread))
}
