// SPDX-License-Identifier: GPL-2.0-only

//! Anchored edits: pure functions from a file's content to its new content, and back.

use std::ops::Range;

use super::rewrite::edit_text;

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

fn bare(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// Where consecutive lines begin, compared without their newlines.
pub(super) fn find(lines: &[&[u8]], wanted: &[&[u8]]) -> Vec<usize> {
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

/// An edit cannot be taken back: what it leaves is not in the file exactly once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoError {
    /// It leaves nothing that could be found.
    Nothing,
    /// It is not there. A line that differs only in white space, if there is one.
    Missing(Option<usize>),
    /// It is there more than once: each line where it begins, with the edit that would be told from the others.
    Ambiguous(Vec<(usize, Option<Edit>)>),
}

impl UndoError {
    /// What is wrong, and what to do about it.
    pub fn explain(&self, file: &str) -> (String, String) {
        match self {
            UndoError::Nothing => (
                format!("where the edit deletes lines of {file} cannot be told from what it leaves"),
                "add the line above or below to both `replace` and `with`".into(),
            ),
            UndoError::Missing(near) => {
                let near = near.map(|line| format!("; line {line} differs only in white space")).unwrap_or_default();
                (
                    format!("what the edit leaves is not in {file}{near}"),
                    "the overlay has the file as the last patch leaves it: where these lines change there, change the\n\
                     edit alike; or commit the change on the topic's branch in linux/, and absorb it"
                        .into(),
                )
            }
            UndoError::Ambiguous(places) => {
                let lines = places.iter().map(|(line, _)| line.to_string()).collect::<Vec<_>>().join(", ");
                let edits = places.iter().filter_map(|(line, edit)| Some((line, edit.as_ref()?)));
                let hints: Vec<String> =
                    edits.map(|(line, edit)| format!("for line {line}, write\n{}", edit_text(edit))).collect();
                let hint = match hints.is_empty() {
                    true => "add neighbouring lines to the anchor, and to what takes its place".into(),
                    false => hints.join("\n"),
                };
                (format!("what the edit leaves is in {file} more than once (lines {lines})"), hint)
            }
        }
    }
}

impl Edit {
    /// The lines that stand at the anchor after the edit.
    fn left(&self) -> Vec<u8> {
        let anchor = format!("{}\n", self.anchor);
        match self.action {
            Action::After => anchor + &self.text,
            Action::Before => self.text.clone() + &anchor,
            Action::Replace => self.text.clone(),
        }
        .into_bytes()
    }

    /// The same edit with neighbouring lines in its anchor.
    fn with_context(&self, above: &[&[u8]], below: &[&[u8]]) -> Edit {
        let text = |lines: &[&[u8]]| String::from_utf8_lossy(&lines.concat()).into_owned();
        let (above, below) = (text(above), text(below));
        let anchor = format!("{above}{}\n{below}", self.anchor);
        let anchor = anchor.strip_suffix('\n').unwrap_or(&anchor).to_owned();
        let (action, text) = match self.action {
            Action::After if below.is_empty() => (Action::After, self.text.clone()),
            Action::Before if above.is_empty() => (Action::Before, self.text.clone()),
            _ => (Action::Replace, above + &String::from_utf8_lossy(&self.left()) + &below),
        };
        Edit { anchor, action, text }
    }
}

/// Takes an edit back: gives the content that [`apply`] made this one of. Lines are counted from 1.
pub fn undo(content: &[u8], edit: &Edit) -> Result<Vec<u8>, UndoError> {
    let lines = lines(content);
    let left = edit.left();
    let left: Vec<&[u8]> = self::lines(&left);
    if left.is_empty() {
        return Err(UndoError::Nothing);
    }
    let starts = find(&lines, &left);
    let start = match starts.as_slice() {
        [] => return Err(UndoError::Missing(similar(&lines, left[0]))),
        [start] => *start,
        _ => {
            let place = |&start: &usize| (start + 1, told_apart(&lines, start, left.len(), edit));
            return Err(UndoError::Ambiguous(starts.iter().map(place).collect()));
        }
    };
    let mut old = lines[..start].concat();
    old.extend(edit.anchor.as_bytes());
    old.push(b'\n');
    old.extend(lines[start + left.len()..].concat());
    Ok(old)
}

/// More neighbouring lines than anybody wants in an anchor.
const MOST_CONTEXT: usize = 20;

/// The edit with as many neighbouring lines as make what it leaves unique.
fn told_apart(lines: &[&[u8]], start: usize, count: usize, edit: &Edit) -> Option<Edit> {
    let end = start + count;
    for context in 1..=MOST_CONTEXT {
        for below in 0..=context {
            let above = context - below;
            if above > start || end + below > lines.len() {
                continue;
            }
            if find(lines, &lines[start - above..end + below]).len() == 1 {
                return Some(edit.with_context(&lines[start - above..start], &lines[end..end + below]));
            }
        }
    }
    None
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

    #[test]
    fn what_an_edit_leaves_is_taken_back() {
        let run = |file: &str, action, anchor, text| {
            undo(file.as_bytes(), &edit(action, anchor, text)).map(|old| String::from_utf8(old).unwrap())
        };
        assert_eq!(run("a\nb\nx\nc\n", Action::After, "b", "x\n").unwrap(), "a\nb\nc\n");
        assert_eq!(run("x\na\nb\n", Action::Before, "a", "x\n").unwrap(), "a\nb\n");
        assert_eq!(run("a\nx\nc\n", Action::Replace, "b\nB", "x\n").unwrap(), "a\nb\nB\nc\n");
        assert_eq!(run("a\n", Action::Replace, "b", ""), Err(UndoError::Nothing));
        assert_eq!(run("a\n  x\n", Action::Replace, "b", "x\n"), Err(UndoError::Missing(Some(2))));
    }

    #[test]
    fn what_is_left_twice_is_told_with_the_edits_that_would_do() {
        let bad = edit(Action::After, "b", "end\n");
        let file = b"a\nb\nend\nc\nb\nend\n";
        let error = undo(file, &bad).unwrap_err();
        let (message, hint) = error.explain("f");
        assert_eq!(message, "what the edit leaves is in f more than once (lines 2, 5)");
        insta::assert_snapshot!(hint, @r#"
        for line 2, write
        after = """
        a
        b
        """
        insert = """
        end
        """
        for line 5, write
        after = """
        c
        b
        """
        insert = """
        end
        """
        "#);
        let UndoError::Ambiguous(places) = error else { panic!() };
        let old = [&b"a\nb\nc\nb\nend\n"[..], b"a\nb\nend\nc\nb\n"];
        for ((_, edit), old) in places.into_iter().zip(old) {
            let edit = edit.unwrap();
            assert_eq!(undo(file, &edit).unwrap(), old);
            assert_eq!(apply(old, &edit).unwrap(), file);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_back_can_be_applied_again(
            file in prop::collection::vec("[ab]", 0..8), anchor in "[ab](\n[ab])?", text in "([abx]\n){0,2}",
            action in prop::sample::select(vec![Action::After, Action::Before, Action::Replace]),
        ) {
            let edit = edit(action, &anchor, &text);
            let file = file.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes();
            if let Ok(new) = apply(&file, &edit) && let Ok(old) = undo(&new, &edit) {
                prop_assert_eq!(&old, &file);
            }
            match undo(&file, &edit) {
                Ok(old) => if let Ok(new) = apply(&old, &edit) {
                    prop_assert_eq!(new, file);
                },
                Err(UndoError::Ambiguous(places)) => for (_, edit) in places {
                    if let Some(old) = edit.as_ref().map(|edit| undo(&file, edit)) {
                        prop_assert!(old.is_ok());
                    }
                },
                Err(_) => {}
            }
        }

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
