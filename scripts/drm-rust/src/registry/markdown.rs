// SPDX-License-Identifier: GPL-2.0-only

//! The tables of a text in Markdown, as GitHub takes them. What looks like a row and is in no table is an error, for it
//! would be lost.

use crate::error::Explain;

/// A line is not what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct LineError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl LineError {
    pub(super) fn new(line: usize, message: impl Into<String>, hint: impl Into<String>) -> LineError {
        LineError { line, message: message.into(), hint: hint.into() }
    }
}

impl Explain for LineError {
    fn hint(&self) -> Option<String> {
        Some(self.hint.clone())
    }
}

/// The cells of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The line, from 1.
    pub(super) line: usize,
    /// What they say.
    pub(super) cells: Vec<String>,
}

/// A table, without its rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) heading: Row,
    /// As they are: they may have more or fewer cells than the heading.
    pub(super) rows: Vec<Row>,
}

/// All tables of a text.
pub(super) fn tables(text: &str) -> Result<Vec<Table>, LineError> {
    let mut lines = visible(text)?.into_iter().peekable();
    let mut tables = Vec::new();
    while let Some((line, text)) = lines.next() {
        if lines.next_if(|(_, rule)| is_heading(text, rule)).is_some() {
            let heading = Row { line, cells: cells(text) };
            let rows = std::iter::from_fn(|| lines.next_if(|(_, text)| is_row(text)));
            let rows = rows.map(|(line, text)| Row { line, cells: cells(text) }).collect();
            tables.push(Table { heading, rows });
        } else if resembles_row(text) {
            return Err(stray(line));
        }
    }
    Ok(tables)
}

fn stray(line: usize) -> LineError {
    let hint = "a table is a heading, a rule as |---|---| with as many columns, and rows; \
                a blank line, a comment or another block ends it";
    LineError::new(line, "the row belongs to no table", hint)
}

/// Lines that are no text, up to their end.
enum Block<'a> {
    Comment,
    /// Code, and the fence that it is in.
    Code(&'a str),
}

impl<'a> Block<'a> {
    /// What a line opens, and the rest of the line.
    fn open(line: &'a str) -> Option<(Block<'a>, &'a str)> {
        let line = line.trim_start();
        if let Some(rest) = line.strip_prefix("<!--") {
            return Some((Block::Comment, rest));
        }
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = line.trim_start_matches(mark);
        let fence = &line[..line.len() - info.len()];
        (fence.len() >= 3 && !info.contains('`')).then_some((Block::Code(fence), info))
    }

    /// What stands behind its end, where a line has that.
    fn end<'b>(&self, line: &'b str) -> Option<&'b str> {
        match self {
            Block::Comment => line.split_once("-->").map(|(_, rest)| rest),
            Block::Code(fence) => {
                let rest = line.trim().strip_prefix(fence)?;
                rest.trim_start_matches(&fence[..1]).is_empty().then_some("")
            }
        }
    }
}

/// The lines with their numbers; those of comments and code are blank.
fn visible(text: &str) -> Result<Vec<(usize, &str)>, LineError> {
    let mut lines = Vec::new();
    let mut open = None;
    for (line, text) in (1..).zip(text.lines()) {
        let (start, block, rest) = match open.take() {
            Some((start, block)) => (start, block, text),
            None => match Block::open(text) {
                Some((block, rest)) => (line, block, rest),
                None => {
                    lines.push((line, text));
                    continue;
                }
            },
        };
        lines.push((line, ""));
        match block.end(rest) {
            Some(rest) if resembles_row(rest) => return Err(stray(line)),
            Some(_) => {}
            None => open = Some((start, block)),
        }
    }
    match open {
        None => Ok(lines),
        Some((line, Block::Comment)) => Err(LineError::new(line, "the comment does not end", "end it with `-->`")),
        Some((line, Block::Code(fence))) => {
            Err(LineError::new(line, "the code does not end", format!("end it with a line `{fence}`")))
        }
    }
}

/// Whether a line is the heading of a table: the next one is a rule with as many columns.
fn is_heading(line: &str, rule: &str) -> bool {
    let dashes = |cell: &String| {
        let dashes = cell.strip_prefix(':').unwrap_or(cell);
        let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
        !dashes.is_empty() && dashes.bytes().all(|c| c == b'-')
    };
    let columns = cells(rule);
    let is_rule = rule.contains('|') && columns.iter().all(dashes);
    is_rule && line.contains('|') && is_row(line) && is_row(rule) && columns.len() == cells(line).len()
}

/// Whether a table goes on with a line: it is not blank, and no code, heading, quotation or list.
fn is_row(line: &str) -> bool {
    let indented = line.starts_with("    ") || line.starts_with('\t');
    let is_text = |word: &str| !word.starts_with('>') && !word.trim_matches(['#', '-', '+', '*']).is_empty();
    !indented && line.split_whitespace().next().is_some_and(is_text)
}

