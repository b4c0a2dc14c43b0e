// SPDX-License-Identifier: GPL-2.0-only

//! Archives that are cut off, damaged, or made to do harm are refused, and nothing of them stays.

use std::fs;
use std::io::{self, Read};

use drm_rust::base::import::ImportError;
use drm_rust::error::Explain;
use flate2::write::GzEncoder;
use liblzma::write::XzEncoder;
use proptest::prelude::*;
use tar::EntryType;

use crate::archives::{Entry, deb, file, folder, gz, hard_link, kernel, link, of_kind, pax, tar, xz};
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
        (with(file("linux-9.9/.git", "gitdir: /elsewhere")), "would change the repository itself"),
        (with(link("linux-9.9/.git", "objects")), "would change the repository itself"),
        (with(file("linux-9.9/git~1/config", "")), "would change the repository itself"),
        (with(file("linux-9.9/.git /config", "")), "would change the repository itself"),
        (with(file("linux-9.9/.g\u{200d}it/config", "")), "would change the repository itself"),
        (with(link("linux-9.9/a", ".git/hooks")), "is a link into the repository itself"),
        (with(link("linux-9.9/.gitmodules", "a")), "is a link in the place of a file that git reads"),
        (with(file("linux-9.9/a\nb", "")), "has no proper name"),
        (with(file("linux-9.9/a\u{1b}[2Jb", "")), "has no proper name"),
        (with(file(b"linux-9.9/\xff\xfe", "")), "has no proper name"),
        (with(file(format!("linux-9.9/{}", "a/".repeat(100)), "")), "is deeper than any folder"),
        (with(file(format!("linux-9.9/{}", "a".repeat(300)), "")), "has a longer name than file systems have"),
        (with(file(format!("linux-9.9/{}", "a/".repeat(5000)), "")), "has a longer path than any file"),
        (with(link("linux-9.9/a", "b/".repeat(5000))), "is a link to a longer path"),
        (with(file("linux-9.9/a", "").claims(10 << 30)), "is larger than any file of a kernel"),
        (with(file("linux-9.9/a", "").claims(u64::MAX >> 12)), "is larger than any file of a kernel"),
        (with(file("linux-9.9/a", "").dated(u64::MAX >> 2)), "has a date that no calendar has"),
        (with(of_kind("linux-9.9/a", EntryType::GNUSparse)), "is a sparse file"),
        (with(pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.name", "linux-9.9/a")])), "is of a sparse file"),
        (vec![pax(&[("size", "10000000000")]), file("linux-9.9/Makefile", "\n")], "has two sizes"),
        (vec![pax(&[("path", "linux-9.9/../x")]), file("linux-9.9/Makefile", "\n")], "leaves the tree"),
        (vec![pax(&[("linkpath", "/etc")]), link("linux-9.9/a", "b")], "link to an absolute path"),
        (with(of_kind("././@LongLink", EntryType::GNULongName).claims(1 << 30)), "is a longer header than any name"),
        (with(of_kind("././@LongLink", EntryType::GNULongLink).claims(1 << 30)), "is a longer header than any name"),
        (with(pax(&[("comment", "x")]).claims(1 << 30)), "is a longer header than any name"),
        (with(of_kind("g", EntryType::XGlobalHeader).claims(1 << 30)), "is a longer header than any name"),
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

/// Zeros that follow some bytes.
struct Zeros {
    head: io::Cursor<Vec<u8>>,
    left: u64,
}

impl Read for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buffer)? {
            0 => {
                let n = self.left.min(buffer.len() as u64) as usize;
                buffer[..n].fill(0);
                self.left -= n as u64;
                Ok(n)
            }
            n => Ok(n),
        }
    }
}

