// SPDX-License-Identifier: GPL-2.0-only

//! The page of the registry for the kernel's documentation: made of `registry.toml` and `registry.lock` alone.

use std::collections::BTreeMap;

use super::link;
use super::lock::Lock;
use super::model::{Evidence, Kind, Registry, Row, by_file};
use super::status::Status;

const WIDTH: usize = 80;

const HEAD: &str = "\
.. SPDX-License-Identifier: GPL-2.0

Registry of Rust abstractions
=============================

The Rust-for-Linux registry lists abstractions and drivers that have been
proposed for the kernel. This page tells what of them there is. Its statuses are
not written by hand: each row names items, and a program looks for them in the
base and in the topics of this tree. Documentation/rust/drm-rust/maintainers.rst
tells how the registry is kept; ``drm-rust registry render`` writes this page.

";

/// The page.
pub fn page(registry: &Registry, lock: &Lock) -> String {
    let mut text = HEAD.to_owned();
    text += &format!("The base is Linux {}.\n", lock.base);
    text += &summary(registry, lock);
    for status in Status::ALL {
        let rows: Vec<&Row> = registry.rows.iter().filter(|row| status_of(lock, row) == status).collect();
        if !rows.is_empty() {
            text += &section(status, &rows);
        }
    }
    text
}

/// What is not in the lock is not known to be there.
fn status_of(lock: &Lock, row: &Row) -> Status {
    lock.status.get(&row.area).copied().unwrap_or(Status::Wanted)
}

fn title(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Upstream => ("Upstream", "The base has all that the area asks for."),
        Status::Carried => ("Carried", "A topic of this tree adds to what the base has."),
        Status::Partial => ("Partial", "The base has a part, and no topic adds to it."),
        Status::Wanted => ("Wanted", "There is nothing yet."),
    }
}

/// How the registry's words and the statuses go together.
fn summary(registry: &Registry, lock: &Lock) -> String {
    let mut counts: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for row in &registry.rows {
        counts.entry(word(row)).or_default()[status_of(lock, row) as usize] += 1;
    }
    let total = counts.values().fold([0; 4], |mut sum, row| {
        (0..4).for_each(|i| sum[i] += row[i]);
        sum
    });
    let mut text = "\n.. list-table:: Rows by what the registry says of them, and by what there is\n".to_owned();
    text += "   :header-rows: 1\n\n   * - Registry\n";
    Status::ALL.iter().for_each(|status| text += &format!("     - {}\n", status.name()));
    for (word, counts) in counts.iter().map(|(word, counts)| (word.as_str(), counts)).chain([("*all*", &total)]) {
        text += &format!("   * - {word}\n");
        counts.iter().for_each(|count| text += &format!("     - {count}\n"));
    }
    text
}

/// The registry's own word for a row.
fn word(row: &Row) -> String {
    match (row.kind, &row.source) {
        (Kind::Driver, _) => "(a driver of this tree)".into(),
        (Kind::Idea, _) => "(idea board)".into(),
        (_, Some(source)) if source.status.is_empty() => "(none)".into(),
        (_, Some(source)) => paragraph(&source.status.to_ascii_lowercase()),
        (_, None) => "(not listed)".into(),
    }
}

fn section(status: Status, rows: &[&Row]) -> String {
    let (title, about) = title(status);
    let mut text = format!("\n{title}\n{}\n\n{about}\n\n", "-".repeat(title.len()));
    text += ".. list-table::\n   :header-rows: 1\n   :widths: 20 12 34 34\n\n";
    let last = if status == Status::Upstream { "Beyond it" } else { "It lacks" };
    text += &format!("   * - Area\n     - Registry\n     - There is\n     - {last}\n");
    for row in rows {
        text += &cell("   * - ", &area(row));
        text += &cell("     - ", &word(row));
        text += &cell("     - ", &present(row));
        text += &cell("     - ", &paragraph(if status == Status::Upstream { &row.beyond } else { &row.lacks }));
    }
    text
}

/// A cell of a table, its words in lines of fair length.
fn cell(start: &str, text: &str) -> String {
    let mut lines = start.trim_end().to_owned();
    let mut column = lines.len();
    for (i, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if i > 0 && column + 1 + length > WIDTH {
            lines += "\n      ";
            column = 6;
        }
        lines += " ";
        lines += word;
        column += 1 + length;
    }
    lines + "\n"
}

/// The area, who wrote it and where.
fn area(row: &Row) -> String {
    let mut parts = vec![format!("**{}**", escape(&row.area))];
    if let Some(source) = &row.source {
        let name = [source.name.as_str(), source.task.as_str()].join(" ");
        if name.trim() != row.area {
            parts.push(format!("({})", escape(name.trim())));
        }
        if !source.author.is_empty() {
            parts.push(format!("by {}", escape(&source.author)));
        }
        parts.extend(link("git", &source.git));
        parts.extend(link("list", &source.list));
        if source.gone {
            parts.push("(no longer listed)".into());
        }
    }
    if let Some(owner) = &row.owner {
        parts.push(format!("→ {}", escape(owner)));
    }
    parts.join(" ")
}

/// What there is: the base's items by file, then what topics add.
fn present(row: &Row) -> String {
    let mut parts = items(&row.evidence);
    if !row.topics.is_empty() {
        let topics: Vec<&str> = row.topics.iter().map(|topic| topic.as_str()).collect();
        parts.push(format!("**{}:**", topics.join(", ")));
        parts.extend(items(&row.carried));
    }
    parts.join(" ")
}

