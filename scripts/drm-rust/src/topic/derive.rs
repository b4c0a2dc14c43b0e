// SPDX-License-Identifier: GPL-2.0-only

//! The edits that make one content of a file out of another: the inverse of [`edit::apply`].
//!
//! The base's files are only read forwards. Of a file that a topic adds, the overlay has the last text: its edits must
//! be unique backwards, too, so that [`edit::undo`] finds them.

use std::collections::BTreeSet;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::edit::{self, Action, Edit, find, lines, place};

/// Why no edits can say a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inexpressible {
    /// The lines that change are no text.
    #[error("it is binary where it changes")]
    Binary,
    /// The last line loses its newline.
    #[error("it does not end with a newline")]
    LastNewline,
    /// Nothing could be an anchor.
    #[error("it has no line that an edit could be anchored at")]
    NoAnchor,
}

/// Which ways edits are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// From the old content to the new one.
    Forwards,
    /// And back.
    Both,
}

/// Edits that make `new` out of `old` one after the other, each with the smallest anchor.
pub fn derive(old: &[u8], new: &[u8], ways: Ways) -> Result<Vec<Edit>, Inexpressible> {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let hunks = hunks(&old_lines, &new_lines);
    let edits = match one_by_one(&old_lines, &new_lines, &hunks, ways) {
        // What is left between two changes may have nothing to anchor at.
        Err(Inexpressible::NoAnchor) => {
            let (first, last) = (&hunks[0], &hunks[hunks.len() - 1]);
            let all = (first.0.start..last.0.end, first.1.start..last.1.end);
            one_by_one(&old_lines, &new_lines, &[all], ways)?
        }
        edits => edits?,
    };
    if holds(&edits, old, new, ways) { Ok(edits) } else { Err(Inexpressible::LastNewline) }
}

/// Whether edits make `new` out of `old`, and what is asked for backwards.
fn holds(edits: &[Edit], old: &[u8], new: &[u8], ways: Ways) -> bool {
    let applied = edits.iter().try_fold(old.to_vec(), |content, edit| edit::apply(&content, edit));
    let undone = || edits.iter().rev().try_fold(new.to_vec(), |content, edit| edit::undo(&content, edit));
    applied.is_ok_and(|applied| applied == new)
        && (ways == Ways::Forwards || undone().is_ok_and(|undone| undone == old))
}

/// How much two contents have in common, in percent of the larger one's bytes.
pub fn likeness(old: &[u8], new: &[u8]) -> u32 {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let ops = capture_diff_slices(Algorithm::Patience, &old_lines, &new_lines);
    let equal = ops.iter().filter(|op| matches!(op, DiffOp::Equal { .. })).map(DiffOp::old_range);
    let bytes: usize = equal.flat_map(|range| &old_lines[range]).map(|line| line.len()).sum();
    u32::try_from(bytes * 100 / old.len().max(new.len()).max(1)).expect("a part is not more than all")
}

/// Ranges of lines, old and new.
type Hunk = (Range<usize>, Range<usize>);

/// An edit for each hunk.
fn one_by_one(old: &[&[u8]], new: &[&[u8]], hunks: &[Hunk], ways: Ways) -> Result<Vec<Edit>, Inexpressible> {
    let mut now = old.to_vec();
    let mut edits = Vec::new();
    for (before, after) in hunks {
        // Up to here, the lines are the new ones already.
        let place = after.start..after.start + before.len();
        edits.push(anchored(&now, &place, &new[after.clone()], ways)?);
        now.splice(place, new[after.clone()].iter().copied());
    }
    Ok(edits)
}

/// The ranges of lines that differ, old and new: what is between those that are equal.
fn hunks(old: &[&[u8]], new: &[&[u8]]) -> Vec<Hunk> {
    let ops = capture_diff_slices(Algorithm::Patience, old, new);
    let equal = ops.iter().filter(|op| matches!(op, DiffOp::Equal { .. }));
    let equal = equal.map(|op| (op.old_range(), op.new_range()));
    let mut hunks = Vec::new();
    let mut at = (0, 0);
    for (before, after) in equal.chain([(old.len()..old.len(), new.len()..new.len())]) {
        if (before.start, after.start) != at {
            hunks.push((at.0..before.start, at.1..after.start));
        }
        at = (before.end, after.end);
    }
    hunks
}

