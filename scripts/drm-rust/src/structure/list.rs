// SPDX-License-Identifier: GPL-2.0-only

//! Lists of which two people add to: their union, where nothing about it is a guess.

use std::collections::HashMap;
use std::ops::Range;

use super::uses::Use;

/// What a list is sorted by: compared like words.
pub(super) type Key = Vec<(u8, String)>;

/// An entry of a list.
pub(super) trait Item: Clone {
    /// What makes it this entry: a list has each name once.
    fn name(&self) -> &str;
    /// Its keys in the orders that such lists can have.
    fn keys(&self) -> &[Key];
    /// Whether it is written in the same way.
    fn is(&self, other: &Self) -> bool;
    /// The entry after both sides added to it; none where they did something else.
    fn join(base: &Self, ours: &Self, theirs: &Self) -> Option<Self>;
}

/// How much of a list must be in order before anything is put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sorted {
    /// All of it, on both sides.
    Whole,
    /// The part around the new entries: a long list that says it is sorted, and has a few old mistakes.
    Around,
}

/// How many entries in order around a place tell that the list is sorted there.
const IN_ORDER: usize = 3;

/// An entry of a list in a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) keys: Vec<Key>,
    pub(super) text: String,
    /// What it imports, where it is a `use`.
    pub(super) import: Option<Use>,
}

impl Entry {
    /// An entry that is sorted by one text.
    pub(super) fn new(name: &str, key: &str, text: &str) -> Self {
        Entry { name: name.to_owned(), keys: vec![key_of(key)], text: text.to_owned(), import: None }
    }
}

/// The key of a plain text.
pub(super) fn key_of(text: &str) -> Key {
    vec![(0, text.to_owned())]
}

impl Item for Entry {
    fn name(&self) -> &str {
        &self.name
    }

    fn keys(&self) -> &[Key] {
        &self.keys
    }

    fn is(&self, other: &Self) -> bool {
        self.text == other.text
    }

    fn join(base: &Self, ours: &Self, theirs: &Self) -> Option<Self> {
        let (base, ours, theirs) = (base.import.as_ref()?, ours.import.as_ref()?, theirs.import.as_ref()?);
        Use::join(base, ours, theirs).map(Use::into_entry)
    }
}

/// A list in a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct List {
    /// What it lists, for people.
    pub(super) what: &'static str,
    /// Where it is.
    pub(super) range: Range<usize>,
    pub(super) entries: Vec<Entry>,
    /// What stands between two entries.
    pub(super) separator: &'static str,
    /// What stands behind the last one.
    pub(super) end: &'static str,
    pub(super) sorted: Sorted,
}

impl List {
    /// The text of a list with these entries.
    pub(super) fn print(&self, entries: &[Entry]) -> String {
        let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
        texts.join(self.separator) + self.end
    }

    /// Whether it has all entries of another list.
    pub(super) fn covers(&self, other: &List) -> bool {
        let has = |name: &str| self.entries.iter().any(|entry| entry.name == name);
        self.what == other.what && other.entries.iter().all(|entry| has(&entry.name))
    }
}

/// What both sides added to a list: all of it, each entry once, in the list's order.
///
/// None where a side removed, moved or changed an entry, where the list is not sorted, or where its order does not
/// tell what comes first.
pub(super) fn union<T: Item>(base: &[T], ours: &[T], theirs: &[T], sorted: Sorted) -> Option<Vec<T>> {
    if base.is_empty() || ![base, ours, theirs].into_iter().all(names_differ) {
        return None;
    }
    let (our_gaps, their_gaps) = (gaps(base, ours)?, gaps(base, theirs)?);
    let orders: Vec<usize> = match sorted {
        Sorted::Whole => {
            let orders = 0..base[0].keys().len();
            orders.filter(|&order| [base, ours, theirs].into_iter().all(|list| ascending(list, order))).collect()
        }
        Sorted::Around => vec![0],
    };
    let mut merged = Vec::new();
    for (place, (ours_new, theirs_new)) in our_gaps.into_iter().zip(their_gaps).enumerate() {
        let around = |new: &[T]| {
            let before = place.checked_sub(1).map(|i| base[i].clone());
            let list: Vec<T> = before.into_iter().chain(new.iter().cloned()).chain(base.get(place).cloned()).collect();
            ascending(&list, 0)
        };
        let both = !ours_new.is_empty() && !theirs_new.is_empty();
        let in_order = || in_order(base, place) && around(ours_new) && around(theirs_new);
        if sorted == Sorted::Around && both && !in_order() {
            return None;
        }
        merged.extend(gap(ours_new, theirs_new, &orders)?);
        if let Some(entry) = base.get(place) {
            merged.push(kept(entry, ours, theirs)?);
        }
    }
    names_differ(&merged).then_some(merged)
}

