// SPDX-License-Identifier: GPL-2.0-only

//! The file at the top of a tip that names what it was made from.

use serde::{Deserialize, Serialize};

use super::TipError;
use crate::git::objects::Objects;
use crate::git::treeobj::{self, Mode};
use crate::git::{BranchName, Oid};

/// The name of the file.
pub const FILE: &str = "integration-manifest";

const HEAD: &str = "\
# What this tip was made from, in order. `drm-rust integrate --verify` derives it again.
";

/// The message of the commit that a tip ends with.
pub(super) fn message() -> String {
    format!("{}: integration manifest\n", BranchName::tip())
}

/// What a tip was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The commit that the first branch was merged into.
    pub start: Oid,
    /// What resolutions and fixups were taken from, where there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolutions: Option<String>,
    /// Branches that belong to the tip, but were not in the repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The branches in order.
    #[serde(default, rename = "branch")]
    pub branches: Vec<Branch>,
}

/// A branch of a tip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub state: State,
    /// The commit that is in the tip; of a branch that was left out, the one that is not.
    pub commit: Oid,
    /// The commit's subject.
    pub subject: String,
    /// Where the branch stands, if it could not be merged there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Oid>,
}

/// What became of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was merged.
    Merged,
    /// What was merged before it contains it.
    Contained,
    /// It conflicts; the commit that the tip before had was merged.
    HeldBack,
    /// It conflicts, and is not in the tip.
    LeftOut,
}

impl Manifest {
    /// The file's content.
    pub fn to_text(&self) -> String {
        format!("{HEAD}\n{}", toml::to_string(self).expect("plain data can be written"))
    }

    /// Reads the manifest of a tip.
    pub fn read(objects: &mut Objects, tip: Oid) -> Result<Manifest, TipError> {
        let tree = objects.tree_of(tip)?;
        let Some((Mode::File, blob)) = treeobj::lookup(objects, tree, FILE)? else { return Err(TipError::NoTip(tip)) };
        let text = String::from_utf8_lossy(&objects.blob(blob)?).into_owned();
        toml::from_str(&text).map_err(|error| TipError::Manifest(tip, error.to_string()))
    }

    /// The last commit of a branch that could be merged.
    pub fn last_good(&self, name: &str) -> Option<Oid> {
        let branch = self.branches.iter().find(|branch| branch.name == name)?;
        (branch.state != State::LeftOut).then_some(branch.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let oid = |n| Oid::from_bytes([n; 20]);
        let branch = |name: &str, state, wanted| Branch {
            name: name.into(),
            state,
            commit: oid(2),
            subject: "drm: \"quoted\" \u{7} ü\\".into(),
            wanted,
        };
        let manifest = Manifest {
            start: oid(1),
            resolutions: None,
            missing: vec!["d/d".into()],
            branches: vec![branch("a/b", State::Merged, None), branch("c", State::HeldBack, Some(oid(3)))],
        };
        insta::assert_snapshot!(manifest.to_text(), @r#"
        # What this tip was made from, in order. `drm-rust integrate --verify` derives it again.

        start = "0101010101010101010101010101010101010101"
        missing = ["d/d"]

        [[branch]]
        name = "a/b"
        state = "merged"
        commit = "0202020202020202020202020202020202020202"
        subject = "drm: \"quoted\" \u0007 ü\\"

        [[branch]]
        name = "c"
        state = "held-back"
        commit = "0202020202020202020202020202020202020202"
        subject = "drm: \"quoted\" \u0007 ü\\"
        wanted = "0303030303030303030303030303030303030303"
        "#);
        assert_eq!(toml::from_str::<Manifest>(&manifest.to_text()).unwrap(), manifest);
        assert_eq!((manifest.last_good("c"), manifest.last_good("d")), (Some(oid(2)), None));
    }
}
