// SPDX-License-Identifier: GPL-2.0-only

//! Builds of parts of the kernel: make ends well for a folder in which it found nothing to do.

use std::fs;
use std::path::Path;

use super::KernelError;

/// An error where a target left no object in the build folder.
pub(super) fn require_objects(dir: &Path, targets: &[String]) -> Result<(), KernelError> {
    match targets.iter().find(|target| !has_object(&dir.join(target))) {
        Some(target) => Err(KernelError::Nothing(target.clone())),
        None => Ok(()),
    }
}

/// Whether there is an object, or any file that is itself the target.
fn has_object(path: &Path) -> bool {
    let Ok(entries) = fs::read_dir(path) else { return path.is_file() };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { has_object(&path) } else { path.extension().is_some_and(|extension| extension == "o") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_an_object_was_not_built() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("drivers/a/b")).unwrap();
        fs::create_dir_all(dir.path().join("drivers/c")).unwrap();
        fs::write(dir.path().join("drivers/a/b/x.o"), "").unwrap();
        fs::write(dir.path().join("drivers/c/built-in.a"), "").unwrap();
        let check = |target: &str| require_objects(dir.path(), &[target.to_owned()]).is_ok();
        for (target, expected) in [
            ("drivers/", true),
            ("drivers/a/", true),
            ("drivers/a/b/x.o", true),
            ("drivers/c/", false),
            ("drivers/a/b/y.o", false),
            ("missing/", false),
        ] {
            assert_eq!(check(target), expected, "{target}");
        }
    }
}
