// SPDX-License-Identifier: GPL-2.0-only

//! A person's clone of Linux with a little history, and the commands that look into it: `cycle`, `route`, `cite`,
//! `fixes`, `tc`, `review`.

use std::fs;
use std::path::PathBuf;

use crate::env::{Env, Run, hide_ids};

/// A checkout, and a clone beside it.
struct Clone {
    env: Env,
    dir: PathBuf,
}

const SIGNED: &str = "Signed-off-by: Tester <tester@drm-rust.example>";

impl Clone {
    /// v9.9 and v9.10-rc2 of Linus, drm-next with one commit more, and drm-rust-next with one more on top.
    fn new() -> Self {
        let env = Env::new();
        let dir = env.clone_of_linux("clone");
        let clone = Clone { env, dir };
        clone.git(&["tag", "v9.8"]);
        clone.commit("drm: add a bug");
        clone.git(&["tag", "v9.9-rc1"]);
        clone.git(&["tag", "-a", "-m", "Linux 9.9", "v9.9"]);
        clone.commit("drm: add a young bug");
        clone.git(&["tag", "-a", "-m", "Linux 9.10-rc2", "v9.10-rc2"]);
        clone.git(&["tag", "v9.9.1"]);
        clone.git(&["tag", "v99-odd"]);
        clone.git(&["remote", "add", "upstream", "git@git.example:drm.git"]);
        clone.commit("drm: add a bug to drm-next");
        clone.git(&["update-ref", "refs/remotes/upstream/drm-next", "HEAD"]);
        clone.git(&["checkout", "--quiet", "-b", "drm-rust-next"]);
        clone.commit("rust: drm: add a bug of our own");
        clone
    }

    fn git(&self, args: &[&str]) -> String {
        self.env.git_in(&self.dir, args)
    }