/// Items with their files, whose common start is left out.
fn items(evidence: &[Evidence]) -> Vec<String> {
    let short = |path: &str| path.strip_prefix("rust/kernel/").unwrap_or(path).to_owned();
    let literal = |items: &[&str]| items.iter().map(|item| format!("``{item}``")).collect::<Vec<_>>().join(", ");
    by_file(evidence).iter().map(|(path, items)| format!("{} (``{}``)", literal(items), short(path))).collect()
}

/// A link, where the text has an address.
fn link(name: &str, text: &str) -> Option<String> {
    let address = link::encoded(link::of(text)?);
    // A name that ends in an underscore would be a reference.
    let address = match address.strip_suffix('_') {
        Some(start) => format!("{start}\\_"),
        None => address,
    };
    Some(format!("`{name} <{address}>`__"))
}

/// Text that begins a paragraph, which is neither a list nor another block.
fn paragraph(text: &str) -> String {
    let text = escape(text);
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_number = first.strip_suffix(['.', ')']).is_some_and(|number| number.chars().all(char::is_alphanumeric));
    let is_plain = first.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '\\' | '`'));
    if text.is_empty() || is_plain && !is_number { text } else { format!("\\{text}") }
}

/// Text without what reStructuredText takes for markup.
fn escape(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(word_of_text).collect();
    let text = words.join(" ");
    // Two colons would announce a literal block.
    match text.strip_suffix("::") {
        Some(start) => format!("{start}\\::"),
        None => text,
    }
}

fn word_of_text(word: &str) -> String {
    // A line of punctuation would underline the one above it, as would one of escaped backslashes.
    let is_line_of = |c: char| word.chars().all(|other| other == c);
    if is_line_of('\\') {
        return format!("``{word}``");
    }
    let mut escaped = String::new();
    let mut rest = word.chars();
    while let Some(c) = rest.next() {
        let ends_word = !rest.as_str().trim_start_matches('_').starts_with(char::is_alphanumeric);
        if matches!(c, '\\' | '*' | '`' | '|') || c == '_' && ends_word {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    let is_line = word.len() > 3 && word.starts_with(|c: char| c.is_ascii_punctuation() && is_line_of(c));
    if is_line && escaped == word { format!("\\{word}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_table_for_each_status() {
        let text = "
            [[row]]
            area = 'xarray'
            owner = 'rust'
            evidence = [
                { path = 'rust/kernel/xarray.rs', item = 'XArray' },
                { path = 'rust/kernel/xarray.rs', item = 'Guard::store' },
            ]
            lacks = 'locks of kind irq_ and dma_sync_*'
            topics = ['rust/xarray']
            carried = [{ path = 'rust/kernel/xarray/ids.rs', item = 'Limit' }]
            [row.source]
            name = 'xarray'
            status = 'RFC'
            author = 'A. B.'
            git = 'not yet published'
            list = 'https://lists.example/a_ (in links)'
            [[row]]
            area = 'nova'
            kind = 'driver'
        ";
        let registry = Registry::parse(text, "r").unwrap();
        let status = BTreeMap::from([("xarray".to_owned(), Status::Carried)]);
        let page = page(&registry, &Lock { base: "9.9".into(), status });
        insta::assert_snapshot!(page.strip_prefix(HEAD).unwrap(), @r"
        The base is Linux 9.9.

        .. list-table:: Rows by what the registry says of them, and by what there is
           :header-rows: 1

           * - Registry
             - upstream
             - carried
             - partial
             - wanted
           * - (a driver of this tree)
             - 0
             - 0
             - 0
             - 1
           * - rfc
             - 0
             - 1
             - 0
             - 0
           * - *all*
             - 0
             - 1
             - 0
             - 1

        Carried
        -------

        A topic of this tree adds to what the base has.

        .. list-table::
           :header-rows: 1
           :widths: 20 12 34 34

           * - Area
             - Registry
             - There is
             - It lacks
           * - **xarray** by A. B. `list <https://lists.example/a\_>`__ → rust
             - rfc
             - ``XArray``, ``Guard::store`` (``xarray.rs``) **rust/xarray:** ``Limit``
               (``xarray/ids.rs``)
             - locks of kind irq\_ and dma_sync\_\*

        Wanted
        ------

        There is nothing yet.

        .. list-table::
           :header-rows: 1
           :widths: 20 12 34 34

           * - Area
             - Registry
             - There is
             - It lacks
           * - **nova**
             - (a driver of this tree)
             -
             -
        ");
    }

    #[test]
    fn text_is_no_markup() {
        assert_eq!(escape(r"a_b_ *c* `d` |e| \f g__"), r"a_b\_ \*c\* \`d\` \|e\| \\f g\_\_");
        assert_eq!(paragraph(r"\\ \"), r"``\\`` ``\``");
        assert_eq!(escape("a ==== ****\nb:: "), r"a \==== \*\*\*\* b\::");
        assert_eq!(paragraph("a() (b) - c"), "a() (b) - c");
        for text in ["- a", "1. a", "a) a", "(i) a", ".. a", ":a: b", ">>> a", "#. a", "--a", "• a"] {
            assert_eq!(paragraph(text), format!("\\{text}"));
        }
    }

    #[test]
    fn links_have_nothing_but_an_address() {
        assert_eq!(link("git", "https://a/`b>_ and more").unwrap(), r"`git <https://a/%60b%3E\_>`__");
        assert_eq!(link("git", "javascript:a"), None);
    }
}
