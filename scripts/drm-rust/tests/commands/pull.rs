// SPDX-License-Identifier: GPL-2.0-only

//! `pull`, `backmerge` and `fast-forward` in a person's clone, against a real git daemon and real signatures.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use crate::env::{Env, Run, hide_ids};
use crate::kill::{Random, kill_after};
use crate::remotes::{Daemon, bare, refs, sign, sign_with_gpg};

const TAG: &str = "misc-next-2026-01-02";
const PULL: [&str; 4] = ["--repo", "../clone", "pull", "../home/mail"];
const SIGNED: &str = "Signed-off-by: Tester <tester@drm-rust.example>";

/// A person's clone, a neighbour who has work for it, and the neighbour's public repository.
struct Lab {
    env: Env,
    daemon: Daemon,
    clone: PathBuf,
    neighbour: PathBuf,
    public: PathBuf,
}

impl Lab {
    fn new() -> Lab {
        let env = Env::new();
        sign(&env);
        Lab::signed(env)
    }

    fn signed(env: Env) -> Lab {
        let clone = env.clone_of_linux("clone");
        fs::write(clone.join("Makefile"), "VERSION = 9\n").unwrap();
        env.git_in(&clone, &["add", "Makefile"]);
        env.git_in(&clone, &["commit", "--quiet", "-m", "make it"]);
        env.git_in(&clone, &["branch", "drm-rust-next"]);
        let neighbour = clone.with_file_name("neighbour");
        env.git_in(&clone, &["clone", "--quiet", ".", neighbour.to_str().unwrap()]);
        let public = bare(&env, "misc.git");
        let daemon = Daemon::start(&env);
        let lab = Lab { env, daemon, clone, neighbour, public };
        lab.change("misc.c", "int misc;\n", "misc: add misc");
        lab.tag(TAG, "HEAD");
        lab
    }

    fn theirs(&self, args: &[&str]) -> String {
        self.env.git_in(&self.neighbour, args)
    }

    fn ours(&self, args: &[&str]) -> String {
        self.env.git_in(&self.clone, args)
    }

    fn change(&self, file: &str, text: &str, subject: &str) {
        fs::write(self.neighbour.join(file), text).unwrap();
        self.theirs(&["add", file]);
        let message = format!("{subject}\n\nReviewed-by: R <r@kernel.example>\n{SIGNED}\n");
        self.theirs(&["commit", "--quiet", "-m", &message]);
    }

    fn tag(&self, name: &str, commit: &str) {
        self.theirs(&["tag", "-s", "-m", &format!("{name}:\n\nCore Changes:\n- misc has $(id)"), name, commit]);
        self.theirs(&["push", "--quiet", self.public.to_str().unwrap(), name]);
    }

    fn url(&self) -> String {
        self.daemon.url("misc.git")
    }

    /// The mail that asks for the tag.
    fn mail(&self) -> String {
        let body = self.theirs(&["request-pull", "origin/master", self.public.to_str().unwrap(), TAG]);
        let body = body.replace(self.public.to_str().unwrap(), &self.url());
        format!(
            "From: N <n@kernel.example>\nMessage-ID: <1@kernel.example>\nSubject: [PULL] misc-next\n\nHi,\n\n{body}\n"
        )
    }

    /// Makes the neighbour a tree of trees.toml, with such lines.
    fn signers(&self, lines: &str) {
        let path = self.env.root().join("scripts/drm-rust/trees.toml");
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("[tree.misc]").next().unwrap();
        fs::write(&path, format!("{text}[tree.misc]\ngit = ['{}']\n{lines}\n", self.url())).unwrap();
    }

    fn pull(&self, mail: &str, more: &[&str]) -> Run {
        fs::write(self.env.home().join("mail"), mail).unwrap();
        self.env.run(&[&PULL, more].concat())
    }

    fn state(&self) -> String {
        refs(&self.env, &self.clone) + &self.ours(&["status", "--porcelain", "--untracked-files=no"])
    }

