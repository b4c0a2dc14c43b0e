// SPDX-License-Identifier: GPL-2.0-only

//! What became of an area: it follows from what was found, nobody writes it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The status of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The base has all that the area asks for.
    Upstream,
    /// A topic adds to what the base has.
    Carried,
    /// The base has a part, and no topic adds to it.
    Partial,
    /// There is nothing yet.
    Wanted,
}

impl Status {
    /// Every status, from best to worst.
    pub const ALL: [Status; 4] = [Status::Upstream, Status::Carried, Status::Partial, Status::Wanted];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Status::Upstream => "upstream",
            Status::Carried => "carried",
            Status::Partial => "partial",
            Status::Wanted => "wanted",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Status::ALL.into_iter().find(|status| status.name() == text);
        found.ok_or_else(|| format!("`{text}` is no status"))
    }
}

/// Where a piece of evidence was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// In the base.
    Base,
    /// In a topic's branch, but not in the base.
    Topic,
    /// Nowhere.
    Nowhere,
}

/// The status that follows from where a row's evidence and what its topics carry were found, and from whether
/// something lacks.
pub fn compute(evidence: &[Held], carried: &[Held], lacks: bool) -> Status {
    let all = || evidence.iter().chain(carried);
    if carried.contains(&Held::Topic) {
        Status::Carried
    } else if !all().any(|held| *held == Held::Base) {
        Status::Wanted
    } else if lacks || all().any(|held| *held == Held::Nowhere) {
        Status::Partial
    } else {
        Status::Upstream
    }
}

#[cfg(test)]
mod tests {
    use super::Held::*;
    use super::*;

    #[test]
    fn statuses_follow_from_what_is_found() {
        for (evidence, carried, lacks, status) in [
            (&[Base, Base][..], &[][..], false, Status::Upstream),
            (&[Base], &[], true, Status::Partial),
            (&[Base, Nowhere], &[], false, Status::Partial),
            (&[Nowhere], &[], false, Status::Wanted),
            (&[], &[], true, Status::Wanted),
            (&[Base], &[Topic], true, Status::Carried),
            (&[], &[Base, Topic], false, Status::Carried),
            (&[Base], &[Base], false, Status::Upstream),
            (&[Base], &[Base], true, Status::Partial),
            (&[], &[Nowhere], false, Status::Wanted),
        ] {
            assert_eq!(compute(evidence, carried, lacks), status, "{evidence:?} {carried:?} {lacks}");
        }
    }

    #[test]
    fn words_and_statuses_are_one_to_one() {
        for status in Status::ALL {
            assert_eq!(status.name().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        }
        assert!("merged".parse::<Status>().is_err());
    }
}
