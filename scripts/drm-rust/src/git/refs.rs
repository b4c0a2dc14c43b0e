// SPDX-License-Identifier: GPL-2.0-only

//! References: reading them, and changing several in one transaction.

use std::collections::BTreeMap;

use super::{BranchName, GitError, Oid, Repo, damage};

/// The branches that the toolchain makes, with the commits they stand at.
pub type View = BTreeMap<BranchName, Oid>;

/// One change of a transaction: the old value is checked by git before anything changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The full name of the reference.
    pub name: String,
    /// Where it stands now; none where it must not exist.
    pub old: Option<Oid>,
    /// Where it shall stand; none to delete it.
    pub new: Option<Oid>,
}

/// What must change to get from one view to another.
pub fn changes(old: &View, new: &View) -> Vec<Change> {
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(name)));
    let change =
        |name: &BranchName| Change { name: name.full(), old: old.get(name).copied(), new: new.get(name).copied() };
    names.map(change).filter(|change| change.old != change.new).collect()
}

impl Repo {
    /// Where the managed branches stand.
    pub fn view(&self) -> Result<View, GitError> {
        let process = self.git(["for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/"]);
        let mut view = View::new();
        for line in damage::references(&process)? {
            let (oid, name) = line.split_once(' ').unwrap_or((&line, ""));
            match name.parse::<BranchName>() {
                Ok(name) if name.is_managed() => drop(view.insert(name, self.oid(&process, oid)?)),
                _ => {}
            }
        }
        Ok(view)
    }

    /// Makes all changes or none; a branch that git is at work on is not moved.
    ///
    /// Git has the whole transaction before it begins, and finishes it even if this program is killed.
    pub fn update_refs(&self, changes: &[Change], reason: &str) -> Result<(), GitError> {
        self.may_move(changes)?;
        let mut input = String::from("start\n");
        for Change { name, old, new } in changes {
            let old = old.unwrap_or(Oid::ZERO);
            match new {
                Some(new) => input += &format!("update {name} {new} {old}\n"),
                None => input += &format!("delete {name} {old}\n"),
            }
        }
        input += "prepare\ncommit\n";
        let process = self.git(["update-ref", "--create-reflog", "-m", reason, "--stdin"]);
        process.input(input).detached().run()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_cover_new_moved_and_gone() {
        let oid = |n| Oid::from_bytes([n; 20]);
        let name = |s: &str| s.parse::<BranchName>().unwrap();
        let old = View::from([(name("a"), oid(1)), (name("b"), oid(2)), (name("c"), oid(3))]);
        let new = View::from([(name("a"), oid(1)), (name("b"), oid(4)), (name("d"), oid(5))]);
        let got: Vec<_> = changes(&old, &new).into_iter().map(|c| (c.name, c.old, c.new)).collect();
        assert_eq!(
            got,
            [
                ("refs/heads/b".into(), Some(oid(2)), Some(oid(4))),
                ("refs/heads/c".into(), Some(oid(3)), None),
                ("refs/heads/d".into(), None, Some(oid(5))),
            ]
        );
    }
}
