// SPDX-License-Identifier: GPL-2.0-only

//! A topic's manifest: its patches, in the order in which they are committed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

use super::edit::{Action, Edit};
use crate::git::TopicName;
use crate::git::commit::Identity;

/// One topic.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the topic is, in one line.
    pub title: String,
    /// What it adds and why; it goes into the merge message and the pull request.
    pub summary: String,
    /// The topics that it stands on.
    #[serde(default)]
    pub requires: Vec<TopicName>,
    /// The author of patches that name no other.
    pub author: Identity,
    /// Trailers of every patch, after the patch's own.
    #[serde(default)]
    pub trailers: Vec<String>,
    /// The patches.
    #[serde(default, rename = "patch")]
    pub patches: Vec<Patch>,
}

/// One commit of a topic.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The first line of the commit message.
    pub subject: String,
    /// The commit message below the subject.
    #[serde(default)]
    pub body: String,
    /// The author, where it is not the topic's.
    pub author: Option<Identity>,
    /// Author's and committer's date.
    #[serde(deserialize_with = "crate::config::timestamp")]
    pub date: Timestamp,
    /// Trailers, such as `Signed-off-by: …`.
    #[serde(default)]
    pub trailers: Vec<String>,
    /// Files that go away.
    #[serde(default, rename = "delete")]
    pub deletes: Vec<Delete>,
    /// Files that get another path.
    #[serde(default, rename = "rename")]
    pub renames: Vec<Rename>,
    /// The overlay files that the patch adds.
    #[serde(default)]
    pub files: Vec<String>,
    /// The patch's changes to files that are there.
    #[serde(default, rename = "edit")]
    pub edits: Vec<RawEdit>,
}

/// A file that a patch deletes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// The file.
    pub file: String,
    /// What it has, where a topic added it: the overlay has no such file any more.
    pub text: Option<String>,
}

/// A file that a patch renames. Its edits of the file follow, by the new path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// The path before the patch.
    pub from: String,
    /// The path after it.
    pub to: String,
}

/// An edit as it stands in a manifest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEdit {
    /// The file that changes.
    pub file: String,
    /// The anchor, for an insertion after it.
    pub after: Option<String>,
    /// The anchor, for an insertion before it.
    pub before: Option<String>,
    /// The lines to insert.
    pub insert: Option<String>,
    /// The anchor, for a replacement.
    pub replace: Option<String>,
    /// The lines that replace it; empty to delete it.
    pub with: Option<String>,
}

impl Manifest {
    /// Reads a manifest. The error tells line, column and reason.
    pub fn parse(text: &str) -> Result<Manifest, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// The author of a patch.
    pub fn author_of<'a>(&'a self, patch: &'a Patch) -> &'a Identity {
        patch.author.as_ref().unwrap_or(&self.author)
    }

    /// The trailers of a patch, its own first.
    pub fn trailers_of<'a>(&'a self, patch: &'a Patch) -> impl Iterator<Item = &'a str> {
        patch.trailers.iter().chain(&self.trailers).map(String::as_str)
    }

    /// The commit message of a patch.
    pub fn message_of(&self, patch: &Patch) -> String {
        let trailers: Vec<&str> = self.trailers_of(patch).collect();
        let parts = [patch.subject.trim(), patch.body.trim_matches('\n'), &trailers.join("\n")].map(str::to_owned);
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n") + "\n"
    }

    /// Every file that the topic touches, once.
    pub fn paths(&self) -> BTreeSet<&str> {
        self.patches.iter().flat_map(Patch::paths).collect()
    }

    /// The files that the topic adds, and that are there in its end: by the paths that they have then.
    pub fn files(&self) -> BTreeSet<&str> {
        let mut files = BTreeSet::new();
        for patch in &self.patches {
            for delete in &patch.deletes {
                files.remove(delete.file.as_str());
            }
            let renamed: Vec<&Rename> =
                patch.renames.iter().filter(|rename| files.remove(rename.from.as_str())).collect();
            files.extend(renamed.iter().map(|rename| rename.to.as_str()));
            files.extend(patch.files.iter().map(String::as_str));
        }
        files
    }
}

impl Patch {
    /// Every path that the patch touches.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let deleted = self.deletes.iter().map(|delete| &delete.file);
        let renamed = self.renames.iter().flat_map(|rename| [&rename.from, &rename.to]);
        let edited = self.edits.iter().map(|edit| &edit.file);
        deleted.chain(renamed).chain(&self.files).chain(edited).map(String::as_str)
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.paths().next().is_none()
    }
}

