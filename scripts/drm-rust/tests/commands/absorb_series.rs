// SPDX-License-Identifier: GPL-2.0-only

//! `absorb` of series at random: commits that add, change, rename and delete files come back as they are.

use std::collections::BTreeMap;

use crate::absorb;
use crate::env::Env;
use crate::kill::Random;

/// How many series are tried.
const SERIES: usize = 6;

type Files = BTreeMap<String, String>;

/// A series to be: what each commit leaves.
struct Series<'a> {
    random: &'a mut Random,
    files: Files,
    names: usize,
}

impl Series<'_> {
    fn name(&mut self) -> String {
        self.names += 1;
        format!("rust/kernel/{}{}.rs", ["", "alpha/"][self.random.below(2) as usize], format_args!("f{}", self.names))
    }

    /// A line; there are few, so that most stand at several places.
    fn line(&mut self) -> String {
        match self.random.below(4) {
            0 => "\n".to_owned(),
            1 => "}\n".to_owned(),
            2 => format!("    let a = {};\n", self.random.below(6)),
            _ => format!("pub fn f{}() {{\n", self.random.below(300)),
        }
    }

    fn text(&mut self) -> String {
        let lines = 1 + self.random.below(20);
        let body: String = (0..lines).map(|_| self.line()).collect();
        format!("// SPDX-License-Identifier: GPL-2.0-only\n{body}")
    }

    /// The path of a file that is there.
    fn any(&mut self) -> Option<String> {
        let count = self.files.len() as u64;
        (count > 0).then(|| self.files.keys().nth(self.random.below(count) as usize).unwrap().clone())
    }

    /// Puts lines in, takes some away or puts others in their place, at one or two places of a file.
    fn change(&mut self, path: &str) {
        for _ in 0..1 + self.random.below(2) {
            let mut lines: Vec<String> = self.files[path].split_inclusive('\n').map(str::to_owned).collect();
            let at = self.random.below(lines.len() as u64 + 1) as usize;
            let end = lines.len().min(at + self.random.below(3) as usize);
            let new: Vec<String> = (0..self.random.below(4)).map(|_| self.line()).collect();
            lines.splice(at..end, new);
            self.files.insert(path.to_owned(), lines.concat());
        }
    }

    /// What one commit does.
    fn commit(&mut self) {
        for _ in 0..1 + self.random.below(3) {
            let kind = self.random.below(8);
            match (kind, self.any()) {
                (0..=2, _) | (_, None) => {
                    let (name, text) = (self.name(), self.text());
                    self.files.insert(name, text);
                }
                (3..=5, Some(path)) => self.change(&path),
                (6, Some(path)) => {
                    let text = self.files.remove(&path).unwrap();
                    let name = self.name();
                    self.files.insert(name.clone(), text);
                    if self.random.below(2) == 0 {
                        self.change(&name);
                    }
                }
                (_, Some(path)) => drop(self.files.remove(&path)),
            }
        }
    }
}

/// The files of the topic's tip that a series may touch.
fn files(env: &Env) -> Files {
    let paths = env.linux_git(&["ls-files", "--", "rust", "drivers"]);
    let read = |path: &str| (path.to_owned(), std::fs::read_to_string(env.linux(path)).unwrap());
    paths.lines().map(read).filter(|(_, text)| !text.is_empty()).collect()
}

/// Tree, author and message of each patch.
fn patches(env: &Env) -> String {
    env.linux_git(&["log", "--reverse", "--format=%T %an <%ae> %ad%n%B", "base..topic/rust/alpha"])
}

/// The branches of linux/.
fn heads(env: &Env) -> String {
    env.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"])
}

/// The files of the checkout.
fn overlay(env: &Env) -> String {
    env.git(&["add", "--all"]);
    env.git(&["ls-files", "--stage"])
}

/// Commits of the same content by another committer, as a rebase leaves them: `absorb` has to make everything new.
fn rewrite(env: &Env) {
    let mut parent = env.linux_git(&["rev-parse", "base"]).trim().to_owned();
    for commit in env.linux_git(&["rev-list", "--reverse", "base..topic/rust/alpha"]).lines() {
        let raw = env.linux_git(&["cat-file", "commit", commit]);
        let lines = raw.lines().map(|line| match line.split_once(' ') {
            Some(("parent", _)) => format!("parent {parent}\n"),
            Some(("committer", _)) => "committer Somebody <somebody@drm-rust.example> 1780000000 +0000\n".to_owned(),
            _ => format!("{line}\n"),
        });
        env.write("build/commit", &lines.collect::<String>());
        let file = env.root().join("build/commit");
        parent = env.linux_git(&["hash-object", "-t", "commit", "-w", file.to_str().unwrap()]).trim().to_owned();
    }
    env.linux_git(&["reset", "--quiet", "--hard", &parent]);
}

#[test]
fn random_series_come_back() {
    let mut random = Random::new();
    for _ in 0..SERIES {
        let env = absorb::env();
        let mut series = Series { random: &mut random, files: files(&env), names: 0 };
        for commit in 0..2 + series.random.below(5) {
            let before = series.files.clone();
            series.commit();
            let gone = before.keys().filter(|path| !series.files.contains_key(*path)).map(|path| (path.as_str(), None));
            let now = series.files.iter().filter(|(path, text)| before.get(*path) != Some(*text));
            let changes: Vec<_> = gone.chain(now.map(|(path, text)| (path.as_str(), Some(text.as_str())))).collect();
            if !changes.is_empty() {
                absorb::commit(
                    &env,
                    &format!("rust: alpha: change {commit}\n\nAt random.\n\n{}", absorb::SIGNED),
                    &changes,
                );
            }
        }

        let wanted = patches(&env);
        env.run(&["absorb", "rust/alpha"]).ok();
        assert_eq!(patches(&env), wanted);
        assert!(env.run(&["tree"]).ok().stderr.contains("is up to date"));

        let (ids, kept) = (heads(&env), overlay(&env));
        rewrite(&env);
        env.run(&["absorb", "rust/alpha"]).ok();
        assert_eq!(overlay(&env), kept);
        assert_eq!(heads(&env), ids);
    }
}
