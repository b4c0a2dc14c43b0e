// SPDX-License-Identifier: GPL-2.0-only

//! Takes changes of the upstream registry into `registry.toml`, and leaves everything else there as it is.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use super::import::{Change, fields};
use super::model::{Kind, Source};
use crate::error::Explain;

/// `registry.toml` has its rows in an array, where no comments and lines can be kept.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rows of registry.toml are not tables of their own")]
pub struct NotTables;

impl Explain for NotTables {
    fn hint(&self) -> Option<String> {
        Some("write each row as [[row]] with its keys below".into())
    }
}

/// The text of `registry.toml` with the changes made: comments, order, all other fields and the line ends stay.
pub fn apply(text: &str, changes: &[Change]) -> Result<String, NotTables> {
    let windows = text.contains("\r\n");
    let mut document: DocumentMut = text.replace("\r\n", "\n").parse().expect("the registry was read before");
    let rows = document.entry("row").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let rows = rows.as_array_of_tables_mut().ok_or(NotTables)?;
    for change in changes {
        match change {
            Change::Added { area, kind, source } => rows.push(table(area, *kind, source)),
            Change::Removed { area } => set(source_of(rows, area), "gone", true.into()),
            Change::Changed { area, fields } => {
                let source = source_of(rows, area);
                for field in fields {
                    match (field.key, &*field.new) {
                        (key, "") => drop(source.remove(key)),
                        (key, new) => set(source, key, new.into()),
                    }
                }
            }
        }
    }
    let text = document.to_string();
    Ok(if windows { text.replace('\n', "\r\n") } else { text })
}

fn source_of<'a>(rows: &'a mut ArrayOfTables, area: &str) -> &'a mut dyn TableLike {
    let row = rows.iter_mut().find(|row| row.get("area").and_then(Item::as_str) == Some(area));
    let source = row.and_then(|row| row.get_mut("source")).and_then(Item::as_table_like_mut);
    source.expect("a row that changes has a source")
}

/// Sets a value and keeps the comment beside it.
fn set(table: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = old.decor().clone();
    }
    table.insert(key, Item::Value(value));
}

fn table(area: &str, kind: Kind, source: &Source) -> Table {
    let mut row = Table::new();
    row.decor_mut().set_prefix("\n");
    row.insert("area", area.into());
    if kind == Kind::Idea {
        row.insert("kind", "idea".into());
    }
    let mut inner = Table::new();
    for field in fields(&Source::default(), source) {
        inner.insert(field.key, field.new.into());
    }
    row.insert("source", Item::Table(inner));
    row
}

#[cfg(test)]
mod tests {
    use super::super::import::Field;
    use super::*;

    #[test]
    fn rows_that_are_no_tables_are_refused() {
        let change = Change::Removed { area: "a".into() };
        assert_eq!(apply("row = [{ area = 'a', source = { name = 'a' } }]\n", &[change]), Err(NotTables));
    }

    #[test]
    fn line_ends_stay() {
        let unix = "# Ours.\n[[row]]\narea = 'a'\n\n[row.source]\nname = 'a' # as of 2024\n";
        let field = Field { key: "author", old: String::new(), new: "A.".into() };
        let added = Change::Added { area: "b".into(), kind: Kind::Idea, source: Source::default() };
        let changes = [Change::Changed { area: "a".into(), fields: vec![field] }, added];
        let text = apply(unix, &changes).unwrap();
        assert!(text.contains("author = \"A.\"\n") && !text.contains('\r'), "{text}");
        assert_eq!(apply(&unix.replace('\n', "\r\n"), &changes).unwrap(), text.replace('\n', "\r\n"));
    }
}
