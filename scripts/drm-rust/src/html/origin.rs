// SPDX-License-Identifier: GPL-2.0-only

//! What ran: whose code, and how much of it.

use super::counted;
use super::summary::State;
use crate::git::Oid;

/// What ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The tree; empty where there is none that could be named.
    pub tree: String,
    /// Whether it has the code that there is now.
    pub current: bool,
    /// What of it ran, if not all.
    pub only: String,
}

impl Origin {
    /// What the results say.
    pub fn of(tree: Option<Oid>, current: bool, only: Option<&str>) -> Origin {
        Origin {
            tree: tree.map_or(String::new(), |tree| tree.short()),
            current,
            only: only.unwrap_or_default().to_owned(),
        }
    }

    /// Whose code it was.
    pub fn words(&self) -> &'static str {
        match (self.current, self.tree.is_empty()) {
            (true, _) => "this tree",
            (false, false) => "another tree",
            (false, true) => "changes not committed",
        }
    }

    /// The same, of results.
    pub fn whose(&self) -> &'static str {
        if self.tree.is_empty() { "changes that are not committed" } else { "another tree" }
    }

    /// Whether it says something of everything that there is now.
    pub fn counts(&self) -> bool {
        self.current && self.only.is_empty()
    }
}

/// How many of some runs are good, and which do not count: `1 of 3 runs good, 1 of another tree`.
pub fn summary<'a>(runs: impl Iterator<Item = (bool, &'a Origin)>) -> (String, State) {
    let runs: Vec<_> = runs.collect();
    let count = |wanted: &dyn Fn(&(bool, &Origin)) -> bool| runs.iter().filter(|run| wanted(run)).count();
    let good = count(&|(good, origin)| *good && origin.counts());
    let (stale, part) = (count(&|(_, origin)| !origin.current), count(&|(_, o)| o.current && !o.counts()));
    let mut text = format!("{good} of {} good", counted(runs.len(), "run"));
    for (n, what) in [(stale, "of another tree"), (part, "in part")] {
        if n > 0 {
            text += &format!(", {n} {what}");
        }
    }
    let bad = runs.iter().any(|(good, origin)| !good && origin.current);
    (text, State::of(bad, good == runs.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_runs_of_this_tree_count() {
        let origin = |tree, current, only| Origin::of(tree, current, only);
        let [whole, part] = [None, Some("a*")].map(|only| origin(Some(Oid::ZERO), true, only));
        let [other, dirty] = [Some(Oid::ZERO), None].map(|tree| origin(tree, false, Some("a*")));
        assert_eq!([&whole, &part, &other, &dirty].map(Origin::counts), [true, false, false, false]);
        assert_eq!([&part, &other, &dirty].map(Origin::words), ["this tree", "another tree", "changes not committed"]);
        let runs = [(true, &whole), (false, &whole), (true, &part), (true, &other), (true, &dirty)];
        let summary = |runs: &[(bool, &Origin)]| super::summary(runs.iter().copied());
        assert_eq!(summary(&runs), ("1 of 5 runs good, 2 of another tree, 1 in part".into(), State::Bad));
        assert_eq!(summary(&runs[..1]), ("1 of 1 run good".into(), State::Good));
        assert_eq!(summary(&runs[2..]), ("0 of 3 runs good, 2 of another tree, 1 in part".into(), State::Unknown));
        assert_eq!(summary(&[(false, &other)]).1, State::Unknown, "the failure was another tree's");
    }
}
