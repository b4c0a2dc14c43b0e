// SPDX-License-Identifier: GPL-2.0-only

//! Git packs: whole objects without deltas, and the index (version 2) that finds them.
//!
//! Format: `Documentation/gitformat-pack.adoc` of git.

use std::io::{self, Read, Seek, SeekFrom, Write};

use libdeflater::{CompressionLvl, Compressor};
use sha1::{Digest, Sha1};

use super::Oid;

/// The type of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A commit.
    Commit,
    /// A directory.
    Tree,
    /// A file's content or a symbolic link's target.
    Blob,
}

impl Kind {
    /// The word that git uses.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Commit => "commit",
            Kind::Tree => "tree",
            Kind::Blob => "blob",
        }
    }

    /// The kind that a pack's number stands for; none for deltas and tags, which our packs have not.
    pub(super) fn of_pack_code(code: u8) -> Option<Kind> {
        [Kind::Commit, Kind::Tree, Kind::Blob].into_iter().find(|kind| kind.pack_code() == code)
    }

    fn pack_code(self) -> u8 {
        match self {
            Kind::Commit => 1,
            Kind::Tree => 2,
            Kind::Blob => 3,
        }
    }
}

/// The id that an object with this content has.
pub fn object_id(kind: Kind, data: &[u8]) -> Oid {
    let mut hash = Sha1::new();
    hash.update(format!("{} {}\0", kind.name(), data.len()));
    hash.update(data);
    Oid::from_bytes(hash.finalize().into())
}

/// An object in the form in which a pack holds it.
pub struct Encoded {
    oid: Oid,
    crc: u32,
    bytes: Vec<u8>,
}

/// Compresses objects; one per thread.
pub struct Encoder(Compressor);

impl Default for Encoder {
    fn default() -> Self {
        // Speed over size: a whole kernel is compressed once and read often.
        Encoder(Compressor::new(CompressionLvl::new(1).expect("level 1 exists")))
    }
}

impl Encoder {
    /// For directories, which are mostly ids: those can hardly be compressed.
    pub fn uncompressed() -> Self {
        Encoder(Compressor::new(CompressionLvl::new(0).expect("level 0 exists")))
    }

    /// Brings an object into the form of a pack entry.
    pub fn encode(&mut self, oid: Oid, kind: Kind, data: &[u8]) -> Encoded {
        let mut bytes = entry_header(kind, data.len());
        let start = bytes.len();
        bytes.resize(start + self.0.zlib_compress_bound(data.len()), 0);
        let size = self.0.zlib_compress(data, &mut bytes[start..]).expect("the buffer has the bound's size");
        bytes.truncate(start + size);
        let mut crc = libdeflater::Crc::new();
        crc.update(&bytes);
        Encoded { oid, crc: crc.sum(), bytes }
    }

    /// The bytes of the file that holds an object alone.
    pub fn loose(&mut self, kind: Kind, data: &[u8]) -> Vec<u8> {
        let whole = [format!("{} {}\0", kind.name(), data.len()).as_bytes(), data].concat();
        let mut bytes = vec![0; self.0.zlib_compress_bound(whole.len())];
        let size = self.0.zlib_compress(&whole, &mut bytes).expect("the buffer has the bound's size");
        bytes.truncate(size);
        bytes
    }
}

