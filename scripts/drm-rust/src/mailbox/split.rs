// SPDX-License-Identifier: GPL-2.0-only

//! The mails of a mailbox, each as it was sent.
//!
//! Mailboxes come in several forms. All begin a mail with a line `From … date`; they differ in what they do to a line
//! of a mail that begins with `From `. mboxrd (public-inbox, b4) and mboxo (most mail programs) put a `>` before it,
//! `git format-patch` leaves it. So such a line begins a mail only where it ends in a date and a header follows, as
//! for `git mailsplit`, and the `>` goes away, except in mails that git wrote.

/// The mails of a mailbox, or the one mail that it is.
pub(super) fn mails(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let is_start = |n: &usize| {
        let follows = lines.get(n + 1).is_some_and(|line| is_header(line));
        lines[*n].starts_with(b"From ") && (*n == 0 || (is_dated(lines[*n]) && follows))
    };
    let mut starts: Vec<usize> = (0..lines.len()).filter(is_start).collect();
    if starts.first() != Some(&0) {
        starts.insert(0, 0);
    }
    starts.push(lines.len());
    let mail = |place: &[usize]| mail(&lines[place[0]..place[1]]);
    starts.windows(2).map(mail).filter(|mail| mail.iter().any(|byte| !byte.is_ascii_whitespace())).collect()
}

/// A mail without the line that begins it, with `\n` at the end of lines, and without the `>` of mailboxes.
fn mail(lines: &[&[u8]]) -> Vec<u8> {
    let (from, lines) = match lines {
        [from, rest @ ..] if from.starts_with(b"From ") => (Some(*from), rest),
        lines => (None, lines),
    };
    // Mails are sent with `\r\n`: where the headers have it, so has every line.
    let head = lines.iter().take_while(|line| line.iter().any(|byte| !byte.is_ascii_whitespace()));
    let is_crlf =
        lines.first().is_some_and(|line| line.ends_with(b"\r\n")) && head.clone().all(|line| line.ends_with(b"\r\n"));
    let quotes = from.map_or(Quotes::None, Quotes::of);
    let mut mail = Vec::with_capacity(lines.iter().map(|line| line.len()).sum());
    for line in lines {
        let line = quotes.unquoted(line);
        match line.strip_suffix(b"\r\n").filter(|_| is_crlf) {
            Some(text) => mail.extend([text, b"\n"].concat()),
            None => mail.extend(line),
        }
    }
    // A mailbox ends a mail with an empty line.
    if from.is_some() && mail.ends_with(b"\n\n") {
        mail.pop();
    }
    mail
}

/// The one mail of a file that may be a mailbox. None where there are several.
pub(super) fn one(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"From ") {
        return Some(mail(&bytes.split_inclusive(|byte| *byte == b'\n').collect::<Vec<_>>()));
    }
    let mut mails = mails(bytes);
    let last = mails.pop().unwrap_or_default();
    mails.is_empty().then_some(last)
}

/// What a mailbox does to lines of a mail that begin with `From `.
#[derive(Clone, Copy)]
enum Quotes {
    None,
    /// One `>` before `From `.
    Once,
    /// One `>` more than there were.
    Each,
}

impl Quotes {
    /// As the line tells that begins the mail.
    fn of(from: &[u8]) -> Quotes {
        let who = from[5..].split(|byte| *byte == b' ').next().unwrap_or_default();
        let is_id = matches!(who.len(), 40 | 64) && who.iter().all(u8::is_ascii_hexdigit);
        match () {
            () if is_id => Quotes::None,
            () if who.starts_with(b"mboxrd@") => Quotes::Each,
            () => Quotes::Once,
        }
    }

    fn unquoted(self, line: &[u8]) -> &[u8] {
        let quotes = line.iter().take_while(|byte| **byte == b'>').count();
        let is_quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
        match self {
            Quotes::Each if is_quoted => &line[1..],
            Quotes::Once if is_quoted && quotes == 1 => &line[1..],
            _ => line,
        }
    }
}

