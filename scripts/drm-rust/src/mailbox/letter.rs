// SPDX-License-Identifier: GPL-2.0-only

//! The mails of mailboxes and Maildirs: their bytes, and what their headers say.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::MessageParser;

use super::{LARGEST, MailError, Subject, split};
use crate::error::{FileContext, FileError};

/// The most mails that are read: ten times a long thread.
const MOST_MAILS: usize = 5_000;
/// The longest headers of a mail (bytes).
const LONGEST_HEAD: usize = 128 << 10;
/// The longest subject (bytes).
const LONGEST_SUBJECT: usize = 2_000;
/// The most parts of a mail, nested or not.
const MOST_PARTS: usize = 100;

/// A mail as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// All of it, with `\n` at the end of lines.
    pub bytes: Vec<u8>,
    /// Its message id, where it has one.
    pub id: Option<String>,
    /// Its subject.
    pub subject: Subject,
}

/// The mails of a mailbox, or the one mail that it is.
pub fn mailbox(bytes: &[u8]) -> Result<Vec<Letter>, MailError> {
    if bytes.len() > LARGEST {
        return Err(MailError::TooLarge(bytes.len()));
    }
    letters(split::mails(bytes))
}

/// Whether a folder is a Maildir.
pub fn is_maildir(dir: &Path) -> bool {
    ["cur", "new", "tmp"].iter().all(|name| dir.join(name).is_dir())
}

/// What a Maildir has, by the names of its files, and no more than a thread can have.
pub fn maildir(dir: &Path) -> Result<Vec<Vec<u8>>, FileError> {
    let mut paths = Vec::new();
    for dir in [dir.join("cur"), dir.join("new")] {
        for entry in fs::read_dir(&dir).at("read", &dir)? {
            paths.push(entry.at("read", &dir)?.path());
        }
    }
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    paths.retain(|path| !is_hidden(path) && path.is_file());
    paths.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    let mut mails = Vec::new();
    let mut size = 0;
    for path in paths.iter().take(MOST_MAILS + 1) {
        let bytes = fs::File::open(path).and_then(super::read).at("read", path)?;
        size += bytes.len();
        mails.extend(split::one(&bytes));
        if size > LARGEST {
            break;
        }
    }
    Ok(mails)
}

/// Mails of which each has its own bytes.
pub fn letters(mails: Vec<Vec<u8>>) -> Result<Vec<Letter>, MailError> {
    let size = mails.iter().map(Vec::len).sum();
    if size > LARGEST {
        return Err(MailError::TooLarge(size));
    }
    if mails.len() > MOST_MAILS {
        return Err(MailError::TooMany(mails.len()));
    }
    mails.into_iter().map(Letter::read).collect()
}

impl Letter {
    fn read(bytes: Vec<u8>) -> Result<Letter, MailError> {
        bounded(&bytes)?;
        let message = MessageParser::default().parse_headers(head(&bytes));
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let (id, subject) = match &message {
            Some(message) => (message.message_id().map(str::to_owned), text(message.subject())),
            None => (None, String::new()),
        };
        Ok(Letter { id, subject: Subject::parse(&subject), bytes })
    }

    /// With another value of a header, or one that it lacks.
    pub fn with_header(mut self, name: &str, value: &str) -> Letter {
        let head = head(&self.bytes);
        let is_named = |line: &[u8]| {
            line.split(|b| *b == b':').next().is_some_and(|key| key.eq_ignore_ascii_case(name.as_bytes()))
        };
        let mut bytes = format!("{name}: {}\n", encoded(value)).into_bytes();
        let mut is_left_out = false;
        for line in head.split_inclusive(|byte| *byte == b'\n') {
            let is_continued = line.starts_with(b" ") || line.starts_with(b"\t");
            is_left_out = if is_continued { is_left_out } else { is_named(line) };
            if !is_left_out {
                bytes.extend(line);
            }
        }
        bytes.extend(&self.bytes[head.len()..]);
        self.bytes = bytes;
        self
    }
}

/// The headers of a mail, without the empty line below them.
fn head(mail: &[u8]) -> &[u8] {
    let mut end = 0;
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            break;
        }
        end += line.len();
    }
    &mail[..end]
}

