// SPDX-License-Identifier: GPL-2.0-only

//! The documentation builds without a warning about a file of the scope: `make htmldocs` of the folders with such files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{CheckError, Findings, Job, Verdict, um};
use crate::error::FileContext;
use crate::git::GitError;
use crate::kernel::make::Make;
use crate::process::Process;

const TOP: &str = "Documentation";

pub(super) fn tool(_: &Job<'_>) -> Result<String, CheckError> {
    Ok(Process::new("sphinx-build").arg("--version").run()?.text())
}

pub(super) fn run(job: &Job<'_>) -> Result<Verdict, CheckError> {
    let mut pages = job.scope.files_ending(".rst");
    pages.retain(|page| page.starts_with(TOP));
    let folders = folders(&pages, &|folder| job.source.top().join(folder).join("index.rst").exists());
    if folders.is_empty() {
        return Ok(Verdict::nothing("page of documentation"));
    }
    let folders = folders.join(" ");
    let name = format!("{}:{TOP}", job.scope.tree);
    let tree = job.source.git(["rev-parse", &name]).run().map_err(GitError::from)?.text();
    let findings = job.cached(&["htmldocs", &tree, &folders, &pages.join(" ")], || make(job, &pages, &folders))?;
    Ok(Verdict::of(pages.len(), "page", findings))
}

/// The folders that have pages and can be built alone, by their names below `Documentation/`: those with an index,
/// outside of each other.
fn folders(pages: &[&str], has_index: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let top = Path::new(TOP);
    let above = |page| Path::new(page).ancestors().skip(1).take_while(|folder| folder.starts_with(top));
    let nearest = pages.iter().filter_map(|page| above(*page).find(|folder| has_index(folder)));
    let all: BTreeSet<&Path> = nearest.collect();
    let is_inside = |folder: &Path| folder.ancestors().skip(1).any(|above| all.contains(above));
    let outer = all.iter().filter(|folder| !is_inside(folder));
    let name = |folder: &&Path| match folder.strip_prefix(top) {
        Ok(below) if below != Path::new("") => below.display().to_string(),
        _ => ".".to_owned(),
    };
    outer.map(name).collect()
}

fn make(job: &Job<'_>, pages: &[&str], folders: &str) -> Result<Findings, CheckError> {
    let dir = job.dir.join("docs");
    fs::create_dir_all(&dir).at("create", &dir)?;
    let make = Make { source: job.source.top(), dir: &dir, arch: um(), ws: job.ws };
    // Sphinx does not warn again of pages that it has built before.
    let args = ["htmldocs".to_owned(), format!("SPHINXDIRS={folders}"), "SPHINXOPTS=-E".to_owned()];
    let made = make.run(&args, "htmldocs.log", "htmldocs: building pages", None, job.reporter)?;
    let path = dir.join("htmldocs.log");
    let log = fs::read(&path).at("read", &path)?;
    let exists = |reference: &Reference<'_>| is_elsewhere(job, reference);
    let mut details = warnings(&String::from_utf8_lossy(&log), pages, &exists);
    if !made.good {
        let shown = path.strip_prefix(&job.ws.root).unwrap_or(&path);
        details.insert(0, format!("make htmldocs failed: {} has everything", shown.display()));
    }
    Ok(Findings { details, broken: !made.good })
}

/// What a page refers to and the folders that are built do not have.
#[derive(Debug, PartialEq, Eq)]
enum Reference<'a> {
    /// A page, by its path without the ending.
    Page(String),
    /// A label of reStructuredText.
    Label(&'a str),
}

/// The warnings about some pages, a line each, from everything that was said. What is wrong only because the rest of the
/// documentation was left out does not count.
fn warnings(log: &str, pages: &[&str], exists: &dyn Fn(&Reference<'_>) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for line in log.lines() {
        let Some((place, message)) = line.split_once(": WARNING: ").or_else(|| line.split_once(": ERROR: ")) else {
            continue;
        };
        let file = place.split(':').next().unwrap_or_default();
        let Some(page) = pages.iter().find(|page| Path::new(file).ends_with(page)) else { continue };
        if !reference(page, message).is_some_and(|reference| exists(&reference)) {
            found.push(format!("{page}{}: {message}", &place[file.len()..]));
        }
    }
    found.dedup();
    found
}