fn names_differ<T: Item>(list: &[T]) -> bool {
    let mut seen = HashMap::new();
    list.iter().all(|entry| seen.insert(entry.name(), ()).is_none())
}

fn ascending<T: Item>(list: &[T], order: usize) -> bool {
    list.windows(2).all(|pair| match (pair[0].keys().get(order), pair[1].keys().get(order)) {
        (Some(one), Some(two)) => one < two,
        _ => false,
    })
}

/// Whether a list is in order where something is put before the entry `place`.
fn in_order<T: Item>(base: &[T], place: usize) -> bool {
    let (from, to) = (place.saturating_sub(IN_ORDER), (place + IN_ORDER).min(base.len()));
    let longest = (from..to).filter_map(|start| {
        let ends = (start + 1..=to).filter(|&end| start <= place && end >= place && ascending(&base[start..end], 0));
        ends.map(|end| end - start).max()
    });
    longest.max().unwrap_or(0) >= IN_ORDER.min(base.len())
}

/// What a side has before, between and behind the entries of the base; none where it lacks one or moved one.
fn gaps<'a, T: Item>(base: &[T], side: &'a [T]) -> Option<Vec<&'a [T]>> {
    let mut gaps = Vec::with_capacity(base.len() + 1);
    let mut start = 0;
    for entry in base {
        let place = start + side[start..].iter().position(|other| other.name() == entry.name())?;
        gaps.push(&side[start..place]);
        start = place + 1;
    }
    gaps.push(&side[start..]);
    Some(gaps)
}

/// The entry of the base after both sides.
fn kept<T: Item>(base: &T, ours: &[T], theirs: &[T]) -> Option<T> {
    let find = |list: &[T]| list.iter().find(|entry| entry.name() == base.name()).cloned();
    let (ours, theirs) = (find(ours)?, find(theirs)?);
    if ours.is(base) && theirs.is(base) { Some(base.clone()) } else { T::join(base, &ours, &theirs) }
}

/// The new entries of both sides at one place, in an order that every order of the list agrees with.
fn gap<T: Item>(ours: &[T], theirs: &[T], orders: &[usize]) -> Option<Vec<T>> {
    let mut new: Vec<&T> = ours.iter().collect();
    for entry in theirs {
        match ours.iter().find(|known| known.name() == entry.name()) {
            Some(known) if known.is(entry) => {}
            Some(_) => return None,
            None => new.push(entry),
        }
    }
    if ours.is_empty() || new.len() == ours.len() && theirs.is_empty() {
        // Only one side adds here: its own order.
        let alone = if ours.is_empty() { theirs } else { ours };
        return (!orders.is_empty() || alone.is_empty()).then(|| alone.to_vec());
    }
    let mut agreed: Option<Vec<&T>> = None;
    for &order in orders {
        let mut sorted = new.clone();
        sorted.sort_by(|one, two| one.keys().get(order).cmp(&two.keys().get(order)));
        let strict = sorted.windows(2).all(|pair| pair[0].keys().get(order) < pair[1].keys().get(order));
        let same = |agreed: &Vec<&T>| agreed.iter().zip(&sorted).all(|(one, two)| one.name() == two.name());
        if !strict || !agreed.as_ref().is_none_or(same) {
            return None;
        }
        agreed = Some(sorted);
    }
    agreed.map(|list| list.into_iter().cloned().collect())
}
