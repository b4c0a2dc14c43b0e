// SPDX-License-Identifier: GPL-2.0-only

//! `forward` for real: gates, a signed tag and linux-next's branches on a real remote, and a mail that git sends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drm_rust::mailbox::pull::{Reference, Request};

use crate::env::{BASE_FILES, Env, Run};
use crate::kill::{Random, kill_after};
use crate::remotes::{bare, forget, hook, make_ours, no_hook, refs, sign};

const TAG: &str = "drm-rust-next-2026-01-02";

/// A checkout on the base of a clone with upstream's history, its public repository, and that clone.
fn env() -> (Env, PathBuf, PathBuf) {
    let env = Env::with_alpha();
    let clone = env.clone_of_linux("clone");
    commit(&env, &clone, &BASE_FILES, "files");
    env.git_in(&clone, &["tag", "v9.9"]);
    env.run(&["tree", "--base", "git:../clone#v9.9"]).ok();
    let ours = bare(&env, "ours.git");
    make_ours(&env, ours.to_str().unwrap());
    sign(&env);
    (env, ours, clone)
}

fn commit(env: &Env, clone: &Path, files: &[(&str, &str)], subject: &str) {
    for (path, text) in files {
        let path = clone.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    env.git_in(clone, &["add", "--all", "--force"]);
    env.git_in(clone, &["commit", "--quiet", "-m", subject]);
}

/// Results of KUnit and of the checks, as the commands leave them.
fn results(env: &Env, tree: &str, status: &str) {
    let suite = format!(r#"{{"name":"a","status":"{status}","seconds":0}}"#);
    let report = format!(
        r#"{{"arch":"um","tree":"{tree}","seconds":1,"totals":{{"pass":1,"skip":0,"fail":0,"crash":0}},
            "errors":[],"splats":[],"last_lines":[],"suites":[{suite}]}}"#
    );
    env.write("build/um/kunit.json", &report);
    let tip = env.linux_git(&["rev-parse", "drm-rust-next"]);
    let check = r#"{"tool":"spdx","status":"pass","summary":"1 file","details":[],"seconds":0,"cached":false}"#;
    let report = format!(r#"{{"scope":"x","tip":"{tip}","time":"2026-01-02T00:00:00Z","reports":[{check}]}}"#);
    env.write("build/check/report.json", &report);
}

fn good_results(env: &Env) {
    results(env, &env.linux_git(&["rev-parse", "drm-rust-next^{tree}"]), "pass");
}

const FORWARD: [&str; 5] = ["forward", "--override", "link=never posted", "--override", "reviewed=a test"];

fn forward(env: &Env, more: &[&str]) -> Run {
    env.run(&[&FORWARD, more].concat())
}

#[test]
fn tag_mail_and_linux_next() {
    let (env, ours, _) = env();
    good_results(&env);
    env.linux_git(&["branch", "drm-rust-fixes", "base"]);
    let run = forward(&env, &[]).ok();
    assert!(run.stderr.contains(&format!("pushed {TAG}\npushed for-linux-next: ")), "{run}");
    let git = |args: &[&str]| env.git_in(&ours, args);
    let next = env.linux_git(&["rev-parse", "drm-rust-next"]);
    assert_eq!(git(&["rev-parse", &format!("{TAG}^{{commit}}")]), next);
    assert_eq!(git(&["rev-parse", "for-linux-next"]), next);
    assert_eq!(git(&["rev-parse", "for-linux-next-fixes"]), env.linux_git(&["rev-parse", "base"]));
    git(&["verify-tag", TAG]);
    // The mail is what git itself writes for the tag.
    let mail = fs::read_to_string(env.root().join(format!("build/forward/{TAG}.eml"))).unwrap();
    let request = Request::parse(mail.as_bytes()).unwrap();
    assert_eq!((request.reference, request.end.to_string()), (Reference::Tag(TAG.into()), next));
    let gits = env.linux_git(&["-c", "diff.algorithm=histogram", "request-pull", "base", ours.to_str().unwrap(), TAG]);
    let gits = gits.replace(ours.to_str().unwrap(), "https://git.example/drm-rust.git");
    assert_eq!(mail[mail.find("The following changes").unwrap()..].trim_end(), gits.trim_end());
    assert!(request.cover.ends_with("- link: never posted\n- reviewed: a test"), "{}", request.cover);
    // Once more: neither a second tag nor another mail.
    let before = refs(&env, &ours);
    fs::remove_file(env.root().join(format!("build/forward/{TAG}.eml"))).unwrap();
    let run = forward(&env, &[]).ok();
    assert!(run.stderr.contains(&format!("note: {TAG} is pushed already\n")), "{run}");
    assert!(run.stdout.starts_with("git -C ") && run.stdout.contains("send-email"), "{run}");
    assert_eq!(fs::read_to_string(env.root().join(format!("build/forward/{TAG}.eml"))).unwrap(), mail);
    assert_eq!(refs(&env, &ours), before);
    // Fixes of what drm-next has go before features.
    env.linux_git(&["branch", "drm-rust-next-fixes", "topic/rust/alpha"]);
    env.topic("rust/alpha", &crate::env::ALPHA.replace("What alpha is for.", "What alpha is good for."));
    env.commit("alpha");
    env.run(&["tree"]).ok();
    good_results(&env);
    forward(&env, &[]).ok();
    assert_eq!(git(&["rev-parse", "for-linux-next"]), env.linux_git(&["rev-parse", "drm-rust-next-fixes"]));
    assert_eq!(git(&["rev-parse", &format!("{TAG}-2^{{commit}}")]), env.linux_git(&["rev-parse", "drm-rust-next"]));
}

#[test]
fn git_sends_the_mail_as_it_is() {
    let (env, _, _) = env();
    good_results(&env);
    let program = env.home().join("sendmail");
    fs::write(&program, format!("#!/bin/sh\necho \"$@\" >{0}/args\ncat >{0}/sent\n", env.home().display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    env.git(&["config", "sendemail.smtpServer", program.to_str().unwrap()]);
    let run = forward(&env, &["--send"]).ok();
    assert!(run.stderr.ends_with("sent it\n"), "{run}");
    let sent = fs::read(env.home().join("sent")).unwrap();
    assert!(Request::parse(&sent).is_ok());
    let text = String::from_utf8(sent).unwrap();
    assert!(text.contains("Subject: [PULL] drm-rust-next\n") && text.contains("Message-ID: <drm-rust-next-"), "{text}");
    let mut to: Vec<String> =
        fs::read_to_string(env.home().join("args")).unwrap().split_whitespace().map(Into::into).collect();
    to.retain(|word| word.contains("lists.example"));
    to.sort();
    assert_eq!(to, ["drm@lists.example", "rust@lists.example"]);
    // A mail that cannot be sent is kept, and the tag stays.
    fs::write(&program, "#!/bin/sh\nexit 7\n").unwrap();
    let run = forward(&env, &["--send"]);
    assert!(run.code == 1 && run.stderr.contains("error: the mail was not sent"), "{run}");
}

#[test]
fn gates() {
    let (env, ours, clone) = env();
    let refused = |what: &str, finding: &str| {
        let run = forward(&env, &[]);
        assert_eq!(run.code, 4, "{run}");
        assert!(run.stderr.contains(&format!("error: drm-rust-next does not pass: {what}\n")), "{run}");
        assert!(run.stdout.contains(finding), "{run}");
        assert_eq!(refs(&env, &ours), "");
    };
    refused("check, kunit", "there are no results of KUnit on UML");
    results(&env, &"1".repeat(40), "pass");
    refused("kunit", "the results are of tree 111111111111, not of ");
    results(&env, &env.linux_git(&["rev-parse", "drm-rust-next^{tree}"]), "fail");
    refused("kunit", "tests failed");
    good_results(&env);
    fs::write(env.linux("Makefile"), "mine\n").unwrap();
    refused("clean", "linux/Makefile is not committed");
    env.linux_git(&["restore", "Makefile"]);
    // drm-next without the base, then with a newer release.
    env.linux_git(&["remote", "add", "drm", "https://git.example/drm.git"]);
    let fetch =
        |to: &str| env.linux_git(&["fetch", "--quiet", clone.to_str().unwrap(), &format!("+HEAD:refs/remotes/{to}")]);
    env.linux_git(&["update-ref", "refs/remotes/drm/drm-next", "base^"]);
    refused("base", "drm-next does not have the base, ");
    commit(&env, &clone, &[("new", "1")], "more");
    fetch("drm/drm-next");
    env.linux_git(&["tag", "--force", "v9.9", "base"]);
    env.linux_git(&["tag", "v9.10-rc1", "drm/drm-next"]);
    refused("base", "drm-next has v9.10-rc1, the base v9.9");
    env.linux_git(&["tag", "-d", "v9.10-rc1"]);
    let run = env.run(&["forward", "--override", "kunit"]);
    assert!(run.code == 2, "{run}");
    forward(&env, &[]).ok();
}

#[test]
fn commits_of_others_do_not_arrive_through_us() {
    let (env, _, clone) = env();
    let path = "scripts/drm-rust/trees.toml";
    let text = fs::read_to_string(env.root().join(path)).unwrap();
    env.write(
        path,
        &(text + "[tree.net]\nhttps = ['https://git.example/net.git']\n[[tip]]\ntree = 'net'\nbranch = 'main'\n"),
    );
    env.commit("net");
    for name in ["drm", "net"] {
        env.linux_git(&["remote", "add", name, &format!("https://git.example/{name}.git")]);
    }
    env.linux_git(&["update-ref", "refs/remotes/drm/drm-next", "base"]);
    commit(&env, &clone, &[("net", "1")], "net: add");
    env.linux_git(&["fetch", "--quiet", clone.to_str().unwrap(), "+HEAD:refs/remotes/net/main"]);
    // The tree stands on a commit that only net has.
    env.run(&["tree", "--base", "git:../clone#master"]).ok();
    good_results(&env);
    let run = forward(&env, &[]);
    assert!(run.code == 4 && run.stdout.contains("drm-next does not have the base, "), "{run}");
    // One that net took of ours is ours.
    env.run(&["tree", "--base", "git:../clone#v9.9"]).ok();
    env.linux_git(&["update-ref", "refs/remotes/net/main", "topic/rust/alpha"]);
    good_results(&env);
    forward(&env, &[]).ok();
}

#[test]
fn a_remote_that_refuses_leaves_nothing_behind() {
    let (env, ours, _) = env();
    good_results(&env);
    hook(&ours, "update", "case $1 in refs/heads/for-linux-next) exit 1;; esac");
    let run = forward(&env, &[]);
    assert!(run.code == 1 && run.stderr.contains("error: ours takes nothing of it:\n"), "{run}");
    assert_eq!(refs(&env, &ours), "");
    assert_eq!(
        env.linux_git(&["for-each-ref", "refs/tags", "refs/drm-rust/forwarding", "refs/drm-rust/forwarded"]),
        ""
    );
    no_hook(&ours, "update");
    forward(&env, &[]).ok();
    assert!(refs(&env, &ours).contains(&format!("refs/tags/{TAG} ")));
}

#[test]
fn killing_leaves_both_sides_old_or_new() {
    let (env, ours, _) = env();
    good_results(&env);
    let linux = env.root().join("linux");
    let records = ["refs/drm-rust/forwarding", "refs/drm-rust/forwarded"];
    let next = env.linux_git(&["rev-parse", "drm-rust-next"]);
    let start = Instant::now();
    forward(&env, &[]).ok();
    let (whole, mut random) = (start.elapsed(), Random::new());
    let (mut old, mut new) = (0, 0);
    for round in 0..48 {
        // As before the first pull request.
        forget(&env, &linux, &[&["refs/tags/drm-rust-next-*"], &records[..]].concat());
        forget(&env, &ours, &["refs/tags", "refs/heads"]);
        let _ = fs::remove_dir_all(env.root().join("build/forward"));
        kill_after(&env, &FORWARD, &env.lock(), random.delay(whole));
        // What receives the push may finish after its client died.
        std::thread::sleep(Duration::from_millis(30));
        let there = refs(&env, &ours);
        let has_tag = there.contains(&format!("refs/tags/{TAG} "));
        assert_eq!(has_tag, there.contains("refs/heads/for-linux-next "), "round {round}: {there}");
        let known = env.linux_git(&[&["for-each-ref"], &records[..]].concat());
        assert!(!has_tag || !known.is_empty(), "round {round}: pushed, and nothing here tells of it");
        if has_tag {
            new += 1
        } else {
            old += 1
        }
        env.git_in(&ours, &["fsck", "--connectivity-only", "--no-dangling"]);
        // One tag, one mail, one record: whatever became of the run before.
        forward(&env, &[]).ok();
        let tags = env.git_in(&ours, &["for-each-ref", "--format=%(refname) %(*objectname)", "refs/tags"]);
        assert_eq!(tags, format!("refs/tags/{TAG} {next}"), "round {round}");
        assert_eq!(env.git_in(&ours, &["rev-parse", "for-linux-next"]), next, "round {round}");
        assert_eq!(env.linux_git(&["for-each-ref", "--format=%(refname)", "refs/drm-rust/for*"]), records[1]);
        let mail = fs::read(env.root().join(format!("build/forward/{TAG}.eml"))).unwrap();
        assert_eq!(Request::parse(&mail).unwrap().end.to_string(), next, "round {round}");
    }
    println!("{old} kills left the old state, {new} the new one");
    assert!(old > 5 && new > 1, "the kills did not hit: {old} old, {new} new");
}
