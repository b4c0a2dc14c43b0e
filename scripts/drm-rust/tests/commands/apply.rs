// SPDX-License-Identifier: GPL-2.0-only

//! `apply`: series of mails become patches of a topic. b4 is the real one, without network.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::absorb;
use crate::env::{Env, Run, hide_ids};

/// A made tree; git knows who applies from the environment.
pub(crate) fn env() -> Env {
    let env = absorb::env();
    env.linux_git(&["switch", "--quiet", "drm-rust-next"]);
    env
}

/// A mail of a series by B. Dev.
pub(crate) fn mail(subject: &str, id: &str, body: &str, diff: &str) -> String {
    format!(
        "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: B. Dev <b@dev.example>\nTo: list@lists.example\n\
         Subject: {subject}\nMessage-ID: <{id}@dev.example>\nDate: Fri, 2 Jan 2026 10:00:00 +0100\n\n\
         {body}\n\nSigned-off-by: B. Dev <b@dev.example>\n---\n{diff}-- \n2.47.0\n\n"
    )
}

pub(crate) fn new_file(path: &str, line: &str) -> String {
    format!(
        "diff --git a/{path} b/{path}\nnew file mode 100644\nindex 000000000000..111111111111\n--- /dev/null\n\
         +++ b/{path}\n@@ -0,0 +1 @@\n+{line}\n"
    )
}

const LIB: &str = "\
diff --git a/rust/kernel/lib.rs b/rust/kernel/lib.rs
index 111111111111..222222222222 100644
--- a/rust/kernel/lib.rs
+++ b/rust/kernel/lib.rs
@@ -2,3 +2,4 @@ pub mod alloc;
 pub mod alpha;
 pub mod page;
 pub mod xarray;
+pub mod zeta;
";

/// Two patches and a review.
fn series(version: &str) -> String {
    let id = |n: u32| format!("zeta{}-{n}", version.trim());
    let reply = format!(
        "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: R. Viewer <r@dev.example>\nSubject: Re: [PATCH{version} 2/2] rust: zeta: use it\n\
         Message-ID: <r{0}@dev.example>\nIn-Reply-To: <{0}@dev.example>\nReferences: <{0}@dev.example>\n\
         Date: Fri, 2 Jan 2026 12:00:00 +0100\n\nGood.\n\nReviewed-by: R. Viewer <r@dev.example>\n\n",
        id(2)
    );
    mail(
        &format!("[PATCH{version} 1/2] rust: zeta: add the zeta module"),
        &id(1),
        "Drivers need zeta.",
        &new_file("rust/kernel/zeta.rs", "//! Zeta."),
    ) + &mail(&format!("[PATCH{version} 2/2] rust: zeta: use it"), &id(2), "Now it is used.", LIB)
        + &reply
}

fn apply(env: &Env, mails: &str, args: &[&str]) -> Run {
    fs::write(env.home().join("series.mbx"), mails).unwrap();
    let path = env.home().join("series.mbx").display().to_string();
    env.run(&[&["apply", "rust/alpha", &path], args].concat())
}

/// What a series says that must not change anything.
#[track_caller]
fn refused(env: &Env, mails: &str) -> String {
    let state =
        |env: &Env| (env.refs(), env.git(&["status", "--porcelain"]), env.linux_git(&["status", "--porcelain"]));
    let before = state(env);
    let run = apply(env, mails, &["--quiet"]);
    assert_ne!(run.code, 0, "{run}");
    assert_eq!(state(env), before);
    hide_ids(&run.stderr)
}