    /// A mail that is not what it says changes nothing, and is refused for this.
    #[track_caller]
    fn refused(&self, mail: &str, code: i32, message: &str) {
        let before = self.state();
        let run = self.pull(mail, &[]);
        assert_eq!(run.code, code, "{run}");
        assert!(run.to_string().contains(message), "{run}");
        assert_eq!(self.state(), before);
    }
}

#[test]
fn a_request_becomes_a_merge() {
    let lab = Lab::new();
    let before = lab.state();
    let run = lab.pull(&lab.mail(), &["--dry-run"]).ok();
    assert_eq!(lab.state(), before, "{run}");
    let run = lab.pull(&lab.mail(), &[]).ok();
    let shown = hide_ids(&run.to_string()).replace(&lab.url(), "URL");
    let shown: Vec<&str> = shown.lines().filter(|line| !line.contains("SHA256:")).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    pass  signature          1 commit
    pass  signer             1 commit
    pass  tag                1 commit
    pass  files              1 commit
    pass  end                1 commit
    pass  base               1 commit
    pass  cover              1 commit
    pass  diffstat           1 commit
    pass  author             1 commit
    pass  author-signoff     1 commit
    pass  committer-signoff  1 commit
    pass  reviewed           1 commit
    pass  template           1 commit
    pass  fixes              1 commit
    pass  merge              1 commit
    pass  fixup              1 commit
    pass  cover-letter       1 commit

    Merge tag 'misc-next-2026-01-02' of URL into drm-rust-next

    misc-next-2026-01-02:

    Core Changes:
    - misc has $(id)

    Signed-off-by: Tester <tester@drm-rust.example>
    From: N <n@kernel.example>
    Link: https://patch.msgid.link/1@kernel.example
    ----- stderr
    note: URL is no tree of scripts/drm-rust/trees.toml
    merged into drm-rust-next, which is at ID
    ----- exit 0
    ");
    assert_eq!(lab.ours(&["rev-parse", "drm-rust-next^2"]), lab.theirs(&["rev-parse", "HEAD"]));
    assert_eq!(lab.ours(&["show", "drm-rust-next:misc.c"]), "int misc;");
    // The merge carries the tag: its signature can be verified without the tag.
    let log = lab.ours(&["log", "-1", "--show-signature", "drm-rust-next"]);
    assert!(log.contains("Good \"git\" signature for tester@drm-rust.example"), "{log}");
    assert_eq!(lab.ours(&["fsck", "--no-dangling"]), "");
    assert_eq!(lab.ours(&["for-each-ref", "refs/drm-rust", "refs/tags"]), "");
    lab.refused(&lab.mail(), 1, "error: drm-rust-next has everything of misc-next-2026-01-02 already");
}

#[test]
fn a_tag_of_a_url_is_taken_as_well() {
    let lab = Lab::new();
    let run = lab.env.run(&["--repo", "../clone", "pull", &lab.url(), TAG]).ok();
    assert!(!run.stdout.contains("Link:") && run.stdout.contains(&format!("Merge tag '{TAG}' of git://")), "{run}");
    let bad = |url: &str, tag: &str| lab.env.run(&["--repo", "../clone", "pull", "--", url, tag]);
    for (url, tag) in
        [("ext::sh -c id", TAG), ("--upload-pack=id", TAG), (&*lab.url(), "--upload-pack=id"), (&lab.url(), "a:b")]
    {
        assert_eq!(bad(url, tag).code, 2, "{url} {tag}");
    }
    let run = bad(&lab.url(), "misc-next");
    assert!(run.code == 1 && run.stderr.starts_with("error: the tag misc-next of git://"), "{run}");
    let run = lab.env.run(&["--repo", "../clone", "pull", &lab.url()]);
    assert!(run.code == 2 && run.stderr.starts_with("error: there is no tag after git://"), "{run}");
    let run = lab.env.run(&["pull", &lab.url(), TAG]);
    assert!(run.code == 1 && run.stderr.contains("hint: "), "{run}");
}

