// SPDX-License-Identifier: GPL-2.0-only

//! What the checks build for given files.

use std::collections::BTreeSet;

use crate::kernel::kbuild::{self, Object};

/// The object that a source file ends up in; none for what `rust/` covers, and for what is no source.
pub(super) fn of_file(file: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Object> {
    if file.starts_with("rust/helpers/") && file.ends_with(".c") {
        return Some(Object { path: "rust/helpers/helpers.o".into(), symbols: BTreeSet::from(["RUST".into()]) });
    }
    let covered = file.starts_with("rust/") && file.ends_with(".rs");
    if covered { None } else { kbuild::of_file(file, read) }
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

    #[test]
    fn the_makefiles_of_rust_are_not_asked() {
        let read = |path: &str| (path == "samples/Makefile").then(|| "obj-$(CONFIG_A) += a.o\n".to_owned());
        let of = |file: &str| of_file(file, &read).map(|object| object.path);
        assert_eq!(of("rust/helpers/xarray.c").unwrap(), "rust/helpers/helpers.o");
        assert_eq!(of("rust/kernel/xarray.rs"), None);
        assert_eq!(of("samples/a.c").unwrap(), "samples/a.o");
    }

    #[test]
    fn new_symbols_are_read_from_a_diff() {
        let diff = "+++ b/Kconfig\n+config DRM_TOY\n+\ttristate\n config OLD\n+menuconfig MENU\n";
        assert_eq!(new_symbols(diff), ["DRM_TOY", "MENU"]);
    }
}
