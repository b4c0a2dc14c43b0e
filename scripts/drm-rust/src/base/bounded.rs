// SPDX-License-Identifier: GPL-2.0-only

//! Decompression that ends: what unpacks to far more than a kernel is refused before it fills memory or disk.

use std::fmt;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use liblzma::stream::MtStreamBuilder;

/// No kernel comes near this size, packed or unpacked (bytes).
pub const LARGEST_ARCHIVE: u64 = 4 << 30;
/// How much larger than it is an archive may unpack to: source code compresses to a tenth.
const RATIO: u64 = 64;
/// What any archive may unpack to, however small it is (bytes).
const FLOOR: u64 = 64 << 20;
/// The memory that xz may take (bytes): several blocks at once, or the dictionary of one.
const XZ_MEMORY: u64 = 1 << 29;

/// An archive that is made to fill memory or disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bomb(pub(super) &'static str);

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Bomb {}

impl From<Bomb> for io::Error {
    fn from(bomb: Bomb) -> Self {
        io::Error::other(bomb)
    }
}

/// Counts what was read.
struct Counted<R> {
    reader: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Gives no more than what was read may unpack to.
struct Bounded<R> {
    reader: R,
    taken: Arc<AtomicU64>,
    given: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.given += n as u64;
        if self.given > LARGEST_ARCHIVE {
            return Err(Bomb("is larger than any kernel").into());
        }
        if self.given > FLOOR + RATIO * self.taken.load(Ordering::Relaxed) {
            return Err(Bomb("unpacks to far more than source code does").into());
        }
        Ok(n)
    }
}

/// Adds the decompression that the first bytes ask for.
pub(super) fn decompress<'a>(reader: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let taken = Arc::new(AtomicU64::new(0));
    let mut reader = Counted { reader, bytes: Arc::clone(&taken) };
    let mut magic = [0; 6];
    let n = read_up_to(&mut reader, &mut magic)?;
    let reader = io::Cursor::new(magic[..n].to_vec()).chain(reader);
    Ok(match &magic {
        b"\xfd7zXZ\0" => {
            let stream = MtStreamBuilder::new()
                .threads(rayon::current_num_threads() as u32)
                .memlimit_threading(XZ_MEMORY)
                .memlimit_stop(XZ_MEMORY)
                .decoder()
                .map_err(io::Error::from)?;
            let reader = liblzma::read::XzDecoder::new_stream(reader, stream);
            Box::new(BufReader::with_capacity(1 << 18, Bounded { reader, taken, given: 0 }))
        }
        [0x1f, 0x8b, ..] => Box::new(Bounded { reader: flate2::read::MultiGzDecoder::new(reader), taken, given: 0 }),
        _ => Box::new(Bounded { reader, taken, given: 0 }),
    })
}

/// Reads until the buffer is full or the reader ends; gives how much that was.
pub(super) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match reader.read(&mut buffer[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}