#[test]
fn the_work_tree_follows_where_it_is_clean() {
    let lab = Lab::new();
    lab.ours(&["switch", "--quiet", "drm-rust-next"]);
    fs::write(lab.clone.join("Makefile"), "mine\n").unwrap();
    lab.refused(&lab.mail(), 1, "has changes that are not committed:\n  Makefile");
    lab.ours(&["restore", "Makefile"]);
    lab.pull(&lab.mail(), &[]).ok();
    assert_eq!(lab.ours(&["status", "--porcelain"]), "");
    assert_eq!(fs::read_to_string(lab.clone.join("misc.c")).unwrap(), "int misc;\n");
}

#[test]
fn what_the_mail_says_is_not_believed() {
    let lab = Lab::new();
    let mail = lab.mail();
    // The tag leads elsewhere than the mail says.
    let end = lab.theirs(&["rev-parse", "HEAD"]);
    lab.refused(&mail.replace(&end, &"1".repeat(40)), 4, "the mail says 111111111111, but the tag leads to");
    let base = lab.theirs(&["rev-parse", "origin/master"]);
    lab.refused(&mail.replace(&base, &"1".repeat(40)), 4, "111111111111 is not what the tag stands on");
    lab.refused(&mail.replace("misc has $(id)", "misc has nothing"), 4, "the mail has another text than the tag");
    lab.refused(
        &mail.replace("1 insertion(+)", "7 insertions(+)"),
        4,
        "the mail says 1 files, 7 insertions, 0 deletions; there are 1 files, 1",
    );
    // Everything can be overridden, with a reason that the merge tells.
    let run = lab.pull(&mail.replace(&end, &"1".repeat(40)), &["--override", "end=a slip, asked on IRC"]).ok();
    assert!(run.stdout.contains("- end: a slip, asked on IRC\n"), "{run}");
}

#[test]
fn a_signature_must_be_good() {
    let lab = Lab::new();
    let mail = lab.mail();
    let config = fs::read_to_string(lab.env.home().join(".gitconfig")).unwrap();
    fs::write(lab.env.home().join("signers"), "").unwrap();
    lab.refused(&mail, 4, "fail  signature ");
    fs::write(lab.env.home().join(".gitconfig"), &config).unwrap();
    let publish = |args: &[&str]| {
        lab.theirs(args);
        lab.theirs(&["push", "--quiet", "--force", lab.public.to_str().unwrap(), TAG]);
    };
    publish(&["tag", "--force", "-a", "-m", "x", TAG]);
    lab.refused(&mail, 4, "it cannot be verified: error: no signature found");
    publish(&["tag", "--force", "--no-sign", TAG, "HEAD"]);
    lab.refused(&mail, 4, "it is no annotated tag, and has no signature");
}

#[test]
fn an_old_tag_under_a_new_name_is_told() {
    let lab = Lab::new();
    let old = lab.theirs(&["rev-parse", TAG]);
    lab.theirs(&["push", "--quiet", lab.public.to_str().unwrap(), &format!("{old}:refs/tags/misc-next-9")]);
    let run = lab.env.run(&["--repo", "../clone", "pull", &lab.url(), "misc-next-9"]);
    assert!(run.code == 4 && run.stdout.contains(&format!("the tag calls itself {TAG}")), "{run}");
}

#[test]
fn commits_are_reviewed_and_conflicts_told() {
    let lab = Lab::new();
    fs::write(lab.neighbour.join("bad.c"), "int bad;\n").unwrap();
    lab.theirs(&["add", "bad.c"]);
    lab.theirs(&["commit", "--quiet", "-m", "fixup! misc: add misc"]);
    lab.tag("misc-next-2", "HEAD");
    let run = lab.env.run(&["--repo", "../clone", "pull", &lab.url(), "misc-next-2"]);
    assert!(run.code == 4 && run.stderr.contains("fixup") && run.stderr.contains("author-signoff"), "{run}");
    lab.theirs(&["reset", "--quiet", "--hard", "HEAD~2"]);
    lab.change("Makefile", "VERSION = 10\n", "make it ten");
    lab.tag("misc-next-3", "HEAD");
    lab.ours(&["switch", "--quiet", "drm-rust-next"]);
    fs::write(lab.clone.join("Makefile"), "VERSION = 11\n").unwrap();
    lab.ours(&["commit", "--quiet", "-a", "-m", "make it eleven"]);
    let before = lab.state();
    let run = lab.env.run(&["--repo", "../clone", "pull", &lab.url(), "misc-next-3"]);
    assert!(run.code == 3 && run.stdout.contains(">VERSION = 10") && run.stdout.contains("make it eleven"), "{run}");
    assert_eq!(lab.state(), before);
}

