// SPDX-License-Identifier: GPL-2.0-only

//! `cherry-pick`: the commits that git makes, without a work tree, in a person's clone and in `linux/`.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use crate::env::{BASE_FILES, Env, Run, hide_ids};
use crate::kill::{Random, kill_after};
use crate::remotes::refs;

const SIGNED: &str = "Reviewed-by: R <r@kernel.example>\nSigned-off-by: A. Dev <dev@kernel.example>";
const LINK: &str = "Link: https://patch.msgid.link/1@kernel.example";

/// A clone of Linux where drm-next is ahead of Linus, and branches of fixes at Linus's newest tag.
pub(crate) struct Lab {
    pub(crate) env: Env,
    pub(crate) clone: PathBuf,
    /// The bug that Linus's tree has.
    pub(crate) bug: String,
}

/// The branches of the tip, and Linus's tree.
const TREES: &str = "[tree.linus]\nhttps = ['https://git.example/linus.git']\n\
    [[tip]]\ntree = 'linus'\nbranch = 'master'\n[[tip]]\ntree = 'drm'\nbranch = 'drm-next'\n\
    [[tip]]\ntree = 'drm-rust'\nbranch = 'drm-rust-next'\noptional = true\n";

impl Lab {
    pub(crate) fn new() -> Lab {
        let env = Env::with_alpha();
        let path = "scripts/drm-rust/trees.toml";
        let text = fs::read_to_string(env.root().join(path)).unwrap();
        env.write(path, &(text + TREES));
        env.commit("trees");
        let clone = env.clone_of_linux("clone");
        let mut lab = Lab { env, clone, bug: String::new() };
        lab.git(&["tag", "v9.8"]);
        lab.commit(&BASE_FILES, "drm: add a bug");
        lab.bug = lab.cite("HEAD");
        lab.git(&["tag", "v9.9"]);
        lab.commit(&[("a.c", "1\n2\n3\n4\n5\n6\n7\n8\n")], "drm: add a");
        lab.git(&["tag", "v9.10-rc2"]);
        for name in ["linus", "drm"] {
            lab.git(&["remote", "add", name, &format!("https://git.example/{name}.git")]);
        }
        lab.git(&["update-ref", "refs/remotes/linus/master", "HEAD"]);
        lab.git(&["branch", "drm-rust-fixes"]);
        lab.git(&["branch", "drm-rust-next"]);
        lab.git(&["update-ref", "refs/remotes/drm/drm-next", "HEAD"]);
        lab
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.env.git_in(&self.clone, args)
    }

    pub(crate) fn cite(&self, rev: &str) -> String {
        self.git(&["log", "-1", "--abbrev=12", "--format=%h (\"%s\")", rev])
    }

