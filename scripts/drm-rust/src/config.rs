// SPDX-License-Identifier: GPL-2.0-only

//! What all data files of the toolchain have in common.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// Reads a TOML date-time with an offset, such as `2026-11-20T10:00:00Z`.
pub fn timestamp<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
    let date = toml::value::Datetime::deserialize(d)?.to_string();
    let parsed: Timestamp =
        date.parse().map_err(|_| serde::de::Error::custom(format!("`{date}` is no date with a time and `Z`")))?;
    match is_of_git(parsed) {
        true => Ok(parsed),
        false => Err(serde::de::Error::custom(format!("`{date}` is before 1970, where git's dates begin"))),
    }
}

/// Whether a commit can have a date: git has none before 1970.
pub fn is_of_git(date: Timestamp) -> bool {
    date >= Timestamp::UNIX_EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Data {
        #[serde(deserialize_with = "timestamp")]
        date: Timestamp,
    }

    #[test]
    fn dates_are_those_of_commits() {
        let read = |date: &str| toml::from_str::<Data>(&format!("date = {date}")).map_err(|error| error.to_string());
        assert_eq!(read("1970-01-01T00:00:00Z").unwrap().date, Timestamp::UNIX_EPOCH);
        for (date, why) in [
            ("1969-12-31T23:59:59Z", "is before 1970, where git's dates begin"),
            ("1970-01-01T00:00:00+01:00", "is before 1970"),
            ("2026-01-01", "is no date with a time and `Z`"),
        ] {
            let told = read(date).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
