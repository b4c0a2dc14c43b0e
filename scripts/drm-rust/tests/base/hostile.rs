// SPDX-License-Identifier: GPL-2.0-only

//! Archives that are cut off, damaged, or made to do harm are refused, and nothing of them stays.

use drm_rust::base::import::ImportError;
use drm_rust::error::Explain;
use proptest::prelude::*;
use tar::EntryType;

use crate::archives::{Entry, deb, file, folder, gz, hard_link, kernel, link, of_kind, tar, xz};
use crate::import::import_into;

/// Imports an archive that must be refused; gives the error in full.
#[track_caller]
fn refusal(archive: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let error = import_into(dir.path(), archive).expect_err("the archive must be refused");
    assert!(matches!(error, ImportError::Archive(_)), "the archive is to blame: {error:?}");
    let hint = error.hint().expect("a refusal has a hint");
    assert!(hint.contains("nothing of it was kept") || hint.contains("release tarball"), "{hint}");
    error.to_string()
}

#[test]
fn hostile_entries_are_refused_by_name() {
    let with = |entry: Entry| vec![file("linux-9.9/Makefile", "\n"), entry];
    let cases = [
        (with(file("/etc/passwd", "")), "`/etc/passwd` is an absolute path"),
        (with(file("linux-9.9/../../etc/passwd", "")), "leaves the tree"),
        (with(file("../Makefile", "")), "leaves the tree"),
        (with(folder("linux-9.9/a/../..")), "leaves the tree"),
        (with(file("linux-9.9//a", "")), "empty part"),
        (with(file("linux-9.9/./a", "")), "empty part"),
        (with(file("linux-9.9", "a file as the top")), "outside the archive's top folder"),
        (with(file("other/a", "")), "outside the archive's top folder"),
        (with(file("linux-9.9/.git/hooks/post-checkout", "")), "would change the repository itself"),
        (with(file("linux-9.9/a/.GIT/config", "")), "would change the repository itself"),
        (with(link("linux-9.9/a", "/etc")), "link to an absolute path"),
        (with(link("linux-9.9/a", "../../etc")), "link that leaves the tree"),
        (with(link("linux-9.9/a/b", "../c/../../../etc")), "link that leaves the tree"),
        (with(link("linux-9.9/a", "")), "link without a target"),
        (with(hard_link("linux-9.9/a", "linux-9.9/Makefile")), "is a hard link"),
        (with(of_kind("linux-9.9/a", EntryType::Char)), "is a device node"),
        (with(of_kind("linux-9.9/a", EntryType::Block)), "is a device node"),
        (with(of_kind("linux-9.9/a", EntryType::Fifo)), "is a named pipe"),
        (with(of_kind("linux-9.9/a", EntryType::new(b'V'))), "of a type that no source tree has"),
        (with(file("linux-9.9/Makefile", "other")), "`linux-9.9/Makefile` is in the archive twice"),
        (with(folder("linux-9.9/Makefile")), "is in the archive twice"),
        (with(file("linux-9.9/Makefile/a", "")), "below something that is no folder"),
        (vec![folder("linux-9.9/a/"), file("linux-9.9/a", "")], "is in the archive twice"),
        (vec![file("linux-9.9/a/b", ""), file("linux-9.9/a", "")], "is in the archive twice"),
        (vec![link("linux-9.9/a", "b"), file("linux-9.9/a/c", "")], "is reached through a link"),
        (vec![folder("linux-9.9/")], "holds no kernel source"),
        (vec![], "holds no kernel source"),
    ];
    for (entries, reason) in cases {
        let plain = tar(&entries);
        for form in [plain.clone(), gz(&plain), xz(&plain), deb(&xz(&plain))] {
            let error = refusal(&form);
            assert!(error.contains(reason), "{error}\nshould say: {reason}");
        }
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    assert!(refusal(b"").contains("truncated or corrupted"));
    assert!(refusal(b"<html>404</html>").contains("truncated or corrupted"));
    assert!(refusal(&[0x7f; 2048]).contains("truncated or corrupted"));
    assert!(refusal(b"!<arch>\n").contains("holds no kernel source"));
    assert!(refusal(&deb(b"")).contains("truncated or corrupted"));
}

#[test]
fn a_truncated_archive_is_refused_wherever_it_ends() {
    let plain = tar(&kernel());
    // The archive is padded to whole records: what holds its two end blocks is complete.
    let needed = plain.len() - plain.iter().rev().take_while(|&&b| b == 0).count() + 1024;
    for form in [plain[..needed].to_vec(), gz(&plain), xz(&plain), deb(&xz(&plain))] {
        let step = (form.len() / 150).max(1);
        for length in (1..form.len() - 512).step_by(step) {
            refusal(&form[..length]);
        }
    }
    for length in (512..needed - 1024).step_by(512) {
        refusal(&plain[..length]);
    }
}

proptest! {
    /// Compressed archives carry checksums: one wrong byte anywhere is found.
    #[test]
    fn a_damaged_xz_is_refused(at: prop::sample::Index, with in 1..=255_u8) {
        let mut bytes = xz(&tar(&kernel()));
        let at = at.index(bytes.len());
        bytes[at] ^= with;
        refusal(&bytes);
    }

    /// Whatever the bytes say, the import ends with a commit or with a refusal.
    #[test]
    fn nothing_makes_the_import_panic(cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = tar(&kernel());
        for (at, with) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        let dir = tempfile::tempdir().unwrap();
        match import_into(dir.path(), &bytes) {
            Ok(_) => {}
            Err(ImportError::Archive(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}
