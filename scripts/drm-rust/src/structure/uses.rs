// SPDX-License-Identifier: GPL-2.0-only

//! `use` items: read, joined and printed as rustfmt writes them, also in the kernel's vertical style.
//!
//! Order: that of rustfmt for the edition 2021: `self`, `super`, `crate`, names in snake case, in camel case and in
//! upper case, `*`, lists. What is not printed back byte for byte is not understood, and left alone.

use super::list::{Entry, Item, Key, Sorted, union};

/// The longest line that rustfmt writes.
const WIDTH: usize = 100;
const STEP: usize = 4;

/// A `use` item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Use {
    /// Everything before the path: attributes, visibility and `use`.
    head: String,
    indent: usize,
    tree: Tree,
}

#[derive(Clone, Debug, PartialEq)]
struct Tree {
    path: Vec<String>,
    tail: Tail,
    name: String,
    keys: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq)]
enum Tail {
    /// The path's last name.
    Name,
    /// Under another name.
    Alias(String),
    /// Everything.
    Glob,
    /// Several.
    Group(Group),
}

#[derive(Clone, Debug, PartialEq)]
struct Group {
    items: Vec<Tree>,
    layout: Layout,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    /// In one line.
    Line,
    /// As many as fit into a line.
    Filled,
    /// One a line, as a list with lists in it is written.
    Vertical,
    /// One a line, with `//` behind the last one: the kernel's style.
    Kernel,
}

impl Use {
    /// Reads an item; `text` has no newline at its end.
    pub(super) fn parse(head: &str, indent: usize, text: &str) -> Option<Use> {
        let body = text.strip_prefix(head)?.strip_suffix(';')?;
        let mut reader = Reader { rest: body };
        let tree = reader.tree(0)?;
        let item = Use { head: head.to_owned(), indent, tree };
        (reader.rest.is_empty() && item.print() == text).then_some(item)
    }

    fn print(&self) -> String {
        format!("{}{};", self.head, self.tree.print(self.indent))
    }

    /// The entry of a list that this item is.
    pub(super) fn into_entry(self) -> Entry {
        let name = format!("{}{}", self.head, self.tree.name);
        Entry { name, keys: self.tree.keys.clone(), text: self.print(), import: Some(self) }
    }

    /// The item after both sides added to it.
    pub(super) fn join(base: &Use, ours: &Use, theirs: &Use) -> Option<Use> {
        let tree = Tree::join(&base.tree, &ours.tree, &theirs.tree)?;
        let joined = Use { tree, ..base.clone() };
        joined.print().lines().all(|line| line.len() <= WIDTH).then_some(joined)
    }

    /// The names that it brings into scope.
    pub(super) fn bindings(&self, out: &mut Vec<String>) {
        self.tree.bindings("", out);
    }
}

impl Tree {
    fn new(path: Vec<String>, tail: Tail) -> Tree {
        let joined = path.join("::");
        let mut key: Key = path.iter().map(|part| segment(part)).collect();
        let name = match &tail {
            Tail::Name => joined,
            Tail::Alias(alias) => {
                if let Some((_, last)) = key.last_mut() {
                    *last += &format!("\0{alias}");
                }
                format!("{joined} as {alias}")
            }
            Tail::Glob => {
                key.push((8, String::new()));
                format!("{joined}::*")
            }
            Tail::Group(_) => {
                key.push((9, String::new()));
                format!("{joined}::{{}}")
            }
        };
        Tree { path, tail, name, keys: vec![key] }
    }

    fn print(&self, indent: usize) -> String {
        match &self.tail {
            Tail::Group(group) => format!("{}::{}", self.path.join("::"), group.print(indent)),
            _ => self.name.clone(),
        }
    }

    fn bindings(&self, parent: &str, out: &mut Vec<String>) {
        let last = self.path.last().map_or(parent, String::as_str);
        match &self.tail {
            Tail::Alias(alias) => out.push(alias.clone()),
            Tail::Name if last == "self" => out.push(parent.to_owned()),
            Tail::Name => out.push(last.to_owned()),
            Tail::Glob => {}
            Tail::Group(group) => group.items.iter().for_each(|item| item.bindings(last, out)),
        }
    }
}

impl Item for Tree {
    fn name(&self) -> &str {
        &self.name
    }

    fn keys(&self) -> &[Key] {
        &self.keys
    }

    fn is(&self, other: &Self) -> bool {
        self == other
    }

