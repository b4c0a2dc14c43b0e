// SPDX-License-Identifier: GPL-2.0-only

//! The items of a source file that others can name, found by parsing it.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, ImplItem, Item, TraitItem, Type, UseTree, Visibility};

/// Whether other code can use an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Only its own crate or module can.
    Private,
    /// Everybody can.
    Public,
}

/// What a file has.
#[derive(Clone, Debug, Default)]
pub struct Items {
    items: BTreeMap<String, Access>,
    /// KUnit suites, as `#[kunit_tests(NAME)]` names them.
    pub suites: BTreeSet<String>,
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
    let mut items = Items { text: text.to_owned(), ..Items::default() };
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.starts_with("Kconfig") {
        kconfig(text, &mut items);
        return Ok(items);
    }
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    // Nobody uses the items of a driver but the driver itself: its crate is its public.
    let reader = Reader { crate_is_public: !path.starts_with("rust/") };
    reader.module(&file.items, "", Access::Public, &mut items);
    Ok(items)
}

impl Items {
    /// Looks for an item by its name, as `Name` or `Type::name`.
    pub fn find(&self, item: &str) -> Found {
        match self.items.get(item) {
            Some(Access::Public) => return Found::Public,
            Some(Access::Private) => return Found::Private,
            None => {}
        }
        let word = item.rsplit("::").next().unwrap_or(item);
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        if self.text.split(|c| !is_part(c)).any(|found| found == word) {
            return Found::TextOnly;
        }
        let public = self.items.iter().filter(|(_, access)| **access == Access::Public).map(|(name, _)| name.as_str());
        Found::Absent(super::model::similar(item, public).map(str::to_owned))
    }

    /// Whether the documentation has an example that runs: a fence that opens one says nothing else.
    pub fn has_doctest(&self) -> bool {
        let docs = self.text.lines().map(str::trim_start);
        let docs = docs.filter_map(|line| line.strip_prefix("///").or_else(|| line.strip_prefix("//!")));
        let fences = docs.map(str::trim).filter_map(|line| line.strip_prefix("```"));
        // They come in pairs.
        fences.step_by(2).any(|fence| fence.is_empty() || fence == "rust")
    }

    /// An item that is there under several conditions is public where one of them is.
    fn add(&mut self, name: String, access: Access) {
        let entry = self.items.entry(name).or_insert(access);
        *entry = (*entry).max(access);
    }
}

struct Reader {
    /// Whether what the whole crate sees counts as public.
    crate_is_public: bool,
}

impl Reader {
    fn access(&self, visibility: &Visibility, outer: Access) -> Access {
        let own = match visibility {
            Visibility::Public(_) => Access::Public,
            Visibility::Restricted(restricted) => {
                let wide = restricted.path.is_ident("crate") || restricted.path.is_ident("super");
                if wide && self.crate_is_public { Access::Public } else { Access::Private }
            }
            Visibility::Inherited => Access::Private,
        };
        own.min(outer)
    }

    fn module(&self, list: &[Item], at: &str, outer: Access, items: &mut Items) {
        for item in list {
            self.item(item, at, outer, items);
        }
        for item in list {
            if let Item::Impl(block) = item {
                self.methods(block, list, at, outer, items);
            }
        }
    }

    fn item(&self, item: &Item, at: &str, outer: Access, items: &mut Items) {
        let (visibility, ident) = match item {
            Item::Const(item) => (&item.vis, &item.ident),
            Item::Enum(item) => (&item.vis, &item.ident),
            Item::Fn(item) => (&item.vis, &item.sig.ident),
            Item::Mod(item) => (&item.vis, &item.ident),
            Item::Static(item) => (&item.vis, &item.ident),
            Item::Struct(item) => (&item.vis, &item.ident),
            Item::Trait(item) => (&item.vis, &item.ident),
            Item::Type(item) => (&item.vis, &item.ident),
            Item::Union(item) => (&item.vis, &item.ident),
            Item::Use(item) => return self.uses(&item.tree, at, self.access(&item.vis, outer), items),
            Item::Macro(item) => {
                if let Some(ident) = &item.ident {
                    let exported = has(&item.attrs, "macro_export");
                    // A macro that is exported stands at the top of its crate, wherever it is written.
                    let access = if exported { Access::Public } else { Access::Private };
                    items.add(format!("{at}{ident}"), access);
                }
                return;
            }
            _ => return,
        };
        let access = self.access(visibility, outer);
        let name = format!("{at}{ident}");
        items.add(name.clone(), access);
        self.inner(item, &format!("{name}::"), access, items);
    }

