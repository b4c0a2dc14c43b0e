// SPDX-License-Identifier: GPL-2.0-only

//! The files that a diff changes, where its headers tell that beyond doubt. Pure.
//!
//! Git takes the first folder off every path, whatever it is. That is right where it is `a/` or `b/`, or one of the
//! letters of diff.mnemonicPrefix; in a diff without prefixes it makes `rust/kernel/x.rs` a file of `kernel/`.

use std::collections::BTreeSet;

/// What git puts before paths: by default, and with diff.mnemonicPrefix.
const PREFIXES: [&[u8]; 8] = [b"a/", b"b/", b"c/", b"i/", b"w/", b"o/", b"1/", b"2/"];

/// The files of a diff. The error is a header that does not tell them.
pub(super) fn files(diff: &[u8]) -> Result<BTreeSet<Vec<u8>>, String> {
    let mut files = BTreeSet::new();
    let mut section: Option<Section<'_>> = None;
    let lines: Vec<&[u8]> = diff.split(|byte| *byte == b'\n').collect();
    let (mut old, mut new) = (0, 0);
    for (n, line) in lines.iter().enumerate() {
        if old > 0 || new > 0 {
            (old, new) = match line.first() {
                Some(b'-') => (old.max(1) - 1, new),
                Some(b'+') => (old, new.max(1) - 1),
                Some(b'\\') => (old, new),
                Some(b' ') | None => (old.max(1) - 1, new.max(1) - 1),
                // Git will say that the hunk is cut short.
                Some(_) => (0, 0),
            };
        } else if let Some(hunk) = line.strip_prefix(b"@@ -") {
            (old, new) = counts(hunk).unwrap_or_default();
        } else if let Some(names) = line.strip_prefix(b"diff --git ") {
            if let Some(section) = section.replace(Section { names, from: None, to: None }) {
                section.files(&mut files)?;
            }
        } else if let Some(section) = &mut section {
            section.read(line);
        } else if let Some(from) = line.strip_prefix(b"--- ") {
            let follows = |n: usize, start: &[u8]| lines.get(n).and_then(|line| line.strip_prefix(start));
            if let (Some(to), Some(_)) = (follows(n + 1, b"+++ "), follows(n + 2, b"@@ -")) {
                files.insert(traditional(from, to).ok_or_else(|| shown(line))?);
            }
        }
    }
    if let Some(section) = section {
        section.files(&mut files)?;
    }
    Ok(files)
}

/// What stands in a diff's header of a file.
struct Section<'a> {
    /// Both paths, with their prefixes.
    names: &'a [u8],
    /// The paths of a rename or a copy, which have none.
    from: Option<&'a [u8]>,
    to: Option<&'a [u8]>,
}

impl<'a> Section<'a> {
    fn read(&mut self, line: &'a [u8]) {
        for (from, to) in [(&b"rename from "[..], &b"rename to "[..]), (b"copy from ", b"copy to ")] {
            if let Some(path) = line.strip_prefix(from) {
                self.from = Some(path.trim_ascii_end());
            } else if let Some(path) = line.strip_prefix(to) {
                self.to = Some(path.trim_ascii_end());
            }
        }
    }

    fn files(self, files: &mut BTreeSet<Vec<u8>>) -> Result<(), String> {
        let unclear = || shown(&[b"diff --git ", self.names].concat());
        let names = self.names.trim_ascii_end();
        // A path may have blanks: where both are the same, the middle is between them.
        let middle = self.from.map_or(names.len() / 2, |from| from.len() + PREFIXES[0].len());
        let (first, second) = names.split_at_checked(middle).ok_or_else(unclear)?;
        let (first, second) = (unquoted(first), unquoted(second.strip_prefix(b" ").ok_or_else(unclear)?));
        let (a, b) = unprefixed(&first).zip(unprefixed(&second)).ok_or_else(unclear)?;
        let is_said = match (self.from, self.to) {
            (Some(from), Some(to)) => a.1 == unquoted(from) && b.1 == unquoted(to),
            _ => a.1 == b.1,
        };
        if a.0 == b.0 || !is_said {
            return Err(unclear());
        }
        let (a, b) = (a.1, b.1);
        files.extend([a, b]);
        Ok(())
    }
}

/// The prefix of a path, and the path.
fn unprefixed(path: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let (prefix, rest) = path.split_at_checked(2)?;
    let prefix = PREFIXES.iter().find(|known| **known == prefix)?;
    (!rest.is_empty()).then(|| (*prefix, rest.to_vec()))
}