#[test]
fn hostile_mails_do_nothing() {
    let lab = Lab::new();
    let mail = lab.mail();
    let trap = lab.env.home().join("trap");
    let name = trap.display();
    for (old, new) in [
        (lab.url(), format!("ext::sh -c touch% {name}")),
        (lab.url(), format!("--upload-pack=touch {name}")),
        (lab.url(), format!("ssh://-oProxyCommand=touch${{IFS}}{name}/x")),
        (lab.url(), format!("https://a.example/$(touch {name})")),
        (lab.url(), lab.public.display().to_string()),
        (lab.url(), format!("file://{}", lab.public.display())),
        (format!("tags/{TAG}"), format!("--upload-pack=touch${{IFS}}{name}")),
        (format!("tags/{TAG}"), "refs/heads/drm-rust-next:refs/heads/drm-rust-next".to_owned()),
        (format!("tags/{TAG}"), "tags/../heads/x".to_owned()),
        (format!("tags/{TAG}"), "tags/a\u{7}b".to_owned()),
    ] {
        lab.refused(&mail.replacen(&old, &new, 1), 1, "hint: ");
        assert!(!trap.exists(), "{new}");
    }
    lab.refused(&mail.replace("1@kernel.example", &format!("$(touch {name})@x")), 1, "is no message id");
    lab.refused(&mail.replace(&format!(" tags/{TAG}"), " master"), 1, "the mail asks to pull the branch master");
    assert!(!trap.exists());
    // 100 MB are not read to the end.
    let path = lab.env.home().join("large");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(mail.as_bytes()).unwrap();
    file.set_len(100 << 20).unwrap();
    let run = lab.env.run(&["--repo", "../clone", "pull", "../home/large"]);
    assert!(run.code == 1 && run.stderr.starts_with("error: the mail has 16777217 bytes"), "{run}");
}

#[test]
fn a_remote_that_does_not_answer_is_told() {
    let lab = Lab::new();
    let mail = lab.mail();
    let port = lab.daemon.port();
    let Lab { env, daemon, clone, neighbour, public } = lab;
    drop(daemon);
    let before = refs(&env, &clone);
    fs::write(env.home().join("mail"), &mail).unwrap();
    let run = env.run(&PULL);
    assert!(run.code == 1 && run.stderr.contains("cannot be fetched\ncaused by: "), "{run}");
    assert_eq!(refs(&env, &clone), before);
    let lab = Lab { daemon: Daemon::start_at(&env, port), env, clone, neighbour, public };
    lab.pull(&mail, &[]).ok();
}

