// SPDX-License-Identifier: GPL-2.0-only

//! What a newer version of the upstream registry changes.

use std::collections::HashSet;

use serde::Serialize;

use super::model::{Kind, Registry, Source};
use super::pair::pair;
use super::table::Entry;
use crate::error::Explain;

/// A field that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its key in `source`.
    pub key: &'static str,
    /// What it was.
    pub old: String,
    /// What it is.
    pub new: String,
}

/// What happens to a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Added {
        /// The name that it gets.
        area: String,
        /// The table that it stands in.
        kind: Kind,
        /// What it says.
        source: Source,
    },
    /// The upstream registry has dropped it. Ours keeps it, marked as gone.
    Removed {
        /// The row.
        area: String,
    },
    /// It says something else.
    Changed {
        /// The row.
        area: String,
        /// What is different.
        fields: Vec<Field>,
    },
}

/// What a newer version changes.
pub fn diff(registry: &Registry, entries: &[Entry]) -> Vec<Change> {
    let pairs = pair(registry, entries);
    let mut changes = Vec::new();
    for (i, row) in registry.rows.iter().enumerate() {
        let Some(source) = &row.source else { continue };
        match pairs.iter().position(|pair| *pair == Some(i)) {
            None if !source.gone => changes.push(Change::Removed { area: row.area.clone() }),
            None => {}
            Some(entry) => {
                let fields = fields(source, &entries[entry].source);
                if !fields.is_empty() {
                    changes.push(Change::Changed { area: row.area.clone(), fields });
                }
            }
        }
    }
    let mut taken: HashSet<String> = registry.rows.iter().map(|row| row.area.clone()).collect();
    for (entry, _) in entries.iter().zip(&pairs).filter(|(_, pair)| pair.is_none()) {
        let area = name(&entry.source, &taken);
        taken.insert(area.clone());
        changes.push(Change::Added { area, kind: entry.kind, source: entry.source.clone() });
    }
    changes
}

/// More rows go than a newer version is likely to drop.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{gone} of {all} rows would be marked as gone")]
pub struct Vanish {
    /// Rows that go.
    pub gone: usize,
    /// Rows that were there.
    pub all: usize,
}

impl Explain for Vanish {
    fn hint(&self) -> Option<String> {
        Some("look at them with --dry-run: is the file complete? --force takes it as it is".into())
    }
}

/// Refuses changes by which more than a quarter of the rows go.
pub fn plausible(registry: &Registry, changes: &[Change]) -> Result<(), Vanish> {
    let all = registry.rows.iter().filter_map(|row| row.source.as_ref()).filter(|source| !source.gone).count();
    let gone = changes.iter().filter(|change| matches!(change, Change::Removed { .. })).count();
    if gone * 4 > all { Err(Vanish { gone, all }) } else { Ok(()) }
}

/// The fields in which two versions of a row differ.
pub(super) fn fields(old: &Source, new: &Source) -> Vec<Field> {
    let gone = |source: &Source| if source.gone { "true".to_owned() } else { String::new() };
    let all = [
        ("name", old.name.clone(), new.name.clone()),
        ("status", old.status.clone(), new.status.clone()),
        ("author", old.author.clone(), new.author.clone()),
        ("git", old.git.clone(), new.git.clone()),
        ("list", old.list.clone(), new.list.clone()),
        ("base", old.base.clone(), new.base.clone()),
        ("task", old.task.clone(), new.task.clone()),
        ("gone", gone(old), gone(new)),
    ];
    let differ = all.into_iter().filter(|(_, old, new)| old != new);
    differ.map(|(key, old, new)| Field { key, old, new }).collect()
}

/// A name for a new row that no other row has.
fn name(source: &Source, taken: &HashSet<String>) -> String {
    let words = source.name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut stem = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").to_ascii_lowercase();
    if stem.is_empty() {
        stem = "unnamed".into();
    }
    let numbered = (2..).map(|n| format!("{stem}-{n}"));
    let mut names = std::iter::once(stem.clone()).chain(numbered);
    names.find(|name| !taken.contains(name)).expect("numbers do not end")
}

