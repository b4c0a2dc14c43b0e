// SPDX-License-Identifier: GPL-2.0-only

//! What a machine may lack at any moment, whoever runs into it: a full disk is no conflict, and no bad patch.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use crate::error::{FileContext, FileError};

/// What the operating system would not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The file system is full.
    Space,
    /// The user's share of the file system is used up.
    Quota,
    /// A file would be larger than it may be.
    FileSize,
    /// The file system may only be read.
    ReadOnly,
    /// The device fails.
    Device,
    /// Memory.
    Memory,
    /// A file could not be written, and nothing says why.
    Written,
}

/// As programs print them in the C locale.
const TOLD: [(Lack, &str); 7] = [
    (Lack::Space, "No space left on device"),
    (Lack::Quota, "Disk quota exceeded"),
    (Lack::FileSize, "File too large"),
    (Lack::ReadOnly, "Read-only file system"),
    (Lack::Device, "Input/output error"),
    (Lack::Memory, "Cannot allocate memory"),
    // Git, where a write took nothing.
    (Lack::Space, "Out of diskspace"),
];
/// What git says of a file that it could not write where it does not say why.
const WRITTEN: [&str; 4] =
    ["unable to write file ", "unable to write new index file", "unable to create backing store", "fatal: write error"];
/// Why a path cannot be written on any machine: that is the fault of who asked for it.
const OF_THE_PATH: [&str; 6] = [
    "Not a directory",
    "Is a directory",
    "File exists",
    "No such file or directory",
    "File name too long",
    "Too many levels of symbolic links",
];
/// With less than this many bytes a file system is full.
const FULL: u64 = 64 << 10;

impl Lack {
    /// What an error of this program's own says.
    pub fn of(error: &io::Error) -> Option<Lack> {
        use io::ErrorKind::*;
        Some(match (Errno::from_io_error(error), error.kind()) {
            (Some(Errno::IO), _) => Lack::Device,
            // Some libraries wrap the error of the operating system, to name the path: its kind stays.
            (_, StorageFull) => Lack::Space,
            (_, QuotaExceeded) => Lack::Quota,
            (_, FileTooLarge) => Lack::FileSize,
            (_, ReadOnlyFilesystem) => Lack::ReadOnly,
            (_, OutOfMemory) => Lack::Memory,
            _ => return None,
        })
    }

    /// What another program says that failed. What it passes on from another machine is about that machine.
    pub fn told(stderr: &str) -> Option<Lack> {
        let lines = || stderr.lines().filter(|line| !line.starts_with("remote: "));
        // Python adds the file: `[Errno 28] No space left on device: '/tmp/x'`.
        let says = |line: &str, text: &str| {
            line.trim_end().ends_with(text)
                || line.contains(&format!("{text}: '"))
                || line.contains(&format!("{text})"))
        };
        let told = TOLD.iter().find(|(_, text)| lines().any(|line| says(line, text))).map(|(lack, _)| *lack);
        let is_unexplained = |line: &str| {
            WRITTEN.iter().any(|text| line.contains(text)) && !OF_THE_PATH.iter().any(|why| line.ends_with(why))
        };
        told.or_else(|| lines().any(is_unexplained).then_some(Lack::Written))
    }

    /// What to do about it, with the file system that holds `place`.
    pub fn hint(self, place: &Path) -> String {
        let top = file_system(place).display().to_string();
        match self {
            Lack::Written if !is_full(place) => {
                format!("check the file system at {top}: its free space (`df {top}`), its quota and its owner")
            }
            Lack::Space | Lack::Written => {
                format!("free some space on the file system at {top} (`df {top}`); a complete tree needs about 3 GB")
            }
            Lack::Quota => format!("your quota on the file system at {top} is used up: `quota` shows it"),
            Lack::FileSize => "files must not grow that large: `ulimit -f` shows the limit".into(),
            Lack::ReadOnly => format!("the file system at {top} is mounted read-only"),
            Lack::Device => format!("the device of the file system at {top} fails: `dmesg` tells more"),
            Lack::Memory => "end other programs, or add memory".into(),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = TOLD.iter().find(|(lack, _)| lack == self).map_or("a file cannot be written", |(_, text)| text);
        f.write_str(told)
    }
}

/// Where the file system is mounted that holds a path, which need not exist.
pub fn file_system(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|path| path.canonicalize().ok());
    let mut top = existing.unwrap_or_else(|| PathBuf::from("/"));
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    while let Some(parent) = top.parent().filter(|parent| device(parent) == device(&top)) {
        top = parent.to_owned();
    }
    top
}

