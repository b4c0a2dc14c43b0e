// SPDX-License-Identifier: GPL-2.0-only

//! What stands first on the page: how each part is, and what somebody should look at.

use super::{Data, Part, forward};

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// Something is wrong.
    Bad,
    /// Nobody knows: there are no results, or only old ones.
    Unknown,
    /// It cannot be wrong.
    Plain,
}

impl State {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Bad => "bad",
            State::Unknown => "unknown",
            State::Plain => "",
        }
    }

    /// Bad where something is, good where everything is known to be.
    pub fn of(bad: bool, good: bool) -> State {
        match (bad, good) {
            (true, _) => State::Bad,
            (false, true) => State::Good,
            (false, false) => State::Unknown,
        }
    }
}

/// A part in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The part's name on the page.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// How much of it is good.
    pub text: String,
    /// How it is.
    pub state: State,
}

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// The place on the page.
    pub place: String,
    /// What it is.
    pub text: String,
}

impl Attention {
    /// With the place that tells more.
    pub fn new(place: impl Into<String>, text: impl Into<String>) -> Attention {
        Attention { place: place.into(), text: text.into() }
    }
}

/// All parts in short.
pub fn tiles(data: &Data) -> Vec<Tile> {
    let tile = |id, title, summary: Option<(String, State)>| {
        let (text, state) = summary.unwrap_or_else(|| ("no data".into(), State::Unknown));
        Tile { id, title, text, state }
    };
    let of = |text: &str| (text.to_owned(), State::Plain);
    vec![
        tile("topics", "Topics", summary(&data.tree, |tree| tree.summary())),
        tile("forward", "Waiting", Some(forward::summary(&data.waiting))),
        tile("kunit", "KUnit", summary(&data.kunit, |matrix| matrix.summary())),
        tile("igt", "IGT", summary(&data.igt, |igt| igt.summary())),
        tile("checks", "Checks", summary(&data.checks, |checks| checks.summary())),
        tile("registry", "Registry", summary(&data.registry, |registry| registry.summary())),
        tile("picture", "Picture", summary(&data.picture, |_| of("of rvkms"))),
    ]
}

fn summary<T>(part: &Part<T>, of: impl Fn(&T) -> (String, State)) -> Option<(String, State)> {
    part.as_ref().ok().map(of)
}

/// Everything that somebody should look at, in the order of the page.
pub fn attention(data: &Data) -> Vec<Attention> {
    let mut all = Vec::new();
    all.extend(data.tree.iter().flat_map(|tree| tree.attention()));
    all.extend(data.kunit.iter().flat_map(|matrix| matrix.attention()));
    all.extend(data.igt.iter().flat_map(|igt| igt.attention()));
    all.extend(data.checks.iter().flat_map(|checks| checks.attention()));
    all.extend(data.registry.iter().flat_map(|registry| registry.attention()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bad_counts_more_than_what_is_not_known() {
        let states = [(true, false), (true, true), (false, true), (false, false)].map(|(b, g)| State::of(b, g).name());
        assert_eq!(states, ["bad", "bad", "good", "unknown"]);
    }
}
