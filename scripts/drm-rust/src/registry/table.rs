// SPDX-License-Identifier: GPL-2.0-only

//! Reads the upstream registry: two tables in Markdown.

use super::model::{Kind, Source};
use crate::error::Explain;

/// The columns of the table of patches and projects.
const PATCHES: [&str; 6] = ["Target Area", "Status", "Author", "Git Link", "Mailing List Link", "Base"];
/// The columns of the idea board. The notes are not taken.
const IDEAS: [&str; 4] = ["Area", "Task", "Discussion", "Notes"];
/// The words that the registry has for a status. A row may have none.
const STATUSES: [&str; 7] = ["", "merged", "review", "rfc", "testing", "experimental", "abandoned"];

/// A row as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its line, from 1.
    pub line: usize,
    /// The table that it stands in.
    pub kind: Kind,
    /// What it says.
    pub source: Source,
}

/// The file is not what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A row is malformed.
    #[error("line {line}: {message}")]
    Row {
        /// Its line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// A table is not there.
    #[error("there is no table with the columns {}", .0.join(", "))]
    NoTable(&'static [&'static str]),
}

impl Explain for TableError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            TableError::Row { hint, .. } => hint.clone(),
            TableError::NoTable(_) => "give the registry's README.md, with its tables as they are".into(),
        })
    }
}

/// Reads both tables.
pub fn parse(text: &str) -> Result<Vec<Entry>, TableError> {
    let mut entries = Vec::new();
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let Some(kind) = heading(line) else { continue };
        found.push(kind);
        let rule = lines.next().map_or("", |(_, line)| line);
        if !rule.starts_with('|') || rule.contains(|c: char| !"|-: ".contains(c)) {
            // Without a rule below it, a heading is no table.
            continue;
        }
        for (number, line) in lines.by_ref() {
            if !line.trim_start().starts_with('|') {
                break;
            }
            entries.push(entry(number + 1, kind, line)?);
        }
    }
    for (kind, columns) in [(Kind::Patch, &PATCHES[..]), (Kind::Idea, &IDEAS)] {
        if !found.contains(&kind) {
            return Err(TableError::NoTable(columns));
        }
    }
    Ok(entries)
}

/// The table that a line is the heading of.
fn heading(line: &str) -> Option<Kind> {
    let cells = cells(line)?;
    if cells == PATCHES {
        Some(Kind::Patch)
    } else if cells == IDEAS {
        Some(Kind::Idea)
    } else {
        None
    }
}

/// The cells of a line; None where it is no row of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

fn entry(line: usize, kind: Kind, text: &str) -> Result<Entry, TableError> {
    let row = |message: String, hint: &str| TableError::Row { line, message, hint: hint.to_owned() };
    let columns = if kind == Kind::Patch { &PATCHES[..] } else { &IDEAS };
    let Some(cells) = cells(text) else {
        return Err(row("the row does not end in `|`".into(), "end every row with `|`"));
    };
    if cells.len() != columns.len() {
        let message = format!("the row has {} columns instead of {}", cells.len(), columns.len());
        return Err(row(message, &format!("the columns are {}; `|` stands between them only", columns.join(", "))));
    }
    if cells[0].is_empty() {
        return Err(row(format!("the row has no {}", columns[0]), "name the area in the first column"));
    }
    let own = |text: &str| text.trim_matches('`').to_owned();
    let source = match kind {
        Kind::Idea => Source { name: own(cells[0]), task: own(cells[1]), list: own(cells[2]), ..Source::default() },
        _ => {
            if !STATUSES.contains(&cells[1].to_ascii_lowercase().as_str()) {
                let hint = format!("the statuses are {}", STATUSES[1..].join(", "));
                return Err(row(format!("`{}` is no status", cells[1]), &hint));
            }
            let [name, status, author, git, list, base] = [0, 1, 2, 3, 4, 5].map(|i| own(cells[i]));
            Source { name, status, author, git, list, base, ..Source::default() }
        }
    };
    for (link, column) in [(&source.git, "git"), (&source.list, "mailing list")] {
        let is_link = link.contains("://");
        if is_link && !link.starts_with("http") || !is_link && link.starts_with("http") {
            return Err(row(format!("the {column} link is none: `{link}`"), "write it as https://..."));
        }
    }
    Ok(Entry { line, kind, source })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "\
# Registry

| Target Area | Status | Author | Git Link | Mailing List Link | Base |
|---|---|---|---|---|---|
| xarray | RFC | Maíra C. | | https://lists.example/1 | `rust-next` |
| mm | | A. | https://git.example/a | | |

<!-- | | | | | | | -->

| Area | Task | Discussion | Notes |
|---|---|---|---|
| iio | any sensors |  | Many words. |
";

    #[test]
    fn both_tables_are_read() {
        let entries = parse(TEXT).unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!((entries[0].line, entries[0].kind, &*entries[0].source.base), (5, Kind::Patch, "rust-next"));
        assert_eq!((&*entries[1].source.status, &*entries[1].source.git), ("", "https://git.example/a"));
        let idea = Source { name: "iio".into(), task: "any sensors".into(), ..Source::default() };
        assert_eq!(entries[2], Entry { line: 12, kind: Kind::Idea, source: idea });
    }

    #[test]
    fn malformed_rows_are_named_by_line() {
        let error = |from: &str, to: &str| {
            assert!(TEXT.contains(from));
            let error = parse(&TEXT.replace(from, to)).unwrap_err();
            format!("{error}; {}", error.hint().unwrap())
        };
        insta::assert_snapshot!(error("| RFC |", "| RFC"), @"line 5: the row has 5 columns instead of 6; the columns are Target Area, Status, Author, Git Link, Mailing List Link, Base; `|` stands between them only");
        insta::assert_snapshot!(error("| RFC |", "| done |"), @"line 5: `done` is no status; the statuses are merged, review, rfc, testing, experimental, abandoned");
        insta::assert_snapshot!(error("`rust-next` |", "rust-next"), @"line 5: the row does not end in `|`; end every row with `|`");
        insta::assert_snapshot!(error("| mm |", "| |"), @"line 6: the row has no Target Area; name the area in the first column");
        insta::assert_snapshot!(error("https://git.example/a", "http:/git.example/a"), @"line 6: the git link is none: `http:/git.example/a`; write it as https://...");
        insta::assert_snapshot!(error("| Notes |", ""), @"there is no table with the columns Area, Task, Discussion, Notes; give the registry's README.md, with its tables as they are");
    }
    proptest! {
        /// A table that lost or gained something is read, or refused with a hint; it is never a panic.
        #[test]
        fn damaged_tables_are_errors_and_no_panics(at in any::<prop::sample::Index>(), with in "[|\\n` a-zA-Z:/]{0,3}") {
            let mut chars: Vec<char> = TEXT.chars().collect();
            let at = at.index(chars.len());
            chars.splice(at..=at, with.chars());
            if let Err(error) = parse(&chars.into_iter().collect::<String>()) {
                prop_assert!(error.hint().is_some());
            }
        }
    }
}
