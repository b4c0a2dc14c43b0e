// SPDX-License-Identifier: GPL-2.0-only

//! The text of a pull request: pure, from values to a mail.
//!
//! The body is what `git request-pull` writes for a tag, below a greeting; receivers' tools read it.

use jiff::Timestamp;

use crate::git::commit::Identity;
use crate::git::{BranchName, Oid};
use crate::workspace::Receiver;

/// Where drm maintainers expect a change to be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Anything that user space sees.
    Uapi,
    /// Topics that other trees own too.
    CrossSubsystem,
    /// The DRM core.
    Core,
    /// Drivers.
    Driver,
}

impl Section {
    const ALL: [Section; 4] = [Section::Uapi, Section::CrossSubsystem, Section::Core, Section::Driver];

    fn heading(self) -> &'static str {
        match self {
            Section::Uapi => "UAPI Changes",
            Section::CrossSubsystem => "Cross-subsystem Changes",
            Section::Core => "Core Changes",
            Section::Driver => "Driver Changes",
        }
    }
}

/// A topic of a pull request, or a commit.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it is listed.
    pub section: Section,
    /// What it is, in one line.
    pub title: String,
    /// What it adds and why.
    pub summary: String,
}

/// Everything that a pull request says.
#[derive(Clone, Debug)]
pub struct PullRequest {
    /// The branch.
    pub branch: BranchName,
    /// The tag to pull.
    pub tag: String,
    /// The release that the changes are meant for, if somebody said.
    pub release: Option<String>,
    /// What the tag tells of checks that did not pass.
    pub overridden: String,
    /// Where the tag is.
    pub url: String,
    /// What the receiver has already.
    pub base: Oid,
    /// Its subject and date.
    pub base_cite: String,
    /// What the tag names.
    pub tip: Oid,
    /// Its subject and date.
    pub tip_cite: String,
    /// What is in it.
    pub entries: Vec<Entry>,
    /// As `git shortlog` writes it.
    pub shortlog: String,
    /// As `git diff --stat --summary` writes it.
    pub diffstat: String,
}

/// A line as `git request-pull` draws it.
const RULE: &str = "----------------------------------------------------------------";

impl PullRequest {
    /// The tag's message: the changes under the headings that drm maintainers expect.
    pub fn tag_message(&self) -> String {
        let mut text = match &self.release {
            Some(release) => format!("{} for {release}:\n", self.branch),
            None => format!("{}:\n", self.tag),
        };
        for section in Section::ALL {
            let entries: Vec<&Entry> = self.entries.iter().filter(|entry| entry.section == section).collect();
            if entries.is_empty() {
                continue;
            }
            text += &format!("\n{}:\n", section.heading());
            for entry in entries {
                text += &format!("- {}\n", entry.title.trim());
                text.extend(entry.summary.trim().lines().map(indented));
            }
        }
        if !self.overridden.is_empty() {
            text += &format!("\n{}\n", self.overridden.trim_end());
        }
        text
    }

    /// The body as `git request-pull` writes it.
    pub fn request(&self) -> String {
        format!(
            "The following changes since commit {}:\n\n  {}\n\nare available in the Git repository at:\n\n  {} tags/{}\n\n\
             for you to fetch changes up to {}:\n\n  {}\n\n{RULE}\n{}\n{RULE}\n{}\n\n{}\n",
            self.base,
            self.base_cite,
            self.url,
            self.tag,
            self.tip,
            self.tip_cite,
            self.tag_message(),
            self.shortlog,
            self.diffstat,
        )
    }
}

fn indented(line: &str) -> String {
    format!("  {line}").trim_end().to_owned() + "\n"
}

/// A pull request on its way to somebody.
pub struct Letter<'a> {
    /// The sender.
    pub from: Identity,
    /// Who gets it.
    pub receiver: &'a Receiver,
    /// When.
    pub date: Timestamp,
    /// What it says.
    pub request: &'a PullRequest,
}

