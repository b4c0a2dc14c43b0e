// SPDX-License-Identifier: GPL-2.0-only

//! Pull requests as `git request-pull` writes them.

use serde::Serialize;

use super::diffstat::Diffstat;
use super::{Mail, MailError};
use crate::git::{BranchName, Oid};
use crate::neighbours::url::Address;

/// What a request asks to pull.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reference {
    /// A tag, without `refs/tags/`.
    Tag(String),
    /// A branch, without `refs/heads/`.
    Branch(String),
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The message id of the mail.
    pub id: String,
    /// Who asks: name and address.
    pub from: (String, String),
    /// The subject of the mail.
    pub subject: String,
    /// What the receiver is said to have.
    pub base: Oid,
    /// Its subject.
    pub base_subject: String,
    /// Where to pull from.
    pub url: String,
    /// What to pull.
    pub reference: Reference,
    /// The commit that it leads to.
    pub end: Oid,
    /// Its subject.
    pub end_subject: String,
    /// The message of the tag.
    pub cover: String,
    /// The diffstat.
    pub diffstat: Diffstat,
}

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PullError {
    /// No request.
    #[error("the mail is no pull request: it has no line `{BASE}`")]
    None,
    /// More than one.
    #[error("the mail has {0} pull requests")]
    Several(usize),
    /// A part that is missing.
    #[error("the pull request has no {0}")]
    Missing(&'static str),
    /// A part that is odd.
    #[error("the pull request's {part} is not one: `{text}`")]
    Odd {
        /// The part.
        part: &'static str,
        /// What stands there.
        text: String,
    },
}

impl PullError {
    pub(super) fn advice(&self) -> String {
        match self {
            PullError::None => "a pull request is what `git request-pull` writes, not quoted".into(),
            PullError::Several(_) => "ask for one mail each".into(),
            PullError::Missing(_) => "did a mail program wrap or cut the lines? Ask for it anew".into(),
            PullError::Odd { .. } => "nothing of it is used; ask whoever sent it".into(),
        }
    }
}

const BASE: &str = "The following changes since commit";
const FROM: &str = "are available in the Git repository at:";
const UP_TO: &str = "for you to fetch changes up to";
const RULE: &str = "----------------------------------------------------------------";

impl Request {
    /// Reads a mail.
    pub fn parse(bytes: &[u8]) -> Result<Request, MailError> {
        let mail = Mail::parse(bytes)?;
        let id = mail.id.clone().ok_or(MailError::NoHeader("Message-ID"))?;
        Ok(Request::of(mail, id)?)
    }

    fn of(mail: Mail, id: String) -> Result<Request, PullError> {
        let lines: Vec<&str> = mail.text.lines().map(str::trim_end).collect();
        let starts: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].starts_with(BASE)).collect();
        let start = match starts[..] {
            [start] => start,
            [] => return Err(PullError::None),
            _ => return Err(PullError::Several(starts.len())),
        };
        let mut parts = Parts { lines: &lines[start..] };
        let base = parts.commit(BASE, "base")?;
        let base_subject = parts.indented("subject of the base")?;
        parts.heading(FROM, "line about the repository")?;
        let (url, reference) = place(&parts.indented("URL")?)?;
        let end = parts.commit(UP_TO, "end")?;
        let end_subject = parts.indented("subject of the end")?;
        let cover = parts.cover()?;
        let diffstat = Diffstat::find(parts.lines).ok_or(PullError::Missing("diffstat"))?;
        let Mail { from, subject, .. } = mail;
        let (base_subject, end_subject) = (undated(&base_subject), undated(&end_subject));
        let request =
            Request { id, from, subject, base, base_subject, url, reference, end, end_subject, cover, diffstat };
        Ok(request)
    }
}

/// The lines that have not been read yet.
struct Parts<'a> {
    lines: &'a [&'a str],
}

