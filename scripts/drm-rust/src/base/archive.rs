// SPDX-License-Identifier: GPL-2.0-only

//! Reads a kernel archive as a stream and believes nothing it says.
//!
//! Accepted: `.deb` packages that hold one source tarball, and tarballs, each plain or compressed with xz or
//! gzip. Everything in a tarball must be below one folder.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use liblzma::stream::MtStreamBuilder;
use tar::EntryType;

use crate::error::{Explain, FileContext, FileError};
use crate::git::treeobj::Mode;

/// The unit of a tarball (bytes).
const BLOCK: u64 = 512;
/// No kernel file comes near this size (bytes).
const LARGEST_FILE: u64 = 256 << 20;
/// No kernel comes near this size (bytes).
const LARGEST_ARCHIVE: u64 = 16 << 30;

/// The archive was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file could not be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// It ends too early, or its compression is damaged.
    #[error("the archive is truncated or corrupted")]
    Damaged(#[source] io::Error),
    /// It has no source tarball in it.
    #[error("the archive holds no kernel source")]
    Empty,
    /// An entry that no source tree has.
    #[error("the archive is hostile or not a kernel source: `{path}` {reason}")]
    Refused {
        /// The entry's name, made printable.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Explain for ArchiveError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            ArchiveError::File(error) => return error.hint(),
            ArchiveError::Damaged(_) => "nothing of it was kept; fetch the archive again".into(),
            ArchiveError::Empty => "a base is a Linux release tarball, or Debian's linux-source package".into(),
            ArchiveError::Refused { .. } => {
                "nothing of it was kept; compare its SHA-256 with the release's signed list".into()
            }
        })
    }
}

/// A file or link of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path below the top folder.
    pub path: Vec<u8>,
    /// Its mode: file, executable or link.
    pub mode: Mode,
    /// Its content, or the target of the link.
    pub data: Vec<u8>,
}

/// Reads an archive; `each` receives its members in their order.
pub fn read(path: &Path, mut each: impl FnMut(Member) -> io::Result<()>) -> Result<(), ArchiveError> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).at("open", path)?);
    let mut magic = [0; 8];
    let n = read_up_to(&mut file, &mut magic).map_err(ArchiveError::Damaged)?;
    let whole = io::Cursor::new(magic[..n].to_vec()).chain(file);
    if magic == *b"!<arch>\n" {
        return read_deb(whole, &mut each);
    }
    read_tar(decompress(whole).map_err(ArchiveError::Damaged)?, &mut each)
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match reader.read(&mut buffer[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}

/// Adds the decompression that the first bytes ask for.
fn decompress<'a>(mut reader: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut magic = [0; 6];
    let n = read_up_to(&mut reader, &mut magic)?;
    let reader = io::Cursor::new(magic[..n].to_vec()).chain(reader);
    Ok(match &magic {
        b"\xfd7zXZ\0" => {
            let threads = rayon::current_num_threads() as u32;
            let memory = 1 << 29;
            let stream = MtStreamBuilder::new()
                .threads(threads)
                .memlimit_threading(memory)
                .memlimit_stop(1 << 30)
                .decoder()
                .map_err(io::Error::from)?;
            Box::new(BufReader::with_capacity(1 << 18, liblzma::read::XzDecoder::new_stream(reader, stream)))
        }
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(reader)),
        _ => Box::new(reader),
    })
}

/// A Debian package: an `ar` archive whose `data.tar` holds the tarball.
fn read_deb(file: impl Read, each: &mut impl FnMut(Member) -> io::Result<()>) -> Result<(), ArchiveError> {
    let mut package = ar::Archive::new(file);
    while let Some(part) = package.next_entry() {
        let part = part.map_err(ArchiveError::Damaged)?;
        if !part.header().identifier().starts_with(b"data.tar") {
            continue;
        }
        let mut data = tar::Archive::new(decompress(part).map_err(ArchiveError::Damaged)?);
        for entry in data.entries().map_err(ArchiveError::Damaged)? {
            let entry = entry.map_err(ArchiveError::Damaged)?;
            let name = entry.path_bytes().into_owned();
            let is_source = name.starts_with(b"./usr/src/linux-source-") && name.windows(5).any(|w| w == b".tar.");
            if is_source && entry.header().entry_type() == EntryType::Regular {
                return read_tar(decompress(entry).map_err(ArchiveError::Damaged)?, each);
            }
        }
    }
    Err(ArchiveError::Empty)
}