#[test]
fn what_would_be_executed_needs_a_word() {
    let lab = Lab::new();
    fs::create_dir(lab.neighbour.join(".cargo")).unwrap();
    lab.change(".cargo/config.toml", "[build]\n", "misc: add a configuration");
    // A merge may bring what none of its commits has.
    lab.theirs(&["checkout", "--quiet", "-b", "side", "HEAD~1"]);
    lab.change("side.c", "int side;\n", "misc: add side");
    lab.theirs(&["checkout", "--quiet", "-"]);
    lab.theirs(&["merge", "--quiet", "--no-ff", "--no-commit", "side"]);
    fs::write(lab.neighbour.join("build.rs"), "fn main() {}\n").unwrap();
    lab.theirs(&["add", "build.rs"]);
    lab.theirs(&["commit", "--quiet", "-m", &format!("Merge side\n\nIt is needed.\n\n{SIGNED}")]);
    lab.tag("misc-next-4", "HEAD");
    let before = lab.state();
    let pull = |more: &[&str]| {
        let url = lab.url();
        lab.env.run(&[&["--repo", "../clone", "pull", &url, "misc-next-4"], more].concat())
    };
    let run = pull(&[]);
    assert_eq!((run.code, lab.state()), (4, before), "{run}");
    let is_of_files = |line: &&str| line.contains("files  ") || line.contains(": ");
    let told: String = run.stdout.split_inclusive('\n').filter(is_of_files).collect();
    insta::assert_snapshot!(told, @"
    fail  files              2 findings in 4 commits
          .cargo/config.toml: tools and editors read .cargo by themselves
          build.rs: cargo, rustup or rust-analyzer reads it in folders above a package
    ");
    let run = pull(&["--allow-file", "build.rs"]);
    assert!(run.code == 4 && !run.stdout.contains("build.rs:"), "{run}");
    pull(&["--allow-file", "build.rs", "--allow-file", ".cargo/config.toml"]).ok();
}

#[test]
fn a_gpg_key_is_as_good() {
    let env = Env::new();
    if !sign_with_gpg(&env) {
        return;
    }
    let lab = Lab::signed(env);
    let run = lab.pull(&lab.mail(), &[]).ok();
    assert!(run.stderr.contains("note: signed by tester@drm-rust.example with the key "), "{run}");
    // Whose key is not at hand cannot be verified.
    fs::rename(lab.env.home().join(".gnupg"), lab.env.home().join("gone")).unwrap();
    lab.ours(&["branch", "--quiet", "--force", "drm-rust-next", "drm-rust-next^1"]);
    lab.refused(&lab.mail(), 4, "fail  signature");
}

/// Gpg as the person has it.
fn gpg(env: &Env, args: &[&str], input: &str) -> String {
    let mut command = env.command("gpg");
    command.args(["--batch", "--quiet", "--yes"]).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "gpg {args:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_gpg_key_that_may_be_anybody_s_needs_a_word() {
    let env = Env::new();
    if !sign_with_gpg(&env) {
        return;
    }
    let lab = Lab::signed(env);
    let mail = lab.mail();
    let list = gpg(&lab.env, &["--list-keys", "--with-colons"], "");
    let key = list.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':').to_owned();
    // The key is here, and nobody has said whose it is.
    gpg(&lab.env, &["--import-ownertrust"], &format!("{key}:2:\n"));
    lab.refused(&mail, 4, "the signature is good, but nobody has said whose key it is: tester@drm-rust.example with");
    let run = lab.pull(&mail, &["--dry-run", "--override", "signature=compared on the phone"]).ok();
    assert!(run.stdout.contains("- signature: compared on the phone") && !run.stderr.contains("signed by"), "{run}");
    // That trees.toml names the key says who may sign, not whose the key is.
    lab.signers(&format!("signers = ['{key}']"));
    lab.refused(&mail, 4, "nobody has said whose key it is");
    gpg(&lab.env, &["--import-ownertrust"], &format!("{key}:6:\n"));
    lab.pull(&mail, &["--dry-run"]).ok();
    lab.signers("signers = ['0123456789ABCDEF0123456789ABCDEF01234567']");
    lab.refused(
        &mail,
        4,
        &format!("trees.toml names others as signers of misc, not tester@drm-rust.example with the key {key}"),
    );
    // A name is none: anybody can give it to a key.
    lab.signers("signers = ['tester@drm-rust.example']");
    lab.refused(&mail, 4, "trees.toml names others as signers of misc");
    lab.signers(&format!("signers = ['{key}']"));
    // The keys of other years, and those that were taken back.
    gpg(&lab.env, &["--quick-set-expire", &key, "seconds=1"], "");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    lab.refused(&mail, 4, "the key of the signature has expired");
    gpg(&lab.env, &["--quick-set-expire", &key, "0"], "");
    lab.pull(&mail, &["--dry-run"]).ok();
    let revoke = lab.env.home().join(format!(".gnupg/openpgp-revocs.d/{key}.rev"));
    let text = fs::read_to_string(revoke).unwrap().replace(":-----BEGIN", "-----BEGIN");
    gpg(&lab.env, &["--import"], &text);
    lab.refused(&mail, 4, "the key of the signature is revoked");
}

