// SPDX-License-Identifier: GPL-2.0-only

//! b4 finds the series, checks its attestation, and adds trailers. What it lets pass is refused here.
//!
//! It reads what anybody can send, in a language that allocates freely: it has limits in time and memory.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::thread::{self, Thread};
use super::{ApplyError, Options, Source};
use crate::error::FileContext;
use crate::git::Repo;
use crate::git::commit::Identity;
use crate::mailbox::letter::{self, Letter};
use crate::mailbox::{MailError, Subject};
use crate::process::{Limits, Process};

/// What to give instead of something that is no source.
pub(super) const WRONG_ID: &str = "give a mailbox, a Maildir, `-` for standard input, or the id that stands between < and >\n\
                                   in the mail's Message-ID";

/// The line that b4 begins each mail with. Bodies cannot have it: there, b4 puts a `>` before it.
const SEPARATOR: &[u8] = b"From git@z Thu Jan  1 00:00:00 1970\n";

/// What b4 may use: a series of a hundred patches takes seconds and 100 MB; archives may be slow.
const LIMITS: Limits =
    Limits { time: Duration::from_secs(300), processor: Duration::from_secs(120), memory: 2 << 30, file: 256 << 20 };

/// A series that is ready to be applied.
pub(super) struct Series {
    /// The mails as b4 made them, in order, each with the one that was sent.
    pub(super) mails: Vec<(Letter, Option<Letter>)>,
    /// What b4 said: what it added, and what it thinks of the attestation.
    pub(super) said: Vec<String>,
    /// What else a person should know.
    pub(super) notes: Vec<String>,
}

/// Lets b4 prepare a series, in a folder of its own.
pub(super) fn prepare(repo: &Repo, dir: &Path, options: &Options, committer: &Identity) -> Result<Series, ApplyError> {
    let mut said = Vec::new();
    let (mails, id) = match &options.source {
        Source::Mails(mails) => (mails.clone(), None),
        Source::Message(id) => (fetch(repo, dir, id, options.newest, &mut said)?, Some(id.as_str())),
    };
    if mails.is_empty() {
        return Err(MailError::NoMail.into());
    }
    let thread = Thread::new(mails);
    let mut b4 = b4(repo);
    if id.is_none() {
        b4 = b4.arg("--offline-mode");
    }
    for (key, value) in [("name", &committer.name), ("email", &committer.mail)] {
        b4 = b4.arg("-c").arg(format!("user.{key}={value}"));
    }
    b4 = b4.args(["am", "--add-my-sob", "--add-link", "--no-cover", "--mbox-name", "series", "--outdir"]).arg(dir);
    let (joined, separator) = thread.joined();
    b4 = b4.args(["--use-local-mbox", "-", "--stdin-pipe-sep", &separator]).input(joined);
    if let Some(revision) = thread.revision(id).filter(|_| !options.newest) {
        b4 = b4.arg("--use-version").arg(revision.to_string());
    }
    let output = b4.output()?;
    said.extend(lines(&output.stderr));
    let ready = dir.join("series.mbx");
    if output.code != 0 || !ready.exists() {
        return Err(failed(said));
    }
    let mails = complete(split(&fs::read(&ready).at("read", &ready)?))?;
    let sent = |mail: &Letter| thread.find(mail.id.as_deref()?).cloned();
    let mails = mails.into_iter().map(|mail| (sent(&mail), mail)).map(|(sent, mail)| (mail, sent)).collect();
    Ok(Series { mails, said, notes: thread.notes })
}

/// b4 in `linux/`, where it finds the tree's configuration. It does not ask anything.
fn b4(repo: &Repo) -> Process {
    Process::new("b4").arg("--no-interactive").dir(repo.top()).limits(LIMITS)
}

/// Gets the thread of a message: as a Maildir, which keeps mails as they are.
fn fetch(repo: &Repo, dir: &Path, id: &str, newest: bool, said: &mut Vec<String>) -> Result<Vec<Letter>, ApplyError> {
    let b4 = b4(repo).args(["--no-stdin", "mbox", "--save-as-maildir", "--mbox-name", "thread", "--outdir"]).arg(dir);
    let b4 = if newest { b4.arg("--check-newer-revisions") } else { b4 };
    let output = b4.arg("--").arg(id).output()?;
    said.extend(lines(&output.stderr));
    let path = dir.join("thread");
    if output.code != 0 || !letter::is_maildir(&path) {
        return Err(failed(said.clone()));
    }
    Ok(letter::letters(letter::maildir(&path)?)?)
}

