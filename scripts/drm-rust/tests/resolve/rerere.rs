// SPDX-License-Identifier: GPL-2.0-only

//! Ids, preimages and replays are those of git's rerere.

use std::collections::BTreeMap;
use std::fs;

use drm_rust::resolve::conflict::MARKER_SIZE;
use drm_rust::resolve::rerere::{Image, Pair, image, replay};
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::repo::Repo;

/// A generator of numbers that gives the same ones in each run.
struct Numbers(TestRng);

impl Numbers {
    fn new(seed: u8) -> Self {
        Numbers(TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
    }

    fn below(&mut self, limit: usize) -> usize {
        use proptest::prelude::Rng;
        self.0.next_u32() as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const TEXT: [&str; 8] = ["a\n", "b\n", "c\n", "\n", "=======x\n", "<<<<<<<<\n", "crlf\r\n", "nul\0 in it\n"];
const MARKERS: [&str; 9] = [
    "<<<<<<< x\n",
    "||||||| x\n",
    "=======\n",
    ">>>>>>> y\n",
    "<<<<<<< o\r\n",
    "|||||||\n",
    "=======\r\n",
    "<<<<<<<<< p\n",
    ">>>>>>>\n",
];

/// A hunk of any style, perhaps with hunks inside.
fn hunk(numbers: &mut Numbers, depth: usize, out: &mut String) {
    fn side(numbers: &mut Numbers, depth: usize, out: &mut String) {
        for _ in 0..numbers.below(4) {
            match depth < 3 && numbers.below(6) == 0 {
                true => hunk(numbers, depth + 1, out),
                false => *out += numbers.pick(&TEXT),
            }
        }
    }
    *out += numbers.pick(&["<<<<<<< ours\n", "<<<<<<< ours\r\n", "<<<<<<< \n"]);
    side(numbers, depth, out);
    if numbers.below(2) == 0 {
        *out += numbers.pick(&["||||||| base\n", "|||||||\n", "|||||||\r\n"]);
        side(numbers, depth, out);
    }
    *out += numbers.pick(&["=======\n", "======= x\n", "=======\r\n"]);
    side(numbers, depth, out);
    *out += numbers.pick(&[">>>>>>> theirs\n", ">>>>>>> \r\n"]);
}

/// A file with hunks in their order, or with markers anywhere.
fn file(numbers: &mut Numbers) -> String {
    let mut text = String::new();
    for _ in 0..numbers.below(6) + 1 {
        match numbers.below(8) {
            0 if numbers.below(4) == 0 => text += numbers.pick(&MARKERS),
            0..4 => hunk(numbers, 0, &mut text),
            _ => text += numbers.pick(&TEXT),
        }
    }
    if numbers.below(5) == 0 {
        text.pop();
    }
    text
}

/// Puts files into a repository as if a merge had left them with conflicts.
fn leave_conflicts(repo: &Repo, files: &BTreeMap<String, String>) {
    let blob = repo.git_with(&["hash-object", "-w", "--stdin"], "");
    let mut index = String::new();
    for (name, text) in files {
        repo.write(name, text);
        index += &(1..4).map(|stage| format!("100644 {blob} {stage}\t{name}\n")).collect::<String>();
    }
    repo.git_with(&["update-index", "--index-info"], &index);
}

/// What git knows after `git rerere`: each path's conflict, with its variant.
fn merge_rr(repo: &Repo) -> BTreeMap<String, String> {
    let text = String::from_utf8(repo.read(".git/MERGE_RR")).unwrap();
    let entries = text.split_terminator('\0').map(|entry| entry.split_once('\t').unwrap());
    entries.map(|(id, path)| (path.to_owned(), id.to_owned())).collect()
}

#[test]
fn ids_and_preimages_are_those_of_git() {
    let mut numbers = Numbers::new(7);
    let files: BTreeMap<String, String> = (0..2000).map(|n| (format!("f{n:04}"), file(&mut numbers))).collect();
    let repo = Repo::new();
    leave_conflicts(&repo, &files);
    assert!(repo.try_git(&["rerere"]).status.success());
    let known = merge_rr(&repo);
    let mut compared = 0;
    for (name, text) in &files {
        let ours = image(text.as_bytes(), MARKER_SIZE).ok().flatten();
        let Some(id) = known.get(name) else {
            assert_eq!(ours, None, "{text:?}");
            continue;
        };
        let (id, variant) = id.split_once('.').map_or((id.as_str(), String::new()), |(id, n)| (id, format!(".{n}")));
        let ours = ours.unwrap_or_else(|| panic!("git takes this for a conflict: {text:?}"));
        assert_eq!(ours.id.to_string(), id, "{text:?}");
        let preimage = repo.read(&format!(".git/rr-cache/{id}/preimage{variant}"));
        assert_eq!(ours.text, preimage, "{text:?}");
        compared += 1;
    }
    assert!(compared > 1000 && compared < files.len(), "{compared}");
}

/// Lines of a file, some of them changed.
fn changed(numbers: &mut Numbers, lines: &[String], word: &str, chance: usize) -> String {
    let line = |(n, line): (usize, &String)| match numbers.below(chance) {
        0 => format!("{word} {n}\n"),
        1 => format!("{line}{word} after {n}\n"),
        2 => String::new(),
        _ => line.clone(),
    };
    lines.iter().enumerate().map(line).collect()
}

/// Three versions of a file.
fn versions(numbers: &mut Numbers) -> [String; 3] {
    let lines: Vec<String> = (0..30).map(|n| format!("line {}\n", n % 17)).collect();
    [lines.concat(), changed(numbers, &lines, "ours", 14), changed(numbers, &lines, "theirs", 14)]
}

/// Resolves each hunk in one of several ways.
fn resolve(numbers: &mut Numbers, text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let keep = numbers.below(3);
    let mut part = 2;
    let mut out = String::new();
    for line in text.lines() {
        match line.get(..7) {
            Some("<<<<<<<") => part = 0,
            Some("=======") => part = 1,
            Some(">>>>>>>") => part = 2,
            _ if part == 2 || keep == 2 || part == keep => out += &format!("{line}\n"),
            _ => {}
        }
    }
    out.into_bytes()
}

fn image_of(text: &[u8]) -> Option<Image> {
    image(text, MARKER_SIZE).unwrap()
}

/// Merges two branches that change the same files, in a repository of its own.
fn conflicting(numbers: &mut Numbers, style: &str) -> (Repo, Vec<String>) {
    let repo = Repo::new();
    repo.git(&["config", "merge.conflictStyle", style]);
    let names: Vec<String> = (0..40).map(|n| format!("f{n}")).collect();
    let versions: Vec<[String; 3]> = names.iter().map(|_| versions(numbers)).collect();
    for (n, (branch, from)) in [("main", ""), ("ours", "main"), ("theirs", "main")].into_iter().enumerate() {
        let files: Vec<_> = names.iter().zip(&versions).map(|(name, v)| (name.as_str(), Some(v[n].as_str()))).collect();
        repo.branch(branch, from, &files);
    }
    (repo, names)
}

fn merge(repo: &Repo) {
    repo.git(&["checkout", "--quiet", "-f", "ours"]);
    assert!(!repo.try_git(&["merge", "--no-edit", "theirs"]).status.success());
}

#[test]
fn what_git_recorded_is_replayed_as_git_does() {
    for (seed, style) in [(1, "merge"), (2, "diff3"), (3, "zdiff3")] {
        let mut numbers = Numbers::new(seed);
        let (repo, names) = conflicting(&mut numbers, style);
        merge(&repo);
        let marked: Vec<Vec<u8>> = names.iter().map(|name| repo.read(name)).collect();
        names.iter().zip(&marked).for_each(|(name, text)| repo.write(name, resolve(&mut numbers, text)));
        repo.git(&["rerere"]);
        // The same conflicts, but for their surroundings.
        repo.git(&["reset", "--quiet", "--hard"]);
        repo.git(&["checkout", "--quiet", "ours"]);
        for name in &names {
            let text = String::from_utf8(repo.read(name)).unwrap();
            repo.write(name, format!("at the top\n{text}at the bottom\n"));
        }
        repo.git(&["commit", "--quiet", "--all", "--message", "surroundings"]);
        repo.git(&["config", "rerere.enabled", "false"]);
        merge(&repo);
        let unresolved: Vec<Vec<u8>> = names.iter().map(|name| repo.read(name)).collect();
        repo.git(&["reset", "--quiet", "--hard"]);
        repo.git(&["config", "rerere.enabled", "true"]);
        merge(&repo);
        let (mut replayed, mut left) = (0, 0);
        for (name, text) in names.iter().zip(&unresolved) {
            let Some(image) = image_of(text) else { continue };
            let folder = format!(".git/rr-cache/{}", image.id);
            let variants =
                ["", ".1", ".2", ".3"].into_iter().filter(|n| repo.path(&format!("{folder}/postimage{n}")).exists());
            let pairs = variants.map(|n| Pair {
                preimage: repo.read(&format!("{folder}/preimage{n}")),
                postimage: repo.read(&format!("{folder}/postimage{n}")),
            });
            let result = pairs.into_iter().find_map(|pair| replay(&image, &pair).unwrap());
            match result {
                Some(result) => {
                    assert_eq!(result, repo.read(name), "{style} {name}");
                    replayed += 1;
                }
                None => {
                    assert_eq!(*text, repo.read(name), "{style} {name}");
                    left += 1;
                }
            }
        }
        assert!(replayed > 10, "{style}: {replayed} replayed, {left} left");
    }
}

#[test]
fn what_we_record_is_replayed_by_git() {
    for (seed, style) in [(4, "merge"), (5, "diff3")] {
        let mut numbers = Numbers::new(seed);
        let (repo, names) = conflicting(&mut numbers, style);
        repo.git(&["config", "rerere.enabled", "false"]);
        merge(&repo);
        let mut wanted = BTreeMap::new();
        for name in &names {
            let text = repo.read(name);
            let Some(image) = image_of(&text) else { continue };
            let folder = format!(".git/rr-cache/{}", image.id);
            // A second conflict with the same id would be another variant.
            if repo.path(&folder).exists() {
                continue;
            }
            let resolved = resolve(&mut numbers, &text);
            repo.write(&format!("{folder}/preimage"), &image.text);
            repo.write(&format!("{folder}/postimage"), &resolved);
            wanted.insert(name.clone(), resolved);
        }
        assert!(wanted.len() > 20, "{}", wanted.len());
        repo.git(&["reset", "--quiet", "--hard"]);
        repo.git(&["config", "rerere.enabled", "true"]);
        let before = repo.rr_cache();
        merge(&repo);
        for (name, resolved) in wanted {
            assert_eq!(repo.read(&name), resolved, "{style} {name}");
        }
        assert_eq!(repo.rr_cache(), before);
        assert!(fs::read_dir(repo.path(".git/rr-cache")).unwrap().count() > 0);
    }
}
