// SPDX-License-Identifier: GPL-2.0-only

//! Commit objects, written byte for byte so that their ids are reproducible.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Oid;
use super::objects::{ObjectError, Objects};
use super::pack::Kind;
use crate::error::{Class, Explain};

/// A name and a mail address, `Name <mail>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The person's or group's name.
    pub name: String,
    /// The mail address.
    pub mail: String,
}

/// Not `Name <mail>`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an identity")]
pub struct IdentityError(String);

impl Explain for IdentityError {
    fn hint(&self) -> Option<String> {
        Some("write it as `Name <mail@host>`".into())
    }

    fn class(&self) -> Class {
        Class::Usage
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let bad = || IdentityError(text.to_owned());
        let (name, rest) = text.split_once('<').ok_or_else(bad)?;
        let (name, mail) = (name.trim(), rest.strip_suffix('>').ok_or_else(bad)?);
        let clean = |s: &str| !s.is_empty() && !s.contains(['<', '>']);
        if text.contains(['\n', '\0']) || !clean(name) || !clean(mail) || !mail.contains('@') || mail.contains(' ') {
            return Err(bad());
        }
        Ok(Identity { name: name.to_owned(), mail: mail.to_owned() })
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.mail)
    }
}

impl Serialize for Identity {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A commit that is to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Its tree.
    pub tree: Oid,
    /// Its parents, the first one first.
    pub parents: Vec<Oid>,
    /// Author and committer.
    pub author: Identity,
    /// Author's and committer's date, in seconds since 1970 (UTC).
    pub date: i64,
    /// The whole message; it ends in a newline.
    pub message: String,
}

impl Commit {
    /// The bytes of the commit object, without git's object header.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("tree {}\n", self.tree);
        for parent in &self.parents {
            text += &format!("parent {parent}\n");
        }
        text += &format!("author {} {} +0000\n", self.author, self.date);
        text += &format!("committer {} {} +0000\n", self.author, self.date);
        text += "\n";
        text += &self.message;
        text.into_bytes()
    }
}

/// What anybody's commit says, as far as merges need it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parsed {
    /// Its tree.
    pub tree: Oid,
    /// Its parents.
    pub parents: Vec<Oid>,
    /// The committer's date, in seconds since 1970.
    pub date: i64,
    /// The message; bytes that are no text are replaced.
    pub message: String,
}

impl Parsed {
    /// Reads a commit.
    pub fn read(objects: &mut Objects, commit: Oid) -> Result<Parsed, ObjectError> {
        let data = objects.read(commit, Kind::Commit)?;
        Parsed::parse(&data).ok_or(ObjectError::Malformed(commit, "commit"))
    }

    /// Reads the bytes of a commit.
    pub fn parse(data: &[u8]) -> Option<Parsed> {
        let text = String::from_utf8_lossy(data);
        let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
        let (mut tree, mut parents, mut date) = (None, Vec::new(), None);
        for line in head.lines() {
            match line.split_once(' ')? {
                ("tree", id) => tree = Some(id.parse().ok()?),
                ("parent", id) => parents.push(id.parse().ok()?),
                ("committer", who) => date = who.rsplit(' ').nth(1)?.parse().ok(),
                _ => {}
            }
        }
        Some(Parsed { tree: tree?, parents, date: date?, message: message.to_owned() })
    }

    /// The first line of the message.
    pub fn subject(&self) -> &str {
        self.message.trim_start().lines().next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities() {
        let id: Identity = "A Name <a@b.example>".parse().unwrap();
        assert_eq!(id.to_string(), "A Name <a@b.example>");
        for bad in ["", "A", "<a@b>", "A <>", "A <a b@c>", "A <a@b> x", "A\n <a@b>", "A <a>"] {
            assert!(bad.parse::<Identity>().is_err(), "{bad}");
        }
    }

    #[test]
    fn commits_of_others_are_read() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let signed = format!(
            "tree {id}\nparent {id}\nauthor A <a@b> 5 +0100\ncommitter C \u{e9} <c@d> 7 -0800\n\
             gpgsig -----BEGIN\n x\n \n -----END\n\nsubject\n\nbody\n"
        );
        let mut data = signed.into_bytes();
        data.push(0xff);
        let parsed = Parsed::parse(&data).unwrap();
        assert_eq!((parsed.date, parsed.subject(), parsed.parents.len()), (7, "subject", 1));
        for bad in ["", "tree x\n\n", &format!("tree {id}\n\n"), &format!("tree {id}\ncommitter\n\n")] {
            assert_eq!(Parsed::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
