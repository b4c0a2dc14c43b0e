// SPDX-License-Identifier: GPL-2.0-only

//! Whether two commits make the same change: a proof, where patch ids are a hint.

use std::collections::BTreeMap;

use super::Side;
use super::threeway::{self, Algorithm};
use crate::git::Oid;
use crate::git::commit::Parsed;
use crate::git::objects::{ObjectError, Objects};
use crate::git::pack::Kind;
use crate::git::treeobj::{self, Mode};

/// What a commit changes: each path, with what it was and what it is.
type Changes = BTreeMap<Vec<u8>, (Side, Side)>;

/// Whether a commit is what picking another one makes where it stands: the same files change, and each becomes what the
/// other's change makes of it there, at the same place and to the last blank.
pub fn is_pick(objects: &mut Objects, of: Oid, commit: Oid) -> Result<bool, ObjectError> {
    let (wanted, made) = (changes(objects, of)?, changes(objects, commit)?);
    if !wanted.keys().eq(made.keys()) {
        return Ok(false);
    }
    for ((base, theirs), (ours, result)) in wanted.into_values().zip(made.into_values()) {
        if !becomes(objects, (base, theirs), (ours, result))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn changes(objects: &mut Objects, commit: Oid) -> Result<Changes, ObjectError> {
    let parsed = Parsed::read(objects, commit)?;
    let before = match parsed.parents.first() {
        Some(&parent) => objects.tree_of(parent)?,
        None => objects.write(Kind::Tree, Vec::new()),
    };
    treeobj::diff(objects, before, parsed.tree)
}

/// Whether a change of one file makes this of another one.
fn becomes(
    objects: &mut Objects,
    (base, theirs): (Side, Side),
    (ours, result): (Side, Side),
) -> Result<bool, ObjectError> {
    if base == ours {
        return Ok(theirs == result);
    }
    let (Some((was, base)), Some((is, theirs)), Some((stood, ours)), Some((stands, result))) =
        (base, theirs, ours, result)
    else {
        return Ok(false);
    };
    let is_file = |mode: &Mode| matches!(mode, Mode::File | Mode::Executable);
    if ![was, is, stood, stands].iter().all(is_file) || (was, is) != (stood, stands) {
        return Ok(false);
    }
    let mut blob = |oid| objects.blob(oid);
    let [base, ours, theirs, result] = [blob(base)?, blob(ours)?, blob(theirs)?, blob(result)?];
    Ok(threeway::merge(&base, &ours, &theirs, Algorithm::Histogram)?.is_some_and(|made| made == result))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Repo;
    use crate::git::commit::Commit;

    /// A commit that turns one content of a file into another one.
    fn commit(objects: &mut Objects, before: Option<&str>, after: Option<&str>) -> Oid {
        let mut tree = |content: Option<&str>| {
            let empty = objects.write(Kind::Tree, Vec::new());
            let file = content.map(|text| (Mode::File, objects.write(Kind::Blob, text.into())));
            treeobj::change(objects, empty, &BTreeMap::from([("a/f".to_owned(), file)])).unwrap()
        };
        let (before, after) = (tree(before), tree(after));
        let mut commit = |tree, parents| {
            let author = "A <a@b.example>".parse().unwrap();
            objects.write_commit(&Commit { tree, parents, author, date: 0, message: "x\n".into() })
        };
        let parent = commit(before, Vec::new());
        commit(after, vec![parent])
    }

    #[test]
    fn the_same_change_is_at_the_same_place() {
        let dir = tempfile::tempdir().unwrap();
        let mut objects = Objects::new(&Repo::at(dir.path()));
        let two = |one: &str, other: &str| format!("f\n{one}\n{{\n1\n2\n3\n4\n}}\ng\n{other}\n{{\n1\n2\n3\n4\n}}\n");
        let (old, first, second) = (two("a", "a"), two("b", "a"), two("a", "b"));
        let fix = commit(&mut objects, Some(&old), Some(&first));
        for (before, after, expected) in [
            (Some(old.as_str()), Some(first.as_str()), true),
            (Some(&format!("head\n{old}")), Some(&format!("head\n{first}")), true),
            (Some(&old), Some(&second), false),
            (Some(&first), Some(&two("b", "b")), false),
            (Some(&old), Some(&two("b ", "a")), false),
            (Some(&format!("head\n{old}")), Some(&format!("head\n{}", two(" b", "a"))), false),
            (Some(&old), None, false),
            (None, Some(&first), false),
        ] {
            let other = commit(&mut objects, before, after);
            assert_eq!(is_pick(&mut objects, fix, other).unwrap(), expected, "{before:?} {after:?}");
        }
        let add = commit(&mut objects, None, Some("x\n"));
        let (same, blank) = (commit(&mut objects, None, Some("x\n")), commit(&mut objects, None, Some("x \n")));
        assert!(is_pick(&mut objects, add, same).unwrap() && !is_pick(&mut objects, add, blank).unwrap());
    }
}
