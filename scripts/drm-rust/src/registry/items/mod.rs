// SPDX-License-Identifier: GPL-2.0-only

//! The items of a source file that others can name, found by parsing it.

use std::collections::BTreeSet;

use self::names::{Access, Names};
use crate::kernel::kconfig;

mod cfg;
mod docs;
mod names;
mod rust;
#[cfg(test)]
mod tests;

/// What a file has.
#[derive(Clone, Debug)]
pub struct Items {
    names: Names,
    /// Who must be able to use an item that is public.
    least: Access,
    /// KUnit suites, as `#[kunit_tests(NAME)]` names them.
    pub suites: BTreeSet<String>,
    examples: bool,
    /// The file's text.
    text: String,
}

/// What became of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there for all to use.
    Public,
    /// It is there, but not for others.
    Private,
    /// The name stands in the text, but is no item of the file.
    TextOnly,
    /// It is not there; this may be meant.
    Absent(Option<String>),
}

/// Reads a file: Kconfig files and Rust sources, by their name. The error is that of the parser.
pub fn parse(path: &str, text: &str) -> Result<Items, String> {
    // Nobody uses the items of a driver but the driver itself: its crate is its public.
    let least = if path.starts_with("rust/") { Access::Public } else { Access::Crate };
    let mut items =
        Items { names: Names::default(), least, suites: BTreeSet::new(), examples: false, text: text.to_owned() };
    if path.rsplit('/').next().is_some_and(|name| name.starts_with("Kconfig")) {
        kconfig(text, &mut items.names);
    } else {
        rust::read(&syn::parse_file(text).map_err(|error| error.to_string())?, &mut items);
    }
    Ok(items)
}

impl Items {
    /// Looks for an item by its name, as `Name` or `Type::name`.
    pub fn find(&self, item: &str) -> Found {
        match self.names.access(item) {
            Some(access) if access >= self.least => return Found::Public,
            Some(_) => return Found::Private,
            None => {}
        }
        let word = item.rsplit("::").next().unwrap_or(item);
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        if self.text.split(|c| !is_part(c)).any(|found| found == word) {
            return Found::TextOnly;
        }
        let names = self.names.all();
        let public = names.iter().filter(|name| self.names.access(name) >= Some(self.least));
        Found::Absent(super::model::similar(item, public.map(String::as_str)).map(str::to_owned))
    }

    /// Whether the documentation has an example that runs, if those of its crate are built.
    pub fn has_doctest(&self) -> bool {
        self.examples
    }
}

/// The symbols that a Kconfig file defines, and what they select.
fn kconfig(text: &str, names: &mut Names) {
    let symbols = kconfig::parse(text);
    symbols.defined().for_each(|symbol| names.0.item(symbol, Access::Public));
    for (selector, selected) in symbols.selections() {
        names.0.item(format!("{selector} selects {selected}"), Access::Public);
    }
}
