// SPDX-License-Identifier: GPL-2.0-only

//! Builds of parts of the kernel: make ends well for a folder in which it found nothing to do.

use std::fs;
use std::path::Path;

use super::KernelError;

/// The size of an archive without members.
const EMPTY_ARCHIVE: u64 = 8;

/// An error where make did nothing for a target.
pub(super) fn require_objects(dir: &Path, targets: &[String]) -> Result<(), KernelError> {
    match targets.iter().find(|target| !was_made(&dir.join(target))) {
        Some(target) => Err(KernelError::Nothing(target.clone())),
        None => Ok(()),
    }
}

/// Where make goes into a folder, it lists there what it has for the kernel or for modules. Objects alone tell
/// nothing: a Makefile further up may have compiled them, in an earlier build.
fn was_made(path: &Path) -> bool {
    let size = |name: &str| fs::metadata(path.join(name)).map_or(0, |file| file.len());
    path.is_file() || size("built-in.a") > EMPTY_ARCHIVE || size("modules.order") > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_make_did_not_go_into_was_not_built() {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("drivers/built-in.a", "!<thin>\nx.o/"),
            ("drivers/modular/built-in.a", "!<thin>\n"),
            ("drivers/modular/modules.order", "drivers/modular/x.o\n"),
            ("drivers/disabled/built-in.a", "!<thin>\n"),
            ("drivers/disabled/modules.order", ""),
            ("drivers/elsewhere/x.o", "from the Makefile of drivers/"),
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let check = |target: &str| require_objects(dir.path(), &[target.to_owned()]).is_ok();
        for (target, expected) in [
            ("drivers/", true),
            ("drivers/modular/", true),
            ("drivers/elsewhere/x.o", true),
            ("drivers/disabled/", false),
            ("drivers/elsewhere/", false),
            ("drivers/elsewhere/y.o", false),
            ("missing/", false),
        ] {
            assert_eq!(check(target), expected, "{target}");
        }
    }
}
