// SPDX-License-Identifier: GPL-2.0-only

//! Reads the items of a Rust source.

use std::collections::BTreeSet;

use syn::{
    Attribute, Field, ForeignItem, ImplItem, Item, ItemImpl, ItemUse, TraitItem, Type, TypeParamBound, UseTree,
    Visibility,
};

use super::names::{Access, Names, Place, Scope, Use};
use super::{Items, cfg, docs};

/// Reads a source.
pub(super) fn read(file: &syn::File, items: &mut Items) {
    let mut reader = Reader::default();
    let most = reader.most(&file.attrs, Access::Public);
    reader.module(&file.items, &[], most, &mut items.names.0);
    for (module, most, block) in std::mem::take(&mut reader.blocks) {
        reader.block(block, &module, most, &mut items.names);
    }
    reader.exported.iter().for_each(|(name, access)| items.names.0.item(name, *access));
    items.suites = reader.suites;
    items.examples = reader.examples;
}

#[derive(Default)]
struct Reader<'a> {
    suites: BTreeSet<String>,
    /// Whether one of the items that were read has an example that runs.
    examples: bool,
    /// The `impl` of each module: they are read when all types are known.
    blocks: Vec<(Vec<String>, Access, &'a ItemImpl)>,
    /// Macros that stand at the top of their crate, wherever they are written.
    exported: Vec<(String, Access)>,
}

impl<'a> Reader<'a> {
    /// Reads attributes. Gives who can use what has them, at most.
    fn most(&mut self, attributes: &[Attribute], outer: Access) -> Access {
        if outer == Access::Never || cfg::is_never(attributes) {
            return Access::Never;
        }
        self.examples |= docs::has_example(attributes);
        outer
    }

    fn module(&mut self, list: &'a [Item], at: &[String], most: Access, scope: &mut Scope) {
        for item in list {
            let most = self.most(attributes(item), most);
            self.item(item, at, most, scope);
        }
    }

    fn item(&mut self, item: &'a Item, at: &[String], most: Access, scope: &mut Scope) {
        let access = |visibility| access(visibility).min(most);
        match item {
            Item::Const(item) => scope.item(&item.ident, access(&item.vis)),
            Item::Enum(item) => {
                let inner = scope.space(&item.ident, access(&item.vis));
                for variant in &item.variants {
                    let most = self.most(&variant.attrs, most);
                    inner.item(&variant.ident, most);
                    // Those of a variant have no names of their own.
                    self.fields(&variant.fields, most, &mut Scope::default());
                }
            }
            Item::Fn(item) => scope.item(&item.sig.ident, access(&item.vis)),
            Item::ForeignMod(block) => self.foreign(&block.items, most, scope),
            Item::Impl(block) => self.blocks.push((at.to_vec(), most, block)),
            Item::Macro(item) => match &item.ident {
                Some(ident) if has(&item.attrs, "macro_export") => self.exported.push((ident.to_string(), most)),
                Some(ident) => scope.item(ident, Access::Private.min(most)),
                None => {}
            },
            Item::Mod(item) => {
                self.suites.extend(suite(&item.attrs).filter(|_| most > Access::Never));
                let inner = scope.space(&item.ident, access(&item.vis));
                match &item.content {
                    Some((_, list)) => self.module(list, &[at, &[item.ident.to_string()]].concat(), most, inner),
                    None => inner.elsewhere = true,
                }
            }
            Item::Static(item) => scope.item(&item.ident, access(&item.vis)),
            Item::Struct(item) => self.fields(&item.fields, most, scope.space(&item.ident, access(&item.vis))),
            Item::Trait(item) => self.required(&item.items, most, scope.space(&item.ident, access(&item.vis))),
            Item::Type(item) => drop(scope.space(&item.ident, access(&item.vis))),
            Item::Union(item) => self.fields(&item.fields.named, most, scope.space(&item.ident, access(&item.vis))),
            Item::Use(item) => uses(item, at, access(&item.vis), scope),
            _ => {}
        }
    }

