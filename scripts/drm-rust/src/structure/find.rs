// SPDX-License-Identifier: GPL-2.0-only

//! The lists of a file that people add to, found by reading it strictly: what has any other form is no list.

use super::list::{Entry, List, Sorted, key_of};
use super::uses::Use;

/// The lists of a file.
pub(super) fn lists(path: &str, text: &str) -> Vec<List> {
    let file = path.rsplit('/').next().unwrap_or_default();
    let found = match file {
        _ if file.ends_with(".rs") => [mods(text), uses(text), tables(text)].concat(),
        _ if ["rust/bindings/bindings_helper.h", "rust/helpers/helpers.c"].contains(&path) => includes(text),
        _ if file == "Kconfig" || file.starts_with("Kconfig.") => sources(text),
        "Makefile" | "Kbuild" => objects(text),
        "MAINTAINERS" if path == file => maintainers(text),
        _ => Vec::new(),
    };
    // A list is understood where it is written back byte for byte.
    found.into_iter().filter(|list| list.print(&list.entries) == text[list.range.clone()]).collect()
}

/// A line with where it begins; without its newline.
type Line<'a> = (usize, &'a str);

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let at = start;
        start += line.len();
        (at, line.strip_suffix('\n').unwrap_or(line))
    });
    lines.collect()
}

/// Gathers entries that follow each other into lists.
struct Gather {
    list: List,
    found: Vec<List>,
}

impl Gather {
    fn new(what: &'static str, separator: &'static str, sorted: Sorted) -> Self {
        let list = List { what, range: 1..1, entries: Vec::new(), separator, end: "\n", sorted };
        Gather { list, found: Vec::new() }
    }

    /// Adds an entry that takes `start..end` of the text, without what stands behind it.
    fn add(&mut self, start: usize, end: usize, entry: Entry) {
        let follows = start == self.list.range.end - self.list.end.len() + self.list.separator.len();
        if self.list.entries.is_empty() || !follows {
            self.flush();
            self.list.range.start = start;
        }
        self.list.entries.push(entry);
        self.list.range.end = end + self.list.end.len();
    }

    fn flush(&mut self) {
        if !self.list.entries.is_empty() {
            self.found.push(self.list.clone());
            self.list.entries.clear();
        }
        self.list.range = self.list.end.len()..self.list.end.len();
    }

    /// The lists; those that the text's end cuts off are left out.
    fn done(mut self, text: &str) -> Vec<List> {
        self.flush();
        self.found.retain(|list| list.range.end <= text.len());
        self.found
    }
}

/// `#include` lines, each perhaps inside a condition of its own.
fn includes(text: &str) -> Vec<List> {
    let mut gather = Gather::new("#include list", "\n", Sorted::Around);
    let lines = lines(text);
    let name = |line: &str| {
        let rest = line.strip_prefix("#include ")?;
        let inner = rest.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let inner = inner.or_else(|| rest.strip_prefix('"')?.strip_suffix('"'))?;
        (!inner.contains(['<', '>', '"', ' '])).then(|| (inner.to_owned(), rest.starts_with('<')))
    };
    let mut angle = None;
    let mut depth = 0usize;
    let mut i = 0;
    while let Some(&(start, line)) = lines.get(i) {
        let at = |n: usize| lines.get(i + n).map_or("", |line| line.1);
        let condition = line.starts_with("#if") && at(2) == "#endif";
        let (found, count) = if condition { (name(at(1)), 3) } else { (name(line), 1) };
        match found {
            Some((name, in_angles)) if depth == 0 => {
                let (last, last_line) = lines[i + count - 1];
                let end = last + last_line.len();
                if angle != Some(in_angles) {
                    gather.flush();
                }
                angle = Some(in_angles);
                gather.add(start, end, Entry::new(&name, &name, &text[start..end]));
                i += count;
            }
            _ => {
                // Inside of a longer condition nothing is a list.
                depth += usize::from(line.starts_with("#if"));
                depth = depth.saturating_sub(usize::from(line.starts_with("#endif")));
                gather.flush();
                i += 1;
            }
        }
    }
    gather.done(text)
}

