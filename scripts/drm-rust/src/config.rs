// SPDX-License-Identifier: GPL-2.0-only

//! What all data files of the toolchain have in common.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// Reads a TOML date-time with an offset, such as `2026-11-20T10:00:00Z`.
pub fn timestamp<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
    let date = toml::value::Datetime::deserialize(d)?.to_string();
    date.parse().map_err(|_| serde::de::Error::custom(format!("`{date}` is no date with a time and `Z`")))
}