/// The file of a diff that has no line of git's.
fn traditional(from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    let name = |text: &[u8]| unquoted(text.split(|byte| *byte == b'\t').next().unwrap_or_default().trim_ascii_end());
    let (from, to) = (name(from), name(to));
    let (a, b) = (unprefixed(&from), unprefixed(&to));
    match (a, b) {
        (Some(a), Some(b)) => (a.0 != b.0 && a.1 == b.1).then_some(a.1),
        (None, Some(b)) if from == b"/dev/null" => Some(b.1),
        (Some(a), None) if to == b"/dev/null" => Some(a.1),
        _ => None,
    }
}

/// How many lines a hunk has of both files: `1,3 +1,4 @@`.
fn counts(hunk: &[u8]) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(hunk.split(|byte| *byte == b'@').next()?).ok()?;
    let (old, new) = text.trim().split_once(" +")?;
    let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    Some((count(old)?, count(new)?))
}

/// A path without the quotes that git puts around odd ones.
fn unquoted(path: &[u8]) -> Vec<u8> {
    let Some(text) = path.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")) else { return path.to_vec() };
    let mut bytes = Vec::new();
    let mut rest = text.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        bytes.push(match escaped {
            None => byte,
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(digit @ b'0'..=b'3') => {
                let mut value = digit - b'0';
                for _ in 0..2 {
                    let next = rest.next_if(|byte| matches!(byte, b'0'..=b'7')).unwrap_or(b'0');
                    value = (value << 3) | (next - b'0');
                }
                value
            }
            Some(other) => other,
        });
    }
    bytes
}

fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn found(diff: &str) -> Vec<String> {
        let files = files(diff.as_bytes()).unwrap();
        files.into_iter().map(|path| String::from_utf8(path).unwrap()).collect()
    }

    #[test]
    fn paths_of_git_are_read() {
        for (a, b) in [("a", "b"), ("i", "w"), ("c", "i"), ("c", "w"), ("o", "w"), ("w", "i"), ("1", "2"), ("b", "a")] {
            let name = "rust/kernel/x.rs";
            let hunk = format!("--- {a}/{name}\n+++ {b}/{name}\n@@ -1,2 +1,2 @@\n context\n--- a/old\n+++ b/new\n");
            assert_eq!(found(&format!("---\n stat\n\ndiff --git {a}/{name} {b}/{name}\nindex 1..2\n{hunk}")), [name]);
            assert_eq!(found(&hunk), [name], "without the line of git");
            assert_eq!(found(&format!("diff --git {a}/x y {b}/x y\nnew file mode 100644\n")), ["x y"]);
        }
        assert_eq!(found("diff --git a/x b/y z\nsimilarity index 100%\nrename from x\nrename to y z\n"), ["x", "y z"]);
        assert_eq!(found("diff --git \"a/\\303\\244\" \"b/\\303\\244\"\n"), ["ä"]);
        assert_eq!(found("--- /dev/null\n+++ b/x\t2026\n@@ -0,0 +1 @@\n+y\n"), ["x"]);
        assert_eq!(found("--- a/quoted\n+++ b/text\nof a cover letter\n"), Vec::<String>::new());
    }

    #[test]
    fn what_could_mean_two_things_is_no_path() {
        let noprefix = "diff --git rust/kernel/x.rs rust/kernel/x.rs\n";
        for bad in [
            noprefix,
            "diff --git a/x a/x\n",
            "diff --git a/x/y b/x/y\nrename from a/x/y\nrename to b/x/y\n",
            "diff --git x/y/rust/a.rs z/y/rust/a.rs\n",
            "diff --git linux.orig/x linux/x\n",
            "diff --git a/x b/y\n",
            "diff --git a/ b/\n",
            "diff --git \n",
            "--- rust/x.rs\n+++ rust/x.rs\n@@ -1 +1 @@\n-a\n+b\n",
            "--- linux.orig/x\n+++ linux/x\n@@ -1 +1 @@\n-a\n+b\n",
            "--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n",
        ] {
            let good = "diff --git a/good b/good\n--- a/good\n+++ b/good\n@@ -1 +1 @@\n-a\n+b\n";
            assert!(files(bad.as_bytes()).is_err(), "{bad}");
            if bad.starts_with("diff") {
                assert!(files(format!("{good}{bad}{good}").as_bytes()).is_err(), "{bad}");
            }
        }
        assert_eq!(files(noprefix.as_bytes()), Err(noprefix.trim_end().to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_diff_is_too_odd(text in r#"(diff --git |--- |\+\+\+ |a/|b/|x|"|\\303|\\|\n|@@ -1,9 \+1 @@| ){0,20}"#) {
            let _ = files(text.as_bytes());
        }
    }
}