/// `source` lines of Kconfig: a list has no empty line between any of them, or one between all of them.
fn sources(text: &str) -> Vec<List> {
    let mut found: Vec<List> = Vec::new();
    for (start, line) in lines(text) {
        let path = line.strip_prefix("source \"").and_then(|rest| rest.strip_suffix('"'));
        let Some(path) = path.filter(|path| !path.contains('"')) else { continue };
        let (end, entry) = (start + line.len() + 1, Entry::new(path, path, line));
        if let Some(list) = found.last_mut() {
            let gap = &text[list.range.end - 1..start];
            let separator = ["\n", "\n\n"].into_iter().find(|separator| *separator == gap);
            if let Some(separator) = separator.filter(|gap| list.entries.len() == 1 || *gap == list.separator) {
                list.separator = separator;
                list.range.end = end;
                list.entries.push(entry);
                continue;
            }
        }
        let (what, range) = ("`source` list", start..end);
        found.push(List { what, range, entries: vec![entry], separator: "\n", end: "\n", sorted: Sorted::Whole });
    }
    found.retain(|list| list.range.end <= text.len());
    found
}

/// `obj-… += …` lines with one object each; sorted by the object, or by the option and the object.
fn objects(text: &str) -> Vec<List> {
    let mut gather = Gather::new("`obj-` list", "\n", Sorted::Whole);
    for (start, line) in lines(text) {
        let entry = || {
            let (option, object) = line.strip_prefix("obj-")?.split_once("+=")?;
            let (option, object) = (option.trim_end(), object.trim_start());
            let inner = option.strip_prefix("$(CONFIG_").and_then(|rest| rest.strip_suffix(')')).unwrap_or(option);
            let word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
            let fits = word(inner) && word(object) && !inner.is_empty() && !object.is_empty();
            let keys = vec![key_of(object), vec![(0, option.to_owned()), (0, object.to_owned())]];
            fits.then(|| Entry { keys, ..Entry::new(object, object, line) })
        };
        match entry() {
            Some(entry) => gather.add(start, start + line.len(), entry),
            None => gather.flush(),
        }
    }
    gather.done(text)
}

/// Whole entries of MAINTAINERS, behind the heading of the list.
fn maintainers(text: &str) -> Vec<List> {
    let Some(list) = text.find("\nMaintainers List\n-") else { return Vec::new() };
    let mut gather = Gather::new("list of maintainers", "\n\n", Sorted::Around);
    let is_field = |line: &str| {
        let mut chars = line.chars();
        chars.next().is_some_and(|c| c.is_ascii_uppercase()) && chars.as_str().starts_with(":\t")
    };
    let lines = lines(text);
    for block in lines.split(|(_, line)| line.is_empty()).filter(|block| !block.is_empty()) {
        let (start, title) = block[0];
        let (last, last_line) = block[block.len() - 1];
        let fields = &block[1..];
        if start < list || is_field(title) || fields.is_empty() || !fields.iter().all(|(_, line)| is_field(line)) {
            gather.flush();
            continue;
        }
        let end = last + last_line.len();
        // The entry of everything else stands behind all others.
        let key = if title == "THE REST" { "\u{10ffff}" } else { title };
        gather.add(start, end, Entry::new(title, key, &text[start..end]));
    }
    gather.done(text)
}

/// The attributes and doc comments above an item, if `line` is one of them.
fn is_attached(line: &str) -> bool {
    let line = line.trim_start();
    let attribute = line.starts_with("#[") && line.ends_with(']') && line.matches("#[").count() == 1;
    attribute || line.starts_with("///") && !line.starts_with("////")
}

