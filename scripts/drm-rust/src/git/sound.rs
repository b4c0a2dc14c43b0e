// SPDX-License-Identifier: GPL-2.0-only

//! Whether a pack of ours is what it claims, whoever wrote it: each object has the id that the index finds it under.
//!
//! What a pack says of itself, a checksum at its end, anybody can write. Ids cannot be forged: from a commit on, they
//! hold for every file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use libdeflater::{Crc, Decompressor};
use rayon::prelude::*;

use super::Oid;
use super::pack::{self, Kind, object_id};
use crate::owned;

/// How much of a pack is read at once, where its objects are not larger (bytes).
const CHUNK: u64 = 4 << 20;
/// No object of ours is larger (bytes).
const LARGEST_OBJECT: usize = 64 << 20;
/// No index of ours is larger (bytes).
const LARGEST_INDEX: u64 = 256 << 20;

/// An object where the index finds it.
#[derive(Clone, Copy)]
struct Entry {
    oid: Oid,
    start: u64,
    end: u64,
}

fn unsound(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The ids of the objects of a pack without deltas, in their order; an error where anything is not as it should be.
pub fn objects(pack: &Path, index: &Path) -> io::Result<Vec<Oid>> {
    let (file, index) = (owned::open(pack)?, owned::open(index)?);
    if index.metadata()?.len() > LARGEST_INDEX {
        return Err(unsound("the index is too large"));
    }
    let data = read(&index, 0, index.metadata()?.len())?;
    let size = file.metadata()?.len().checked_sub(20).ok_or(unsound("the pack is too short"))?;
    let places = parse(&data, size).ok_or(unsound("the index is damaged"))?;
    let chunks: Vec<&[Entry]> =
        places.chunk_by(|a, b| a.start / CHUNK == b.start / CHUNK && b.end - b.start < CHUNK).collect();
    let (known, checksum) = rayon::join(
        || chunks.par_iter().map(|chunk| check(&file, chunk)).collect::<io::Result<Vec<_>>>(),
        || pack::hash_reader(&mut owned::open(pack)?, Some(size)),
    );
    let known: Vec<(Oid, u32, u64)> = known?.concat();
    let header = pack::pack_header(u32::try_from(known.len()).map_err(|_| unsound("too many objects"))?);
    let trailer = read(&file, size, 20)?;
    if read(&file, 0, 12)? != header || checksum?.as_bytes() != &trailer[..] {
        return Err(unsound("the pack is damaged"));
    }
    let mut ids: Vec<Oid> = known.iter().map(|(oid, ..)| *oid).collect();
    ids.sort_unstable();
    let mut written = Vec::new();
    pack::write_index(known, Oid::from_bytes(trailer.try_into().expect("20 bytes")), &mut written)?;
    if written == data { Ok(ids) } else { Err(unsound("the index is not the pack's")) }
}

fn read(file: &File, from: u64, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size as usize];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}

/// The objects of an index in the order of the pack, which they fill from its header to `end`.
fn parse(index: &[u8], end: u64) -> Option<Vec<Entry>> {
    let word = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    let n = word(8 + 255 * 4)? as usize;
    let (ids, offsets) = (8 + 1024, 8 + 1024 + n * 24);
    let large = offsets + n * 4;
    let mut entries = Vec::new();
    for i in 0..n {
        let oid = index.get(ids + i * 20..ids + i * 20 + 20)?.try_into().ok()?;
        let start = match word(offsets + i * 4)? {
            small if small >> 31 == 0 => u64::from(small),
            place => {
                let at = large + 8 * (place & !(1 << 31)) as usize;
                u64::from_be_bytes(index.get(at..at + 8)?.try_into().ok()?)
            }
        };
        entries.push(Entry { oid: Oid::from_bytes(oid), start, end });
    }
    entries.sort_unstable_by_key(|entry| entry.start);
    for i in 1..entries.len() {
        entries[i - 1].end = entries[i].start;
    }
    let fills = entries.first().is_some_and(|first| first.start == 12);
    (fills && entries.iter().all(|entry| entry.start < entry.end)).then_some(entries)
}

