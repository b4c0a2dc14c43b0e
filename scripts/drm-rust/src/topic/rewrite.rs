// SPDX-License-Identifier: GPL-2.0-only

//! Writes patches into the text of a manifest. What does not change stays as a person wrote it.

use jiff::Timestamp;
use toml_edit::{Array, ArrayOfTables, Datetime, Document, DocumentMut, Item, Table, Value};

use super::edit::{Action, Edit};
use super::manifest::{Delete, Manifest, Patch, Rename};
use crate::git::commit::Identity;

/// A patch as the manifest shall have it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The patch of the old manifest whose text it keeps.
    pub from: Option<usize>,
    /// The first line of the commit message.
    pub subject: String,
    /// The message between subject and trailers.
    pub body: String,
    /// The author.
    pub author: Identity,
    /// Author's and committer's date.
    pub date: Timestamp,
    /// Trailers besides those of the topic.
    pub trailers: Vec<String>,
    /// The files that go away.
    pub deletes: Vec<Delete>,
    /// The files that get another path.
    pub renames: Vec<Rename>,
    /// The overlay files that it adds.
    pub files: Vec<String>,
    /// The edits, in order.
    pub edits: Vec<WantedEdit>,
}

/// An edit of a patch.
#[derive(Clone, Debug)]
pub enum WantedEdit {
    /// One that the old patch has.
    Kept(usize),
    /// A new one, and its file.
    New(String, Edit),
}

impl Wanted {
    /// Whether the old patch says all of it.
    pub fn is_said_by(&self, manifest: &Manifest, patch: &Patch) -> bool {
        self.subject == patch.subject
            && self.has_body(patch)
            && self.author == *manifest.author_of(patch)
            && self.date == patch.date
            && self.trailers == patch.trailers
            && self.deletes == patch.deletes
            && self.renames == patch.renames
            && self.files == patch.files
            && self.keeps_edits(patch)
    }

    fn has_body(&self, patch: &Patch) -> bool {
        self.body.trim_matches('\n') == patch.body.trim_matches('\n')
    }

    fn keeps_edits(&self, patch: &Patch) -> bool {
        let kept = |(k, edit): (usize, &WantedEdit)| matches!(edit, WantedEdit::Kept(n) if *n == k);
        self.edits.len() == patch.edits.len() && self.edits.iter().enumerate().all(kept)
    }

    /// The message of its commit.
    pub fn message(&self, manifest: &Manifest) -> String {
        manifest.message_of(&Patch {
            subject: self.subject.clone(),
            body: self.body.clone(),
            author: Some(self.author.clone()),
            date: self.date,
            trailers: self.trailers.clone(),
            deletes: Vec::new(),
            renames: Vec::new(),
            files: Vec::new(),
            edits: Vec::new(),
        })
    }
}

/// The patches of a manifest are not written as `[[patch]]`.
#[derive(Debug, thiserror::Error)]
#[error("the manifest does not write its patches as [[patch]]")]
pub struct NoTables;

/// The text of a manifest with other patches. `manifest` is what `text` says.
pub fn rewrite(text: &str, manifest: &Manifest, wanted: &[Wanted]) -> Result<String, NoTables> {
    let (head, chunks) = split(text)?;
    if chunks.len() != manifest.patches.len() {
        return Err(NoTables);
    }
    let mut new = head.to_owned();
    for patch in wanted {
        if !new.is_empty() && !new.ends_with('\n') {
            new.push('\n');
        }
        new += &match patch.from.map(|from| (chunks[from], &manifest.patches[from])) {
            Some((chunk, old)) if patch.is_said_by(manifest, old) => chunk.to_owned(),
            Some((chunk, old)) => changed(chunk, manifest, old, patch)?,
            None => written(manifest, patch),
        };
    }
    Ok(new)
}

