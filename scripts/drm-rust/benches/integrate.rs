// SPDX-License-Identifier: GPL-2.0-only

//! Many branches into one tip, on a repository of Linux's size, against what maintainers run today, in the same run:
//! a sequence of git commands in a full checkout, and loops of `git merge-tree` and `git commit-tree`.
//!
//! `cargo bench --bench integrate` prints wall times and ratios; all ways must come to the same tree. It needs
//! `linux/`, and 3 GB for a checkout. `-- --no-checkout` leaves out the checkout, which takes minutes.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark runs programs and prints")]

mod peers;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drm_rust::git::commit::{Commit, Identity};
use drm_rust::git::objects::Objects;
use drm_rust::git::pack::Kind;
use drm_rust::git::treeobj::{self, Mode};
use drm_rust::git::{Oid, Repo};
use drm_rust::merge::{Conflict, Contents, Resolution, ResolveError, Resolver};
use drm_rust::report::Silent;
use drm_rust::tip::{self, Inputs, NoFixups, Plan, Planned, Tip};

/// The branches of the main comparison, and how many of its merges conflict.
const BRANCHES: usize = 40;
/// Each of these is the second of a pair that changes the same line.
const CONFLICTS: [usize; 8] = [4, 9, 14, 19, 24, 29, 34, 39];
/// Each of these changes a file that others change elsewhere.
const SHARED: usize = 4;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let dir = tempfile::tempdir_in(root.join("build")).unwrap();
    let lab = Lab::new(&root.join("linux"), &dir.path().join("repository"));
    let plan = lab.branches(BRANCHES, &CONFLICTS);
    println!("{BRANCHES} branches, {} commits, {} merges in conflict", lab.commits(&plan), CONFLICTS.len());

    let mut ours = [0; 3].map(|_| lab.integrate(&plan, None, true));
    ours.sort_by_key(|(time, _)| *time);
    let (time, tip) = &ours[1];
    row("drm-rust, conflicts settled", *time, None);
    let (plain, unresolved) = lab.integrate(&plan, None, false);
    row("drm-rust, branches in conflict left out", plain, None);
    println!("  how: {:?}", tip.count);
    let tree = lab.tree_before_manifest(tip);

    let (wall, _) = peers::merge_tree_loop(&lab.repo, &plan, None);
    row("peer: git merge-tree loop, not resolving", wall, Some(plain));
    assert_eq!(unresolved.failures.len(), CONFLICTS.len());
    let cache = peers::Cache::record(&lab.repo, &plan, dir.path());
    let (wall, peers_tree) = peers::merge_tree_loop(&lab.repo, &plan, Some(&cache));
    row("peer: git merge-tree loop, rr-cache replayed", wall, Some(*time));
    assert_eq!(peers_tree, tree, "the loop comes to the same tree");

    println!("\nafter one branch moved");
    let mut moved = plan.clone();
    moved.branches[30].commit = lab.another_commit(plan.branches[30].commit);
    let (again, tip) = lab.integrate(&moved, Some(tip.commit), true);
    row("drm-rust, branch 31 of 40", again, None);
    println!("  merges kept: {}", tip.merges.iter().filter(|merge| merge.reused).count());
    let (again, _) = lab.integrate(&moved, Some(tip.commit), true);
    row("drm-rust, nothing moved", again, None);

    println!("\ngrowth");
    for branches in [10, 40, 160, 640] {
        let plan = lab.branches(branches, &[]);
        let (time, _) = lab.integrate(&plan, None, true);
        let each = time.as_secs_f64() * 1000.0 / branches as f64;
        println!(
            "  {branches:4} branches, {:5} commits {:9.3} s   {each:.1} ms a merge",
            lab.commits(&plan),
            time.as_secs_f64()
        );
    }
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

/// Settles a conflict as the peers' recorded resolutions do: the lines of both sides, ours first.
struct Recorded;

impl Resolver for Recorded {
    fn resolve(&mut self, conflict: &Conflict, contents: &Contents) -> Result<Option<Resolution>, ResolveError> {
        let marked = contents.marked.as_ref().expect("only texts conflict here");
        let entry = Some((Mode::File, peers::both_sides(marked)));
        Ok(Some(Resolution { entry, note: format!("{}: as recorded", conflict.path) }))
    }
}

/// A repository with the base and generated branches.
struct Lab {
    repo: Repo,
    base: Oid,
    /// Texts of the base.
    files: Vec<String>,
}

impl Lab {
    fn new(linux: &Path, place: &PathBuf) -> Lab {
        peers::run(
            peers::git(linux)
                .args(["clone", "--quiet", "--local", "--no-checkout", "--branch", "base"])
                .arg(linux)
                .arg(place),
        );
        let repo = Repo::at(place);
        let base = repo.commit("base").unwrap();
        let listed = repo.git(["ls-tree", "-r", "--name-only", "base"]).run().unwrap().lines();
        let files = listed.into_iter().filter(|path| path.ends_with(".c") || path.ends_with(".h")).collect();
        Lab { repo, base, files }
    }

    /// Branches of 5 to 20 commits; each commit changes three files that no other branch changes, now and then a
    /// file is new, and every fourth branch changes MAINTAINERS in a place of its own.
    fn branches(&self, count: usize, conflicts: &[usize]) -> Plan {
        let mut objects = Objects::new(&self.repo);
        let mut branches = Vec::new();
        for n in 0..count {
            let name = format!("branch-{count}-{n}");
            let mut head = self.base;
            for k in 0..5 + (n * 7) % 16 {
                let mut edits: Vec<(String, usize, String)> = Vec::new();
                for j in 0..3 {
                    // A step that is coprime to their number spreads the files over the whole tree.
                    let file = (n + count * (3 * k + j)) * 7919 % self.files.len();
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

    /// All of it: from the plan to the branch in the repository.
    fn integrate(&self, plan: &Plan, previous: Option<Oid>, settle: bool) -> (Duration, Tip) {
        let start = Instant::now();
        let mut objects = Objects::new(&self.repo);
        let (mut recorded, mut nothing) = (Recorded, drm_rust::merge::NoResolver);
        let inputs = Inputs {
            repo: &self.repo,
            identity: &author(),
            resolver: if settle { &mut recorded } else { &mut nothing },
            fixups: &mut NoFixups,
            resolutions: None,
            previous,
            reporter: &Silent,
        };
        let tip = tip::build(plan, inputs, &mut objects).unwrap();
        objects.flush().unwrap();
        self.repo.git(["update-ref", "refs/heads/drm-rust-tip", &tip.commit.to_string()]).run().unwrap();
        let time = start.elapsed();
        assert!(!settle || tip.merges.len() == plan.branches.len(), "{:?}", tip.notices);
        (time, tip)
    }

    fn tree_before_manifest(&self, tip: &Tip) -> Oid {
        self.repo.tree(tip.merges.last().unwrap().commit).unwrap()
    }
}

fn author() -> Identity {
    "Bench <bench@drm-rust.example>".parse().unwrap()
}
