// SPDX-License-Identifier: GPL-2.0-only

//! The registry of abstractions.

use std::collections::BTreeSet;

use super::counted;
use super::summary::{Attention, State};
use crate::registry::look::Look;
use crate::registry::model::{Evidence, Relevance, Source, by_file};
use crate::registry::proof::Tested;
use crate::registry::status::{Held, Status};
use crate::registry::verify::Checked;

/// A link to another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is.
    pub text: &'static str,
    /// Where it leads; only ever to the web.
    pub url: String,
}

/// An area.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub area: String,
    /// Its status.
    pub status: &'static str,
    /// Its place among the statuses, to sort by.
    pub rank: usize,
    /// What the upstream registry says of it.
    pub said: String,
    /// The tree that takes it.
    pub owner: String,
    /// What graphics drivers have to do with it.
    pub relevance: &'static str,
    /// How much work is left.
    pub size: String,
    /// Who wrote it.
    pub author: String,
    /// What the base has: items by file.
    pub evidence: Vec<String>,
    /// What topics add: items by file.
    pub carried: Vec<String>,
    /// The topics that carry it.
    pub topics: Vec<String>,
    /// Its tests, and what is known of them.
    pub tests: Vec<String>,
    /// What it stands on.
    pub requires: Vec<String>,
    /// What lacks.
    pub lacks: String,
    /// Its links.
    pub links: Vec<Link>,
    /// What does not hold.
    pub lies: Vec<String>,
}

/// The registry.
#[derive(Clone, Debug)]
pub struct Registry {
    /// The areas.
    pub rows: Vec<Row>,
    /// Every status, and how many areas have it.
    pub statuses: Vec<(&'static str, usize)>,
    /// The trees.
    pub owners: Vec<String>,
    /// How many claims do not hold.
    pub lies: usize,
}

impl Registry {
    /// The areas of which something does not hold.
    pub fn untrue(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.lies.is_empty())
    }

    /// How many areas there are, and whether all claims hold.
    pub fn summary(&self) -> (String, State) {
        let claims = if self.lies == 0 { "all claims hold".to_owned() } else { self.untrue_claims() };
        (format!("{}, {claims}", counted(self.rows.len(), "area")), State::of(self.lies > 0, true))
    }

    /// Areas that somebody should look at.
    pub fn attention(&self) -> Vec<Attention> {
        let of_row = |row: &Row| {
            let text = format!("Registry, {}: {}", row.area, row.lies.join("; "));
            Attention::new(format!("area/{}", row.area), text)
        };
        self.untrue().map(of_row).collect()
    }

    /// How many claims do not hold, in words.
    pub fn untrue_claims(&self) -> String {
        format!("{} {} not hold", counted(self.lies, "claim"), if self.lies == 1 { "does" } else { "do" })
    }
}

/// What was found, for people.
pub fn view(look: &Look<'_>) -> Registry {
    let rows: Vec<Row> = look.outcome.rows.iter().map(|checked| row(checked, look)).collect();
    let count = |status: Status| (status.name(), rows.iter().filter(|row| row.status == status.name()).count());
    let owners: BTreeSet<&String> = rows.iter().map(|row| &row.owner).filter(|owner| !owner.is_empty()).collect();
    Registry {
        statuses: Status::ALL.into_iter().map(count).collect(),
        owners: owners.into_iter().cloned().collect(),
        lies: look.outcome.lies.len(),
        rows,
    }
}

fn row(checked: &Checked<'_>, look: &Look<'_>) -> Row {
    let row = checked.row;
    let source = row.source.as_ref();
    let lies = look.outcome.lies.iter().filter(|lie| lie.area == row.area);
    Row {
        area: row.area.clone(),
        status: checked.status.name(),
        rank: checked.status as usize,
        said: source.map_or(String::new(), |source| source.status.to_lowercase()),
        owner: row.owner.clone().unwrap_or_default(),
        relevance: row.relevance.map_or("", Relevance::name),
        size: row.size.map_or(String::new(), |size| format!("{size:?}")),
        author: source.map_or(String::new(), |source| source.author.clone()),
        evidence: items(&row.evidence, &checked.evidence_held),
        carried: items(&row.carried, &checked.carried_held),
        topics: row.topics.iter().map(ToString::to_string).collect(),
        tests: checked.tested.iter().map(tested).collect(),
        requires: row.requires.clone(),
        lacks: row.lacks.clone(),
        links: source.map_or(Vec::new(), links),
        lies: lies.map(|lie| format!("{}: {}", lie.key, lie.message)).collect(),
    }
}

/// What was found, by file.
fn items(evidence: &[Evidence], held: &[Held]) -> Vec<String> {
    let found = evidence.iter().zip(held).filter(|(_, held)| **held != Held::Nowhere);
    let found: Vec<Evidence> = found.map(|(evidence, _)| evidence.clone()).collect();
    by_file(&found).into_iter().map(|(path, items)| format!("{path}: {}", items.join(", "))).collect()
}

fn tested(test: &Tested) -> String {
    format!("{} {}: {}", test.kind, test.name, test.proof)
}

/// The addresses of a row that a browser may follow.
fn links(source: &Source) -> Vec<Link> {
    let link = |(text, url): (&'static str, &String)| {
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        is_web.then(|| Link { text, url: url.clone() })
    };
    [("git", &source.git), ("list", &source.list)].into_iter().filter_map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_found_is_not_shown() {
        let evidence = |item: &str| Evidence { path: "a.rs".into(), item: item.into() };
        let all = ["A", "B", "C"].map(evidence);
        assert_eq!(items(&all, &[Held::Base, Held::Nowhere, Held::Topic]), ["a.rs: A, C"]);
    }

    #[test]
    fn claims_are_counted() {
        let registry = |lies| Registry { rows: Vec::new(), statuses: Vec::new(), owners: Vec::new(), lies };
        assert_eq!(registry(1).untrue_claims(), "1 claim does not hold");
        assert_eq!(registry(0).summary(), ("0 areas, all claims hold".into(), State::Good));
        assert_eq!(registry(1).summary().1, State::Bad);
        assert_eq!(registry(2).untrue_claims(), "2 claims do not hold");
    }

    #[test]
    fn only_the_web_is_linked() {
        let source =
            Source { git: "javascript:alert(1)".into(), list: "https://list.example/1".into(), ..<_>::default() };
        assert_eq!(links(&source), [Link { text: "list", url: "https://list.example/1".into() }]);
    }
}
