// SPDX-License-Identifier: GPL-2.0-only

//! What to do next: areas that nothing stands in the way of, those first on which most others stand.

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{Registry, Relevance, Size};
use super::requires::Graph;
use super::status::Status;

/// An area that could be worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Next<'a> {
    /// The area.
    pub area: &'a str,
    /// Its status.
    pub status: Status,
    /// The tree that takes it.
    pub owner: Option<&'a str>,
    /// How many areas that are not done stand on it, directly or not.
    pub dependents: usize,
    /// What graphics drivers have to do with it.
    pub relevance: Option<Relevance>,
    /// How much work it is.
    pub size: Option<Size>,
    /// Areas that it stands on and of which only a part is there.
    pub partial: Vec<&'a str>,
}

/// The areas that are wanted, and with `partial` those of which only a part is there, and that do not stand on an
/// area that is wanted itself.
pub fn next<'a>(registry: &'a Registry, status: &BTreeMap<&str, Status>, partial: bool) -> Vec<Next<'a>> {
    let is_open = |area: &str| matches!(status.get(area), Some(Status::Wanted | Status::Partial));
    let dependents = Graph::new(registry).dependents(&is_open);
    let is = |area: &str, wanted: Status| status.get(area) == Some(&wanted);
    let open = registry.rows.iter().filter(|row| {
        let asked = is(&row.area, Status::Wanted) || partial && is(&row.area, Status::Partial);
        asked && !row.requires.iter().any(|area| is(area, Status::Wanted))
    });
    let mut list: Vec<Next<'a>> = open
        .map(|row| Next {
            area: &row.area,
            status: status[row.area.as_str()],
            owner: row.owner.as_deref(),
            dependents: dependents[row.area.as_str()],
            relevance: row.relevance,
            size: row.size,
            partial: row.requires.iter().map(String::as_str).filter(|area| is(area, Status::Partial)).collect(),
        })
        .collect();
    let relevance = |next: &Next<'_>| next.relevance.map_or(3, |relevance| relevance as usize);
    list.sort_by_key(|next| (std::cmp::Reverse(next.dependents), relevance(next)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_need_comes_first_and_what_is_blocked_does_not() {
        let text = "
            [[row]]
            area = 'leaf'
            [[row]]
            area = 'core-leaf'
            relevance = 'core'
            [[row]]
            area = 'root'
            requires = ['part', 'done']
            [[row]]
            area = 'blocked'
            requires = ['root']
            [[row]]
            area = 'part'
            [[row]]
            area = 'done'
        ";
        let registry = Registry::parse(text, "r").unwrap();
        let mut status: BTreeMap<&str, Status> =
            registry.rows.iter().map(|row| (row.area.as_str(), Status::Wanted)).collect();
        status.insert("part", Status::Partial);
        status.insert("done", Status::Carried);
        let areas = |partial| next(&registry, &status, partial).iter().map(|n| n.area).collect::<Vec<_>>();
        assert_eq!(areas(false), ["root", "core-leaf", "leaf"]);
        assert_eq!(areas(true), ["part", "root", "core-leaf", "leaf"]);
        let root = &next(&registry, &status, false)[0];
        assert_eq!((root.dependents, &root.partial[..]), (1, &["part"][..]));
    }
}
