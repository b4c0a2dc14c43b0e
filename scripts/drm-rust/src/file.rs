// SPDX-License-Identifier: GPL-2.0-only

//! Replacing a file at once: who reads it meanwhile, or after a kill, finds the old text or the new one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::error::{FileContext, FileError};

/// How the name of a file begins that is not complete yet: nobody takes it for anything else.
pub const PREFIX: &str = ".drm-rust-";

/// Replaces a file, which keeps its mode. One that a link leads to is replaced there.
pub fn replace(path: &Path, content: impl AsRef<[u8]>) -> Result<(), FileError> {
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    // A pipe or a terminal is written to.
    if fs::metadata(&place).is_ok_and(|old| !old.is_file() && !old.is_dir()) {
        return fs::write(&place, content).at("write", path);
    }
    let new = filled(&place, content, 0o666, "")?;
    if let Ok(old) = fs::metadata(&place) {
        new.as_file().set_permissions(old.permissions()).at("write", path)?;
    }
    persist(new, &place)
}

/// Replaces a file by one with this mode, whose name ends in this way until it is complete.
pub fn replace_as(path: &Path, content: impl AsRef<[u8]>, mode: u32, suffix: &str) -> Result<(), FileError> {
    persist(filled(path, content, mode, suffix)?, path)
}

/// Makes a file, which must not be there yet. It is complete when it appears.
pub fn create(path: &Path, content: impl AsRef<[u8]>) -> Result<(), FileError> {
    let new = filled(path, content, 0o666, "")?;
    new.persist_noclobber(path).map(drop).map_err(|error| error.error).at("write", path)
}

fn filled(path: &Path, content: impl AsRef<[u8]>, mode: u32, suffix: &str) -> Result<NamedTempFile, FileError> {
    waiting(path.parent().unwrap_or(path), content.as_ref(), mode, suffix).at("write", path)
}

/// A file of a folder that is complete, and waits for its name.
pub(crate) fn waiting(dir: &Path, content: &[u8], mode: u32, suffix: &str) -> io::Result<NamedTempFile> {
    let options = |path: &Path| File::options().write(true).create_new(true).mode(mode).open(path);
    let mut new = Builder::new().prefix(PREFIX).suffix(suffix).make_in(dir, options)?;
    new.as_file_mut().write_all(content)?;
    // A file system may find out late that it is full.
    new.as_file().sync_data()?;
    Ok(new)
}

fn persist(new: NamedTempFile, path: &Path) -> Result<(), FileError> {
    new.persist(path).map(drop).map_err(|error| error.error).at("write", path)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

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
