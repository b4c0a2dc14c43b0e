// SPDX-License-Identifier: GPL-2.0-only

//! Files with conflict markers, read by the rules of git's rerere.
//!
//! A marker is a line of exactly `size` equal characters that white space follows; a space must follow `<` and
//! `>`. Outside of a conflict only `<` begins something, so that a heading underlined with `=` is text there.
//! Inside, a marker that is out of order makes the whole file unreadable: what looks like a marker may be text.
//! Longer markers, which git writes for the conflicts of a recursive merge base, are text.

use std::collections::BTreeSet;

use crate::error::{Class, Explain};

/// The length of a marker in the merges that are made here: no attribute asks for another.
pub const MARKER_SIZE: usize = 7;
/// How deeply conflicts may lie in each other.
const DEEPEST: usize = 64;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// Whole lines without a conflict; only the file's last one may lack its newline.
    Text(&'a [u8]),
    /// A conflict.
    Hunk(Hunk<'a>),
}

/// A conflict between two sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// Between `<<<<<<<` and the next marker.
    pub ours: Vec<Segment<'a>>,
    /// Between `|||||||` and `=======`, where the style shows the merge base.
    pub base: Option<Vec<Segment<'a>>>,
    /// Between `=======` and `>>>>>>>`.
    pub theirs: Vec<Segment<'a>>,
    /// What stands behind the first marker.
    pub ours_label: &'a [u8],
    /// What stands behind the last marker.
    pub theirs_label: &'a [u8],
}

/// The markers of a file are not in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// A marker where none may be.
    #[error("line {line} has a conflict marker `{marker}` that is out of order")]
    OutOfOrder {
        /// The line, from 1.
        line: usize,
        /// The marker's character.
        marker: char,
    },
    /// The file ends inside a conflict.
    #[error("the conflict that begins in line {line} has no end")]
    NoEnd {
        /// The line, from 1.
        line: usize,
    },
    /// Conflicts inside conflicts inside conflicts.
    #[error("line {line} begins a conflict inside of {DEEPEST} others")]
    TooDeep {
        /// The line, from 1.
        line: usize,
    },
}

impl Explain for MarkerError {
    fn hint(&self) -> Option<String> {
        Some("the file's text may look like markers itself; resolve the conflict and remove its markers".into())
    }

    fn class(&self) -> Class {
        Class::Conflict
    }
}

/// Cuts a file into text and conflicts.
pub fn parse(text: &[u8], size: usize) -> Result<Vec<Segment<'_>>, MarkerError> {
    let mut lines = Lines { text, at: 0, number: 0, size };
    let mut segments = Vec::new();
    while let Some(line) = lines.next() {
        match line.marker {
            Some('<') => segments.push(Segment::Hunk(hunk(&mut lines, line.label, 0)?)),
            _ => push(&mut segments, text, &line),
        }
    }
    Ok(segments)
}

/// Whether a file has a conflict, or a marker that is out of order.
pub fn is_marked(text: &[u8], size: usize) -> bool {
    parse(text, size).map_or(true, |segments| segments.iter().any(|s| matches!(s, Segment::Hunk(_))))
}

/// Whether a file that was to be settled still has a conflict: with markers as the merge made them, or with longer ones,
/// as a merge of merge bases leaves them, and other tools under their settings. Text that a side had before is text.
pub fn is_unsettled<'a>(text: &[u8], sides: impl Iterator<Item = &'a [u8]> + Clone) -> bool {
    let begins = text.split(|byte| *byte == b'\n').map(|line| line.iter().take_while(|byte| **byte == b'<').count());
    let longer: BTreeSet<usize> = begins.filter(|length| *length > MARKER_SIZE).collect();
    let is_in_order = |text: &[u8], size| parse(text, size).is_ok() && is_marked(text, size);
    let is_new = |size| is_in_order(text, size) && !sides.clone().any(|side| is_in_order(side, size));
    is_marked(text, MARKER_SIZE) || longer.into_iter().any(is_new)
}

/// A line with its newline.
struct Line<'a> {
    start: usize,
    end: usize,
    marker: Option<char>,
    /// What follows the marker.
    label: &'a [u8],
}

struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    number: usize,
    size: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |newline| newline + 1);
        let (start, end) = (self.at, self.at + length);
        self.at = end;
        self.number += 1;
        let line = &rest[..length];
        let marker = marker(line, self.size);
        let label = line.get(self.size + 1..).filter(|_| marker.is_some()).unwrap_or_default();
        Some(Line { start, end, marker, label: label.trim_ascii_end() })
    }
}

/// The character of a marker, if the line is one.
fn marker(line: &[u8], size: usize) -> Option<char> {
    let &first = line.first()?;
    if !b"<|=>".contains(&first) || line.len() <= size || line[..size].iter().any(|&b| b != first) {
        return None;
    }
    let ends = match line[size] {
        b' ' => true,
        b'\t' | b'\n' | b'\r' => first == b'|' || first == b'=',
        _ => false,
    };
    ends.then_some(first as char)
}

/// Adds a line to the text that a list of segments ends in.
fn push<'a>(segments: &mut Vec<Segment<'a>>, text: &'a [u8], line: &Line<'_>) {
    if let Some(Segment::Text(last)) = segments.last_mut() {
        // The lines of a text follow each other: a marker between two begins another list, or a conflict.
        *last = &text[line.start - last.len()..line.end];
    } else {
        segments.push(Segment::Text(&text[line.start..line.end]));
    }
}

/// Which part of a conflict a line is in.
#[derive(PartialEq)]
enum Part {
    Ours,
    Base,
    Theirs,
}