#[test]
fn a_series_becomes_patches() {
    let env = env();
    let dry = apply(&env, &series(" v2"), &["--dry-run"]).ok();
    assert_eq!(env.git(&["status", "--porcelain"]), "");
    assert!(dry.stdout.contains("+subject = \"rust: zeta: use it\""), "{dry}");
    insta::assert_snapshot!(hide_ids(&apply(&env, &series(" v2"), &[]).ok().to_string()), @"
    ----- stderr
    b4: Running in OFFLINE mode
    b4: Analyzing 3 messages in the thread
    b4: Checking attestation on all messages, may take a moment...
    b4:   [PATCH v2 1/2] rust: zeta: add the zeta module
    b4:     + Link: https://patch.msgid.link/zetav2-1@dev.example
    b4:     + Signed-off-by: Tester <tester@drm-rust.example>
    b4:   [PATCH v2 2/2] rust: zeta: use it
    b4:     + Reviewed-by: R. Viewer <r@dev.example>
    b4:     + Link: https://patch.msgid.link/zetav2-2@dev.example
    b4:     + Signed-off-by: Tester <tester@drm-rust.example>
    b4: Total patches: 2
    b4:  Link: https://patch.msgid.link/zetav2-1@dev.example
    adds rust: zeta: add the zeta module
    adds rust: zeta: use it
    wrote rust/kernel/zeta.rs
    wrote scripts/drm-rust/topics/rust/alpha.toml
    drm-rust-next: ID -> ID
    topic/rust/alpha: ID -> ID
    ----- exit 0
    ");
    env.git(&["add", "--all"]);
    insta::assert_snapshot!(env.git(&["diff", "--cached", "--unified=0", "--", "scripts"]), @r#"
    diff --git a/scripts/drm-rust/topics/rust/alpha.toml b/scripts/drm-rust/topics/rust/alpha.toml
    index cbc59fb..ccf8c4a 100644
    --- a/scripts/drm-rust/topics/rust/alpha.toml
    +++ b/scripts/drm-rust/topics/rust/alpha.toml
    @@ -23,0 +24,35 @@ pub mod alpha;
    +
    +[[patch]]
    +subject = "rust: zeta: add the zeta module"
    +author = "B. Dev <b@dev.example>"
    +date = 2026-01-02T09:00:00Z
    +body = """
    +Drivers need zeta.
    +"""
    +trailers = [
    +    "Signed-off-by: B. Dev <b@dev.example>",
    +    "Link: https://patch.msgid.link/zetav2-1@dev.example",
    +    "Signed-off-by: Tester <tester@drm-rust.example>",
    +]
    +files = ["rust/kernel/zeta.rs"]
    +
    +[[patch]]
    +subject = "rust: zeta: use it"
    +author = "B. Dev <b@dev.example>"
    +date = 2026-01-02T09:00:00Z
    +body = """
    +Now it is used.
    +"""
    +trailers = [
    +    "Signed-off-by: B. Dev <b@dev.example>",
    +    "Reviewed-by: R. Viewer <r@dev.example>",
    +    "Link: https://patch.msgid.link/zetav2-2@dev.example",
    +    "Signed-off-by: Tester <tester@drm-rust.example>",
    +]
    +
    +[[patch.edit]]
    +file = "rust/kernel/lib.rs"
    +after = "pub mod xarray;"
    +insert = """
    +pub mod zeta;
    +"""
    "#);
    assert_eq!(fs::read_to_string(env.root().join("rust/kernel/zeta.rs")).unwrap(), "//! Zeta.\n");
    assert_eq!(fs::read_to_string(env.linux("rust/kernel/zeta.rs")).unwrap(), "//! Zeta.\n");
    insta::assert_snapshot!(env.linux_git(&["log", "--format=%an <%ae> %aI%n%B", "-1", "topic/rust/alpha"]), @"
    B. Dev <b@dev.example> 2026-01-02T09:00:00Z
    rust: zeta: use it

    Now it is used.

    Signed-off-by: B. Dev <b@dev.example>
    Reviewed-by: R. Viewer <r@dev.example>
    Link: https://patch.msgid.link/zetav2-2@dev.example
    Signed-off-by: Tester <tester@drm-rust.example>
    Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>
    ");
    assert!(env.run(&["tree"]).ok().stderr.contains("is up to date"));
    // A second time, the patches do not apply.
    insta::assert_snapshot!(refused(&env, &series(" v2")), @r#"
    error: patch 1/2 ("rust: zeta: add the zeta module") does not apply:
      rust/kernel/zeta.rs: already exists in index
    hint: nothing was changed. Apply it with git (`b4 shazam -H -s -l` merges at the series' base), settle
          it on the topic's branch, and run `drm-rust absorb`
    "#);
}

#[test]
fn the_revision_is_that_which_was_asked_for() {
    let both = |newest: &[&str]| {
        let env = env();
        let second = series(" v2").replace("Drivers need zeta", "Many drivers need zeta");
        let run = apply(&env, &(series("") + &second), newest).ok();
        assert!(run.stderr.contains("b4: "), "{run}");
        env.linux_git(&["log", "--format=%b", "-1", "topic/rust/alpha~1"])
    };
    assert!(both(&[]).starts_with("Drivers need zeta."));
    assert!(both(&["--newest"]).starts_with("Many drivers need zeta."));
}

#[test]
fn a_series_from_standard_input() {
    let env = env();
    let mut command = env.drm_rust(&["apply", "rust/alpha", "-"]);
    fs::write(env.home().join("s"), series("").strip_prefix("From mboxrd@z Thu Jan  1 00:00:00 1970\n").unwrap())
        .unwrap();
    let output = command.stdin(fs::File::open(env.home().join("s")).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(env.linux_git(&["log", "--format=%s", "base..topic/rust/alpha"]).lines().count(), 3);
}

/// An archive on loopback, as public-inbox has it, that knows the thread of one message. Gives its mask for b4.
fn archive(id: &str, thread: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mask = format!("http://{}/list/%s", listener.local_addr().unwrap());
    let wanted = format!("/list/{}/t.mbox.gz", id.replace('@', "%40"));
    let mut mailbox = GzEncoder::new(Vec::new(), Compression::default());
    mailbox.write_all(thread.as_bytes()).unwrap();
    let mailbox = mailbox.finish().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines: Vec<_> =
                BufReader::new(&stream).lines().map_while(Result::ok).take_while(|l| !l.is_empty()).collect();
            let is_known = lines.first().is_some_and(|line| line.split(' ').nth(1) == Some(&wanted));
            let (status, body) = if is_known { ("200 OK", &mailbox[..]) } else { ("404 Not Found", &[][..]) };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        }
    });
    mask
}

#[test]
fn a_series_from_an_archive() {
    let env = env();
    // The second patch and the next revision are answers to the first patch.
    let answers = |series: &str, ids: &[&str]| {
        ids.iter().fold(series.to_owned(), |series, id| {
            let header = format!("Message-ID: <{id}@dev.example>");
            series.replace(&header, &format!("In-Reply-To: <zetav2-1@dev.example>\n{header}"))
        })
    };
    let thread = answers(&series(" v2"), &["zetav2-2"]) + &answers(&series(" v3"), &["zetav3-1", "zetav3-2"]);
    let mask = archive("zetav2-2@dev.example", &thread);
    env.git(&["config", "--global", "b4.midmask", &mask]);
    let run = env.run(&["apply", "rust/alpha", "<zetav2-2@dev.example>"]).ok();
    assert!(run.stderr.contains("adds rust: zeta: use it"), "{run}");
    let message = env.linux_git(&["log", "-1", "--format=%b", "topic/rust/alpha"]);
    assert!(message.contains("Link: https://patch.msgid.link/zetav2-2@dev.example\n"), "{message}");
    let before = env.refs();
    let run = env.run(&["apply", "rust/alpha", "unknown@dev.example"]);
    assert_eq!((run.code, env.refs()), (1, before), "{run}");
    assert!(run.stderr.contains("error: b4 finds no patches"), "{run}");
}

#[test]
fn a_patch_that_does_not_apply_is_named_with_its_hunk() {
    let env = env();
    insta::assert_snapshot!(refused(&env, &series("").replace(" pub mod page;", " pub mod gone;")), @r#"
    error: patch 2/2 ("rust: zeta: use it") does not apply:
      rust/kernel/lib.rs: line 2: the hunk @@ -2,3 +2,4 @@ pub mod alloc;
      rust/kernel/lib.rs: patch does not apply
    hint: nothing was changed. Apply it with git (`b4 shazam -H -s -l` merges at the series' base), settle
          it on the topic's branch, and run `drm-rust absorb`
    "#);
}

#[test]
fn odd_mails_change_nothing() {
    let env = env();
    let one = |diff: &str| mail("[PATCH] rust: zeta: add it", "one", "Why.", diff);
    // A patch of the series is missing.
    insta::assert_snapshot!(refused(&env, series("").split_inclusive("2.47.0\n\n").next().unwrap()), @"
    error: the series has 2 patches, and of these are missing: 2
    hint: get the whole thread, for example with `b4 mbox ID`; a part of a series is not applied
    ");
    // Cut short.
    let whole = one(LIB);
    insta::assert_snapshot!(refused(&env, &whole[..whole.find("+pub mod zeta").unwrap()]), @r#"
    error: patch 1/1 ("rust: zeta: add it"): corrupt patch at line 10
    hint: save the mail as it was sent; a mail that was cut short cannot be used
    "#);
    insta::assert_snapshot!(refused(&env, &one("")), @"
    error: b4 finds no patches
      Running in OFFLINE mode
      Analyzing 1 messages in the thread
      Unable to find revision 1
    hint: save the mails as they are, with all headers: patches need From, Subject and Date
    ");
    insta::assert_snapshot!(refused(&env, "not a mail at all\n"), @"
    error: b4 finds no patches
      Running in OFFLINE mode
      Analyzing 1 messages in the thread
      No patches found.
    hint: save the mails as they are, with all headers: patches need From, Subject and Date
    ");
    insta::assert_snapshot!(refused(&env, ""), @"
    error: this is no mail: it has no headers
    hint: save the mail with all its headers, for example with `b4 mbox --single-message ID`
    ");
    // A date that git has none of.
    insta::assert_snapshot!(refused(&env, &whole.replace("Fri, 2 Jan 2026", "Wed, 31 Dec 1969")), @r#"
    error: patch 1/1 ("rust: zeta: add it"): its Date is before 1970
    hint: save the mail as it was sent; a mail that was cut short cannot be used
    "#);
    // Paths that no patch may have.
    insta::assert_snapshot!(refused(&env, &one(&new_file("../evil", "x"))), @r#"
    error: patch 1/1 ("rust: zeta: add it"): invalid path '../evil'
    hint: save the mail as it was sent; a mail that was cut short cannot be used
    "#);
    insta::assert_snapshot!(refused(&env, &one(&new_file("rust/.git/config", "x"))), @r#"
    error: patch 1/1 ("rust: zeta: add it"): invalid path 'rust/.git/config'
    hint: save the mail as it was sent; a mail that was cut short cannot be used
    "#);
    insta::assert_snapshot!(refused(&env, &one(&new_file("scripts/drm-rust/src/lib.rs", "x"))), @r#"
    error: patch 1/1 ("rust: zeta: add it"): scripts/drm-rust/src/lib.rs: the overlay cannot have a file there
    hint: files of topics are below a folder of Linux; scripts/drm-rust, build and linux are the repository's own
    "#);
    assert!(!env.root().join("scripts/drm-rust/src").exists());
    // b4 is a program of many lines, and gives none of them for this date.
    insta::assert_snapshot!(refused(&env, &whole.replace("10:00:00", "10:00:60")), @"
    error: b4 cannot read the mails: ValueError: second must be in 0..59
    hint: nothing was changed. Look at the headers of the mails, or run `b4 --debug am` with them by hand
    ");
    // The author did not sign it off.
    insta::assert_snapshot!(refused(&env, &whole.replace("Signed-off-by: B. Dev <b", "Signed-off-by: A. Other <a")), @r#"
    error: the series cannot be patches of rust/alpha:
      patch 1/1 ("rust: zeta: add it"): trailers: no Signed-off-by of the author B. Dev <b@dev.example>
        hint: add "Signed-off-by: B. Dev <b@dev.example>", in the author's name only (see the Developer's Certificate of Origin)
    hint: nothing was changed. Ask the author for another revision; or take it with `git am` onto the topic's
          branch in linux/, correct it there, and run `drm-rust absorb`
    "#);
}

#[test]
fn nothing_of_a_mail_is_run() {
    let env = env();
    let evil = "rust: zeta: $(touch evil) `touch evil` ; touch evil";
    let text = mail(&format!("[PATCH] {evil}"), "a$(touch_evil)", "$(touch evil)\n\nLink: $(touch evil)", LIB);
    let run = apply(&env, &text, &[]);
    for dir in [env.root(), env.home(), env.linux("")] {
        assert!(!dir.join("evil").exists(), "{run}");
    }
    for id in ["--upload-pack=x@y", "a$(id)@x", "no-such-file"] {
        let run = env.run(&["apply", "rust/alpha", "--", id]);
        assert_eq!(run.code, 2, "{run}");
    }
}

#[test]
fn odd_charsets_arrive_as_utf_8() {
    let env = env();
    let text = mail("[PATCH] rust: zeta: add it", "latin", "Gr\u{fc}\u{df}e.", LIB);
    let text = text
        .replace("To: list", "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\nTo: list");
    let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let path = env.home().join("latin.mbx");
    fs::write(&path, bytes).unwrap();
    env.run(&["apply", "rust/alpha", path.to_str().unwrap()]).ok();
    assert!(env.linux_git(&["log", "-1", "--format=%b", "topic/rust/alpha"]).starts_with("Grüße."));
}

#[test]
fn commits_of_a_person_are_absorbed_first() {
    let env = env();
    env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
    env.linux_git(&["commit", "--quiet", "--amend", "--no-edit"]);
    insta::assert_snapshot!(refused(&env, &series("")), @"
    error: topic/rust/alpha has commits that the manifest lacks
    hint: take these first: drm-rust absorb rust/alpha
    ");
    env.run(&["absorb", "rust/alpha"]).ok();
    apply(&env, &series(""), &[]).ok();
}

/// What the branch says after the mails of a file were applied.
#[track_caller]
fn message_of(mails: &[u8]) -> String {
    let env = env();
    let path = env.home().join("mails");
    fs::write(&path, mails).unwrap();
    env.run(&["apply", "rust/alpha", path.to_str().unwrap()]).ok();
    env.linux_git(&["log", "-1", "--format=%B", "topic/rust/alpha"])
}

const FROM_LINES: &str = "From userspace nothing changes.\n>From what I know.\n>>From y.";

/// A mail whose text has lines that begin with `From `.
fn from_lines() -> String {
    let text = mail("[PATCH] rust: zeta: add it", "one", FROM_LINES, LIB);
    text.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn mailboxes_of_every_kind_are_read() {
    let sent = from_lines();
    let quoted = |line: &str| {
        if line.trim_start_matches('>').starts_with("From ") { format!(">{line}") } else { line.to_owned() }
    };
    let rd = sent.lines().map(quoted).collect::<Vec<_>>().join("\n") + "\n";
    let o = sent.replace("\nFrom user", "\n>From user");
    let mailboxes = [
        sent.clone(),
        format!("From mboxrd@z Thu Jan  1 00:00:00 1970\n{rd}\n"),
        format!("From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n{sent}\n"),
    ];
    for mailbox in &mailboxes {
        let message = message_of(mailbox.as_bytes());
        assert!(message.contains(&format!("\n\n{FROM_LINES}\n\n")), "{mailbox}\n{message}");
    }
    // mboxo does not tell a `>` of its own from one that was there.
    let o = format!("From b@dev.example Fri Jan  2 10:00:00 2026\n{o}\n");
    for mailbox in [o.replace('\n', "\r\n"), o] {
        let message = message_of(mailbox.as_bytes());
        assert!(message.contains("\n\nFrom userspace nothing changes.\nFrom what I know.\n>>From y.\n\n"), "{message}");
    }
}

#[test]
fn a_maildir_is_read() {
    let env = env();
    let dir = env.home().join("Maildir");
    for name in ["cur", "new", "tmp"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
    let (first, second) = (series("").replace("Drivers need zeta.", FROM_LINES), series(""));
    let mails = |text: &str| -> Vec<String> {
        text.split("From mboxrd@z Thu Jan  1 00:00:00 1970\n").skip(1).map(|mail| mail.replace('\n', "\r\n")).collect()
    };
    // The order of files says nothing.
    fs::write(dir.join("cur/2:2,S"), &mails(&first)[0]).unwrap();
    fs::write(dir.join("new/1"), &mails(&second)[1]).unwrap();
    env.run(&["apply", "rust/alpha", dir.to_str().unwrap()]).ok();
    let log = env.linux_git(&["log", "--format=%s%n%b", "base..topic/rust/alpha"]);
    assert!(log.starts_with("rust: zeta: use it") && log.contains(FROM_LINES), "{log}");
    insta::assert_snapshot!(env.run(&["apply", "rust/alpha", env.home().to_str().unwrap()]), @"
    ----- stderr
    error: $DIR/home is a folder, but no Maildir
    hint: a Maildir has the folders cur, new and tmp. Files of `git format-patch` are read from standard
          input: cat *.patch | drm-rust …
    ----- exit 2
    ");
}

#[test]
fn what_git_format_patch_writes_is_read() {
    let env = env();
    env.linux_git(&["switch", "--quiet", "--detach", "base"]);
    for name in ["eta", "theta"] {
        fs::write(env.linux(&format!("rust/kernel/{name}.rs")), "//! A file.\n").unwrap();
        env.linux_git(&["add", "--all"]);
        let message = format!("rust: {name}: add it\n\nWhy.\n\nFrom userspace nothing changes.");
        env.linux_git(&["commit", "--quiet", "--signoff", "--message", &message]);
    }
    let mails = env.linux_git(&["format-patch", "-2", "--stdout", "-v3"]) + "\n";
    env.linux_git(&["switch", "--quiet", "drm-rust-next"]);
    assert!(!mails.contains("Message-ID"));
    let run = apply(&env, &mails, &["--quiet"]).ok();
    assert_eq!(run.stderr, "");
    insta::assert_snapshot!(env.linux_git(&["log", "--format=%B", "-2", "topic/rust/alpha"]), @"
    rust: theta: add it

    Why.

    From userspace nothing changes.

    Signed-off-by: Tester <tester@drm-rust.example>
    Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>

    rust: eta: add it

    Why.

    From userspace nothing changes.

    Signed-off-by: Tester <tester@drm-rust.example>
    Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>
    ");
    env.run(&["undo"]).ok();
    let run = apply(&env, &mails, &["--dry-run"]).ok();
    assert!(run.stderr.contains("note: mails without a Message-ID get no Link:\n"), "{run}");
    assert!(!run.stderr.contains(".invalid"), "{run}");
}

#[test]
fn subjects_of_every_program_are_read() {
    let env = env();
    for subject in [
        "[PATCHv2] x",
        "[PATCH] [v2] x",
        "[PATCH][v2] x",
        "[v2,1/1] x",
        "[RFC PATCH v2] x",
        "[PATCH net-next,v2] x",
        "[PATCH [RESEND] v2 1/1] x",
    ] {
        let subject = subject.replace('x', "rust: zeta: add it");
        let run = apply(&env, &mail(&subject, "one", "Why.", LIB), &["--dry-run"]).ok();
        assert!(run.stderr.contains("adds rust: zeta: add it\n"), "{subject}: {run}");
    }
    let series = series(" v6").replace("v6 1/2", "v6,1/2").replace("v6 2/2", "v6,2/2");
    let run = apply(&env, &series, &["--dry-run"]).ok();
    assert!(
        run.stderr.contains("note: a subject is read as \"[PATCH v6 1/2] rust: zeta: add the zeta module\"\n"),
        "{run}"
    );
    assert!(run.stderr.contains("Reviewed-by: R. Viewer") && run.stderr.contains("adds rust: zeta: use it\n"), "{run}");
}

#[test]
fn a_patch_never_lands_elsewhere() {
    let env = env();
    let one = |diff: &str| mail("[PATCH] rust: zeta: add it", "one", "Why.", diff);
    // Without prefixes, `rust/` would go, and there is a folder kernel/ in Linux.
    insta::assert_snapshot!(refused(&env, &one(&new_file("rust/kernel/zeta.rs", "x").replace("a/rust", "rust").replace("b/rust", "rust"))), @r#"
    error: patch 1/1 ("rust: zeta: add it"): its paths do not begin with a/ and b/: `diff --git rust/kernel/zeta.rs rust/kernel/zeta.rs`
    hint: what is meant is not guessed. Ask for `git format-patch --default-prefix`, or take it with
          `git am -p0` onto the topic's branch in linux/, and run `drm-rust absorb`
    "#);
    insta::assert_snapshot!(refused(&env, &one(&LIB.replace("a/", "old/x/").replace("b/", "new/x/"))), @r#"
    error: patch 1/1 ("rust: zeta: add it"): its paths do not begin with a/ and b/: `diff --git old/x/rust/kernel/lib.rs new/x/rust/kernel/lib.rs`
    hint: what is meant is not guessed. Ask for `git format-patch --default-prefix`, or take it with
          `git am -p0` onto the topic's branch in linux/, and run `drm-rust absorb`
    "#);
    // Git goes by the lines below, whatever the first one says.
    insta::assert_snapshot!(refused(&env, &one(&LIB.replace("diff --git a/rust/kernel/lib.rs b/rust/kernel/lib.rs", "diff --git a/rust/zeta.rs b/rust/zeta.rs"))), @r#"
    error: patch 1/1 ("rust: zeta: add it"): its paths do not begin with a/ and b/: `rust/kernel/lib.rs`
    hint: what is meant is not guessed. Ask for `git format-patch --default-prefix`, or take it with
          `git am -p0` onto the topic's branch in linux/, and run `drm-rust absorb`
    "#);
    for (a, b) in [("i/", "w/"), ("c/", "i/"), ("b/", "a/")] {
        let prefixed = LIB.replace(" a/", " <").replace(" b/", &format!(" {b}")).replace(" <", &format!(" {a}"));
        apply(&env, &one(&prefixed), &["--dry-run"]).ok();
    }
}

#[test]
fn a_file_arrives_byte_for_byte() {
    let env = env();
    let diff = new_file("rust/kernel/zeta.rs", "+")
        .replace("@@ -0,0 +1 @@\n++\n", "@@ -0,0 +1,3 @@\n+one\r\n+Gr\u{fc}\u{df}e\n+two\r\n");
    let text = mail("[PATCH] rust: zeta: add it", "one", "Why.", &diff);
    let text =
        text.replace("To: list", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\nTo: list");
    let path = env.home().join("mails");
    fs::write(&path, text.chars().map(|c| c as u8).collect::<Vec<u8>>()).unwrap();
    env.run(&["apply", "rust/alpha", path.to_str().unwrap()]).ok();
    assert_eq!(fs::read(env.root().join("rust/kernel/zeta.rs")).unwrap(), b"one\r\nGr\xfc\xdfe\ntwo\r\n");
}

#[test]
fn bombs_are_refused_and_leave_nothing() {
    let env = env();
    let tmp = env.home().join("tmp");
    fs::create_dir(&tmp).unwrap();
    let head = mail("[PATCH] rust: zeta: add it", "one", "Why.", LIB);
    let (head, _) = head.split_once("\n\n").unwrap();
    let parts = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(300_000);
    for (bomb, why) in [
        (format!("{head}\n{parts}"), "the mail has 300000 parts"),
        (format!("{head}\n{}", "Content-Type: message/rfc822\n\n".repeat(300_000)), "the mail has 300000 parts"),
        (format!("{head}\nX: {}\n\nx\n", "y".repeat(8 << 20)), "bytes of headers"),
        (format!("{head}\nSubject: {}\n\nx\n", "[".repeat(50_000)), "subject has"),
        ("From x Fri Jan  2 10:00:00 2026\nA: b\n\n".repeat(100_000), "100000 mails"),
        ("x".repeat(17 << 20), "16777217 bytes"),
    ] {
        let path = env.home().join("series.mbx");
        fs::write(&path, bomb).unwrap();
        let start = std::time::Instant::now();
        let before = env.refs();
        let output =
            env.drm_rust(&["apply", "rust/alpha", path.to_str().unwrap()]).env("TMPDIR", &tmp).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && text.contains(why) && text.contains("hint: "), "{why}: {text}");
        assert_eq!((env.refs(), fs::read_dir(&tmp).unwrap().count()), (before, 0));
        assert!(start.elapsed().as_secs() < 20, "{why}");
    }
}

#[test]
fn what_would_be_executed_needs_a_word() {
    let env = env();
    let one = |path: &str| mail("[PATCH] rust: zeta: add it", "one", "Why.", &new_file(path, "x"));
    for path in [
        "rust/.cargo/config.toml",
        "scripts/.vscode/settings.json",
        "scripts/Cargo.toml",
        "scripts/rust-toolchain",
        "rust/kernel/build.rs",
        "tools/testing/.envrc",
    ] {
        let text = refused(&env, &one(path));
        assert!(text.contains(&format!("  patch 1/1 (\"rust: zeta: add it\"): {path}: ")), "{text}");
        assert!(text.contains(&format!("--allow-file {path}")), "{text}");
        assert!(!env.root().join(path).exists());
    }
    insta::assert_snapshot!(refused(&env, &one("rust/.cargo/config.toml")), @r#"
    error: needs a word of yours, as it would be executed:
      patch 1/1 ("rust: zeta: add it"): rust/.cargo/config.toml: tools and editors read .cargo by themselves
    hint: nothing was written. Read these files; then allow each of them by name: --allow-file rust/.cargo/config.toml
    "#);
    // A word for another file is no word for this one.
    let other = apply(&env, &one("scripts/Cargo.toml"), &["--allow-file", "rust/Cargo.toml"]);
    assert_eq!(other.code, 1, "{other}");
    apply(&env, &one("scripts/Cargo.toml"), &["--allow-file", "scripts/Cargo.toml"]).ok();
    assert!(env.root().join("scripts/Cargo.toml").exists());
    // What git takes for its own folder on some machine is no path.
    for path in ["rust/.GIT/config", "rust/git~1/config", "rust/.git./config"] {
        let text = refused(&env, &one(path));
        assert!(text.contains("invalid path") || text.contains("is not a clean path"), "{text}");
    }
}

#[test]
fn a_sign_off_has_many_forms() {
    for from in [
        "\"Dev, B.\" <b@dev.example>",
        "b@dev.example",
        "=?utf-8?B?QsOqYSBEw6l2?= <b@dev.example>",
        "\"Dev, B.\" <b@home.example>",
    ] {
        let env = env();
        let mail = mail("[PATCH] rust: zeta: add it", "one", "Why.", LIB)
            .replace("From: B. Dev <b@dev.example>", &format!("From: {from}"));
        apply(&env, &mail, &[]).ok();
        env.run(&["tree"]).ok();
        let review = env.run(&["review", "base..topic/rust/alpha"]);
        assert!(review.stdout.contains("pass  author-signoff "), "{from}: {review}");
    }
    let env = env();
    let long = format!("rust: zeta: add {}", "x".repeat(70));
    let run = apply(&env, &mail(&format!("[PATCH] {long}"), "one", "Why.", LIB), &[]).ok();
    assert!(run.stderr.contains("the subject has 86 characters; 75 are the most"), "{run}");
    env.run(&["tree"]).ok();
    let check = env.run(&["check", "rust/alpha", "--only", "subject"]);
    assert!(check.to_string().contains("the subject has 86 characters"), "{check}");
}

#[test]
fn b4_has_limits() {
    let env = env();
    let bin = env.home().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("b4"), "#!/bin/sh\nsleep 0.3\nulimit -t -v -f >&2\nulimit -v >&2\nexit 1\n").unwrap();
    fs::set_permissions(bin.join("b4"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(env.home().join("series.mbx"), series("")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mailbox = env.home().join("series.mbx").display().to_string();
    let output = env.drm_rust(&["apply", "rust/alpha", &mailbox]).env("PATH", path).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("\n  2097152\n"), "{text}");
}
