// SPDX-License-Identifier: GPL-2.0-only

//! Linus's releases and release candidates, by their tags.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// After this minor version the major one has been raised, since v3.19.
const LAST_MINOR: u32 = 19;

/// A release of Linus, or a candidate of one: `v7.4`, `v7.4-rc3`, and `v2.6.39` of old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    major: u32,
    minor: u32,
    /// Only 2.6 had one; elsewhere it belongs to stable releases.
    patch: u32,
    /// The candidate; the release itself comes after all of them.
    candidate: u32,
}

/// Greater than each candidate.
const FINAL: u32 = u32::MAX;

impl Release {
    /// The number of the candidate; none where it is the release.
    pub fn candidate(self) -> Option<u32> {
        (self.candidate != FINAL).then_some(self.candidate)
    }

    /// The release that a candidate leads to.
    pub fn release(self) -> Release {
        Release { candidate: FINAL, ..self }
    }

    /// The release after this one, as far as versions follow custom.
    pub fn next(self) -> Release {
        let (major, minor) = if self.minor >= LAST_MINOR { (self.major + 1, 0) } else { (self.major, self.minor + 1) };
        Release { major, minor, patch: 0, candidate: FINAL }
    }
}

/// A tag that is not one of Linus's releases.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no release of Linus", .0.escape_debug())]
pub struct NoRelease(String);

impl FromStr for Release {
    type Err = NoRelease;

    fn from_str(text: &str) -> Result<Self, NoRelease> {
        let number = |text: &str| -> Option<u32> {
            let is_plain = !text.is_empty() && text.len() <= 4 && text.chars().all(|c| c.is_ascii_digit());
            text.parse().ok().filter(|_| is_plain && (text == "0" || !text.starts_with('0')))
        };
        let parse = || {
            let text = text.strip_prefix('v')?;
            let (version, candidate) = match text.split_once("-rc") {
                Some((version, candidate)) => (version, number(candidate).filter(|candidate| *candidate > 0)?),
                None => (text, FINAL),
            };
            let parts: Vec<u32> = version.split('.').map(number).collect::<Option<_>>()?;
            match parts[..] {
                [2, 6, patch] => Some(Release { major: 2, minor: 6, patch, candidate }),
                [major, minor] if major >= 3 => Some(Release { major, minor, patch: 0, candidate }),
                _ => None,
            }
        };
        parse().ok_or_else(|| NoRelease(text.to_owned()))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)?;
        if self.major == 2 {
            write!(f, ".{}", self.patch)?;
        }
        self.candidate().map_or(Ok(()), |candidate| write!(f, "-rc{candidate}"))
    }
}

impl Serialize for Release {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_linus_are_told_from_others() {
        for good in ["v7.4", "v7.4-rc1", "v6.19-rc10", "v3.0", "v2.6.39", "v2.6.12-rc2"] {
            assert_eq!(good.parse::<Release>().unwrap().to_string(), good);
        }
        for bad in ["", "v7", "7.4", "v7.3.4", "v7.4-rc", "v7.4-rc0", "v7.4-rc1-dirty", "v7.04", "v2.4.1", "v7.4-drm"] {
            assert!(bad.parse::<Release>().is_err(), "{bad}");
        }
        assert!("v99999.1".parse::<Release>().is_err());
    }

    #[test]
    fn candidates_come_before_the_release() {
        let mut tags =
            ["v7.10", "v7.9", "v7.10-rc2", "v7.10-rc10", "v8.0-rc1", "v2.6.39"].map(|t| t.parse::<Release>().unwrap());
        tags.sort();
        let order: Vec<String> = tags.iter().map(ToString::to_string).collect();
        assert_eq!(order, ["v2.6.39", "v7.9", "v7.10-rc2", "v7.10-rc10", "v7.10", "v8.0-rc1"]);
        assert_eq!("v7.4-rc3".parse::<Release>().unwrap().release().to_string(), "v7.4");
        assert_eq!("v7.4-rc3".parse::<Release>().unwrap().next().to_string(), "v7.5");
        assert_eq!("v6.19".parse::<Release>().unwrap().next().to_string(), "v7.0");
    }
}