/// The text before the first patch, and that of each patch with the comments right above it.
fn split(text: &str) -> Result<(&str, Vec<&str>), NoTables> {
    let document = Document::parse(text).map_err(|_| NoTables)?;
    let Some(item) = document.get("patch") else { return Ok((text, Vec::new())) };
    let tables = item.as_array_of_tables().ok_or(NoTables)?;
    let spans: Option<Vec<usize>> = tables.iter().map(|table| table.span().map(|span| span.start)).collect();
    let mut starts: Vec<usize> = spans.ok_or(NoTables)?.into_iter().map(|start| with_comments(text, start)).collect();
    let head = &text[..starts.first().copied().unwrap_or(text.len())];
    starts.push(text.len());
    Ok((head, starts.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect()))
}

/// Where the blank lines and comments begin that stand above a line.
fn with_comments(text: &str, at: usize) -> usize {
    let mut start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    while start > 0 {
        let above = text[..start - 1].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[above..start].trim();
        if !line.is_empty() && !line.starts_with('#') {
            break;
        }
        start = above;
    }
    start
}

/// The text of a patch that changes.
fn changed(chunk: &str, manifest: &Manifest, old: &Patch, new: &Wanted) -> Result<String, NoTables> {
    let mut document: DocumentMut = chunk.parse().map_err(|_| NoTables)?;
    let tables = document.get_mut("patch").and_then(Item::as_array_of_tables_mut).ok_or(NoTables)?;
    let table = tables.get_mut(0).ok_or(NoTables)?;
    if new.subject != old.subject {
        set(table, "subject", text(&new.subject));
    }
    if new.date != old.date {
        set(table, "date", date(new.date));
    }
    if !new.has_body(old) {
        set_or_remove(table, "body", !new.body.is_empty(), text(&new.body));
    }
    if new.author != *manifest.author_of(old) {
        set_or_remove(table, "author", new.author != manifest.author, text(&new.author.to_string()));
    }
    if new.trailers != old.trailers {
        set_or_remove(table, "trailers", !new.trailers.is_empty(), list(&new.trailers));
    }
    if new.files != old.files {
        let array = table.get_mut("files").and_then(Item::as_array_mut).filter(|array| is_multiline(array));
        match array {
            Some(array) if !new.files.is_empty() => change_list(array, &new.files),
            _ => set_or_remove(table, "files", !new.files.is_empty(), list(&new.files)),
        }
    }
    if new.deletes != old.deletes {
        set_tables(table, "delete", new.deletes.iter().map(delete_table).collect());
    }
    if new.renames != old.renames {
        set_tables(table, "rename", new.renames.iter().map(rename_table).collect());
    }
    if !new.keeps_edits(old) {
        set_edits(table, new)?;
    }
    Ok(document.to_string())
}

/// The text of a new patch.
fn written(manifest: &Manifest, patch: &Wanted) -> String {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    set(&mut table, "subject", text(&patch.subject));
    set_or_remove(&mut table, "author", patch.author != manifest.author, text(&patch.author.to_string()));
    set(&mut table, "date", date(patch.date));
    set_or_remove(&mut table, "body", !patch.body.is_empty(), text(&patch.body));
    set_or_remove(&mut table, "trailers", !patch.trailers.is_empty(), list(&patch.trailers));
    set_or_remove(&mut table, "files", !patch.files.is_empty(), list(&patch.files));
    set_tables(&mut table, "delete", patch.deletes.iter().map(delete_table).collect());
    set_tables(&mut table, "rename", patch.renames.iter().map(rename_table).collect());
    set_edits(&mut table, patch).expect("there are no edits yet");
    let mut tables = ArrayOfTables::new();
    tables.push(table);
    let mut document = DocumentMut::new();
    document.insert("patch", Item::ArrayOfTables(tables));
    document.to_string()
}

/// Gives a patch other tables of a kind.
fn set_tables(table: &mut Table, key: &str, tables: Vec<Table>) {
    table.remove(key);
    if !tables.is_empty() {
        table.insert(key, Item::ArrayOfTables(tables.into_iter().collect()));
    }
}