/// Whether a line is likely to be meant as a row: there is a `|` at one of its ends, or there are several.
fn resembles_row(line: &str) -> bool {
    let parts = split(line);
    let is_end = |part: Option<&String>| part.is_some_and(String::is_empty);
    parts.len() > 1 && (parts.len() > 3 || is_end(parts.first()) || is_end(parts.last()))
}

/// The cells of a row. There may be a `|` at its ends.
fn cells(line: &str) -> Vec<String> {
    let mut cells = split(line);
    if cells.len() > 1 && cells[0].is_empty() {
        cells.remove(0);
    }
    if cells.len() > 1 && cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    cells
}

/// What stands between the `|` of a line. One that follows a backslash is text, in code as well.
fn split(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut last = ' ';
    for c in line.trim().chars() {
        let part = parts.last_mut().expect("there is one");
        match (last, c) {
            ('\\', '|') => {
                part.pop();
                part.push(c);
            }
            (_, '|') => parts.push(String::new()),
            _ => part.push(c),
        }
        last = c;
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tables as lines of text, or what is wrong.
    fn read(text: &str) -> String {
        let row = |row: &Row| format!("{}: {}\n", row.line, row.cells.join(" · "));
        match tables(text) {
            Ok(tables) => tables.iter().flat_map(|t| std::iter::once(&t.heading).chain(&t.rows)).map(row).collect(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn tables_are_found_as_github_does() {
        insta::assert_snapshot!(read("text\n| a | b |\n|:--|--:|\n| 1 | 2 |\n3 | 4\n 5 | |\n6\n\na|b\n-|:-:\n"), @"
        2: a · b
        4: 1 · 2
        5: 3 · 4
        6: 5 · 
        7: 6
        9: a · b
        ");
        assert_eq!(read("| a |\n|---|\n# Heading\n| b |\n|---|\n- list\n"), "1: a\n4: b\n");
        assert_eq!(read("a | b, or a\n---\n"), "", "this is no table");
    }

    #[test]
    fn a_pipe_after_a_backslash_is_text() {
        assert_eq!(
            read("| a | b |\n|---|---|\n| `1\\|2` | \\|\\||\nx\\\\|y | \\|\n"),
            "1: a · b\n3: `1|2` · ||\n4: x\\|y · |\n"
        );
        assert_eq!(read("| a |\n|---|\n| `1|2` |\n| b\\\n"), "1: a\n3: `1 · 2`\n4: b\\\n");
        assert_eq!(read("a \\| b \\| c \\| d\n"), "", "this is no row");
    }

    proptest! {
        #[test]
        fn cells_are_read_as_they_were_written(texts in prop::collection::vec("[a|`é]{1,3}", 1..5), ends in 0..4usize) {
            let line = texts.iter().map(|text| text.replace('|', "\\|")).collect::<Vec<_>>().join(" | ");
            let line = format!("{}{line}{}", ["", "| "][ends / 2], ["", " |"][ends % 2]);
            prop_assert_eq!(cells(&line), texts, "{}", line);
        }
    }

    #[test]
    fn comments_and_code_are_no_rows() {
        let hidden = ["<!-- | x | -->", "<!--\n| x |\n|---|\n-->", "```\n| x |\n```", "~~~~ md\n| x |\n~~~\n~~~~~\n"];
        for text in hidden {
            assert_eq!(read(&format!("{text}\n| a |\n|---|\n{text}\n")).split_once(": "), Some((&*after(text), "a\n")));
            let lost = read(&format!("| a |\n|---|\n{text}\n| lost |\n"));
            assert_eq!(
                lost,
                format!("line {}: the row belongs to no table", 2 + after(text).parse::<usize>().unwrap())
            );
        }
        assert_eq!(read("<!-- | x | --> | lost |\n"), "line 1: the row belongs to no table");
        assert_eq!(read("a\n<!-- | x |\n"), "line 2: the comment does not end");
        assert_eq!(read("```\n``` x\n"), "line 1: the code does not end");
    }

    /// The number of the line that follows a text.
    fn after(text: &str) -> String {
        (text.split('\n').count() + 1).to_string()
    }

    #[test]
    fn rows_without_a_table_are_named() {
        for (text, line) in [
            ("| a | b |\n| 1 | 2 |\n", 1),
            ("| a | b |\n|---|\n", 1),
            ("| a | b |\n|---|-x-|\n", 1),
            ("| a |\n|---|\n\n| 1 |\n", 4),
            ("| a |\n|---|\n    | 1 |\n", 3),
            ("| a |\n|---|\n> | 1 |\n", 3),
            ("a | b | c | d\n", 1),
            ("a | b |\n", 1),
        ] {
            assert_eq!(read(text), format!("line {line}: the row belongs to no table"), "{text}");
        }
    }
}
