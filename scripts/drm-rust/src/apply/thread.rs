// SPDX-License-Identifier: GPL-2.0-only

//! The mails of a thread as b4 is given them: with message ids, and subjects that it reads.

use sha2::{Digest, Sha256};

use crate::mailbox::letter::Letter;

/// Where ids come from that are no ids of mails.
const NO_HOST: &str = "no-message-id.invalid";

/// A thread.
pub(super) struct Thread {
    /// Its mails, each with an id.
    pub(super) mails: Vec<Letter>,
    /// What was changed.
    pub(super) notes: Vec<String>,
}

impl Thread {
    /// Prepares mails. `git format-patch` gives none of its files an id, and patchwork writes subjects of its own.
    pub(super) fn new(mails: Vec<Letter>) -> Thread {
        let mut notes = Vec::new();
        let prepared = mails.into_iter().enumerate().map(|(n, mail)| {
            let mail = match mail.subject.rewritten() {
                Some(subject) => {
                    notes.push(format!("a subject is read as \"{subject}\""));
                    mail.with_header("Subject", &subject)
                }
                None => mail,
            };
            match mail.id {
                Some(_) => mail,
                None => {
                    let id = format!("{}@{NO_HOST}", n + 1);
                    let mut mail = mail.with_header("Message-ID", &format!("<{id}>"));
                    mail.id = Some(id);
                    mail
                }
            }
        });
        let mails: Vec<Letter> = prepared.collect();
        if mails.iter().any(|mail| mail.subject.is_patch() && mail.id.as_deref().is_some_and(is_made_up)) {
            notes.push("mails without a Message-ID get no Link:".to_owned());
        }
        Thread { mails, notes }
    }

    /// The revision that a message is of, or the first patch of the thread.
    pub(super) fn revision(&self, id: Option<&str>) -> Option<usize> {
        let is_asked = |mail: &&Letter| match id {
            Some(id) => mail.id.as_deref() == Some(id),
            None => true,
        };
        let patch = self.mails.iter().filter(is_asked).find(|mail| mail.subject.is_patch())?;
        Some(patch.subject.revision.unwrap_or(1))
    }

    /// The mail that has an id.
    pub(super) fn find(&self, id: &str) -> Option<&Letter> {
        self.mails.iter().find(|mail| mail.id.as_deref() == Some(id))
    }

    /// All mails with something between them that none of them can have: their own digest.
    pub(super) fn joined(&self) -> (Vec<u8>, String) {
        let mut digest = Sha256::new();
        self.mails.iter().for_each(|mail| digest.update(&mail.bytes));
        let separator = format!("\n--drm-rust-{:x}--\n", digest.finalize());
        let mails: Vec<&[u8]> = self.mails.iter().map(|mail| &*mail.bytes).collect();
        (mails.join(separator.as_bytes()), separator)
    }
}

/// Whether an id was made up for a mail without one.
pub(super) fn is_made_up(id: &str) -> bool {
    id.ends_with(NO_HOST)
}

/// Whether a trailer or a line of b4 names such an id.
pub(super) fn names_made_up(line: &str) -> bool {
    line.trim_end().ends_with(NO_HOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::letter::mailbox;

    #[test]
    fn the_revision_of_a_message_is_found() {
        let mail = |id: &str, subject: &str| {
            format!("From x Fri Jan  2 10:00:00 2026\nMessage-ID:\n <{id}>\nSubject: {subject}\n\ntext\n\n")
        };
        let mails =
            mail("r@x", "Re: [PATCH v9] x: y") + &mail("a@x", "[PATCHv3\n 1/1] x: y") + &mail("b@x", "[PATCH] x: y");
        let thread = Thread::new(mailbox(mails.as_bytes()).unwrap());
        assert_eq!(thread.revision(Some("b@x")), Some(1));
        assert_eq!(thread.revision(Some("a@x")), Some(3));
        assert_eq!(thread.revision(Some("c@x")), None);
        assert_eq!(thread.revision(Some("r@x")), None);
        assert_eq!(thread.revision(None), Some(3));
        assert!(thread.notes.is_empty());
    }

    #[test]
    fn what_is_missing_is_made_up() {
        let mail = "From: A <a@x>\nSubject: [v2,1/1] x: y\n\n--drm-rust-0--\n";
        let thread = Thread::new(mailbox(mail.as_bytes()).unwrap());
        assert_eq!(
            thread.notes,
            ["a subject is read as \"[PATCH v2 1/1] x: y\"", "mails without a Message-ID get no Link:"]
        );
        let (joined, separator) = thread.joined();
        let text = String::from_utf8(joined).unwrap();
        assert!(separator.starts_with("\n--drm-rust-") && separator.ends_with("--\n"), "{separator}");
        assert!(
            text.contains("Message-ID: <1@no-message-id.invalid>\n") && text.contains("Subject: [PATCH v2 1/1] x: y\n")
        );
        assert!(thread.find("1@no-message-id.invalid").is_some() && is_made_up("1@no-message-id.invalid"));
    }
}
