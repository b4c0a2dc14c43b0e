// SPDX-License-Identifier: GPL-2.0-only

//! Reads the items of a Rust source.

use syn::{Attribute, ImplItem, Item, TraitItem, Type, UseTree, Visibility};

use super::{Access, Items};

/// Reads a source. Where its crate is its public, what the whole crate sees is public.
pub(super) fn read(file: &syn::File, crate_is_public: bool, items: &mut Items) {
    Reader { crate_is_public }.module(&file.items, "", Access::Public, items);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Found, parse};

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
