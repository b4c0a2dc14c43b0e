// SPDX-License-Identifier: GPL-2.0-only

//! Git's rerere: conflicts by their ids, and resolutions that are replayed where a conflict comes back.
//!
//! A conflict's id is the SHA-1 of the two sides of each of its hunks, the smaller side first, each with a NUL at
//! its end. The preimage is the whole file with plain markers and the sides in that order; the postimage is the file
//! as it was resolved. Replaying merges the change from preimage to postimage into the file at hand. What follows
//! here was compared with the installed git on generated files: `tests/resolve`.

use std::fmt;
use std::str::FromStr;

use sha1::{Digest, Sha1};

use super::StoreError;
use super::conflict::{self, Hunk, MarkerError, Segment};
use crate::git::Oid;
use crate::git::names::NameError;
use crate::merge::threeway::{self, Algorithm};

/// The id of a conflict: its folder's name in an rr-cache.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConflictId(Oid);

impl ConflictId {
    /// The SHA-1 of these words, each with a NUL at its end.
    pub(super) fn of(words: &[impl AsRef<[u8]>]) -> Self {
        let mut hash = Sha1::new();
        for word in words {
            hash.update(word);
            hash.update([0]);
        }
        ConflictId(Oid::from_bytes(hash.finalize().into()))
    }
}

impl fmt::Display for ConflictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ConflictId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // Git names its folders in lower case.
        let id: Oid = text.parse()?;
        if id.to_string() == text { Ok(ConflictId(id)) } else { Err(NameError::Oid(text.to_owned())) }
    }
}

/// A file with conflicts as rerere sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The id of its conflicts.
    pub id: ConflictId,
    /// The file with its conflicts in their normal form.
    pub text: Vec<u8>,
}

/// A resolution: a file before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// With conflicts in their normal form.
    pub preimage: Vec<u8>,
    /// Without.
    pub postimage: Vec<u8>,
}

/// Reads a file with conflict markers; none where it has no conflict.
pub fn image(text: &[u8], size: usize) -> Result<Option<Image>, MarkerError> {
    let segments = conflict::parse(text, size)?;
    let mut image = Vec::with_capacity(text.len());
    let mut found = Vec::new();
    for segment in &segments {
        match segment {
            Segment::Text(text) => append_text(text, &mut image),
            Segment::Hunk(hunk) => {
                let (one, two) = sides(hunk, size);
                append_hunk(&one, &two, size, &mut image);
                found.extend([one, two]);
            }
        }
    }
    Ok((!found.is_empty()).then(|| Image { id: ConflictId::of(&found), text: image }))
}

/// Adds lines as rerere writes them outside of a conflict: up to a NUL, if they have one.
fn append_text(text: &[u8], out: &mut Vec<u8>) {
    if !text.contains(&0) {
        return out.extend(text);
    }
    for line in text.split_inclusive(|&b| b == b'\n') {
        out.extend(line.split(|&b| b == 0).next().unwrap_or_default());
    }
}

/// The two sides of a conflict in their order, with the conflicts inside of them in their normal form.
fn sides(hunk: &Hunk<'_>, size: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut one, mut two) = (Vec::new(), Vec::new());
    append_side(&hunk.ours, size, &mut one);
    // The merge base is left out, but for conflicts inside of it: rerere counts them to the second side.
    let inner = hunk.base.iter().flatten().filter(|segment| matches!(segment, Segment::Hunk(_)));
    inner.chain(&hunk.theirs).for_each(|segment| append_side(std::slice::from_ref(segment), size, &mut two));
    if one > two { (two, one) } else { (one, two) }
}

fn append_side(segments: &[Segment<'_>], size: usize, out: &mut Vec<u8>) {
    for segment in segments {
        match segment {
            Segment::Text(text) => out.extend(*text),
            Segment::Hunk(hunk) => {
                let (one, two) = sides(hunk, size);
                append_hunk(&one, &two, size, out);
            }
        }
    }
}

fn append_hunk(one: &[u8], two: &[u8], size: usize, out: &mut Vec<u8>) {
    for (marker, side) in [(b'<', one), (b'=', two), (b'>', &[])] {
        out.resize(out.len() + size, marker);
        out.push(b'\n');
        out.extend(side);
    }
}

/// Resolves a file like one that was resolved before; none where the resolution does not fit.
pub fn replay(image: &Image, pair: &Pair) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(threeway::merge(&pair.preimage, &image.text, &pair.postimage, Algorithm::Myers)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::conflict::MARKER_SIZE;

    fn normal(text: &str) -> String {
        String::from_utf8(image(text.as_bytes(), MARKER_SIZE).unwrap().unwrap().text).unwrap()
    }

    #[test]
    fn the_sides_are_sorted() {
        let one = "a\n<<<<<<< x\n2\n=======\n1\n>>>>>>> y\nb\n";
        let two = "c\n<<<<<<< y\n1\n||||||| z\n3\n=======\n2\n>>>>>>> x\nd\n";
        assert_eq!(normal(one), "a\n<<<<<<<\n1\n=======\n2\n>>>>>>>\nb\n");
        let id = |text: &str| image(text.as_bytes(), MARKER_SIZE).unwrap().unwrap().id.to_string();
        assert_eq!(id(one), id(two));
        // SHA-1 of "1\n\0" "2\n\0".
        assert_eq!(id(one), "926133105e31f617cc54391d3e20dbea186fdfea");
        assert_eq!(image(b"a\n", MARKER_SIZE).unwrap(), None);
    }

    #[test]
    fn a_resolution_fits_where_the_surroundings_changed() {
        let conflict = "<<<<<<< x\n2\n=======\n1\n>>>>>>> y\n";
        let file = |top: &str| format!("{top}\n1\n2\n3\n4\n{conflict}b\n");
        let image_of = |text: &str| image(text.as_bytes(), MARKER_SIZE).unwrap().unwrap();
        let preimage = image_of(&file("a")).text;
        let pair = Pair { preimage, postimage: b"a\n1\n2\n3\n4\nboth\nb\n".to_vec() };
        let replayed =
            |top| replay(&image_of(&file(top)), &pair).unwrap().map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(replayed("a").unwrap(), "a\n1\n2\n3\n4\nboth\nb\n");
        assert_eq!(replayed("new").unwrap(), "new\n1\n2\n3\n4\nboth\nb\n");
        let other = Pair { preimage: b"x\n<<<<<<<\n".to_vec(), postimage: b"y\n".to_vec() };
        assert_eq!(replay(&image_of(&file("a")), &other).unwrap(), None);
    }
}