#[test]
fn a_tree_names_who_signs() {
    let lab = Lab::new();
    let mail = lab.mail();
    let run = lab.pull(&mail, &["--dry-run"]).ok();
    assert!(run.stderr.contains("is no tree of scripts/drm-rust/trees.toml\nnote: signed by tester@drm-rust"), "{run}");
    lab.signers("");
    let run = lab.pull(&mail, &["--dry-run"]).ok();
    assert!(run.stderr.contains("is misc; trees.toml does not say who signs its tags"), "{run}");
    let list = lab.env.command("ssh-keygen").args(["-l", "-f"]).arg(lab.env.home().join("key.pub")).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let key = list.split_whitespace().nth(1).unwrap();
    for good in [key, "tester@drm-rust.example"] {
        lab.signers(&format!("signers = ['other@drm-rust.example', '{good}']"));
        let run = lab.pull(&mail, &["--dry-run"]).ok();
        assert!(run.stderr.contains(&format!("note: signed by tester@drm-rust.example with the key {key}")), "{run}");
    }
    lab.signers("signers = ['other@drm-rust.example']");
    lab.refused(
        &mail,
        4,
        "trees.toml names others as signers of misc, not tester@drm-rust.example with the key SHA256:",
    );
    lab.pull(&mail, &["--dry-run", "--override", "signer=a new maintainer, told on the list"]).ok();
    lab.signers("signers = ['tester']");
    lab.refused(&mail, 1, "`tester` is no signer: give a fingerprint, or a principal such as name@host");
    // A key that the person's list has for nobody.
    lab.signers(&format!("signers = ['{key}']"));
    fs::write(lab.env.home().join("signers"), "other@drm-rust.example ssh-ed25519 AAAA\n").unwrap();
    lab.refused(&mail, 4, "nobody has said whose key it is: the key SHA256:");
}

#[test]
fn a_tag_of_a_tag_is_told() {
    let lab = Lab::new();
    lab.theirs(&["tag", "-s", "-m", "outer", "outer", TAG]);
    lab.theirs(&["push", "--quiet", lab.public.to_str().unwrap(), "outer"]);
    let run = lab.env.run(&["--repo", "../clone", "pull", &lab.url(), "outer"]);
    assert!(run.code == 4 && run.stdout.contains("the tag names a tag, not the commit that would be merged"), "{run}");
}

#[test]
fn the_diffstat_is_compared_file_by_file() {
    let lab = Lab::new();
    fs::create_dir_all(lab.neighbour.join("a/folder/with/a/name/that/no/column/of/a/mail/has/room/for")).unwrap();
    lab.change("a/folder/with/a/name/that/no/column/of/a/mail/has/room/for/it.c", "int it;\nint is;\n", "misc: add it");
    lab.change("other.c", "int other;\n", "misc: add other");
    lab.theirs(&["mv", "Makefile", "Kbuild"]);
    lab.theirs(&["update-index", "--chmod=+x", "other.c"]);
    lab.change("logo.bin", "\0\0", "misc: move");
    lab.theirs(&["tag", "--delete", TAG]);
    lab.theirs(&["push", "--quiet", "--delete", lab.public.to_str().unwrap(), TAG]);
    lab.tag(TAG, "HEAD");
    let mail = lab.mail();
    assert!(
        mail.contains(" .../") && mail.contains(" Makefile => Kbuild ") && mail.contains("| Bin 0 -> 2 bytes"),
        "{mail}"
    );
    lab.pull(&mail, &["--dry-run"]).ok();
    // The sums are the same each time.
    lab.refused(&mail.replace(" other.c ", " MAINTAINERS "), 4, "the mail lists `MAINTAINERS | 1 +`, which is not so");
    lab.refused(&mail.replace(" other.c ", " MAINTAINERS "), 4, "the mail does not list `other.c | 1 +`");
    lab.refused(&mail.replacen("/it.c ", "/ti.c ", 1), 4, "/ti.c | 2 +`, which is not so");
    lab.refused(&mail.replace("Makefile => Kbuild ", "Makefile => Kconfig"), 4, "Makefile => Kconfig");
    lab.refused(
        &mail.replace("mode 100755 other.c", "mode 100644 other.c"),
        4,
        "`create mode 100644 other.c`, which is",
    );
    lab.refused(&mail.replace("Bin 0 -> 2 bytes", "Bin 0 -> 3 bytes"), 4, "Bin 0 -> 3 bytes");
}

