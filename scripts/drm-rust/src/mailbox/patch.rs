// SPDX-License-Identifier: GPL-2.0-only

//! The commit message of a patch that came by mail, as `git am` takes it.

use super::{Mail, Subject, one_line};

/// Subject and body, without `[PATCH …]` and without what stands below `---`.
pub fn message(mail: &Mail) -> String {
    let body = mail.text.split("\n---\n").next().unwrap_or_default();
    let body = match body.find("\ndiff --git ") {
        Some(end) => &body[..end],
        None => body,
    };
    // A patch of somebody else begins with its author.
    let body = body.trim_start();
    let body = match body.split_once('\n') {
        Some((first, rest)) if first.starts_with("From: ") => rest,
        _ => body,
    };
    format!("{}\n\n{}\n", Subject::parse(&mail.subject).text, body.trim())
}

/// Who wrote a patch: the first line of the text tells where somebody else sent it.
pub fn author(mail: &Mail) -> (String, String) {
    let first = mail.text.trim_start().lines().next().unwrap_or_default();
    let named = first.strip_prefix("From: ").and_then(|who| who.trim().strip_suffix('>')?.rsplit_once('<'));
    let plain = |name: &str| one_line(name.trim().trim_matches('"'));
    named.map_or_else(|| mail.from.clone(), |(name, address)| (plain(name), one_line(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, text: &str) -> Mail {
        let from = ("A".to_owned(), "a@b.example".to_owned());
        Mail { id: None, from, subject: subject.into(), text: text.into() }
    }

    #[test]
    fn the_message_ends_at_the_line() {
        let text = "From: B <b@b.example>\n\nWhy.\n\nFixes: 1\n---\nv2: more\n\ndiff --git a/a b/a\n";
        assert_eq!(message(&mail("[PATCH v2 1/2] rust: a: add", text)), "rust: a: add\n\nWhy.\n\nFixes: 1\n");
        assert_eq!(author(&mail("x: y", text)), ("B".into(), "b@b.example".into()));
        assert_eq!(author(&mail("x: y", "Why.\n\nFrom: B <b@b.example>\n")), ("A".into(), "a@b.example".into()));
        assert_eq!(message(&mail("Re: [PATCH] [RFC] x: y", "Why.\ndiff --git a/a b/a\n")), "x: y\n\nWhy.\n");
        assert_eq!(message(&mail("x: [y] z", "")), "x: [y] z\n\n\n");
    }
}
