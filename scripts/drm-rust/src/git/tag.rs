// SPDX-License-Identifier: GPL-2.0-only

//! Tag objects, read as they are: what is verified, compared and merged is one object, whatever names lead to it.

use super::Oid;

/// The lines that a signature begins with, in every format that git knows.
const SIGNATURES: [&str; 4] = [
    "-----BEGIN PGP SIGNATURE-----",
    "-----BEGIN PGP MESSAGE-----",
    "-----BEGIN SIGNED MESSAGE-----",
    "-----BEGIN SSH SIGNATURE-----",
];

/// What a tag object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagObject {
    /// The object that it names.
    pub object: Oid,
    /// The kind of that object.
    pub kind: String,
    /// The name that it gives itself.
    pub name: String,
    /// Its message without the signature.
    pub message: String,
    /// Whether it has a signature, good or not.
    pub is_signed: bool,
}

impl TagObject {
    /// Reads an object; none where it is not well-formed.
    pub fn parse(bytes: &[u8]) -> Option<TagObject> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end_matches('\n'), ""));
        let mut lines = head.lines();
        let mut field = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ').map(str::to_owned);
        let (object, kind, name) = (field("object")?, field("type")?, field("tag")?);
        // As git does: the last one counts.
        let mut at = 0;
        let mut signature = None;
        for line in body.split_inclusive('\n') {
            signature = if SIGNATURES.iter().any(|mark| line.starts_with(mark)) { Some(at) } else { signature };
            at += line.len();
        }
        let message = body[..signature.unwrap_or(body.len())].trim().to_owned();
        Some(TagObject { object: object.parse().ok()?, kind, name, message, is_signed: signature.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        let id = "1".repeat(40);
        let text = format!("object {id}\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\nThe subject\n\nBody.\n");
        let tag = TagObject::parse(text.as_bytes()).unwrap();
        assert_eq!((tag.object.to_string(), &*tag.kind, &*tag.name), (id, "commit", "v1"));
        assert_eq!((&*tag.message, tag.is_signed), ("The subject\n\nBody.", false));
        for mark in SIGNATURES {
            let tag = TagObject::parse(format!("{text}{mark}\nabc\n").as_bytes()).unwrap();
            assert_eq!((&*tag.message, tag.is_signed), ("The subject\n\nBody.", true));
        }
    }

    #[test]
    fn what_is_no_tag_is_none() {
        for bad in ["", "object 1\ntype commit\ntag x\n\n", "tree 1\n", "type commit\nobject 1\n", "object", "\n\n"] {
            assert_eq!(TagObject::parse(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