/// Reads some objects that follow each other, and gives what an index would say of each.
fn check(file: &File, entries: &[Entry]) -> io::Result<Vec<(Oid, u32, u64)>> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(Vec::new()) };
    let bytes = read(file, first.start, last.end - first.start)?;
    let mut decompressor = Decompressor::new();
    let mut data = Vec::new();
    let mut found = Vec::new();
    for entry in entries {
        let bytes = &bytes[(entry.start - first.start) as usize..(entry.end - first.start) as usize];
        let (kind, size, rest) = header(bytes).ok_or(unsound("an object has no proper header"))?;
        if data.len() < size {
            data.resize(size, 0);
        }
        let inflated = decompressor.zlib_decompress(rest, &mut data[..size]).map_err(io::Error::other)?;
        if inflated != size || object_id(kind, &data[..size]) != entry.oid {
            return Err(unsound("an object has not the id that it is found under"));
        }
        let mut crc = Crc::new();
        crc.update(bytes);
        found.push((entry.oid, crc.sum(), entry.start));
    }
    Ok(found)
}

/// Kind and size of an object, and what follows its header.
fn header(bytes: &[u8]) -> Option<(Kind, usize, &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let kind = Kind::of_pack_code(first >> 4 & 7)?;
    let mut size = usize::from(first & 0xf);
    let (mut more, mut shift) = (first & 0x80 != 0, 4);
    while more {
        let (&byte, behind) = rest.split_first()?;
        (rest, more) = (behind, byte & 0x80 != 0);
        size |= usize::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 32)?;
        shift += 7;
    }
    (size <= LARGEST_OBJECT).then_some((kind, size, rest))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::git::pack::{Encoder, PackWriter};

    /// A pack of objects that are found under the ids of others.
    fn packed(dir: &Path, objects: &[(&[u8], &[u8])]) -> [PathBuf; 2] {
        let files = [dir.join("x.pack"), dir.join("x.idx")];
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&files[0]).unwrap();
        let mut writer = PackWriter::new(file).unwrap();
        let mut encoder = Encoder::default();
        for (named, data) in objects {
            writer.add(&encoder.encode(object_id(Kind::Blob, named), Kind::Blob, data)).unwrap();
        }
        writer.finish(File::create(&files[1]).unwrap()).unwrap();
        files
    }

    #[test]
    fn a_pack_of_ours_is_sound_and_a_forged_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let large = vec![7; 9 << 20];
        let [pack, index] = packed(dir.path(), &[(b"a", b"a"), (b"", b""), (&large, &large), (b"b", b"b")]);
        let ids = objects(&pack, &index).unwrap();
        assert!(ids.len() == 4 && ids.is_sorted() && ids.contains(&object_id(Kind::Blob, b"b")));
        // Its checksums agree, as whoever forges one makes them.
        let [pack, index] = packed(dir.path(), &[(b"a", b"a"), (b"b", b"evil")]);
        assert!(objects(&pack, &index).unwrap_err().to_string().contains("has not the id"));
    }

    #[test]
    fn an_index_of_another_pack_is_found_out() {
        let dir = tempfile::tempdir().unwrap();
        let [pack, index] = packed(dir.path(), &[(b"a", b"a"), (b"b", b"b")]);
        let other = fs::read(&index).unwrap();
        packed(dir.path(), &[(b"b", b"b"), (b"a", b"a")]);
        fs::write(&index, other).unwrap();
        assert!(objects(&pack, &index).is_err());
    }

    #[test]
    fn links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let [pack, index] = packed(dir.path(), &[(b"a", b"a")]);
        fs::rename(&pack, dir.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", &pack).unwrap();
        assert!(objects(&pack, &index).is_err());
    }

    proptest! {
        /// One wrong byte anywhere is found, and whatever the bytes say, nothing panics.
        #[test]
        fn damage_is_found(which in 0..2_usize, at in any::<prop::sample::Index>(), with in 1..=255_u8) {
            let dir = tempfile::tempdir().unwrap();
            let files = packed(dir.path(), &[(b"a", b"a"), (b"bb", b"bb"), (&[1; 100], &[1; 100])]);
            let mut bytes = fs::read(&files[which]).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= with;
            fs::write(&files[which], bytes).unwrap();
            prop_assert!(objects(&files[0], &files[1]).is_err());
        }
    }
}