/// An item that one line ends, with what is attached to it.
fn mods(text: &str) -> Vec<List> {
    let mut gather = Gather::new("`mod` list", "\n", Sorted::Whole);
    let mut attached: Option<usize> = None;
    let mut indent = 0;
    for (start, line) in lines(text) {
        if is_attached(line) && !line.contains("macro_use") {
            attached.get_or_insert(start);
            continue;
        }
        let rest = line.trim_start();
        let name = without_visibility(rest).strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        let is_name = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '#');
        match name.filter(is_name) {
            Some(name) => {
                let (from, end) = (attached.unwrap_or(start), start + line.len());
                if line.len() - rest.len() != indent {
                    gather.flush();
                    indent = line.len() - rest.len();
                }
                let name = name.trim_start_matches("r#");
                gather.add(from, end, Entry::new(name, name, &text[from..end]));
            }
            None => gather.flush(),
        }
        attached = None;
    }
    gather.done(text)
}

/// An item behind `pub` or `pub(…)`.
fn without_visibility(item: &str) -> &str {
    let Some(rest) = item.strip_prefix("pub") else { return item };
    let rest = match rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
        Some((_, rest)) => rest,
        None => rest,
    };
    rest.strip_prefix(' ').unwrap_or(item)
}

/// `use` items, which may take several lines.
fn uses(text: &str) -> Vec<List> {
    let mut gather = Gather::new("`use` list", "\n", Sorted::Whole);
    let mut attached: Option<usize> = None;
    let lines = lines(text);
    let mut i = 0;
    while let Some(&(start, line)) = lines.get(i) {
        i += 1;
        if is_attached(line) {
            attached.get_or_insert(start);
            continue;
        }
        let from = attached.take().unwrap_or(start);
        let rest = line.trim_start();
        let indent = line.len() - rest.len();
        let item = without_visibility(rest).strip_prefix("use ").and_then(|path| {
            // Everything up to the `;` that ends a line.
            let last = (i - 1..lines.len()).take(200).find(|&n| lines[n].1.ends_with(';'))?;
            let end = lines[last].0 + lines[last].1.len();
            let head = &text[from..start + line.len() - path.len()];
            let item = Use::parse(head, indent, &text[from..end])?;
            Some((last + 1, end, item.into_entry()))
        });
        match item {
            Some((next, end, entry)) => {
                gather.add(from, end, entry);
                i = next;
            }
            None => gather.flush(),
        }
    }
    gather.done(text)
}

/// Tables of device ids with an entry in each line.
fn tables(text: &str) -> Vec<List> {
    let lines = lines(text);
    let mut found = Vec::new();
    let begins = |line: &str| line.ends_with("device_table!(");
    for table in (0..lines.len()).filter(|&n| begins(lines[n].1)) {
        let Some(open) = (table + 1..lines.len().min(table + 6)).find(|&n| lines[n].1.trim() == "[") else { continue };
        let indent = lines[open].1.len() - 1;
        let entry = |line: &str| {
            let inner = line.strip_prefix(&" ".repeat(indent + 4))?;
            let inner = inner.strip_suffix(',').unwrap_or(inner);
            let balanced = inner.starts_with('(') && inner.ends_with(')') && is_balanced(inner);
            balanced.then(|| Entry::new(inner, inner, &line[..indent + 4 + inner.len()]))
        };
        let entries: Vec<Entry> = lines[open + 1..].iter().map_while(|(_, line)| entry(line)).collect();
        let close = open + 1 + entries.len();
        let closed = lines.get(close).is_some_and(|(_, line)| ["]", "],"].contains(&line.trim_start()));
        if entries.is_empty() || !closed {
            continue;
        }
        let end = if lines[close - 1].1.ends_with(',') { ",\n" } else { "\n" };
        let range = lines[open + 1].0..lines[close].0;
        found.push(List { what: "table of device ids", range, entries, separator: ",\n", end, sorted: Sorted::Whole });
    }
    found
}

/// Whether parentheses outside of strings close what they open, at the very end.
fn is_balanced(text: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                let Some(less) = depth.checked_sub(1) else { return false };
                depth = less;
                if depth == 0 && place + 1 != text.len() {
                    return false;
                }
            }
            '/' if !quoted && text[place..].starts_with("//") => return false,
            _ => {}
        }
    }
    depth == 0 && !quoted
}