/// Type and size: four bits of the size in the first byte, seven in each further one.
fn entry_header(kind: Kind, size: usize) -> Vec<u8> {
    let mut rest = size >> 4;
    let mut header = vec![kind.pack_code() << 4 | (size & 0xf) as u8];
    while rest != 0 {
        *header.last_mut().expect("never empty") |= 0x80;
        header.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    header
}

/// Writes a pack, and its index at the end.
pub struct PackWriter<W: Write> {
    out: io::BufWriter<W>,
    offset: u64,
    entries: Vec<(Oid, u32, u64)>,
}

impl<W: Read + Write + Seek> PackWriter<W> {
    /// Begins a pack in an empty file.
    pub fn new(out: W) -> io::Result<Self> {
        let mut out = io::BufWriter::with_capacity(1 << 20, out);
        out.write_all(&pack_header(0))?;
        Ok(PackWriter { out, offset: 12, entries: Vec::new() })
    }

    /// Adds an object. Each id may be added only once.
    pub fn add(&mut self, entry: &Encoded) -> io::Result<()> {
        self.out.write_all(&entry.bytes)?;
        self.entries.push((entry.oid, entry.crc, self.offset));
        self.offset += entry.bytes.len() as u64;
        Ok(())
    }

    /// Completes the pack and writes its index. Gives the checksum that names the pack.
    pub fn finish(self, index: impl Write) -> io::Result<Oid> {
        let mut out = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&pack_header(self.entries.len() as u32))?;
        out.seek(SeekFrom::Start(0))?;
        let checksum = hash_reader(&mut out, None)?;
        out.write_all(checksum.as_bytes())?;
        out.flush()?;
        write_index(self.entries, checksum, index)?;
        Ok(checksum)
    }
}

pub(super) fn pack_header(objects: u32) -> [u8; 12] {
    let mut header = *b"PACK\0\0\0\x02\0\0\0\0";
    header[8..].copy_from_slice(&objects.to_be_bytes());
    header
}

pub(super) fn write_index(mut entries: Vec<(Oid, u32, u64)>, pack: Oid, out: impl Write) -> io::Result<()> {
    entries.sort_unstable();
    let mut data = b"\xfftOc\0\0\0\x02".to_vec();
    for byte in 0..=255u8 {
        let upto = entries.partition_point(|(oid, ..)| oid.as_bytes()[0] <= byte);
        data.extend((upto as u32).to_be_bytes());
    }
    entries.iter().for_each(|(oid, ..)| data.extend(oid.as_bytes()));
    entries.iter().for_each(|(_, crc, _)| data.extend(crc.to_be_bytes()));
    let mut large = Vec::new();
    for &(_, _, offset) in &entries {
        // Offsets from 2 GiB on stand in a table of their own.
        let small = u32::try_from(offset).ok().filter(|small| small >> 31 == 0);
        let index = 1 << 31 | (large.len() / 8) as u32;
        data.extend(small.unwrap_or(index).to_be_bytes());
        if small.is_none() {
            large.extend(offset.to_be_bytes());
        }
    }
    data.extend(large);
    data.extend(pack.as_bytes());
    let checksum = Sha1::digest(&data);
    data.extend(checksum);
    let mut out = out;
    out.write_all(&data)?;
    out.flush()
}

/// The SHA-1 of what a reader gives, of its first `limit` bytes if there is one.
pub(super) fn hash_reader(reader: &mut impl Read, limit: Option<u64>) -> io::Result<Oid> {
    let mut hash = Sha1::new();
    let mut reader = reader.take(limit.unwrap_or(u64::MAX));
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(Oid::from_bytes(hash.finalize().into())),
            n => hash.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Process;

    #[test]
    fn ids_are_gits() {
        assert_eq!(object_id(Kind::Blob, b"").to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(object_id(Kind::Tree, b"").to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    }

    #[test]
    fn git_verifies_pack_and_index() {
        let dir = tempfile::tempdir().unwrap();
        let pack = dir.path().join("x.pack");
        let file = std::fs::File::options().read(true).write(true).create_new(true).open(&pack).unwrap();
        let mut writer = PackWriter::new(file).unwrap();
        let mut encoder = Encoder::default();
        for size in [0usize, 1, 15, 16, 2047, 2048, 100_000] {
            let data = vec![b'a'; size];
            writer.add(&encoder.encode(object_id(Kind::Blob, &data), Kind::Blob, &data)).unwrap();
        }
        let index = std::fs::File::create(dir.path().join("x.idx")).unwrap();
        writer.finish(index).unwrap();
        Process::new("git").args(["verify-pack", "-v"]).arg(&pack).run().unwrap();
        let rebuilt = dir.path().join("y.idx");
        Process::new("git").args(["index-pack", "-o"]).arg(&rebuilt).arg(&pack).dir(dir.path()).run().unwrap();
        let ours = std::fs::read(dir.path().join("x.idx")).unwrap();
        assert_eq!(ours, std::fs::read(rebuilt).unwrap());
    }
}