/// What `diff` says of a row, for a person.
pub fn describe(change: &Change) -> String {
    match change {
        Change::Added { area, source, .. } => {
            let fields = fields(&Source::default(), source);
            let fields: String = fields.iter().map(|f| format!("    {:6} {}\n", f.key, f.new)).collect();
            format!("added    {area}\n{fields}")
        }
        Change::Removed { area } => format!("removed  {area}\n"),
        Change::Changed { area, fields } => {
            let or_none = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
            let line = |f: &Field| format!("    {:6} {} -> {}\n", f.key, or_none(&f.old), or_none(&f.new));
            format!("changed  {area}\n{}", fields.iter().map(line).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::edit::apply;
    use super::*;

    const TOML: &str = r#"# The head.

[[row]]
area = "debugfs"
owner = "driver-core" # ours
lacks = "seq_file"

[row.source]
name = "debugfs"
status = "testing" # as in 2024
author = "A."
git = "https://git.example/1"

# The second one.
[[row]]
area = "debugfs-2"
source = { name = "debugfs", status = "experimental", author = "B.", git = "https://git.example/2" }

[[row]]
area = "nova"
kind = "driver"

[[row]]
area = "idea"
kind = "idea"
[row.source]
name = "phy"
task = "more"
"#;

    fn entry(kind: Kind, name: &str, status: &str, author: &str, git: &str, task: &str) -> Entry {
        let [name, status, author, git, task] = [name, status, author, git, task].map(str::to_owned);
        Entry { line: 1, kind, source: Source { name, status, author, git, task, ..Source::default() } }
    }

    fn same() -> Vec<Entry> {
        vec![
            entry(Kind::Patch, "debugfs", "experimental", "B.", "https://git.example/2", ""),
            entry(Kind::Patch, "debugfs", "testing", "A.", "https://git.example/1", ""),
            entry(Kind::Idea, "phy", "", "", "", "more"),
        ]
    }

    fn run(entries: &[Entry]) -> (String, String) {
        let changes = diff(&Registry::parse(TOML, "r").unwrap(), entries);
        let text = apply(TOML, &changes).unwrap();
        let after = Registry::parse(&text, "r").unwrap();
        assert_eq!(diff(&after, entries), [], "a second import changes nothing");
        (changes.iter().map(describe).collect(), text)
    }

    #[test]
    fn more_than_a_quarter_of_the_rows_does_not_go() {
        let rows = |source: &str| (0..5).map(|i| format!("[[row]]\narea = '{i}'\n{source}\n")).collect::<String>();
        let registry = Registry::parse(&rows("source = { name = 'a' }"), "r").unwrap();
        let removed = |count| vec![Change::Removed { area: "0".into() }; count];
        assert_eq!(plausible(&registry, &removed(1)), Ok(()));
        assert_eq!(plausible(&registry, &removed(2)), Err(Vanish { gone: 2, all: 5 }));
        let gone = Registry::parse(&rows("source = { name = 'a', gone = true }"), "r").unwrap();
        assert_eq!(plausible(&gone, &[]), Ok(()));
    }

    #[test]
    fn the_same_table_changes_nothing() {
        let (told, text) = run(&same());
        assert_eq!((&*told, &*text), ("", TOML));
    }

    #[test]
    fn fields_change_and_everything_else_stays() {
        let mut entries = same();
        entries[1].source.status = "merged".into();
        entries[0].source.git = String::new();
        entries[0].source.list = "https://lists.example/2".into();
        let (told, text) = run(&entries);
        insta::assert_snapshot!(told, @r"
        changed  debugfs
            status testing -> merged
        changed  debugfs-2
            git    https://git.example/2 -> (none)
            list   (none) -> https://lists.example/2
        ");
        for kept in
            ["# The head.", "owner = \"driver-core\" # ours", "status = \"merged\" # as in 2024", "# The second one."]
        {
            assert!(text.contains(kept), "{text}");
        }
    }

    #[test]
    fn rows_come_go_and_come_back() {
        let mut entries = same();
        entries.remove(0);
        entries.push(entry(Kind::Patch, "file, misc", "RFC", "C.", "", ""));
        entries.push(entry(Kind::Patch, "nova", "RFC", "D.", "", ""));
        let (told, text) = run(&entries);
        insta::assert_snapshot!(told, @r"
        removed  debugfs-2
        added    file-misc
            name   file, misc
            status RFC
            author C.
        added    nova-2
            name   nova
            status RFC
            author D.
        ");
        let registry = Registry::parse(&text, "r").unwrap();
        assert!(registry.row("debugfs-2").unwrap().source.as_ref().unwrap().gone);
        let back = diff(&registry, &[entries, same()[..1].to_vec()].concat());
        assert_eq!(back.iter().map(describe).collect::<String>(), "changed  debugfs-2\n    gone   true -> (none)\n");
    }

    #[test]
    fn thousands_of_rows_with_one_name_are_named_in_time() {
        let entries: Vec<Entry> = (0..5000).map(|n| entry(Kind::Patch, "x", "RFC", &n.to_string(), "", "")).collect();
        let start = std::time::Instant::now();
        let changes = diff(&Registry::parse(TOML, "r").unwrap(), &entries);
        assert!(matches!(changes.last(), Some(Change::Added { area, .. }) if area == "x-5000"));
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }

    #[test]
    fn a_row_with_another_name_is_known_by_its_link() {
        let mut entries = same();
        entries[1].source.name = "debugfs (new)".into();
        let (told, _) = run(&entries);
        assert_eq!(told, "changed  debugfs\n    name   debugfs -> debugfs (new)\n");
    }
}