    fn fields<'b>(&mut self, fields: impl IntoIterator<Item = &'b Field>, most: Access, scope: &mut Scope) {
        for field in fields {
            let most = self.most(&field.attrs, most);
            if let Some(ident) = &field.ident {
                scope.item(ident, access(&field.vis).min(most));
            }
        }
    }

    /// What C or other crates define.
    fn foreign(&mut self, list: &[ForeignItem], most: Access, scope: &mut Scope) {
        for item in list {
            let (attributes, visibility, ident) = match item {
                ForeignItem::Fn(item) => (&item.attrs, &item.vis, &item.sig.ident),
                ForeignItem::Static(item) => (&item.attrs, &item.vis, &item.ident),
                ForeignItem::Type(item) => (&item.attrs, &item.vis, &item.ident),
                _ => continue,
            };
            scope.item(ident, access(visibility).min(self.most(attributes, most)));
        }
    }

    /// The items of a trait are as public as it is.
    fn required(&mut self, list: &[TraitItem], most: Access, scope: &mut Scope) {
        for item in list {
            let (attributes, ident) = match item {
                TraitItem::Const(item) => (&item.attrs, &item.ident),
                TraitItem::Fn(item) => (&item.attrs, &item.sig.ident),
                TraitItem::Type(item) => (&item.attrs, &item.ident),
                _ => continue,
            };
            scope.item(ident, self.most(attributes, most));
        }
    }

    /// What is in an `impl`; the items of a trait are the trait's.
    fn block(&mut self, block: &ItemImpl, module: &[String], most: Access, names: &mut Names) {
        let path = path(&block.self_ty).filter(|_| block.trait_.is_none()).map(|path| &path.segments);
        let path: Option<Vec<String>> = path.map(|path| path.iter().map(|segment| segment.ident.to_string()).collect());
        let mut scope = path.and_then(|path| names.methods(module, &path));
        for item in &block.items {
            let (attributes, visibility, ident) = match item {
                ImplItem::Const(item) => (&item.attrs, &item.vis, &item.ident),
                ImplItem::Fn(item) => (&item.attrs, &item.vis, &item.sig.ident),
                ImplItem::Type(item) => (&item.attrs, &item.vis, &item.ident),
                _ => continue,
            };
            let access = access(visibility).min(self.most(attributes, most));
            if let Some(scope) = &mut scope {
                scope.item(ident, access);
            }
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn access(visibility: &Visibility) -> Access {
    match visibility {
        Visibility::Public(_) => Access::Public,
        Visibility::Restricted(within) if within.path.is_ident("crate") || within.path.is_ident("super") => {
            Access::Crate
        }
        Visibility::Restricted(_) | Visibility::Inherited => Access::Private,
    }
}

/// The path that names a type: of `dyn Trait`, the trait's.
fn path(of: &Type) -> Option<&syn::Path> {
    match of {
        Type::Path(path) => Some(&path.path),
        Type::TraitObject(object) => object.bounds.iter().find_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(&bound.path),
            _ => None,
        }),
        _ => None,
    }
}

/// The names that a `use` brings in.
fn uses(item: &ItemUse, at: &[String], access: Access, scope: &mut Scope) {
    bring(&item.tree, &[], &mut |name, path| {
        let from = if item.leading_colon.is_none() { Place::new(at, path) } else { None };
        scope.bring(name, Use { access, from });
    });
}

/// Tells of each name that a tree brings in, and its path; of no name where it is all of them.
fn bring(tree: &UseTree, at: &[String], tell: &mut dyn FnMut(Option<String>, &[String])) {
    let with = |ident: &syn::Ident| match ident.to_string() {
        name if name == "self" && !at.is_empty() => at.to_vec(),
        name => [at, &[name]].concat(),
    };
    match tree {
        UseTree::Path(path) => bring(&path.tree, &with(&path.ident), tell),
        UseTree::Group(group) => group.items.iter().for_each(|tree| bring(tree, at, tell)),
        UseTree::Name(name) => tell(with(&name.ident).last().cloned(), &with(&name.ident)),
        UseTree::Rename(name) => tell(Some(name.rename.to_string()), &with(&name.ident)),
        UseTree::Glob(_) => tell(None, at),
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
