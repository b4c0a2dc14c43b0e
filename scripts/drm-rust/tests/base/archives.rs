// SPDX-License-Identifier: GPL-2.0-only

//! Archives, written byte by byte: `tar` itself would refuse to make most of them.

use std::io::Write;

use flate2::write::GzEncoder;
use liblzma::stream::{Check, MtStreamBuilder};
use liblzma::write::XzEncoder;
use tar::{EntryType, Header};

/// One entry of a tarball.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    name: Vec<u8>,
    kind: EntryType,
    mode: u32,
    link: Vec<u8>,
    data: Vec<u8>,
    /// The size that the header claims, where it lies.
    size: Option<u64>,
    mtime: u64,
}

impl Entry {
    /// Claims another size.
    pub(crate) fn claims(self, size: u64) -> Entry {
        Entry { size: Some(size), ..self }
    }

    /// Has another date.
    pub(crate) fn dated(self, mtime: u64) -> Entry {
        Entry { mtime, ..self }
    }
}

pub(crate) fn of_kind(name: impl AsRef<[u8]>, kind: EntryType) -> Entry {
    Entry { name: name.as_ref().to_vec(), kind, mode: 0o644, link: Vec::new(), data: Vec::new(), size: None, mtime: 1 }
}

pub(crate) fn file(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Entry {
    Entry { data: data.as_ref().to_vec(), ..of_kind(name, EntryType::Regular) }
}

pub(crate) fn program(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Entry {
    Entry { mode: 0o755, ..file(name, data) }
}

pub(crate) fn folder(name: impl AsRef<[u8]>) -> Entry {
    Entry { mode: 0o755, ..of_kind(name, EntryType::Directory) }
}

pub(crate) fn link(name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Entry {
    Entry { link: target.as_ref().to_vec(), ..of_kind(name, EntryType::Symlink) }
}

pub(crate) fn hard_link(name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Entry {
    Entry { link: target.as_ref().to_vec(), ..of_kind(name, EntryType::Link) }
}

/// A global header, as `git archive` writes it to tell the commit.
pub(crate) fn global_header() -> Entry {
    let comment = format!("52 comment={}\n", "a".repeat(40));
    Entry { data: comment.into_bytes(), ..of_kind("pax_global_header", EntryType::XGlobalHeader) }
}

/// A pax header for the entry after it.
pub(crate) fn pax(records: &[(&str, &str)]) -> Entry {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let digits = (1..).find(|n| (rest.len() + n).to_string().len() == *n).unwrap();
        format!("{}{rest}", rest.len() + digits)
    };
    let data = records.iter().map(record).collect::<String>().into_bytes();
    Entry { data, ..of_kind("pax", EntryType::XHeader) }
}

/// A tarball of these entries, with its end blocks.
pub(crate) fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut tar = Vec::new();
    for entry in entries {
        // Names and targets that do not fit into the header go before it, as GNU tar has them.
        for (text, kind) in [(&entry.name, EntryType::GNULongName), (&entry.link, EntryType::GNULongLink)] {
            if text.len() > 100 {
                append(&mut tar, &Entry { data: text.clone(), ..of_kind("././@LongLink", kind) });
            }
        }
        append(&mut tar, entry);
    }
    tar.resize((tar.len() + 1024).next_multiple_of(10240), 0);
    tar
}

fn append(tar: &mut Vec<u8>, entry: &Entry) {
    let mut header = Header::new_gnu();
    let short = |text: &[u8]| text[..text.len().min(100)].to_vec();
    let gnu = header.as_gnu_mut().unwrap();
    gnu.name[..entry.name.len().min(100)].copy_from_slice(&short(&entry.name));
    gnu.linkname[..entry.link.len().min(100)].copy_from_slice(&short(&entry.link));
    header.set_entry_type(entry.kind);
    header.set_mode(entry.mode);
    header.set_size(entry.size.unwrap_or(entry.data.len() as u64));
    header.set_mtime(entry.mtime);
    header.set_cksum();
    tar.extend(header.as_bytes());
    tar.extend(&entry.data);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

pub(crate) fn gz(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Several xz blocks, as `xz -T` writes them, so that their decompression is spread over threads.
pub(crate) fn xz(data: &[u8]) -> Vec<u8> {
    let stream = MtStreamBuilder::new().threads(2).preset(1).block_size(4096).check(Check::Crc64).encoder().unwrap();
    let mut encoder = XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A Debian package with this file as its source tarball.
pub(crate) fn deb(tarball: &[u8]) -> Vec<u8> {
    let data = [folder("./"), folder("./usr/src/"), file("./usr/src/linux-source-9.9.tar.xz", tarball)];
    let control = [file("./control", "Package: linux-source-9.9\n")];
    let parts = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.xz", xz(&tar(&control))),
        ("data.tar.xz", xz(&tar(&data))),
    ];
    let mut package = ar::Builder::new(Vec::new());
    for (name, part) in parts {
        package.append(&ar::Header::new(name.into(), part.len() as u64), part.as_slice()).unwrap();
    }
    package.into_inner().unwrap()
}

/// The head of a kernel's Makefile.
const MAKEFILE: &str = "VERSION = 9\nPATCHLEVEL = 9\nSUBLEVEL = 0\nEXTRAVERSION =\n";

/// A small kernel with what makes archives difficult: modes, links, long names, and names whose order in a git
/// tree is not that of their bytes.
pub(crate) fn kernel() -> Vec<Entry> {
    let long = format!("linux-9.9/{}/{}.rst", "Documentation/a-folder-with-a-long-name".repeat(3), "name".repeat(20));
    vec![
        global_header(),
        folder("linux-9.9/"),
        file("linux-9.9/Makefile", MAKEFILE),
        file("linux-9.9/.gitignore", "*.o\n#\n# tail\n*.ko\n"),
        program("linux-9.9/scripts/run.sh", "#!/bin/sh\n"),
        folder("linux-9.9/lib/"),
        file("linux-9.9/lib/a", "in the folder\n"),
        file("linux-9.9/lib.c", "sorts before the folder\n"),
        file("linux-9.9/lib0", "sorts after the folder\n"),
        file("linux-9.9/ignored.o", "tracked although .gitignore names it\n"),
        file("linux-9.9/empty", ""),
        file("linux-9.9/copy", MAKEFILE),
        file(&long, "long\n"),
        link("linux-9.9/lib/up", "../Makefile"),
        link("linux-9.9/dangling", "no/such/file"),
        link("linux-9.9/far", "x".repeat(150)),
        file("linux-9.9/binary", (0..=255).cycle().take(100_000).collect::<Vec<u8>>()),
    ]
}
