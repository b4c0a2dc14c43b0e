// SPDX-License-Identifier: GPL-2.0-only

//! `forward --dry-run`: the pull request, against what git itself writes.

use std::fs;

use crate::env::{ALPHA, Env};

#[test]
fn the_mail() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let run = env.run(&["forward", "--dry-run", "--for", "v9.10"]);
    insta::assert_snapshot!(run, @"
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
    drm-rust-next-2026-01-02 is ready to be signed; the mail is in build/forward/drm-rust-next-2026-01-02.eml
    ----- exit 0
    ");
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
    assert!(run.stderr.contains("drm-rust-next-2026-01-02-2 is ready"), "{run}");
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
fn nothing_is_sent_or_tagged() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let refs = env.refs();
    env.run(&["forward", "--dry-run"]).ok();
    assert_eq!(env.refs(), refs);
    assert_eq!(env.run(&["forward"]).code, 2);
}
