// SPDX-License-Identifier: GPL-2.0-only

//! A commit message as a manifest has it: the inverse of [`Manifest::message_of`](super::manifest::Manifest::message_of).

use super::validate::is_trailer;

/// The parts of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The first paragraph, in one line.
    pub subject: String,
    /// What stands between subject and trailers: whole lines, or nothing.
    pub body: String,
    /// The trailers, each in one line.
    pub trailers: Vec<String>,
}

impl Message {
    /// Takes a message apart.
    pub fn split(text: &str) -> Message {
        let text = text.trim();
        let (first, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let subject = first.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let rest = rest.trim_matches('\n');
        let (above, last) = rest.rsplit_once("\n\n").unwrap_or(("", rest));
        let (body, trailers) = match block(last) {
            Some((notes, trailers)) => {
                let parts = [above.trim_matches('\n'), &notes];
                let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                (parts.join("\n\n"), trailers)
            }
            None => (rest.to_owned(), Vec::new()),
        };
        Message { subject, body: if body.is_empty() { body } else { body + "\n" }, trailers }
    }

    /// The trailers but for those that every patch of the topic gets after its own.
    pub fn own_trailers(&self, common: &[String]) -> Vec<String> {
        match self.trailers.strip_suffix(common) {
            Some(own) => own.to_vec(),
            None => self.trailers.iter().filter(|trailer| !common.contains(trailer)).cloned().collect(),
        }
    }
}

/// A paragraph of trailers: the notes in brackets that maintainers put between them, and the trailers.
fn block(paragraph: &str) -> Option<(String, Vec<String>)> {
    let mut notes = Vec::new();
    let mut trailers: Vec<String> = Vec::new();
    for line in paragraph.lines() {
        match line {
            line if line.starts_with([' ', '\t']) && !trailers.is_empty() => {
                let last = trailers.last_mut().expect("there is one");
                *last += &format!(" {}", line.trim());
            }
            line if is_trailer(line.trim_end()) => trailers.push(line.trim_end().to_owned()),
            line if line.starts_with('[') && line.trim_end().ends_with(']') => notes.push(line),
            _ => return None,
        }
    }
    if trailers.is_empty() { None } else { Some((notes.join("\n"), trailers)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::topic::manifest::{Manifest, Patch};

    fn split(text: &str) -> (String, String, Vec<String>) {
        let Message { subject, body, trailers } = Message::split(text);
        (subject, body, trailers)
    }

    #[test]
    fn messages_are_taken_apart() {
        let of = |subject: &str, body: &str, trailers: &[&str]| {
            (subject.to_owned(), body.to_owned(), trailers.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(split("a: b\n\nWhy.\n\nFixes: 1\nLink: u\n"), of("a: b", "Why.\n", &["Fixes: 1", "Link: u"]));
        assert_eq!(split("a: b\n"), of("a: b", "", &[]));
        assert_eq!(split("a: b\n\nLink: u\n"), of("a: b", "", &["Link: u"]));
        assert_eq!(split("a: b\ngoes on\n\n\nOne.\n\n\nTwo.\n"), of("a: b goes on", "One.\n\n\nTwo.\n", &[]));
        assert_eq!(
            split("a: b\n\nThis\nFixes: what\nwas wrong.\n"),
            of("a: b", "This\nFixes: what\nwas wrong.\n", &[])
        );
        let noted = "a: b\n\nWhy.\n\nCc: a\n b\n[m: fix a typo]\nLink: u\n";
        assert_eq!(split(noted), of("a: b", "Why.\n\n[m: fix a typo]\n", &["Cc: a b", "Link: u"]));
    }

    #[test]
    fn trailers_of_the_topic_are_not_repeated() {
        let message = |trailers: &[&str]| {
            let trailers = trailers.iter().map(|trailer| (*trailer).to_owned()).collect();
            Message { subject: String::new(), body: String::new(), trailers }
        };
        let common = ["S: m".to_owned()];
        assert_eq!(message(&["S: a", "S: m"]).own_trailers(&common), ["S: a"]);
        assert_eq!(message(&["S: m", "R: b", "S: m"]).own_trailers(&common), ["S: m", "R: b"]);
        assert_eq!(message(&["S: m", "R: b"]).own_trailers(&common), ["R: b"]);
        assert_eq!(message(&["R: b"]).own_trailers(&common), ["R: b"]);
    }

    proptest! {
        /// What a manifest says comes back from the commit that was made of it.
        #[test]
        fn a_message_comes_back(
            subject in "[a-z]{1,9}: [a-z]{1,9}( [a-z]{1,9}){0,4}",
            body in "([A-Z][a-z .]{0,20}[a-z.]\n{1,2}){0,4}",
            own in prop::collection::vec("(Link|Acked-by): [a-z]{1,9}", 0..3),
            common in prop::collection::vec("Signed-off-by: [a-z]{1,3}", 0..3),
        ) {
            let body = body.trim_matches('\n');
            let body = if body.is_empty() { String::new() } else { format!("{body}\n") };
            let date = "2026-01-01T00:00:00Z".parse().unwrap();
            let patch = Patch {
                subject, body, author: None, date, trailers: own, deletes: vec![], renames: vec![],
                files: vec![], edits: vec![]
            };
            let head = format!("title='t'\nsummary='s'\nauthor='A <a@b.example>'\ntrailers={common:?}\n");
            let manifest = Manifest::parse(&head).unwrap();
            let message = Message::split(&manifest.message_of(&patch));
            prop_assert_eq!(message.own_trailers(&common), patch.trailers);
            prop_assert_eq!((message.subject, message.body), (patch.subject, patch.body));
        }
    }
}
