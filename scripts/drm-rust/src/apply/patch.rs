// SPDX-License-Identifier: GPL-2.0-only

//! Patches of mails as commits: in memory, with an index of their own.

use std::fs;
use std::path::Path;

use jiff::fmt::rfc2822;

use super::{ApplyError, diff, restore, thread};
use crate::config::is_of_git;
use crate::error::FileContext;
use crate::git::commit::{Commit, Identity};
use crate::git::objects::Objects;
use crate::git::{Oid, Repo, treeobj};
use crate::mailbox::letter::Letter;
use crate::mailbox::{Subject, one_line};

/// A commit that was made of a mail.
pub(super) struct Made {
    pub(super) commit: Oid,
    /// As messages name it.
    pub(super) name: String,
}

/// What git reads from a mail.
struct Read {
    name: String,
    author: Identity,
    date: i64,
    message: String,
    diff: Vec<u8>,
}

/// A mail as b4 made it, and as it was sent.
pub(super) type Mail = (Letter, Option<Letter>);

/// Makes commits of mails on top of another one. Neither a work tree nor a branch changes.
pub(super) fn commits(
    repo: &Repo,
    objects: &mut Objects,
    dir: &Path,
    onto: Oid,
    mails: &[Mail],
) -> Result<Vec<Made>, ApplyError> {
    let index = dir.join("index");
    let git = |args: &[&str]| repo.git(args.iter().copied()).env("GIT_INDEX_FILE", &index);
    git(&["read-tree", &onto.to_string()]).run()?;
    let (mut parent, mut before) = (onto, objects.tree_of(onto)?);
    let mut made: Vec<Made> = Vec::new();
    for (n, mail) in mails.iter().enumerate() {
        let Read { name, author, date, message, diff } = read(repo, dir, mail, (n + 1, mails.len()))?;
        let files = diff::files(&diff).map_err(|line| ApplyError::Prefix { patch: name.clone(), line })?;
        // What is not written here could depend on what git guesses, and on a person's settings.
        let options = ["apply", "--cached", "-p1", "--whitespace=nowarn", "--no-ignore-whitespace", "-"];
        let output = git(&options).input(diff.clone()).output()?;
        if output.code != 0 {
            return Err(refused(name, &output.stderr, &diff));
        }
        let process = git(&["write-tree"]);
        let tree = repo.oid(&process, &process.run()?.text())?;
        if let Some(path) = treeobj::diff(objects, before, tree)?.into_keys().find(|path| !files.contains(path)) {
            let line = String::from_utf8_lossy(&path).escape_debug().to_string();
            return Err(ApplyError::Prefix { patch: name, line });
        }
        before = tree;
        parent = objects.write_commit(&Commit { tree, parents: vec![parent], author, date, message });
        made.push(Made { commit: parent, name });
    }
    Ok(made)
}

/// Why git does not take a diff.
fn refused(patch: String, stderr: &[u8], diff: &[u8]) -> ApplyError {
    let why = reasons(&String::from_utf8_lossy(stderr), &String::from_utf8_lossy(diff));
    let is_bad = |reason: &&String| reason.starts_with("corrupt patch") || reason.starts_with("invalid path");
    match why.iter().find(is_bad) {
        Some(bad) => ApplyError::Mail { patch, why: bad.clone() },
        None => ApplyError::DoesNotApply { patch, why },
    }
}

