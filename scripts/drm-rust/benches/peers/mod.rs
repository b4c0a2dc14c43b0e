// SPDX-License-Identifier: GPL-2.0-only

//! What maintainers run today, as sequences of git commands.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use drm_rust::git::objects::Objects;
use drm_rust::git::{Oid, Repo};
use drm_rust::resolve;
use drm_rust::resolve::store::Store;
use drm_rust::tip::Plan;

/// Git with the settings that the toolchain uses, too.
pub(crate) fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    for setting in [
        "user.name=b",
        "user.email=b@b.example",
        "gc.auto=0",
        "maintenance.auto=false",
        "diff.algorithm=histogram",
        "merge.directoryRenames=conflict",
        "rerere.enabled=true",
        "rerere.autoUpdate=true",
        "advice.mergeConflict=false",
    ] {
        command.args(["-c", setting]);
    }
    command.arg("-C").arg(dir);
    command
}

pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    output.stdout
}

fn text(command: &mut Command) -> String {
    String::from_utf8(run(command)).unwrap().trim().to_owned()
}

/// A conflict's resolution: both sides, ours first.
pub(crate) fn both_sides(marked: &[u8]) -> Vec<u8> {
    let is_marker =
        |line: &&[u8]| line.starts_with(b"<<<<<<< ") || *line == b"=======\n" || line.starts_with(b">>>>>>> ");
    marked.split_inclusive(|&byte| byte == b'\n').filter(|line| !is_marker(line)).flatten().copied().collect()
}

/// A conflict as rerere keeps it: markers without names, the sides in order.
fn preimage(marked: &[u8]) -> Vec<u8> {
    let mut image = Vec::new();
    let mut sides: Option<[Vec<u8>; 2]> = None;
    let mut second = 0;
    for line in marked.split_inclusive(|&byte| byte == b'\n') {
        match &mut sides {
            None if line.starts_with(b"<<<<<<< ") => (sides, second) = (Some(Default::default()), 0),
            None => image.extend(line),
            Some(_) if line == b"=======\n" => second = 1,
            Some(both) if line.starts_with(b">>>>>>> ") => {
                both.sort();
                image.extend([b"<<<<<<<\n", &both[0][..], b"=======\n", &both[1][..], b">>>>>>>\n"].concat());
                sides = None;
            }
            Some(both) => both[second].extend(line),
        }
    }
    image
}

/// Recorded resolutions: an rr-cache, as `git rerere` keeps it.
pub(crate) struct Cache {
    dir: PathBuf,
    /// The folders by what their preimages have in conflict.
    images: HashMap<Vec<u8>, PathBuf>,
}

impl Cache {
    /// The rr-cache of a store of resolutions.
    pub(crate) fn of(repo: &Repo, store: Oid, place: &Path) -> Cache {
        let dir = place.join("rr-cache");
        let mut objects = Objects::new(repo);
        let store = Store::load(&mut objects, Some(store)).unwrap();
        resolve::dir::export(&mut objects, &store, &dir).unwrap();
        let folders = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        let image = |folder: PathBuf| (conflict(&fs::read(folder.join("preimage")).unwrap()), folder);
        Cache { images: folders.map(image).collect(), dir }
    }

    /// A three-way merge of what is in conflict now, what was, and what became of it.
    fn replay(&self, repo: &Repo, marked: &[u8]) -> Vec<u8> {
        let image = preimage(marked);
        let dir = &self.images[&conflict(&image)];
        let this = self.dir.join("thisimage");
        fs::write(&this, &image).unwrap();
        run(git(repo.top()).args(["merge-file", "-p"]).arg(&this).arg(dir.join("preimage")).arg(dir.join("postimage")))
    }
}

/// The lines of a preimage that are in conflict.
fn conflict(image: &[u8]) -> Vec<u8> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in image.split_inclusive(|&byte| byte == b'\n') {
        inside |= line == b"<<<<<<<\n";
        if inside {
            lines.extend(line);
        }
        inside &= line != b">>>>>>>\n";
    }
    lines
}