    /// What is in an item.
    fn inner(&self, item: &Item, at: &str, access: Access, items: &mut Items) {
        match item {
            Item::Mod(item) => {
                if let Some(suite) = suite(&item.attrs) {
                    items.suites.insert(suite);
                }
                if let Some((_, list)) = &item.content {
                    self.module(list, at, access, items);
                }
            }
            Item::Enum(item) => item.variants.iter().for_each(|v| items.add(format!("{at}{}", v.ident), access)),
            Item::Struct(item) => {
                for field in &item.fields {
                    if let Some(ident) = &field.ident {
                        items.add(format!("{at}{ident}"), self.access(&field.vis, access));
                    }
                }
            }
            Item::Trait(item) => {
                for inner in &item.items {
                    let ident = match inner {
                        TraitItem::Const(inner) => &inner.ident,
                        TraitItem::Fn(inner) => &inner.sig.ident,
                        TraitItem::Type(inner) => &inner.ident,
                        _ => continue,
                    };
                    items.add(format!("{at}{ident}"), access);
                }
            }
            _ => {}
        }
    }

    /// The methods and constants of an inherent `impl`. They are no more public than their type, where the module
    /// defines it.
    fn methods(&self, block: &syn::ItemImpl, list: &[Item], at: &str, outer: Access, items: &mut Items) {
        let Type::Path(path) = &*block.self_ty else { return };
        let (None, Some(last)) = (&block.trait_, path.path.segments.last()) else { return };
        let name = format!("{at}{}", last.ident);
        let of_type = list.iter().find_map(|item| match item {
            Item::Enum(item) if item.ident == last.ident => Some(&item.vis),
            Item::Struct(item) if item.ident == last.ident => Some(&item.vis),
            Item::Union(item) if item.ident == last.ident => Some(&item.vis),
            _ => None,
        });
        let outer = of_type.map_or(outer, |visibility| self.access(visibility, outer));
        for inner in &block.items {
            let (visibility, ident) = match inner {
                ImplItem::Const(inner) => (&inner.vis, &inner.ident),
                ImplItem::Fn(inner) => (&inner.vis, &inner.sig.ident),
                _ => continue,
            };
            items.add(format!("{name}::{ident}"), self.access(visibility, outer));
        }
    }

    /// The names that a `use` brings in. What `*` stands for is in another file.
    fn uses(&self, tree: &UseTree, at: &str, access: Access, items: &mut Items) {
        match tree {
            UseTree::Path(path) => self.uses(&path.tree, at, access, items),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.uses(tree, at, access, items)),
            UseTree::Name(name) => items.add(format!("{at}{}", name.ident), access),
            UseTree::Rename(rename) => items.add(format!("{at}{}", rename.rename), access),
            UseTree::Glob(_) => {}
        }
    }
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

/// The suite that `#[kunit_tests(NAME)]` makes of a module.
fn suite(attributes: &[Attribute]) -> Option<String> {
    let is_ours = |attribute: &&Attribute| attribute.path().segments.last().is_some_and(|s| s.ident == "kunit_tests");
    let attribute = attributes.iter().find(is_ours)?;
    attribute.parse_args::<syn::Ident>().ok().map(|name| name.to_string())
}

