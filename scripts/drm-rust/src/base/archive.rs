// SPDX-License-Identifier: GPL-2.0-only

//! Reads a kernel archive as a stream and believes nothing it says.
//!
//! Accepted: `.deb` packages that hold one source tarball, and tarballs, each plain or compressed with xz or
//! gzip. Everything in a tarball must be below one folder.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use tar::{EntryType, PaxExtensions};

pub use super::bounded::LARGEST_ARCHIVE;
use super::bounded::{Bomb, decompress, read_up_to};
use super::deb;
use super::names::{Seen, check_link};
use crate::error::{Explain, FileContext, FileError};
use crate::git::treeobj::Mode;

/// The unit of a tarball (bytes).
const BLOCK: u64 = 512;
/// No kernel file comes near this size (bytes).
const LARGEST_FILE: u64 = 64 << 20;
/// Nor a header that goes before an entry, with a name that is too long for the entry's own (bytes).
const LARGEST_HEADER: u64 = 64 << 10;

/// The archive was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file could not be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// It ends too early, or its compression is damaged.
    #[error("the archive is truncated or corrupted")]
    Damaged(#[source] io::Error),
    /// It would fill memory or disk.
    #[error("the archive is hostile or not a kernel source: it {0}")]
    Bomb(&'static str),
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
            ArchiveError::Bomb(_) | ArchiveError::Refused { .. } => {
                "nothing of it was kept; compare its SHA-256 with the release's signed list".into()
            }
        })
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Bomb>()) {
            Some(bomb) => ArchiveError::Bomb(bomb.0),
            None => ArchiveError::Damaged(error),
        }
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

/// Reads an archive; `each` receives its members in their order. Gives the date of the newest one, as seconds since
/// 1970.
pub fn read(path: &Path, mut each: impl FnMut(Member) -> io::Result<()>) -> Result<i64, ArchiveError> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).at("open", path)?);
    let mut magic = [0; 8];
    let n = read_up_to(&mut file, &mut magic)?;
    if magic == *deb::MAGIC {
        return read_deb(file, &mut each);
    }
    let whole = io::Cursor::new(magic[..n].to_vec()).chain(file);
    read_tar(decompress(whole)?, &mut each)
}

/// A Debian package that holds the tarball.
fn read_deb(file: impl Read, each: &mut impl FnMut(Member) -> io::Result<()>) -> Result<i64, ArchiveError> {
    let Some(data) = deb::data(file)? else { return Err(ArchiveError::Empty) };
    let mut data = tar::Archive::new(decompress(data)?);
    for entry in data.entries()?.raw(true) {
        let entry = entry?;
        let name = entry.path_bytes().into_owned();
        let is_source = name.starts_with(b"./usr/src/linux-source-") && name.windows(5).any(|w| w == b".tar.");
        if is_source && entry.header().entry_type() == EntryType::Regular {
            return read_tar(decompress(entry)?, each);
        }
    }
    Err(ArchiveError::Empty)
}

