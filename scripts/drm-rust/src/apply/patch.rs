// SPDX-License-Identifier: GPL-2.0-only

//! Patches of mails as commits: in memory, with an index of their own.

use std::fs;
use std::path::Path;

use jiff::fmt::rfc2822;

use super::ApplyError;
use super::b4::numbers;
use crate::config::is_of_git;
use crate::error::FileContext;
use crate::git::commit::{Commit, Identity};
use crate::git::objects::Objects;
use crate::git::{Oid, Repo};

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
}

/// Makes commits of mails on top of another one. Neither a work tree nor a branch changes.
pub(super) fn commits(
    repo: &Repo,
    objects: &mut Objects,
    dir: &Path,
    onto: Oid,
    mails: &[Vec<u8>],
) -> Result<Vec<Made>, ApplyError> {
    let index = dir.join("index");
    let git = |args: &[&str]| repo.git(args.iter().copied()).env("GIT_INDEX_FILE", &index);
    git(&["read-tree", &onto.to_string()]).run()?;
    let mut parent = onto;
    let mut made: Vec<Made> = Vec::new();
    for (n, mail) in mails.iter().enumerate() {
        let patch = dir.join("patch");
        let read = read(repo, dir, mail, (n + 1, mails.len()))?;
        let output = git(&["apply", "--cached", "--whitespace=nowarn", "--"]).arg(&patch).output()?;
        if output.code != 0 {
            let diff = fs::read(&patch).at("read", &patch)?;
            let why = reasons(&String::from_utf8_lossy(&output.stderr), &String::from_utf8_lossy(&diff));
            let is_bad = |reason: &&String| reason.starts_with("corrupt patch") || reason.starts_with("invalid path");
            return Err(match why.iter().find(is_bad) {
                Some(bad) => ApplyError::Mail { patch: read.name, why: bad.clone() },
                None => ApplyError::DoesNotApply { patch: read.name, why },
            });
        }
        let process = git(&["write-tree"]);
        let tree = repo.oid(&process, &process.run()?.text())?;
        let Read { name, author, date, message } = read;
        parent = objects.write_commit(&Commit { tree, parents: vec![parent], author, date, message });
        made.push(Made { commit: parent, name });
    }
    Ok(made)
}

/// Takes a mail apart with git's own program, as `git am` does.
fn read(repo: &Repo, dir: &Path, mail: &[u8], (n, of): (usize, usize)) -> Result<Read, ApplyError> {
    let (text, patch) = (dir.join("message"), dir.join("patch"));
    let process = repo.git(["mailinfo", "--encoding=UTF-8"]).arg(&text).arg(&patch).input(mail);
    let output = process.output()?;
    let info = String::from_utf8_lossy(&output.stdout).into_owned();
    let field = |key: &str| info.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned();
    let subject = field("Subject: ");
    let name = format!("patch {n}/{of} (\"{}\")", crate::mailbox::one_line(&subject));
    let bad = |why: &str| ApplyError::Mail { patch: name.clone(), why: why.to_owned() };
    if output.code != 0 {
        return Err(bad(String::from_utf8_lossy(&output.stderr).trim()));
    }
    let author = format!("{} <{}>", field("Author: "), field("Email: "));
    let author = author.parse().map_err(|_| bad("its From is not `Name <mail@host>`"))?;
    let date = rfc2822::DateTimeParser::new().parse_timestamp(field("Date: "));
    let date = date.map_err(|_| bad("it has no proper Date"))?;
    if !is_of_git(date) {
        return Err(bad("its Date is before 1970"));
    }
    if fs::metadata(&patch).at("read", &patch)?.len() == 0 {
        return Err(bad("it has no diff"));
    }
    let body = fs::read(&text).at("read", &text)?;
    let body = String::from_utf8(body).map_err(|_| bad("its text is in an unknown charset"))?;
    let message = format!("{subject}\n\n{}\n", body.trim_matches('\n'));
    if numbers(&subject).is_some() || message.contains('\0') {
        return Err(bad("its subject or text is odd"));
    }
    Ok(Read { name, author, date: date.as_second(), message })
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
