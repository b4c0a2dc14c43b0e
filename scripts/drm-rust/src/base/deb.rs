// SPDX-License-Identifier: GPL-2.0-only

//! Debian packages: `ar` archives whose `data.tar` holds the files.
//!
//! Format: deb(5). Libraries take as much memory as the headers of a package claim; here nothing is kept.

use std::io::{self, Read};

use super::bounded::read_up_to;

/// How a package begins.
pub(super) const MAGIC: &[u8; 8] = b"!<arch>\n";

/// Skips to the files of a package, whose magic was read already; none where it has no files.
pub(super) fn data<R: Read>(mut file: R) -> io::Result<Option<io::Take<R>>> {
    loop {
        let mut header = [0; 60];
        match read_up_to(&mut file, &mut header)? {
            0 => return Ok(None),
            60 if header.ends_with(b"`\n") => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        let text = std::str::from_utf8(&header[48..58]).ok().map(str::trim_ascii_end);
        let size: u64 = text.and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        if header.starts_with(b"data.tar") {
            return Ok(Some(file.take(size)));
        }
        // Members begin at even places.
        let padded = size.next_multiple_of(2);
        if io::copy(&mut (&mut file).take(padded), &mut io::sink())? < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, size: &str, data: &str) -> String {
        format!("{name:16}{:12}{:6}{:6}{:8}{size:10}`\n{data}", 0, 0, 0, 644)
    }

    fn data_of(package: &str) -> io::Result<Option<String>> {
        let Some(mut data) = data(package.as_bytes())? else { return Ok(None) };
        let mut text = String::new();
        data.read_to_string(&mut text)?;
        Ok(Some(text))
    }

    #[test]
    fn the_files_are_behind_odd_and_even_members() {
        let head = member("debian-binary", "3", "2.0\n") + &member("control.tar.xz/", "2", "ab");
        assert_eq!(data_of(&(head.clone() + &member("data.tar", "4", "data..."))).unwrap().unwrap(), "data");
        assert_eq!(data_of(&head).unwrap(), None);
    }

    #[test]
    fn what_a_header_claims_takes_no_memory() {
        for size in ["9999999999", "x", "-1", "", "3"] {
            assert!(data_of(&member("//", size, "a")).is_err(), "{size}");
        }
        assert!(data_of("no header at all, but as long as one is: sixty bytes or so.").is_err());
    }
}
