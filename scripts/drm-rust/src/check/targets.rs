// SPDX-License-Identifier: GPL-2.0-only

//! Which objects of a kernel build hold given files, read from the makefiles of Kbuild.

/// An object to build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// What make is asked for, below the top.
    pub(super) object: String,
    /// The symbol that must be set, without `CONFIG_`; none where it is always built.
    pub(super) symbol: Option<String>,
}

/// The object that a source file ends up in; none for what `rust/` covers, and for what is no source.
pub(super) fn of_file(file: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Target> {
    let (path, ending) = file.rsplit_once('.')?;
    let (dir, stem) = path.rsplit_once('/')?;
    if dir == "rust/helpers" && ending == "c" {
        return Some(Target { object: "rust/helpers/helpers.o".into(), symbol: Some("RUST".into()) });
    }
    match ending {
        "c" => {
            let makefile = makefile(dir, read)?;
            let symbol = symbol_of(&makefile, stem).or_else(|| symbol_of(&makefile, &module_of(&makefile, stem)?))?;
            Some(Target { object: format!("{path}.o"), symbol: symbol.0 })
        }
        "rs" if !dir.starts_with("rust") => crate_of(dir, stem, read),
        _ => None,
    }
}

/// The crate that a Rust file belongs to: its own, or the only one of the next folder above that has makefiles.
fn crate_of(dir: &str, stem: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Target> {
    let mut dir = dir;
    loop {
        if let Some(makefile) = makefile(dir, read) {
            let objects = objects(&makefile);
            let roots: Vec<_> =
                objects.iter().filter(|(name, _)| read(&format!("{dir}/{name}.rs")).is_some()).collect();
            let own = roots.iter().find(|(name, _)| name == stem);
            let (name, symbol) = own.or(if roots.len() == 1 { roots.first() } else { None })?;
            return Some(Target { object: format!("{dir}/{name}.o"), symbol: symbol.clone() });
        }
        dir = dir.rsplit_once('/')?.0;
    }
}

fn makefile(dir: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    read(&format!("{dir}/Kbuild")).or_else(|| read(&format!("{dir}/Makefile"))).map(|text| text.replace("\\\n", " "))
}

/// Assignments: the variable and the names of the objects.
fn assignments(makefile: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    makefile.lines().filter_map(|line| {
        let (variable, objects) = line.split_once('=')?;
        let objects = objects.split_whitespace().filter_map(|object| object.strip_suffix(".o"));
        Some((variable.trim_end_matches(['+', ':']).trim(), objects.collect()))
    })
}

/// The objects that are built, each with the symbol that it needs.
fn objects(makefile: &str) -> Vec<(String, Option<String>)> {
    let mut list = Vec::new();
    for (variable, objects) in assignments(makefile) {
        let Some(on) = variable.strip_prefix("obj-") else { continue };
        let symbol = on.strip_prefix("$(CONFIG_").and_then(|rest| rest.strip_suffix(')')).map(str::to_owned);
        list.extend(objects.into_iter().map(|object| (object.to_owned(), symbol.clone())));
    }
    list
}

fn symbol_of(makefile: &str, name: &str) -> Option<(Option<String>,)> {
    objects(makefile).into_iter().find(|(object, _)| object == name).map(|(_, symbol)| (symbol,))
}

/// The object that is linked from this one.
fn module_of(makefile: &str, stem: &str) -> Option<String> {
    let whole = |variable: &str| {
        let (module, _) = variable
            .rsplit_once("-y")
            .or_else(|| variable.rsplit_once("-objs"))
            .or_else(|| variable.rsplit_once("-$("))?;
        Some(module.to_owned())
    };
    let mut parts = assignments(makefile).filter(|(variable, _)| !variable.starts_with("obj-"));
    parts.find(|(_, objects)| objects.contains(&stem)).and_then(|(variable, _)| whole(variable))
}

/// The symbols that lines added to Kconfig files define, without `CONFIG_`.
pub(super) fn new_symbols(diff: &str) -> Vec<String> {
    let names = diff.lines().filter_map(|line| {
        line.strip_prefix("+config ").or_else(|| line.strip_prefix("+menuconfig ")).map(|name| name.trim().to_owned())
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<String> {
        let text = match path {
            "drivers/gpu/drm/toy/Makefile" => "obj-$(CONFIG_DRM_TOY) += toy.o\n",
            "drivers/gpu/drm/toy/toy.rs" => "",
            "drivers/gpu/drm/old/Makefile" => {
                "old-y := \\\n\told_drv.o \\\n\told_plane.o\nobj-$(CONFIG_DRM_OLD) += old.o\n"
            }
            "samples/rust/Makefile" => "obj-$(CONFIG_A) += a.o\nobj-y += b.o\n",
            "samples/rust/a.rs" | "samples/rust/b.rs" => "",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn of(file: &str) -> Option<(String, Option<String>)> {
        of_file(file, &read).map(|target| (target.object, target.symbol))
    }

    #[test]
    fn files_lead_to_objects() {
        let symbol = |name: &str| Some(name.to_owned());
        let toy = Some(("drivers/gpu/drm/toy/toy.o".to_owned(), symbol("DRM_TOY")));
        assert_eq!(of("drivers/gpu/drm/toy/toy.rs"), toy);
        assert_eq!(of("drivers/gpu/drm/toy/frame/line.rs"), toy);
        assert_eq!(of("drivers/gpu/drm/old/old_plane.c").unwrap().1, symbol("DRM_OLD"));
        assert_eq!(of("samples/rust/b.rs"), Some(("samples/rust/b.o".into(), None)));
        assert_eq!(of("samples/rust/c.rs"), None);
        assert_eq!(of("rust/helpers/xarray.c").unwrap().0, "rust/helpers/helpers.o");
        for file in ["rust/kernel/xarray.rs", "MAINTAINERS", "drivers/gpu/drm/old/Kconfig", "drivers/none/x.c"] {
            assert_eq!(of(file), None, "{file}");
        }
    }

    #[test]
    fn new_symbols_are_read_from_a_diff() {
        let diff = "+++ b/Kconfig\n+config DRM_TOY\n+\ttristate\n config OLD\n+menuconfig MENU\n";
        assert_eq!(new_symbols(diff), ["DRM_TOY", "MENU"]);
    }
}
