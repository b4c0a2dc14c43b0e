// SPDX-License-Identifier: GPL-2.0-only

//! Reads what the page shows.

use std::fs;
use std::path::Path;

use super::{Data, Missing, Part, Waiting, checks, igt, kunit, picture, registry, topics, when};
use crate::forward;
use crate::latest::{self, Damaged};
use crate::registry::look;
use crate::tree::{load_topics, status};
use crate::workspace::Workspace;

/// Gathers everything that is there. What is not there says how to get it.
pub fn gather(ws: &Workspace) -> Data {
    let draft = forward::compose(ws, None).map_err(|error| Missing::of(&error));
    Data {
        made: when(ws.now),
        tree: tree(ws),
        waiting: draft.map(|draft| Waiting { tag: draft.tag, mail: draft.mail }),
        kunit: kunit(&ws.build()),
        igt: igt(&ws.build()),
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

fn kunit(build: &Path) -> Part<kunit::Matrix> {
    let mut found = Vec::new();
    let mut lacking = Vec::new();
    for result in latest::kunit(build) {
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

fn igt(build: &Path) -> Part<igt::Igt> {
    let mut unread = Vec::new();
    let found: Vec<_> = latest::igt(build)
        .into_iter()
        .filter_map(|run| run.map_err(|error| unread.push(damaged(error))).ok())
        .collect();
    if found.is_empty() && unread.is_empty() {
        let hint = "`drm-rust igt --driver rvkms --compare vkms` runs it";
        return Err(Missing::new("No run of IGT has left results.", hint));
    }
    Ok(igt::view(&found, unread))
}