#[test]
fn killing_leaves_the_clone_old_or_new() {
    let lab = Lab::new();
    lab.ours(&["switch", "--quiet", "drm-rust-next"]);
    let old = lab.ours(&["rev-parse", "drm-rust-next"]);
    let start = Instant::now();
    lab.pull(&lab.mail(), &[]).ok();
    let (whole, mut random) = (start.elapsed(), Random::new());
    let (mut olds, mut news) = (0, 0);
    for round in 0..48 {
        lab.ours(&["reset", "--quiet", "--hard", &old]);
        kill_after(&lab.env, &PULL, &lab.clone.join(".git/drm-rust.lock"), random.delay(whole));
        let now = lab.ours(&["rev-parse", "drm-rust-next"]);
        let is_old = now == old;
        assert!(is_old || lab.ours(&["rev-parse", "drm-rust-next^1"]) == old, "round {round}");
        assert_eq!(lab.ours(&["status", "--porcelain", "--untracked-files=all"]), "", "round {round}");
        assert_eq!(lab.clone.join("misc.c").exists(), !is_old, "round {round}");
        assert_eq!(lab.ours(&["fsck", "--connectivity-only", "--no-dangling"]), "", "round {round}");
        if is_old {
            olds += 1;
            lab.pull(&lab.mail(), &[]).ok();
        } else {
            news += 1;
        }
    }
    println!("{olds} kills left the old state, {news} the new one");
    assert!(olds > 5 && news > 1, "the kills did not hit: {olds} old, {news} new");
}

/// A clone with upstream's branches as a remote has them.
pub(crate) fn upstream() -> (Env, PathBuf) {
    let env = Env::new();
    let path = "scripts/drm-rust/trees.toml";
    let text = fs::read_to_string(env.root().join(path)).unwrap();
    env.write(path, &(text + "[tree.linus]\nhttps = ['https://git.example/linus.git']\n"));
    let clone = env.clone_of_linux("clone");
    let git = |args: &[&str]| env.git_in(&clone, args);
    for name in ["drm", "linus"] {
        git(&["remote", "add", name, &format!("https://git.example/{name}.git")]);
    }
    for name in ["drm-rust-next", "drm-rust-fixes", "drm-rust-next-fixes"] {
        git(&["branch", name]);
    }
    git(&["tag", "v9.9"]);
    commit(&env, &clone, "a");
    git(&["tag", "v9.10-rc1"]);
    git(&["update-ref", "refs/remotes/linus/master", "HEAD"]);
    commit(&env, &clone, "b");
    git(&["update-ref", "refs/remotes/drm/drm-next", "HEAD"]);
    (env, clone)
}

fn commit(env: &Env, clone: &Path, name: &str) {
    fs::write(clone.join(name), name).unwrap();
    env.git_in(clone, &["add", name]);
    env.git_in(clone, &["commit", "--quiet", "-m", &format!("{name}: add")]);
}