/// The edit that puts lines in the place of others, or between lines where the place is empty.
fn anchored(lines: &[&[u8]], place: &Range<usize>, new: &[&[u8]], ways: Ways) -> Result<Edit, Inexpressible> {
    let after = [&lines[..place.start], new, &lines[place.end..]].concat();
    let after = (ways == Ways::Both).then_some(&after[..]);
    let fewest = usize::from(place.is_empty());
    for context in fewest..=lines.len() - place.len() {
        // Lines before the place first: most lists are read from the top.
        for below in 0..=context {
            let above = context - below;
            if above <= place.start
                && place.end + below <= lines.len()
                && is_found_back(after, place.start - above, above + new.len() + below)
                && let Some(edit) = try_anchor(lines, place, new, (above, below))?
            {
                return Ok(edit);
            }
        }
    }
    Err(Inexpressible::NoAnchor)
}

/// Whether lines of the new content, where that matters, are there once.
fn is_found_back(after: Option<&[&[u8]]>, start: usize, count: usize) -> bool {
    after.is_none_or(|after| count > 0 && find(after, &after[start..start + count]).len() == 1)
}

/// The edit with so many lines above and below the place in its anchor; none where that is no anchor.
fn try_anchor(
    lines: &[&[u8]],
    place: &Range<usize>,
    new: &[&[u8]],
    (above, below): (usize, usize),
) -> Result<Option<Edit>, Inexpressible> {
    let window = &lines[place.start - above..place.end + below];
    if window.iter().all(|line| line.trim_ascii().is_empty()) || find(lines, window).len() != 1 {
        return Ok(None);
    }
    let (head, tail) = (&lines[place.start - above..place.start], &lines[place.end..place.end + below]);
    let (action, text) = match (place.is_empty(), above, below) {
        (true, _, 0) => (Action::After, new.concat()),
        (true, 0, _) => (Action::Before, new.concat()),
        _ => (Action::Replace, [head, new, tail].concat().concat()),
    };
    if !text.is_empty() && !text.ends_with(b"\n") {
        return if below == 0 { Err(Inexpressible::LastNewline) } else { Ok(None) };
    }
    let anchor = window.concat();
    let anchor = string(anchor.strip_suffix(b"\n").unwrap_or(&anchor))?;
    Ok(Some(Edit { anchor, action, text: string(&text)? }))
}

fn string(bytes: &[u8]) -> Result<String, Inexpressible> {
    let text = std::str::from_utf8(bytes).map_err(|_| Inexpressible::Binary)?;
    if text.contains('\0') { Err(Inexpressible::Binary) } else { Ok(text.to_owned()) }
}

/// Edits for a file that has edits already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revised {
    /// Those that stay, by their place in the list.
    pub kept: Vec<usize>,
    /// Those that come after them.
    pub added: Vec<Edit>,
}

/// Edits that make `new` out of `old`. Of those that are there, all stay whose lines have nothing to do with what
/// else changes.
pub fn revise(edits: &[Edit], old: &[u8], new: &[u8], ways: Ways) -> Result<Revised, Inexpressible> {
    let revised = keep_most(edits, old, new, ways)?;
    let all: Vec<Edit> = revised.kept.iter().map(|&k| &edits[k]).chain(&revised.added).cloned().collect();
    if ways == Ways::Forwards || holds(&all, old, new, ways) {
        return Ok(revised);
    }
    // One that stays cannot be taken back among the others.
    Ok(Revised { kept: Vec::new(), added: derive(old, new, ways)? })
}

fn keep_most(edits: &[Edit], old: &[u8], new: &[u8], ways: Ways) -> Result<Revised, Inexpressible> {
    let new_lines = lines(new);
    let mut kept: Vec<usize> = (0..edits.len()).collect();
    loop {
        let (now, owners) = match apply_owned(edits, &kept, old) {
            Ok(applied) => applied,
            Err(bad) => {
                kept.retain(|&k| k != bad);
                continue;
            }
        };
        if now.concat() == new {
            return Ok(Revised { kept, added: Vec::new() });
        }
        let mut touched = BTreeSet::new();
        for (before, _) in hunks(&now, &new_lines) {
            let around = before.start.saturating_sub(1)..(before.end + 1).min(owners.len());
            touched.extend(owners[around].iter().flatten().copied());
        }
        // Lines that an edit takes out cannot be told to be touched.
        touched.extend(kept.iter().copied().filter(|&k| edits[k].text.is_empty()));
        if touched.is_empty() {
            return Ok(Revised { kept, added: derive(&now.concat(), new, ways)? });
        }
        kept.retain(|k| !touched.contains(k));
    }
}

