// SPDX-License-Identifier: GPL-2.0-only

//! `forward --branch`: the pull request of a branch of fixes, from a person's clone and from `linux/`.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use drm_rust::mailbox::pull::{Reference, Request};

use crate::env::{BASE_FILES, Env, Run, hide_ids};
use crate::kill::{Random, kill_after};
use crate::remotes::{bare, forget, hook, no_hook, refs, sign};

const TAG: &str = "drm-rust-fixes-2026-01-02";
const FORWARD: [&str; 9] = [
    "--repo",
    "../clone",
    "forward",
    "--branch",
    "drm-rust-fixes",
    "--override",
    "check=a test",
    "--override",
    "kunit=a test",
];

/// A clone with a fix on drm-rust-fixes that drm-fixes lacks, and our public repository.
struct Lab {
    env: Env,
    clone: PathBuf,
    ours: PathBuf,
}

impl Lab {
    fn new() -> Lab {
        let env = Env::with_alpha();
        sign(&env);
        let ours = bare(&env, "ours.git");
        let path = "scripts/drm-rust/trees.toml";
        let text = fs::read_to_string(env.root().join(path)).unwrap();
        let https = format!(
            "https = ['https://git.example/drm-rust.git', '{}']\npush = ['drm-rust-*fixes', 'for-linux-next*']",
            ours.display()
        );
        let tip =
            "[tree.linus]\nhttps = ['https://git.example/linus.git']\n[[tip]]\ntree = 'linus'\nbranch = 'master'\n";
        env.write(path, &(text.replace("https = ['https://git.example/drm-rust.git']", &https) + tip));
        env.commit("trees");
        let clone = env.clone_of_linux("clone");
        let lab = Lab { env, clone, ours };
        lab.commit(&BASE_FILES, "drm: add a bug");
        lab.git(&["tag", "v9.10-rc2"]);
        for (name, url) in [("linus", "https://git.example/linus.git"), ("drm", "https://git.example/drm.git")] {
            lab.git(&["remote", "add", name, url]);
        }
        lab.git(&["remote", "add", "ours", lab.ours.to_str().unwrap()]);
        for name in ["linus/master", "drm/drm-fixes", "drm/drm-next"] {
            lab.git(&["update-ref", &format!("refs/remotes/{name}"), "HEAD"]);
        }
        lab.git(&["checkout", "--quiet", "-b", "drm-rust-fixes"]);
        lab.fix("rust/kernel/drm/b.rs", "rust: drm: fix b");
        lab
    }

    fn git(&self, args: &[&str]) -> String {
        self.env.git_in(&self.clone, args)
    }

    fn there(&self, args: &[&str]) -> String {
        self.env.git_in(&self.ours, args)
    }

    fn commit(&self, files: &[(&str, &str)], message: &str) {
        for (path, text) in files {
            let path = self.clone.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "-m", message]);
    }

    fn fix(&self, file: &str, subject: &str) {
        let fixes = self.git(&["log", "-1", "--abbrev=12", "--format=Fixes: %h (\"%s\")", "v9.10-rc2"]);
        self.signed(file, subject, &fixes);
    }

    fn signed(&self, file: &str, subject: &str, more: &str) {
        let people = "Reviewed-by: R <r@kernel.example>\nSigned-off-by: Tester <tester@drm-rust.example>";
        let link = "Link: https://patch.msgid.link/1@kernel.example";
        self.commit(&[(file, subject)], format!("{subject}\n\nWhy.\n\n{more}\n{people}\n{link}\n").as_str());
    }

    fn forward(&self, more: &[&str]) -> Run {
        self.env.run(&[&FORWARD, more].concat())
    }

    fn mail(&self, tag: &str) -> String {
        fs::read_to_string(self.env.root().join(format!("build/forward/{tag}.eml"))).unwrap()
    }

    /// A run that pushes nothing, and ends with this code.
    #[track_caller]
    fn refused(&self, more: &[&str], code: i32, message: &str) {
        let before = (refs(&self.env, &self.ours), refs(&self.env, &self.clone));
        let run = self.forward(more);
        assert!(run.code == code && run.to_string().contains(message), "{run}");
        assert_eq!((refs(&self.env, &self.ours), refs(&self.env, &self.clone)), before);
    }
}

