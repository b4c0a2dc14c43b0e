// SPDX-License-Identifier: GPL-2.0-only

//! A repository of generated commits, and git's own merge of two of them.

use std::collections::BTreeMap;

use drm_rust::git::commit::Commit;
use drm_rust::git::objects::Objects;
use drm_rust::git::pack::Kind;
use drm_rust::git::treeobj::{Entries, Mode, serialize};
use drm_rust::git::{Oid, Repo};
use drm_rust::merge::{Count, Merger, Outcome};
use tempfile::TempDir;

/// The tree without entries.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// The files of a commit.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Files(pub(crate) BTreeMap<Vec<u8>, (Mode, Vec<u8>)>);

/// A text of `n` lines that is unlike others.
pub(crate) fn text(seed: &str, n: usize) -> String {
    (1..=n).map(|i| format!("{seed} line {i} of {n}\n")).collect()
}

impl Files {
    /// A small tree with everything that git can store.
    pub(crate) fn start() -> Files {
        let mut files = Files::default();
        for path in ["gpu/a.c", "gpu/b.c", "gpu/c.c", "gpu/sub/d.c", "gpu/sub/e.c", "net/x.c", "net/y.c", "Makefile"] {
            files.put(path, &text(path, 20));
        }
        files.0.insert(b"run.sh".to_vec(), (Mode::Executable, text("run", 9).into_bytes()));
        files.0.insert(b"link".to_vec(), (Mode::Symlink, b"gpu/a.c".to_vec()));
        files.0.insert(b"module".to_vec(), (Mode::Submodule, vec![1; 20]));
        files.0.insert(b"blob.bin".to_vec(), (Mode::File, vec![0, 1, 2, 255, 254, 0, 7]));
        files.0.insert("names/\u{fc} \u{6f22}".into(), (Mode::File, text("unicode", 9).into_bytes()));
        files.0.insert(b"names/tab\there \"x\"".to_vec(), (Mode::File, text("odd", 9).into_bytes()));
        files.0.insert(b"names/latin\xe9".to_vec(), (Mode::File, text("latin", 9).into_bytes()));
        files.put("names.c", &text("sorts before the directory", 9));
        files
    }

    pub(crate) fn put(&mut self, path: &str, content: &str) {
        self.0.insert(path.into(), (Mode::File, content.into()));
    }

    pub(crate) fn set(&mut self, path: &str, mode: Mode, content: &[u8]) {
        self.0.insert(path.into(), (mode, content.to_vec()));
    }

    pub(crate) fn chmod(&mut self, path: &str, mode: Mode) {
        self.0.get_mut(path.as_bytes()).unwrap().0 = mode;
    }

    /// Changes one line, counted from 0.
    pub(crate) fn edit(&mut self, path: &str, line: usize, with: &str) {
        let content = &mut self.0.get_mut(path.as_bytes()).unwrap().1;
        let text = String::from_utf8_lossy(content).into_owned();
        let mut lines: Vec<&str> = text.lines().collect();
        lines[line] = with;
        *content = (lines.join("\n") + "\n").into_bytes();
    }

    /// Removes a file or a directory.
    pub(crate) fn rm(&mut self, path: &str) {
        let below = format!("{path}/").into_bytes();
        self.0.retain(|name, _| name != path.as_bytes() && !name.starts_with(&below));
    }

    /// Moves a file or a directory.
    pub(crate) fn mv(&mut self, from: &str, to: &str) {
        let below = format!("{from}/").into_bytes();
        let moved: Vec<Vec<u8>> =
            self.0.keys().filter(|name| *name == from.as_bytes() || name.starts_with(&below)).cloned().collect();
        for name in moved {
            let file = self.0.remove(&name).unwrap();
            self.0.insert([to.as_bytes(), &name[from.len()..]].concat(), file);
        }
    }

    fn write(&self, objects: &mut Objects) -> Oid {
        type File<'a> = (&'a [u8], Mode, &'a [u8]);
        fn tree(objects: &mut Objects, files: &[File<'_>]) -> Oid {
            let mut entries = Entries::new();
            let mut below: BTreeMap<&[u8], Vec<File<'_>>> = BTreeMap::new();
            for &(path, mode, data) in files {
                match path.iter().position(|&byte| byte == b'/') {
                    Some(slash) => below.entry(&path[..slash]).or_default().push((&path[slash + 1..], mode, data)),
                    None => {
                        let oid = match mode {
                            Mode::Submodule => Oid::from_bytes(data.try_into().unwrap()),
                            _ => objects.write(Kind::Blob, data.to_vec()),
                        };
                        entries.insert(path.to_vec(), (mode, oid));
                    }
                }
            }
            for (name, files) in below {
                let oid = tree(objects, &files);
                entries.insert(name.to_vec(), (Mode::Tree, oid));
            }
            objects.write(Kind::Tree, serialize(&entries))
        }
        let files: Vec<_> =
            self.0.iter().map(|(path, (mode, data))| (path.as_slice(), *mode, data.as_slice())).collect();
        tree(objects, &files)
    }
}

/// What a merge comes to: a tree, or the stages of the paths in conflict.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Result {
    Clean(Oid),
    Conflict(Vec<String>),
}