/// The symbols that a Kconfig file defines, and what they select.
fn kconfig(text: &str, items: &mut Items) {
    let mut symbol = None;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            // Definitions begin at the margin; the text of a help does not.
            (Some("config" | "menuconfig"), Some(name)) if !line.starts_with(char::is_whitespace) => {
                items.add(name.to_owned(), Access::Public);
                symbol = Some(name.to_owned());
            }
            (Some("help"), None) => symbol = None,
            (Some("select"), Some(other)) => {
                if let Some(symbol) = &symbol {
                    items.add(format!("{symbol} selects {other}"), Access::Public);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOURCE: &str = r#"
        //! Hidden is only spoken of.
        pub struct Open<T>(T);
        struct Closed;
        pub(crate) struct Near;
        impl<T> Open<T> {
            /// ```
            /// ```
            pub fn get(&self) {}
            pub const LIMIT: u32 = 1;
            fn set(&self) {}
        }
        impl Closed { pub fn get(&self) {} }
        impl Elsewhere { pub fn method(&self) {} }
        impl Trait for Open<u8> { fn foreign() {} }
        pub trait Trait { const C: u8; type T; fn required(&self); }
        pub enum Kind { First, Second { inner: u8 } }
        pub mod flags { pub const A: u8 = 1; mod deep { pub const B: u8 = 1; } }
        mod inner { pub fn lost() {} }
        pub mod file;
        pub use inner::{lost as found, self};
        use other::Imported;
        impl Imported { pub fn ours(&self) {} }
        #[macro_export] macro_rules! exported { () => {} }
        macro_rules! local { () => { pub struct InMacro; } }
        local!();
        #[macros::kunit_tests(rust_open)] mod tests {}
    "#;

    fn find(path: &str, item: &str) -> Found {
        parse(path, SOURCE).unwrap().find(item)
    }

    #[test]
    fn what_others_can_name_is_public() {
        for item in [
            "Open",
            "Open::get",
            "Open::LIMIT",
            "Elsewhere::method",
            "Imported::ours",
            "Trait",
            "Trait::required",
            "Trait::C",
            "Trait::T",
            "Kind::Second",
            "flags",
            "flags::A",
            "file",
            "found",
            "exported",
        ] {
            assert_eq!(find("rust/kernel/open.rs", item), Found::Public, "{item}");
        }
    }

    #[test]
    fn what_only_the_crate_sees_is_not() {
        for item in ["Closed", "Closed::get", "Open::set", "Near", "flags::deep::B", "inner::lost", "Imported", "local"]
        {
            assert_eq!(find("rust/kernel/open.rs", item), Found::Private, "{item}");
        }
        assert_eq!(find("drivers/gpu/open.rs", "Near"), Found::Public, "a driver is one crate");
        assert_eq!(find("drivers/gpu/open.rs", "Closed"), Found::Private);
    }

    #[test]
    fn text_is_no_item() {
        for item in ["Hidden", "InMacro", "Open::foreign", "B"] {
            assert_eq!(find("rust/kernel/open.rs", item), Found::TextOnly, "{item}");
        }
        assert_eq!(find("rust/kernel/open.rs", "Opem"), Found::Absent(Some("Open".into())));
        assert_eq!(find("rust/kernel/open.rs", "Zzz"), Found::Absent(None));
    }

    #[test]
    fn suites_and_examples_are_noticed() {
        let items = parse("rust/kernel/open.rs", SOURCE).unwrap();
        assert!(items.suites.contains("rust_open") && items.has_doctest());
        assert!(!parse("a.rs", "/// ```ignore\n/// ```\npub fn a() {}").unwrap().has_doctest());
    }

    #[test]
    fn damaged_sources_are_errors() {
        assert_eq!(parse("a.rs", "pub fn () {}").unwrap_err(), "expected identifier");
    }

    #[test]
    fn kconfig_files_have_symbols_and_selects() {
        let text =
            "config ALPHA\n\tbool\n\tselect HAVE_RUST if B\n\thelp\n\t  select\n\t  config GAMMA\nmenuconfig BETA\n";
        let items = parse("arch/x86/Kconfig", text).unwrap();
        for item in ["ALPHA", "BETA", "ALPHA selects HAVE_RUST"] {
            assert_eq!(items.find(item), Found::Public, "{item}");
        }
        assert_eq!(items.find("GAMMA"), Found::TextOnly);
    }
    proptest! {
        /// What is found is what was declared, under whatever modules, and only where all of them are public.
        #[test]
        fn items_are_public_where_all_modules_are(path in prop::collection::vec(("[a-z]{1,5}[0-9]", any::<bool>()), 1..5)) {
            let open = |(name, public): &(String, bool)| format!("{}mod {name} {{ ", if *public { "pub " } else { "" });
            let source: String = path.iter().map(open).collect::<String>() + "pub fn end() {}" + &" }".repeat(path.len());
            let name: String = path.iter().map(|(name, _)| format!("{name}::")).collect::<String>() + "end";
            let public = path.iter().all(|(_, public)| *public);
            let expected = if public { Found::Public } else { Found::Private };
            prop_assert_eq!(parse("rust/kernel/a.rs", &source).unwrap().find(&name), expected);
        }
    }
}
