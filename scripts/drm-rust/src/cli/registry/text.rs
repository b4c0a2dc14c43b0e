// SPDX-License-Identifier: GPL-2.0-only

//! What `drm-rust registry` says to people.

use serde::Serialize;

use drm_rust::registry::lock::{Change, Lock};
use drm_rust::registry::look::{Look, Note};
use drm_rust::registry::model::{Kind, Relevance, by_file};
use drm_rust::registry::next::Next;
use drm_rust::registry::proof::{Proof, Tested};
use drm_rust::registry::status::Status;
use drm_rust::registry::verify::{Checked, Lie};

use super::super::status::counted;

/// A line for each area.
pub(super) fn list(rows: &[&Checked<'_>]) -> String {
    let owner = |checked: &Checked<'_>| checked.row.owner.clone().unwrap_or_else(|| "-".into());
    let width = rows.iter().map(|checked| checked.row.area.len()).max().unwrap_or(0);
    let owners = rows.iter().map(|checked| owner(checked).len()).max().unwrap_or(0);
    let line = |checked: &&Checked<'_>| {
        let row = checked.row;
        let relevance = row.relevance.map_or("-", Relevance::name);
        let word = row.source.as_ref().map_or("-", |source| &source.status).to_lowercase();
        let is_gone = row.source.as_ref().is_some_and(|source| source.gone);
        let word = if is_gone {
            "(gone)"
        } else if word.is_empty() {
            "-"
        } else {
            &word
        };
        let topics: Vec<&str> = row.topics.iter().map(|topic| topic.as_str()).collect();
        let line = format!(
            "{:width$}  {:8}  {word:12}  {:owners$}  {relevance:9}  {}",
            row.area,
            checked.status,
            owner(checked),
            topics.join(", ")
        );
        line.trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// All that is known of an area.
pub(super) fn show(checked: &Checked<'_>, lies: &[Lie]) -> String {
    let row = checked.row;
    let mut text = format!("{}: {}\n", row.area, checked.status);
    let mut field = |key: &str, value: &str| {
        if !value.is_empty() {
            text += &format!("  {key:10} {value}\n");
        }
    };
    if let Some(source) = &row.source {
        field("registry", format!("{} {}", source.name, source.task).trim_end());
        field("said", if source.gone { "nothing any more: the row is gone" } else { &source.status });
        field("author", &source.author);
        field("git", &source.git);
        field("list", &source.list);
        field("based on", &source.base);
    }
    field("kind", if row.kind == Kind::Driver { "a driver of this tree" } else { "" });
    field("owner", row.owner.as_deref().unwrap_or_default());
    field("relevance", row.relevance.map_or("", Relevance::name));
    field("size", &row.size.map_or(String::new(), |size| format!("{size:?}")));
    field("headers", &row.headers.join(" "));
    field("requires", &row.requires.join(", "));
    for (path, items) in by_file(&row.evidence) {
        field("base has", &format!("{path}: {}", items.join(", ")));
    }
    for topic in &row.topics {
        field("topic", topic.as_str());
    }
    for (path, items) in by_file(&row.carried) {
        field("carried", &format!("{path}: {}", items.join(", ")));
    }
    field("lacks", &row.lacks);
    field("beyond", &row.beyond);
    for test in &checked.tested {
        field(test.kind, &format!("{}: {}", test.name, test.proof));
    }
    if checked.tested.is_empty() {
        field("tests", "none");
    }
    for lie in lies.iter().filter(|lie| lie.area == row.area) {
        field("untrue", &format!("{}: {}", lie.key, lie.message));
    }
    text
}

/// A line for each area that could be next.
pub(super) fn next(list: &[Next<'_>]) -> String {
    let width = list.iter().map(|next| next.area.len()).max().unwrap_or(0);
    let line = |next: &Next<'_>| {
        let relevance = next.relevance.map_or("-", Relevance::name);
        let size = next.size.map_or("-".into(), |size| format!("{size:?}"));
        let partial = match &next.partial[..] {
            [] => String::new(),
            areas => format!("  stands on parts of {}", areas.join(", ")),
        };
        let (area, count) = (next.area, next.dependents);
        format!("{area:width$}  {:7}  needed by {count:2}  {relevance:9}  {size}{partial}\n", next.status)
    };
    list.iter().map(line).collect()
}

/// How many areas have which status.
pub(super) fn sum(found: &Look<'_>) -> String {
    let count = |status| found.now.status.values().filter(|found| **found == status).count();
    let counts: Vec<String> = Status::ALL.iter().map(|status| format!("{} {status}", count(*status))).collect();
    let rows = counted(found.now.status.len(), "area", "");
    format!("{rows}: {}, with Linux {}\n", counts.join(", "), found.now.base)
}

/// A line for each area whose status is another one.
pub(super) fn changed(changes: &[Change]) -> String {
    changes.iter().map(|one| format!("changed   {}\n", change(one))).collect()
}

/// A row whose status is not what it was.
pub(super) fn change(change: &Change) -> String {
    let name = |status: Option<Status>| status.map_or("-", Status::name);
    format!("{}: {} -> {}", change.area, name(change.old), name(change.new))
}

/// The same, and since when.
pub(super) fn since(changes: &[Change], known: &Lock, now: &Lock) -> String {
    if *known == Lock::default() {
        return "no status is written down yet: `drm-rust registry render` does so\n".into();
    }
    let hint = "`drm-rust registry render` writes it down";
    let since = format!("          since Linux {}; {hint}\n", known.base);
    let is_same = changes.is_empty() && known.base == now.base;
    changed(changes) + if is_same { "" } else { &since }
}

/// A line for each run that does not count.
pub(super) fn notes(notes: &[Note]) -> String {
    let line = |note: &Note| format!("ignored   {}: {}; {}\n", note.run, note.message, note.hint);
    notes.iter().map(line).collect()
}

/// Tests of a row that no run has.
#[derive(Serialize)]
pub(super) struct Unproven<'a> {
    area: &'a str,
    tests: Vec<&'a Tested>,
}

impl<'a> Unproven<'a> {
    pub(super) fn of(checked: &'a Checked<'_>) -> Option<Self> {
        let tests: Vec<&Tested> = checked.tested.iter().filter(|test| test.proof == Proof::Unproven).collect();
        (!tests.is_empty()).then_some(Unproven { area: &checked.row.area, tests })
    }

    pub(super) fn line(&self) -> String {
        let tests: Vec<String> = self.tests.iter().map(|test| format!("{} {}", test.kind, test.name)).collect();
        format!("unproven  {}: {}\n", self.area, tests.join(", "))
    }
}
