// SPDX-License-Identifier: GPL-2.0-only

//! What is wrong with topics is said with file and key and a hint, and nothing changes.

use std::os::unix::fs::symlink;

use crate::env::{ALPHA, Env};

/// Runs `tree` on a broken checkout: it must fail and leave no tree.
fn refused(env: &Env) -> String {
    let run = env.run(&["tree"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(!env.root().join("linux").exists());
    run.stderr
}

/// A checkout whose topic `rust/alpha` has `from` replaced.
fn with(from: &str, to: &str) -> Env {
    assert!(ALPHA.contains(from), "{from}");
    let env = Env::with_alpha();
    env.topic("rust/alpha", &ALPHA.replace(from, to));
    env
}

#[test]
fn a_file_that_two_patches_claim() {
    let env = Env::with_alpha();
    env.topic("rust/second", &ALPHA.replace("pub mod alloc;", "pub mod page;"));
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/second.toml: patch[0].files[0]: rust/kernel/alpha.rs is claimed twice, first by scripts/drm-rust/topics/rust/alpha.toml (patch[0])
        hint: a file is added once; later patches change it by an [[patch.edit]]
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn a_file_that_nobody_claims() {
    let env = Env::with_alpha();
    env.write("rust/kernel/stray.rs", "");
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      rust/kernel/stray.rs: no topic claims this file
        hint: add it to `files` of the patch that adds it, or remove it
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn a_file_that_is_missing() {
    let env = Env::with_alpha();
    env.remove("rust/kernel/alpha.rs");
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].files: rust/kernel/alpha.rs does not exist
        hint: write the file, or correct its path
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn paths_that_escape() {
    let env =
        with(r#"files = ["rust/kernel/alpha.rs"]"#, r#"files = ["../secret", "/etc/passwd", "rust/kernel/alpha.rs"]"#);
    insta::assert_snapshot!(refused(&env), @"
    error: 2 problems in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].files[0]: `../secret` leaves the tree
        hint: use the path that it has in Linux
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].files[1]: `/etc/passwd` is absolute
        hint: use the path that it has in Linux
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
    let env = with(r#"file = "rust/kernel/lib.rs""#, r#"file = "../../etc/passwd""#);
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].edit[0].file: `../../etc/passwd` leaves the tree
        hint: use the path that it has in Linux
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn a_file_of_the_base() {
    let env = Env::with_alpha();
    env.write("rust/kernel/lib.rs", "mine\n");
    let files = r#"files = ["rust/kernel/alpha.rs", "rust/kernel/lib.rs"]"#;
    env.topic("rust/alpha", &ALPHA.replace(r#"files = ["rust/kernel/alpha.rs"]"#, files));
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].edit[0].file: rust/kernel/lib.rs is a file that this patch adds
        hint: change the file itself
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn an_overlay_file_that_is_a_link() {
    let env = Env::with_alpha();
    env.remove("rust/kernel/alpha.rs");
    symlink("/etc/passwd", env.root().join("rust/kernel/alpha.rs")).unwrap();
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].files: rust/kernel/alpha.rs is no regular file
        hint: commit the file itself
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn anchors_that_are_missing_or_ambiguous() {
    insta::assert_snapshot!(refused(&with("pub mod alloc;", "pub mod gone;")), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].edit[0].after: the anchor is not in rust/kernel/lib.rs
        hint: anchors are whole lines; the base may have changed: choose a line that it has
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
    insta::assert_snapshot!(refused(&with("pub mod alloc;", "  pub mod alloc;")), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].edit[0].after: the anchor is not in rust/kernel/lib.rs
        hint: line 1 differs only in white space: copy it exactly
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
    let env = with(r#"file = "rust/kernel/lib.rs""#, r#"file = "drivers/gpu/drm/Kconfig""#);
    env.topic(
        "rust/alpha",
        &ALPHA
            .replace(r#""rust/kernel/lib.rs""#, r#""drivers/gpu/drm/Kconfig""#)
            .replace("pub mod alloc;", "\\ttristate"),
    );
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].edit[0].after: the anchor is in drivers/gpu/drm/Kconfig more than once (lines 2, 5)
        hint: choose another line, or add a neighbouring line to the anchor
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn an_edit_of_a_file_that_is_not_there() {
    insta::assert_snapshot!(refused(&with("rust/kernel/lib.rs", "rust/kernel/gone.rs")), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].edit[0].file: the base has no file rust/kernel/gone.rs
        hint: check the path; a new file goes into `files`
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn an_edit_of_a_file_of_the_same_topic() {
    insta::assert_snapshot!(refused(&with(r#"file = "rust/kernel/lib.rs""#, r#"file = "rust/kernel/alpha.rs""#)), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].edit[0].file: rust/kernel/alpha.rs is a file that this patch adds
        hint: change the file itself
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn requirements() {
    let env = with("author =", "requires = [\"rust/gone\"]\nauthor =");
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: requires[0]: there is no topic rust/gone
        hint: `drm-rust topic list` shows the topics
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
    let env = with("author =", "requires = [\"rust/omega\"]\nauthor =");
    let omega = "title = 'O'\nsummary = 'O'\nrequires = ['rust/alpha']\nauthor = 'A <a@b.example>'\n";
    env.topic("rust/omega", omega);
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: requires: the topic requires itself, by way of others
        hint: cut the circle: move what both need into a topic of its own
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn subjects_and_trailers() {
    insta::assert_snapshot!(refused(&with("rust: alpha: add the alpha module", "Add alpha.")), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].subject: the subject names no subsystem: `Add alpha.`
        hint: kernel style is `subsystem: what it does`, for example `rust: xarray: add cyclic allocation`
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
    insta::assert_snapshot!(refused(&with("trailers = [\"Signed-off-by: DRM", "trailers = [\"Acked-by: DRM")), @r#"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: patch[0].trailers: no Signed-off-by of the author DRM-Rust maintainers <maintainers@drm-rust.example>
        hint: add "Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>", in the author's name only (see the Developer's Certificate of Origin)
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    "#);
}

#[test]
fn manifests_that_cannot_be_read() {
    let env = with("title =", "titel =");
    insta::assert_snapshot!(refused(&env), @r#"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: TOML parse error at line 2, column 1
      |
    2 | titel = "Alpha abstractions"
      | ^^^^^
    unknown field `titel`, expected one of `title`, `summary`, `requires`, `author`, `trailers`, `patch`
        hint: `drm-rust topic new` writes a manifest to start from
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    "#);
    env.topic("rust/alpha", ALPHA);
    env.topic("rust/Alpha", ALPHA);
    insta::assert_snapshot!(refused(&env), @"
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/Alpha.toml: is not named like a topic
        hint: manifests are OWNER/NAME.toml in lower-case letters, digits and `-`
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ");
}

#[test]
fn every_problem_is_told_at_once() {
    let env = with("rust: alpha: add", "Add");
    env.write("rust/kernel/stray.rs", "");
    env.remove("rust/kernel/alpha.rs");
    assert!(refused(&env).contains("3 problems in the topics"));
}

#[test]
fn a_broken_topic_changes_nothing_of_an_existing_tree() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let refs = env.refs();
    env.topic("rust/alpha", &ALPHA.replace("pub mod alloc;", "pub mod gone;"));
    assert_eq!(env.run(&["tree"]).code, 1);
    assert_eq!(env.refs(), refs);
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
}

#[test]
fn a_folder_in_the_place_of_the_tree() {
    let env = Env::with_alpha();
    env.write("linux/notes.txt", "mine\n");
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: $DIR/checkout/linux exists, but is no git repository
    hint: move it away: the complete tree is made there
    ----- exit 1
    ");
    assert!(env.linux("notes.txt").exists());
}

#[test]
fn outside_of_a_checkout() {
    let env = Env::new();
    insta::assert_snapshot!(env.run(&["-C", "..", "tree"]), @"
    ----- stderr
    error: $DIR/checkout/.. is not inside a checkout of DRM-Rust
    hint: change to the checkout, or name it with -C DIR
    ----- exit 1
    ");
}

#[test]
fn a_clock_that_makes_no_sense() {
    let env = Env::new();
    for clock in ["yesterday", "-1"] {
        let output = env.drm_rust(&["status"]).env("SOURCE_DATE_EPOCH", clock).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{clock}");
    }
}

#[test]
fn folders_that_are_others_for_each_program() {
    let env = Env::with_alpha();
    for name in ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
        for value in ["odd dir", "./odd", "../odd"] {
            let run = env.run_with(&["tree"], |command| {
                command.env(name, value).current_dir(env.root());
            });
            let error = format!("error: {name} is `{value}`, which is another folder for each program\nhint: ");
            assert!(run.code == 2 && run.stderr.starts_with(&error), "{run}");
        }
        assert!(!env.root().join("odd").exists() && !env.root().join("odd dir").exists());
        // What is not set, or to nothing, is not used.
        if name != "HOME" {
            let unset = env.run_with(&["topic", "list"], |command| {
                command.env(name, "");
            });
            unset.ok();
        }
    }
}
