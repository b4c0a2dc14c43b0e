// SPDX-License-Identifier: GPL-2.0-only

//! Reads the upstream registry: two tables in Markdown.

use std::io::{self, Read};

use super::link;
use super::markdown::{self, LineError, Row};
use super::model::{Kind, Source};
use crate::error::Explain;

/// The columns of the table of patches and projects.
const PATCHES: [&str; 6] = ["Target Area", "Status", "Author", "Git Link", "Mailing List Link", "Base"];
/// The columns of the idea board. The notes are not taken.
const IDEAS: [&str; 4] = ["Area", "Task", "Discussion", "Notes"];
/// The words that the registry has for a status. A row may have none.
const STATUSES: [&str; 7] = ["", "merged", "review", "rfc", "testing", "experimental", "abandoned"];
const WHOLE: &str = "give the registry's README.md, with its tables as they are";
const LINK: &str = "write it as https://..., percent-encoded, at the start of the cell; text may follow it";

/// The largest file (bytes), and the most rows: the registry has a hundredth of either.
const LARGEST: usize = 4 << 20;
const ROWS: usize = 5000;

/// Reads no more than what can be the registry, and a byte that tells of more.
pub fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

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
    /// A line is malformed.
    #[error(transparent)]
    Line(#[from] LineError),
    /// More than the registry can be.
    #[error("the file has more than {LARGEST} bytes")]
    TooLarge,
    /// More rows than the registry can have.
    #[error("line {0}: the tables have more than {ROWS} rows")]
    TooMany(usize),
    /// Not text.
    #[error("the file is not UTF-8: byte {0} belongs to no character")]
    NoText(usize),
    /// A table is not there.
    #[error("there is no table with the columns {}", .0.join(", "))]
    NoTable(&'static [&'static str]),
}

impl Explain for TableError {
    fn hint(&self) -> Option<String> {
        match self {
            TableError::Line(error) => error.hint(),
            TableError::NoTable(_) | TableError::TooLarge | TableError::TooMany(_) | TableError::NoText(_) => {
                Some(WHOLE.into())
            }
        }
    }
}

/// Reads both tables of a file, as [`read`] gives it.
pub fn parse_bytes(bytes: &[u8]) -> Result<Vec<Entry>, TableError> {
    if bytes.len() > LARGEST {
        return Err(TableError::TooLarge);
    }
    parse(std::str::from_utf8(bytes).map_err(|error| TableError::NoText(error.valid_up_to()))?)
}

/// Reads both tables.
pub fn parse(text: &str) -> Result<Vec<Entry>, TableError> {
    let tables = markdown::tables(text)?;
    let known = [(Kind::Patch, &PATCHES[..]), (Kind::Idea, &IDEAS)];
    let mut entries = Vec::new();
    for table in &tables {
        let Some((kind, _)) = known.iter().find(|(_, columns)| table.heading.cells == *columns) else { continue };
        if table.rows.is_empty() {
            return Err(LineError::new(table.heading.line, "the table has no rows", WHOLE).into());
        }
        for row in &table.rows {
            if entries.len() == ROWS {
                return Err(TableError::TooMany(row.line));
            }
            let entry = entry(*kind, row)?;
            match entries.iter().find(|other| is_same(other, &entry)) {
                Some(other) => return Err(twice(other, &entry).into()),
                None => entries.push(entry),
            }
        }
    }
    match known.iter().find(|(_, columns)| tables.iter().all(|table| table.heading.cells != *columns)) {
        Some((_, columns)) => Err(TableError::NoTable(columns)),
        None => Ok(entries),
    }
}

/// Whether two rows are about the same.
fn is_same(a: &Entry, b: &Entry) -> bool {
    let key = |entry: &Entry| {
        let Source { name, author, git, list, task, .. } = entry.source.clone();
        (entry.kind, [name, author, git, list, task])
    };
    key(a) == key(b)
}

fn twice(first: &Entry, second: &Entry) -> LineError {
    let hint = "leave one of them out; what is about something else has another name, author, link or task";
    LineError::new(second.line, format!("the row stands in line {} already", first.line), hint)
}