/// Why b4 gave nothing: it broke, or it found nothing.
fn failed(said: Vec<String>) -> ApplyError {
    match said.iter().position(|line| line.starts_with(BROKE)) {
        Some(at) => ApplyError::Broke(said[at][BROKE.len()..].to_owned()),
        None => ApplyError::NoPatches(said),
    }
}

/// How the line begins that stands for a traceback.
const BROKE: &str = "b4 broke: ";

/// What b4 said, without anything that a terminal would obey, and with the last line in place of a traceback.
fn lines(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let clean = |line: &str| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let mut told: Vec<String> = Vec::new();
    let mut lines = text.lines().map(|line| clean(line.trim_end()));
    while let Some(line) = lines.next() {
        if line.starts_with("Traceback (most recent call last):") {
            let last = lines.find(|line| !line.starts_with(' ') && !line.trim().is_empty());
            told.retain(|line| !line.starts_with(BROKE));
            told.push(format!("{BROKE}{}", last.unwrap_or_default()));
        } else if is_told(&line) {
            told.push(line);
        }
    }
    told
}

/// Whether a person can use a line. The folder that b4 writes to is gone by then.
fn is_told(line: &str) -> bool {
    let begins = |start: &&str| line.trim().starts_with(*start);
    let is_odd = ["git am ", "Saved ", "During handling of the above", "The above exception was"].iter().any(begins);
    !matches!(line.trim(), "" | "---") && !is_odd && !thread::names_made_up(line)
}

/// The mails of what b4 wrote.
fn split(written: &[u8]) -> Vec<Vec<u8>> {
    let mut mails: Vec<Vec<u8>> = Vec::new();
    for line in written.split_inclusive(|byte| *byte == b'\n') {
        match mails.last_mut() {
            _ if line == SEPARATOR => mails.push(Vec::new()),
            Some(mail) => mail.extend(line),
            None => {}
        }
    }
    mails
}

/// Every patch of the series is there once, in order.
fn complete(mails: Vec<Vec<u8>>) -> Result<Vec<Letter>, ApplyError> {
    let mails = letter::letters(mails)?;
    let counters = |subject: &Subject| subject.counters.unwrap_or((1, 1));
    let found: Vec<(usize, usize)> = mails.iter().map(|mail| counters(&mail.subject)).collect();
    let of = found.iter().map(|(_, of)| *of).max().unwrap_or(mails.len());
    let missing: Vec<usize> = (1..=of).filter(|n| !found.iter().any(|(at, _)| at == n)).collect();
    if !missing.is_empty() {
        return Err(ApplyError::Missing { of, missing });
    }
    let is_ordered = found.iter().enumerate().all(|(n, (at, _))| *at == n + 1);
    if is_ordered { Ok(mails) } else { Err(ApplyError::Order(of)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracebacks_become_a_line() {
        let trace = "Analyzing 1 messages\nTraceback (most recent call last):\n  File \"b4\", line 8, in <module>\n    \
                     sys.exit(cmd())\n             ^^^^^\nKeyError: 1\n\nDuring handling of the above exception, another exception \
                     occurred:\n\nTraceback (most recent call last):\n  File \"x\"\nValueError: second must be in 0..59\n";
        assert_eq!(lines(trace.as_bytes()), ["Analyzing 1 messages", "b4 broke: ValueError: second must be in 0..59"]);
        assert_eq!(
            failed(lines(trace.as_bytes())).to_string(),
            "b4 cannot read the mails: ValueError: second must be in 0..59"
        );
        assert_eq!(lines(b"---\n\x1b[31mred\n git am /tmp/x\n"), [" [31mred"]);
    }

    #[test]
    fn mails_of_b4_are_split_where_it_says() {
        let one = b"Subject: [PATCH 1/2] x\n\nFrom git@z x\n>From git@z Thu Jan  1 00:00:00 1970\n";
        let two = b"Subject: [PATCH 2/2] y\n\n";
        assert_eq!(split(&[SEPARATOR, one, SEPARATOR, two].concat()), [&one[..], two]);
    }
}