impl RawEdit {
    /// The edit, or the key that is wrong, what is wrong with it, and a hint.
    pub fn check(&self) -> Result<Edit, (&'static str, String, String)> {
        let (key, anchor, action, text_key, text) = match (&self.after, &self.before, &self.replace) {
            (Some(anchor), None, None) => ("after", anchor, Action::After, "insert", &self.insert),
            (None, Some(anchor), None) => ("before", anchor, Action::Before, "insert", &self.insert),
            (None, None, Some(anchor)) => ("replace", anchor, Action::Replace, "with", &self.with),
            _ => {
                let message = "needs exactly one of `after`, `before` and `replace`";
                return Err((
                    "",
                    message.into(),
                    "`after` and `before` go with `insert`, `replace` with `with`".into(),
                ));
            }
        };
        let other = if text_key == "insert" { &self.with } else { &self.insert };
        let Some(text) = text.as_ref().filter(|_| other.is_none()) else {
            return Err((text_key, format!("`{key}` needs `{text_key}` and nothing else"), "add the lines".into()));
        };
        if anchor.trim().is_empty() {
            return Err((key, "the anchor is empty".into(), "name a whole line of the file".into()));
        }
        if text.is_empty() && action != Action::Replace {
            return Err((text_key, "there is nothing to insert".into(), "add the lines".into()));
        }
        if !text.is_empty() && !text.ends_with('\n') {
            let hint = "end it with a newline, for example by using \"\"\" strings";
            return Err((text_key, "the text is no whole number of lines".into(), hint.into()));
        }
        let anchor = anchor.strip_suffix('\n').unwrap_or(anchor).to_owned();
        Ok(Edit { anchor, action, text: text.clone() })
    }

    /// The key of the lines that the edit puts there, for messages.
    pub fn text_key(&self) -> &'static str {
        if self.replace.is_some() { "with" } else { "insert" }
    }

    /// The key of the anchor, for messages.
    pub fn anchor_key(&self) -> &'static str {
        match (&self.after, &self.before) {
            (Some(_), _) => "after",
            (_, Some(_)) => "before",
            _ => "replace",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "title = 'T'\nsummary = 'S'\nauthor = 'A <a@b.example>'\n";

    #[test]
    fn messages_have_subject_body_and_trailers() {
        let text = format!(
            "{HEAD}trailers = ['Signed-off-by: A <a@b.example>']\n[[patch]]\nsubject = 'a: b'\n\
             date = 2026-01-01T00:00:00Z\nbody = \"\"\"\nWhy.\n\"\"\"\ntrailers = ['Fixes: 1']\n"
        );
        let manifest = Manifest::parse(&text).unwrap();
        let message = manifest.message_of(&manifest.patches[0]);
        assert_eq!(message, "a: b\n\nWhy.\n\nFixes: 1\nSigned-off-by: A <a@b.example>\n");
    }

    #[test]
    fn unknown_keys_name_their_line() {
        let error = Manifest::parse(&format!("{HEAD}requrires = []\n")).unwrap_err();
        assert!(error.contains("line 4") && error.contains("requrires"), "{error}");
    }

    #[test]
    fn edits_need_one_anchor_and_whole_lines() {
        let edit = |text: &str| toml::from_str::<RawEdit>(&format!("file = 'f'\n{text}")).unwrap().check();
        assert!(edit("after = 'a'\ninsert = \"b\\n\"").is_ok());
        assert!(edit("replace = 'a'\nwith = ''").is_ok());
        for bad in [
            "",
            "after = 'a'\nbefore = 'b'\ninsert = \"c\\n\"",
            "after = 'a'\nwith = \"c\\n\"",
            "after = 'a'\ninsert = 'no newline'",
            "after = 'a'\ninsert = ''",
            "after = ' '\ninsert = \"c\\n\"",
            "replace = 'a'\ninsert = \"c\\n\"",
        ] {
            assert!(edit(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        /// What a person wrote arrives in the commit as it is, whatever it is.
        #[test]
        fn subject_and_body_arrive_unchanged(subject in "[a-z]{1,9}: [^\\p{Cc}]{1,30}[a-z]", body in "([a-z][^\\p{Cc}]{0,20}\n){1,4}") {
            let mut patch = toml::Table::new();
            patch.insert("subject".into(), subject.clone().into());
            patch.insert("body".into(), body.clone().into());
            let date: toml::value::Datetime = "2026-01-01T00:00:00Z".parse().unwrap();
            patch.insert("date".into(), date.into());
            let text = format!("{HEAD}[[patch]]\n{patch}");
            let manifest = Manifest::parse(&text).unwrap();
            let message = manifest.message_of(&manifest.patches[0]);
            let (first, rest) = message.split_once("\n\n").unwrap();
            prop_assert_eq!(first, subject.as_str());
            prop_assert_eq!(rest.trim(), body.trim());
        }

        #[test]
        fn damaged_manifests_are_errors_and_no_panics(at in any::<prop::sample::Index>(), with in any::<char>()) {
            let text = format!("{HEAD}[[patch]]\nsubject = 'a: b'\nbody = 'c'\ndate = 2026-01-01T00:00:00Z\n");
            let mut chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len());
            chars[at] = with;
            if let Err(message) = Manifest::parse(&chars.into_iter().collect::<String>()) {
                prop_assert!(!message.is_empty());
            }
        }
    }
}
