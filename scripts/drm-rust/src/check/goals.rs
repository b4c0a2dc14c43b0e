// SPDX-License-Identifier: GPL-2.0-only

//! What make is asked for to see that a kernel with a patch builds.

use std::collections::BTreeSet;

use super::scope::Patch;

/// The kernel crate, and the folders of most that uses it.
const RUST: [&str; 3] = ["rust/", "drivers/gpu/", "samples/rust/"];

/// Files that a kernel can have without being compiled again.
const TEXT: [&str; 4] = [".rst", "MAINTAINERS", "_defconfig", ".config"];
/// Folders of such files.
const TEXT_FOLDERS: [&str; 2] = ["Documentation/", "tools/testing/"];

/// Whether a patch changes what is compiled.
pub(super) fn is_code(patch: &Patch) -> bool {
    code(patch).next().is_some()
}

/// Whether a patch can break what it does not touch: abstractions, headers, what the build is told, and files that are
/// gone have users elsewhere.
pub(super) fn is_wide(patch: &Patch) -> bool {
    let has_users = |file: &str| {
        let everywhere = ["rust/", "scripts/"].iter().any(|folder| file.starts_with(folder));
        everywhere || file.ends_with(".h") || is_of_build(file) || patch.removed.iter().any(|removed| removed == file)
    };
    code(patch).any(has_users)
}

/// The goals for a patch: the kernel crate and the objects of its files; where it is wide, also the folders of all Rust
/// drivers and samples, of which `drivers` are the objects, and those of its files. `is_built` tells whether a folder
/// has a makefile.
pub(super) fn goals(
    patch: &Patch,
    objects: &[String],
    drivers: &[String],
    is_built: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let mut goals: BTreeSet<String> = objects.iter().cloned().chain([RUST[0].to_owned()]).collect();
    if is_wide(patch) {
        goals.extend(RUST.map(str::to_owned));
        goals.extend(drivers.iter().filter_map(|object| Some(format!("{}/", object.rsplit_once('/')?.0))));
        goals.extend(code(patch).filter_map(|file| folder(file, is_built)));
    }
    // Kbuild goes into a folder once: of a folder and something below it, it would make the latter alone.
    let is_below =
        |goal: &str| goals.iter().any(|other| other.ends_with('/') && goal != other && goal.starts_with(other));
    let mut kept: Vec<String> = goals.iter().filter(|goal| !is_below(goal)).cloned().collect();
    kept.extend(code(patch).any(needs_vmlinux).then(|| "vmlinux".to_owned()));
    kept
}

/// The files of a patch, those that it removes too, without text.
fn code(patch: &Patch) -> impl Iterator<Item = &str> {
    let is_text = |file: &str| {
        TEXT.iter().any(|text| file.ends_with(text)) || TEXT_FOLDERS.iter().any(|folder| file.starts_with(folder))
    };
    patch.files.iter().chain(&patch.removed).map(String::as_str).filter(move |file| !is_text(file))
}

/// Whether a file tells the build what to do.
fn is_of_build(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    ["Kconfig", "Makefile", "Kbuild"].iter().any(|start| name.starts_with(start))
}

/// Whether it takes a whole kernel to see what a file does: assembly, linker scripts, and what all of the build reads.
fn needs_vmlinux(file: &str) -> bool {
    let of_everything = match file.split('/').collect::<Vec<_>>().as_slice() {
        [_] | ["scripts", ..] => is_of_build(file),
        ["arch", _, "Makefile"] => true,
        _ => false,
    };
    of_everything || [".S", ".lds", ".ld"].iter().any(|ending| file.ends_with(ending))
}

/// The innermost folder of a file that is built.
fn folder(file: &str, is_built: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut below = file;
    while let Some((folder, _)) = below.rsplit_once('/') {
        if is_built(folder) {
            return Some(format!("{folder}/"));
        }
        below = folder;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::scope::tests::patch;
    use super::*;

    fn touching(files: &[&str], removed: &[&str]) -> Patch {
        let owned = |files: &[&str]| files.iter().map(|&file| file.to_owned()).collect();
        Patch { files: owned(files), removed: owned(removed), ..patch("rust: a", &[]) }
    }

    /// The goals, with an object for each driver that is touched, and two drivers in the tree.
    fn goals_of(files: &[&str], removed: &[&str]) -> String {
        let source = |file: &&&str| file.ends_with(".c") || (file.ends_with(".rs") && !file.starts_with("rust/"));
        let objects: Vec<String> = files.iter().filter(source).map(|file| file.replace(".rs", ".o")).collect();
        let objects: Vec<String> = objects.iter().map(|object| object.replace(".c", ".o")).collect();
        let drivers = ["drivers/gpu/drm/toy/toy.o".to_owned(), "drivers/block/rnull/rnull.o".into()];
        let is_built = |folder: &str| ["drivers/net", "lib", "rust", "drivers/gpu/drm/toy"].contains(&folder);
        goals(&touching(files, removed), &objects, &drivers, &is_built).join(" ")
    }

    const WIDE: &str = "drivers/block/rnull/ drivers/gpu/ rust/ samples/rust/";

    #[test]
    fn a_driver_alone_is_built_alone() {
        assert_eq!(goals_of(&["drivers/gpu/drm/toy/toy.rs"], &[]), "drivers/gpu/drm/toy/toy.o rust/");
        assert_eq!(goals_of(&["drivers/net/a.c", "MAINTAINERS"], &[]), "drivers/net/a.o rust/");
    }

    #[test]
    fn what_others_use_builds_them_too() {
        for file in
            ["rust/kernel/drm/gem.rs", "rust/helpers/drm.c", "include/drm/drm_plane.h", "rust/kernel/Kconfig.test"]
        {
            assert_eq!(goals_of(&[file], &[]), WIDE, "{file}");
        }
        // What is below a folder comes with it.
        assert_eq!(goals_of(&["rust/kernel/a.rs", "drivers/gpu/drm/toy/toy.rs"], &[]), WIDE);
        assert_eq!(goals_of(&["drivers/gpu/drm/toy/Kconfig"], &[]), WIDE);
    }

    #[test]
    fn the_folders_of_makefiles_and_of_files_that_are_gone_are_built() {
        let with_net = "drivers/block/rnull/ drivers/gpu/ drivers/net/ rust/ samples/rust/";
        assert_eq!(goals_of(&["drivers/net/Makefile"], &[]), with_net);
        assert_eq!(goals_of(&[], &["drivers/net/phy/a.c"]), with_net);
        assert_eq!(goals_of(&[], &["drivers/gpu/drm/toy/plane.rs"]), WIDE);
    }

    #[test]
    fn what_is_linked_or_read_by_all_of_the_build_takes_a_kernel() {
        assert_eq!(goals_of(&["arch/x86/kernel/a.S"], &[]), "rust/ vmlinux");
        for file in ["Makefile", "scripts/Makefile.build", "arch/um/Makefile"] {
            assert_eq!(goals_of(&[file], &[]), format!("{WIDE} vmlinux"), "{file}");
        }
    }

    #[test]
    fn text_is_not_built() {
        for file in
            ["Documentation/gpu/a.rst", "MAINTAINERS", "arch/um/configs/drm_rust_defconfig", "tools/testing/a.c"]
        {
            assert!(!is_code(&touching(&[file], &[])), "{file}");
            assert!(!is_code(&touching(&[], &[file])), "{file}");
        }
        assert!(is_code(&touching(&[], &["drivers/a.c"])));
        assert!(is_code(&touching(&["lib/Kconfig.debug"], &[])));
    }
}
