// SPDX-License-Identifier: GPL-2.0-only

//! The trailers of a patch that fixes a commit.

use super::look;
use super::release::Release;
use crate::git::{GitError, Oid, Repo};
use crate::process::Process;

/// The trailers, as lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailers {
    /// One a line.
    pub lines: Vec<String>,
    /// Whether maintainers could be asked for.
    pub has_maintainers: bool,
}

/// Finds them. The kernel's own script in `linux` knows the maintainers.
pub fn trailers(repo: &Repo, linux: &Repo, rev: &str) -> Result<Trailers, GitError> {
    let cited = repo.cited(rev)?;
    let maintainers = maintainers(repo, linux, cited.commit)?;
    let has_maintainers = maintainers.is_some();
    let mut people = involved(repo, cited.commit)?;
    people.extend(maintainers.unwrap_or_default());
    let mut lines = vec![format!("Fixes: {}", cited.cite())];
    lines.extend(once_each(people).into_iter().map(|person| format!("Cc: {person}")));
    lines.extend(stable(&look::containing(repo, cited.commit)?));
    Ok(Trailers { lines, has_maintainers })
}

/// Who wrote, signed and reviewed a commit.
fn involved(repo: &Repo, commit: Oid) -> Result<Vec<String>, GitError> {
    let id = commit.to_string();
    let author = repo.plain(["log", "--no-walk", "--format=%an <%ae>", &id, "--"])?.run()?.text();
    let keys = ["signed-off-by", "co-developed-by", "reviewed-by", "acked-by"];
    let trailers = repo.trailers(&repo.message(commit)?)?.into_iter();
    let people = trailers.filter(|(key, _)| keys.contains(&key.to_lowercase().as_str())).map(|(_, value)| value);
    Ok(std::iter::once(author).chain(people).collect())
}

/// What the kernel's script says of the files that a commit changes; none where there is no script.
fn maintainers(repo: &Repo, linux: &Repo, commit: Oid) -> Result<Option<Vec<String>>, GitError> {
    if !linux.top().join("scripts/get_maintainer.pl").is_file() {
        return Ok(None);
    }
    let patch = repo.plain(["show", "--format=", "--patch", &commit.to_string(), "--"])?.run()?.stdout;
    if patch.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let script = Process::new("perl").arg("scripts/get_maintainer.pl").dir(linux.top());
    let args = ["--nogit", "--nogit-fallback", "--nogit-blame", "--norolestats", "--noroles"];
    Ok(Some(script.args(args).input(patch).run()?.lines()))
}

/// The people of a list, each mail address once.
fn once_each(people: Vec<String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    let address = |person: &str| {
        let address = person.rsplit_once('<').map_or(person, |(_, address)| address.trim_end_matches('>'));
        address.trim().to_lowercase()
    };
    // Lists have a bare address.
    let mut is_new = |person: &String| {
        let address = address(person);
        let new = address.contains('@') && !seen.contains(&address);
        seen.extend(new.then_some(address));
        new
    };
    people.into_iter().filter(|person| is_new(person)).collect()
}

/// The line for stable kernels, where a release has the bug.
fn stable(containing: &[Release]) -> Option<String> {
    let first = containing.iter().find(|release| release.candidate().is_none())?;
    Some(format!("Cc: <stable@vger.kernel.org> # {first}+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_is_for_what_is_released() {
        let stable = |tags: &[&str]| stable(&tags.iter().map(|tag| tag.parse().unwrap()).collect::<Vec<_>>());
        assert_eq!(stable(&[]), None);
        assert_eq!(stable(&["v7.4-rc1", "v7.4-rc2"]), None);
        assert_eq!(stable(&["v7.3-rc2", "v7.3", "v7.4-rc1"]).unwrap(), "Cc: <stable@vger.kernel.org> # v7.3+");
    }

    #[test]
    fn nobody_is_there_twice() {
        let people = ["A <a@x.example>", "A B <A@x.example>", "a list", "l@x.example", "<l@x.example>"];
        let people = once_each(people.map(str::to_owned).to_vec());
        assert_eq!(people, ["A <a@x.example>", "l@x.example"]);
    }
}
