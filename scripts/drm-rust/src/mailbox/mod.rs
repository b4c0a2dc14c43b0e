// SPDX-License-Identifier: GPL-2.0-only

//! Mail that others wrote: read as data, with nothing believed and nothing run.

pub mod diffstat;
pub mod letter;
pub mod patch;
pub mod pull;
mod split;
mod subject;

use std::io::{self, Read};

use mail_parser::{MessageParser, MimeHeaders};

use crate::error::Explain;
use pull::PullError;
pub use subject::Subject;

/// The largest mail that is read (bytes): the shortlog of a whole release is a tenth of it.
pub const LARGEST: usize = 16 << 20;

/// A mail cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Larger than any mail that is meant.
    #[error("the mail has {0} bytes; {LARGEST} are the most")]
    TooLarge(usize),
    /// More mails than any thread has.
    #[error("there are {0} mails, which is more than a thread has")]
    TooMany(usize),
    /// One mail was meant.
    #[error("the file has several mails")]
    Several,
    /// Headers that no person writes.
    #[error("the mail has {0} bytes of headers")]
    LongHead(usize),
    /// A subject that no person writes.
    #[error("the mail's subject has {0} bytes")]
    LongSubject(usize),
    /// Mails in mails in mails.
    #[error("the mail has {0} parts")]
    Parts(usize),
    /// Not a mail.
    #[error("this is no mail: it has no headers")]
    NoMail,
    /// A header that is missing.
    #[error("the mail has no `{0}:`")]
    NoHeader(&'static str),
    /// A message id that is none.
    #[error("`{}` is no message id", .0.escape_debug())]
    MessageId(String),
    /// No plain text.
    #[error("the mail has no text/plain part")]
    NoText,
    /// It is no pull request, or not a proper one.
    #[error(transparent)]
    Pull(#[from] PullError),
}

impl Explain for MailError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            MailError::Pull(error) => return Some(error.advice()),
            MailError::TooLarge(_) | MailError::TooMany(_) => "save the mails of one thread".into(),
            MailError::Several => "save one mail, not a mailbox".into(),
            MailError::LongHead(_) | MailError::LongSubject(_) | MailError::Parts(_) => {
                "nothing of it is used: no mail program writes that. Ask for the patch as plain text".into()
            }
            MailError::NoText => "ask for plain text: HTML is not read".into(),
            _ => "save the mail with all its headers, for example with `b4 mbox --single-message ID`".into(),
        })
    }
}

/// Reads no more than what can be a mail, and a byte that tells of more.
pub fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its message id, without angle brackets. A file of `git format-patch` has none.
    pub id: Option<String>,
    /// Who wrote it: name and address.
    pub from: (String, String),
    /// Its subject, in one line.
    pub subject: String,
    /// Its text, with `\n` at the end of lines.
    pub text: String,
}

impl Mail {
    /// Reads one mail.
    pub fn parse(bytes: &[u8]) -> Result<Mail, MailError> {
        if bytes.len() > LARGEST {
            return Err(MailError::TooLarge(bytes.len()));
        }
        let bytes = split::one(bytes).ok_or(MailError::Several)?;
        letter::bounded(&bytes)?;
        let message = MessageParser::default().parse(&bytes).ok_or(MailError::NoMail)?;
        if message.headers().is_empty() {
            return Err(MailError::NoMail);
        }
        let from = message.from().and_then(|from| from.first()).ok_or(MailError::NoHeader("From"))?;
        let address = from.address().ok_or(MailError::NoHeader("From"))?;
        let id = message.message_id();
        if let Some(id) = id.filter(|id| !is_message_id(id)) {
            return Err(MailError::MessageId(id.to_owned()));
        }
        let subject = message.subject().ok_or(MailError::NoHeader("Subject"))?;
        let part = message.text_part(0).filter(|part| {
            part.content_type().is_none_or(|kind| kind.subtype().is_none_or(|kind| kind.eq_ignore_ascii_case("plain")))
        });
        let text = part.and_then(|part| part.text_contents()).ok_or(MailError::NoText)?;
        Ok(Mail {
            id: id.map(str::to_owned),
            from: (one_line(from.name().unwrap_or_default()), one_line(address)),
            subject: one_line(subject),
            text: text.replace("\r\n", "\n"),
        })
    }
}

/// Whether it can stand in a URL and in a trailer.
pub fn is_message_id(id: &str) -> bool {
    let good = |c: char| c.is_ascii_graphic() && !"<>\"'`\\|;&$(){}".contains(c);
    (3..=250).contains(&id.len()) && id.contains('@') && !id.starts_with('-') && id.chars().all(good)
}

pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const HEAD: &str =
        "From: =?UTF-8?Q?Zo=C3=AB?= <z@a.example>\nMessage-ID: <1@a.example>\nSubject: [PULL]\n x\n";

    fn refused(text: &str) -> String {
        let error = Mail::parse(text.as_bytes()).unwrap_err();
        assert!(error.hint().is_some());
        error.to_string()
    }

    #[test]
    fn a_mail_is_read() {
        let mail = Mail::parse(format!("From x Mon Sep 17\n{HEAD}\none\r\ntwo\n").as_bytes()).unwrap();
        assert_eq!((mail.id.as_deref(), &*mail.subject, &*mail.text), (Some("1@a.example"), "[PULL] x", "one\ntwo\n"));
        assert_eq!(mail.from, ("Zoë".into(), "z@a.example".into()));
    }

    #[test]
    fn encodings_and_parts_are_undone() {
        let base64 = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nw6QK\n";
        assert_eq!(Mail::parse(format!("{HEAD}{base64}").as_bytes()).unwrap().text, "ä\n");
        let parts = "MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n--b\n\
                     Content-Type: text/plain\n\nthe text\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n";
        assert_eq!(Mail::parse(format!("{HEAD}{parts}").as_bytes()).unwrap().text.trim_end(), "the text");
    }

    #[test]
    fn what_is_missing_or_odd_is_named() {
        assert_eq!(refused(""), "this is no mail: it has no headers");
        assert_eq!(refused(&HEAD.replacen("From:", "X-From:", 1)), "the mail has no `From:`");
        assert_eq!(refused(&HEAD.replacen("Subject:", "X-Subject:", 1)), "the mail has no `Subject:`");
        assert_eq!(Mail::parse((HEAD.replacen("Message-ID:", "X-ID:", 1) + "\nx\n").as_bytes()).unwrap().id, None);
        assert_eq!(refused(&format!("{HEAD}Content-Type: text/html\n\n<p>x</p>\n")), "the mail has no text/plain part");
        for id in ["--upload-pack=id@x", "a$(id)@x", "a`id`@x", "a;id@x", "noat"] {
            assert!(refused(&HEAD.replacen("1@a.example", id, 1)).ends_with("is no message id"), "{id}");
        }
        // 100 MB are not read to the end.
        let large = read(io::Read::take(io::repeat(b'x'), 100 << 20)).unwrap();
        assert_eq!(Mail::parse(&large), Err(MailError::TooLarge(LARGEST + 1)));
        let mailbox = format!("From x\n{HEAD}\nx\n\nFrom x Fri Jan  2 10:00:00 2026\n{HEAD}\ny\n");
        assert_eq!(refused(&mailbox), "the file has several mails");
        let nested = "Content-Type: message/rfc822\n\n".repeat(300_000);
        assert_eq!(refused(&format!("{HEAD}{nested}")), "the mail has 300000 parts");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = Mail::parse(&bytes);
            let _ = Mail::parse(&[HEAD.as_bytes(), &bytes].concat());
        }
    }
}
