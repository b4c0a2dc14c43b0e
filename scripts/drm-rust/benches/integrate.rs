// SPDX-License-Identifier: GPL-2.0-only

//! Many branches into one tip, on a repository of Linux's size, against what maintainers run today, in the same run:
//! a sequence of git commands in a full checkout, and loops of `git merge-tree` and `git commit-tree`.
//!
//! `cargo bench --bench integrate` prints wall times and ratios; all ways must come to the same tree. It makes a
//! checkout of this repository's last commit with a `linux/` of its own: 3 GB. `-- --no-checkout` leaves out the
//! sequence in the checkout, which takes minutes.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark runs programs and prints")]

mod peers;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use drm_rust::git::commit::{Commit, Identity};
use drm_rust::git::objects::Objects;
use drm_rust::git::pack::Kind;
use drm_rust::git::treeobj::{self, Mode};
use drm_rust::git::{Oid, Repo};
use drm_rust::merge::{Conflict, Contents, NoResolver, Resolution, ResolveError, Resolver};
use drm_rust::report::Silent;
use drm_rust::resolve::record::Record;
use drm_rust::resolve::recorded::Recorded;
use drm_rust::resolve::rerere::ConflictId;
use drm_rust::resolve::store::{Change, Store};
use drm_rust::tip::{self, Inputs, NoFixups, Plan, Planned, Tip};

/// The branches of the main comparison, and how many of its merges conflict.
const BRANCHES: usize = 40;
/// Each of these is the second of a pair that changes the same line.
const CONFLICTS: [usize; 8] = [4, 9, 14, 19, 24, 29, 34, 39];
/// Each of these changes a file that others change elsewhere.
const SHARED: usize = 4;
/// How many files a commit changes.
const FILES: usize = 3;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let dir = tempfile::tempdir_in(root.join("build")).unwrap();
    println!("load: {}", std::fs::read_to_string("/proc/loadavg").unwrap().trim());
    let lab = Lab::new(&root, &dir.path().join("checkout"));
    let plan = lab.branches(BRANCHES, &CONFLICTS, FILES);
    let store = lab.record(&plan);
    println!("{BRANCHES} branches, {} commits, {} merges in conflict", lab.commits(&plan), CONFLICTS.len());

    let (time, tip) = &lab.median(&plan, Some(store));
    row("drm-rust, conflicts settled as recorded", *time, None);
    let (plain, unresolved) = lab.median(&plan, None);
    row("drm-rust, branches in conflict left out", plain, None);
    println!("  how: {:?}", tip.count);
    let tree = lab.tree_before_manifest(tip);

    let (wall, _) = peers::merge_tree_loop(&lab.repo, &plan, None);
    row("peer: git merge-tree loop, not resolving", wall, Some(plain));
    assert_eq!(unresolved.failures.len(), CONFLICTS.len());
    let cache = peers::Cache::of(&lab.repo, store, dir.path());
    let (wall, peers_tree) = peers::merge_tree_loop(&lab.repo, &plan, Some(&cache));
    row("peer: git merge-tree loop, rr-cache replayed", wall, Some(*time));
    assert_eq!(peers_tree, tree, "the loop comes to the same tree");

    println!("\nthe command itself, with drm-rust-next besides");
    lab.repo.git(["update-ref", "refs/heads/drm-rust-rerere", &store.to_string()]).run().unwrap();
    row("drm-rust integrate --tip", lab.command(&plan), None);
    row("drm-rust integrate --tip, nothing moved", lab.command(&plan), None);

    println!("\nafter one branch moved");
    let mut moved = plan.clone();
    moved.branches[30].commit = lab.another_commit(plan.branches[30].commit);
    let (again, tip) = lab.integrate(&moved, Some(tip.commit), Some(store));
    row("drm-rust, branch 31 of 40", again, None);
    println!("  merges kept: {}", tip.merges.iter().filter(|merge| merge.reused).count());
    let (again, _) = lab.integrate(&moved, Some(tip.commit), Some(store));
    row("drm-rust, nothing moved", again, None);
    lab.growth(&plan, store);
    if !std::env::args().any(|arg| arg == "--no-checkout") {
        println!("\na full checkout");
        let (wall, peers_tree) = peers::checkout_loop(&lab.repo, &plan, &cache);
        assert_eq!(peers_tree, tree, "the checkout comes to the same tree");
        row("peer: git merge, grep, add, commit", wall, Some(*time));
    }
}