impl<'a> Parts<'a> {
    /// The next line that is not empty.
    fn next(&mut self) -> Option<&'a str> {
        let at = self.lines.iter().position(|line| !line.is_empty())?;
        let line = self.lines[at];
        self.lines = &self.lines[at + 1..];
        Some(line)
    }

    fn heading(&mut self, text: &str, part: &'static str) -> Result<&'a str, PullError> {
        self.next().and_then(|line| line.strip_prefix(text)).ok_or(PullError::Missing(part))
    }

    /// `heading <id>:`
    fn commit(&mut self, heading: &str, part: &'static str) -> Result<Oid, PullError> {
        let text = self.heading(heading, part)?.trim();
        let id = text.strip_suffix(':').unwrap_or(text);
        id.parse().map_err(|_| odd(part, text))
    }

    fn indented(&mut self, part: &'static str) -> Result<String, PullError> {
        let line = self.next().filter(|line| line.starts_with("  ")).ok_or(PullError::Missing(part))?;
        Ok(line.trim().to_owned())
    }

    /// What stands between the two rules.
    fn cover(&mut self) -> Result<String, PullError> {
        let missing = PullError::Missing("message between two lines of dashes: is it a branch, not a tag?");
        let rules: Vec<usize> = (0..self.lines.len()).filter(|i| self.lines[*i] == RULE).take(2).collect();
        let [first, second] = rules[..] else { return Err(missing) };
        if self.lines[..first].iter().any(|line| !line.is_empty()) {
            return Err(missing);
        }
        let cover = self.lines[first + 1..second].join("\n");
        self.lines = &self.lines[second + 1..];
        Ok(cover.trim().to_owned())
    }
}

fn odd(part: &'static str, text: &str) -> PullError {
    PullError::Odd { part, text: text.chars().take(200).collect::<String>().escape_debug().to_string() }
}

/// `URL tags/NAME`, `URL NAME`
fn place(line: &str) -> Result<(String, Reference), PullError> {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let (url, name) = match words[..] {
        [url, name] => (url, name),
        [_] => return Err(PullError::Missing("tag after the URL")),
        _ => return Err(odd("URL", line)),
    };
    let is_remote = !url.starts_with('/') && !url.to_ascii_lowercase().starts_with("file:");
    if Address::of(url).is_none() || !is_remote {
        return Err(odd("URL", url));
    }
    let name = name.strip_prefix("refs/").unwrap_or(name);
    let (is_tag, name) = match name.strip_prefix("tags/") {
        Some(name) => (true, name),
        None => (false, name.strip_prefix("heads/").unwrap_or(name)),
    };
    let odd_character = |c: char| "'\"`$;&|<>(){}!".contains(c);
    if name.parse::<BranchName>().is_err() || name.contains(odd_character) {
        return Err(odd("tag", name));
    }
    let reference = if is_tag { Reference::Tag(name.to_owned()) } else { Reference::Branch(name.to_owned()) };
    Ok((url.to_owned(), reference))
}

