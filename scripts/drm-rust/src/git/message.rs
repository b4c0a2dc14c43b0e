// SPDX-License-Identifier: GPL-2.0-only

//! Commit messages: their trailers by git's own rule, and how they cite commits.

use super::{GitError, Oid, Repo, damage, settings};

/// The fewest digits of a commit id that a message cites.
pub const DIGITS: usize = 12;

/// A commit as messages cite it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// The commit.
    pub commit: Oid,
    /// Enough digits to be unique, and at least 12.
    pub short: String,
    /// Its subject.
    pub subject: String,
}

impl Cited {
    /// `0123456789ab ("subject")`
    pub fn cite(&self) -> String {
        format!("{} (\"{}\")", self.short, self.subject)
    }
}

impl Repo {
    /// The trailers of a message: those of its last paragraph, as key and value. Prose never counts.
    pub fn trailers(&self, message: &str) -> Result<Vec<(String, String)>, GitError> {
        // What a person has configured must not change what a trailer is.
        let process = settings::alone(["interpret-trailers", "--parse", "--no-divider"]).input(message);
        Ok(split_trailers(&process.run()?.text()))
    }

    /// The commit that a message cites by an id or its beginning. A branch of that name is not meant.
    pub fn find_id(&self, id: &str) -> Result<Option<Oid>, GitError> {
        let found = if is_id(id) { self.find_commit(id)? } else { None };
        Ok(found.filter(|commit| commit.to_string().starts_with(id)))
    }

    /// A commit as messages cite it.
    pub fn cited(&self, rev: &str) -> Result<Cited, GitError> {
        let commit = self.commit(rev)?;
        let abbrev = format!("--abbrev={DIGITS}");
        let process = self.plain(["log", "--no-walk", &abbrev, "--format=%h %s", &commit.to_string(), "--"])?;
        let text = process.run()?.text();
        let (short, subject) = text.split_once(' ').unwrap_or((&text, ""));
        Ok(Cited { commit, short: short.to_owned(), subject: subject.to_owned() })
    }

    /// The message of a commit.
    pub fn message(&self, commit: Oid) -> Result<String, GitError> {
        Ok(self.plain(["log", "--no-walk", "--format=%B", &commit.to_string(), "--"])?.run()?.text())
    }

    /// Whether a commit is another one or comes before it.
    pub fn is_ancestor(&self, ancestor: Oid, of: Oid) -> Result<bool, GitError> {
        let process = self.git(["merge-base", "--is-ancestor", &ancestor.to_string(), &of.to_string()]);
        Ok(damage::answer(&process)?.code == 0)
    }
}

/// Trailers, one a line, as key and value.
pub fn split_trailers(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect()
}

/// The id and the subject of `0123456789ab ("subject")`; none where it is written otherwise.
pub fn split_cite(text: &str) -> Option<(&str, &str)> {
    let (id, rest) = text.split_once(' ')?;
    let subject = rest.strip_prefix("(\"")?.strip_suffix("\")")?;
    (is_id(id) && id.len() >= DIGITS && !subject.is_empty()).then_some((id, subject))
}

/// The id of a cite that is not written as it should be, where it can mean one thing only: after the word `commit`, or
/// in capitals.
pub fn loose_id(text: &str) -> Option<String> {
    let mut words = text.split_whitespace().skip_while(|word| word.eq_ignore_ascii_case("commit"));
    let id = words.next()?.trim_end_matches([',', ':', ';']).to_ascii_lowercase();
    is_id(&id).then_some(id)
}

/// Whether it can be the id of a commit, or its beginning.
pub fn is_id(text: &str) -> bool {
    (4..=40).contains(&text.len()) && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cites_are_split() {
        assert_eq!(split_cite("0123456789ab (\"drm: a (b)\")"), Some(("0123456789ab", "drm: a (b)")));
        for bad in
            ["0123 (\"short\")", "0123456789ab \"x\"", "0123456789AB (\"x\")", "0123456789ab", "0123456789ab (\"\")"]
        {
            assert_eq!(split_cite(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_of_bad_cites_are_read() {
        let id = "0123456789ab";
        for text in [id, "commit 0123456789ab", "0123456789AB (\"x\")", "Commit 0123456789ab: x", "0123456789ab, x"] {
            assert_eq!(loose_id(text).as_deref(), Some(id), "{text}");
        }
        for bad in ["", "commit", "https://x.example/0123456789ab", "x: y 0123456789ab", "HEAD (\"x\")", "--all"] {
            assert_eq!(loose_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn prose_is_no_trailer() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::at(dir.path());
        let keys = |message: &str| -> Vec<String> {
            repo.trailers(message).unwrap().into_iter().map(|(key, value)| format!("{key}={value}")).collect()
        };
        let signed = "Signed-off-by: A <a@b.example>";
        assert_eq!(keys(&format!("x: y\n\nWhy.\n\nLink: u\n{signed}\n")), ["Link=u", "Signed-off-by=A <a@b.example>"]);
        assert_eq!(keys(&format!("x: y\n\n{signed}\n\nThe last paragraph is prose.\n")), Vec::<String>::new());
        assert_eq!(keys("x: y\n\nThis was\nFixes: by prose that goes on\nand on\nand on.\n"), Vec::<String>::new());
        assert_eq!(keys(&format!("{signed}\n")), Vec::<String>::new(), "the subject");
        assert_eq!(keys("x: y\n\nCc: a\n b\n---\nLink: u\n"), Vec::<String>::new());
        assert_eq!(keys("x: y\n\nCc: a\n b\nFixes:\n"), ["Cc=a b", "Fixes="]);
    }

    #[test]
    fn an_id_is_not_a_branch_of_that_name() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::at(dir.path());
        let git = |args: &[&str]| repo.git(args).run().unwrap().text();
        git(&["init", "--quiet"]);
        let identity = ["-c", "user.name=A", "-c", "user.email=a@b.example"];
        git(&[&identity[..], &["commit", "--quiet", "--allow-empty", "-m", "x"]].concat());
        git(&["branch", "0123456789ab"]);
        let id = git(&["rev-parse", "HEAD"]);
        assert!(repo.find_commit("0123456789ab").unwrap().is_some());
        assert_eq!(repo.find_id("0123456789ab").unwrap(), None);
        assert_eq!(repo.find_id(&id[..12]).unwrap().unwrap().to_string(), id);
    }
}
