// SPDX-License-Identifier: GPL-2.0-only

//! Anchored edits: pure functions from a file's content to its new content.

use std::ops::Range;

/// What an edit does at its anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Inserts lines after it.
    After,
    /// Inserts lines before it.
    Before,
    /// Puts lines in its place.
    Replace,
}

/// A change of whole lines at an anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// One or more whole lines, without the last newline.
    pub anchor: String,
    /// What to do there.
    pub action: Action,
    /// The lines to put there.
    pub text: String,
}

/// The anchor is not in the file exactly once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorError {
    /// It is not there. A line that differs only in white space, if there is one.
    Missing(Option<usize>),
    /// It is there more than once: the lines where it begins.
    Ambiguous(Vec<usize>),
}

impl AnchorError {
    /// What is wrong, and what to do about it.
    pub fn explain(&self, file: &str) -> (String, String) {
        match self {
            AnchorError::Missing(None) => (
                format!("the anchor is not in {file}"),
                "anchors are whole lines; the base may have changed: choose a line that it has".into(),
            ),
            AnchorError::Missing(Some(line)) => (
                format!("the anchor is not in {file}"),
                format!("line {line} differs only in white space: copy it exactly"),
            ),
            AnchorError::Ambiguous(lines) => {
                let lines = lines.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
                let hint = "choose another line, or add a neighbouring line to the anchor";
                (format!("the anchor is in {file} more than once (lines {lines})"), hint.into())
            }
        }
    }
}

/// The lines of a file, with their newlines.
pub(super) fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|&b| b == b'\n').collect()
}

/// Where consecutive lines begin, compared without their newlines.
pub(super) fn find(lines: &[&[u8]], wanted: &[&[u8]]) -> Vec<usize> {
    fn bare(line: &[u8]) -> &[u8] {
        line.strip_suffix(b"\n").unwrap_or(line)
    }
    let windows = lines.windows(wanted.len()).enumerate();
    let equal = |window: &[&[u8]]| window.iter().zip(wanted).all(|(line, want)| bare(line) == bare(want));
    windows.filter(|(_, window)| equal(window)).map(|(start, _)| start).collect()
}

/// The lines that an edit takes out; where it only inserts, an empty range at the place.
pub(super) fn place(lines: &[&[u8]], edit: &Edit) -> Result<Range<usize>, AnchorError> {
    let anchor: Vec<&[u8]> = edit.anchor.as_bytes().split(|&b| b == b'\n').collect();
    let starts = find(lines, &anchor);
    let start = match starts.as_slice() {
        [] => return Err(AnchorError::Missing(similar(lines, anchor[0]))),
        [start] => *start,
        _ => return Err(AnchorError::Ambiguous(starts.iter().map(|start| start + 1).collect())),
    };
    let end = start + anchor.len();
    Ok(match edit.action {
        Action::After => end..end,
        Action::Before => start..start,
        Action::Replace => start..end,
    })
}

/// Applies an edit. Lines are counted from 1.
pub fn apply(content: &[u8], edit: &Edit) -> Result<Vec<u8>, AnchorError> {
    let lines = lines(content);
    let Range { start: keep, end: resume } = place(&lines, edit)?;
    let mut new = lines[..keep].concat();
    if !new.is_empty() && !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    new.extend(edit.text.as_bytes());
    new.extend(lines[resume..].concat());
    Ok(new)
}

fn similar(lines: &[&[u8]], anchor: &[u8]) -> Option<usize> {
    let squeeze = |line: &[u8]| line.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<_>>();
    let want = squeeze(anchor);
    lines.iter().position(|line| squeeze(line) == want).map(|line| line + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edit(action: Action, anchor: &str, text: &str) -> Edit {
        Edit { anchor: anchor.into(), action, text: text.into() }
    }

    #[test]
    fn actions() {
        let file = b"a\nb\nc\n";
        let run = |action, anchor, text| String::from_utf8(apply(file, &edit(action, anchor, text)).unwrap()).unwrap();
        assert_eq!(run(Action::After, "b", "x\n"), "a\nb\nx\nc\n");
        assert_eq!(run(Action::Before, "a", "x\n"), "x\na\nb\nc\n");
        assert_eq!(run(Action::Replace, "b\nc", "x\n"), "a\nx\n");
        assert_eq!(run(Action::Replace, "a", ""), "b\nc\n");
    }

    #[test]
    fn a_last_line_without_newline_gets_one() {
        assert_eq!(apply(b"a", &edit(Action::After, "a", "b\n")).unwrap(), b"a\nb\n");
    }

    #[test]
    fn anchors_are_whole_lines_found_once() {
        let file = b"\tif x\nendif\nendif\n";
        assert_eq!(apply(file, &edit(Action::After, "if x", "y\n")), Err(AnchorError::Missing(Some(1))));
        assert_eq!(apply(file, &edit(Action::After, "end", "y\n")), Err(AnchorError::Missing(None)));
        assert_eq!(apply(file, &edit(Action::After, "endif", "y\n")), Err(AnchorError::Ambiguous(vec![2, 3])));
    }

    proptest! {
        #[test]
        fn an_insertion_only_adds_its_lines(lines in prop::collection::vec("[a-z]{0,3}", 1..20), at in any::<prop::sample::Index>()) {
            let anchor = format!("#{}", at.index(lines.len()));
            let mut lines = lines;
            lines.insert(at.index(lines.len()), anchor.clone());
            let file = lines.join("\n") + "\n";
            for action in [Action::After, Action::Before] {
                let new = String::from_utf8(apply(file.as_bytes(), &edit(action, &anchor, "NEW\n")).unwrap()).unwrap();
                prop_assert_eq!(new.replacen("NEW\n", "", 1), file.clone());
                let place = new.lines().position(|line| line == "NEW").unwrap();
                let beside = if action == Action::After { place - 1 } else { place + 1 };
                prop_assert_eq!(new.lines().nth(beside).unwrap(), anchor.as_str());
            }
        }
    }
}