fn entry(kind: Kind, Row { line, cells }: &Row) -> Result<Entry, LineError> {
    let line = *line;
    let row = |message: String, hint: &str| LineError::new(line, message, hint);
    let columns = if kind == Kind::Patch { &PATCHES[..] } else { &IDEAS };
    if cells.len() != columns.len() {
        let message = format!("the row has {} columns instead of {}", cells.len(), columns.len());
        return Err(row(message, &format!("the columns are {}; write `|` inside a cell as `\\|`", columns.join(", "))));
    }
    if cells[0].is_empty() {
        return Err(row(format!("the row has no {}", columns[0]), "name the area in the first column"));
    }
    if cells.iter().any(|cell| cell.contains("<!--")) {
        return Err(row("there is a comment in the row".into(), "write comments above or below the table"));
    }
    let source = match kind {
        Kind::Idea => Source { name: own(&cells[0]), task: own(&cells[1]), list: own(&cells[2]), ..Source::default() },
        _ => {
            if !STATUSES.contains(&cells[1].to_ascii_lowercase().as_str()) {
                let hint = format!("the statuses are {}", STATUSES[1..].join(", "));
                return Err(row(format!("`{}` is no status", cells[1]), &hint));
            }
            let [name, status, author, git, list, base] = [0, 1, 2, 3, 4, 5].map(|i| own(&cells[i]));
            Source { name, status, author, git, list, base, ..Source::default() }
        }
    };
    for (link, column) in [(&source.git, "git"), (&source.list, "mailing list")] {
        check_link(link).map_err(|reason| row(format!("the {column} link {reason}"), LINK))?;
    }
    Ok(Entry { line, kind, source })
}

/// The text of a cell; all of it may be code.
fn own(cell: &str) -> String {
    let code = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
    code.filter(|code| !code.contains('`')).unwrap_or(cell).to_owned()
}

