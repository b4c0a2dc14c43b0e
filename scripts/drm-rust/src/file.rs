// SPDX-License-Identifier: GPL-2.0-only

//! Replacing a file at once: who reads it meanwhile, or after a kill, finds the old text or the new one.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::error::{FileContext, FileError};

/// Replaces a file, which keeps its mode. One that a link leads to is replaced there.
pub fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let new = filled(&place, text, Builder::new().permissions(Permissions::from_mode(0o666)))?;
    if let Ok(old) = fs::metadata(&place) {
        new.as_file().set_permissions(old.permissions()).at("write", path)?;
    }
    persist(new, &place)
}

/// Replaces a file by one with this mode, whose name ends in this way until it is complete.
pub fn replace_as(path: &Path, text: &str, mode: u32, suffix: &str) -> Result<(), FileError> {
    persist(filled(path, text, Builder::new().suffix(suffix).permissions(Permissions::from_mode(mode)))?, path)
}

fn filled(path: &Path, text: &str, builder: &Builder<'_, '_>) -> Result<NamedTempFile, FileError> {
    let mut new = builder.tempfile_in(path.parent().unwrap_or(path)).at("create", path)?;
    new.write_all(text.as_bytes()).at("write", path)?;
    Ok(new)
}

fn persist(new: NamedTempFile, path: &Path) -> Result<(), FileError> {
    new.persist(path).map(drop).map_err(|error| error.error).at("write", path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_another_one_with_the_same_mode() {
        let dir = tempfile::tempdir().unwrap();
        let [path, old, link] = ["a", "old", "link"].map(|name| dir.path().join(name));
        replace(&path, "1").unwrap();
        assert_ne!(mode(&path) & 0o400, 0);
        fs::set_permissions(&path, Permissions::from_mode(0o646)).unwrap();
        fs::hard_link(&path, &old).unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();
        replace(&link, "2").unwrap();
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!((&*read(&path), &*read(&old), mode(&path)), ("2", "1", 0o646));
        assert!(link.is_symlink());
        replace_as(&path, "3", 0o444, ".x").unwrap();
        assert_eq!((&*read(&path), mode(&path)), ("3", 0o444));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing else is left");
    }

    #[test]
    fn a_file_that_cannot_be_replaced_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        assert!(replace(&dir.path().join("a"), "1").is_err());
        assert!(replace(&dir.path().join("c/d"), "1").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
