// SPDX-License-Identifier: GPL-2.0-only

//! Diffstats as `git diff --stat --summary` writes them: which files change, and by how much.
//!
//! A long name stands there without its beginning. How much of it is left follows from the width of the column, which
//! is the same for all files: so what git writes for a file is known, and is what a mail must have.

use std::collections::BTreeMap;

use serde::Serialize;

/// What the diffstat says in its last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Files that change.
    pub files: usize,
    /// Lines that are added.
    pub insertions: usize,
    /// Lines that go.
    pub deletions: usize,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The name as it stands there: shortened, quoted, or as `old => new`.
    pub name: String,
    /// How wide the column of names is (characters).
    pub width: usize,
    /// What stands behind it, without the graph: the number of lines, or the sizes of a binary file.
    pub amount: String,
    /// Whether the graph has a `+`, and whether it has a `-`.
    pub signs: (bool, bool),
}

/// A diffstat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diffstat {
    /// What changes.
    pub changes: Vec<Change>,
    /// The last line.
    pub totals: Totals,
    /// What follows it: new, removed and renamed files, and modes.
    pub summary: Vec<String>,
}

/// Findings of one kind to tell; a mail may have thousands.
const TOLD: usize = 20;

impl Diffstat {
    /// Reads the first diffstat that some lines have.
    pub fn find(lines: &[&str]) -> Option<Diffstat> {
        let is_sum = |line: &&str| line.starts_with(' ') && totals(line).is_some();
        let sum = lines.iter().position(is_sum)?;
        let mut changes: Vec<Change> = lines[..sum].iter().rev().map_while(|line| Change::parse(line)).collect();
        changes.reverse();
        let summary = lines[sum + 1..].iter().take_while(|line| is_summary(line));
        let summary = summary.map(|line| line.trim().to_owned()).collect();
        Some(Diffstat { changes, totals: totals(lines[sum])?, summary })
    }

    /// How this differs from what git says, which has all names in full.
    pub fn differences(&self, full: &Diffstat) -> Vec<String> {
        let width = self.changes.iter().map(|change| change.width).max().unwrap_or_default();
        let full_changes = full.changes.iter().map(|change| change.shortened(width));
        let (said, found) = (counted(self.changes.iter().cloned()), counted(full_changes));
        let text = |t: Totals| format!("{} files, {} insertions, {} deletions", t.files, t.insertions, t.deletions);
        let sums = (self.totals != full.totals)
            .then(|| format!("the mail says {}; there are {}", text(self.totals), text(full.totals)));
        let lists = |line: &str| format!("the mail lists `{line}`, which is not so");
        let lacks = |line: &str| format!("the mail does not list `{line}`");
        let mut findings: Vec<String> = sums.into_iter().collect();
        findings.extend(more(&said, &found, lists));
        findings.extend(more(&found, &said, lacks));
        // A mail may do without a summary; one that it has is whole.
        if !self.summary.is_empty() {
            let lines = |diffstat: &Diffstat| {
                let mut lines = BTreeMap::new();
                diffstat.summary.iter().for_each(|line| *lines.entry(line.clone()).or_insert(0) += 1);
                lines
            };
            let (said, found) = (lines(self), lines(full));
            findings.extend(more(&said, &found, lists));
            findings.extend(more(&found, &said, lacks));
        }
        findings
    }
}

/// What is in `these` more often than in `others`.
fn more(
    these: &BTreeMap<String, usize>,
    others: &BTreeMap<String, usize>,
    tell: impl Fn(&str) -> String,
) -> Vec<String> {
    let is_more = |(line, count): &(&String, &usize)| others.get(*line).is_none_or(|other| other < *count);
    let mut found: Vec<String> = these.iter().filter(is_more).map(|(line, _)| tell(line)).collect();
    if found.len() > TOLD {
        let more = found.len() - TOLD;
        found.truncate(TOLD);
        found.push(format!("… and {more} more such lines"));
    }
    found
}

/// How often each line stands there.
fn counted(changes: impl Iterator<Item = Change>) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    changes.for_each(|change| *lines.entry(change.line()).or_insert(0) += 1);
    lines
}