fn delete_table(delete: &Delete) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    set(&mut table, "file", text(&delete.file));
    if let Some(content) = &delete.text {
        set(&mut table, "text", text(content));
    }
    table
}

fn rename_table(rename: &Rename) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    set(&mut table, "from", text(&rename.from));
    set(&mut table, "to", text(&rename.to));
    table
}

/// Takes out the edits that do not stay, and adds the new ones after the others.
fn set_edits(table: &mut Table, patch: &Wanted) -> Result<(), NoTables> {
    if patch.edits.is_empty() {
        table.remove("edit");
        return Ok(());
    }
    let item = table.entry("edit").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let edits = item.as_array_of_tables_mut().ok_or(NoTables)?;
    let mut at = 0;
    edits.retain(|_| {
        let stays = patch.edits.iter().any(|edit| matches!(edit, WantedEdit::Kept(k) if *k == at));
        at += 1;
        stays
    });
    for edit in &patch.edits {
        if let WantedEdit::New(file, edit) = edit {
            edits.push(edit_table(file, edit));
        }
    }
    Ok(())
}

fn edit_table(file: &str, edit: &Edit) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    set(&mut table, "file", text(file));
    set_edit(&mut table, edit);
    table
}

/// An edit as a manifest has it, but for its file.
pub(super) fn edit_text(edit: &Edit) -> String {
    let mut table = Table::new();
    set_edit(&mut table, edit);
    table.to_string().trim_end().to_owned()
}

fn set_edit(table: &mut Table, edit: &Edit) {
    let (anchor, lines) = match edit.action {
        Action::After => ("after", "insert"),
        Action::Before => ("before", "insert"),
        Action::Replace => ("replace", "with"),
    };
    // One newline at the end of an anchor does not count.
    let newline = if edit.anchor.contains('\n') { "\n" } else { "" };
    set(table, anchor, text(&format!("{}{newline}", edit.anchor)));
    set(table, lines, text(&edit.text));
}

