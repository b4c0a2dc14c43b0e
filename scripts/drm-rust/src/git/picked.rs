// SPDX-License-Identifier: GPL-2.0-only

//! What messages say of other commits: which one they were picked from, which one they are about.

use super::message::{DIGITS, is_id};
use super::{GitError, Oid, Repo};

/// What a pick says of where it is from, before the full id.
pub const PICKED: &str = "(cherry picked from commit ";

/// The commits that a message says it was picked from, the last pick first.
pub fn origins(body: &str) -> Vec<String> {
    let ids = body.lines().rev().filter_map(|line| line.trim().strip_prefix(PICKED)?.strip_suffix(')'));
    ids.filter(|id| is_id(id) && id.len() >= DIGITS).map(str::to_owned).collect()
}

/// Whether a message says that it was picked from a commit, in a line of its own.
pub fn is_picked_from(body: &str, commit: &str) -> bool {
    origins(body).iter().any(|id| commit.starts_with(id.as_str()) || id.starts_with(commit))
}

impl Repo {
    /// The commits of a range, newest first, whose messages have one of these texts. Merges are left out. The range
    /// names commits by their ids.
    pub fn mentioning(&self, texts: &[String], range: &[String]) -> Result<Vec<Oid>, GitError> {
        let process = self.plain(["log", "--no-merges", "--format=%H", "--fixed-strings", "--regexp-ignore-case"])?;
        let process = process.args(texts.iter().map(|text| format!("--grep={text}"))).args(range).arg("--");
        process.run()?.lines().iter().map(|line| self.oid(&process, line)).collect()
    }

    /// Whether a history has a pick of a commit.
    pub fn has_pick(&self, commit: Oid, of: Oid) -> Result<bool, GitError> {
        let range = [of.to_string(), format!("^{commit}")];
        Ok(!self.picks(&[commit.to_string()], &range)?.is_empty())
    }

    /// The commits of a range, newest first, that say that they were picked from one of these.
    pub fn picks(&self, ids: &[String], range: &[String]) -> Result<Vec<Oid>, GitError> {
        let texts: Vec<String> = ids.iter().map(|id| format!("{PICKED}{id}")).collect();
        let mut picks = Vec::new();
        for commit in self.mentioning(&texts, range)? {
            // Others may speak of the line.
            let message = self.message(commit)?;
            if ids.iter().any(|id| is_picked_from(&message, id)) {
                picks.push(commit);
            }
        }
        Ok(picks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pick_tells_where_it_is_from() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let body = format!("Why.\n\n{PICKED}{one})\nSigned-off-by: A <a@b.example>\n{PICKED}{two})\n{PICKED}--all)\n");
        assert_eq!(origins(&body), [two, one.clone()]);
        assert_eq!(origins("It was (cherry picked from commit 1111)\n"), Vec::<String>::new());
        assert_eq!(origins(&format!("{PICKED}1111)\n")), Vec::<String>::new(), "too short to be proof");
        assert!(is_picked_from(&format!("{PICKED}{})\n", &one[..12]), &one) && !is_picked_from(&body, &"3".repeat(40)));
    }
}