impl Change {
    /// ` name   | 12 +++---`, ` name | Bin 0 -> 12 bytes`
    fn parse(line: &str) -> Option<Change> {
        let (name, rest) = line.strip_prefix(' ')?.rsplit_once(" |")?;
        let graph = rest.trim_end_matches(['+', '-']);
        let signs = &rest[graph.len()..];
        let amount = graph.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_amount = amount.starts_with(|c: char| c.is_ascii_digit()) || amount.starts_with("Bin");
        let signs = (signs.contains('+'), signs.contains('-'));
        let (width, name) = (name.chars().count(), name.trim_end().to_owned());
        (is_amount && !name.is_empty()).then_some(Change { name, width, amount, signs })
    }

    /// The line in a form of its own, where the graph tells no more than that lines come or go.
    fn line(&self) -> String {
        let (plus, minus) = (if self.signs.0 { "+" } else { "" }, if self.signs.1 { "-" } else { "" });
        format!("{} | {} {plus}{minus}", self.name, self.amount).trim_end().to_owned()
    }

    /// The change as git writes it where names have this width: without the beginning of the name, to the next slash.
    fn shortened(&self, width: usize) -> Change {
        let length = self.name.chars().count();
        let mut name = self.name.clone();
        if length > width {
            let end: String = self.name.chars().skip(length - width.saturating_sub(3)).collect();
            let end = end.find('/').map_or(&*end, |slash| &end[slash..]);
            name = format!("...{end}");
        }
        Change { name, ..self.clone() }
    }
}

/// ` create mode 100644 b/x`, ` rename a => b (100%)`, ` mode change 100644 => 100755 x`
fn is_summary(line: &str) -> bool {
    let kinds = ["create mode ", "delete mode ", "mode change ", "rename ", "copy ", "rewrite "];
    line.strip_prefix(' ').is_some_and(|text| kinds.iter().any(|kind| text.starts_with(kind)))
}

