// SPDX-License-Identifier: GPL-2.0-only

//! What is known about a resolution: who made it, why, and for which merge.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use super::rerere::ConflictId;
use crate::git::Oid;
use crate::git::commit::Identity;
use crate::git::names::NameError;
use crate::git::treeobj::Mode;
use crate::merge::{Conflict, Side};

/// How many digits tell the resolutions of one conflict apart.
const DIGITS: usize = 12;

/// The name of a resolution: its conflict, and what it makes of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Name {
    /// The conflict.
    pub conflict: ConflictId,
    content: String,
}

impl Name {
    /// The name of a resolution that is made of these objects.
    pub(super) fn new(conflict: ConflictId, parts: &[&str]) -> Self {
        let digest = Sha1::digest(parts.join("\0"));
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Name { conflict, content: digits[..DIGITS].to_owned() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.conflict, self.content)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (conflict, content) = text.split_once('-').unwrap_or((text, ""));
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if content.len() != DIGITS || !content.chars().all(hex) {
            return Err(NameError::Oid(text.to_owned()));
        }
        Ok(Name { conflict: conflict.parse()?, content: content.to_owned() })
    }
}

/// The merge that a resolution was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeOf {
    /// The branch that was merged.
    pub branch: String,
    /// The commit that it was merged into.
    pub ours: Oid,
    /// The commit that was merged.
    pub theirs: Oid,
}

/// What is known about a resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The path that was in conflict.
    pub path: String,
    /// What git said about it.
    pub conflict: String,
    /// Who resolved it.
    pub who: Identity,
    /// Why it was resolved so.
    pub why: String,
    /// When.
    pub date: Timestamp,
    /// For which merge; none where it was imported.
    pub merge: Option<MergeOf>,
}

/// That a resolution is not to be used any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// Who said so.
    pub who: Identity,
    /// Why.
    pub why: String,
    /// When.
    pub date: Timestamp,
}

/// The id of a conflict that has no markers: its kind, its path and the blobs of its sides, in whichever
/// direction the branches are merged.
pub fn path_conflict(conflict: &Conflict) -> ConflictId {
    let side = |side: Side| side.map_or("-".to_owned(), |(mode, oid)| format!("{} {oid}", mode_name(mode)));
    let mut sides = [side(conflict.ours), side(conflict.theirs)];
    sides.sort();
    let [one, two] = sides;
    ConflictId::of(&[&conflict.kind, &conflict.path, &side(conflict.base), &one, &two])
}

/// The word for a mode.
pub(super) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::File => "file",
        Mode::Executable => "executable",
        Mode::Symlink => "link",
        Mode::Tree => "directory",
        Mode::Submodule => "submodule",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let name = Name::new(ConflictId::of(&["a"]), &["b", "c"]);
        assert_eq!(name.to_string().parse::<Name>().unwrap(), name);
        let text = name.to_string();
        for bad in ["", "-", &text[..40], &text[..50], &text.to_uppercase(), &format!("{text}0"), "../../etc/passwd"] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_conflict_is_the_same_in_both_directions() {
        let side = |n| Some((Mode::File, Oid::from_bytes([n; 20])));
        let conflict = Conflict {
            path: "a".into(),
            base: side(1),
            ours: side(2),
            theirs: None,
            marked: None,
            kind: "CONFLICT (modify/delete)".into(),
            message: String::new(),
        };
        let swapped = Conflict { ours: None, theirs: side(2), ..conflict.clone() };
        assert_eq!(path_conflict(&conflict), path_conflict(&swapped));
        for other in [
            Conflict { path: "b".into(), ..conflict.clone() },
            Conflict { base: None, ..conflict.clone() },
            Conflict { ours: side(3), ..conflict.clone() },
            Conflict { ours: Some((Mode::Executable, Oid::from_bytes([2; 20]))), ..conflict.clone() },
            Conflict { kind: "CONFLICT (binary)".into(), ..conflict.clone() },
        ] {
            assert_ne!(path_conflict(&conflict), path_conflict(&other));
        }
    }
}