/// Gives a key another value; what stands around it stays.
fn set(table: &mut Table, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

fn set_or_remove(table: &mut Table, key: &str, is_there: bool, value: Value) {
    if is_there { set(table, key, value) } else { drop(table.remove(key)) }
}

/// A string as a person would write it: lines as lines, tabs as tabs.
fn text(text: &str) -> Value {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let (start, count) = if text.contains('\n') { ("\n", 3) } else { ("", 1) };
    let quoted = |quote: &str| {
        let marks = quote.repeat(count);
        let is_free = !text.contains(&marks) && !text.ends_with(quote);
        is_free.then(|| format!("{marks}{start}{text}{marks}"))
    };
    let basic = if text.contains('\\') { None } else { quoted("\"") };
    let plain = basic.or_else(|| quoted("'")).filter(|_| !text.contains(is_odd));
    plain.and_then(|plain| plain.parse().ok()).unwrap_or_else(|| text.into())
}

fn date(date: Timestamp) -> Value {
    date.to_string().parse::<Datetime>().expect("both write dates alike").into()
}

/// A list with a line for each entry, where there are several.
fn list(entries: &[String]) -> Value {
    let mut array = Array::new();
    match entries {
        [one] => array.push(text(one)),
        _ => change_list(&mut array, entries),
    }
    array.into()
}

fn is_multiline(array: &Array) -> bool {
    array.trailing().as_str().is_some_and(|text| text.contains('\n'))
}

/// Takes entries out of a list with a line for each, and adds others; comments of those that stay do, too.
fn change_list(array: &mut Array, entries: &[String]) {
    let is_wanted = |value: &Value| value.as_str().is_some_and(|text| entries.iter().any(|entry| entry == text));
    array.retain(is_wanted);
    let new = |array: &Array, entry: &String| !array.iter().any(|value| value.as_str() == Some(entry));
    for entry in entries {
        if new(array, entry) {
            array.push_formatted(text(entry).decorated("\n    ", ""));
        }
    }
    array.set_trailing("\n");
    array.set_trailing_comma(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# Licence

title = "T"
summary = "S"
author = "A <a@b.example>"

# The first one.
[[patch]]
subject = "a: one" # short
date = 2026-01-01T00:00:00Z
body = """
[[patch]] is not a header here.
"""
files = [
    # The module.
    "rust/a.rs",
    "rust/b.rs",
]

[[patch.edit]]
file = "Kconfig"
after = "a"
insert = """
b
"""

# Stays.
[[patch.edit]]
file = "Makefile"
after = "x"
insert = "y\n"

[[patch]]
subject = "a: two"
date = 2026-01-02T00:00:00Z
files = ['rust/c.rs']
"#;

    fn wanted(manifest: &Manifest) -> Vec<Wanted> {
        let wanted = |(from, patch): (usize, &Patch)| Wanted {
            from: Some(from),
            subject: patch.subject.clone(),
            body: patch.body.clone(),
            author: manifest.author_of(patch).clone(),
            date: patch.date,
            trailers: patch.trailers.clone(),
            deletes: patch.deletes.clone(),
            renames: patch.renames.clone(),
            files: patch.files.clone(),
            edits: (0..patch.edits.len()).map(WantedEdit::Kept).collect(),
        };
        manifest.patches.iter().enumerate().map(wanted).collect()
    }

    /// The lines that a change of the patches changes.
    fn diff(change: impl FnOnce(&mut Vec<Wanted>)) -> String {
        let manifest = Manifest::parse(TEXT).unwrap();
        let mut wanted = wanted(&manifest);
        change(&mut wanted);
        let text = rewrite(TEXT, &manifest, &wanted).unwrap();
        let new = Manifest::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        for (patch, wanted) in new.patches.iter().zip(&wanted) {
            assert_eq!(new.message_of(patch), wanted.message(&new));
            assert_eq!((&patch.files, patch.edits.len()), (&wanted.files, wanted.edits.len()));
            assert_eq!((&patch.deletes, &patch.renames), (&wanted.deletes, &wanted.renames));
        }
        let diff = similar::TextDiff::from_lines(TEXT, &text);
        let lines = diff.iter_all_changes().filter(|line| line.tag() != similar::ChangeTag::Equal);
        lines.map(|line| format!("{}{}", line.tag(), line.value())).collect()
    }

    #[test]
    fn what_does_not_change_stays_as_it_is() {
        assert_eq!(diff(|_| {}), "");
        // A patch takes its comments along.
        insta::assert_snapshot!(diff(|wanted| wanted.swap(0, 1)), @r#"
        +[[patch]]
        +subject = "a: two"
        +date = 2026-01-02T00:00:00Z
        +files = ['rust/c.rs']
        +
        -
        -[[patch]]
        -subject = "a: two"
        -date = 2026-01-02T00:00:00Z
        -files = ['rust/c.rs']
        "#);
        insta::assert_snapshot!(diff(|wanted| drop(wanted.remove(1))), @r#"
        -
        -[[patch]]
        -subject = "a: two"
        -date = 2026-01-02T00:00:00Z
        -files = ['rust/c.rs']
        "#);
    }

    #[test]
    fn only_what_changes_is_written() {
        insta::assert_snapshot!(diff(|wanted| {
            wanted[0].subject = "a: \"one\"".into();
            wanted[0].body = "Why\\not.\n\nMore.\n".into();
            wanted[0].files = vec!["rust/b.rs".into(), "rust/d.rs".into()];
            wanted[0].edits.remove(0);
            wanted[1].author = "B <b@b.example>".parse().unwrap();
            wanted[1].trailers = vec!["Link: u".into(), "Signed-off-by: B <b@b.example>".into()];
        }), @r#"
        -subject = "a: one" # short
        +subject = 'a: "one"' # short
        -body = """
        -[[patch]] is not a header here.
        -"""
        +body = '''
        +Why\not.
        +
        +More.
        +'''
        -    # The module.
        -    "rust/a.rs",
        +    "rust/d.rs",
        -[[patch.edit]]
        -file = "Kconfig"
        -after = "a"
        -insert = """
        -b
        -"""
        -
        +author = "B <b@b.example>"
        +trailers = [
        +    "Link: u",
        +    "Signed-off-by: B <b@b.example>",
        +]
        "#);
    }

    #[test]
    fn new_patches_and_edits_are_written_like_others() {
        let edit = |action, anchor: &str, text: &str| {
            WantedEdit::New("Kconfig".into(), Edit { action, anchor: anchor.into(), text: text.into() })
        };
        insta::assert_snapshot!(diff(|wanted| {
            wanted[1].edits = vec![edit(Action::Before, "a \"b\"", "x\n"), edit(Action::Replace, "a\n", "")];
            let new = Wanted {
                from: None,
                subject: "a: three".into(),
                files: vec!["e".into(), "f".into()],
                edits: vec![edit(Action::After, "a\nb", "\tx \"y\"\n")],
                ..wanted[0].clone()
            };
            wanted.insert(1, new);
        }), @r#"
        +subject = "a: three"
        +date = 2026-01-01T00:00:00Z
        +body = """
        +[[patch]] is not a header here.
        +"""
        +files = [
        +    "e",
        +    "f",
        +]
        +
        +[[patch.edit]]
        +file = "Kconfig"
        +after = """
        +a
        +b
        +"""
        +insert = """
        +	x "y"
        +"""
        +
        +[[patch]]
        +
        +[[patch.edit]]
        +file = "Kconfig"
        +before = 'a "b"'
        +insert = """
        +x
        +"""
        +
        +[[patch.edit]]
        +file = "Kconfig"
        +replace = """
        +a
        +
        +"""
        +with = ""
        "#);
        let bare = TEXT.split("\n# The first").next().unwrap();
        let manifest = Manifest::parse(bare).unwrap();
        let patch = Wanted { from: None, edits: vec![], ..wanted(&Manifest::parse(TEXT).unwrap()).remove(1) };
        insta::assert_snapshot!(rewrite(bare, &manifest, &[patch]).unwrap(), @r#"
        # Licence

        title = "T"
        summary = "S"
        author = "A <a@b.example>"

        [[patch]]
        subject = "a: two"
        date = 2026-01-02T00:00:00Z
        files = ["rust/c.rs"]
        "#);
        assert!(rewrite("patch = []\n", &manifest, &[]).is_err());
    }

    #[test]
    fn deletes_and_renames_are_written() {
        let delete = |file: &str, text: Option<&str>| Delete { file: file.into(), text: text.map(str::to_owned) };
        insta::assert_snapshot!(diff(|wanted| {
            wanted[0].deletes = vec![delete("rust/old.rs", Some("//! Old.\n")), delete("base.c", None)];
            wanted[1].renames = vec![Rename { from: "rust/a.rs".into(), to: "rust/a/mod.rs".into() }];
        }), @r#"
        +[[patch.delete]]
        +file = "rust/old.rs"
        +text = """
        +//! Old.
        +"""
        +
        +[[patch.delete]]
        +file = "base.c"
        +
        +
        +[[patch.rename]]
        +from = "rust/a.rs"
        +to = "rust/a/mod.rs"
        "#);
    }

    proptest::proptest! {
        #[test]
        fn any_string_is_written_and_read(parts in proptest::collection::vec("[ -~]|\n|\t|\"\"\"|'''|\\\\|\\PC|\r", 0..12)) {
            let string = parts.concat();
            let table: toml::Table = format!("a = {}\n", text(&string)).parse().unwrap();
            proptest::prop_assert_eq!(table["a"].as_str().unwrap(), string);
        }
    }
}