/// A subject without the date in parentheses behind it.
fn undated(text: &str) -> String {
    let is_date = |date: &str| date.ends_with(')') && date.starts_with(|c: char| c.is_ascii_digit());
    match text.rsplit_once(" (") {
        Some((subject, date)) if is_date(date) => subject.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::diffstat::Totals;
    use super::super::tests::HEAD;
    use super::*;
    use crate::error::Explain;

    const BODY: &str = "
Hi all,

please pull.

The following changes since commit 0101010101010101010101010101010101010101:

  Linux 7.4-rc1 (2026-11-18 00:00:00 +0000)

are available in the Git repository at:

  https://gitlab.example/drm/misc/kernel.git tags/drm-misc-next-2026-11-20

for you to fetch changes up to 0202020202020202020202020202020202020202:

  drm: (re)add it (for now) (2026-11-20 10:00:00 +0100)

----------------------------------------------------------------
drm-misc-next for v7.5:

Core Changes:
- $(touch /tmp/x) is text

----------------------------------------------------------------
A (1):
      drm: add | it

 drivers/gpu/drm/a.c     |  4 ++--
 {a => b}/x | 1 +
 2 files changed, 3 insertions(+), 2 deletions(-)
 create mode 100644 b/x
";

    fn run(body: &str) -> Result<Request, MailError> {
        Request::parse(format!("{HEAD}{body}").as_bytes())
    }

    #[test]
    fn every_part_is_read() {
        let request = run(BODY).unwrap();
        assert_eq!(request.base, Oid::from_bytes([1; 20]));
        assert_eq!(request.base_subject, "Linux 7.4-rc1");
        assert_eq!(request.url, "https://gitlab.example/drm/misc/kernel.git");
        assert_eq!(request.reference, Reference::Tag("drm-misc-next-2026-11-20".into()));
        assert_eq!(request.end, Oid::from_bytes([2; 20]));
        assert_eq!(request.end_subject, "drm: (re)add it (for now)");
        assert_eq!(request.cover, "drm-misc-next for v7.5:\n\nCore Changes:\n- $(touch /tmp/x) is text");
        let names: Vec<&str> = request.diffstat.changes.iter().map(|change| &*change.name).collect();
        assert_eq!(names, ["drivers/gpu/drm/a.c", "{a => b}/x"]);
        assert_eq!(request.diffstat.totals, Totals { files: 2, insertions: 3, deletions: 2 });
        assert_eq!(request.diffstat.summary, ["create mode 100644 b/x"]);
    }

    #[track_caller]
    fn refused(old: &str, new: &str, message: &str) {
        assert!(BODY.contains(old), "{old}");
        let error = run(&BODY.replacen(old, new, 1)).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some());
    }

    #[test]
    fn missing_parts_are_named() {
        refused("The following changes since", "> The following changes since", "is no pull request");
        refused("please pull.", &format!("{BASE} {}:", "1".repeat(40)), "2 pull requests");
        refused("0101010101010101010101010101010101010101:", "0101:", "base is not one: `0101:`");
        refused("  Linux 7.4-rc1", "Linux 7.4-rc1", "no subject of the base");
        refused("are available in", "are not available in", "no line about the repository");
        refused(" tags/drm-misc-next-2026-11-20", "\n  tags/drm-misc-next-2026-11-20", "no tag after the URL");
        refused("0202020202020202020202020202020202020202", "HEAD", "end is not one: `HEAD:`");
        refused(&format!("{RULE}\nA (1)"), "A (1)", "no message between two lines");
        refused("2 files changed", "many files changed", "no diffstat");
    }

    #[test]
    fn nothing_reaches_git_or_a_shell() {
        let url = "https://gitlab.example/drm/misc/kernel.git";
        for bad in [
            "--upload-pack=touch${IFS}/tmp/x",
            "ext::sh",
            "ssh://-oProxyCommand=id/x",
            "https://a.example/$(id)",
            "https://a.example/`id`",
            "https://a.example/x;id",
            "file:///etc",
            "FILE:///etc",
            "/etc",
            "../x",
        ] {
            refused(url, bad, "URL is not one");
        }
        for bad in
            ["tags/--exec=id", "--upload-pack=id", "tags/$(id)", "tags/a`id`", "a:b", "tags/a..b", "+x:y", "tags/;id"]
        {
            refused("tags/drm-misc-next-2026-11-20", bad, "tag is not one");
        }
        refused("tags/drm-misc-next-2026-11-20", "tags/a b", "URL is not one");
    }

    #[test]
    fn a_branch_is_told_from_a_tag() {
        let request = run(&BODY.replacen("tags/drm-misc", "drm-misc", 1)).unwrap();
        assert_eq!(request.reference, Reference::Branch("drm-misc-next-2026-11-20".into()));
    }

    #[test]
    fn git_s_own_request_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let repo = crate::git::Repo::at(dir.path());
        let identity = ["-c", "user.name=A", "-c", "user.email=a@b.example"];
        let git = |args: &[&str]| repo.git(identity.iter().chain(args)).run().unwrap().text();
        git(&["init", "--quiet", "--initial-branch=main"]);
        git(&["commit", "--quiet", "--allow-empty", "-m", "begin"]);
        let base = git(&["rev-parse", "HEAD"]);
        std::fs::write(dir.path().join("a"), "1\n2\n").unwrap();
        git(&["add", "a"]);
        git(&["commit", "--quiet", "-m", "a: add (it)"]);
        git(&["tag", "-a", "-m", "The cover.\n\nMore.", "next-1"]);
        git(&["clone", "--quiet", "--bare", ".", "bare.git"]);
        let text =
            git(&["request-pull", &base, "./bare.git", "next-1"]).replace("./bare.git", "https://a.example/b.git");
        let request = run(&format!("\n{text}")).unwrap();
        assert_eq!((request.base.to_string(), request.end.to_string()), (base, git(&["rev-parse", "HEAD"])));
        assert_eq!((&*request.end_subject, &*request.cover), ("a: add (it)", "The cover.\n\nMore."));
        assert_eq!(request.diffstat.totals, Totals { files: 1, insertions: 2, deletions: 0 });
    }

    #[test]
    fn our_own_request_is_read() {
        // A mail of `drm-rust forward` has headers and a body of its own.
        let text = format!("{HEAD}\nHi all,\n\nplease pull the changes below.\n\ndrm-rust-next-1:\n\n{}", &BODY[1..]);
        assert!(Request::parse(text.as_bytes()).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[ -~\nä]{0,300}", at in 0usize..2000) {
            let at = (0..=at.min(BODY.len())).rev().find(|at| BODY.is_char_boundary(*at)).unwrap();
            let _ = run(&format!("{}{text}{}", &BODY[..at], &BODY[at..]));
        }
    }
}
