// SPDX-License-Identifier: GPL-2.0-only

//! The names that an archive may have, and what it has named so far.

use std::collections::HashMap;

use crate::git::treeobj::Mode;

/// No kernel has so many files and folders.
const MOST_ENTRIES: usize = 1 << 20;
/// Nor such long paths (bytes): the kernel's PATH_MAX is four times that.
const LONGEST_PATH: usize = 1024;
/// Nor such a long name in a path (bytes): file systems have no longer ones.
const LONGEST_NAME: usize = 255;
/// Nor so many folders in each other.
const DEEPEST: usize = 64;
/// Nor paths that take so much memory, with those of their folders (bytes).
const ALL_PATHS: usize = 256 << 20;

/// What an archive has named so far.
#[derive(Default)]
pub(super) struct Seen {
    top: Option<Vec<u8>>,
    paths: HashMap<Vec<u8>, Mode>,
    bytes: usize,
    /// The files and links.
    pub(super) files: u64,
}

impl Seen {
    /// Checks a name and drops the archive's top folder from it.
    pub(super) fn below_top(&mut self, name: &[u8]) -> Result<Vec<u8>, &'static str> {
        if name.starts_with(b"/") {
            return Err("is an absolute path");
        }
        if name.is_empty() || std::str::from_utf8(name).map_or(true, |name| name.chars().any(char::is_control)) {
            return Err("has no proper name");
        }
        if name.len() > LONGEST_PATH {
            return Err("has a longer path than any file of a kernel");
        }
        let name = name.strip_prefix(b"./").unwrap_or(name);
        let name = name.strip_suffix(b"/").unwrap_or(name);
        let parts: Vec<&[u8]> = name.split(|&b| b == b'/').collect();
        if parts.len() > DEEPEST {
            return Err("is deeper than any folder of a kernel");
        }
        parts.iter().try_for_each(|part| check_part(part))?;
        let top = self.top.get_or_insert_with(|| parts[0].to_vec());
        if top.as_slice() != parts[0] {
            return Err("is outside the archive's top folder");
        }
        Ok(parts[1..].join(&b'/'))
    }

    pub(super) fn add_directory(&mut self, path: Vec<u8>) -> Result<(), &'static str> {
        if path.is_empty() {
            return Ok(());
        }
        self.add_parents(&path)?;
        match self.insert(path, Mode::Tree)? {
            None | Some(Mode::Tree) => Ok(()),
            Some(_) => Err("is in the archive twice"),
        }
    }

    pub(super) fn add_file(&mut self, path: Vec<u8>, mode: Mode) -> Result<(), &'static str> {
        if path.is_empty() {
            return Err("is outside the archive's top folder");
        }
        if mode == Mode::Symlink && path.rsplit(|&b| b == b'/').next().is_some_and(is_gits_own) {
            return Err("is a link in the place of a file that git reads");
        }
        self.add_parents(&path)?;
        self.files += 1;
        match self.insert(path, mode)? {
            None => Ok(()),
            Some(_) => Err("is in the archive twice"),
        }
    }

    fn add_parents(&mut self, path: &[u8]) -> Result<(), &'static str> {
        let slashes = path.iter().enumerate().filter(|(_, b)| **b == b'/');
        for (end, _) in slashes {
            match self.paths.get(&path[..end]) {
                None => drop(self.insert(path[..end].to_vec(), Mode::Tree)?),
                Some(Mode::Tree) => {}
                Some(Mode::Symlink) => return Err("is reached through a link"),
                Some(_) => return Err("is below something that is no folder"),
            }
        }
        Ok(())
    }

    fn insert(&mut self, path: Vec<u8>, mode: Mode) -> Result<Option<Mode>, &'static str> {
        self.bytes += path.len();
        if self.paths.len() >= MOST_ENTRIES || self.bytes > ALL_PATHS {
            return Err("is one of more entries than any kernel has");
        }
        Ok(self.paths.insert(path, mode))
    }
}