/// `git merge-tree` and `git commit-tree` for each branch; gives the wall time and the last tree.
pub(crate) fn merge_tree_loop(repo: &Repo, plan: &Plan, cache: Option<&Cache>) -> (Duration, Oid) {
    let start = Instant::now();
    let tree = loop_over(repo, plan, |marked, repo| cache.map(|cache| cache.replay(repo, marked)));
    (start.elapsed(), tree)
}

/// Merges one branch after the other. `settle` may say what becomes of a conflict; otherwise its markers stay.
fn loop_over(repo: &Repo, plan: &Plan, mut settle: impl FnMut(&[u8], &Repo) -> Option<Vec<u8>>) -> Oid {
    let mut head = plan.start.to_string();
    let mut tree = String::new();
    for branch in &plan.branches {
        let theirs = branch.commit.to_string();
        let merge = git(repo.top())
            .args(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", &head, &theirs])
            .output()
            .unwrap();
        let fields = String::from_utf8(merge.stdout).unwrap();
        let mut fields = fields.split('\0').filter(|field| !field.is_empty());
        tree = fields.next().unwrap().to_owned();
        let mut settled = Vec::new();
        for path in fields {
            // A loop that does not resolve only reports the conflict.
            let blob = || run(git(repo.top()).args(["cat-file", "blob", &format!("{tree}:{path}")]));
            if let Some(content) = settle(&blob(), repo) {
                settled.push((path.to_owned(), content));
            }
        }
        if !settled.is_empty() {
            tree = replaced(repo, &tree, &settled);
        }
        head = text(git(repo.top()).args(["commit-tree", "-p", &head, "-p", &theirs, "-m", &branch.name, &tree]));
    }
    tree.parse().unwrap()
}

/// A tree with other contents, by way of an index.
fn replaced(repo: &Repo, tree: &str, contents: &[(String, Vec<u8>)]) -> String {
    let index = repo.git_dir().join("bench-index");
    let git = || {
        let mut git = git(repo.top());
        git.env("GIT_INDEX_FILE", &index);
        git
    };
    run(git().args(["read-tree", tree]));
    for (path, content) in contents {
        let file = repo.git_dir().join("bench-content");
        fs::write(&file, content).unwrap();
        let blob = text(git().args(["hash-object", "-w"]).arg(&file));
        run(git().args(["update-index", "--cacheinfo", &format!("100644,{blob},{path}")]));
    }
    text(git().args(["write-tree"]))
}

/// What `dim rebuild-tip` runs for each branch in a full checkout, with every conflict recorded before: an attempt
/// to fast-forward, the merge without its commit, a search for markers that rerere left, add, commit.
pub(crate) fn checkout_loop(repo: &Repo, plan: &Plan, cache: &Cache) -> (Duration, Oid) {
    let top = repo.top();
    run(git(top).args(["checkout", "--quiet", "--detach", &plan.start.to_string()]));
    // The first round records into git's own cache.
    for timed in [false, true] {
        run(git(top).args(["reset", "--quiet", "--hard", &plan.start.to_string()]));
        let start = Instant::now();
        for branch in &plan.branches {
            merge_in_checkout(top, &branch.name, &branch.commit.to_string(), (!timed).then_some(cache), repo);
        }
        if timed {
            return (start.elapsed(), text(git(top).args(["rev-parse", "HEAD^{tree}"])).parse().unwrap());
        }
    }
    unreachable!("the second round is timed");
}

fn merge_in_checkout(top: &Path, name: &str, commit: &str, record: Option<&Cache>, repo: &Repo) {
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success();
    if quiet(git(top).args(["merge", "--ff-only", commit])) {
        return;
    }
    let clean = quiet(git(top).args(["merge", "--rerere-autoupdate", "--no-commit", "--no-ff", commit]));
    if let (false, Some(cache)) = (clean, record) {
        for path in text(git(top).args(["diff", "--name-only", "--diff-filter=U"])).lines() {
            let marked = fs::read(top.join(path)).unwrap();
            fs::write(top.join(path), cache.replay(repo, &marked)).unwrap();
        }
    }
    if record.is_none() {
        quiet(git(top).args(["diff", "--quiet"]));
        quiet(git(top).args(["grep", "-l", "-e", "^<<<<<<< ", "-e", "^>>>>>>> "]));
    }
    run(git(top).args(["add", "--update"]));
    run(git(top).args(["commit", "--quiet", "--no-verify", "-m", name]));
}