fn read_tar(reader: impl Read, each: &mut impl FnMut(Member) -> io::Result<()>) -> Result<(), ArchiveError> {
    let mut archive = tar::Archive::new(Counted { reader, bytes: 0 });
    let mut seen = Seen::default();
    let mut total = 0;
    let mut end = 0;
    for entry in archive.entries().map_err(ArchiveError::Damaged)? {
        let mut entry = entry.map_err(ArchiveError::Damaged)?;
        let name = entry.path_bytes().into_owned();
        let refuse =
            |reason| ArchiveError::Refused { path: String::from_utf8_lossy(&name).escape_debug().to_string(), reason };
        end = entry.raw_file_position() + entry.size().next_multiple_of(BLOCK);
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::XGlobalHeader) {
            continue;
        }
        let path = seen.below_top(&name).map_err(refuse)?;
        let mode = match kind {
            EntryType::Directory => {
                seen.add_directory(path).map_err(refuse)?;
                continue;
            }
            EntryType::Regular | EntryType::Continuous => match entry.header().mode() {
                Ok(mode) if mode & 0o100 != 0 => Mode::Executable,
                _ => Mode::File,
            },
            EntryType::Symlink => Mode::Symlink,
            EntryType::Link => return Err(refuse("is a hard link")),
            EntryType::Char | EntryType::Block => return Err(refuse("is a device node")),
            EntryType::Fifo => return Err(refuse("is a named pipe")),
            _ => return Err(refuse("is of a type that no source tree has")),
        };
        total += entry.size();
        if entry.size() > LARGEST_FILE || total > LARGEST_ARCHIVE {
            return Err(refuse("makes the archive larger than any kernel"));
        }
        let mut data = Vec::with_capacity(entry.size() as usize);
        if mode == Mode::Symlink {
            data = entry.link_name_bytes().unwrap_or_default().into_owned();
            check_link(&path, &data).map_err(refuse)?;
        } else {
            entry.read_to_end(&mut data).map_err(ArchiveError::Damaged)?;
            if data.len() as u64 != entry.size() {
                return Err(ArchiveError::Damaged(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        seen.add_file(path.clone(), mode).map_err(refuse)?;
        each(Member { path, mode, data }).map_err(ArchiveError::Damaged)?;
    }
    // What follows the last entry must be sound too: a damaged tail means a damaged archive, and one without
    // its two end blocks was cut off between two entries.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(ArchiveError::Damaged)?;
    if rest.bytes < end + 2 * BLOCK {
        return Err(ArchiveError::Damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    if seen.files == 0 { Err(ArchiveError::Empty) } else { Ok(()) }
}

/// Counts what was read.
struct Counted<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.bytes += n as u64;
        Ok(n)
    }
}

/// What an archive has named so far.
#[derive(Default)]
struct Seen {
    top: Option<Vec<u8>>,
    paths: HashMap<Vec<u8>, Mode>,
    files: u64,
}

impl Seen {
    /// Checks a name and drops the archive's top folder from it.
    fn below_top(&mut self, name: &[u8]) -> Result<Vec<u8>, &'static str> {
        if name.starts_with(b"/") {
            return Err("is an absolute path");
        }
        if name.contains(&0) || name.is_empty() {
            return Err("has no proper name");
        }
        let name = name.strip_prefix(b"./").unwrap_or(name);
        let name = name.strip_suffix(b"/").unwrap_or(name);
        let parts: Vec<&[u8]> = name.split(|&b| b == b'/').collect();
        for part in &parts {
            match part.to_ascii_lowercase().as_slice() {
                b".." => return Err("leaves the tree"),
                b"" | b"." => return Err("has an empty part in its path"),
                b".git" => return Err("would change the repository itself"),
                _ => {}
            }
        }
        let top = self.top.get_or_insert_with(|| parts[0].to_vec());
        if top.as_slice() != parts[0] {
            return Err("is outside the archive's top folder");
        }
        Ok(parts[1..].join(&b'/'))
    }

    fn add_directory(&mut self, path: Vec<u8>) -> Result<(), &'static str> {
        if path.is_empty() {
            return Ok(());
        }
        self.add_parents(&path)?;
        match self.paths.insert(path, Mode::Tree) {
            None | Some(Mode::Tree) => Ok(()),
            Some(_) => Err("is in the archive twice"),
        }
    }

    fn add_file(&mut self, path: Vec<u8>, mode: Mode) -> Result<(), &'static str> {
        if path.is_empty() {
            return Err("is outside the archive's top folder");
        }
        self.add_parents(&path)?;
        self.files += 1;
        match self.paths.insert(path, mode) {
            None => Ok(()),
            Some(_) => Err("is in the archive twice"),
        }
    }

    fn add_parents(&mut self, path: &[u8]) -> Result<(), &'static str> {
        let slashes = path.iter().enumerate().filter(|(_, b)| **b == b'/');
        for (end, _) in slashes {
            match self.paths.get(&path[..end]) {
                None => drop(self.paths.insert(path[..end].to_vec(), Mode::Tree)),
                Some(Mode::Tree) => {}
                Some(Mode::Symlink) => return Err("is reached through a link"),
                Some(_) => return Err("is below something that is no folder"),
            }
        }
        Ok(())
    }
}

/// A link may point anywhere within the tree, whether or not the target exists.
fn check_link(path: &[u8], target: &[u8]) -> Result<(), &'static str> {
    if target.is_empty() || target.contains(&0) {
        return Err("is a link without a target");
    }
    if target.starts_with(b"/") {
        return Err("is a link to an absolute path");
    }
    let mut depth = path.iter().filter(|&&b| b == b'/').count();
    for part in target.split(|&b| b == b'/') {
        match part {
            b".." => depth = depth.checked_sub(1).ok_or("is a link that leaves the tree")?,
            b"" | b"." => {}
            _ => depth += 1,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        assert!(check_link(b"a/b/c", b"../../x").is_ok());
        assert!(check_link(b"a/b", b"../../x").is_err());
        assert!(check_link(b"a", b"b/../../x").is_err());
        assert!(check_link(b"a", b"/etc/passwd").is_err());
        assert!(check_link(b"a", b"").is_err());
    }

    #[test]
    fn names_stay_inside() {
        let mut seen = Seen::default();
        assert_eq!(seen.below_top(b"linux/Makefile").unwrap(), b"Makefile");
        assert_eq!(seen.below_top(b"./linux/a/b/").unwrap(), b"a/b");
        for bad in
            [&b"/linux/a"[..], b"linux/../a", b"other/a", b"linux//a", b"linux/.git/config", b"linux/.GIT/x", b""]
        {
            assert!(seen.below_top(bad).is_err());
        }
    }
}
