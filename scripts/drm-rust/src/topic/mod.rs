// SPDX-License-Identifier: GPL-2.0-only

//! Topics: what this repository adds to Linux, as ordered patches described by manifests.

pub mod additions;
pub mod derive;
pub mod edit;
pub mod manage;
pub mod manifest;
pub mod message;
pub mod overlay;
pub mod owners;
pub mod paths;
pub mod published;
pub mod rewrite;
pub mod scaffold;
pub mod stored;
pub mod subject;
pub mod validate;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::error::{Explain, FileContext, FileError};
use crate::git::{GitError, Repo, TopicName};
use manifest::Manifest;
use stored::{Converted, Difference};

/// Files to name in a message before it says "and more".
const SHOWN: usize = 10;

/// Something that is wrong with a topic, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file: a manifest, or an overlay file.
    pub file: String,
    /// The key in a manifest, for example `patch[1].edit[0].after`; empty where there is none.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}\n    hint: {}", self.message, self.hint.replace('\n', "\n          "))
    }
}

/// The topics cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Git stores files otherwise than they are.
    #[error("git stores {} of this checkout otherwise than here:\n{}", files(.0.len()), shown(.0))]
    Converted(Vec<Converted>),
    /// Manifests or overlay files are wrong.
    #[error("{} in the topics:\n{}", count(.0.len()), list(.0))]
    Invalid(Vec<Problem>),
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 problem".into() } else { format!("{problems} problems") }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".into() } else { format!("{count} files") }
}

fn shown(files: &[Converted]) -> String {
    let mut lines: Vec<String> = files.iter().take(SHOWN).map(|file| format!("  {file}")).collect();
    lines.extend((files.len() > SHOWN).then(|| format!("  and {} more", files.len() - SHOWN)));
    lines.join("\n")
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

impl Explain for TopicError {
    fn hint(&self) -> Option<String> {
        match self {
            TopicError::File(error) => error.hint(),
            TopicError::Git(error) => error.hint(),
            TopicError::Converted(files) if files.iter().all(|file| file.what == Difference::Content) => Some(
                "others would get other commits. `git check-attr --all FILE` and `git config --show-origin core.autocrlf`\n\
                 tell why. Take that away, stage what you have changed, and let git write the files anew:\n\
                 git checkout-index --force --all"
                    .into(),
            ),
            TopicError::Converted(_) => Some(
                "others would get other commits. Where the file system keeps modes and links, tell git so (git config\n\
                 core.fileMode true) and let it write the files anew; where it does not, make the checkout on one that does"
                    .into(),
            ),
            TopicError::Invalid(_) => Some("Documentation/rust/drm-rust/manifests.rst describes every key".into()),
        }
    }
}

/// All topics, by name.
pub type Topics = BTreeMap<TopicName, Manifest>;

/// The path of a topic's manifest in this repository.
pub fn manifest_path(name: &TopicName) -> String {
    format!("scripts/drm-rust/topics/{name}.toml")
}

/// Reads every manifest below `scripts/drm-rust/topics`.
pub fn load(root: &Path) -> Result<Topics, TopicError> {
    let dir = root.join("scripts/drm-rust/topics");
    let mut topics = Topics::new();
    let mut problems = Vec::new();
    if !dir.exists() {
        return Ok(topics);
    }
    for owner in sorted_names(&dir)? {
        for file in sorted_names(&dir.join(&owner))? {
            let path = dir.join(&owner).join(&file);
            let place = path.strip_prefix(root).expect("it is below the root");
            let Some(name) = topic_name(&owner, &file) else {
                // What an editor leaves beside a manifest, or git ignores, is none.
                if !overlay::untracked(root, &[place.as_os_str()])?.is_empty() || is_tracked(root, place)? {
                    problems.push(no_topic(place));
                }
                continue;
            };
            let shown = manifest_path(&name);
            let text = fs::read_to_string(&path).at("read", &path)?;
            match Manifest::parse(&text) {
                Ok(manifest) => drop(topics.insert(name, manifest)),
                Err(message) => problems.push(Problem {
                    file: shown,
                    key: String::new(),
                    message,
                    hint: "`drm-rust topic new` writes a manifest to start from".into(),
                }),
            }
        }
    }
    if problems.is_empty() { Ok(topics) } else { Err(TopicError::Invalid(problems)) }
}

fn topic_name(owner: &OsStr, file: &OsStr) -> Option<TopicName> {
    format!("{}/{}", owner.to_str()?, file.to_str()?.strip_suffix(".toml")?).parse().ok()
}

fn no_topic(path: &Path) -> Problem {
    match path.to_str() {
        None => overlay::not_unicode(path.as_os_str().as_bytes()),
        Some(path) => Problem {
            file: path.to_owned(),
            key: String::new(),
            message: "is not named like a topic".into(),
            hint: "manifests are OWNER/NAME.toml in lower-case letters, digits and `-`".into(),
        },
    }
}

fn is_tracked(root: &Path, path: &Path) -> Result<bool, GitError> {
    let process = Repo::at(root).git(["--literal-pathspecs", "ls-files", "--"]).arg(path);
    Ok(!process.run()?.stdout.is_empty())
}

fn sorted_names(dir: &Path) -> Result<Vec<OsString>, FileError> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).at("read", dir)? {
        names.push(entry.at("read", dir)?.file_name());
    }
    names.retain(|name| !name.as_bytes().starts_with(b".") && !name.as_bytes().ends_with(b"~"));
    names.sort();
    Ok(names)
}