fn row(what: &str, time: Duration, ours: Option<Duration>) {
    let ratio = ours.map(|ours| format!("   {:.1} times drm-rust's", time.as_secs_f64() / ours.as_secs_f64()));
    println!("  {what:46} {:8.3} s{}", time.as_secs_f64(), ratio.unwrap_or_default());
}

/// Settles a conflict as a person might, and keeps it: the lines of both sides, ours first.
struct Person(Vec<(Conflict, Contents, Vec<u8>)>);

impl Resolver for Person {
    fn resolve(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, ResolveError> {
        let text = peers::both_sides(contents.marked.as_ref().expect("only texts conflict here"));
        self.0.push((conflict.clone(), contents.clone(), text.clone()));
        Ok(Some(Resolution { entry: Some((Mode::File, text)), note: String::new() }))
    }
}

/// A repository with the base and generated branches: `linux/` of a checkout.
struct Lab {
    root: PathBuf,
    repo: Repo,
    base: Oid,
    /// Texts of the base.
    files: Vec<String>,
}

impl Lab {
    fn new(checkout: &Path, place: &Path) -> Lab {
        peers::run(peers::git(checkout).args(["clone", "--quiet", "--local"]).arg(checkout).arg(place));
        let root = place.to_owned();
        peers::run(program(&root).args(["tree", "--quiet"]));
        let repo = Repo::at(place.join("linux"));
        let base = repo.commit("base").unwrap();
        let listed = repo.git(["ls-tree", "-r", "--name-only", "base"]).run().unwrap().lines();
        let files = listed.into_iter().filter(|path| path.ends_with(".c") || path.ends_with(".h")).collect();
        Lab { root, repo, base, files }
    }

    /// Branches of 5 to 20 commits; each commit changes some files that no other branch changes, now and then a
    /// file is new, and every fourth branch changes MAINTAINERS in a place of its own.
    fn branches(&self, count: usize, conflicts: &[usize], files: usize) -> Plan {
        let mut objects = Objects::new(&self.repo);
        let mut branches = Vec::new();
        for n in 0..count {
            let name = format!("branch-{count}-{files}-{n}");
            let mut head = self.base;
            for k in 0..5 + (n * 7) % 16 {
                let mut edits: Vec<(String, usize, String)> = Vec::new();
                for j in 0..files {
                    // A step that is coprime to their number spreads the files over the whole tree.
                    let file = (n + count * (files * k + j)) * 7919 % self.files.len();
                    edits.push((self.files[file].clone(), 3, format!("/* {name}: {k} */")));
                }
                if k == 0 && n % SHARED == 0 {
                    edits.push(("MAINTAINERS".into(), 200 + 30 * n, format!("# {name}")));
                }
                if k == 1 && (conflicts.contains(&n) || conflicts.contains(&(n + 1))) {
                    let pair = if conflicts.contains(&n) { n - 1 } else { n };
                    edits.push((
                        "Documentation/process/changes.rst".into(),
                        20 + 10 * pair,
                        format!("{name} was here"),
                    ));
                }
                head = self.commit(&mut objects, head, &edits, (k % 4 == 3).then(|| format!("drivers/{name}/{k}.c")));
            }
            branches.push(Planned { name, commit: head });
        }
        objects.flush().unwrap();
        Plan { start: self.base, branches, missing: Vec::new() }
    }