/// The peak of this process's memory (KiB), which falls to what it has now before.
fn peak_of(work: impl FnOnce()) -> u64 {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let now = |key: &str| {
        let text = fs::read_to_string("/proc/self/status").unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = now("VmRSS");
    work();
    now("VmHWM") - before.min(now("VmHWM"))
}

#[test]
fn bombs_end_before_they_fill_memory_or_disk() {
    let head = tar(&[file("linux-9.9/Makefile", "\n")])[..1024].to_vec();
    // A file of gigabytes, the end of the archive that goes on, and a name that does not end.
    let large = tar(&[file("linux-9.9/a", "").claims(60 << 20)])[..512].to_vec();
    let name = tar(&[of_kind("././@LongLink", EntryType::GNULongName).claims(2 << 30)])[..512].to_vec();
    let files: Vec<u8> = (0..40)
        .flat_map(|n| {
            let entry = tar(&[file(format!("linux-9.9/{n}"), "").claims(50 << 20)]);
            [entry[..512].to_vec(), vec![0; 50 << 20]].concat()
        })
        .collect();
    for (what, head) in [("end", head), ("file", large), ("name", name), ("files", files)] {
        let zeros = || Zeros { head: io::Cursor::new(head.clone()), left: 400 << 20 };
        let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::best());
        io::copy(&mut zeros(), &mut packed).unwrap();
        let gz = packed.finish().unwrap();
        let mut packed = XzEncoder::new(Vec::new(), 1);
        io::copy(&mut zeros(), &mut packed).unwrap();
        let xz = packed.finish().unwrap();
        for form in [gz, deb(&xz), xz] {
            assert!(form.len() < 4 << 20, "{}", form.len());
            let peak = peak_of(|| drop(refusal(&form)));
            assert!(peak < 700 << 10, "{what}: {peak} KiB");
        }
    }
}

#[test]
fn a_bomb_says_what_it_is() {
    let zeros = Zeros { head: io::Cursor::new(tar(&kernel())), left: 200 << 20 };
    let mut packed = XzEncoder::new(Vec::new(), 1);
    io::copy(&mut { zeros }, &mut packed).unwrap();
    let packed = packed.finish().unwrap();
    let error = refusal(&packed);
    assert_eq!(error, "the archive is hostile or not a kernel source: it unpacks to far more than source code does");
    assert_eq!(refusal(&deb(&packed)), error);
}

#[test]
fn what_a_package_claims_takes_no_memory() {
    let mut package = b"!<arch>\n".to_vec();
    for name in ["//", "#1/9999999999", "/", "data.tar.xz"] {
        package.truncate(8);
        package.extend(format!("{name:16}{:12}{:6}{:6}{:8}{:10}`\n", 0, 0, 0, 644, "9999999999").bytes());
        package.extend([0; 100]);
        let peak = peak_of(|| drop(refusal(&package)));
        assert!(peak < 100 << 10, "{name}: {peak} KiB");
    }
}

#[test]
fn endless_entries_are_refused() {
    let one = tar(&[folder("linux-9.9/a")])[..512].to_vec();
    let many: Vec<u8> = one.iter().copied().cycle().take(512 * 100_000).chain([0; 1024]).collect();
    // The same folder again and again is no more than one.
    assert!(refusal(&many).contains("holds no kernel source"));
    let files = (0..2000).map(|n| file(format!("linux-9.9/{}{n}", format!("{n:030}/").repeat(30)), ""));
    let dir = tempfile::tempdir().unwrap();
    import_into(dir.path(), &tar(&files.collect::<Vec<_>>())).expect("long paths are no crime");
}

#[test]
fn names_that_differ_in_case_alone_are_two_files() {
    // Linux itself has such files: net/netfilter/xt_DSCP.c and xt_dscp.c.
    let dir = tempfile::tempdir().unwrap();
    let files = [file("linux-9.9/xt_DSCP.c", "target\n"), file("linux-9.9/xt_dscp.c", "match\n")];
    import_into(dir.path(), &tar(&files)).unwrap();
}

#[test]
fn headers_that_tell_nothing_new_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let long = format!("linux-9.9/{}", "long/".repeat(30));
    let entries = [
        pax(&[("mtime", "1.5"), ("path", &format!("{long}file")), ("size", "2")]),
        file("linux-9.9/short", "1\n"),
        file("linux-9.9/other", ""),
    ];
    import_into(dir.path(), &tar(&entries)).unwrap();
    // One that describes a member which is missing.
    assert!(refusal(&tar(&[file("linux-9.9/a", ""), pax(&[("path", "linux-9.9/b")])])).contains("truncated"));
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