    /// Makes a commit and gives its id.
    fn commit(&self, message: &str) -> String {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn run(&self, args: &[&str]) -> Run {
        self.env.run(&[&["--repo", "../clone"], args].concat())
    }

    fn cite(&self, rev: &str) -> String {
        self.run(&["cite", rev]).ok().stdout.trim_end().to_owned()
    }

    /// A patch that fixes something, as mail.
    fn patch(&self, trailers: &str) -> String {
        let mail = format!(
            "From 0 Mon Sep 17 00:00:00 2001\nFrom: A <a@b.example>\nMessage-Id: <1@b.example>\n\
             Subject: [PATCH] x: y\n\nFixes: by prose.\n\n{trailers}\n---\nFixes: below\n"
        );
        fs::write(self.env.home().join("a.patch"), mail).unwrap();
        "../home/a.patch".to_owned()
    }
}

#[test]
fn the_cycle_is_told_from_linus_s_tags() {
    let clone = Clone::new();
    insta::assert_snapshot!(clone.run(&["cycle"]), @"
    base    Linux 9.9
    newest  v9.10-rc2
    phase   open

    drm-rust-next         open for v9.11
    drm-rust-next-fixes   not in use: fixes of what drm-next has go to drm-rust-next
    drm-rust-fixes        fixes of what v9.10-rc2 has
    for-linux-next        drm-rust-next
    for-linux-next-fixes  drm-rust-fixes
    ----- exit 0
    ");
    insta::assert_snapshot!(clone.run(&["cycle", "--tag", "v9.10-rc7"]).ok().stdout, @"
    base    Linux 9.9
    newest  v9.10-rc7
    phase   freeze

    drm-rust-next         open for v9.12
    drm-rust-next-fixes   fixes of what drm-next has for v9.11
    drm-rust-fixes        fixes of what v9.10-rc7 has
    for-linux-next        drm-rust-next; drm-rust-next-fixes as soon as it is ahead of drm-rust-fixes
    for-linux-next-fixes  drm-rust-fixes
    ");
    let json = clone.run(&["cycle", "--json"]).ok().stdout;
    let cycle: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&cycle["base"], &cycle["phase"], &cycle["features"]), (&"9.9".into(), &"open".into(), &"v9.11".into()));
    clone.git(&["branch", "drm-rust-fixes", "v9.10-rc2"]);
    clone.git(&["branch", "drm-rust-next-fixes", "upstream/drm-next"]);
    assert!(clone.run(&["cycle"]).stdout.contains("for-linux-next        drm-rust-next-fixes"));
    clone.git(&["branch", "--force", "drm-rust-fixes", "upstream/drm-next"]);
    assert!(clone.run(&["cycle"]).stdout.contains("for-linux-next        drm-rust-next\n"));
}

#[test]
fn a_repository_without_releases_is_told() {
    let env = Env::new();
    env.clone_of_linux("clone");
    let run = env.run(&["--repo", "../clone", "cycle"]);
    insta::assert_snapshot!(run, @"
    ----- stderr
    error: $DIR/checkout/../clone has no tag of Linus's releases
    hint: name a clone with --repo DIR, or the newest tag with --tag, as in v7.4-rc3
    ----- exit 1
    ");
    let run = env.run(&["cycle", "--tag", "v9.9.1"]);
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn a_patch_goes_where_its_bug_is() {
    let clone = Clone::new();
    let route = |trailers: &str, more: &[&str]| {
        let path = clone.patch(trailers);
        clone.run(&[&["route", &path], more].concat()).ok().stdout
    };
    let fixes = |rev: &str| format!("Fixes: {}", clone.cite(rev));
    assert!(route(SIGNED, &[]).starts_with("drm-rust-next\n  it fixes no commit"));
    assert!(route(&format!("Cc: <stable@vger.kernel.org>\n{SIGNED}"), &[]).starts_with("drm-rust-fixes\n"));
    assert!(route(&fixes("v9.9"), &[]).starts_with("drm-rust-fixes\n"));
    assert!(route(&fixes("upstream/drm-next"), &[]).starts_with("drm-rust-next\n"));
    let late = route(&fixes("upstream/drm-next"), &["--tag", "v9.10-rc6"]);
    assert!(late.starts_with("drm-rust-next-fixes\n  it fixes ") && late.ends_with("in the freeze\n"), "{late}");
    let both = format!("{}\n{}", fixes("v9.9"), fixes("drm-rust-next"));
    assert!(route(&both, &["--tag", "v9.10-rc6"]).starts_with("drm-rust-next\n"));
    // A revision works as well.
    let id = clone.commit(&format!("drm: fix it\n\n{}\n{SIGNED}\n", fixes("v9.10-rc2")));
    let json = clone.run(&["route", &id, "--json"]).ok().stdout;
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&told["branch"], &told["fixes"][0]["place"]), (&"drm-rust-fixes".into(), &"linus".into()));
}

#[test]
fn what_cannot_be_decided_is_told() {
    let clone = Clone::new();
    let path = clone.patch("Fixes: 0123456789ab (\"nowhere\")");
    insta::assert_snapshot!(clone.run(&["route", &path]), @r#"
    ----- stderr
    error: the patch fixes `0123456789ab ("nowhere")`, which is not in the repository
    hint: fetch the trees, or name a clone with their history: --repo DIR
    ----- exit 1
    "#);
    // No option, and no command.
    for odd in ["--all (\"x\")", "HEAD (\"x\")", "$(id) (\"x\")"] {
        let path = clone.patch(&format!("Fixes: {odd}"));
        let run = clone.run(&["route", &path]);
        assert!(run.code == 1 && run.stderr.contains("does not name a commit\nhint: it should be"), "{odd}: {run}");
    }
    let path = clone.patch("Fixes: https://bugs.example/1");
    insta::assert_snapshot!(clone.run(&["route", &path]), @r#"
    ----- stderr
    error: `Fixes: https://bugs.example/1` does not name a commit
    hint: it should be `Fixes: <12 digits or more> ("subject")`, as `drm-rust --repo ../clone cite` writes it;
          a report of the bug belongs into `Closes:`
    ----- exit 1
    "#);
    // What can mean one commit only is that commit.
    let cite = clone.cite("v9.9");
    let (id, subject) = cite.split_once(' ').unwrap();
    for odd in [format!("commit {id}"), format!("{} {subject}", id.to_uppercase()), format!("{id}: {subject}")] {
        let path = clone.patch(&format!("Fixes: {odd}"));
        let run = clone.run(&["route", &path]).ok();
        assert!(run.stdout.starts_with("drm-rust-fixes\n  it fixes ") && run.stdout.contains(&cite), "{odd}: {run}");
    }
    clone.git(&["remote", "remove", "upstream"]);
    let path = clone.patch(&format!("Fixes: {}", clone.cite("drm-rust-next")));
    let run = clone.run(&["route", &path]);
    assert!(
        run.code == 1 && run.stderr.contains("git -C ../clone remote add drm https://git.example/drm.git"),
        "{run}"
    );
}

#[test]
fn commits_are_cited_and_dated() {
    let clone = Clone::new();
    insta::assert_snapshot!(hide_ids(&clone.run(&["cite", "v9.9", "drm-rust-next"]).ok().stdout), @r#"
    ID ("drm: add a bug")
    ID ("rust: drm: add a bug of our own")
    "#);
    let tc = |rev: &str| clone.run(&["tc", rev]).ok().stdout;
    assert_eq!((tc("v9.8"), tc("v9.9"), tc("v9.10-rc2")), ("v9.8\n".into(), "v9.9-rc1\n".into(), "v9.10-rc2\n".into()));
    let run = clone.run(&["tc", "drm-rust-next"]).ok();
    assert_eq!(run.stdout, "refs/heads/drm-rust-next\n");
    for odd in ["--all", "nowhere", ""] {
        assert_eq!(clone.run(&["cite", "--", odd]).code, 1, "{odd}");
    }
}

#[test]
fn trailers_of_a_fix() {
    let clone = Clone::new();
    let message = format!("drm: add one\n\nReviewed-by: R <r@b.example>\n{SIGNED}\n");
    let id = clone.commit(&message);
    let run = clone.run(&["fixes", &id]).ok();
    insta::assert_snapshot!(hide_ids(&run.to_string()), @r#"
    Fixes: ID ("drm: add one")
    Cc: Tester <tester@drm-rust.example>
    Cc: R <r@b.example>
    ----- stderr
    note: linux/ has no scripts/get_maintainer.pl: maintainers are missing
    ----- exit 0
    "#);
    let released = clone.run(&["fixes", "v9.9"]).ok().stdout;
    assert!(released.ends_with("Cc: <stable@vger.kernel.org> # v9.9+\n"), "{released}");
    let young = clone.run(&["fixes", "v9.10-rc2"]).ok().stdout;
    assert!(!young.contains("stable"), "{young}");
    // The kernel's script, here one that tells what it was given.
    let script = "print grep { s/^\\+\\+\\+ b\\/(.*)/M <$1\\@b.example>/ } <STDIN>; print \"l\\@b.example\\n\";";
    fs::create_dir_all(clone.env.linux("scripts")).unwrap();
    fs::write(clone.env.linux("scripts/get_maintainer.pl"), script).unwrap();
    fs::write(clone.dir.join("file"), "x\n").unwrap();
    clone.git(&["add", "file"]);
    let id = clone.commit("drm: add a file");
    let run = clone.run(&["fixes", &id]).ok();
    assert!(run.stderr.is_empty() && run.stdout.ends_with("Cc: M <file@b.example>\nCc: l@b.example\n"), "{run}");
}

#[test]
fn mails_are_reviewed_before_they_are_commits() {
    let clone = Clone::new();
    let add = |file: &str| {
        fs::write(clone.dir.join(file), "x\n").unwrap();
        clone.git(&["add", "--force", file]);
    };
    add("one");
    clone.commit(&format!("drm: fix it\n\nFixes: {}\n{SIGNED}\n", clone.cite("v9.9")));
    add("two");
    clone.commit("fixup! drm: fix it\n\nFixes: 0123456789ab (\"nowhere\")\n");
    let files = clone.env.home().join("files");
    let files = files.to_str().unwrap();
    let list = clone.git(&["format-patch", "-2", "--cover-letter", "-o", files]);
    let paths: Vec<&str> = list.lines().collect();
    assert_eq!(paths.len(), 3, "{list}");
    let run = clone.run(&["review", paths[1]]).ok();
    assert!(run.stdout.contains("pass  author-signoff ") && !run.stdout.contains("link"), "{run}");
    // Route reads the same files.
    assert!(clone.run(&["route", paths[1]]).ok().stdout.starts_with("drm-rust-fixes\n"));
    let all: String = paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let mailbox = clone.env.home().join("series.mbx");
    fs::write(&mailbox, all).unwrap();
    let run = clone.run(&["review", "../home/series.mbx"]);
    insta::assert_snapshot!(run, @r#"
    pass  author             2 commits
    fail  author-signoff     1 finding in 2 commits
          patch 2/2 ("fixup! drm: fix it"): the author Tester <tester@drm-rust.example> has not signed off
    pass  template           2 commits
    fail  fixes              1 finding in 2 commits
          patch 2/2 ("fixup! drm: fix it"): `Fixes:` names 0123456789ab, which does not exist
    fail  fixup              1 finding in 2 commits
          patch 2/2 ("fixup! drm: fix it"): `fixup!` commits must be folded in: git rebase --autosquash
    pass  cover-letter       2 commits
    ----- stderr
    error: ../home/series.mbx does not pass: author-signoff, fixes, fixup
    hint: correct what is told, or say with --override CHECK=REASON why it is right
    ----- exit 4
    "#);
    let json = clone.run(&["review", "../home/series.mbx", "--json"]);
    let reports: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, &reports[0]["commits"]), (4, &2.into()));
    let run = clone.run(&["review", paths[0]]);
    assert!(run.code == 1 && run.stderr.contains("error: no mail is a patch\nhint: "), "{run}");
    let run = clone.run(&["route", "../home/series.mbx"]);
    assert!(run.code == 1 && run.stderr.contains("the file has several mails"), "{run}");
}

#[test]
fn a_review_tells_what_a_push_would_refuse() {
    let clone = Clone::new();
    let link = "Link: https://patch.msgid.link/1@b.example";
    let good = format!("x: y\n\nReviewed-by: R <r@b.example>\n{SIGNED}\n{link}\n");
    clone.git(&["tag", "start"]);
    clone.commit(&good);
    let run = clone.run(&["review", "start..HEAD"]).ok();
    assert!(run.stdout.lines().all(|line| line.starts_with("pass  ") && line.ends_with("1 commit")), "{run}");
    // Trailers in prose do not count, and a merge needs a reason.
    clone.commit(&format!("fixup! x: y\n\n{SIGNED}\n\nThat was prose.\n"));
    clone.git(&["checkout", "--quiet", "-b", "side", "start"]);
    clone.commit(&good.replacen("x: y", "x: z", 1));
    clone.git(&["checkout", "--quiet", "drm-rust-next"]);
    clone.git(&["merge", "--quiet", "--no-ff", "--message", "Merge side", "side"]);
    let run = clone.run(&["review", "start..HEAD", "--override", "link=sent in private"]);
    insta::assert_snapshot!(hide_ids(&run.to_string()), @r#"
    pass  author             4 commits
    fail  author-signoff     1 finding in 4 commits
          ID ("fixup! x: y"): the author Tester <tester@drm-rust.example> has not signed off
    pass  committer-signoff  4 commits
    warn  link               1 finding in 4 commits (overridden: sent in private)
          ID ("fixup! x: y"): it has no `Link: https://patch.msgid.link/<message-id>`
    fail  reviewed           1 finding in 4 commits
          ID ("fixup! x: y"): its committer is its author, and nobody else has reviewed or acked it
    pass  template           4 commits
    pass  fixes              4 commits
    fail  merge              1 finding in 4 commits
          ID ("Merge side"): it is a merge without a reason in its message
    fail  fixup              1 finding in 4 commits
          ID ("fixup! x: y"): `fixup!` commits must be folded in: git rebase --autosquash
    pass  cover-letter       4 commits
    ----- stderr
    error: start..HEAD does not pass: author-signoff, reviewed, merge, fixup
    hint: correct what is told, or say with --override CHECK=REASON why it is right
    ----- exit 4
    "#);
    // No byte of a message can end its record.
    clone.git(&["tag", "forged"]);
    clone.commit("x: y\n\nBody\x1f\x1eSigned-off-by: Tester <tester@drm-rust.example>\x1f\n\nMore.\n");
    let run = clone.run(&["review", "forged..HEAD"]);
    assert!(run.code == 4 && run.stdout.contains("has not signed off"), "{run}");
    clone.git(&["reset", "--quiet", "--hard", "forged"]);
    let first = clone.run(&["review", "start..HEAD", "--first-parent", "--json"]).stdout;
    let reports: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!((&reports[0]["commits"], &reports[3]["status"]), (&3.into(), &"fail".into()));
    let pull = clone.run(&["review", "start..HEAD", "--pull"]);
    assert!(!pull.stdout.contains("  link "), "{pull}");
    for odd in ["HEAD", "start...HEAD", "..HEAD"] {
        assert_eq!(clone.run(&["review", odd]).code, 2, "{odd}");
    }
    assert_eq!(clone.run(&["review", "HEAD..HEAD"]).code, 2);
    assert_eq!(clone.run(&["review", "start..HEAD", "--override", "link="]).code, 2);
}
