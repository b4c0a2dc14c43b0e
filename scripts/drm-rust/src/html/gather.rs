// SPDX-License-Identifier: GPL-2.0-only

//! Reads what the page shows.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{Data, Missing, Part, Waiting, checks, igt, kunit, picture, registry, topics, when};
use crate::forward;
use crate::kernel::arch::ARCHES;
use crate::kernel::variant::Variant;
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

/// The build folders of all architectures and variants, each with the architecture.
fn folders() -> impl Iterator<Item = (&'static str, String)> {
    ARCHES.iter().flat_map(|arch| {
        let suffixes = Variant::NAMED.iter().map(|(_, variant)| variant.suffix());
        suffixes.map(|suffix| (arch.name, suffix.map_or(arch.name.into(), |suffix| format!("{}-{suffix}", arch.name))))
    })
}

/// A file of results, and when it was written; none where there is no such file.
fn read<T: DeserializeOwned>(path: &Path) -> Option<Part<(Timestamp, T)>> {
    let text = fs::read(path).ok()?;
    let time = fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let time = time.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or_default();
    let damaged =
        |error| Missing::new(format!("{} is damaged: {error}", path.display()), "the next run writes it again");
    Some(serde_json::from_slice(&text).map(|report| (time, report)).map_err(damaged))
}

fn kunit(build: &Path) -> Part<kunit::Matrix> {
    let mut found = Vec::new();
    let mut lacking = Vec::new();
    let mut is_damaged = false;
    for (arch, name) in folders() {
        match read(&build.join(&name).join("kunit.json")) {
            Some(Ok((time, report))) => found.push(kunit::Found { name, time, report }),
            Some(Err(missing)) => {
                is_damaged = true;
                lacking.push(kunit::Lacking { name, missing });
            }
            None if name == arch => {
                let missing = Missing::new("no results", format!("`drm-rust test {name}`"));
                lacking.push(kunit::Lacking { name, missing });
            }
            None => {}
        }
    }
    if found.is_empty() && !is_damaged {
        return Err(Missing::new("No run of KUnit has left results.", "`drm-rust test` runs it on UML"));
    }
    Ok(kunit::matrix(&found, lacking))
}

fn igt(build: &Path) -> Part<igt::Igt> {
    let mut found = Vec::new();
    let mut damaged = Vec::new();
    for (_, kernel) in folders() {
        let entries = fs::read_dir(build.join(&kernel).join("igt")).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        for report in paths.iter().filter_map(|path| read(path)) {
            match report {
                Ok((time, report)) => found.push(igt::Found { kernel: kernel.clone(), time, report }),
                Err(missing) => damaged.push(missing),
            }
        }
    }
    if found.is_empty() && damaged.is_empty() {
        let hint = "`drm-rust igt --driver rvkms --compare vkms` runs it";
        return Err(Missing::new("No run of IGT has left results.", hint));
    }
    Ok(igt::view(&found, damaged))
}
