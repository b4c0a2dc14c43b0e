// SPDX-License-Identifier: GPL-2.0-only

//! Crates of the base with modules of the overlay in them.
//!
//! The overlay's files are in `linux/` a second time, which is where the `mod` items of the base lead. A file of the
//! base that declares a module of the overlay is therefore copied, and the copy's item names the overlay's file.
//!
//! A file that an item names by its path looks for its own modules beside itself. That is why a copy lies in the
//! folder of its modules (`xarray/` for `xarray.rs`): all other items lead where they did before.

use std::collections::BTreeSet;

/// How the names of copies end. Kbuild and `make rustfmt` leave files alone that are named `generated`.
pub(super) const SUFFIX: &str = "_analyzer_generated.rs";

/// What modules are made of.
pub(super) struct Sources<'a> {
    /// The top of the checkout.
    pub(super) root: &'a str,
    /// The files of the overlay.
    pub(super) overlay: &'a BTreeSet<String>,
    /// Reads a file of `linux/`, if it is there.
    pub(super) read: &'a dyn Fn(&str) -> Option<String>,
}

/// A file of the base whose items lead to the overlay.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Copy {
    /// Its path below `linux/`.
    pub(super) path: String,
    /// Its text, with the lines of the original.
    pub(super) text: String,
}

impl Sources<'_> {
    /// The copies that a crate needs, its root last. None are needed where no module is the overlay's.
    pub(super) fn splice(&self, root: &str) -> Vec<Copy> {
        let mut copies = Vec::new();
        self.copy(root, folder(root), &mut copies);
        copies
    }

    /// Copies a file whose modules are in a folder, and gives the path of the copy.
    fn copy(&self, file: &str, modules: &str, copies: &mut Vec<Copy>) -> Option<String> {
        let original = (self.read)(file)?;
        let mut text = String::new();
        for line in original.split_inclusive('\n') {
            if let Some(path) = module(line).and_then(|name| self.place(&format!("{modules}/{name}"), copies)) {
                text += &format!("#[path = {path:?}] ");
            }
            text += line;
        }
        if text == original {
            return None;
        }
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".rs");
        let path = format!("{modules}/{stem}{SUFFIX}");
        copies.push(Copy { path: path.clone(), text });
        Some(format!("{}/linux/{path}", self.root))
    }

    /// The file that a module shall be read from, where that is not the one in `linux/`.
    fn place(&self, module: &str, copies: &mut Vec<Copy>) -> Option<String> {
        let names = [format!("{module}.rs"), format!("{module}/mod.rs")];
        let file = names.iter().find(|name| (self.read)(name).is_some())?;
        let below = format!("{module}/");
        let beside = file.ends_with("/mod.rs") || !self.overlay.iter().any(|path| path.starts_with(&below));
        if beside && self.overlay.contains(file) {
            return Some(format!("{}/{file}", self.root));
        }
        self.copy(file, module, copies)
    }
}

/// The folder of a file.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The module that a line declares, as rustfmt writes it at the top level of a file.
fn module(line: &str) -> Option<&str> {
    let item = match line.strip_prefix("pub") {
        Some(rest) => {
            let inner = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
            inner.map_or(rest, |(_, rest)| rest).trim_start()
        }
        None => line,
    };
    let (name, _) = item.strip_prefix("mod ")?.split_once(';')?;
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn splice(overlay: &[&str], linux: &[(&str, &str)]) -> Vec<Copy> {
        let overlay: BTreeSet<String> = overlay.iter().map(|path| (*path).to_owned()).collect();
        let mut files: BTreeMap<&str, &str> = overlay.iter().map(|path| (path.as_str(), "")).collect();
        files.extend(linux.iter().copied());
        let read = |path: &str| files.get(path).map(|text| (*text).to_owned());
        Sources { root: "/top", overlay: &overlay, read: &read }.splice("k/lib.rs")
    }

    #[test]
    fn items_are_recognised() {
        for (line, name) in [
            ("mod a;\n", Some("a")),
            ("pub mod a_1;", Some("a_1")),
            ("pub(crate) mod a; // why\n", Some("a")),
            ("pub(in crate::a) mod a;\n", Some("a")),
            ("    mod inner;\n", None),
            ("// mod a;\n", None),
            ("mod tests {\n", None),
            ("model;\n", None),
        ] {
            assert_eq!(module(line), name, "{line}");
        }
    }

    #[test]
    fn a_crate_without_overlay_stays_as_it_is() {
        assert_eq!(splice(&["other/a.rs"], &[("k/lib.rs", "mod a;\n"), ("k/a.rs", "")]), []);
        // In the folder, but declared by nobody.
        assert_eq!(splice(&["k/b.rs"], &[("k/lib.rs", "mod a;\n"), ("k/a.rs", "mod b;\n")]), []);
    }

    #[test]
    fn a_module_of_the_overlay_is_read_there() {
        let copies = splice(
            &["k/b.rs", "k/c/mod.rs", "k/c/d.rs"],
            &[
                ("k/lib.rs", "//! Docs.\npub mod a;\n#[cfg(X)]\nmod b;\npub(crate) mod c;\n"),
                ("k/a.rs", "mod below;\n"),
                ("k/a/below.rs", ""),
            ],
        );
        let text = "//! Docs.\npub mod a;\n#[cfg(X)]\n#[path = \"/top/k/b.rs\"] mod b;\n\
                    #[path = \"/top/k/c/mod.rs\"] pub(crate) mod c;\n";
        assert_eq!(copies, [Copy { path: "k/lib_analyzer_generated.rs".into(), text: text.into() }]);
    }

    #[test]
    fn every_file_on_the_way_is_copied_into_the_folder_of_its_modules() {
        let copies = splice(
            &["k/a/b/c.rs", "k/d/e.rs"],
            &[
                ("k/lib.rs", "mod a;\nmod d;\n"),
                ("k/a/mod.rs", "mod b;\nmod plain;\n"),
                ("k/a/plain.rs", ""),
                ("k/a/b.rs", "mod c;\n"),
                // This one is the overlay's, but would look for `e` beside itself.
                ("k/d.rs", "mod e;\n"),
            ],
        );
        let copies: Vec<_> = copies.iter().map(|copy| (copy.path.as_str(), copy.text.as_str())).collect();
        assert_eq!(
            copies,
            [
                ("k/a/b/b_analyzer_generated.rs", "#[path = \"/top/k/a/b/c.rs\"] mod c;\n"),
                (
                    "k/a/mod_analyzer_generated.rs",
                    "#[path = \"/top/linux/k/a/b/b_analyzer_generated.rs\"] mod b;\nmod plain;\n"
                ),
                ("k/d/d_analyzer_generated.rs", "#[path = \"/top/k/d/e.rs\"] mod e;\n"),
                (
                    "k/lib_analyzer_generated.rs",
                    "#[path = \"/top/linux/k/a/mod_analyzer_generated.rs\"] mod a;\n\
                 #[path = \"/top/linux/k/d/d_analyzer_generated.rs\"] mod d;\n"
                ),
            ]
        );
    }
}