/// What a warning says is not there.
fn reference<'a>(page: &str, message: &'a str) -> Option<Reference<'a>> {
    let quoted = |text: &'a str| text.split('\'').nth(1);
    if let Some(target) = message.strip_prefix("unknown document: ").and_then(quoted) {
        return Some(Reference::Page(resolve(page, target)));
    }
    let label = message.strip_prefix("undefined label: ").and_then(quoted)?;
    // autosectionlabel: PAGE:SECTION.
    Some(label.split_once(':').map_or(Reference::Label(label), |(page, _)| Reference::Page(page.to_owned())))
}

/// The path of a page below `Documentation/` that another one names: from the top with a slash, otherwise from there.
fn resolve(from: &str, target: &str) -> String {
    if let Some(path) = target.strip_prefix('/') {
        return path.to_owned();
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').skip(1).collect();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn is_elsewhere(job: &Job<'_>, reference: &Reference<'_>) -> bool {
    match reference {
        Reference::Page(page) => job.source.top().join(TOP).join(format!("{page}.rst")).exists(),
        Reference::Label(label) => {
            let label = format!(".. _{label}:");
            let grep = ["grep", "--quiet", "--ignore-case", "--fixed-strings", "-e", &label, "--", TOP];
            job.source.git(grep).output().is_ok_and(|output| output.code == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_the_nearest_with_an_index_and_not_inside_each_other() {
        let of = |pages: &[&str]| {
            let has_index = ["Documentation", "Documentation/rust", "Documentation/rust/drm-rust", "Documentation/gpu"];
            folders(pages, &|folder| has_index.contains(&folder.to_str().unwrap()))
        };
        assert_eq!(of(&["Documentation/rust/drm-rust/a.rst"]), ["rust/drm-rust"]);
        assert_eq!(of(&["Documentation/rust/drm-rust/a.rst", "Documentation/rust/b.rst"]), ["rust"]);
        assert_eq!(of(&["Documentation/gpu/x/y/a.rst", "Documentation/rust/b.rst"]), ["gpu", "rust"]);
        assert_eq!(of(&["Documentation/other/a.rst"]), ["."]);
        assert_eq!(of(&[]), [""; 0]);
    }

    #[test]
    fn warnings_are_about_the_pages() {
        let log = "\
/x/Documentation/rust/a.rst:43: WARNING: Title underline too short.
/x/Documentation/rust/b.rst:1: WARNING: Title underline too short.
/x/Documentation/rust/a.rst: WARNING: document isn't included in any toctree
/x/Documentation/gpu/drm:613: /x/drivers/a.c:9: WARNING: Duplicate C declaration
/x/Documentation/rust/a.rst:5: WARNING: unknown document: '../gpu/there' [ref.doc]
/x/Documentation/rust/a.rst:6: WARNING: unknown document: '/gpu/gone' [ref.doc]
/x/Documentation/rust/a.rst:7: WARNING: undefined label: 'known' [ref.ref]
/x/Documentation/rust/a.rst:8: WARNING: undefined label: 'gone' (if the link has no caption the label must precede)
/x/Documentation/rust/a.rst:9: WARNING: undefined label: 'gpu/there:a section' [ref.ref]
/x/Documentation/rust/a.rst:9: ERROR: Unknown directive type \"kernle-doc\".
make[1]: Leaving directory '/x'
";
        let there = [Reference::Page("gpu/there".into()), Reference::Label("known")];
        let found = warnings(log, &["Documentation/rust/a.rst"], &|reference| there.contains(reference));
        insta::assert_snapshot!(found.join("\n"), @r#"
        Documentation/rust/a.rst:43: Title underline too short.
        Documentation/rust/a.rst: document isn't included in any toctree
        Documentation/rust/a.rst:6: unknown document: '/gpu/gone' [ref.doc]
        Documentation/rust/a.rst:8: undefined label: 'gone' (if the link has no caption the label must precede)
        Documentation/rust/a.rst:9: Unknown directive type "kernle-doc".
        "#);
    }
}