fn check_part(part: &[u8]) -> Result<(), &'static str> {
    match part {
        b".." => Err("leaves the tree"),
        b"" | b"." => Err("has an empty part in its path"),
        part if part.len() > LONGEST_NAME => Err("has a longer name than file systems have"),
        part if is_dot_git(part) => Err("would change the repository itself"),
        _ => Ok(()),
    }
}

/// Whether a name is `.git` on some file system: git refuses to check out all of these.
fn is_dot_git(name: &[u8]) -> bool {
    let text = String::from_utf8_lossy(name);
    // Some file systems ignore these characters, others dots and spaces at the end and what follows a colon.
    let ignored =
        |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let text: String = text.chars().filter(|c| !ignored(*c)).collect();
    let text = text.split([':', '\\']).next().unwrap_or_default().trim_end_matches(['.', ' ']);
    text.eq_ignore_ascii_case(".git") || text.eq_ignore_ascii_case("git~1")
}

/// The files that git reads from a work tree; it does not follow links there.
fn is_gits_own(name: &[u8]) -> bool {
    [&b".gitignore"[..], b".gitattributes", b".gitmodules", b".mailmap"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
}

/// A link may point anywhere within the tree, whether or not the target exists.
pub(super) fn check_link(path: &[u8], target: &[u8]) -> Result<(), &'static str> {
    if target.is_empty() || target.contains(&0) {
        return Err("is a link without a target");
    }
    if target.len() > LONGEST_PATH {
        return Err("is a link to a longer path than any file of a kernel has");
    }
    if target.starts_with(b"/") {
        return Err("is a link to an absolute path");
    }
    let mut depth = path.iter().filter(|&&b| b == b'/').count();
    for part in target.split(|&b| b == b'/') {
        match part {
            b".." => depth = depth.checked_sub(1).ok_or("is a link that leaves the tree")?,
            b"" | b"." => {}
            part if is_dot_git(part) => return Err("is a link into the repository itself"),
            _ => depth += 1,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        assert!(check_link(b"a/b/c", b"../../x").is_ok());
        for (path, target) in [("a/b", "../../x"), ("a", "b/../../x"), ("a", "/etc/passwd"), ("a", ""), ("a", ".git/x")]
        {
            assert!(check_link(path.as_bytes(), target.as_bytes()).is_err(), "{path} -> {target}");
        }
    }

    #[test]
    fn names_stay_inside() {
        let mut seen = Seen::default();
        assert_eq!(seen.below_top(b"linux/Makefile").unwrap(), b"Makefile");
        assert_eq!(seen.below_top(b"./linux/a/b/").unwrap(), b"a/b");
        for bad in [
            "/linux/a",
            "linux/../a",
            "other/a",
            "linux//a",
            "",
            "linux/a\nb",
            "linux/a\0b",
            "linux/a\u{9b}b",
            "linux/.git/config",
            "linux/.GIT/x",
            "linux/.g\u{200c}it/x",
            "linux/.git. /x",
            "linux/git~1/x",
            "linux/.git::$INDEX_ALLOCATION/x",
        ] {
            assert!(seen.below_top(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(seen.below_top(b"linux/\xff").is_err());
        for good in
            ["linux/.github/x", "linux/.gitignore", "linux/git", "linux/ä", "linux/xt_DSCP.c", "linux/xt_dscp.c"]
        {
            seen.below_top(good.as_bytes()).unwrap();
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut seen = Seen::default();
        assert!(seen.below_top(format!("linux/{}", "a/".repeat(70)).as_bytes()).is_err());
        assert!(seen.below_top(format!("linux/{}", "a".repeat(300)).as_bytes()).is_err());
        assert!(seen.below_top(format!("linux{}", "/abcdefghijklmnopqrstuvwxyz".repeat(50)).as_bytes()).is_err());
        let end = (0..MOST_ENTRIES + 1).map(|n| seen.add_directory(n.to_string().into())).find_map(Result::err);
        assert_eq!(end, Some("is one of more entries than any kernel has"));
    }
}
