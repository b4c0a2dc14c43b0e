// SPDX-License-Identifier: GPL-2.0-only

//! Object ids and the names of branches and topics: types, not strings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Class, Explain};

/// The id of a git object (SHA-1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid([u8; 20]);

impl Oid {
    /// The id that stands for "no object" in a reference transaction.
    pub const ZERO: Oid = Oid([0; 20]);

    /// An id from its 20 bytes.
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Oid(bytes)
    }

    /// The 20 bytes.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The first 12 digits, as kernel texts cite commits.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Oid {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let bad = || NameError::Oid(text.to_owned());
        if text.len() != 40 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 20];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Oid(bytes))
    }
}

impl Serialize for Oid {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A name that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// Not 40 hexadecimal digits.
    #[error("`{0}` is not an object id of 40 hexadecimal digits")]
    Oid(String),
    /// Not `owner/name`.
    #[error("`{0}` is not a topic name")]
    Topic(String),
    /// Not a branch name.
    #[error("`{0}` is not a branch name")]
    Branch(String),
}

impl Explain for NameError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            NameError::Oid(_) => "give the full id, as `git rev-parse` prints it".into(),
            NameError::Topic(_) => {
                "a topic is owner/name in lower-case letters, digits and `-`, for example rust/xarray".into()
            }
            NameError::Branch(_) => "see git-check-ref-format(1)".into(),
        })
    }

    fn class(&self) -> Class {
        Class::Usage
    }
}

/// The name of a topic: the tree that owns it and its own name, `owner/name`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TopicName(String);

impl TopicName {
    /// The tree that owns the topic, for example `driver-core`.
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The branch that carries the topic.
    pub fn branch(&self) -> BranchName {
        BranchName(format!("topic/{}", self.0))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TopicName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let part = |s: &str| {
            let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !s.is_empty() && s.chars().all(word) && !s.starts_with('-') && !s.ends_with('-')
        };
        match text.split_once('/') {
            Some((owner, name)) if part(owner) && part(name) => Ok(TopicName(text.to_owned())),
            _ => Err(NameError::Topic(text.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for TopicName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a branch, without `refs/heads/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct BranchName(String);

impl BranchName {
    /// The imported base.
    pub fn base() -> Self {
        BranchName("base".into())
    }

    /// Everything that goes to drm-next.
    pub fn next() -> Self {
        BranchName("drm-rust-next".into())
    }

    /// The resolutions of conflicts.
    pub fn rerere() -> Self {
        BranchName("drm-rust-rerere".into())
    }

    /// Everything that is on its way into Linux near this tree.
    pub fn tip() -> Self {
        BranchName("drm-rust-tip".into())
    }

    /// Fixes of what Linus's tree has.
    pub fn fixes() -> Self {
        BranchName("drm-rust-fixes".into())
    }

    /// Fixes of what drm-next has.
    pub fn next_fixes() -> Self {
        BranchName("drm-rust-next-fixes".into())
    }

    /// Whether it is one of the two branches of fixes, which people commit to.
    pub fn is_fixes(&self) -> bool {
        *self == Self::fixes() || *self == Self::next_fixes()
    }

    /// Whether the toolchain makes this branch, but not from the base and the manifests.
    pub fn is_of_other_commands(&self) -> bool {
        *self == Self::rerere() || *self == Self::tip()
    }

    /// Whether the toolchain makes this branch; it leaves all others alone.
    pub fn is_managed(&self) -> bool {
        const OURS: [&str; 5] = ["base", "drm-rust-next", "drm-rust-next-fixes", "drm-rust-fixes", "drm-rust-tip"];
        self.topic().is_some() || self.is_of_other_commands() || OURS.contains(&self.0.as_str())
    }

    /// The topic that the branch carries, if it is a topic branch.
    pub fn topic(&self) -> Option<TopicName> {
        self.0.strip_prefix("topic/")?.parse().ok()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full name of the reference.
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl FromStr for BranchName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let bad_char = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
        let bad_part = |p: &str| p.is_empty() || p.starts_with('.') || p.ends_with('.') || p.ends_with(".lock");
        if text.contains(bad_char)
            || text.contains("..")
            || text.contains("@{")
            || text.starts_with('-')
            || text.split('/').any(bad_part)
        {
            return Err(NameError::Branch(text.to_owned()));
        }
        Ok(BranchName(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for BranchName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_names() {
        for good in ["rust/xarray", "driver-core/bus2", "drm/kms"] {
            assert_eq!(good.parse::<TopicName>().unwrap().branch().as_str(), format!("topic/{good}"));
        }
        for bad in ["", "rust", "/x", "rust/", "rust/x/y", "Rust/x", "rust/../x", "rust/-x", "rust/x y", "rust/x.lock"]
        {
            assert!(bad.parse::<TopicName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn branch_names_follow_git() {
        for good in ["base", "topic/rust/jiffies", "a.b", "feature-1"] {
            assert!(good.parse::<BranchName>().is_ok(), "{good}");
        }
        for bad in ["", "a..b", "-x", ".a", "a/.b", "a.lock", "a b", "a~1", "a@{1}", "a//b", "a/", "a\n"] {
            assert!(bad.parse::<BranchName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn oids_round_trip() {
        let text = "0123456789abcdef0123456789abcdef01234567";
        let oid: Oid = text.parse().unwrap();
        assert_eq!(oid.to_string(), text);
        assert_eq!(oid.short(), "0123456789ab");
        for bad in ["", "0123", &"g".repeat(40), &"é".repeat(20)] {
            assert!(bad.parse::<Oid>().is_err());
        }
    }
}
