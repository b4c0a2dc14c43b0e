// SPDX-License-Identifier: GPL-2.0-only

//! Which areas stand on which.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Registry;

/// What each area stands on, with all that this stands on.
pub struct Graph<'a> {
    edges: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    /// The graph of a registry. What has no row is left out.
    pub fn new(registry: &'a Registry) -> Self {
        let areas: BTreeSet<&str> = registry.rows.iter().map(|row| row.area.as_str()).collect();
        let known =
            |names: &'a [String]| names.iter().map(String::as_str).filter(|name| areas.contains(name)).collect();
        Graph { edges: registry.rows.iter().map(|row| (row.area.as_str(), known(&row.requires))).collect() }
    }

    /// Everything that an area stands on, directly or not.
    pub fn below(&self, area: &str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut next: Vec<&str> = self.direct(area).to_vec();
        while let Some(area) = next.pop() {
            if found.insert(area) {
                next.extend(self.direct(area));
            }
        }
        found
    }

    /// How many areas that are open stand on each area, directly or not.
    pub fn dependents(&self, is_open: &dyn Fn(&str) -> bool) -> BTreeMap<&'a str, usize> {
        let mut counts: BTreeMap<&str, usize> = self.edges.keys().map(|area| (*area, 0)).collect();
        for area in self.edges.keys().filter(|area| is_open(area)) {
            for below in self.below(area).into_iter().filter(|below| below != area) {
                *counts.entry(below).or_default() += 1;
            }
        }
        counts
    }

    /// A circle through an area: the areas in order, the first one again at the end.
    pub fn circle(&self, area: &'a str) -> Option<Vec<&'a str>> {
        // Breadth first, so that the circle is a short one.
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut next = vec![area];
        for at in 0.. {
            let &from = next.get(at)?;
            for &to in self.direct(from) {
                if to == area {
                    let mut path = vec![area, from];
                    while *path.last().expect("not empty") != area {
                        path.push(came_from[path.last().expect("not empty")]);
                    }
                    path.reverse();
                    return Some(path);
                }
                if !came_from.contains_key(to) {
                    came_from.insert(to, from);
                    next.push(to);
                }
            }
        }
        None
    }

    fn direct(&self, area: &str) -> &[&'a str] {
        self.edges.get(area).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(rows: &[(&str, &[&str])]) -> Registry {
        let row = |(area, requires): &(&str, &[&str])| format!("[[row]]\narea = '{area}'\nrequires = {requires:?}\n");
        Registry::parse(&rows.iter().map(row).collect::<String>(), "r").unwrap()
    }

    #[test]
    fn dependents_are_counted_once_each() {
        let registry = registry(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b", "gone"]), ("d", &["c"])]);
        let graph = Graph::new(&registry);
        assert_eq!(graph.dependents(&|_| true), BTreeMap::from([("a", 3), ("b", 2), ("c", 1), ("d", 0)]));
        assert_eq!(graph.dependents(&|area| area == "d"), BTreeMap::from([("a", 1), ("b", 1), ("c", 1), ("d", 0)]));
        assert_eq!(graph.below("d"), BTreeSet::from(["a", "b", "c"]));
        assert!(["a", "b", "c", "d"].iter().all(|area| graph.circle(area).is_none()));
    }

    #[test]
    fn circles_are_named_in_order() {
        let registry = registry(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"]), ("d", &["a"]), ("e", &["e"])]);
        let graph = Graph::new(&registry);
        assert_eq!(graph.circle("a"), Some(vec!["a", "b", "c", "a"]));
        assert_eq!(graph.circle("d"), None, "d leads to a circle and is not on it");
        assert_eq!(graph.circle("e"), Some(vec!["e", "e"]));
    }
}