#[test]
fn fixes_are_offered_with_tag_branch_and_mail() {
    let lab = Lab::new();
    let before = refs(&lab.env, &lab.clone);
    let dry = lab.forward(&["--dry-run"]).ok();
    assert!(dry.stdout.contains("Subject: [PULL] drm-rust-fixes\n"), "{dry}");
    assert_eq!(refs(&lab.env, &lab.clone), before);
    let run = lab.forward(&["--for", "v9.10-rc3"]).ok();
    insta::assert_snapshot!(hide_ids(&run.to_string()).replace(&lab.env.home().display().to_string(), "HOME"), @"
    pass  clean              1 commit
    warn  check              1 finding in 1 commit (overridden: a test)
          no run of the checks has left results: `drm-rust check`
    warn  kunit              1 finding in 1 commit (overridden: a test)
          there are no results of KUnit on UML: `drm-rust test`
    pass  base               1 commit
    pass  neighbours         1 commit
    pass  fix                1 commit
    pass  signature          1 commit
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
    git -C $DIR/checkout send-email --confirm=never --suppress-cc=all --no-validate --8bit-encoding=UTF-8 '--to=Drm <drm@lists.example>' --cc=rust@lists.example $DIR/checkout/build/forward/drm-rust-fixes-2026-01-02.eml
    ----- stderr
    pushed drm-rust-fixes-2026-01-02
    pushed drm-rust-fixes: ID
    pushed for-linux-next-fixes: ID
    the mail is in build/forward/drm-rust-fixes-2026-01-02.eml
    nothing is sent yet: --send does it, or
    ----- exit 0
    ");
    let fixes = lab.git(&["rev-parse", "drm-rust-fixes"]);
    for name in ["drm-rust-fixes", "for-linux-next-fixes", &format!("{TAG}^{{commit}}")] {
        assert_eq!(lab.there(&["rev-parse", name]), fixes, "{name}");
    }
    assert_eq!(lab.there(&["for-each-ref", "--format=%(refname)"]).lines().count(), 3);
    lab.git(&["verify-tag", TAG]);
    // The mail is what git itself writes for the tag.
    let mail = lab.mail(TAG);
    let request = Request::parse(mail.as_bytes()).unwrap();
    assert_eq!((request.reference, request.end.to_string()), (Reference::Tag(TAG.into()), fixes));
    let url = lab.ours.to_str().unwrap();
    let gits = lab.git(&["-c", "diff.algorithm=histogram", "request-pull", "drm/drm-fixes", url, TAG]);
    let gits = gits.replace(url, "https://git.example/drm-rust.git");
    assert_eq!(mail[mail.find("The following changes").unwrap()..].trim_end(), gits.trim_end());
    insta::assert_snapshot!(request.cover, @"
    drm-rust-fixes for v9.10-rc3:

    Core Changes:
    - rust: drm: fix b

    Checks that did not pass, and why that is right:
    - check: a test
    - kunit: a test
    ");
    // Once more: neither a second tag nor another mail.
    let before = refs(&lab.env, &lab.ours);
    fs::remove_file(lab.env.root().join(format!("build/forward/{TAG}.eml"))).unwrap();
    let run = lab.forward(&["--for", "v9.10-rc3"]).ok();
    assert!(run.stderr.contains(&format!("note: {TAG} is pushed already\n")), "{run}");
    assert_eq!((lab.mail(TAG), refs(&lab.env, &lab.ours)), (mail, before));
    // The next one on the same day, which is about both as long as drm has none.
    lab.fix("drivers/gpu/drm/c.rs", "drm: fix c");
    lab.forward(&[]).ok();
    let cover = Request::parse(lab.mail(&format!("{TAG}-2")).as_bytes()).unwrap().cover;
    assert!(cover.contains("Core Changes:\n- rust: drm: fix b\n\nDriver Changes:\n- drm: fix c\n"), "{cover}");
    // When drm has them, the base moves on; then nothing is left.
    lab.git(&["update-ref", "refs/remotes/drm/drm-fixes", "drm-rust-fixes^"]);
    lab.git(&["commit", "--quiet", "--amend", "--no-edit", "--date=1700000000"]);
    lab.refused(&[], 1, "error: drm-rust-fixes on ours is at ");
    lab.git(&["reset", "--quiet", "--hard", "ours/drm-rust-fixes"]);
    assert!(lab.forward(&["--dry-run"]).ok().stdout.contains("\n- drm: fix c\n\nThe following"));
    lab.git(&["update-ref", "refs/remotes/drm/drm-fixes", "drm-rust-fixes"]);
    lab.refused(&[], 1, "error: there is nothing to forward: drm-fixes has all of drm-rust-fixes\n");
}

#[test]
fn every_gate_is_shut_by_itself() {
    let lab = Lab::new();
    for (dropped, check) in [(5, "check"), (7, "kunit")] {
        let mut args = FORWARD.to_vec();
        args.drain(dropped..dropped + 2);
        let run = lab.env.run(&args);
        assert!(run.code == 4 && run.stderr.ends_with(&format!("does not pass: {check}\n{HINT}")), "{run}");
    }
    fs::write(lab.clone.join("Makefile"), "mine\n").unwrap();
    lab.refused(&[], 4, "Makefile is not committed");
    lab.git(&["restore", "Makefile"]);
    lab.signed("f", "drm: feature", "Cc: a@b.example");
    lab.refused(&[], 4, "(\"drm: feature\") has neither Fixes: nor Cc: stable");
    lab.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    // Linus is further than drm-fixes, and so are the fixes.
    lab.git(&["checkout", "--quiet", "--detach", "linus/master"]);
    lab.commit(&[("l", "1")], "net: something");
    lab.git(&["update-ref", "refs/remotes/linus/master", "HEAD"]);
    lab.git(&["checkout", "--quiet", "drm-rust-fixes"]);
    lab.git(&["rebase", "--quiet", "linus/master"]);
    lab.refused(&[], 4, "drm-fixes has not merged ");
    lab.git(&["update-ref", "refs/remotes/drm/drm-fixes", "linus/master"]);
    lab.forward(&[]).ok();
    let run = lab.env.run(&["--repo", "../clone", "forward"]);
    assert!(run.code == 2 && run.stderr.contains("error: drm-rust-next is forwarded from linux/ only\n"), "{run}");
    let run = lab.env.run(&["--repo", "../clone", "forward", "--branch", "drm-rust-next"]);
    assert!(run.code == 2 && run.stderr.contains("error: drm-rust-next is not forwarded so\n"), "{run}");
    lab.git(&["update-ref", "-d", "refs/remotes/drm/drm-fixes"]);
    lab.refused(&[], 1, "error: the remote `drm` has no drm-fixes\n");
}

const HINT: &str = "hint: correct what is told, or say with --override CHECK=REASON why it is right\n";

#[test]
fn fixes_of_drm_next_go_there_until_linus_has_it() {
    let lab = Lab::new();
    lab.git(&["branch", "--move", "drm-rust-next-fixes"]);
    let forward = |more: &[&str]| {
        let args: Vec<&str> =
            FORWARD.iter().map(|arg| if *arg == "drm-rust-fixes" { "drm-rust-next-fixes" } else { arg }).collect();
        lab.env.run(&[&args, more].concat())
    };
    lab.git(&["update-ref", "-d", "refs/remotes/drm/drm-next"]);
    assert!(forward(&["--dry-run"]).ok().stdout.contains("Subject: [PULL] drm-rust-next-fixes\n"));
    lab.git(&["tag", "v9.10-rc6", "v9.10-rc2"]);
    assert!(forward(&[]).stderr.contains("error: the remote `drm` has no drm-next\n"));
    lab.git(&["update-ref", "refs/remotes/drm/drm-next", "v9.10-rc6"]);
    forward(&[]).ok();
    let fixes = lab.git(&["rev-parse", "drm-rust-next-fixes"]);
    // Ahead of drm-rust-fixes, linux-next takes it first; nothing else moves.
    let names = lab.there(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads"]);
    assert_eq!(names, format!("{fixes} refs/heads/drm-rust-next-fixes\n{fixes} refs/heads/for-linux-next"));
}

#[test]
fn in_linux_results_count() {
    let lab = Lab::new();
    let env = &lab.env;
    env.run(&["tree", "--base", "git:../clone#v9.10-rc2"]).ok();
    let specs = ["+refs/tags/*:refs/tags/*", "+refs/remotes/*:refs/remotes/*", "drm-rust-fixes:drm-rust-fixes"];
    env.linux_git(&[&["fetch", "--quiet", lab.clone.to_str().unwrap()], &specs[..]].concat());
    for (name, url) in [("linus", "https://git.example/linus.git"), ("drm", "https://git.example/drm.git")] {
        env.linux_git(&["remote", "add", name, url]);
    }
    env.linux_git(&["remote", "add", "ours", lab.ours.to_str().unwrap()]);
    let id = |rev: &str| env.linux_git(&["rev-parse", rev]);
    let (tip, tree) = (id("drm-rust-fixes"), id("drm-rust-fixes^{tree}"));
    let kunit = format!(
        r#"{{"arch":"um","tree":"{tree}","seconds":1,"totals":{{"pass":1,"skip":0,"fail":0,"crash":0}},
            "errors":[],"splats":[],"last_lines":[],"suites":[{{"name":"a","status":"pass","seconds":0}}]}}"#
    );
    env.write("build/um/kunit.json", &kunit);
    env.write(
        "build/check/report.json",
        &format!(r#"{{"scope":"x","tip":"{tip}","time":"2026-01-02T00:00:00Z","reports":[]}}"#),
    );
    env.run(&["forward", "--branch", "drm-rust-fixes"]).ok();
    assert_eq!(lab.there(&["rev-parse", "drm-rust-fixes"]), tip);
    assert_eq!(
        env.linux_git(&["for-each-ref", "--format=%(refname)", "refs/drm-rust/for*"]),
        "refs/drm-rust/forwarded-drm-rust-fixes"
    );
}

#[test]
fn a_remote_that_refuses_leaves_nothing_behind() {
    let lab = Lab::new();
    hook(&lab.ours, "update", "case $1 in refs/heads/for-linux-next-fixes) exit 1;; esac");
    lab.refused(&[], 1, "error: ours takes nothing of it:\n");
    no_hook(&lab.ours, "update");
    lab.forward(&[]).ok();
}

#[test]
fn killing_leaves_both_sides_old_or_new() {
    let lab = Lab::new();
    let records = ["refs/drm-rust/forwarding-drm-rust-fixes", "refs/drm-rust/forwarded-drm-rust-fixes"];
    let fixes = lab.git(&["rev-parse", "drm-rust-fixes"]);
    let start = Instant::now();
    lab.forward(&[]).ok();
    let (whole, mut random) = (start.elapsed(), Random::new());
    let (mut old, mut new) = (0, 0);
    for round in 0..32 {
        forget(&lab.env, &lab.clone, &[&["refs/tags/drm-rust-*", "refs/remotes/ours"], &records[..]].concat());
        forget(&lab.env, &lab.ours, &["refs/tags", "refs/heads"]);
        let _ = fs::remove_dir_all(lab.env.root().join("build/forward"));
        kill_after(&lab.env, &FORWARD, &lab.clone.join(".git/drm-rust.lock"), random.delay(whole));
        // What receives the push may finish after its client died.
        std::thread::sleep(Duration::from_millis(30));
        let there = refs(&lab.env, &lab.ours);
        let has_tag = there.contains(&format!("refs/tags/{TAG} "));
        assert_eq!(has_tag, there.contains("refs/heads/drm-rust-fixes "), "round {round}: {there}");
        assert_eq!(has_tag, there.contains("refs/heads/for-linux-next-fixes "), "round {round}: {there}");
        let known = lab.git(&[&["for-each-ref"], &records[..]].concat());
        assert!(!has_tag || !known.is_empty(), "round {round}: pushed, and nothing here tells of it");
        if has_tag {
            new += 1
        } else {
            old += 1
        }
        lab.forward(&[]).ok();
        let tags = lab.there(&["for-each-ref", "--format=%(refname) %(*objectname)", "refs/tags"]);
        assert_eq!(tags, format!("refs/tags/{TAG} {fixes}"), "round {round}");
        assert_eq!(lab.git(&["for-each-ref", "--format=%(refname)", "refs/drm-rust/for*"]), records[1]);
        assert_eq!(Request::parse(lab.mail(TAG).as_bytes()).unwrap().end.to_string(), fixes, "round {round}");
    }
    println!("{old} kills left the old state, {new} the new one");
    assert!(old > 4 && new > 0, "the kills did not hit: {old} old, {new} new");
}
