// SPDX-License-Identifier: GPL-2.0-only

//! Structural merges: two people add to the same list of a file, which git takes for a conflict.
//!
//! Where both sides only add entries to a sorted list, the union of the list takes its place in all three versions of
//! the file, and git merges the rest. Everything is read strictly: a list is what is written back byte for byte, and
//! it is the same list on a side where that side has exactly one that holds all of the base's entries. A side that
//! removes, moves or changes an entry, a list out of order, an order that does not tell which of two entries comes
//! first, one name twice: all of these stay conflicts.

use std::collections::HashMap;

use crate::git::treeobj::Mode;
use crate::merge::threeway::{self, Algorithm};
use crate::merge::{Conflict, Contents, Resolution, ResolveError, Resolver, Side};
use crate::resolve::StoreError;

use list::{Entry, List};

mod find;
mod list;
#[cfg(test)]
mod tests;
mod uses;

/// Goes up with each change after which a merge may come out differently: tips say which version they were made with.
pub const VERSION: u32 = 1;

/// A file that was merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Its content.
    pub text: String,
    /// The lists that both sides added to, for people.
    pub lists: Vec<&'static str>,
}

/// A list that both sides added to.
struct Joined {
    base: List,
    ours: List,
    theirs: List,
    entries: Vec<Entry>,
}

/// Merges two changes of a file that git does not merge; none where they are more than additions to lists.
pub fn merge(path: &str, base: &str, ours: &str, theirs: &str) -> Result<Option<Merged>, StoreError> {
    let joined = joined(path, base, ours, theirs);
    if joined.is_empty() {
        return Ok(None);
    }
    let put = |text: &str, list: fn(&Joined) -> &List| {
        let mut places: Vec<_> = joined.iter().map(|j| (list(j).range.clone(), j.base.print(&j.entries))).collect();
        places.sort_by_key(|(range, _)| range.start);
        let mut text = text.to_owned();
        places.into_iter().rev().for_each(|(range, list)| text.replace_range(range, &list));
        text
    };
    let versions = [put(base, |j| &j.base), put(ours, |j| &j.ours), put(theirs, |j| &j.theirs)];
    let [new_base, new_ours, new_theirs] = versions.each_ref().map(String::as_bytes);
    let Some(merged) = threeway::merge(new_base, new_ours, new_theirs, Algorithm::Histogram)? else { return Ok(None) };
    let Ok(text) = String::from_utf8(merged) else { return Ok(None) };
    // Each list is there once, with all of its entries.
    let there = find::lists(path, &text);
    let is_there =
        |j: &Joined| there.iter().filter(|list| list.what == j.base.what && list.entries == j.entries).count();
    let [ours, theirs] = [ours, theirs].map(|side| find::lists(path, side));
    if joined.iter().any(|j| is_there(j) != 1) || says_twice(&there, &ours, &theirs) {
        return Ok(None);
    }
    Ok(Some(Merged { text, lists: joined.iter().map(|j| j.base.what).collect() }))
}

/// The lists that both sides only added to.
fn joined(path: &str, base: &str, ours: &str, theirs: &str) -> Vec<Joined> {
    let (our_lists, their_lists) = (find::lists(path, ours), find::lists(path, theirs));
    let join = |base: List| {
        let (ours, theirs) = (the_one(&base, &our_lists)?, the_one(&base, &their_lists)?);
        let changed = |side: &List| side.entries != base.entries;
        let alike = |side: &List| (side.separator, side.end) == (base.separator, base.end);
        if !changed(ours) || !changed(theirs) || !alike(ours) || !alike(theirs) {
            return None;
        }
        let entries = list::union(&base.entries, &ours.entries, &theirs.entries, base.sorted)?;
        Some(Joined { ours: ours.clone(), theirs: theirs.clone(), entries, base })
    };
    find::lists(path, base).into_iter().filter_map(join).collect()
}

/// The list of a side that another one became.
fn the_one<'a>(base: &List, lists: &'a [List]) -> Option<&'a List> {
    let mut found = lists.iter().filter(|list| list.covers(base));
    let list = found.next()?;
    found.next().is_none().then_some(list)
}

/// Whether the lists of a merge say something more often than those of both sides: what each of them put into another
/// list is no conflict of lines, but it may be a mistake.
fn says_twice(merged: &[List], ours: &[List], theirs: &[List]) -> bool {
    let (ours, theirs) = (count(ours), count(theirs));
    let at_most = |name| ours.get(name).copied().max(theirs.get(name).copied()).unwrap_or(0);
    count(merged).iter().any(|(name, times)| *times > at_most(name))
}

/// How often lists have an entry, or import a name.
fn count(lists: &[List]) -> HashMap<(&'static str, String), usize> {
    let mut counted = HashMap::new();
    for list in lists {
        let mut names = Vec::new();
        for entry in &list.entries {
            match &entry.import {
                Some(import) => import.bindings(&mut names),
                None => names.push(entry.name.clone()),
            }
        }
        names.retain(|name| name != "_");
        names.into_iter().for_each(|name| *counted.entry((list.what, name)).or_insert(0) += 1);
    }
    counted
}

/// Settles conflicts by structural merges.
pub struct Structural;

impl Resolver for Structural {
    fn resolve(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, ResolveError> {
        let Some(mode) = common_mode(conflict.base, conflict.ours, conflict.theirs) else { return Ok(None) };
        let texts = [&contents.base, &contents.ours, &contents.theirs];
        let texts = texts.map(|text| text.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()));
        let [Some(base), Some(ours), Some(theirs)] = texts else { return Ok(None) };
        let merged = merge(&conflict.path, base, ours, theirs).map_err(ResolveError::new)?;
        Ok(merged.map(|merged| Resolution {
            entry: Some((mode, merged.text.into_bytes())),
            note: format!("{}: union of what both sides add to its {}", conflict.path, merged.lists.join(" and its ")),
        }))
    }
}

/// The mode of a file that all three versions have with the same mode.
fn common_mode(base: Side, ours: Side, theirs: Side) -> Option<Mode> {
    let ((base, _), (ours, _), (theirs, _)) = (base?, ours?, theirs?);
    let regular = matches!(base, Mode::File | Mode::Executable);
    (regular && base == ours && base == theirs).then_some(base)
}