/// Whether the file system that holds a path has hardly any space, or no inode.
pub fn is_full(path: &Path) -> bool {
    rustix::fs::statvfs(file_system(path))
        .is_ok_and(|stat| stat.f_bavail * stat.f_frsize < FULL || stat.f_files > 0 && stat.f_favail == 0)
}

/// Makes sure that a folder's file system has so many bytes, before something begins that must not end half-way.
pub fn has_room(dir: &Path, bytes: u64) -> Result<(), FileError> {
    let file = tempfile::tempfile_in(dir).at("write", dir)?;
    match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes.max(1)) {
        // Some file systems cannot tell.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
        other => other.map_err(io::Error::from).at("write", dir),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_is_understood() {
        for (said, lack) in [
            ("error: unable to write file .git/objects/ab/cd: No space left on device\nerror: x\n", Some(Lack::Space)),
            ("OSError: [Errno 28] No space left on device: '/tmp/x'", Some(Lack::Space)),
            ("error: couldn't write (No space left on device)", Some(Lack::Space)),
            ("fatal: cannot create '.git/index.lock': Disk quota exceeded", Some(Lack::Quota)),
            ("fatal: sha1 file '/x/.git/index.lock' write error. Out of diskspace\n", Some(Lack::Space)),
            ("fatal: write error: File too large\n", Some(Lack::FileSize)),
            ("error: unable to create '/x': Read-only file system", Some(Lack::ReadOnly)),
            ("fatal: read error: Input/output error", Some(Lack::Device)),
            ("error: unable to write file rust/kernel/alpha.rs\n", Some(Lack::Written)),
            ("fatal: unable to write new index file\n", Some(Lack::Written)),
            ("error: patch failed: No space left on device:12\nerror: x: patch does not apply", None),
            ("remote: fatal: cannot write: No space left on device\n ! [remote rejected] a -> a", None),
            ("error: unable to write file 'a/b' mode 100644: Not a directory\n", None),
            ("error: patch failed: a:1\n", None),
            ("", None),
        ] {
            assert_eq!(Lack::told(said), lack, "{said}");
        }
    }

    #[test]
    fn file_systems_are_found() {
        assert_eq!(file_system(Path::new("/proc/self/no/such")), Path::new("/proc"));
        assert_eq!(file_system(Path::new("/")), Path::new("/"));
        assert!(Lack::Space.hint(Path::new("/proc/x")).contains("the file system at /proc (`df /proc`)"));
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(file_system(&dir.path().join("x/y")), file_system(dir.path()));
    }

    #[test]
    fn what_the_system_says_is_understood() {
        for (errno, lack) in [
            (Errno::NOSPC, Lack::Space),
            (Errno::DQUOT, Lack::Quota),
            (Errno::FBIG, Lack::FileSize),
            (Errno::ROFS, Lack::ReadOnly),
            (Errno::NOMEM, Lack::Memory),
        ] {
            let error = io::Error::from(errno);
            assert_eq!(Lack::of(&error), Some(lack));
            assert_eq!(Lack::of(&io::Error::new(error.kind(), "with a path")), Some(lack));
        }
        assert_eq!(Lack::of(&io::Error::from(Errno::IO)), Some(Lack::Device));
        assert_eq!(Lack::of(&io::Error::from(Errno::NOENT)), None);
    }

    #[test]
    fn room_is_asked_for_before_it_is_needed() {
        let dir = tempfile::tempdir().unwrap();
        has_room(dir.path(), 1 << 16).unwrap();
        let error = has_room(dir.path(), 1 << 62).unwrap_err();
        assert!(matches!(Lack::of(&error.source), Some(Lack::Space | Lack::FileSize)), "{:?}", error.source);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    }
}
