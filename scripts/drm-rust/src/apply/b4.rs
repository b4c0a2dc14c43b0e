// SPDX-License-Identifier: GPL-2.0-only

//! b4 finds the series, checks its attestation, and adds trailers. What it lets pass is refused here.

use std::fs;
use std::path::Path;

use super::{ApplyError, Options, Source};
use crate::error::FileContext;
use crate::git::Repo;
use crate::git::commit::Identity;
use crate::mailbox::{self, LARGEST};
use crate::process::Process;

/// What to give instead of something that is no source.
pub(super) const WRONG_ID: &str =
    "give a mailbox, `-` for standard input, or the id that stands between < and > in the mail's Message-ID";

/// The line that mailboxes begin a mail with.
const FROM_LINE: &str = "From mboxrd@z Thu Jan  1 00:00:00 1970\n";

/// A series that is ready to be applied.
pub(super) struct Series {
    /// The mails, in order.
    pub(super) mails: Vec<Vec<u8>>,
    /// What b4 said: what it added, and what it thinks of the attestation.
    pub(super) said: Vec<String>,
}

/// What brackets of a subject tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) revision: usize,
    pub(super) at: usize,
    pub(super) of: usize,
}

/// Lets b4 prepare a series, in a folder of its own.
pub(super) fn prepare(repo: &Repo, dir: &Path, options: &Options, committer: &Identity) -> Result<Series, ApplyError> {
    let mut said = Vec::new();
    let (thread, id) = match &options.source {
        Source::Mailbox(bytes) => (save(dir, bytes)?, None),
        Source::Message(id) => (fetch(repo, dir, id, options.newest, &mut said)?, Some(id.as_str())),
    };
    let bytes = fs::read(&thread).at("read", &thread)?;
    let mut b4 = b4(repo);
    if id.is_none() {
        b4 = b4.arg("--offline-mode");
    }
    for (key, value) in [("name", &committer.name), ("email", &committer.mail)] {
        b4 = b4.arg("-c").arg(format!("user.{key}={value}"));
    }
    b4 = b4.args(["am", "--add-my-sob", "--add-link", "--no-cover", "--mbox-name", "series", "--outdir"]).arg(dir);
    b4 = b4.arg("--use-local-mbox").arg(&thread);
    if let Some(revision) = revision(&bytes, id).filter(|_| !options.newest) {
        b4 = b4.arg("--use-version").arg(revision.to_string());
    }
    // The newest revision may be another thread.
    if let Some(id) = id.filter(|_| !options.newest) {
        b4 = b4.arg("--").arg(id);
    }
    let output = b4.output()?;
    said.extend(lines(&output.stderr));
    let ready = dir.join("series.mbx");
    if output.code != 0 || !ready.exists() {
        return Err(ApplyError::NoPatches(said));
    }
    let mails = split(repo, dir, &ready)?;
    complete(&mails)?;
    Ok(Series { mails, said })
}

/// b4 in `linux/`, where it finds the tree's configuration. It neither asks anything nor reads standard input.
fn b4(repo: &Repo) -> Process {
    Process::new("b4").args(["--no-interactive", "--no-stdin"]).dir(repo.top())
}

fn save(dir: &Path, bytes: &[u8]) -> Result<std::path::PathBuf, ApplyError> {
    if bytes.len() > LARGEST {
        return Err(ApplyError::TooLarge);
    }
    let path = dir.join("thread.mbx");
    let begin = if bytes.starts_with(b"From ") { &b""[..] } else { FROM_LINE.as_bytes() };
    fs::write(&path, [begin, bytes].concat()).at("write", &path)?;
    Ok(path)
}

/// Gets the thread of a message.
fn fetch(
    repo: &Repo,
    dir: &Path,
    id: &str,
    newest: bool,
    said: &mut Vec<String>,
) -> Result<std::path::PathBuf, ApplyError> {
    let mut b4 = b4(repo).args(["mbox", "--mbox-name", "thread.mbx", "--outdir"]).arg(dir);
    if newest {
        b4 = b4.arg("--check-newer-revisions");
    }
    let output = b4.arg("--").arg(id).output()?;
    said.extend(lines(&output.stderr));
    let path = dir.join("thread.mbx");
    if output.code == 0 && path.exists() { Ok(path) } else { Err(ApplyError::NoPatches(said.clone())) }
}

/// What a program said, without anything that a terminal would obey.
fn lines(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let clean = |line: &str| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    // The folder that b4 writes to is gone when a person could use it.
    let is_told = |line: &String| !matches!(line.trim(), "" | "---") && !line.trim().starts_with("git am ");
    untraced(text.lines()).map(|line| clean(line.trim_end())).filter(is_told).collect()
}

/// Lines without Python's tracebacks, of which the last line alone says something to a person.
fn untraced<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut is_traced = false;
    lines.filter(move |line| {
        let begins = line.starts_with("Traceback (most recent call last)");
        is_traced = begins || is_traced && (line.starts_with(' ') || line.is_empty());
        !is_traced
    })
}

