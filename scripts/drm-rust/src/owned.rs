// SPDX-License-Identifier: GPL-2.0-only

//! Folders and files of the user's own, which nobody else can change: what is taken from the cache decides what is
//! built.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::error::{Explain, FileContext, FileError};

/// The bit of a mode that lets the group write.
const GROUP_WRITE: u32 = 0o020;
/// The bit of a mode that lets everybody write.
const ALL_WRITE: u32 = 0o002;
/// The bit of a folder in which everybody has files of their own.
const STICKY: u32 = 0o1000;

/// A folder is not the user's own.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// It could not be made or looked at.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is a link.
    #[error("{0} is a symbolic link, which is not followed")]
    Link(String),
    /// It is no folder.
    #[error("{0} is no folder")]
    NoFolder(String),
    /// Somebody else has it.
    #[error("{path} belongs to another user, {uid}")]
    Foreign {
        /// The folder.
        path: String,
        /// Who has it.
        uid: u32,
    },
    /// Others can write to it.
    #[error("others can write to {path} (its mode is {mode:03o})")]
    Open {
        /// The folder.
        path: String,
        /// Its permissions.
        mode: u32,
    },
}

impl Explain for OwnError {
    fn hint(&self) -> Option<String> {
        let own = "XDG_CACHE_HOME=DIR names the folder that holds the cache";
        Some(match self {
            OwnError::File(error) => return error.hint(),
            OwnError::Link(path) => format!("remove {path}; {own}"),
            OwnError::NoFolder(path) => format!("move {path} away; {own}"),
            OwnError::Foreign { .. } => format!("what others wrote is not used; {own}"),
            OwnError::Open { path, .. } => format!(
                "whoever can write there decides what is built. Where only you have: chmod -R go-w {path}; \
                 else remove it. {own}"
            ),
        })
    }
}

/// Makes sure that a folder is there which nobody else can reach into. One that others may read is closed.
pub fn folder(path: &Path) -> Result<(), OwnError> {
    if path.symlink_metadata().is_err() {
        DirBuilder::new().recursive(true).mode(0o700).create(path).at("create", path)?;
    }
    if let Some(parent) = path.parent() {
        let metadata = parent.metadata().at("look at", parent)?;
        let mode = metadata.mode() & 0o7777;
        if mode & ALL_WRITE != 0 && mode & STICKY == 0 {
            return Err(OwnError::Open { path: parent.display().to_string(), mode });
        }
    }
    check(path)?;
    let mode = path.symlink_metadata().at("look at", path)?.mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode & 0o700)).at("change the mode of", path)?;
    }
    Ok(())
}

/// Whether a folder in one that is the user's own is one, too, and no link to anywhere else.
pub fn is_folder(path: &Path) -> bool {
    let own = |metadata: fs::Metadata| metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw();
    path.symlink_metadata().is_ok_and(own)
}

fn check(path: &Path) -> Result<(), OwnError> {
    let metadata = path.symlink_metadata().at("look at", path)?;
    let (name, mode) = (path.display().to_string(), metadata.mode() & 0o7777);
    if metadata.is_symlink() {
        return Err(OwnError::Link(name));
    }
    if !metadata.is_dir() {
        return Err(OwnError::NoFolder(name));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(OwnError::Foreign { path: name, uid: metadata.uid() });
    }
    // Where each user has a group of their own, with the same number, folders are made so that it can write.
    let shared = metadata.gid() != metadata.uid() && mode & GROUP_WRITE != 0;
    if mode & ALL_WRITE != 0 || shared {
        return Err(OwnError::Open { path: name, mode });
    }
    Ok(())
}

/// Opens a file for reading that is one, and not a link to one.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

/// Opens a file that is locked, which is made where it is missing; what a link leads to stays as it is.
pub fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o7777
    }

    #[test]
    fn a_new_folder_is_closed_and_one_that_others_read_is_closed_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        folder(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        folder(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn the_group_of_one_user_is_nobody_else_and_any_other_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache");
        folder(&path).unwrap();
        let user = rustix::process::geteuid().as_raw();
        if user != rustix::process::getegid().as_raw() {
            return;
        }
        fs::set_permissions(&path, Permissions::from_mode(0o775)).unwrap();
        folder(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        if user == 0 {
            std::os::unix::fs::chown(&path, None, Some(12345)).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o770)).unwrap();
            assert!(matches!(folder(&path), Err(OwnError::Open { mode: 0o770, .. })));
        }
    }

    #[test]
    fn what_others_can_change_is_refused_with_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache");
        folder(&path).unwrap();
        let refusal = |path: &Path| {
            let error = folder(path).unwrap_err();
            assert!(error.hint().unwrap().contains("XDG_CACHE_HOME"), "{error}");
            error
        };
        for bits in [0o777, 0o1777, 0o772, 0o702] {
            fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
            assert!(matches!(refusal(&path), OwnError::Open { mode, .. } if mode == bits));
            assert_eq!(mode(&path), bits, "nothing is changed");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        symlink("cache", dir.path().join("link")).unwrap();
        assert!(matches!(refusal(&dir.path().join("link")), OwnError::Link(_)));
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(matches!(refusal(&dir.path().join("file")), OwnError::NoFolder(_)));
        // Where everybody can rename it, it is nobody's own; below /tmp it is.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(refusal(&path), OwnError::Open { .. }));
        fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
        folder(&path).unwrap();
    }

    #[test]
    fn another_users_folder_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache");
        folder(&path).unwrap();
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        assert!(matches!(folder(&path), Err(OwnError::Foreign { uid: 12345, .. })));
    }

    #[test]
    fn links_are_neither_read_nor_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        fs::write(&target, "x").unwrap();
        symlink("target", &link).unwrap();
        assert!(open(&link).is_err() && lock_file(&link).is_err() && open(dir.path()).is_err());
        assert_eq!(fs::read(&target).unwrap(), b"x");
        lock_file(&target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"x");
    }
}
