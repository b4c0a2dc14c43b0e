// SPDX-License-Identifier: GPL-2.0-only

//! Git's index of a work tree, written in one go for files that were just made.
//!
//! Format: version 2 of `Documentation/gitformat-index.adoc` of git.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use sha1::{Digest, Sha1};

use super::Oid;
use super::treeobj::Mode;

/// The bytes of an entry before its path.
const FIXED: usize = 62;
/// The longest path whose length an entry's flags can tell (bytes).
const LONGEST_TOLD: usize = 0xfff;

/// A file of the work tree as git remembers it, to see without reading it that it did not change.
pub struct Entry {
    path: Vec<u8>,
    mode: Mode,
    oid: Oid,
    /// Times (seconds and nanoseconds of ctime and mtime), device and inode.
    identity: [u32; 6],
    /// User, group and size.
    owner_and_size: [u32; 3],
}

impl Entry {
    /// An entry for a file that has the content `oid`; `metadata` is that of the file itself, not of a link's target.
    pub fn new(path: Vec<u8>, mode: Mode, oid: Oid, metadata: &Metadata) -> Self {
        // Git keeps the lower 32 bits of everything.
        let times = [metadata.ctime(), metadata.ctime_nsec(), metadata.mtime(), metadata.mtime_nsec()];
        let [ctime, ctime_nsec, mtime, mtime_nsec] = times.map(|time| time as u32);
        Entry {
            path,
            mode,
            oid,
            identity: [ctime, ctime_nsec, mtime, mtime_nsec, metadata.dev() as u32, metadata.ino() as u32],
            owner_and_size: [metadata.uid(), metadata.gid(), metadata.size() as u32],
        }
    }

    fn append_to(&self, data: &mut Vec<u8>) {
        let start = data.len();
        let mode = u32::from_str_radix(self.mode.octal(), 8).expect("modes are octal");
        let numbers = self.identity.iter().chain([&mode]).chain(&self.owner_and_size);
        numbers.for_each(|number| data.extend(number.to_be_bytes()));
        data.extend(self.oid.as_bytes());
        data.extend((self.path.len().min(LONGEST_TOLD) as u16).to_be_bytes());
        data.extend(&self.path);
        // One to eight zeros, so that the entry's length is a multiple of eight.
        data.resize(start + ((FIXED + self.path.len() + 8) & !7), 0);
    }
}

/// The bytes of an index; the entries may come in any order, each path once.
pub fn serialize(mut entries: Vec<Entry>) -> Vec<u8> {
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let mut data = b"DIRC\0\0\0\x02".to_vec();
    data.extend((entries.len() as u32).to_be_bytes());
    entries.iter().for_each(|entry| entry.append_to(&mut data));
    let checksum = Sha1::digest(&data);
    data.extend(checksum);
    data
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::git::pack::{Kind, object_id};
    use crate::process::Process;

    #[test]
    fn git_takes_the_files_for_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| Process::new("git").args(args).dir(dir.path()).run().unwrap().text();
        git(&["init", "--quiet"]);
        let long = "x".repeat(200);
        let folder = [long.as_str(); 21].join("/");
        fs::create_dir_all(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/run"), "1").unwrap();
        fs::set_permissions(dir.path().join("a/run"), fs::Permissions::from_mode(0o755)).unwrap();
        for length in 1..9 {
            fs::write(dir.path().join("b".repeat(length)), "22").unwrap();
        }
        symlink("a/run", dir.path().join("link")).unwrap();
        // Git compares what is as new as the index with its object.
        git(&["add", "--all"]);
        let mut entries = Vec::new();
        let mut add = |path: &str, mode, content: &str, on_disk: &str| {
            let metadata = dir.path().join(on_disk).symlink_metadata().unwrap();
            entries.push(Entry::new(path.into(), mode, object_id(Kind::Blob, content.as_bytes()), &metadata));
        };
        add("link", Mode::Symlink, "a/run", "link");
        add("a/run", Mode::Executable, "1", "a/run");
        (1..9).for_each(|length| add(&"b".repeat(length), Mode::File, "22", &"b".repeat(length)));
        let count = entries.len();
        fs::write(dir.path().join(".git/index"), serialize(entries)).unwrap();
        assert_eq!(git(&["ls-files", "--stage"]).lines().count(), count);
        assert_eq!(git(&["diff-files"]), "");
        fs::write(dir.path().join("bb"), "333").unwrap();
        assert!(git(&["diff-files"]).ends_with("\tbb"));
        // A path whose length does not fit into its flags.
        let metadata = dir.path().metadata().unwrap();
        let entry = Entry::new(folder.clone().into(), Mode::File, Oid::ZERO, &metadata);
        fs::write(dir.path().join(".git/index"), serialize(vec![entry])).unwrap();
        assert!(git(&["ls-files"]).contains(&folder));
    }
}
