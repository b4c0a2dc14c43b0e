// SPDX-License-Identifier: GPL-2.0-only

//! What Kbuild makes of a source file, as the makefiles tell.

use std::collections::BTreeSet;
use std::path::Path;

use super::config::{self, Config};

/// Symbols, without `CONFIG_`.
pub(crate) type Symbols = BTreeSet<String>;

/// An object to build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Object {
    /// What make is asked for, below the top.
    pub(crate) path: String,
    /// The symbols that must be set; none where it is always built.
    pub(crate) symbols: Symbols,
}

impl Object {
    /// Whether a configuration has it.
    pub(crate) fn is_on(&self, config: &Config) -> bool {
        self.symbols.iter().all(|symbol| config::has(&[config], symbol))
    }
}

/// The object of a C file, or of the crate that a Rust file belongs to; none where no makefile has it. `read` gets at
/// the files of the tree.
pub(crate) fn of_file(file: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Object> {
    let (path, ending) = file.rsplit_once('.')?;
    let mut below = path;
    while let Some((folder, _)) = below.rsplit_once('/') {
        below = folder;
        let Some(makefile) = Makefile::of_folder(folder, read) else { continue };
        let name = match ending {
            "c" => path[folder.len() + 1..].to_owned(),
            "rs" => match makefile.crate_of(folder, path, read) {
                Crate::Named(name) => name,
                Crate::None => continue,
                Crate::Several => return None,
            },
            _ => return None,
        };
        if let Some(symbols) = makefile.symbols_of(&name) {
            return Some(Object { path: format!("{folder}/{name}.o"), symbols });
        }
    }
    None
}

/// The symbols that a condition names.
pub(crate) fn symbols_in(condition: &str) -> Symbols {
    let name = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().map(str::to_owned);
    condition.split("CONFIG_").skip(1).filter_map(name).collect()
}

/// Whether a makefile has the crate of a file.
enum Crate {
    Named(String),
    None,
    Several,
}

/// The assignments of a makefile: each with its variable and the objects that it names, without `.o`.
struct Makefile(Vec<(String, Vec<String>)>);

impl Makefile {
    fn of_folder(folder: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let text = read(&format!("{folder}/Kbuild")).or_else(|| read(&format!("{folder}/Makefile")))?;
        let text = text.replace("\\\n", " ");
        let assignments = text.lines().filter(|line| !line.starts_with(['#', '\t'])).filter_map(|line| {
            let (variable, objects) = line.split_once('=')?;
            let objects = objects.split_whitespace().filter_map(|object| object.strip_suffix(".o"));
            Some((variable.trim_end_matches(['+', ':', ' ', '\t']).to_owned(), objects.map(str::to_owned).collect()))
        });
        Some(Makefile(assignments.collect()))
    }

    /// The symbols under which an object is built, by itself or as a part of another.
    fn symbols_of(&self, name: &str) -> Option<Symbols> {
        let named = |(_, objects): &&(String, Vec<String>)| objects.iter().any(|object| object == name);
        let (variable, _) = self.0.iter().find(named)?;
        let mut symbols = symbols_in(variable);
        if !variable.starts_with("obj-") {
            // `whole-y`, `whole-objs` or `whole-$(CONFIG_…)`.
            let (whole, _) = variable.rsplit_once('-').filter(|(whole, _)| *whole != name)?;
            symbols.extend(self.symbols_of(whole)?);
        }
        Some(symbols)
    }

    /// The crate that a Rust file belongs to: its own, or the only one whose folder it is in.
    fn crate_of(&self, folder: &str, path: &str, read: &dyn Fn(&str) -> Option<String>) -> Crate {
        let mut found = Crate::None;
        for name in self.0.iter().flat_map(|(_, objects)| objects) {
            let root = format!("{folder}/{name}");
            if root == path {
                return Crate::Named(name.clone());
            }
            let beside = Path::new(&root).parent().is_some_and(|dir| Path::new(path).starts_with(dir));
            if beside && read(&format!("{root}.rs")).is_some() {
                found = if matches!(found, Crate::None) { Crate::Named(name.clone()) } else { Crate::Several };
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<String> {
        let text = match path {
            "drivers/gpu/drm/toy/Makefile" => "obj-$(CONFIG_DRM_TOY) += toy.o\n",
            "drivers/gpu/drm/toy/toy.rs" => "",
            "drivers/gpu/whole/Kbuild" => "obj-$(CONFIG_WHOLE) += whole-core.o\nwhole-core-y := whole_core.o\n",
            "drivers/gpu/whole/whole_core.rs" => "",
            "drivers/gpu/drm/old/Makefile" => {
                "# old_note.o =\nold-y := \\\n\told_drv.o \\\n\told_plane.o\nold-$(CONFIG_OLD_LEDS) += old_leds.o\n\
                 obj-$(CONFIG_DRM_OLD) += old.o\nobj-y += x/\nlost-y += lost_part.o\n"
            }
            "samples/rust/Makefile" => "obj-$(CONFIG_A) += a.o\nobj-y += b.o\n",
            "samples/rust/a.rs" | "samples/rust/b.rs" => "",
            "d/Makefile" => "obj-$(CONFIG_CORE) += core.o\ncore-objs := core/main.o core/exports.o\n",
            "d/core/main.rs" => "",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn of(file: &str) -> String {
        let object = of_file(file, &read);
        object.map_or("none".into(), |object| format!("{} {}", object.path, Vec::from_iter(object.symbols).join(" ")))
    }

    #[test]
    fn files_lead_to_objects_and_what_turns_them_on() {
        for (file, expected) in [
            ("drivers/gpu/drm/toy/toy.rs", "drivers/gpu/drm/toy/toy.o DRM_TOY"),
            ("drivers/gpu/drm/toy/frame/line.rs", "drivers/gpu/drm/toy/toy.o DRM_TOY"),
            ("drivers/gpu/whole/gsp/boot.rs", "drivers/gpu/whole/whole_core.o WHOLE"),
            ("drivers/gpu/drm/old/old_plane.c", "drivers/gpu/drm/old/old_plane.o DRM_OLD"),
            ("drivers/gpu/drm/old/old_leds.c", "drivers/gpu/drm/old/old_leds.o DRM_OLD OLD_LEDS"),
            ("samples/rust/b.rs", "samples/rust/b.o "),
            ("d/core/deep/er.rs", "d/core/main.o CORE"),
            ("d/core/exports.c", "d/core/exports.o CORE"),
        ] {
            assert_eq!(of(file), expected, "{file}");
        }
        for file in [
            "samples/rust/c.rs",
            "drivers/gpu/drm/old/old_note.c",
            "drivers/gpu/drm/old/lost_part.c",
            "drivers/gpu/drm/old/Kconfig",
            "drivers/none/x.c",
            "d/corefile.rs",
            "MAINTAINERS",
        ] {
            assert_eq!(of(file), "none", "{file}");
        }
    }
}