/// Whether a line ends as those do that begin a mail: `10:00:00 2026`, or with a time zone between.
fn is_dated(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let mut words = line.rsplit(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).take(3);
    let is_year = |word: &[u8]| word.len() == 4 && word.iter().all(u8::is_ascii_digit) && word > &b"1969"[..];
    let is_time = |word: &[u8]| {
        let parts: Vec<&[u8]> = word.split(|byte| *byte == b':').collect();
        (2..=3).contains(&parts.len())
            && parts.iter().all(|part| (1..=2).contains(&part.len()) && part.iter().all(u8::is_ascii_digit))
    };
    let last: Vec<&[u8]> = words.by_ref().collect();
    last.iter().any(|word| is_year(word)) && last.iter().any(|word| is_time(word))
}

/// Whether a line begins a header: `Name: value`.
fn is_header(line: &[u8]) -> bool {
    let name = line.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    name > 0 && line.get(name) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(mailbox: &str) -> Vec<String> {
        mails(mailbox.as_bytes()).into_iter().map(|mail| String::from_utf8(mail).unwrap()).collect()
    }

    const RD: &str = "From mboxrd@z Thu Jan  1 00:00:00 1970\n";
    const GIT: &str = "From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n";
    const O: &str = "From dev@a.example Fri Jan  2 10:00:00 2026\n";

    #[test]
    fn every_kind_of_mailbox_is_split() {
        let mail = |n: u32| format!("From: A <a@b.example>\nSubject: {n}\n\ntext {n}\n");
        let (one, two) = (mail(1), mail(2));
        for from in [RD, GIT, O, "From - Fri Jan  2 10:00:00 2026\n", "From a Fri Jan  2 10:00:00 +0100 2026\n"] {
            assert_eq!(texts(&format!("{from}{one}\n{from}{two}")), [&*one, &*two], "{from}");
            assert_eq!(texts(&format!("{from}{one}").replace('\n', "\r\n")), [&*one], "{from}");
            assert_eq!(texts(&format!("\u{feff}{from}{one}")), [&*one], "{from}");
            // The line is of the mailbox, the mail as it was sent.
            assert_eq!(texts(&format!("{from}{}", one.replace('\n', "\r\n"))), [&*one], "{from}");
        }
        assert_eq!(texts(&one), [&*one]);
        assert_eq!(texts(&format!("{one}{RD}{two}")), [&*one, &*two]);
        assert!(texts("").is_empty() && texts("\n \n").is_empty() && texts(RD).is_empty());
        assert_eq!(super::one(format!("{RD}{one}\n").as_bytes()).unwrap(), one.as_bytes());
        assert_eq!(super::one(format!("{one}{RD}{two}").as_bytes()).unwrap(), format!("{one}{RD}{two}").as_bytes());
        assert_eq!(super::one(format!("{RD}{one}\n{RD}{two}").as_bytes()), None);
    }

    #[test]
    fn lines_that_begin_with_from_stay_in_the_mail() {
        let mail = "From: A <a@b.example>\nSubject: x\n\nFrom userspace nothing changes.\n>From x\n>>From y\nFrom a 10:00:00 2026\nno header\n";
        assert_eq!(texts(&format!("{GIT}{mail}")), [mail], "git format-patch writes them as they are");
        assert_eq!(texts(mail), [mail], "and so are those of a single mail");
        let rd = mail.replace("\n>", "\n>>").replace("\nFrom u", "\n>From u").replace("\nFrom a", "\n>From a");
        assert_eq!(texts(&format!("{RD}{rd}")), [mail], "mboxrd");
        let o = mail.replace(">From x\n", "").replace("\nFrom u", "\n>From u").replace("\nFrom a", "\n>From a");
        assert_eq!(texts(&format!("{O}{o}")), [mail.replace(">From x\n", "")], "mboxo");
    }

    #[test]
    fn carriage_returns_of_a_text_stay() {
        let mail = "From: A <a@b.example>\nSubject: x\n\n+one\r\n+two\n";
        assert_eq!(texts(mail), [mail]);
    }

    proptest::proptest! {
        #[test]
        fn no_mailbox_is_too_odd(text in r"(From |>|a@b |10:00:00 2026|\n|\r|Subject: x|ä){0,20}") {
            let _ = mails(text.as_bytes());
        }
    }
}
