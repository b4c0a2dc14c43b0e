// SPDX-License-Identifier: GPL-2.0-only

//! Which row of `registry.toml` a row of the upstream registry is. Several rows there may have one name.

use super::import::fields;
use super::model::{Registry, Source};
use super::table::Entry;

/// What two versions of a row have in common.
struct Likeness {
    alike: fn(&Source, &Source) -> bool,
    /// Whether it must tell the row from all others that are left.
    unique: bool,
}

const LIKENESSES: [Likeness; 6] = [
    Likeness { alike: |a, b| fields(a, &Source { gone: a.gone, ..b.clone() }).is_empty(), unique: false },
    Likeness { alike: |a, b| a.name == b.name && (git(a, b) || list(a, b)), unique: false },
    Likeness { alike: |a, b| a.name == b.name && a.author == b.author && a.task == b.task, unique: false },
    // It has another name.
    Likeness { alike: git, unique: true },
    Likeness { alike: list, unique: true },
    Likeness { alike: |a, b| a.name == b.name, unique: false },
];

fn git(a: &Source, b: &Source) -> bool {
    !a.git.is_empty() && a.git == b.git
}

fn list(a: &Source, b: &Source) -> bool {
    !a.list.is_empty() && a.list == b.list
}

/// The row of each entry, as far as there is one. What is surest goes first.
pub(super) fn pair(registry: &Registry, entries: &[Entry]) -> Vec<Option<usize>> {
    let mut pairs = vec![None; entries.len()];
    for Likeness { alike, unique } in LIKENESSES {
        for row in 0..registry.rows.len() {
            let alike = |row: usize, entry: usize| {
                let (row, entry) = (&registry.rows[row], &entries[entry]);
                row.kind == entry.kind && row.source.as_ref().is_some_and(|source| alike(source, &entry.source))
            };
            let free = |row: &usize| !pairs.contains(&Some(*row));
            if !free(&row) {
                continue;
            }
            let mut found = (0..entries.len()).filter(|entry| pairs[*entry].is_none() && alike(row, *entry));
            let Some(entry) = found.next() else { continue };
            let is_only = || (0..registry.rows.len()).filter(free).filter(|row| alike(*row, entry)).count() == 1;
            if !unique || found.next().is_none() && is_only() {
                pairs[entry] = Some(row);
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::super::model::Kind;
    use super::*;

    /// The rows that entries are; each is its name, author and links.
    fn pairs(rows: &[[&str; 4]], entries: &[[&str; 4]]) -> Vec<Option<usize>> {
        let rows: String = rows
            .iter()
            .enumerate()
            .map(|(i, [name, author, git, list])| {
                let source = format!("name = '{name}', author = '{author}', git = '{git}', list = '{list}'");
                format!("[[row]]\narea = '{i}'\nsource = {{ {source} }}\n")
            })
            .collect();
        let entry = |row: &[&str; 4]| {
            let [name, author, git, list] = row.map(str::to_owned);
            Entry { line: 1, kind: Kind::Patch, source: Source { name, author, git, list, ..Source::default() } }
        };
        let entries: Vec<Entry> = entries.iter().map(entry).collect();
        pair(&Registry::parse(&rows, "r").unwrap(), &entries)
    }

    #[test]
    fn either_link_tells_a_row_with_another_name() {
        let rows = [["a", "A.", "", "https://l/1"], ["b", "B.", "https://g/2", "https://l/2"]];
        let new = [["d", "B.", "https://g/2", "https://l/3"], ["c", "A.", "", "https://l/1"]];
        assert_eq!(pairs(&rows, &new), [Some(1), Some(0)]);
    }

    #[test]
    fn a_link_of_several_rows_tells_none() {
        let rows = [["a", "", "", "https://l/1"], ["b", "", "", "https://l/1"]];
        assert_eq!(pairs(&rows, &[["c", "", "", "https://l/1"]]), [None]);
        assert_eq!(pairs(&rows[..1], &[["c", "", "", "https://l/1"], ["d", "", "", "https://l/1"]]), [None, None]);
        // Of two, one is known by its name.
        assert_eq!(pairs(&rows, &[["c", "", "", "https://l/1"], ["b", "", "", "https://l/1"]]), [Some(0), Some(1)]);
    }

    #[test]
    fn a_link_says_more_than_a_name() {
        let rows = [["a", "A.", "", "https://l/1"]];
        let new = [["a", "B.", "", "https://l/2"], ["c", "A.", "", "https://l/1"]];
        assert_eq!(pairs(&rows, &new), [None, Some(0)]);
    }

    #[test]
    fn rows_with_one_name_are_told_apart() {
        let rows = [["a", "A.", "https://g/1", ""], ["a", "A.", "https://g/2", ""], ["a", "B.", "", ""]];
        let new = [["a", "B.", "https://g/3", ""], ["a", "A.", "https://g/2", "x"], ["a", "A.", "https://g/1", "x"]];
        assert_eq!(pairs(&rows, &new), [Some(2), Some(1), Some(0)]);
    }
}
