// SPDX-License-Identifier: GPL-2.0-only

//! The commit message of a patch that came by mail, as `git am` takes it.

use super::Mail;

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
    format!("{}\n\n{}\n", subject(&mail.subject), body.trim())
}

/// A subject without what stands in brackets before it.
fn subject(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let rest = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((_, rest)) => rest,
            None => match text.get(..3) {
                Some(prefix) if prefix.eq_ignore_ascii_case("re:") => &text[3..],
                _ => return text,
            },
        };
        text = rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, text: &str) -> Mail {
        let from = ("A".to_owned(), "a@b.example".to_owned());
        Mail { id: "1@b.example".into(), from, subject: subject.into(), text: text.into() }
    }

    #[test]
    fn the_message_ends_at_the_line() {
        let text = "From: B <b@b.example>\n\nWhy.\n\nFixes: 1\n---\nv2: more\n\ndiff --git a/a b/a\n";
        assert_eq!(message(&mail("[PATCH v2 1/2] rust: a: add", text)), "rust: a: add\n\nWhy.\n\nFixes: 1\n");
        assert_eq!(message(&mail("Re: [PATCH] [RFC] x: y", "Why.\ndiff --git a/a b/a\n")), "x: y\n\nWhy.\n");
        assert_eq!(message(&mail("x: [y] z", "")), "x: [y] z\n\n\n");
    }
}