/// ` 3 files changed, 4 insertions(+), 5 deletions(-)`
pub fn totals(line: &str) -> Option<Totals> {
    let mut totals = Totals::default();
    for (i, part) in line.trim().split(", ").enumerate() {
        let (number, what) = part.split_once(' ')?;
        let number = number.parse().ok()?;
        match what {
            "file changed" | "files changed" if i == 0 => totals.files = number,
            "insertion(+)" | "insertions(+)" if i > 0 => totals.insertions = number,
            "deletion(-)" | "deletions(-)" if i > 0 => totals.deletions = number,
            _ => return None,
        }
    }
    (totals.files > 0).then_some(totals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Repo;

    fn read(text: &str) -> Diffstat {
        Diffstat::find(&text.lines().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn every_kind_of_line_is_read() {
        let text = "\
A (1):
      a | b

 drivers/gpu/drm/a.c     |    4 ++--
 {a => b}/x | 1 +
 \"dir/\\303\\244 | b\" | 0
 a | b | 2 --
 .../logo.png  | Bin 0 -> 8532 bytes
 5 files changed, 3 insertions(+), 4 deletions(-)
 create mode 100644 b/x
 rename {a => b}/x (90%)

-- 
";
        let stat = read(text);
        let lines: Vec<String> = stat.changes.iter().map(Change::line).collect();
        assert_eq!(
            lines.join("\n"),
            "\
drivers/gpu/drm/a.c | 4 +-
{a => b}/x | 1 +
\"dir/\\303\\244 | b\" | 0
a | b | 2 -
.../logo.png | Bin 0 -> 8532 bytes"
        );
        assert_eq!(stat.changes[0].width, 23);
        assert_eq!(stat.totals, Totals { files: 5, insertions: 3, deletions: 4 });
        assert_eq!(stat.summary, ["create mode 100644 b/x", "rename {a => b}/x (90%)"]);
    }

    /// A repository with changes of every kind, and git's answers about them.
    struct Lab(tempfile::TempDir);

    impl Lab {
        fn new() -> Lab {
            let lab = Lab(tempfile::tempdir().unwrap());
            lab.git(&["init", "--quiet", "--initial-branch=main"]);
            let long = "a/very/long/folder/that/has/a/name/which/no/column/of/a/mail/is/wide/enough/for";
            let text = |n: usize| (0..n).map(|i| format!("line {i}\n")).collect::<String>();
            lab.write(&format!("{long}/one.c"), &text(9));
            lab.write(&format!("{long}/two.c"), &text(9));
            lab.write("old/place/of/it.rs", &text(40));
            lab.write("gone.c", &text(5));
            lab.write("script", "#!/bin/sh\n");
            lab.write("picture.bin", "\0\0\0");
            lab.commit();
            lab.write(&format!("{long}/one.c"), &text(300));
            lab.write(&format!("{long}/two.c"), &text(3));
            lab.write(&format!("{long}/{}.c", "n".repeat(90)), &text(1));
            lab.write("new/place/of/it.rs", &text(41));
            lab.write("ein \"ä\".c", &text(2));
            lab.write("a | b", &text(2));
            lab.write("picture.bin", "\0\0\0\0");
            for file in ["old/place/of/it.rs", "gone.c"] {
                std::fs::remove_file(lab.0.path().join(file)).unwrap();
            }
            lab.git(&["update-index", "--chmod=+x", "script"]);
            lab.commit();
            lab
        }

        fn git(&self, args: &[&str]) -> String {
            let identity = ["-c", "user.name=A", "-c", "user.email=a@b.example", "-c", "core.fileMode=false"];
            Repo::at(self.0.path()).git(identity.iter().chain(args)).run().unwrap().text()
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn commit(&self) {
            self.git(&["add", "--all"]);
            self.git(&["commit", "--quiet", "-m", "x"]);
        }

        fn stat(&self, options: &[&str]) -> String {
            self.git(&[options, &["-M", "--summary", "HEAD~", "HEAD"]].concat())
        }

        fn full(&self, quote: &str) -> Diffstat {
            read(&self.stat(&["-c", quote, "diff", "--stat=100000,90000", "--stat-graph-width=10"]))
        }
    }

    const QUOTES: [&str; 2] = ["core.quotePath=true", "core.quotePath=false"];

    #[test]
    fn what_git_says_is_what_git_says_at_any_width() {
        let lab = Lab::new();
        for quote in QUOTES {
            let full = lab.full(quote);
            assert_eq!(full.changes.len(), 9);
            for stat in
                ["--stat", "--stat=40", "--stat=80", "--stat=132", "--stat=200,20", "--stat=72,30", "--stat=500"]
            {
                let said = read(&lab.stat(&["-c", quote, "diff", stat]));
                assert_eq!(said.differences(&full), [""; 0], "{quote} {stat}");
            }
        }
    }

    #[test]
    fn every_line_that_is_not_so_is_told() {
        let lab = Lab::new();
        let full = lab.full(QUOTES[0]);
        let stat = lab.stat(&["-c", QUOTES[0], "diff", "--stat=80"]);
        assert_eq!(read(&stat).differences(&full), [""; 0]);
        let lines: Vec<&str> = stat.lines().collect();
        let mut tried = 0;
        for (at, line) in lines.iter().enumerate() {
            // A line less, another name, another number, another mark; of the sum and of modes, too.
            let others = [
                String::new(),
                line.replacen("gone.c", "MAINTAINERS", 1),
                line.replacen(".c", ".h", 1),
                line.replacen("/", "/x", 1),
                line.replacen("...", "", 1),
                line.replacen("| ", "| 1", 1),
                line.replacen("Bin 3", "Bin 4", 1),
                line.replace('+', "-"),
                line.replacen("100755", "100644", 1),
                line.replacen("(9", "(8", 1),
                line.replacen("gone", "place", 1),
            ];
            for other in others.iter().filter(|other| *other != line) {
                let mut lines = lines.clone();
                lines[at] = other;
                let text: String = lines.iter().filter(|l| !l.is_empty()).map(|l| format!("{l}\n")).collect();
                tried += 1;
                let Some(said) = Diffstat::find(&text.lines().collect::<Vec<_>>()) else { continue };
                assert!(!said.differences(&full).is_empty(), "{line:?} -> {other:?}");
            }
        }
        assert!(tried > 40, "{tried}");
    }

    #[test]
    fn a_name_is_not_shortened_to_hide_it() {
        let lab = Lab::new();
        let full = lab.full(QUOTES[0]);
        let stat = lab.stat(&["-c", QUOTES[0], "diff", "--stat=200"]);
        let hidden = stat.replacen("new/place/of/it.rs", ".../it.rs         ", 1);
        let hidden = hidden.replacen("{old => new}/place/of/it.rs", ".../it.rs                  ", 1);
        assert_ne!(hidden, stat);
        assert!(!read(&hidden).differences(&full).is_empty());
    }

    #[test]
    fn thousands_of_findings_are_counted() {
        let said: String = (0..5000).map(|n| format!(" {n}.c | 1 +\n")).collect();
        let said = read(&format!("{said} 5000 files changed, 5000 insertions(+)\n"));
        let told = said.differences(&Diffstat::default());
        assert_eq!(told.len(), 22);
        assert_eq!(told[21], "… and 4980 more such lines");
    }
}