/// A repository.
pub(crate) struct Lab {
    _dir: TempDir,
    pub(crate) repo: Repo,
    date: i64,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::at(dir.path());
        repo.git(["init", "--quiet", "--initial-branch=main"]).run().unwrap();
        Lab { _dir: dir, repo, date: 1_000_000_000 }
    }

    pub(crate) fn commit(&mut self, files: &Files, parents: &[Oid], message: &str) -> Oid {
        self.date += 60;
        let mut objects = Objects::new(&self.repo);
        let tree = files.write(&mut objects);
        let author = "Tester <tester@drm-rust.example>".parse().unwrap();
        let message = format!("{message}\n");
        let commit = Commit { tree, parents: parents.to_vec(), author, date: self.date, message };
        let commit = objects.write_commit(&commit);
        objects.flush().unwrap();
        commit
    }

    /// Our merge.
    pub(crate) fn ours(&self, ours: Oid, theirs: Oid) -> (Result, Count) {
        let mut objects = Objects::new(&self.repo);
        let mut merger = Merger::new(&self.repo, &mut objects);
        let bases = merger.bases(ours, theirs).unwrap();
        let result = match merger.merge(&bases, ours, theirs).unwrap() {
            Outcome::Clean(tree) => Result::Clean(tree),
            Outcome::Conflicts { conflicts, .. } => {
                let mut stages = Vec::new();
                for conflict in conflicts {
                    for (i, side) in [conflict.base, conflict.ours, conflict.theirs].into_iter().enumerate() {
                        let stage =
                            |(mode, oid): (Mode, Oid)| stage(mode.octal(), &oid.to_string(), i + 1, &conflict.path);
                        stages.extend(side.map(stage));
                    }
                }
                stages.sort();
                Result::Conflict(stages)
            }
        };
        let count = merger.count;
        objects.flush().unwrap();
        if let Result::Clean(tree) = result {
            self.repo.git(["ls-tree", "-r", "-t", &tree.to_string()]).run().unwrap();
        }
        (result, count)
    }

    /// `git merge` in a work tree, where no attributes count: a branch must not decide how others are merged.
    pub(crate) fn git_merge(&self, ours: Oid, theirs: Oid) -> Result {
        let person = ["-c", "user.name=T", "-c", "user.email=t@t.example"];
        let run = |args: &[&str]| self.repo.git(person.iter().chain(args)).run().unwrap();
        // What an earlier merge left.
        for file in ["MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "AUTO_MERGE"] {
            let _ = std::fs::remove_file(self.repo.git_dir().join(file));
        }
        run(&["read-tree", "--reset", "-u", &ours.to_string()]);
        run(&["clean", "-ffdqx"]);
        run(&["update-ref", "--no-deref", "HEAD", &ours.to_string()]);
        let args = ["merge", "--quiet", "--no-ff", "--no-commit", &theirs.to_string()];
        let git = self.repo.git(person.iter().chain(&args)).env("GIT_ATTR_SOURCE", EMPTY_TREE);
        let output = git.output().unwrap();
        match output.code {
            0 => Result::Clean(run(&["write-tree"]).text().parse().unwrap()),
            1 => {
                let listed = run(&["ls-files", "--unmerged", "-z"]).stdout;
                Result::Conflict(stages(&String::from_utf8_lossy(&listed)))
            }
            _ => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// `git merge-tree` of the commits.
    pub(crate) fn git_merge_tree(&self, ours: Oid, theirs: Oid) -> Result {
        let args = ["merge-tree", "--write-tree", "-z", "--no-messages", &ours.to_string(), &theirs.to_string()];
        let output = self.repo.git(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (tree, rest) = text.split_once('\0').unwrap();
        match output.code {
            0 => Result::Clean(tree.parse().unwrap()),
            1 => Result::Conflict(stages(rest)),
            _ => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

impl Lab {
    /// Whether two results are the same. Where git found a conflict on the way to a rename's content, the sides'
    /// names are in that content, and its id differs.
    pub(crate) fn same(&self, a: &Result, b: &Result) -> bool {
        let (Result::Conflict(a), Result::Conflict(b)) = (a, b) else { return a == b };
        let hide = |stage: &String| {
            let mut words: Vec<&str> = stage.splitn(4, ' ').collect();
            let blob = self.repo.git(["cat-file", "blob", words[1]]).output().unwrap().stdout;
            if blob.windows(8).any(|text| text == b"<<<<<<< ") {
                words[1] = "marked";
            }
            words.join(" ")
        };
        let sorted = |stages: &[String]| {
            let mut stages: Vec<String> = stages.iter().map(hide).collect();
            stages.sort();
            stages
        };
        a == b || sorted(a) == sorted(b)
    }
}

/// Sides have other names in `git merge` than in memory: `file~HEAD`.
fn stage(mode: &str, oid: &str, stage: usize, path: &str) -> String {
    format!("{mode} {oid} {stage} {}", path.split('~').next().unwrap())
}

fn stages(listed: &str) -> Vec<String> {
    let mut stages: Vec<String> = listed
        .split('\0')
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let (head, path) = entry.split_once('\t').unwrap();
            let [mode, oid, place] = head.split(' ').collect::<Vec<_>>()[..] else { panic!("{entry}") };
            stage(mode, oid, place.parse().unwrap(), path)
        })
        .collect();
    stages.sort();
    stages
}
