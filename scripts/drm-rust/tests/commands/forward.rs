// SPDX-License-Identifier: GPL-2.0-only

//! `forward --dry-run`: the pull request, against what git itself writes.

use std::fs;

use crate::env::{ALPHA, Env};

#[test]
fn the_mail() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let run = env.run(&["forward", "--dry-run", "--for", "v9.10"]);
    insta::assert_snapshot!(run, @r#"
    From: Tester <tester@drm-rust.example>
    To: Drm <drm@lists.example>
    Cc: rust@lists.example
    Subject: [PULL] drm-rust-next
    Date: Fri, 02 Jan 2026 00:00:00 +0000
    Message-ID: <drm-rust-next-2026-01-02.fc6606bebf3d@drm-rust.example>
    MIME-Version: 1.0
    Content-Type: text/plain; charset=UTF-8
    Content-Transfer-Encoding: 8bit

    Hi all,

    please pull the changes below.

    drm-rust-next for v9.10:

    Cross-subsystem Changes:
    - Alpha abstractions (topic/rust/alpha)
      What alpha is for.

    The following changes since commit f569386b48243855458e0fafe80616e32035116e:

      Linux 9.9 (2026-01-01 00:00:00 +0000)

    are available in the Git repository at:

      https://git.example/drm-rust.git tags/drm-rust-next-2026-01-02

    for you to fetch changes up to fc6606bebf3dd4a5174901657c123ab104b845e8:

      Merge branch 'topic/rust/alpha' into drm-rust-next (2026-01-02 03:04:05 +0000)

    ----------------------------------------------------------------
    drm-rust-next for v9.10:

    Cross-subsystem Changes:
    - Alpha abstractions (topic/rust/alpha)
      What alpha is for.

    ----------------------------------------------------------------
    DRM-Rust maintainers (2):
          rust: alpha: add the alpha module
          Merge branch 'topic/rust/alpha' into drm-rust-next

     rust/kernel/alpha.rs | 1 +
     rust/kernel/lib.rs   | 1 +
     2 files changed, 2 insertions(+)
     create mode 100644 rust/kernel/alpha.rs
    ----- stderr
    pass  clean              2 commits
    fail  check              1 finding in 2 commits
          no run of the checks has left results: `drm-rust check`
    fail  kunit              1 finding in 2 commits
          there are no results of KUnit on UML: `drm-rust test`
    fail  base               1 finding in 2 commits
          the base is imported and not Linus's commit: nobody could pull what stands on it (`drm-rust tree --base git:PATH#REV` takes the commit of a clone)
    pass  neighbours         2 commits
    pass  signature          2 commits
    pass  author             2 commits
    pass  author-signoff     2 commits
    pass  committer-signoff  2 commits
    fail  link               1 finding in 2 commits
          6fb5beffdeac ("rust: alpha: add the alpha module"): it has no `Link: https://patch.msgid.link/<message-id>`
    fail  reviewed           1 finding in 2 commits
          6fb5beffdeac ("rust: alpha: add the alpha module"): its committer is its author, and nobody else has reviewed or acked it
    pass  template           2 commits
    pass  fixes              2 commits
    pass  merge              2 commits
    pass  fixup              2 commits
    pass  cover-letter       2 commits
    note: as it is, check, kunit, base, link, reviewed would not pass
    drm-rust-next-2026-01-02 could be made; the mail is in build/forward/drm-rust-next-2026-01-02.eml
    ----- exit 0
    "#);
    let written = env.root().join("build/forward/drm-rust-next-2026-01-02.eml");
    assert_eq!(fs::read_to_string(written).unwrap(), run.stdout);
}

#[test]
fn the_body_is_what_git_request_pull_writes() {
    let env = Env::with_alpha();
    let mega = ALPHA.replace("alpha", "mega").replace("Alpha", "Mega").replace("pub mod alloc;", "pub mod page;");
    env.topic("drm/mega", &mega);
    env.write("rust/kernel/mega.rs", "//! Mega.\n");
    env.run(&["tree"]).ok();
    let mail = env.run(&["forward", "--dry-run"]).ok().stdout;
    // Git wants to see the tag where the mail says it is: a second repository plays that part.
    let remote = env.home().join("remote.git");
    env.linux_git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    let message = env.root().join("build/forward/drm-rust-next-2026-01-02.tag");
    env.linux_git(&["tag", "-a", "-F", message.to_str().unwrap(), "drm-rust-next-2026-01-02", "drm-rust-next"]);
    env.linux_git(&["push", "--quiet", remote.to_str().unwrap(), "drm-rust-next-2026-01-02"]);
    let gits = env.linux_git(&[
        "-c",
        "diff.algorithm=histogram",
        "request-pull",
        "base",
        remote.to_str().unwrap(),
        "drm-rust-next-2026-01-02",
    ]);
    let gits = gits.replace(remote.to_str().unwrap(), "https://git.example/drm-rust.git");
    let ours = &mail[mail.find("The following changes since").unwrap()..];
    assert_eq!(ours.trim_end(), gits.trim_end());
    // A tag that exists is not used twice.
    let run = env.run(&["forward", "--dry-run"]).ok();
    assert!(run.stderr.contains("drm-rust-next-2026-01-02-2 could be made"), "{run}");
}

#[test]
fn it_is_written_only_for_what_is_up_to_date() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["forward", "--dry-run"]), @"
    ----- stderr
    error: there is no tree yet: $DIR/checkout/linux is missing
    hint: `drm-rust tree` makes it
    ----- exit 1
    ");
    env.run(&["tree"]).ok();
    env.write("rust/kernel/alpha.rs", "//! Changed.\n");
    insta::assert_snapshot!(env.run(&["forward", "--dry-run"]), @"
    ----- stderr
    error: linux/ is not up to date: topic rust/alpha has changed
    hint: `drm-rust tree` brings it up to date
    ----- exit 1
    ");
    let env = Env::new();
    env.run(&["tree"]).ok();
    insta::assert_snapshot!(env.run(&["forward", "--dry-run"]), @"
    ----- stderr
    error: there is nothing to forward: drm-rust-next adds nothing to the base
    hint: `drm-rust topic list` shows the topics and their patches
    ----- exit 1
    ");
}

#[test]
fn nothing_is_sent_or_tagged_for_a_trial() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let refs = env.refs();
    env.run(&["forward", "--dry-run"]).ok();
    assert_eq!(env.refs(), refs);
    let run = env.run(&["forward"]);
    assert!(run.stderr.contains("error: no remote of $DIR/checkout/linux is drm-rust\n"), "{run}");
}