/// What is wrong with a cell for a link. Text without one is fine.
fn check_link(text: &str) -> Result<(), String> {
    match link::of(text) {
        Some(address) => match link::stranger(address) {
            Some(c) => Err(format!("has a `{}`: `{address}`", c.escape_default())),
            None => Ok(()),
        },
        None if link::is_meant(text) => Err(format!("is none: `{text}`")),
        None => Ok(()),
    }
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
        insta::assert_snapshot!(error("| RFC |", "| RFC"), @r"line 5: the row has 5 columns instead of 6; the columns are Target Area, Status, Author, Git Link, Mailing List Link, Base; write `|` inside a cell as `\|`");
        insta::assert_snapshot!(error("`rust-next`", "`rust|next`").split_once(';').unwrap().0, @"line 5: the row has 7 columns instead of 6");
        insta::assert_snapshot!(error("| RFC |", "| done |"), @"line 5: `done` is no status; the statuses are merged, review, rfc, testing, experimental, abandoned");
        insta::assert_snapshot!(error("| xarray", "| xarray <!-- x -->"), @"line 5: there is a comment in the row; write comments above or below the table");
        insta::assert_snapshot!(error("| mm |", "| |"), @"line 6: the row has no Target Area; name the area in the first column");
        insta::assert_snapshot!(error("| Notes |", "| Note |"), @"there is no table with the columns Area, Task, Discussion, Notes; give the registry's README.md, with its tables as they are");
    }

    #[test]
    fn links_are_checked_and_other_text_is_not() {
        let read = |to: &str| parse(&TEXT.replace("https://git.example/a", to));
        let link = |to: &str| {
            let error = read(to).unwrap_err();
            assert_eq!(error.hint().as_deref(), Some(LINK));
            error.to_string()
        };
        insta::assert_snapshot!(link("http:/git.example/a"), @"line 6: the git link is none: `http:/git.example/a`");
        insta::assert_snapshot!(link("httpz://a"), @"line 6: the git link is none: `httpz://a`");
        insta::assert_snapshot!(link("javascript:a"), @"line 6: the git link is none: `javascript:a`");
        insta::assert_snapshot!(link("see https://a"), @"line 6: the git link is none: `see https://a`");
        insta::assert_snapshot!(link("https://a`b"), @"line 6: the git link has a ```: `https://a`b`");
        insta::assert_snapshot!(link("https://a<b>"), @"line 6: the git link has a `<`: `https://a<b>`");
        for text in ["https://git.example/a#b (in links)", "not yet published", "http://a?b=%20&c"] {
            assert_eq!(read(text).unwrap()[1].source.git, text);
        }
    }

    #[test]
    fn only_a_whole_cell_of_code_loses_its_backquotes() {
        let cells = ["`a`", "`a` and `b`", "a `b`", "``a``", "`a", "`"].map(own);
        assert_eq!(cells, ["a", "`a` and `b`", "a `b`", "``a``", "`a", "`"]);
    }

    #[test]
    fn a_row_that_stands_twice_is_an_error() {
        let mm = "| mm | | A. | https://git.example/a | | |\n";
        let twice = |again: &str| parse(&TEXT.replace(mm, &format!("{mm}{again}\n")));
        let error = twice("| mm | RFC | A. | https://git.example/a | | rust |").unwrap_err();
        assert_eq!(error.to_string(), "line 7: the row stands in line 6 already");
        assert!(error.hint().is_some());
        assert_eq!(twice("| mm | | B. | https://git.example/a | | |").unwrap().len(), 4);
        assert_eq!(twice("| mm | | A. | https://git.example/b | | |").unwrap().len(), 4);
    }

    #[test]
    fn no_row_is_lost() {
        let error = |from: &str, to: &str| {
            assert!(TEXT.contains(from));
            parse(&TEXT.replace(from, to)).unwrap_err().to_string()
        };
        let mm = "| mm | | A. | https://git.example/a | | |\n";
        let rule = "|---|---|---|---|---|---|\n";
        let iio = "| iio | any sensors |  | Many words. |\n";
        let blank = format!("\n{mm}");
        insta::assert_snapshot!(error(mm, &blank), @"line 7: the row belongs to no table");
        insta::assert_snapshot!(error(mm, &format!("<!-- {} -->\n{mm}", mm.trim())), @"line 7: the row belongs to no table");
        insta::assert_snapshot!(error(mm, "text\n"), @"line 6: the row has 1 columns instead of 6");
        insta::assert_snapshot!(error("| mm |", "mm"), @"line 6: the row has 5 columns instead of 6");
        insta::assert_snapshot!(error(rule, ""), @"line 3: the row belongs to no table");
        insta::assert_snapshot!(error("| Notes |", ""), @"line 10: the row belongs to no table");
        insta::assert_snapshot!(error(iio, ""), @"line 10: the table has no rows");
        for (from, to) in [("| mm |", "mm |"), (rule, &rule[1..]), (iio, iio.trim_end_matches(['|', '\n']))] {
            assert_eq!(parse(&TEXT.replace(from, to)), parse(TEXT), "{from} -> {to}");
        }
    }

    #[test]
    fn a_file_without_an_end_is_refused() {
        assert_eq!(read(io::repeat(b'|')).unwrap().len(), LARGEST + 1);
        assert_eq!(parse_bytes(&vec![b'|'; LARGEST + 1]).unwrap_err(), TableError::TooLarge);
        assert_eq!(parse_bytes(b"ab\xff").unwrap_err(), TableError::NoText(2));
        let rows: String = (0..2 * ROWS).map(|n| format!("| mm{n} | | | | | |\n")).collect();
        let text = TEXT.replace("| mm |", &format!("{rows}| mm |"));
        let error = parse(&text).unwrap_err();
        assert!(matches!(error, TableError::TooMany(_)) && error.hint().is_some(), "{error}");
    }

    #[test]
    fn a_line_with_millions_of_columns_is_refused_in_time() {
        let error = parse(&TEXT.replace("| mm |", &"|".repeat(3 << 20))).unwrap_err();
        assert!(error.to_string().contains("columns instead of 6"), "{error}");
    }

    proptest! {
        /// A table that lost or gained something is refused with a hint, or has all other rows. It is never a panic.
        #[test]
        fn damage_is_told_or_loses_nothing_else(at in any::<prop::sample::Index>(), with in "[|\\n` a-zA-Z:/#>-]{0,3}") {
            let mut chars: Vec<char> = TEXT.chars().collect();
            let at = at.index(chars.len());
            chars.splice(at..=at, with.chars());
            let text: String = chars.into_iter().collect();
            match parse(&text) {
                Err(error) => prop_assert!(error.hint().is_some()),
                Ok(entries) => {
                    for Entry { line, source, .. } in parse(TEXT).unwrap() {
                        let whole = text.lines().any(|other| Some(other) == TEXT.lines().nth(line - 1));
                        prop_assert!(!whole || entries.iter().any(|entry| entry.source == source), "{}", text);
                    }
                }
            }
        }
    }
}