/// Takes a mail apart with git's own program, as `git am` does.
fn read(repo: &Repo, dir: &Path, (mail, sent): &Mail, (n, of): (usize, usize)) -> Result<Read, ApplyError> {
    let info = Info::read(repo, dir, &mail.bytes)?;
    let subject = info.field("Subject: ");
    let name = format!("patch {n}/{of} (\"{}\")", one_line(&subject));
    let bad = |why: &str| ApplyError::Mail { patch: name.clone(), why: why.to_owned() };
    if !info.errors.is_empty() {
        return Err(bad(&info.errors));
    }
    let author = format!("{} <{}>", info.field("Author: "), info.field("Email: "));
    let author = author.parse().map_err(|_| bad("its From is not `Name <mail@host>`"))?;
    let date = rfc2822::DateTimeParser::new().parse_timestamp(info.field("Date: "));
    let date = date.map_err(|_| bad("it has no proper Date"))?;
    if !is_of_git(date) {
        return Err(bad("its Date is before 1970"));
    }
    let date = date.as_second();
    if info.diff.is_empty() {
        return Err(bad("it has no diff"));
    }
    let body = String::from_utf8(info.text).map_err(|_| bad("its text is in an unknown charset"))?;
    let (body, diff) = match sent.as_ref().map(|sent| Info::read(repo, dir, &sent.bytes)).transpose()? {
        Some(sent) => {
            let text = String::from_utf8_lossy(&sent.text);
            (restore::message(&body, &text), restore::diff(&info.diff, &sent.diff).to_vec())
        }
        None => (body, info.diff),
    };
    let is_link = |line: &str| line.starts_with("Link: ") && thread::names_made_up(line);
    let body = body.lines().filter(|line| !is_link(line)).collect::<Vec<_>>().join("\n");
    let message = format!("{subject}\n\n{}\n", body.trim_matches('\n'));
    if Subject::parse(&subject).is_patch() {
        return Err(bad("its subject still has the brackets of a patch"));
    }
    if message.contains('\0') {
        return Err(bad("its text has a NUL byte"));
    }
    Ok(Read { name, author, date, message, diff })
}

/// What git makes of a mail.
struct Info {
    /// The headers that it takes.
    head: String,
    text: Vec<u8>,
    diff: Vec<u8>,
    errors: String,
}

impl Info {
    fn read(repo: &Repo, dir: &Path, mail: &[u8]) -> Result<Info, ApplyError> {
        let (text, diff) = (dir.join("message"), dir.join("patch"));
        let process = repo.git(["mailinfo", "--encoding=UTF-8", "--no-scissors", "--quoted-cr=nowarn"]);
        let output = process.arg(&text).arg(&diff).input(mail).output()?;
        let errors = match output.code {
            0 => String::new(),
            _ => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        };
        let head = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Info { head, text: fs::read(&text).at("read", &text)?, diff: fs::read(&diff).at("read", &diff)?, errors })
    }

    fn field(&self, key: &str) -> String {
        self.head.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned()
    }
}

/// What git says of a patch that does not apply, with the hunks that it means.
fn reasons(stderr: &str, diff: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    for line in stderr.lines() {
        let text = line.strip_prefix("error: ").unwrap_or(line);
        let place = text.strip_prefix("patch failed: ").and_then(|place| place.rsplit_once(':'));
        let hunk = place.and_then(|(file, at)| hunk(diff, file, at));
        reasons.push(match (place, hunk) {
            (Some((file, at)), Some(hunk)) => format!("{file}: line {at}: the hunk {hunk}"),
            _ => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        });
    }
    reasons
}

/// The hunk of a file that begins at a line.
fn hunk<'a>(diff: &'a str, file: &str, at: &str) -> Option<&'a str> {
    let of_file = diff.lines().skip_while(|line| line.strip_prefix("--- a/") != Some(file)).skip(1);
    let begins = |line: &&str| {
        let start = line.strip_prefix("@@ -").and_then(|rest| rest.split([',', ' ']).next());
        start == Some(at)
    };
    of_file.take_while(|line| !line.starts_with("diff --git ")).find(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_that_fail_are_shown() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n@@ -12 +12,2 @@ fn y\n b\n\
                    diff --git a/z b/z\n--- a/z\n+++ b/z\n@@ -12,4 +12,4 @@ fn z\n";
        let stderr = "error: patch failed: x:12\nerror: x: patch does not apply\n";
        assert_eq!(reasons(stderr, diff), ["x: line 12: the hunk @@ -12 +12,2 @@ fn y", "x: patch does not apply"]);
        assert_eq!(hunk(diff, "z", "12"), Some("@@ -12,4 +12,4 @@ fn z"));
        assert_eq!(reasons("error: corrupt patch at line 3\n", diff), ["corrupt patch at line 3"]);
    }
}