/// The lines after some edits, and which edit each is from. The error is an edit that does not apply.
#[expect(clippy::type_complexity, reason = "two lists of one length")]
fn apply_owned<'a>(
    edits: &'a [Edit],
    kept: &[usize],
    old: &'a [u8],
) -> Result<(Vec<&'a [u8]>, Vec<Option<usize>>), usize> {
    let mut now = lines(old);
    let mut owners = vec![None; now.len()];
    for &k in kept {
        let at = place(&now, &edits[k]).map_err(|_| k)?;
        let text = lines(edits[k].text.as_bytes());
        if now[..at.start].last().is_some_and(|line| !line.ends_with(b"\n")) {
            // Such an edit adds a newline to a line of the base.
            return Err(k);
        }
        owners.splice(at.clone(), text.iter().map(|_| Some(k)));
        now.splice(at, text);
    }
    Ok((now, owners))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::topic::edit::apply;

    fn edits(old: &str, new: &str) -> String {
        let edits = derive(old.as_bytes(), new.as_bytes(), Ways::Forwards).unwrap();
        let show = |edit: &Edit| format!("{:?} {:?}: {:?}\n", edit.action, edit.anchor, edit.text);
        edits.iter().map(show).collect()
    }

    #[test]
    fn anchors_are_the_smallest_unique_ones() {
        insta::assert_snapshot!(edits("a\nb\nc\n", "a\nx\nb\nc\n"), @r#"After "a": "x\n""#);
        insta::assert_snapshot!(edits("a\nb\nc\n", "x\na\nb\nc\n"), @r#"Before "a": "x\n""#);
        insta::assert_snapshot!(edits("a\nb\nc\n", "a\nc\n"), @r#"Replace "b": """#);
        insta::assert_snapshot!(edits("a\nb\nc\n", "a\nB\nc\nd\n"), @r#"
        Replace "b": "B\n"
        After "c": "d\n"
        "#);
        // `endif` is there twice: one more line tells which.
        insta::assert_snapshot!(edits("if A\nendif\nif B\nendif\n", "if A\nendif\nif B\nx\nendif\n"), @r#"After "if B": "x\n""#);
        insta::assert_snapshot!(edits("a\nendif\nb\nendif\n", "a\nendif\nb\nendif\nx\n"), @r#"After "b\nendif": "x\n""#);
        // Blank lines alone are no anchor.
        insta::assert_snapshot!(edits("a\n\n\nb\n", "a\n\nx\n\nb\n"), @r#"After "a\n": "x\n""#);
        insta::assert_snapshot!(edits("a\na\na\n", "a\na\nx\na\n"), @r#"Replace "a\na\na": "a\na\nx\na\n""#);
    }

    #[test]
    fn what_edits_cannot_say() {
        assert_eq!(derive(b"", b"a\n", Ways::Forwards), Err(Inexpressible::NoAnchor));
        assert_eq!(derive(b"\n\n", b"\n\na\n", Ways::Forwards), Err(Inexpressible::NoAnchor));
        assert_eq!(derive(b"a\nb\n", b"a\nc", Ways::Forwards), Err(Inexpressible::LastNewline));
        assert_eq!(derive(b"a\n", b"a", Ways::Forwards), Err(Inexpressible::LastNewline));
        assert_eq!(derive(b"a\n", b"a\n\xff\n", Ways::Forwards), Err(Inexpressible::Binary));
        assert_eq!(derive(b"a\n", b"a\n\0\n", Ways::Forwards), Err(Inexpressible::Binary));
    }

    #[test]
    fn edits_that_are_read_backwards_leave_something_unique() {
        let edits = |old: &str, new: &str| {
            let edits = derive(old.as_bytes(), new.as_bytes(), Ways::Both).unwrap();
            let show = |edit: &Edit| format!("{:?} {:?}: {:?}\n", edit.action, edit.anchor, edit.text);
            edits.iter().map(show).collect::<String>()
        };
        insta::assert_snapshot!(edits("a\nb\nc\n", "a\nx\nb\nc\n"), @r#"After "a": "x\n""#);
        // A line that goes away leaves nothing: its neighbour tells where it was.
        insta::assert_snapshot!(edits("a\nb\nc\n", "a\nc\n"), @r#"Replace "a\nb": "a\n""#);
        // What takes the place of a line is there twice afterwards.
        insta::assert_snapshot!(edits("a\nb\nc\n", "c\nb\nc\n"), @r#"Replace "a\nb": "c\nb\n""#);
    }

    #[test]
    fn edits_stay_that_have_nothing_to_do_with_a_change() {
        let after = |anchor: &str, text: &str| Edit { anchor: anchor.into(), action: Action::After, text: text.into() };
        let there = [after("a", "x\n"), after("c", "y\n")];
        let old = b"a\nb\nc\nd\ne\n";
        let revise = |new: &str| revise(&there, old, new.as_bytes(), Ways::Forwards).unwrap();
        assert_eq!(revise("a\nx\nb\nc\ny\nd\ne\n"), Revised { kept: vec![0, 1], added: vec![] });
        assert_eq!(revise("a\nx\nb\nc\ny\nd\ne\nz\n"), Revised { kept: vec![0, 1], added: vec![after("e", "z\n")] });
        assert_eq!(revise("a\nb\nc\ny\nd\ne\n"), Revised { kept: vec![1], added: vec![] });
        // A list that grows stays one edit.
        assert_eq!(revise("a\nx\nb\nc\ny\nz\nd\ne\n"), Revised { kept: vec![0], added: vec![after("c", "y\nz\n")] });
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let line = prop::sample::select(vec!["", "a", "b", "\tc", "endif"]);
        (prop::collection::vec(line, 0..12), any::<bool>()).prop_map(|(lines, ends)| {
            let text = lines.join("\n");
            (if ends && !lines.is_empty() { text + "\n" } else { text }).into_bytes()
        })
    }

    fn apply_all<'a>(old: &[u8], edits: impl IntoIterator<Item = &'a Edit>) -> Vec<u8> {
        edits.into_iter().fold(old.to_vec(), |content, edit| apply(&content, edit).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn applying_what_was_derived_gives_the_new_content(old in text(), new in text()) {
            match derive(&old, &new, Ways::Forwards) {
                Ok(edits) => prop_assert_eq!(apply_all(&old, &edits), new),
                Err(Inexpressible::LastNewline) => prop_assert!(!new.ends_with(b"\n") || !old.ends_with(b"\n")),
                Err(Inexpressible::NoAnchor) => {
                    let is_blank = old.iter().all(u8::is_ascii_whitespace);
                    prop_assert!(is_blank || !old.ends_with(b"\n"));
                }
                Err(Inexpressible::Binary) => prop_assert!(false, "it is text"),
            }
        }

        #[test]
        fn taking_back_what_was_derived_gives_the_old_content(old in text(), new in text()) {
            match derive(&old, &new, Ways::Both) {
                Ok(edits) => {
                    prop_assert_eq!(&apply_all(&old, &edits), &new);
                    let undone = edits.iter().rev().fold(new, |content, edit| edit::undo(&content, edit).unwrap());
                    prop_assert_eq!(undone, old);
                }
                // Files of whole lines that have something to anchor at can always be said.
                Err(_) => prop_assert!(
                    !old.ends_with(b"\n") || !new.ends_with(b"\n") || old.iter().all(u8::is_ascii_whitespace)
                ),
            }
        }

        #[test]
        fn revised_edits_give_the_new_content(
            old in text(), middle in text(), new in text(), ways in prop::sample::select(vec![Ways::Forwards, Ways::Both]),
        ) {
            let Ok(there) = derive(&old, &middle, ways) else { return Ok(()) };
            if let Ok(revised) = revise(&there, &old, &new, ways) {
                let all: Vec<Edit> = revised.kept.iter().map(|&k| &there[k]).chain(&revised.added).cloned().collect();
                prop_assert!(holds(&all, &old, &new, ways));
            }
            let same = revise(&there, &old, &middle, ways).unwrap();
            prop_assert_eq!(apply_all(&old, same.kept.iter().map(|&k| &there[k]).chain(&same.added)), middle);
        }
    }
}