#[test]
fn a_backmerge_has_a_reason_and_is_in_the_tip() {
    let (env, clone) = upstream();
    let run =
        |more: &[&str]| env.run(&[&["--repo", "../clone", "backmerge", "--why", "For the new API."], more].concat());
    let refused = run(&["drm"]);
    assert!(refused.code == 4 && refused.stdout.contains("there is no drm-rust-tip"), "{refused}");
    env.git_in(&clone, &["branch", "drm-rust-tip", "v9.10-rc1"]);
    let refused = run(&["drm"]);
    assert!(refused.code == 4 && refused.stdout.contains("drm-rust-tip does not have it yet"), "{refused}");
    let done = run(&["linus", "v9.10-rc1"]).ok();
    assert!(done.stderr.starts_with("merged v9.10-rc1 into drm-rust-next, which is at "), "{done}");
    let message = env.git_in(&clone, &["log", "-1", "--format=%B", "drm-rust-next"]);
    assert_eq!(message.trim_end(), format!("Merge v9.10-rc1 into drm-rust-next\n\nFor the new API.\n\n{SIGNED}"));
    assert!(run(&["linus"]).stderr.starts_with("error: drm-rust-next has everything of linus/master already"));
    for other in [&["drm", "drm-misc-next"][..], &["drm-rust"], &["linus", "HEAD"], &["linus", "--", "--exec=id"]] {
        let run = run(other);
        assert!(run.code == 2 && run.stderr.contains("is not merged back\nhint: these are: linus, "), "{run}");
    }
    assert_eq!(env.run(&["--repo", "../clone", "backmerge", "drm", "--why", ""]).code, 2);
}

#[test]
fn fixes_branches_move_only_to_where_their_fixes_are() {
    let (env, clone) = upstream();
    let run = |more: &[&str]| env.run(&[&["--repo", "../clone", "fast-forward"], more].concat());
    let git = |args: &[&str]| env.git_in(&clone, args);
    let dry = run(&["drm-rust-fixes", "--dry-run"]).ok();
    assert!(dry.stderr.starts_with("would move drm-rust-fixes from "), "{dry}");
    let moved = run(&["drm-rust-fixes"]).ok();
    assert!(moved.stderr.ends_with(", v9.10-rc1\n"), "{moved}");
    assert_eq!(git(&["rev-parse", "drm-rust-fixes"]), git(&["rev-parse", "v9.10-rc1"]));
    assert!(run(&["drm-rust-fixes", "v9.9"]).stderr.contains("has everything of v9.9 already"));
    // drm-next is past -rc1.
    let past = run(&["drm-rust-next-fixes"]);
    assert!(past.code == 1 && past.stderr.contains("error: drm-rust-next-fixes must not go past v9.10-rc1"), "{past}");
    git(&["tag", "v9.10-rc6"]);
    run(&["drm-rust-next-fixes"]).ok();
    assert_eq!(git(&["rev-parse", "drm-rust-next-fixes"]), git(&["rev-parse", "drm/drm-next"]));
    // A fix that Linus does not have yet.
    git(&["switch", "--quiet", "drm-rust-fixes"]);
    commit(&env, &clone, "fix");
    let ahead = run(&["drm-rust-fixes"]);
    assert!(
        ahead.code == 1
            && ahead.stderr.contains("has commits that v9.10-rc6 lacks:\n  ")
            && ahead.stderr.contains(" fix: add\n"),
        "{ahead}"
    );
    let other = run(&["drm-rust-next"]);
    assert!(other.code == 2 && other.stderr.contains("drm-rust-next is not fast-forwarded"), "{other}");
}

#[test]
fn the_branches_of_linux_are_left_to_the_topics() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let before = env.refs();
    for args in [
        &["pull", "https://git.example/x.git", "y"][..],
        &["backmerge", "drm", "--why", "x"],
        &["fast-forward", "drm-rust-fixes"],
    ] {
        let run = env.run(args);
        assert!(
            run.code == 1 && run.stderr.starts_with("error: the branches of linux/ are made from the topics"),
            "{run}"
        );
    }
    assert_eq!(env.refs(), before);
}
