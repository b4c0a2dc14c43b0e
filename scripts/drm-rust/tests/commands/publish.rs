// SPDX-License-Identifier: GPL-2.0-only

//! `publish`: a topic and its signed tag arrive together or not at all, and are frozen.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::env::{ALPHA, Env, hide_ids};
use crate::kill::{Random, kill_after};
use crate::remotes::{Daemon, bare, forget, hook, make_ours, no_hook, refs, sign, sign_with_gpg};

/// What a topic that was never posted, on an imported base, needs.
const PUBLISH: [&str; 8] = [
    "publish",
    "rust/alpha",
    "--override",
    "link=never posted",
    "--override",
    "reviewed=a test",
    "--override",
    "base=a test",
];
const TAG: &str = "topic/rust/alpha-2026-01-02";

const SECOND: &str = "
[[patch]]
subject = \"rust: alpha: add more\"
date = 2026-01-03T03:04:05Z
body = \"\"\"
More.
\"\"\"
files = [\"rust/kernel/more.rs\"]
";

/// A checkout whose `linux/` can publish to a bare repository.
fn env() -> (Env, PathBuf) {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let ours = bare(&env, "ours.git");
    make_ours(&env, ours.to_str().unwrap());
    sign(&env);
    (env, ours)
}

fn tip(env: &Env) -> String {
    env.linux_git(&["rev-parse", "topic/rust/alpha"])
}

#[track_caller]
fn arrived(env: &Env, ours: &std::path::Path, tag: &str) {
    let git = |args: &[&str]| env.git_in(ours, args);
    assert_eq!(git(&["rev-parse", "topic/rust/alpha"]), tip(env));
    assert_eq!(git(&["rev-parse", &format!("{tag}^{{commit}}")]), tip(env));
    assert_eq!(env.linux_git(&["rev-parse", "refs/drm-rust/published/rust/alpha"]), git(&["rev-parse", tag]));
    assert_eq!(env.linux_git(&["for-each-ref", "refs/drm-rust/publishing"]), "");
}

/// Neither side has anything of a publish.
#[track_caller]
fn nothing_left(env: &Env) {
    let left = env.linux_git(&["for-each-ref", "refs/tags", "refs/drm-rust/publishing", "refs/drm-rust/published"]);
    assert_eq!(left, "");
}

#[test]
fn a_topic_arrives_with_a_signed_tag_and_is_frozen() {
    let (env, ours) = env();
    let run = env.run(&PUBLISH).ok();
    insta::assert_snapshot!(hide_ids(&run.to_string()), @r#"
    pass  author             1 commit
    pass  author-signoff     1 commit
    pass  committer-signoff  1 commit
    warn  link               1 finding in 1 commit (overridden: never posted)
          ID ("rust: alpha: add the alpha module"): it has no `Link: https://patch.msgid.link/<message-id>`
    warn  reviewed           1 finding in 1 commit (overridden: a test)
          ID ("rust: alpha: add the alpha module"): its committer is its author, and nobody else has reviewed or acked it
    pass  template           1 commit
    pass  fixes              1 commit
    pass  merge              1 commit
    pass  fixup              1 commit
    pass  cover-letter       1 commit
    warn  base               1 finding in 1 commit (overridden: a test)
          the base is imported and not Linus's commit: no tree could pull the topic (`drm-rust tree --base git:PATH#REV` takes the commit of a clone)
    pass  clean              1 commit
    pass  requires           1 commit
    pass  trial              1 commit
    pass  signature          1 commit
    ----- stderr
    pushed topic/rust/alpha to ours: ID
    pushed topic/rust/alpha-2026-01-02
    ----- exit 0
    "#);
    arrived(&env, &ours, TAG);
    env.git_in(&ours, &["verify-tag", TAG]);
    let message =
        env.git_in(&ours, &["for-each-ref", "--format=%(contents:subject)%0a%0a%(contents:body)", "refs/tags"]);
    insta::assert_snapshot!(message, @"
    topic/rust/alpha-2026-01-02: Alpha abstractions

    What alpha is for.

      rust: alpha: add the alpha module

    Checks that did not pass, and why that is right:
    - link: never posted
    - reviewed: a test
    - base: a test
    ");
    // Once more: there is nothing to do.
    let run = env.run(&PUBLISH).ok();
    assert_eq!(run.stderr, format!("note: topic/rust/alpha is published already, as {TAG}\n"));

    env.write("rust/kernel/alpha.rs", "//! Changed.\n");
    let before = env.refs();
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: this would change commits that were published:
      rust/alpha as topic/rust/alpha-2026-01-02
    hint: others may have them. Put patches after those of the topic, or into another topic that requires
          it; or begin a new revision: drm-rust topic new OWNER/NAME --after rust/alpha
    ----- exit 1
    ");
    assert_eq!(env.refs(), before);
    env.write("rust/kernel/alpha.rs", "//! Alpha.\n");

    // A patch on top is no change.
    env.topic("rust/alpha", &(ALPHA.to_owned() + SECOND));
    env.write("rust/kernel/more.rs", "//! More.\n");
    env.commit("more");
    env.run(&["tree"]).ok();
    let run = env.run(&PUBLISH).ok();
    assert!(
        run.stdout.contains("fail") || run.stdout.contains("warn  link               1 finding in 1 commit"),
        "{run}"
    );
    arrived(&env, &ours, &format!("{TAG}-2"));
    // Neither does an undo take it back.
    let undo = env.run(&["undo"]);
    assert!(undo.code == 1 && undo.stderr.contains("would change commits that were published"), "{undo}");
}

#[test]
fn a_gpg_key_signs_as_well() {
    let (env, ours) = env();
    if sign_with_gpg(&env) {
        env.run(&PUBLISH).ok();
        arrived(&env, &ours, TAG);
        assert!(env.git_in(&ours, &["cat-file", "tag", TAG]).contains("-----BEGIN PGP SIGNATURE-----"));
        env.git_in(&ours, &["verify-tag", TAG]);
    }
}

#[test]
fn a_new_revision_leaves_the_published_one_alone() {
    let (env, ours) = env();
    env.topic(
        "drm/user",
        &ALPHA.replace("alpha", "user").replace("Alpha", "User").replacen(
            "author =",
            "requires = [\n    # It needs alpha.\n    \"rust/alpha\",\n]\nauthor =",
            1,
        ),
    );
    env.write("rust/kernel/user.rs", "//! User.\n");
    env.commit("user");
    env.run(&["tree"]).ok();
    env.run(&PUBLISH).ok();
    let published = tip(&env);
    insta::assert_snapshot!(env.run(&["topic", "new", "rust/alpha2", "--after", "rust/alpha"]), @"
    ----- stderr
    wrote scripts/drm-rust/topics/rust/alpha2.toml
    wrote scripts/drm-rust/topics/drm/user.toml
    what was published of rust/alpha stays in its tag
    ----- exit 0
    ");
    let user = fs::read_to_string(env.root().join("scripts/drm-rust/topics/drm/user.toml")).unwrap();
    assert!(user.contains("# It needs alpha.\n    \"rust/alpha2\",\n"), "{user}");
    env.write("rust/kernel/alpha.rs", "//! Changed.\n");
    env.run(&["tree"]).ok();
    assert_ne!(env.linux_git(&["rev-parse", "topic/rust/alpha2"]), published);
    assert_eq!(env.linux_git(&["rev-parse", "refs/drm-rust/published/rust/alpha^{commit}"]), published);
    assert_eq!(env.git_in(&ours, &["rev-parse", "topic/rust/alpha"]), published);
    let run = env.run(&["topic", "new", "rust/alpha2", "--after", "drm/user"]);
    assert!(run.stderr.starts_with("error: there is a topic rust/alpha2 already"), "{run}");
}

#[test]
fn nothing_is_pushed_where_a_check_does_not_pass() {
    let (env, ours) = env();
    let before = env.refs();
    let run = env.run(&["publish", "rust/alpha"]);
    assert_eq!(run.code, 4, "{run}");
    assert!(run.stderr.contains("error: topic/rust/alpha does not pass: link, reviewed, base\nhint: "), "{run}");
    let run = env.run(&[&PUBLISH[..], &["--dry-run"]].concat()).ok();
    assert!(run.stderr.starts_with("would push topic/rust/alpha at "), "{run}");
    // A topic on another one that nobody can have yet.
    env.topic("drm/user", &ALPHA.replace("alpha", "user").replace("author =", "requires = ['rust/alpha']\nauthor ="));
    env.write("rust/kernel/user.rs", "//! User.\n");
    env.run(&["tree"]).ok();
    let run = env.run(&["publish", "drm/user"]);
    assert!(run.stdout.contains("it stands on rust/alpha, not published yet"), "{run}");
    assert!(run.stdout.contains("rust/kernel/user.rs is not committed in this repository"), "{run}");
    assert_eq!(refs(&env, &ours), "");
    assert!(
        before
            .lines()
            .all(|line| line.contains("drm-rust-next") || line.contains("oplog") || env.refs().contains(line))
    );
    nothing_left(&env);
}

#[test]
fn where_a_topic_may_go() {
    let (env, _) = env();
    let run = env.run(&["publish", "rust/alpha", "--to", "drm"]);
    assert!(
        run.code == 1
            && run.stderr.starts_with(
                "error: no remote of $DIR/checkout/linux is drm\nhint: add it: git -C linux remote add drm "
            ),
        "{run}"
    );
    env.linux_git(&["remote", "add", "drm", "https://git.example/drm"]);
    let run = env.run(&["publish", "rust/alpha", "--to", "drm"]);
    assert!(run.stderr.starts_with("error: topic/rust/alpha may not be pushed to drm\nhint: "), "{run}");
    let run = env.run(&["publish", "rust/alpha", "--to", "net"]);
    assert!(run.code == 2 && run.stderr.starts_with("error: there is no tree `net`\nhint: "), "{run}");
    let run = env.run(&["publish", "rust/beta"]);
    assert!(run.stderr.starts_with("error: there is no topic rust/beta\nhint: "), "{run}");
    env.linux_git(&["remote", "set-url", "--push", "ours", "/elsewhere"]);
    let run = env.run(&["publish", "rust/alpha"]);
    assert!(run.stderr.starts_with("error: the remote `ours` pushes to /elsewhere, which is not drm-rust\n"), "{run}");
}

#[test]
fn a_tag_without_a_signature_says_why() {
    let (env, ours) = env();
    fs::write(env.home().join(".gitconfig"), "[gpg]\n\tformat = ssh\n[user]\n\tsigningKey = /nowhere.pub\n").unwrap();
    let run = env.run(&PUBLISH);
    assert!(run.code == 1 && run.stderr.contains(&format!("error: the tag {TAG} cannot be signed:\n")), "{run}");
    assert_eq!(refs(&env, &ours), "");
    nothing_left(&env);
    env.run(&[&PUBLISH[..], &["--override", "signature=no key here"]].concat()).ok();
    arrived(&env, &ours, TAG);
    assert!(env.git_in(&ours, &["cat-file", "tag", TAG]).ends_with("- signature: no key here"));
}

#[test]
fn a_remote_that_refuses_leaves_nothing_behind() {
    let (env, ours) = env();
    // Git must not take the branch alone where only the tag is refused.
    hook(&ours, "update", "case $1 in refs/tags/*) echo tags are full >&2; exit 1;; esac");
    let run = env.run(&PUBLISH);
    assert!(run.code == 1 && run.stderr.contains("error: ours takes nothing of it:\n"), "{run}");
    assert!(run.stderr.contains("hook declined") && run.stderr.contains("remote: tags are full"), "{run}");
    assert_eq!(refs(&env, &ours), "");
    nothing_left(&env);
    no_hook(&ours, "update");
    env.run(&PUBLISH).ok();
    arrived(&env, &ours, TAG);
}

/// Lets a script run between the look at the remote and the push: in place of the program that signs.
fn while_signing(env: &Env, script: &str) {
    let program = env.home().join("signer");
    fs::write(&program, format!("#!/bin/sh\n{script}\nexec ssh-keygen \"$@\"\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let config = env.home().join(".gitconfig");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}\tprogram = {}\n", program.display())).unwrap();
}

#[test]
fn a_branch_that_moved_meanwhile_is_not_overwritten() {
    let (env, ours) = env();
    let other = env.git_in(&env.root(), &["rev-parse", "HEAD"]);
    env.git(&["push", "--quiet", ours.to_str().unwrap(), "HEAD:refs/heads/main"]);
    let config = fs::read_to_string(env.home().join(".gitconfig")).unwrap();
    while_signing(&env, &format!("git -C {} update-ref refs/heads/topic/rust/alpha {other}", ours.display()));
    let run = env.run(&PUBLISH);
    assert!(
        run.code == 1 && run.stderr.contains("error: refs/heads/topic/rust/alpha has moved on ours meanwhile"),
        "{run}"
    );
    assert_eq!(env.git_in(&ours, &["rev-parse", "topic/rust/alpha"]), other);
    assert!(!refs(&env, &ours).contains("refs/tags"));
    nothing_left(&env);
    // What is there is seen next time, and never forced away.
    fs::write(env.home().join(".gitconfig"), config).unwrap();
    let run = env.run(&PUBLISH);
    assert!(run.stderr.contains("error: topic/rust/alpha on ours is at ") && run.stderr.contains("--after"), "{run}");
    env.git_in(&ours, &["update-ref", "-d", "refs/heads/topic/rust/alpha"]);
    env.run(&PUBLISH).ok();
    arrived(&env, &ours, TAG);
}

#[test]
fn a_connection_that_dies_leaves_no_half() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let ours = bare(&env, "ours.git");
    let daemon = Daemon::start(&env);
    make_ours(&env, &daemon.url("ours.git"));
    sign(&env);
    // The other side dies before anything is written.
    hook(&ours, "pre-receive", "kill -9 $PPID");
    let run = env.run(&PUBLISH);
    assert!(run.code == 1 && run.stderr.contains("error: ours takes nothing of it:\n"), "{run}");
    nothing_left(&env);
    no_hook(&ours, "pre-receive");
    // It dies after everything was written.
    hook(&ours, "post-receive", "kill -9 $PPID");
    env.run(&PUBLISH).ok();
    arrived(&env, &ours, TAG);
}

#[test]
fn a_remote_that_vanishes_is_asked_by_the_next_run() {
    for (name, has_arrived) in [("pre-receive", false), ("post-receive", true)] {
        let env = Env::with_alpha();
        env.run(&["tree"]).ok();
        let ours = bare(&env, "ours.git");
        let daemon = Daemon::start(&env);
        let port = daemon.port();
        make_ours(&env, &daemon.url("ours.git"));
        sign(&env);
        hook(&ours, name, "kill -9 $(cat ../daemon.pid); kill -9 $PPID");
        let run = env.run(&PUBLISH);
        assert!(run.code == 1 && run.stderr.contains("error: the connection to ours was lost"), "{run}");
        // Nobody knows: the topic is frozen.
        env.write("rust/kernel/alpha.rs", "//! Changed.\n");
        let run = env.run(&["tree"]);
        assert!(run.code == 1 && run.stderr.contains("`drm-rust publish rust/alpha` finds out"), "{run}");
        drop(daemon);
        no_hook(&ours, name);
        let _daemon = Daemon::start_at(&env, port);
        let run = env.run(&PUBLISH);
        let told = if has_arrived { "was interrupted, but has arrived" } else { "has not arrived: it is taken back" };
        assert!(run.stderr.contains("error: linux/ is not up to date: topic rust/alpha has changed"), "{run}");
        let frozen = env.run(&["tree"]);
        assert_eq!(frozen.code == 1, has_arrived, "{frozen}");
        env.write("rust/kernel/alpha.rs", "//! Alpha.\n");
        env.run(&["tree"]).ok();
        let run = env.run(&PUBLISH).ok();
        assert!(!run.stderr.contains(told), "it was settled by the run before: {run}");
        arrived(&env, &ours, TAG);
    }
}

#[test]
fn killing_leaves_both_sides_old_or_new() {
    let (env, ours) = env();
    let start = Instant::now();
    env.run(&PUBLISH).ok();
    let (whole, mut random) = (start.elapsed(), Random::new());
    let (mut old, mut new) = (0, 0);
    for round in 0..48 {
        // As before the first publish.
        forget(&env, &env.root().join("linux"), &["refs/tags", "refs/drm-rust/publishing", "refs/drm-rust/published"]);
        forget(&env, &ours, &["refs/tags", "refs/heads/topic/rust/alpha"]);
        kill_after(&env, &PUBLISH, &env.lock(), random.delay(whole));
        // What receives the push may finish after its client died.
        std::thread::sleep(Duration::from_millis(30));
        let there = refs(&env, &ours);
        let has_branch = there.contains("refs/heads/topic/rust/alpha ");
        assert_eq!(has_branch, there.contains("refs/tags/topic/rust/alpha-"), "round {round}: {there}");
        if has_branch {
            let record = env.linux_git(&["for-each-ref", "refs/drm-rust/publishing", "refs/drm-rust/published"]);
            assert!(!record.is_empty(), "round {round}: published but not frozen");
            new += 1;
        } else {
            old += 1;
        }
        env.git_in(&ours, &["fsck", "--connectivity-only", "--no-dangling"]);
        env.run(&PUBLISH).ok();
        assert_eq!(env.git_in(&ours, &["rev-parse", "topic/rust/alpha"]), tip(&env), "round {round}");
        assert_eq!(env.linux_git(&["for-each-ref", "refs/drm-rust/publishing"]), "", "round {round}");
        assert_ne!(env.linux_git(&["for-each-ref", "refs/drm-rust/published"]), "", "round {round}");
    }
    println!("{old} kills left the old state, {new} the new one");
    assert!(old > 5 && new > 1, "the kills did not hit: {old} old, {new} new");
}