fn read_tar(reader: impl Read, each: &mut impl FnMut(Member) -> io::Result<()>) -> Result<i64, ArchiveError> {
    let mut archive = tar::Archive::new(Counted { reader, bytes: 0 });
    let mut seen = Seen::default();
    let mut ahead = Ahead::default();
    let (mut end, mut newest) = (0, 0);
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        end = entry.raw_file_position() + entry.size().next_multiple_of(BLOCK);
        if ahead.take(&mut entry)? {
            continue;
        }
        let ahead = std::mem::take(&mut ahead);
        if let Some(member) = member(&mut entry, ahead, &mut seen)? {
            newest = newest.max(date(&entry)?);
            each(member)?;
        }
    }
    if !ahead.is_empty() {
        return Err(ArchiveError::Damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    // What follows the last entry must be sound too: a damaged tail means a damaged archive, and one without
    // its two end blocks was cut off between two entries.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink())?;
    if rest.bytes < end + 2 * BLOCK {
        return Err(ArchiveError::Damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    if seen.files == 0 { Err(ArchiveError::Empty) } else { Ok(newest) }
}

fn refused(name: &[u8], reason: &'static str) -> ArchiveError {
    // A name of megabytes is as hostile as any.
    let shown = &name[..name.len().min(200)];
    ArchiveError::Refused { path: String::from_utf8_lossy(shown).escape_debug().to_string(), reason }
}

/// The file or link of an entry; none for a folder.
fn member(
    entry: &mut tar::Entry<'_, impl Read>,
    ahead: Ahead,
    seen: &mut Seen,
) -> Result<Option<Member>, ArchiveError> {
    let name = ahead.path.unwrap_or_else(|| entry.path_bytes().into_owned());
    let refuse = |reason| refused(&name, reason);
    let path = seen.below_top(&name).map_err(refuse)?;
    let mode = match entry.header().entry_type() {
        EntryType::Directory => {
            seen.add_directory(path).map_err(refuse)?;
            return Ok(None);
        }
        EntryType::Regular | EntryType::Continuous => match entry.header().mode() {
            Ok(mode) if mode & 0o100 != 0 => Mode::Executable,
            _ => Mode::File,
        },
        EntryType::Symlink => Mode::Symlink,
        EntryType::Link => return Err(refuse("is a hard link")),
        EntryType::Char | EntryType::Block => return Err(refuse("is a device node")),
        EntryType::Fifo => return Err(refuse("is a named pipe")),
        EntryType::GNUSparse => return Err(refuse("is a sparse file")),
        _ => return Err(refuse("is of a type that no source tree has")),
    };
    if entry.size() > LARGEST_FILE {
        return Err(refuse("is larger than any file of a kernel"));
    }
    if ahead.size.is_some_and(|size| size != entry.size()) {
        return Err(refuse("has two sizes"));
    }
    seen.add_file(path.clone(), mode).map_err(refuse)?;
    let data = if mode == Mode::Symlink {
        let target = ahead.link.or_else(|| entry.link_name_bytes().map(|target| target.into_owned()));
        let target = target.unwrap_or_default();
        check_link(&path, &target).map_err(refuse)?;
        target
    } else {
        whole(entry)?
    };
    Ok(Some(Member { path, mode, data }))
}

/// All that an entry has, which must be as much as it claims.
fn whole(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, ArchiveError> {
    // A claim alone takes no memory.
    let mut data = Vec::with_capacity(entry.size().min(1 << 20) as usize);
    entry.read_to_end(&mut data)?;
    if data.len() as u64 != entry.size() {
        return Err(ArchiveError::Damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(data)
}

/// The date of an entry; none is that of 1970.
fn date(entry: &tar::Entry<'_, impl Read>) -> Result<i64, ArchiveError> {
    let date = i64::try_from(entry.header().mtime().unwrap_or(0)).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_second(date) {
        Ok(_) => Ok(date),
        Err(_) => Err(refused(&entry.path_bytes(), "has a date that no calendar has")),
    }
}

/// What headers before an entry say of it.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Ahead {
    /// Takes such a header; false for any other entry.
    fn take(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<bool, ArchiveError> {
        let kind = entry.header().entry_type();
        if !matches!(
            kind,
            EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader
        ) {
            return Ok(false);
        }
        if entry.size() > LARGEST_HEADER {
            return Err(refused(&entry.path_bytes(), "is a longer header than any name needs"));
        }
        let mut data = whole(entry)?;
        let twice = || refused(b"a long name", "is given twice");
        match kind {
            EntryType::GNULongName | EntryType::GNULongLink => {
                if data.last() == Some(&0) {
                    data.pop();
                }
                let place = if kind == EntryType::GNULongName { &mut self.path } else { &mut self.link };
                if place.replace(data).is_some() {
                    return Err(twice());
                }
            }
            EntryType::XHeader => self.pax(&data)?,
            // `git archive` tells its commit so.
            _ => {}
        }
        Ok(true)
    }

    fn pax(&mut self, data: &[u8]) -> Result<(), ArchiveError> {
        for record in PaxExtensions::new(data) {
            let record = record?;
            let value = record.value_bytes();
            match record.key_bytes() {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    self.size = Some(size.ok_or_else(|| refused(value, "is no size"))?);
                }
                key if key.starts_with(b"GNU.sparse") => return Err(refused(key, "is of a sparse file")),
                _ => {}
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.path.is_none() && self.link.is_none() && self.size.is_none()
    }
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
