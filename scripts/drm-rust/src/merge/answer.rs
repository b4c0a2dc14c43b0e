// SPDX-License-Identifier: GPL-2.0-only

//! What `git merge-tree --write-tree -z` says: "OUTPUT" of git-merge-tree(1).

use std::collections::BTreeMap;

use super::Side;
use crate::git::Oid;
use crate::git::treeobj::Mode;

/// The stages of a path: merge base, ours, theirs.
pub type Stages = [Side; 3];

/// What git says about some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The paths.
    pub paths: Vec<Vec<u8>>,
    /// The kind for programs, for example `Auto-merging` or `CONFLICT (contents)`.
    pub kind: String,
    /// The text for people.
    pub text: String,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The tree; where there are conflicts, with conflict markers in it.
    pub tree: Oid,
    /// The paths in conflict.
    pub stages: BTreeMap<Vec<u8>, Stages>,
    /// Everything that was said.
    pub messages: Vec<Message>,
}

/// Reads an answer; none where it is not well-formed.
pub fn parse(data: &[u8]) -> Option<Answer> {
    let mut fields = data.split(|&byte| byte == 0);
    let mut next = || fields.next();
    let tree = text(next()?).parse().ok()?;
    let mut stages: BTreeMap<Vec<u8>, Stages> = BTreeMap::new();
    loop {
        // After the last stage stands an empty field; an answer without messages ends there.
        match next() {
            None => return Some(Answer { tree, stages, messages: Vec::new() }),
            Some(b"") => break,
            Some(field) => {
                let (path, place, side) = stage(field)?;
                stages.entry(path).or_default()[place] = Some(side);
            }
        }
    }
    let mut messages = Vec::new();
    loop {
        match next() {
            None => return Some(Answer { tree, stages, messages }),
            Some(b"") => return next().is_none().then_some(Answer { tree, stages, messages }),
            Some(count) => {
                let count: usize = text(count).parse().ok()?;
                let mut paths = Vec::new();
                for _ in 0..count {
                    paths.push(next()?.to_vec());
                }
                let (kind, said) = (text(next()?), text(next()?));
                messages.push(Message { paths, kind, text: said.trim_end().to_owned() });
            }
        }
    }
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

/// `<mode> <object> <stage>\t<path>`
fn stage(field: &[u8]) -> Option<(Vec<u8>, usize, (Mode, Oid))> {
    let tab = field.iter().position(|&byte| byte == b'\t')?;
    let head = std::str::from_utf8(&field[..tab]).ok()?;
    let [mode, oid, stage] = head.split(' ').collect::<Vec<_>>()[..] else { return None };
    let place = stage.parse::<usize>().ok()?.checked_sub(1).filter(|&place| place < 3)?;
    Some((field[tab + 1..].to_vec(), place, (Mode::parse(mode.as_bytes())?, oid.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn oid(digit: &str) -> Oid {
        digit.repeat(40).parse().unwrap()
    }

    #[test]
    fn a_clean_merge() {
        let tree = "a".repeat(40);
        let expected = Answer { tree: oid("a"), stages: BTreeMap::new(), messages: Vec::new() };
        assert_eq!(parse(format!("{tree}\0").as_bytes()), Some(expected.clone()));
        // With messages about a clean merge: no stages, then the messages.
        let said = format!("{tree}\0\x001\0a b\0Auto-merging\0Auto-merging a b\n\0");
        let message =
            Message { paths: vec![b"a b".to_vec()], kind: "Auto-merging".into(), text: "Auto-merging a b".into() };
        assert_eq!(parse(said.as_bytes()), Some(Answer { messages: vec![message], ..expected }));
    }

    #[test]
    fn stages_and_messages() {
        let (tree, x, y) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let answer = format!(
            "{tree}\0100644 {x} 1\ta\tb\nc\0100755 {y} 3\ta\tb\nc\0120000 {x} 2\tlink\0\0\
             2\0a\tb\nc\0other\0CONFLICT (modify/delete)\0CONFLICT (modify/delete): said.\n\0"
        );
        let answer = parse(answer.as_bytes()).unwrap();
        let odd = &answer.stages[&b"a\tb\nc"[..]];
        assert_eq!(*odd, [Some((Mode::File, oid("b"))), None, Some((Mode::Executable, oid("c")))]);
        assert_eq!(answer.stages[&b"link"[..]][1], Some((Mode::Symlink, oid("b"))));
        assert_eq!(answer.messages.len(), 1);
        assert_eq!(answer.messages[0].paths, [b"a\tb\nc".to_vec(), b"other".to_vec()]);
        assert_eq!(answer.messages[0].kind, "CONFLICT (modify/delete)");
        assert_eq!(answer.messages[0].text, "CONFLICT (modify/delete): said.");
    }

    #[test]
    fn broken_answers_are_refused() {
        let tree = "a".repeat(40);
        for bad in [
            "".to_owned(),
            "xyz\0".into(),
            format!("{tree}\0100644 {tree}\tp\0\0"),
            format!("{tree}\0100644 {tree} 4\tp\0\0"),
            format!("{tree}\0100644 {tree} 0\tp\0\0"),
            format!("{tree}\0999999 {tree} 1\tp\0\0"),
            format!("{tree}\0\0x\0"),
            format!("{tree}\0\x003\0only\0one\0"),
            format!("{tree}\0\x0099999999999999999999\0p\0"),
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(data: Vec<u8>) {
            parse(&data);
        }

        #[test]
        fn nor_after_a_good_beginning(rest in "[0-9 \t\0a]{0,60}") {
            parse(format!("{}\0{rest}", "a".repeat(40)).as_bytes());
        }
    }
}