    fn commit(
        &self,
        objects: &mut Objects,
        parent: Oid,
        edits: &[(String, usize, String)],
        new: Option<String>,
    ) -> Oid {
        let tree = objects.tree_of(parent).unwrap();
        let mut changes = std::collections::BTreeMap::new();
        for (path, line, text) in edits {
            let Some((mode, blob)) = treeobj::lookup(objects, tree, path).unwrap() else { panic!("{path}") };
            let content = String::from_utf8_lossy(&objects.blob(blob).unwrap()).into_owned();
            let mut lines: Vec<&str> = content.lines().collect();
            lines.insert((*line).min(lines.len()), text);
            let blob = objects.write(Kind::Blob, (lines.join("\n") + "\n").into_bytes());
            changes.insert(path.clone(), (mode, blob));
        }
        if let Some(path) = new {
            let blob = objects.write(Kind::Blob, format!("/* {path} */\n").into_bytes());
            changes.insert(path, (Mode::File, blob));
        }
        let tree = treeobj::update(objects, tree, &changes).unwrap();
        let date = 1_800_000_000;
        objects.write_commit(&Commit { tree, parents: vec![parent], author: author(), date, message: "x\n".into() })
    }

    fn another_commit(&self, parent: Oid) -> Oid {
        let mut objects = Objects::new(&self.repo);
        let edit = (self.files[5].clone(), 3, "/* another */".to_owned());
        let commit = self.commit(&mut objects, parent, &[edit], None);
        objects.flush().unwrap();
        commit
    }

    fn commits(&self, plan: &Plan) -> usize {
        let tips = plan.branches.iter().map(|branch| branch.commit.to_string());
        let count = self.repo.git(["rev-list", "--count"]).args(tips).args(["--not", &self.base.to_string()]);
        count.run().unwrap().text().parse().unwrap()
    }

    /// Merges once and records what is settled, as the first maintainer does who meets the conflicts.
    fn record(&self, plan: &Plan) -> Oid {
        let (mut person, mut objects) = (Person(Vec::new()), Objects::new(&self.repo));
        self.build(plan, None, &mut person, &mut objects);
        let mut store = Store::default();
        for (conflict, contents, text) in person.0 {
            let (path, who, date) = (conflict.path.clone(), author(), "2026-01-01T00:00:00Z".parse().unwrap());
            let record = Record { path, conflict: String::new(), who, why: String::new(), date, merge: None };
            store.record(&mut objects, &conflict, &contents, Some((Mode::File, &text)), record).unwrap();
        }
        assert_eq!(store.resolutions.len(), CONFLICTS.len());
        self.keep(&store, objects)
    }

    fn keep(&self, store: &Store, mut objects: Objects) -> Oid {
        let (tree, message) = (store.write(&mut objects), "x\n".to_owned());
        let commit = Commit { tree, parents: Vec::new(), author: author(), date: 1_800_000_000, message };
        let commit = objects.write_commit(&commit);
        objects.flush().unwrap();
        commit
    }

    /// The same store with many resolutions of other conflicts.
    fn larger(&self, store: Oid, count: usize) -> Oid {
        let mut objects = Objects::new(&self.repo);
        let mut store = Store::load(&mut objects, Some(store)).unwrap();
        for n in store.resolutions.len()..count {
            let mut image = |side: &str| objects.write(Kind::Blob, format!("{side} {n}\n").into_bytes());
            let (id, preimage) = (image("id"), image("pre"));
            let id: ConflictId = id.to_string().parse().unwrap();
            store.add(id, Change::Rerere { preimage, postimage: image("post") }, None);
        }
        self.keep(&store, objects)
    }