/// The revision that a message is of, or the first patch of a mailbox.
fn revision(mailbox: &[u8], id: Option<&str>) -> Option<usize> {
    let text = String::from_utf8_lossy(mailbox);
    let mails = text.split("\nFrom ").map(|mail| mail.split("\n\n").next().unwrap_or_default());
    let is_asked = |head: &&str| id.is_none_or(|id| head.contains(&format!("<{id}>")) && is_message(head, id));
    mails.filter(is_asked).find_map(|head| Some(numbers(&header(head, "subject")?)?.revision))
}

fn is_message(head: &str, id: &str) -> bool {
    header(head, "message-id").is_some_and(|value| value.trim_matches(['<', '>']) == id)
}

/// A header, unfolded.
fn header(head: &str, name: &str) -> Option<String> {
    let mut lines =
        head.lines().skip_while(|line| line.split_once(':').is_none_or(|(key, _)| !key.eq_ignore_ascii_case(name)));
    let (_, first) = lines.next()?.split_once(':')?;
    let rest = lines.take_while(|line| line.starts_with([' ', '\t']));
    Some(mailbox::one_line(&std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" ")))
}

/// What the brackets of a subject say: `[PATCH v2 1/3]`. None where it is no patch.
pub(super) fn numbers(subject: &str) -> Option<Numbers> {
    let (words, _) = subject.trim().strip_prefix('[')?.split_once(']')?;
    if !words.contains("PATCH") {
        return None;
    }
    let mut numbers = Numbers { revision: 1, at: 1, of: 1 };
    for word in words.split_whitespace() {
        if let Some(revision) = word.strip_prefix(['v', 'V']).and_then(|n| n.parse().ok()) {
            numbers.revision = revision;
        } else if let Some((at, of)) = word.split_once('/')
            && let (Ok(at), Ok(of)) = (at.parse(), of.parse())
        {
            (numbers.at, numbers.of) = (at, of);
        }
    }
    Some(numbers)
}

/// The mails of what b4 wrote, as git takes them apart.
fn split(repo: &Repo, dir: &Path, mailbox: &Path) -> Result<Vec<Vec<u8>>, ApplyError> {
    let out = dir.join("mails");
    fs::create_dir(&out).at("create", &out)?;
    let process = repo.git(["mailsplit", "-d4"]).arg(format!("-o{}", out.display())).arg("--").arg(mailbox);
    process.run()?;
    let mut paths: Vec<_> = fs::read_dir(&out).at("read", &out)?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths.iter().map(|path| fs::read(path).at("read", path)).collect::<Result<_, _>>()?)
}

/// Every patch of the series is there once, in order.
fn complete(mails: &[Vec<u8>]) -> Result<(), ApplyError> {
    let head = |mail: &Vec<u8>| {
        let text = String::from_utf8_lossy(mail);
        numbers(&header(text.split("\n\n").next()?, "subject")?)
    };
    let found: Vec<Numbers> = mails.iter().filter_map(head).collect();
    let of = found.iter().map(|numbers| numbers.of).max().unwrap_or(mails.len());
    let missing: Vec<usize> = (1..=of.min(10_000)).filter(|n| !found.iter().any(|numbers| numbers.at == *n)).collect();
    if !missing.is_empty() {
        return Err(ApplyError::Missing { of, missing });
    }
    let is_ordered = found.len() == mails.len() && found.iter().enumerate().all(|(n, numbers)| numbers.at == n + 1);
    if is_ordered { Ok(()) } else { Err(ApplyError::Order(of)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_read() {
        let of = |subject: &str| numbers(subject).map(|n| (n.revision, n.at, n.of));
        assert_eq!(of("[PATCH] x: y"), Some((1, 1, 1)));
        assert_eq!(of("[PATCH drm-rust v3 02/12] x: y"), Some((3, 2, 12)));
        assert_eq!(of("[RFC PATCH v2] x: [y] 3/4"), Some((2, 1, 1)));
        assert_eq!(of("Re: [PATCH] x"), None);
        assert_eq!(of("[PULL] x"), None);
    }

    #[test]
    fn the_revision_of_a_message_is_found() {
        let mail =
            |id: &str, v: usize| format!("From x\nMessage-ID:\n <{id}>\nSubject: [PATCH\n v{v} 1/1] x: y\n\ntext\n");
        let mailbox = mail("a@x", 1) + "\n" + &mail("b@x", 2);
        assert_eq!(revision(mailbox.as_bytes(), Some("b@x")), Some(2));
        assert_eq!(revision(mailbox.as_bytes(), Some("a@x")), Some(1));
        assert_eq!(revision(mailbox.as_bytes(), Some("c@x")), None);
        assert_eq!(revision(mailbox.as_bytes(), None), Some(1));
    }
}