    fn join(base: &Self, ours: &Self, theirs: &Self) -> Option<Self> {
        let (Tail::Group(base_group), Tail::Group(ours), Tail::Group(theirs)) = (&base.tail, &ours.tail, &theirs.tail)
        else {
            return None;
        };
        let layout = match () {
            () if ours.layout == theirs.layout || theirs.layout == base_group.layout => ours.layout,
            () if ours.layout == base_group.layout => theirs.layout,
            () => return None,
        };
        let items = union(&base_group.items, &ours.items, &theirs.items, Sorted::Whole)?;
        Some(Tree::new(base.path.clone(), Tail::Group(Group { items, layout })))
    }
}

impl Group {
    fn print(&self, indent: usize) -> String {
        let inner = indent + STEP;
        let items: Vec<String> = self.items.iter().map(|item| item.print(inner)).collect();
        let (space, outer) = (" ".repeat(inner), " ".repeat(indent));
        match self.layout {
            Layout::Line => format!("{{{}}}", items.join(", ")),
            Layout::Filled => format!("{{\n{}{outer}}}", fill(&items, &space)),
            Layout::Vertical | Layout::Kernel => {
                let end = if self.layout == Layout::Kernel { ", //\n" } else { ",\n" };
                let lines = items.join(&format!(",\n{space}"));
                format!("{{\n{space}{lines}{end}{outer}}}")
            }
        }
    }
}

/// As many items as fit into each line, where rustfmt leaves the last column free.
fn fill(items: &[String], space: &str) -> String {
    let mut text = String::new();
    let mut line = space.to_owned();
    for item in items {
        let gap = if line.trim().is_empty() { "" } else { " " };
        if !gap.is_empty() && line.len() + gap.len() + item.len() + 1 >= WIDTH {
            text += &format!("{line}\n");
            line = format!("{space}{item},");
        } else {
            line += &format!("{gap}{item},");
        }
    }
    text + &line + "\n"
}

/// What a part of a path is sorted by.
fn segment(part: &str) -> (u8, String) {
    let plain = part.trim_start_matches("r#");
    let upper = plain.chars().all(|c| c.is_uppercase() || c == '_' || c.is_numeric());
    let class = match part {
        "self" => 0,
        "super" => 1,
        "crate" => 2,
        _ if upper => 5,
        _ if plain.starts_with(char::is_uppercase) => 4,
        _ => 3,
    };
    (class, plain.to_owned())
}

/// Reads the text of an item from its start.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn ident(&mut self) -> Option<&'a str> {
        let raw = if self.rest.starts_with("r#") { 2 } else { 0 };
        let end =
            self.rest[raw..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(self.rest.len(), |n| n + raw);
        let (ident, rest) = self.rest.split_at(end);
        self.rest = rest;
        let first = ident[raw..].chars().next()?;
        (!first.is_numeric()).then_some(ident)
    }

    fn tree(&mut self, depth: usize) -> Option<Tree> {
        let mut path = vec![self.ident()?.to_owned()];
        loop {
            if self.take(" as ") {
                return Some(Tree::new(path, Tail::Alias(self.ident()?.to_owned())));
            }
            if !self.take("::") {
                return Some(Tree::new(path, Tail::Name));
            }
            if self.take("*") {
                return Some(Tree::new(path, Tail::Glob));
            }
            if self.take("{") {
                return Some(Tree::new(path, Tail::Group(self.group(depth + 1)?)));
            }
            path.push(self.ident()?.to_owned());
        }
    }

    /// Reads a list whose brace was read.
    fn group(&mut self, depth: usize) -> Option<Group> {
        if depth > 16 {
            return None;
        }
        let lines = self.rest.starts_with('\n');
        let mut items = Vec::new();
        let mut kernel = false;
        loop {
            self.rest = self.rest.trim_ascii_start();
            if kernel && !self.rest.starts_with('}') {
                return None;
            }
            if self.take("}") {
                break;
            }
            items.push(self.tree(depth)?);
            if !self.take(",") && !self.rest.starts_with('}') {
                return None;
            }
            kernel = self.rest.starts_with(" //\n") && self.take(" //");
        }
        let nested = items.iter().any(|item| matches!(item.tail, Tail::Group(_)));
        let layout = match (lines, kernel) {
            (false, _) => Layout::Line,
            (true, true) => Layout::Kernel,
            (true, false) if nested => Layout::Vertical,
            (true, false) => Layout::Filled,
        };
        (!items.is_empty()).then_some(Group { items, layout })
    }
}