/// Reads a conflict whose first marker was read.
fn hunk<'a>(lines: &mut Lines<'a>, label: &'a [u8], depth: usize) -> Result<Hunk<'a>, MarkerError> {
    let begin = lines.number;
    if depth == DEEPEST {
        return Err(MarkerError::TooDeep { line: begin });
    }
    let mut hunk = Hunk { ours_label: label, ..Hunk::default() };
    let mut part = Part::Ours;
    while let Some(line) = lines.next() {
        let segments = match part {
            Part::Ours => &mut hunk.ours,
            Part::Base => hunk.base.get_or_insert_default(),
            Part::Theirs => &mut hunk.theirs,
        };
        match line.marker {
            Some('<') => segments.push(Segment::Hunk(self::hunk(lines, line.label, depth + 1)?)),
            Some('|') if part == Part::Ours => {
                part = Part::Base;
                hunk.base = Some(Vec::new());
            }
            Some('=') if part != Part::Theirs => part = Part::Theirs,
            Some('>') if part == Part::Theirs => return Ok(Hunk { theirs_label: line.label, ..hunk }),
            Some(marker) => return Err(MarkerError::OutOfOrder { line: lines.number, marker }),
            None => push(segments, lines.text, &line),
        }
    }
    Err(MarkerError::NoEnd { line: begin })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(segment: &Segment<'_>) -> String {
        match segment {
            Segment::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Segment::Hunk(hunk) => {
                let all = |segments: &[Segment<'_>]| segments.iter().map(text).collect::<String>();
                let base = hunk.base.as_ref().map_or("-".into(), |base| format!("{:?}", all(base)));
                format!("[{:?} {base} {:?}]", all(&hunk.ours), all(&hunk.theirs))
            }
        }
    }

    fn read(text_: &str) -> Result<String, MarkerError> {
        Ok(parse(text_.as_bytes(), MARKER_SIZE)?.iter().map(text).collect())
    }

    #[test]
    fn styles() {
        let merge = "a\n<<<<<<< ours\nb\nc\n=======\n>>>>>>> theirs\nd";
        assert_eq!(read(merge).unwrap(), "a\n[\"b\\nc\\n\" - \"\"]d");
        let diff3 = "<<<<<<< ours\nb\n||||||| base\nx\n=======\nc\n>>>>>>> theirs";
        assert_eq!(read(diff3).unwrap(), r#"["b\n" "x\n" "c\n"]"#);
        assert_eq!(read("<<<<<<< o\r\nb\r\n=======\r\nc\r\n>>>>>>> t\r\n").unwrap(), r#"["b\r\n" - "c\r\n"]"#);
        let hunks = parse(diff3.as_bytes(), MARKER_SIZE).unwrap();
        assert!(matches!(&hunks[0], Segment::Hunk(h) if h.ours_label == b"ours" && h.theirs_label == b"theirs"));
    }

    #[test]
    fn conflicts_in_conflicts() {
        let same = "<<<<<<< o\n<<<<<<< p\n1\n=======\n2\n>>>>>>> q\n=======\n3\n>>>>>>> t\n";
        assert_eq!(read(same).unwrap(), r#"["[\"1\\n\" - \"2\\n\"]" - "3\n"]"#);
        let longer = "<<<<<<< o\n||||||| b\n<<<<<<<<< o\n1\n=========\n2\n>>>>>>>>> t\n=======\n3\n>>>>>>> t\n";
        assert_eq!(read(longer).unwrap(), r#"["" "<<<<<<<<< o\n1\n=========\n2\n>>>>>>>>> t\n" "3\n"]"#);
        let deep = "<<<<<<< x\n".repeat(100_000);
        assert_eq!(read(&deep), Err(MarkerError::TooDeep { line: 65 }));
    }

    #[test]
    fn text_that_looks_like_markers() {
        for plain in
            ["Heading\n=======\n", ">>>>>>> x\n", "<<<<<<<\n", "<<<<<<<x\n", "<<<<<<<< a\n", "<<<<<<", "\n", ""]
        {
            assert_eq!(read(plain).unwrap(), plain);
        }
        let heading = "<<<<<<< a\nTitles\n=======\n=======\nb\n>>>>>>> c\n";
        assert_eq!(read(heading), Err(MarkerError::OutOfOrder { line: 4, marker: '=' }));
        // A line of `=` that ends the file without a newline ends no side.
        assert_eq!(read("<<<<<<< a\n======="), Err(MarkerError::NoEnd { line: 1 }));
        assert!(is_marked(b"<<<<<<< a\n", MARKER_SIZE) && !is_marked(b"a\n=======\n", MARKER_SIZE));
    }

    #[test]
    fn markers_of_other_sizes_are_conflicts_too() {
        let with = |size: usize| {
            let line = |c: &str| c.repeat(size);
            format!("a\n{} o\nb\n{}\nc\n{} t\n", line("<"), line("="), line(">")).into_bytes()
        };
        let none = || std::iter::empty::<&[u8]>();
        for size in [7, 8, 9, 32] {
            assert!(is_unsettled(&with(size), none()), "{size}");
        }
        assert!(!is_unsettled(b"a\nb\n", none()) && !is_unsettled(&with(6), none()));
        // A text about conflicts: one side had it before.
        assert!(!is_unsettled(&with(9), [with(9).as_slice()].into_iter()));
        assert!(!is_unsettled(b"<<<<<<<<< a list\nof\n", none()));
    }

    /// The bytes of segments, with markers.
    fn print(segments: &[Segment<'_>], out: &mut Vec<u8>) {
        for segment in segments {
            match segment {
                Segment::Text(text) => out.extend(*text),
                Segment::Hunk(hunk) => {
                    let marker = |c: u8, out: &mut Vec<u8>| out.extend([[c; 7].as_slice(), b" x\n"].concat());
                    marker(b'<', out);
                    print(&hunk.ours, out);
                    if let Some(base) = &hunk.base {
                        marker(b'|', out);
                        print(base, out);
                    }
                    marker(b'=', out);
                    print(&hunk.theirs, out);
                    marker(b'>', out);
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>, size in 1..9usize) {
            let _ = parse(&bytes, size);
        }

        #[test]
        fn what_is_read_is_all_of_it(parts in proptest::collection::vec(0..9usize, 0..40)) {
            const LINES: [&str; 9] = ["<<<<<<< x\n", "||||||| x\n", "======= x\n", ">>>>>>> x\n", "a\n", "b\n", "\n",
                "<<<<<<<<< x\n", "=======y\n"];
            let text: String = parts.iter().map(|&part| LINES[part]).collect();
            if let Ok(segments) = parse(text.as_bytes(), MARKER_SIZE) {
                let mut out = Vec::new();
                print(&segments, &mut out);
                proptest::prop_assert_eq!(out, text.as_bytes());
            }
        }
    }
}
