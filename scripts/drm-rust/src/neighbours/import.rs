// SPDX-License-Identifier: GPL-2.0-only

//! Takes dim's `nightly.conf` into `trees.toml`, and leaves everything else there as it is.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike};

use super::nightly::{Branch, Nightly, Repository};
use super::url::Address;
use super::{TreeName, Trees, TreesError};
use crate::error::Explain;

/// The file cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// `trees.toml` is not valid, now or with what is taken in.
    #[error(transparent)]
    Trees(#[from] TreesError),
    /// A URL that is none.
    #[error("the URL of {tree} is none that may be used: `{}`", .url.escape_debug())]
    Url {
        /// The tree.
        tree: TreeName,
        /// The URL.
        url: String,
    },
    /// `trees.toml` has `tip` or `tree` in a form that cannot be changed.
    #[error("trees.toml does not have `{0}` as tables")]
    Form(&'static str),
}

impl Explain for ImportError {
    fn hint(&self) -> Option<String> {
        match self {
            ImportError::Trees(error) => error.hint(),
            ImportError::Url { .. } => Some("https, ssh (also as user@host:path) and git are taken".into()),
            ImportError::Form(_) => Some("write `[tree.NAME]` and `[[tip]]`".into()),
        }
    }
}

/// The text of `trees.toml` with the trees and the order of the tip that the file has.
///
/// A tree keeps the name that it has here. Branches of trees that the file does not know keep their place behind
/// the branch that was before them.
pub fn apply(text: &str, path: &str, nightly: &Nightly) -> Result<String, ImportError> {
    let trees = Trees::parse(text, path)?;
    let mut document: DocumentMut = text.parse().expect("it has been parsed");
    let mut names: Vec<(&TreeName, TreeName)> = Vec::new();
    for repository in &nightly.repositories {
        check(repository)?;
        let urls = || repository.urls.iter().chain(&repository.old);
        let name = urls().find_map(|url| trees.by_url(url)).unwrap_or(&repository.name);
        let tables = document.entry("tree").or_insert(Item::Table(Table::new()));
        let tables = tables.as_table_mut().ok_or(ImportError::Form("tree"))?;
        add_tree(tables, name, repository)?;
        names.push((&repository.name, name.clone()));
    }
    let ours = |tree: &TreeName| &names.iter().find(|(theirs, _)| *theirs == tree).expect("checked").1;
    let tip = document.entry("tip").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let tip = tip.as_array_of_tables_mut().ok_or(ImportError::Form("tip"))?;
    let wanted: Vec<(TreeName, &Branch)> =
        nightly.branches.iter().map(|branch| (ours(&branch.tree).clone(), branch)).collect();
    let known: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    order(tip, &wanted, &known);
    let text = document.to_string();
    Trees::parse(&text, path)?;
    Ok(text)
}

fn check(repository: &Repository) -> Result<(), ImportError> {
    let bad = repository.urls.iter().chain(&repository.old).find(|url| Address::of(url).is_none());
    match bad {
        Some(url) => Err(ImportError::Url { tree: repository.name.clone(), url: url.clone() }),
        None => Ok(()),
    }
}

/// Adds a tree, or the URLs that it lacks.
fn add_tree(tables: &mut Table, name: &TreeName, repository: &Repository) -> Result<(), ImportError> {
    if !tables.contains_key(name.as_str()) {
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        tables.insert(name.as_str(), Item::Table(table));
    }
    let table = tables.get_mut(name.as_str()).and_then(Item::as_table_like_mut).ok_or(ImportError::Form("tree"))?;
    for url in &repository.urls {
        let scheme = url.split_once("://").map_or("ssh", |(scheme, _)| scheme);
        add_url(table, if ["https", "git"].contains(&scheme) { scheme } else { "ssh" }, url);
    }
    for url in &repository.old {
        add_url(table, "old", url);
    }
    Ok(())
}

/// Adds a URL where no list of the tree has it in any form of the same kind.
fn add_url(table: &mut dyn TableLike, key: &str, url: &str) {
    let address = Address::of(url);
    let is_it = |item: &Item| {
        let mut urls = item.as_array().into_iter().flatten().filter_map(|value| value.as_str());
        urls.any(|other| Address::of(other) == address)
    };
    let lists: &[&str] = if key == "old" { &["https", "ssh", "git", "old"] } else { &[key] };
    if lists.iter().filter_map(|key| table.get(key)).any(is_it) {
        return;
    }
    let list = table.entry(key).or_insert(toml_edit::value(Array::new()));
    let Some(list) = list.as_array_mut() else { return };
    let prefix = list.iter().last().and_then(|value| value.decor().prefix()).and_then(|prefix| prefix.as_str());
    let prefix = prefix.filter(|prefix| prefix.contains('\n')).map(str::to_owned);
    list.push(url);
    if let (Some(prefix), Some(value)) = (prefix, list.iter_mut().last()) {
        value.decor_mut().set_prefix(prefix);
    }
}

/// Whose branch an entry of the tip is, and which.
fn key(table: &Table) -> (&str, &str) {
    let text = |key| table.get(key).and_then(Item::as_str).unwrap_or_default();
    (text("tree"), text("branch"))
}

/// Brings the tip into the wanted order.
fn order(tip: &mut ArrayOfTables, wanted: &[(TreeName, &Branch)], known: &[&str]) {
    let old: Vec<Table> = tip.iter().cloned().collect();
    let first = old.iter().filter_map(Table::position).min();
    let mut new: Vec<Table> = wanted.iter().map(|(tree, branch)| entry(&old, tree, branch)).collect();
    for (i, table) in old.iter().enumerate().filter(|(_, table)| !known.contains(&key(table).0)) {
        let before = old[..i].iter().rev().find_map(|table| new.iter().position(|other| key(other) == key(table)));
        new.insert(before.map_or(0, |before| before + 1), table.clone());
    }
    tip.clear();
    for (i, mut table) in new.into_iter().enumerate() {
        // Tables are written by position; those behind the tip keep theirs.
        table.set_position(first.map(|first| first + i as isize));
        tip.push(table);
    }
}

/// The entry of a branch: as it was, with the pin that it has now.
fn entry(old: &[Table], tree: &TreeName, branch: &Branch) -> Table {
    let name = (tree.as_str(), branch.branch.as_str());
    let mut table = old.iter().find(|table| key(table) == name).cloned().unwrap_or_else(|| {
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        table.insert("tree", toml_edit::value(name.0));
        table.insert("branch", toml_edit::value(name.1));
        table
    });
    match &branch.pin {
        None => {
            table.remove("pin");
            table.remove("why");
        }
        Some(pin) if table.get("pin").and_then(Item::as_str) == Some(pin) => {}
        Some(pin) => {
            let why = if branch.comment.is_empty() { "nightly.conf pins it" } else { &branch.comment };
            table.insert("pin", toml_edit::value(pin));
            table.insert("why", toml_edit::value(why));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::TEXT;
    use super::super::nightly;
    use super::*;

    const NIGHTLY: &str = "drm_tip_repos[drm-main]='git@git.example:drm https://git.example/drm.git'\n\
        drm_tip_repos[drm-misc]='https://git.example/misc.git'\n\
        drm_tip_repos[rust]='https://git.example/rust.git git://git.example/rust'\n\
        drm_old_urls[drm-misc]='https://old.example/misc https://git.example/misc'\n\
        drm_tip_config=(\n'drm-main drm-next'\n'drm-misc drm-misc-next v9.9' # broken\n'drm-main drm-fixes'\n'rust drm-rust-next'\n)\n";

    fn run(text: &str, nightly: &str) -> Result<String, ImportError> {
        apply(text, "trees.toml", &nightly::parse(nightly).unwrap())
    }

    fn tip(text: &str) -> Vec<String> {
        let trees = Trees::parse(text, "t").unwrap();
        trees.tip.iter().map(|source| format!("{} {}", source.tree, source.branch)).collect()
    }

    #[test]
    fn trees_keep_their_names_and_comments_stay() {
        let text = run(TEXT, NIGHTLY).unwrap();
        assert_eq!(tip(&text), ["drm drm-next", "drm-misc drm-misc-next", "drm drm-fixes", "drm-rust drm-rust-next"]);
        let diff = similar::TextDiff::from_lines(TEXT, &text).unified_diff().context_radius(1).to_string();
        insta::assert_snapshot!(diff, @r#"
        @@ -9,2 +9,3 @@
         push = ["topic/*"]
        +git = ["git://git.example/rust"]
         
        @@ -20,2 +21,16 @@
         
        +[tree.drm-misc]
        +https = ["https://git.example/misc.git"]
        +old = ["https://old.example/misc"]
        +
        +[[tip]]
        +tree = "drm"
        +branch = "drm-next"
        +
        +[[tip]]
        +tree = "drm-misc"
        +branch = "drm-misc-next"
        +pin = "v9.9"
        +why = "broken"
        +
         # Fixes first.
        "#);
        assert_eq!(run(&text, NIGHTLY).unwrap(), text, "a second import changes nothing");
    }

    #[test]
    fn other_trees_keep_their_place() {
        let more = TEXT.replacen(
            "[[tip]]\ntree = \"drm-rust\"",
            "[tree.core]\nhttps = ['https://c.example/c']\n\n[[tip]]\ntree = 'core'\nbranch = 'core-next'\n\n[[tip]]\ntree = \"drm-rust\"",
            1,
        );
        let text = run(&more, NIGHTLY).unwrap();
        assert_eq!(
            tip(&text)[2..],
            ["drm drm-fixes".to_owned(), "core core-next".to_owned(), "drm-rust drm-rust-next".to_owned()]
        );
    }

    #[test]
    fn a_pin_that_is_gone_goes() {
        let pinned = run(TEXT, NIGHTLY).unwrap();
        let text = run(&pinned, &NIGHTLY.replacen(" v9.9' # broken", "'", 1)).unwrap();
        assert!(pinned.contains("why = \"broken\"") && !text.contains("pin ="));
    }

    #[test]
    fn urls_that_run_programs_are_refused() {
        let error = run(TEXT, &NIGHTLY.replacen("https://git.example/misc.git", "-oProxyCommand=x:y", 1)).unwrap_err();
        assert!(error.to_string().contains("none that may be used"), "{error}");
        let error = run("[ours]\n", NIGHTLY).unwrap_err();
        assert!(error.to_string().contains("not valid"), "{error}");
    }
}