    /// A commit of somebody on what is checked out; gives its id.
    pub(crate) fn commit(&self, files: &[(&str, &str)], message: &str) -> String {
        for (path, text) in files {
            let path = self.clone.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all", "--force"]);
        let person = ["--author=Ä. Dev <dev@kernel.example>", "--date=1700000000 +0530", "--allow-empty"];
        self.git(&[&["commit", "--quiet", "--cleanup=verbatim", "-m", message], &person[..]].concat());
        self.git(&["rev-parse", "HEAD"])
    }

    /// A commit of drm-next.
    pub(crate) fn next(&self, files: &[(&str, &str)], subject: &str, trailers: &str) -> String {
        self.git(&["checkout", "--quiet", "--detach", "drm/drm-next"]);
        let id = self.commit(files, &format!("{subject}\n\nWhy.\n\n{trailers}{SIGNED}\n{LINK}\n"));
        self.git(&["update-ref", "refs/remotes/drm/drm-next", &id]);
        id
    }

    /// A fix of the bug in Linus's tree.
    pub(crate) fn fix(&self, name: &str) -> String {
        self.next(&[(name, "fixed\n")], &format!("drm: fix {name}"), &format!("Fixes: {}\n", self.bug))
    }

    fn run(&self, args: &[&str]) -> Run {
        self.env.run(&[&["--repo", "../clone", "cherry-pick"], args].concat())
    }

    fn fixes(&self) -> String {
        self.git(&["rev-parse", "drm-rust-fixes"])
    }

    /// What `git cherry-pick -x -s` makes on drm-rust-fixes.
    fn by_git(&self, commits: &[&str]) -> String {
        self.git(&["checkout", "--quiet", "--detach", "drm-rust-fixes"]);
        self.git(&[&["cherry-pick", "-x", "-s"], commits].concat());
        self.git(&["rev-parse", "HEAD"])
    }

    /// A run that changes nothing, and ends with this code.
    #[track_caller]
    fn refused(&self, args: &[&str], code: i32) -> Run {
        let before = refs(&self.env, &self.clone);
        let run = self.run(args);
        assert_eq!(run.code, code, "{run}");
        assert_eq!(refs(&self.env, &self.clone), before);
        run
    }
}

#[test]
fn a_fix_goes_where_its_bug_is() {
    let lab = Lab::new();
    let fix = lab.fix("b.c");
    let wanted = lab.by_git(&[&fix]);
    lab.refused(&[&fix, "--dry-run"], 0);
    insta::assert_snapshot!(hide_ids(&lab.run(&[&fix]).ok().to_string()), @r#"
    pass  author             1 commit
    pass  author-signoff     1 commit
    pass  committer-signoff  1 commit
    pass  link               1 commit
    pass  reviewed           1 commit
    pass  template           1 commit
    pass  fixes              1 commit
    pass  merge              1 commit
    pass  fixup              1 commit
    pass  cover-letter       1 commit
    ID ("drm: fix b.c") as ID
    ----- stderr
    drm-rust-fixes: it fixes ID ("drm: add a bug"), which Linus's tree has
    drm-rust-fixes is at ID
    ----- exit 0
    "#);
    assert_eq!(lab.fixes(), wanted);
    insta::assert_snapshot!(lab.git(&["log", "-1", "--format=%an %ad%n%cn%n%B", "--date=raw", "drm-rust-fixes"]).replace(&fix, "FULL"), @r#"
    Ä. Dev 1700000000 +0530
    Tester
    drm: fix b.c

    Why.

    Fixes: c4a7f972c25c ("drm: add a bug")
    Reviewed-by: R <r@kernel.example>
    Signed-off-by: A. Dev <dev@kernel.example>
    Link: https://patch.msgid.link/1@kernel.example
    (cherry picked from commit FULL)
    Signed-off-by: Tester <tester@drm-rust.example>
    "#);
    let again = lab.refused(&[&fix], 1);
    assert!(
        again.stderr.ends_with("error: drm-rust-fixes has all of it already\nhint: there is nothing to do\n"),
        "{again}"
    );
}

#[test]
fn the_commits_are_those_that_git_makes() {
    let lab = Lab::new();
    // Nothing but a subject, prose at the end, a pick of something else, a rename, and what git merges line by line.
    lab.git(&["checkout", "--quiet", "--detach", "drm/drm-next"]);
    lab.commit(&[("a.c", "1\ntwo\n3\n4\n5\n6\n7\n8\n")], "drm: not for fixes");
    let picked = format!("drm: picked\n\n(cherry picked from commit {})\n", "1".repeat(40));
    let mut commits = vec![
        lab.commit(&[("c1", "x\n")], "drm: short\n"),
        lab.commit(&[("c2", "x\n")], "drm: prose\n\nIt is: so.\nAnd so on, as prose\ngoes on.\n"),
        lab.commit(&[("c3", "x\n")], &picked),
        lab.commit(&[("c4", "x\n")], &format!("drm: signed\n\n{SIGNED}\n(cherry picked from commit 1)\n")),
        lab.commit(&[("a.c", "1\ntwo\n3\n4\n5\n6\n7\neight\n")], &format!("drm: eight\n\n{SIGNED}\n")),
    ];
    lab.git(&["mv", "a.c", "moved.c"]);
    commits.push(lab.commit(&[], &format!("drm: move\n\nSee: it.\n\n{SIGNED}\n---\nLink: no\n")));
    commits.push(lab.commit(&[("moved.c", "1\ntwo\n3\n4\nfive\n6\n7\neight\n")], "drm: five\n\nCloses: a\n b\n"));
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    let wanted = lab.by_git(&commits);
    let overrides = ["link", "author-signoff", "reviewed"].map(|check| format!("--override={check}=a test"));
    let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
    lab.run(&[&commits, &["--into", "drm-rust-fixes"][..], &overrides].concat()).ok();
    let show = |rev: &str| lab.git(&["log", "-7", "-p", "--format=raw", rev]);
    assert_eq!(show("drm-rust-fixes"), show(&wanted));
    assert_eq!(lab.fixes(), wanted);
    assert_eq!(lab.git(&["fsck", "--no-dangling"]), "");
}

#[test]
fn the_branch_is_told_or_named() {
    let lab = Lab::new();
    let (fix, feature) = (lab.fix("b.c"), lab.next(&[("f", "1\n")], "drm: feature", ""));
    let young = lab.next(&[("f", "2\n")], "drm: fix feature", &format!("Fixes: {}\n", lab.cite("HEAD")));
    let no_fix = lab.refused(&[&feature], 1);
    insta::assert_snapshot!(hide_ids(&no_fix.to_string()), @r#"
    ----- stderr
    error: ID ("drm: feature") belongs to drm-rust-next:
      it fixes no commit: it has no Fixes: trailer
    hint: nothing was picked. --into BRANCH picks it all the same
    ----- exit 1
    "#);
    assert!(lab.refused(&[&young], 1).stderr.contains("belongs to drm-rust-next:\n  it fixes "));
    assert!(lab.refused(&[&fix, "--into", "drm-rust-next"], 2).stderr.contains("nothing is picked onto drm-rust-next"));
    assert_eq!(lab.refused(&["nowhere"], 1).stdout, "");
    // In the freeze what drm-next has is fixed on another branch, if drm-rust-next has it, too.
    lab.git(&["tag", "v9.10-rc6", "v9.10-rc2"]);
    lab.git(&["branch", "--force", "drm-rust-next", &feature]);
    let apart = lab.refused(&[&fix, &young], 2);
    assert!(apart.stderr.contains("  drm-rust-fixes: ") && apart.stderr.contains("  drm-rust-next-fixes: "), "{apart}");
    let missing = lab.refused(&[&young], 1);
    assert!(missing.stderr.contains("git -C ../clone branch drm-rust-next-fixes drm/drm-next"), "{missing}");
    lab.git(&["branch", "drm-rust-next-fixes", &feature]);
    lab.run(&[&young]).ok();
    assert_eq!(lab.git(&["show", "drm-rust-next-fixes:f"]), "2");
    let named = lab.run(&[&feature, "--into", "drm-rust-fixes"]).ok();
    assert!(named.stderr.contains("belongs to drm-rust-next: it fixes no commit"), "{named}");
    assert!(named.stderr.contains("has neither Fixes: nor Cc: stable"), "{named}");
    lab.git(&["branch", "--delete", "--force", "drm-rust-fixes"]);
    assert!(lab.refused(&[&fix], 1).stderr.contains("clone branch drm-rust-fixes v9.10-rc6\n"));
    lab.git(&["merge", "--quiet", "--no-ff", "-m", "Merge", &fix]);
    lab.git(&["checkout", "--quiet", "--detach", "v9.9"]);
    lab.git(&["merge", "--quiet", "--no-ff", "-m", "Merge it", &fix]);
    assert!(lab.refused(&["HEAD"], 2).stderr.contains("(\"Merge it\") is a merge\nhint: "));
}

#[test]
fn what_the_branch_has_is_left_out() {
    let lab = Lab::new();
    let (one, two, three) = (lab.fix("b.c"), lab.fix("c.c"), lab.fix("d.c"));
    // By its id, by the line of a pick, by its changes.
    lab.git(&["checkout", "--quiet", "drm-rust-fixes"]);
    lab.git(&["cherry-pick", "-x", &one]);
    lab.commit(&[("b.c", "other\n")], "drm: change it since");
    lab.git(&["cherry-pick", &two]);
    let run = lab.run(&["v9.9", &one, &two, &three, "--into", "drm-rust-fixes", "--override=link=a test"]).ok();
    for part in
        ["(\"drm: add a bug\") is in drm-rust-fixes already\n", "(\"drm: fix b.c\") is in drm-rust-fixes already, as "]
    {
        assert!(run.stderr.contains(part), "{run}");
    }
    assert!(run.stderr.contains("(\"drm: fix c.c\") is in drm-rust-fixes already, as "), "{run}");
    assert_eq!(run.stdout.lines().filter(|line| line.contains(" as ")).count(), 1, "{run}");
    // What was reverted is not there, until that is reverted, too.
    lab.git(&["revert", "--no-edit", "HEAD"]);
    lab.run(&[&three]).ok();
    lab.git(&["revert", "--no-edit", "HEAD"]);
    lab.git(&["revert", "--no-edit", "HEAD"]);
    lab.refused(&[&three], 1);
    // What changes nothing makes no commit.
    lab.git(&["checkout", "--quiet", "--detach", "drm/drm-next"]);
    let empty = lab.commit(&[], "drm: nothing");
    assert!(lab.refused(&[&empty, "--into", "drm-rust-fixes"], 1).stderr.contains("changes nothing in drm-rust-fixes"));
}

#[test]
fn the_same_change_elsewhere_is_another_change() {
    let lab = Lab::new();
    let function = |cleanup: &str| {
        format!("{{\n\tret = setup();\n\tif (ret)\n\t\treturn ret;\n\tret = run();\n{cleanup}\treturn ret;\n}}\n")
    };
    let text =
        |one: &str, other: &str| format!("int alpha(void)\n{}\nint beta(void)\n{}", function(one), function(other));
    let (leaks, fixed) = ("\tif (ret)\n\t\treturn ret;\n", "\tif (ret)\n\t\tgoto undo;\n");
    let bug = lab.next(&[("two.c", &text(leaks, leaks)), ("mk", "all:\n        cmd\n")], "drm: add two", "");
    lab.git(&["update-ref", "refs/remotes/linus/master", &bug]);
    lab.git(&["branch", "--force", "drm-rust-fixes", &bug]);
    lab.git(&["tag", "--force", "v9.10-rc2", &bug]);
    let fixes = format!("Fixes: {}\n", lab.cite(&bug));
    let alpha = lab.next(&[("two.c", &text(fixed, leaks))], "drm: fix alpha", &fixes);
    let beta = lab.next(&[("two.c", &text(fixed, fixed))], "drm: fix beta", &fixes);
    let other = lab.next(&[("b.c", "fixed\n")], "drm: fix b", &fixes);
    lab.run(&[&alpha]).ok();
    let run = lab.run(&[&beta, &other]).ok();
    assert!(!run.stderr.contains("already"), "{run}");
    assert_eq!(lab.git(&["show", "drm-rust-fixes:two.c"]) + "\n", text(fixed, fixed));
    // Both are there now, wherever their places are, and without a line that says so.
    lab.git(&["checkout", "--quiet", "--detach", &bug]);
    lab.commit(&[("two.c", &format!("/* A head. */\n{}", text(leaks, leaks)))], "drm: add a head");
    lab.git(&["cherry-pick", &beta]);
    lab.git(&["branch", "--force", "drm-rust-fixes", "HEAD"]);
    let run = lab.run(&[&beta, &alpha]).ok();
    assert!(run.stderr.contains("(\"drm: fix beta\") is in drm-rust-fixes already, as "), "{run}");
    assert!(lab.git(&["show", "drm-rust-fixes:two.c"]).ends_with(text(fixed, fixed).trim_end()));
    // White space is a change, too: what cannot be told apart by git's patch id is picked, or conflicts.
    lab.git(&["checkout", "--quiet", "drm-rust-fixes"]);
    lab.commit(&[("mk", "all:\n    cmd\n")], "drm: mk: use four blanks");
    let tab = lab.next(&[("mk", "all:\n\tcmd\n")], "drm: mk: use a tab, make needs it", &fixes);
    let run = lab.refused(&[&tab], 3);
    assert!(run.stderr.contains("conflicts with drm-rust-fixes"), "{run}");
}

#[test]
fn prose_about_a_pick_is_no_pick() {
    let lab = Lab::new();
    let fix = lab.fix("b.c");
    lab.git(&["checkout", "--quiet", "drm-rust-fixes"]);
    lab.commit(&[("c.c", "1\n")], &format!("drm: c\n\nThis is not (cherry picked from commit {fix}) at all.\n"));
    let run = lab.run(&[&fix]).ok();
    assert!(!run.stderr.contains("already"), "{run}");
    assert_eq!(lab.git(&["show", "drm-rust-fixes:b.c"]), "fixed");
}

#[test]
fn later_fixes_are_told_and_picked_in_order() {
    let lab = Lab::new();
    let fix = lab.fix("b.c");
    let again = lab.next(&[("b.c", "better\n")], "drm: fix the fix", &format!("Fixes: {}\n", lab.cite("HEAD")));
    let third = lab.next(&[("b.c", "best\n")], "drm: fix that", &format!("Fixes: {}\n", lab.cite("HEAD")));
    lab.next(&[("b.c", "worse\n")], &format!("drm: about it\n\nSee {again}, which Fixes: it."), "");
    let run = lab.run(&[&fix, "--dry-run"]).ok();
    insta::assert_snapshot!(hide_ids(&run.stderr), @r#"
    drm-rust-fixes: it fixes ID ("drm: add a bug"), which Linus's tree has
    note: ID is fixed by ID ("drm: fix the fix"): --with-followups picks that, too
    note: ID is fixed by ID ("drm: fix that"): --with-followups picks that, too
    drm-rust-fixes would be at ID
    "#);
    let wanted = lab.by_git(&[&fix, &again, &third]);
    lab.run(&[&fix, "--with-followups"]).ok();
    assert_eq!(lab.fixes(), wanted);
    // A revert is one, too; and what is about a pick of a commit is about the commit.
    let other = lab.fix("c.c");
    lab.git(&["checkout", "--quiet", "--detach", "linus/master"]);
    lab.git(&["cherry-pick", "-x", &other]);
    let pick = lab.git(&["rev-parse", "HEAD"]);
    lab.commit(&[("c.c", "")], &format!("Revert \"drm: fix c.c\"\n\nThis reverts commit {pick}.\n"));
    lab.git(&["update-ref", "refs/remotes/linus/master", "HEAD"]);
    let run = lab.run(&[&other, "--dry-run"]).ok();
    assert!(run.stderr.contains(&format!("note: {} is reverted by ", &pick[..12])), "{run}");
    lab.git(&["remote", "remove", "linus"]);
    let run = lab.run(&[&other, "--dry-run"]).ok();
    assert!(
        run.stderr.contains("note: later fixes are not looked for where there is no branch: linus/master"),
        "{run}"
    );
}

#[test]
fn a_conflict_is_told_and_changes_nothing() {
    let lab = Lab::new();
    lab.next(&[("a.c", "1\n2\n3\nfour\n5\n6\n7\n8\n")], "drm: write four", "");
    let good = lab.fix("b.c");
    let fixes = format!("Fixes: {}\n", lab.bug);
    let bad = lab.next(&[("a.c", "1\n2\n3\nFOUR\n5\n6\n7\n8\n")], "drm: write FOUR", &fixes);
    let run = lab.refused(&[&good, &bad], 3);
    insta::assert_snapshot!(hide_ids(&run.to_string()), @r#"

    "drm: write FOUR" at ID conflicts:
      a.c
        CONFLICT (content): Merge conflict in a.c
        line 4:
          <4
          >FOUR
        > ID  Ä. Dev <dev@kernel.example>  drm: write FOUR
        > ID  Ä. Dev <dev@kernel.example>  drm: write four
    ----- stderr
    drm-rust-fixes: it fixes ID ("drm: add a bug"), which Linus's tree has
    error: ID ("drm: write FOUR") conflicts with drm-rust-fixes
    hint: nothing was changed. Pick first what the branch lacks, or settle it in a work tree that has the
          branch checked out: git cherry-pick -x -s ID
    ----- exit 3
    "#);
}

#[test]
fn commits_are_reviewed_before_the_branch_moves() {
    let lab = Lab::new();
    let feature = lab.next(&[("f", "1\n")], "drm: feature", "");
    let young = lab.next(&[("g", "2\n")], "drm: fix feature", &format!("Fixes: {}\n", lab.cite("HEAD")));
    let run = lab.refused(&[&young, "--into", "drm-rust-fixes"], 4);
    assert!(run.stdout.contains(&format!("`Fixes:` names {}, which is no ancestor", &feature[..12])), "{run}");
    assert!(run.stderr.contains("error: what was picked does not pass: fixes\n"), "{run}");
    lab.run(&[&young, "--into", "drm-rust-fixes", "--override", "fixes=the bug is on its way"]).ok();
    assert!(lab.git(&["log", "-g", "-1", "--format=%gs", "drm-rust-fixes"]).contains("fixes=the bug is on its way"));
    assert_eq!(lab.run(&[&young, "--override", "fixes"]).code, 2);
}

#[test]
fn the_work_tree_follows_where_it_is_clean() {
    let lab = Lab::new();
    let fix = lab.fix("b.c");
    lab.git(&["checkout", "--quiet", "drm-rust-fixes"]);
    fs::write(lab.clone.join("a.c"), "mine\n").unwrap();
    assert!(lab.refused(&[&fix], 1).stderr.contains("has changes that are not committed:\n  a.c"));
    lab.git(&["restore", "a.c"]);
    lab.run(&[&fix]).ok();
    assert_eq!(lab.git(&["status", "--porcelain"]), "");
    assert_eq!(fs::read_to_string(lab.clone.join("b.c")).unwrap(), "fixed\n");
}

#[test]
fn in_linux_it_is_an_operation() {
    let lab = Lab::new();
    let (fix, other) = (lab.fix("b.c"), lab.fix("c.c"));
    let env = &lab.env;
    env.run(&["tree", "--base", "git:../clone#v9.10-rc2"]).ok();
    let refspecs = ["+refs/tags/*:refs/tags/*", "+refs/remotes/*:refs/remotes/*"];
    env.linux_git(&[&["fetch", "--quiet", lab.clone.to_str().unwrap()], &refspecs[..]].concat());
    for name in ["linus", "drm"] {
        env.linux_git(&["remote", "add", name, &format!("https://git.example/{name}.git")]);
    }
    let missing = env.run(&["cherry-pick", &fix]);
    assert!(missing.stderr.contains("linux branch drm-rust-fixes v9.10-rc2"), "{missing}");
    env.linux_git(&["branch", "drm-rust-fixes", "v9.10-rc2"]);
    let old = env.linux_git(&["rev-parse", "drm-rust-fixes"]);
    env.run(&["cherry-pick", &fix]).ok();
    let new = env.linux_git(&["rev-parse", "drm-rust-fixes"]);
    assert_eq!(env.linux_git(&["rev-parse", "drm-rust-fixes^"]), old);
    let log = env.run(&["op", "log", "-n", "2"]).ok().stdout;
    assert!(log.lines().next().unwrap().ends_with(&format!("cherry-pick {fix}")), "{log}");
    // Other commands leave the branch alone, and an undo takes it back, but never further than that.
    let at = || env.linux_git(&["rev-parse", "drm-rust-fixes"]);
    env.run(&["tree"]).ok();
    assert_eq!(at(), new);
    env.run(&["undo"]).ok();
    assert_eq!(at(), old);
    env.run(&["undo"]).ok();
    assert_eq!(at(), old);
    // People commit there by other means: nothing is lost, and nothing is in the way.
    env.run(&["cherry-pick", &fix]).ok();
    env.linux_git(&["switch", "--quiet", "drm-rust-fixes"]);
    env.linux_git(&["commit", "--quiet", "--allow-empty", "-m", "by hand"]);
    let mine = at();
    env.write("rust/kernel/alpha.rs", "//! Changed.\n");
    env.run(&["tree"]).ok();
    env.run(&["integrate", "--tip"]).ok();
    for _ in 0..4 {
        env.run(&["undo"]).ok();
        assert_eq!(at(), mine);
    }
    env.run(&["cherry-pick", &other]).ok();
    assert_eq!(env.linux_git(&["rev-parse", "drm-rust-fixes^"]), mine);
    assert_eq!(fs::read_to_string(env.linux("c.c")).unwrap(), "fixed\n");
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
    env.run(&["undo"]).ok();
    assert_eq!(at(), mine);
    assert!(!env.linux("c.c").exists());
    // A branch that another work tree has checked out stays.
    env.linux_git(&["switch", "--quiet", "drm-rust-next"]);
    env.linux_git(&["worktree", "add", "--quiet", "../../home/fixes", "drm-rust-fixes"]);
    let run = env.run(&["cherry-pick", &other]);
    assert!(run.code == 1 && run.stderr.contains("error: drm-rust-fixes is checked out in "), "{run}");
    assert_eq!(at(), mine);
}

#[test]
fn killing_leaves_the_branch_old_or_new() {
    let lab = Lab::new();
    let commits = ["b.c", "c.c", "d.c"].map(|name| lab.fix(name));
    lab.git(&["checkout", "--quiet", "drm-rust-fixes"]);
    let old = lab.fixes();
    let args = ["--repo", "../clone", "cherry-pick", &commits[0], &commits[1], &commits[2]];
    let start = Instant::now();
    lab.env.run(&args).ok();
    let (whole, mut random, new) = (start.elapsed(), Random::new(), lab.fixes());
    let (mut olds, mut news) = (0, 0);
    for round in 0..48 {
        lab.git(&["reset", "--quiet", "--hard", &old]);
        kill_after(&lab.env, &args, &lab.clone.join(".git/drm-rust.lock"), random.delay(whole));
        let now = lab.fixes();
        assert!(now == old || now == new, "round {round}");
        assert_eq!(lab.git(&["status", "--porcelain", "--untracked-files=all"]), "", "round {round}");
        assert_eq!(lab.git(&["fsck", "--connectivity-only", "--no-dangling"]), "", "round {round}");
        if now == old {
            olds += 1;
            lab.env.run(&args).ok();
            assert_eq!(lab.fixes(), new, "round {round}");
        } else {
            news += 1;
        }
    }
    println!("{olds} kills left the old state, {news} the new one");
    assert!(olds > 5 && news > 1, "the kills did not hit: {olds} old, {news} new");
}
