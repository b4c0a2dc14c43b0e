// SPDX-License-Identifier: GPL-2.0-only

//! Who may sign the tags of a tree.

use std::str::FromStr;

use serde::Deserialize;

/// Somebody who may sign: a key by its fingerprint, or a principal of gpg.ssh.allowedSignersFile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer(String);

impl Signer {
    /// Whether a signature has this id: the fingerprint of its key, or its principal.
    pub fn is(&self, id: &str) -> bool {
        self.0 == id
    }
}

impl FromStr for Signer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = |why: &str| Err(format!("`{}` is no signer: {why}", text.escape_debug()));
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return match digits.len() {
                40 | 64 => Ok(Signer(digits.to_ascii_uppercase())),
                // Others can make a key with the same end.
                _ => bad("a key of gpg is named by all 40 or 64 digits of its fingerprint"),
            };
        }
        if let Some(hash) = text.strip_prefix("SHA256:") {
            let is_base64 = hash.chars().all(|c| c.is_ascii_alphanumeric() || "+/".contains(c));
            return match hash.len() {
                43 if is_base64 => Ok(Signer(text.to_owned())),
                _ => bad("a key of ssh is named as `ssh-keygen -l` does it, SHA256: and 43 characters"),
            };
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,*?!".contains(c)) || !text.contains('@') {
            return bad("give a fingerprint, or a principal such as name@host, as gpg.ssh.allowedSignersFile has it");
        }
        Ok(Signer(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Signer {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_and_principals_are_signers() {
        let spaced = "0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567";
        assert!(spaced.parse::<Signer>().unwrap().is("0123456789ABCDEF0123456789ABCDEF01234567"));
        let ssh = format!("SHA256:{}", "a".repeat(43));
        assert!(ssh.parse::<Signer>().unwrap().is(&ssh));
        assert!("name@host.example".parse::<Signer>().unwrap().is("name@host.example"));
    }

    #[test]
    fn what_could_be_several_is_refused() {
        for bad in ["", "0123456789ABCDEF", "SHA256:abc", "MD5:aa:bb", "*@host", "a@b,c@d", "A <a@b>", "name", "a@b\n"]
        {
            assert!(bad.parse::<Signer>().is_err(), "{bad:?}");
        }
    }
}