impl Letter<'_> {
    /// The mail, headers and all.
    pub fn to_mail(&self) -> String {
        let host = self.from.mail.rsplit('@').next().unwrap_or_default();
        let headers = [
            ("From", address(&self.from.to_string())),
            ("To", addresses(&self.receiver.to)),
            ("Cc", addresses(&self.receiver.cc)),
            ("Subject", format!("[PULL] {}", self.request.branch)),
            ("Date", self.date.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()),
            ("Message-ID", format!("<{}.{}@{host}>", self.request.tag, self.request.tip.short())),
            ("MIME-Version", "1.0".into()),
            ("Content-Type", "text/plain; charset=UTF-8".into()),
            ("Content-Transfer-Encoding", "8bit".into()),
        ];
        let headers: String = headers.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        let greeting = &self.receiver.greeting;
        let body = self.request.request();
        format!(
            "{headers}\nHi {greeting},\n\nplease pull the changes below.\n\n{}\n\n{body}",
            self.request.tag_message().trim_end()
        )
    }
}

fn addresses(list: &[String]) -> String {
    list.iter().map(|entry| address(entry)).collect::<Vec<_>>().join(",\n ")
}

/// An address whose name is encoded where it is not plain ASCII (RFC 2047).
fn address(text: &str) -> String {
    match text.split_once(" <") {
        Some((name, mail)) if !name.is_ascii() => format!("{} <{mail}", encoded_word(name)),
        Some((name, mail)) if name.contains(['.', ',', '"', '(', ')', ':', ';', '@']) => {
            format!("\"{}\" <{mail}", name.replace('\\', "\\\\").replace('"', "\\\""))
        }
        _ => text.to_owned(),
    }
}

fn encoded_word(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => "_".into(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("={byte:02X}"),
    };
    format!("=?UTF-8?Q?{}?=", text.bytes().map(encode).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(section: Section, name: &str) -> Entry {
        Entry { section, title: format!("Title of {name} (topic/{name})"), summary: "First.\n\nSecond.\n".into() }
    }

    fn request() -> PullRequest {
        PullRequest {
            branch: BranchName::next(),
            tag: "drm-rust-next-2026-11-21".into(),
            release: None,
            overridden: String::new(),
            url: "https://git.example/kernel.git".into(),
            base: Oid::from_bytes([1; 20]),
            base_cite: "Linux 7.3.4 (2026-11-18 00:00:00 +0000)".into(),
            tip: Oid::from_bytes([2; 20]),
            tip_cite: "Merge branch 'topic/rust/a' (2026-11-20 00:00:00 +0000)".into(),
            entries: vec![entry(Section::Driver, "drm/b"), entry(Section::CrossSubsystem, "rust/a")],
            shortlog: "A (1):\n      rust: a: add".into(),
            diffstat: " a | 1 +\n 1 file changed, 1 insertion(+)".into(),
        }
    }

    #[test]
    fn sections_come_in_the_usual_order() {
        insta::assert_snapshot!(request().tag_message(), @r"
        drm-rust-next-2026-11-21:

        Cross-subsystem Changes:
        - Title of rust/a (topic/rust/a)
          First.

          Second.

        Driver Changes:
        - Title of drm/b (topic/drm/b)
          First.

          Second.
        ");
    }

    #[test]
    fn the_release_is_said_where_it_is_known() {
        let request = PullRequest { release: Some("v7.5".into()), ..request() };
        assert!(request.tag_message().starts_with("drm-rust-next for v7.5:\n"));
    }

    #[test]
    fn a_mail_parser_reads_it_back() {
        let receiver = Receiver {
            greeting: "all".into(),
            to: vec!["Zoë Ø <z@a.example>".into(), "plain@a.example".into()],
            cc: vec!["Q. \"U\" <q@a.example>".into()],
        };
        let request = request();
        let from = "A B <a@b.example>".parse().unwrap();
        let date = Timestamp::from_second(1_795_219_200).unwrap();
        let mail = Letter { from, receiver: &receiver, date, request: &request }.to_mail();
        let parsed = mail_parser::MessageParser::default().parse(mail.as_bytes()).unwrap();
        let to: Vec<_> = parsed.to().unwrap().iter().map(|a| (a.name(), a.address().unwrap())).collect();
        assert_eq!(to, [(Some("Zoë Ø"), "z@a.example"), (None, "plain@a.example")]);
        assert_eq!(parsed.cc().unwrap().first().unwrap().name(), Some("Q. \"U\""));
        assert_eq!(parsed.subject(), Some("[PULL] drm-rust-next"));
        assert_eq!(parsed.date().unwrap().to_timestamp(), 1_795_219_200);
        assert!(parsed.body_text(0).unwrap().contains("for you to fetch changes up to"));
    }
}