    /// All of it: from the plan to the branch in the repository.
    fn integrate(&self, plan: &Plan, previous: Option<Oid>, store: Option<Oid>) -> (Duration, Tip) {
        let start = Instant::now();
        let mut objects = Objects::new(&self.repo);
        let mut recorded = Recorded::new(&self.repo, store).unwrap();
        let resolver: &mut dyn Resolver = if store.is_some() { &mut recorded } else { &mut NoResolver };
        let tip = self.build(plan, previous, resolver, &mut objects);
        objects.flush().unwrap();
        self.repo.git(["update-ref", "refs/drm-rust/bench", &tip.commit.to_string()]).run().unwrap();
        let time = start.elapsed();
        assert!(store.is_none() || tip.merges.len() == plan.branches.len(), "{:?}", tip.notices);
        (time, tip)
    }

    fn build(&self, plan: &Plan, previous: Option<Oid>, resolver: &mut dyn Resolver, objects: &mut Objects) -> Tip {
        let identity = &author();
        let (fixups, reporter) = (&mut NoFixups, &Silent);
        let inputs = Inputs { repo: &self.repo, identity, resolver, fixups, resolutions: None, previous, reporter };
        tip::build(plan, inputs, objects).unwrap()
    }

    fn median(&self, plan: &Plan, store: Option<Oid>) -> (Duration, Tip) {
        let mut runs = [0; 3].map(|_| self.integrate(plan, None, store));
        runs.sort_by_key(|(time, _)| *time);
        let [_, median, _] = runs;
        median
    }

    /// The program as a person runs it, from its start to its end.
    fn command(&self, plan: &Plan) -> Duration {
        let mut command = program(&self.root);
        command.args(["integrate", "--quiet", "--tip"]);
        command.args(plan.branches.iter().map(|branch| format!("--with={}", branch.commit)));
        let start = Instant::now();
        let shown = String::from_utf8(peers::run(&mut command)).unwrap();
        let time = start.elapsed();
        assert_eq!(
            shown.lines().filter(|line| line.starts_with("merged ")).count(),
            plan.branches.len() + 1,
            "{shown}"
        );
        time
    }

    fn growth(&self, plan: &Plan, store: Oid) {
        // A merge is a whole tree of its own: each directory above its files that a branch before it changed, too, is
        // read, hashed and written once more. The more branches, the more directories of each are such; and all that
        // is new is written at the end.
        println!("\ngrowth, bounded by the directories that each merge has for itself");
        let each = |what: String, plan: &Plan, store: Option<Oid>| {
            let before = self.packed();
            let (time, tip) = self.integrate(plan, None, store);
            let (merges, written) = (plan.branches.len() as f64, (self.packed() - before) as f64 / 1e6);
            let (seconds, each, megabytes) = (time.as_secs_f64(), time.as_secs_f64() * 1e3 / merges, written / merges);
            println!("  {what:46} {seconds:8.3} s   {each:.1} ms and {megabytes:.2} MB a merge   {:?}", tip.count);
        };
        for branches in [10, 40, 160, 640] {
            let plan = self.branches(branches, &[], FILES);
            each(format!("{branches} branches, {} commits", self.commits(&plan)), &plan, None);
        }
        for files in [1, 10, 100] {
            let plan = self.branches(BRANCHES, &[], files);
            each(format!("{BRANCHES} branches, {files} files a commit"), &plan, None);
        }
        for count in [CONFLICTS.len(), 100, 1000] {
            each(format!("{BRANCHES} branches, {count} resolutions"), plan, Some(self.larger(store, count)));
        }
    }

    /// How many bytes the packs have.
    fn packed(&self) -> u64 {
        let files = std::fs::read_dir(self.repo.git_dir().join("objects/pack")).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
    }

    fn tree_before_manifest(&self, tip: &Tip) -> Oid {
        self.repo.tree(tip.merges.last().unwrap().commit).unwrap()
    }
}

/// The program, on a checkout.
fn program(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drm-rust"));
    command.arg("-C").arg(root);
    command
}

fn author() -> Identity {
    "Bench <bench@drm-rust.example>".parse().unwrap()
}
