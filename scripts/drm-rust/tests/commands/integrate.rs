// SPDX-License-Identifier: GPL-2.0-only

//! The tip: what is merged, what conflicts, and that it is the same everywhere.

use crate::env::{Env, Run, hide_ids};

/// A branch of `linux/` with one commit on the base, that writes these files.
pub(crate) fn branch(env: &Env, name: &str, author: &str, files: &[(&str, &str)]) {
    let index = env.home().join("index");
    let _ = std::fs::remove_file(&index);
    let git = |args: &[&str], input: &str| {
        let input_file = env.home().join("input");
        std::fs::write(&input_file, input).unwrap();
        let mut command = env.command("git");
        command.arg("-C").arg(env.root().join("linux")).args(args).env("GIT_INDEX_FILE", &index);
        command.env("GIT_AUTHOR_NAME", author).env("GIT_AUTHOR_EMAIL", "dev@drm-rust.example");
        let output = command.stdin(std::fs::File::open(input_file).unwrap()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["read-tree", "base"], "");
    for (path, text) in files {
        let blob = git(&["hash-object", "-w", "--stdin"], text);
        git(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{path}")], "");
    }
    let tree = git(&["write-tree"], "");
    let commit = git(&["commit-tree", "-p", "base", "-m", &format!("{name}: change"), &tree], "");
    git(&["branch", "-f", name, &commit], "");
}

pub(crate) const LIB: &str = "rust/kernel/lib.rs";

pub(crate) fn lib(line: &str) -> String {
    format!("pub mod alloc;\npub mod page;\n{line}\npub mod xarray;\n")
}

/// A checkout whose tip has this tree's branches, the fixes first.
pub(crate) fn env() -> Env {
    env_below(&std::env::temp_dir())
}

/// The same, in a folder of the caller's choice.
pub(crate) fn env_below(place: &std::path::Path) -> Env {
    let env = Env::below(place).and_alpha();
    let trees = std::fs::read_to_string(env.root().join("scripts/drm-rust/trees.toml")).unwrap();
    let fixes = "\n[[tip]]\ntree = 'drm-rust'\nbranch = 'drm-rust-fixes'\noptional = true\n";
    let next = "\n[[tip]]\ntree = 'drm-rust'\nbranch = 'drm-rust-next'\n";
    env.write("scripts/drm-rust/trees.toml", &(trees + fixes + next));
    env.run(&["tree"]).ok();
    env
}

fn shown(run: &Run) -> String {
    hide_ids(&run.to_string())
}

#[test]
fn the_tip_is_made_once() {
    let env = env();
    branch(&env, "net/page", "A. Dev", &[(LIB, &lib("pub mod net;"))]);
    let run = env.run(&["integrate", "--tip", "--with", "net/page"]);
    insta::assert_snapshot!(shown(&run), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    merged     ID  net/page  net/page: change
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    2 merges
    drm-rust-tip: new, at ID
    ----- exit 0
    ");
    let tip = env.linux_git(&["rev-parse", "drm-rust-tip"]);
    assert!(env.linux_git(&["show", &format!("{tip}:{LIB}")]).contains("pub mod alpha;\npub mod page;\npub mod net;"));
    insta::assert_snapshot!(env.linux_git(&["log", "--first-parent", "--format=%s|%an|%ad", "--date=unix", "base..drm-rust-tip"]), @"
    drm-rust-tip: integration manifest|DRM-Rust maintainers|1767323045
    Merge net/page into drm-rust-tip|DRM-Rust maintainers|1767323045
    Merge drm-rust/drm-rust-next into drm-rust-tip|DRM-Rust maintainers|1767323045
    ");
    assert_eq!(env.linux_git(&["symbolic-ref", "HEAD"]), "refs/heads/drm-rust-next");
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
    // Again: nothing to do, also after `tree`, and the same on another machine.
    let refs = env.refs();
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--tip", "--with", "net/page"])), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    merged     ID  net/page  net/page: change
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    2 merges, 2 of them as before
    drm-rust-tip is up to date: it is at ID
    ----- exit 0
    ");
    env.run(&["tree"]).ok();
    assert_eq!(env.refs(), refs);
    let other = self::env();
    branch(&other, "net/page", "A. Dev", &[(LIB, &lib("pub mod net;"))]);
    other.run(&["integrate", "--tip", "--with", "net/page"]).ok();
    assert_eq!(other.linux_git(&["rev-parse", "drm-rust-tip"]), tip);
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--verify", "drm-rust-tip"])), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    merged     ID  net/page  net/page: change
    ----- stderr
    ID is what its manifest gives
    ----- exit 0
    ");
    // An undo takes the branch away again.
    env.run(&["undo"]).ok();
    assert!(!env.refs().contains("drm-rust-tip"));
}

#[test]
fn a_dry_run_tells_who_conflicts() {
    let env = env();
    branch(&env, "net/a", "A. Dev", &[(LIB, &lib("pub mod one;")), ("net/a", "a\n")]);
    branch(&env, "net/b", "B. Dev", &[(LIB, &lib("pub mod two;"))]);
    let refs = env.refs();
    let run = env.run(&["integrate", "--dry-run", "--with", "net/a", "--with", "net/b"]);
    insta::assert_snapshot!(shown(&run), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    merged     ID  net/a  net/a: change
    left out   ID  net/b  net/b: change

    net/b at ID conflicts:
      rust/kernel/lib.rs
        CONFLICT (content): Merge conflict in rust/kernel/lib.rs
        line 4:
          <pub mod one;
          >pub mod two;
        < ID  DRM-Rust maintainers <maintainers@drm-rust.example>  rust: alpha: add the alpha module
        < ID  A. Dev <dev@drm-rust.example>  net/a: change
        > ID  B. Dev <dev@drm-rust.example>  net/b: change
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    note: net/b at ID conflicts in rust/kernel/lib.rs: the tip goes without it
    2 merges
    error: 1 of the tip's branches cannot be merged as they are
    hint: the authors above can tell what becomes of the lines;
          drm-rust integrate --resolve BRANCH   settles them for everybody
    ----- exit 3
    ");
    assert_eq!(env.refs(), refs);
    let run = env.run(&["integrate", "--dry-run", "--json", "--with", "net/a", "--with", "net/b"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["conflicts"][0]["files"][0]["theirs"][0]["author"], "B. Dev <dev@drm-rust.example>");
    assert_eq!(json["branches"][2]["state"], "left-out");
    assert_eq!(env.run(&["integrate", "--dry-run", "--with", "net/a"]).code, 0);
}

#[test]
fn a_branch_that_conflicts_stays_at_its_last_good_commit() {
    let env = env();
    branch(&env, "net/a", "A. Dev", &[(LIB, &lib("pub mod one;"))]);
    branch(&env, "net/b", "B. Dev", &[("net/b", "good\n")]);
    let with = ["integrate", "--tip", "--with", "net/a", "--with", "net/b"];
    env.run(&with).ok();
    branch(&env, "net/b", "B. Dev", &[("net/b", "bad\n"), (LIB, &lib("pub mod two;"))]);
    let run = env.run(&with);
    insta::assert_snapshot!(shown(&run), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    merged     ID  net/a  net/a: change
    held back  ID  net/b  net/b: change

    net/b at ID conflicts:
      rust/kernel/lib.rs
        CONFLICT (content): Merge conflict in rust/kernel/lib.rs
        line 4:
          <pub mod one;
          >pub mod two;
        < ID  DRM-Rust maintainers <maintainers@drm-rust.example>  rust: alpha: add the alpha module
        < ID  A. Dev <dev@drm-rust.example>  net/a: change
        > ID  B. Dev <dev@drm-rust.example>  net/b: change
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    note: net/b at ID conflicts in rust/kernel/lib.rs: the tip keeps it at ID
    3 merges, 3 of them as before
    drm-rust-tip: ID -> ID
    ----- exit 0
    ");
    assert_eq!(env.linux_git(&["show", "drm-rust-tip:net/b"]), "good");
    let manifest = env.linux_git(&["show", "drm-rust-tip:integration-manifest"]);
    assert!(manifest.contains("state = \"held-back\"") && manifest.contains("wanted = "), "{manifest}");
    env.run(&["integrate", "--verify", "drm-rust-tip"]).ok();
    // It still is, however often the tip is made.
    let refs = env.refs();
    env.run(&with).ok();
    assert_eq!(env.refs(), refs);
    // Once it is good again, only what is behind it is merged anew.
    branch(&env, "net/b", "B. Dev", &[("net/b", "better\n")]);
    let run = env.run(&with).ok();
    assert!(run.stderr.contains("3 merges, 2 of them as before"), "{run}");
}

#[test]
fn what_is_not_there_is_told() {
    let env = env();
    let trees = std::fs::read_to_string(env.root().join("scripts/drm-rust/trees.toml")).unwrap();
    let drm = "\n[[tip]]\ntree = 'drm'\nbranch = 'drm-next'\n";
    env.write("scripts/drm-rust/trees.toml", &(trees + drm));
    // Without a remote; with one that lacks the branch; with a branch of another history; with the real thing.
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--dry-run"]).ok()), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    ----- stderr
    note: linux/ stands on a release without its history: the tip goes without drm/drm-next
      drm-rust tree --base git:PATH#REV   takes a clone that has it
    note: not there, and need not be: drm-rust/drm-rust-fixes
    1 merge
    ----- exit 0
    ");
    env.linux_git(&["remote", "add", "upstream", "https://git.example/drm"]);
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--dry-run"]).ok()), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    ----- stderr
    note: the remote `upstream` has no drm-next: the tip goes without drm/drm-next
    note: not there, and need not be: drm-rust/drm-rust-fixes
    1 merge
    ----- exit 0
    ");
    let stray = env.linux_git(&["commit-tree", "-m", "stray", "base^{tree}"]);
    env.linux_git(&["update-ref", "refs/remotes/upstream/drm-next", &stray]);
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--dry-run"]).ok()), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    left out   ID  drm/drm-next  stray
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    note: drm/drm-next at ID has no history in common with the base: the tip goes without it
    1 merge
    ----- exit 0
    ");
    branch(&env, "drm-next", "A. Dev", &[("net/a", "a\n")]);
    env.linux_git(&["update-ref", "refs/remotes/upstream/drm-next", "drm-next"]);
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--tip"]).ok()), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    merged     ID  drm/drm-next  drm-next: change
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    2 merges
    drm-rust-tip: new, at ID
    ----- exit 0
    ");
    insta::assert_snapshot!(hide_ids(&env.linux_git(&["show", "drm-rust-tip:integration-manifest"])), @r#"
    # What this tip was made from, in order. `drm-rust integrate --verify` derives it again.

    start = "f569386b48243855458e0fafe80616e32035116e"
    resolutions = "none structure 1"

    [[branch]]
    name = "drm-rust/drm-rust-next"
    state = "merged"
    commit = "fc6606bebf3dd4a5174901657c123ab104b845e8"
    subject = "Merge branch 'topic/rust/alpha' into drm-rust-next"

    [[branch]]
    name = "drm/drm-next"
    state = "merged"
    commit = "9861b6e8467347d86a4a161a304422103128fea4"
    subject = "drm-next: change"
    "#);
    env.run(&["integrate", "--verify", "drm-rust-tip"]).ok();
}

#[test]
fn a_tip_that_is_not_what_it_says_is_found() {
    let env = env();
    branch(&env, "net/a", "A. Dev", &[("net/a", "a\n")]);
    env.run(&["integrate", "--tip", "--with", "net/a"]).ok();
    let forged = env.linux_git(&["commit-tree", "-p", "drm-rust-tip^", "-m", "forged", "drm-rust-tip^{tree}"]);
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--verify", &forged])), @"
    ----- stderr
    error: ID is not what its manifest gives: the first difference is what follows the merges
    hint: it was made by other means, with other resolutions, or for another identity in trees.toml
    ----- exit 4
    ");
    // A merge with something more in it.
    let more = env.linux_git(&["rev-parse", "drm-rust-tip^{tree}"]);
    let merge = env.linux_git(&["commit-tree", "-p", "drm-rust-next", "-p", "net/a", "-m", "evil", &more]);
    let forged = env.linux_git(&["commit-tree", "-p", &merge, "-m", "x", "drm-rust-tip^{tree}"]);
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--verify", &forged])), @"
    ----- stderr
    error: ID is not what its manifest gives: the first difference is the merge of drm-rust/drm-rust-next
    hint: it was made by other means, with other resolutions, or for another identity in trees.toml
    ----- exit 4
    ");
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--verify", "base"])), @"
    ----- stderr
    error: ID is no tip: it has no file integration-manifest
    hint: name a commit that `drm-rust integrate --tip` made
    ----- exit 1
    ");
}

#[test]
fn mistakes_are_explained() {
    let env = env();
    assert_eq!(env.run(&["integrate"]).code, 2);
    insta::assert_snapshot!(Env::with_alpha().run(&["integrate", "--tip"]), @"
    ----- stderr
    error: there is no tree yet: $DIR/checkout/linux is missing
    hint: `drm-rust tree` makes it
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["integrate", "--tip", "--with", "nowhere"]), @"
    ----- stderr
    error: there is no commit `nowhere` in $DIR/checkout/linux
    hint: give a branch, a tag or a commit id that exists there
    ----- exit 1
    ");
    // A branch of another history.
    let stray = env.linux_git(&["commit-tree", "-m", "stray", "base^{tree}"]);
    env.linux_git(&["branch", "stray", &stray]);
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--tip", "--with", "stray"])), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    left out   ID  stray  stray
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    note: stray at ID has no history in common with the base: the tip goes without it
    1 merge
    drm-rust-tip: new, at ID
    ----- exit 0
    ");
    // A tip that was moved by hand is not lost.
    env.run(&["integrate", "--tip"]).ok();
    env.linux_git(&["branch", "-f", "drm-rust-tip", "base"]);
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--tip"])), @"
    ----- stderr
    error: branches were moved by other means:
      drm-rust-tip
    hint: their commits are not in the manifests. Keep them under a name of your own (git -C linux branch my-work drm-rust-tip),
          then let `drm-rust tree --reset` take the branches back; `drm-rust undo` would restore them
    ----- exit 1
    ");
}