/// A value as headers have it: words of RFC 2047, where it has letters beyond ASCII.
fn encoded(value: &str) -> String {
    if value.is_ascii() {
        return value.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for letter in value.chars() {
        if words.last().is_some_and(|word| word.len() + letter.len_utf8() > 45) {
            words.push(String::new());
        }
        words.last_mut().expect("there is one").push(letter);
    }
    words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect::<Vec<_>>().join("\n ")
}

/// Refuses what no mail of a person is: programs that read mail would need minutes and gigabytes for it.
pub(super) fn bounded(mail: &[u8]) -> Result<(), MailError> {
    if mail.len() > LARGEST {
        return Err(MailError::TooLarge(mail.len()));
    }
    let head = head(mail);
    if head.len() > LONGEST_HEAD {
        return Err(MailError::LongHead(head.len()));
    }
    let is_named =
        |line: &[u8], name: &str| line.get(..name.len()).is_some_and(|key| key.eq_ignore_ascii_case(name.as_bytes()));
    let mut subject = 0;
    let mut is_subject = false;
    for line in head.split(|byte| *byte == b'\n') {
        is_subject = is_named(line, "subject:") || (is_subject && line.starts_with(b" "));
        subject += if is_subject { line.len() } else { 0 };
    }
    if subject > LONGEST_SUBJECT {
        return Err(MailError::LongSubject(subject));
    }
    let parts = mail.split(|byte| *byte == b'\n').filter(|line| is_named(line, "content-type:")).count();
    if parts > MOST_PARTS { Err(MailError::Parts(parts)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str =
        "From: A <a@b.example>\nSubject: [PATCH v2 1/2]\n x: y\nMessage-ID:\n <1@b.example>\n\ntext\n\nSubject: z\n";

    fn letter(text: &str) -> Letter {
        Letter::read(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn headers_are_read_and_changed() {
        let mail = letter(MAIL);
        assert_eq!((mail.id.as_deref(), &*mail.subject.text), (Some("1@b.example"), "x: y"));
        let changed = mail.clone().with_header("Subject", "ä: é").with_header("message-id", "<2@b.example>");
        let again = Letter::read(changed.bytes.clone()).unwrap();
        assert_eq!((again.id.as_deref(), &*again.subject.text), (Some("2@b.example"), "ä: é"));
        let text = String::from_utf8(changed.bytes).unwrap();
        assert!(text.ends_with("From: A <a@b.example>\n\ntext\n\nSubject: z\n") && text.is_ascii(), "{text}");
        let long = letter(MAIL).with_header("Subject", &"ä".repeat(200));
        assert_eq!(Letter::read(long.bytes).unwrap().subject.text, "ä".repeat(200));
        assert_eq!(letter("no header\n").id, None);
        assert_eq!(letter("X: y\n\nMessage-ID: <1@x>\n").id, None, "it is in the text");
    }

    #[test]
    fn bombs_are_refused() {
        let head = "From: A <a@b.example>\nSubject: x\n";
        let refused = |text: &str| mailbox(text.as_bytes()).unwrap_err();
        let nested = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(300_000);
        assert_eq!(refused(&format!("{head}{nested}")), MailError::Parts(300_000));
        let nested = "content-type:message/rfc822\n\n".repeat(300_000);
        assert_eq!(refused(&format!("{head}{nested}")), MailError::Parts(300_000));
        assert_eq!(
            refused(&format!("{head}X: {}\n", "y".repeat(1 << 20))),
            MailError::LongHead(head.len() + (1 << 20) + 4)
        );
        assert!(matches!(refused(&format!("{head}Subject: {}\n", "[".repeat(5000))), MailError::LongSubject(_)));
        assert!(matches!(refused(&format!("Subject: x\n{}", " [\n".repeat(5000))), MailError::LongSubject(_)));
        assert_eq!(
            refused(&"From x\nA: b\n\n".repeat(2).replace("From x", "From x Fri Jan  2 10:00:00 2026").repeat(3_000)),
            MailError::TooMany(6_000)
        );
        assert_eq!(refused(&"x".repeat(LARGEST + 1)), MailError::TooLarge(LARGEST + 1));
        // A patch may add a file of such lines.
        assert!(mailbox(format!("{head}\n{}", "+Content-Type: x\n".repeat(1000)).as_bytes()).is_ok());
    }

    #[test]
    fn a_maildir_is_read_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["cur", "new", "tmp"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        for (path, subject) in
            [("new/2", "b"), ("cur/1:2,S", "a"), ("new/3", "c"), ("tmp/4", "d"), ("cur/.hidden", "e")]
        {
            fs::write(dir.path().join(path), format!("Subject: {subject}\r\n\r\nFrom x\r\n")).unwrap();
        }
        assert!(is_maildir(dir.path()) && !is_maildir(&dir.path().join("cur")));
        let mails = letters(maildir(dir.path()).unwrap()).unwrap();
        let subjects: Vec<&str> = mails.iter().map(|mail| &*mail.subject.text).collect();
        assert_eq!((subjects, &*mails[0].bytes), (vec!["a", "b", "c"], &b"Subject: a\n\nFrom x\n"[..]));
    }
}
