// SPDX-License-Identifier: GPL-2.0-only

//! `tree`: what it makes, and that it makes the same everywhere.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::env::{ALPHA, BASE_FILES, Env, tarball};

const BETA: &str = r#"
title = "Beta driver"
summary = "What beta drives."
requires = ["rust/alpha"]
author = "DRM-Rust maintainers <maintainers@drm-rust.example>"
trailers = ["Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>"]

[[patch]]
subject = "drm/beta: add the beta driver"
date = 2026-01-03T00:00:00Z
files = ["drivers/gpu/drm/beta/beta.rs"]

[[patch.edit]]
file = "drivers/gpu/drm/Kconfig"
before = "config DRM_OTHER"
insert = """
config DRM_BETA
	tristate

"""

[[patch]]
subject = "drm/beta: document it"
date = 2026-01-04T00:00:00Z
files = ["Documentation/gpu/beta.rst"]
"#;

fn with_beta() -> Env {
    let env = Env::with_alpha();
    env.topic("drm/beta", BETA);
    env.write("drivers/gpu/drm/beta/beta.rs", "//! Beta.\n");
    env.write("Documentation/gpu/beta.rst", "Beta\n====\n");
    env.commit("add beta");
    env
}

#[test]
fn an_empty_repository_gives_the_base() {
    let env = Env::new();
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    made linux/ on Linux 9.9: $DIR/checkout/scripts/drm-rust/../../../linux-9.9.tar, SHA-256 ef9b662494425a3a1faa55b1716e17069067059dab16b2dbf8446a05530d20ed
    base: new, at f569386b4824
    drm-rust-next: new, at f569386b4824
    ----- exit 0
    ");
    for (path, text) in BASE_FILES {
        assert_eq!(fs::read_to_string(env.linux(path)).unwrap(), text);
    }
    assert_eq!(fs::metadata(env.linux("scripts/run.sh")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
    insta::assert_snapshot!(env.linux_git(&["cat-file", "-p", "base"]), @"
    tree 7638d22ddfe36c4931f137f84a69261bd553c67a
    author DRM-Rust maintainers <maintainers@drm-rust.example> 1767225600 +0000
    committer DRM-Rust maintainers <maintainers@drm-rust.example> 1767225600 +0000

    Linux 9.9

    Imported from a release archive, SHA-256
    ef9b662494425a3a1faa55b1716e17069067059dab16b2dbf8446a05530d20ed.
    ");
}

#[test]
fn topics_become_branches_and_merges() {
    let env = with_beta();
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    made linux/ on Linux 9.9: $DIR/checkout/scripts/drm-rust/../../../linux-9.9.tar, SHA-256 ef9b662494425a3a1faa55b1716e17069067059dab16b2dbf8446a05530d20ed
    base: new, at f569386b4824
    drm-rust-next: new, at 737cc778eeec
    topic/drm/beta: new, at bbdf5d064c43
    topic/rust/alpha: new, at 6fb5beffdeac
    ----- exit 0
    ");
    insta::assert_snapshot!(env.linux_git(&["log", "--graph", "--format=%s", "drm-rust-next"]), @r"
    *   Merge branch 'topic/drm/beta' into drm-rust-next
    |\  
    | * drm/beta: document it
    | * drm/beta: add the beta driver
    * | Merge branch 'topic/rust/alpha' into drm-rust-next
    |\| 
    | * rust: alpha: add the alpha module
    |/  
    * Linux 9.9
    ");
    assert_eq!(
        fs::read_to_string(env.linux("rust/kernel/lib.rs")).unwrap(),
        "pub mod alloc;\npub mod alpha;\npub mod page;\npub mod xarray;\n"
    );
    assert_eq!(fs::read_to_string(env.linux("drivers/gpu/drm/beta/beta.rs")).unwrap(), "//! Beta.\n");
    insta::assert_snapshot!(env.linux_git(&["cat-file", "-p", "drm-rust-next"]), @"
    tree 8298b729d15dd447ae23dac8e6881a97a10fce73
    parent fc6606bebf3dd4a5174901657c123ab104b845e8
    parent bbdf5d064c430e7a90a3dc01a7af3a658bdf0942
    author DRM-Rust maintainers <maintainers@drm-rust.example> 1767484800 +0000
    committer DRM-Rust maintainers <maintainers@drm-rust.example> 1767484800 +0000

    Merge branch 'topic/drm/beta' into drm-rust-next

    Beta driver

    What beta drives.

    * topic/drm/beta:
      drm/beta: add the beta driver
      drm/beta: document it

    Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>
    ");
    insta::assert_snapshot!(env.linux_git(&["show", "--format=%an <%ae> %ad%n%cn <%ce> %cd%n%B", "topic/rust/alpha"]), @"
    DRM-Rust maintainers <maintainers@drm-rust.example> Fri Jan 2 03:04:05 2026 +0000
    DRM-Rust maintainers <maintainers@drm-rust.example> Fri Jan 2 03:04:05 2026 +0000
    rust: alpha: add the alpha module

    Drivers need alpha.

    Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>


    diff --git a/rust/kernel/alpha.rs b/rust/kernel/alpha.rs
    new file mode 100644
    index 0000000..71de9d2
    --- /dev/null
    +++ b/rust/kernel/alpha.rs
    @@ -0,0 +1 @@
    +//! Alpha.
    diff --git a/rust/kernel/lib.rs b/rust/kernel/lib.rs
    index c508f16..c9dd42d 100644
    --- a/rust/kernel/lib.rs
    +++ b/rust/kernel/lib.rs
    @@ -1,3 +1,4 @@
     pub mod alloc;
    +pub mod alpha;
     pub mod page;
     pub mod xarray;
    ");
    assert_eq!(env.linux_git(&["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn two_checkouts_have_the_same_references() {
    let (one, two) = (with_beta(), with_beta());
    one.run(&["tree"]).ok();
    two.run(&["tree"]).ok();
    // The op log tells where the archive was; every branch is equal to the last bit.
    let branches = |env: &Env| env.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"]);
    assert_eq!(branches(&one), branches(&two));
    assert_eq!(branches(&one).lines().count(), 4);
    // The same place gives the same op log too.
    let before = one.refs();
    fs::remove_dir_all(one.root().join("linux")).unwrap();
    one.run(&["tree"]).ok();
    assert_eq!(one.refs(), before);
}

#[test]
fn history_of_a_checkout_does_not_change_ids() {
    let fresh = with_beta();
    fresh.run(&["tree"]).ok();
    let grown = Env::with_alpha();
    grown.run(&["tree"]).ok();
    grown.topic("drm/beta", BETA);
    grown.write("drivers/gpu/drm/beta/beta.rs", "//! Draft.\n");
    grown.write("Documentation/gpu/beta.rst", "Beta\n====\n");
    grown.run(&["tree"]).ok();
    grown.write("drivers/gpu/drm/beta/beta.rs", "//! Beta.\n");
    grown.run(&["tree"]).ok();
    let branches = |env: &Env| env.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"]);
    assert_eq!(branches(&fresh), branches(&grown));
}

/// Inode, modification and change time of every file of the work tree.
fn stamps(env: &Env) -> Vec<(String, u64, i64, i64)> {
    let files = env.linux_git(&["ls-files"]);
    let stamp = |file: &str| {
        let meta = fs::symlink_metadata(env.linux(file)).unwrap();
        (file.to_owned(), meta.ino(), meta.mtime_nsec(), meta.ctime_nsec())
    };
    files.lines().map(stamp).collect()
}

#[test]
fn with_nothing_to_do_nothing_is_touched() {
    let env = with_beta();
    env.run(&["tree"]).ok();
    let (stamps_before, refs) = (stamps(&env), env.refs());
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    linux/ is up to date: drm-rust-next is at 737cc778eeec
    ----- exit 0
    ");
    assert_eq!(stamps(&env), stamps_before);
    assert_eq!(env.refs(), refs);
}

#[test]
fn one_changed_file_is_the_only_one_written() {
    let env = with_beta();
    env.run(&["tree"]).ok();
    let before = stamps(&env);
    env.write("rust/kernel/alpha.rs", "//! Alpha, better.\n");
    env.run(&["tree"]).ok();
    let after = stamps(&env);
    let changed: Vec<_> = after.iter().filter(|stamp| !before.contains(stamp)).map(|stamp| stamp.0.as_str()).collect();
    assert_eq!(changed, ["rust/kernel/alpha.rs"]);
    assert_eq!(fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(), "//! Alpha, better.\n");
}

#[test]
fn modes_follow_and_removed_topics_leave() {
    let env = with_beta();
    fs::set_permissions(env.root().join("rust/kernel/alpha.rs"), fs::Permissions::from_mode(0o755)).unwrap();
    env.run(&["tree"]).ok();
    assert!(env.linux_git(&["ls-tree", "topic/rust/alpha", "rust/kernel/alpha.rs"]).starts_with("100755 "));
    for file in ["scripts/drm-rust/topics/drm/beta.toml", "drivers/gpu/drm/beta/beta.rs", "Documentation/gpu/beta.rst"]
    {
        env.remove(file);
    }
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    drm-rust-next: 063e6d06bcd4 -> 55511c55d0ec
    topic/drm/beta: removed, was at 34aac2a7eb14
    ----- exit 0
    ");
    assert!(!env.linux("drivers/gpu/drm/beta").exists());
}

#[test]
fn a_topic_that_requires_two_stands_on_their_merge() {
    let env = Env::with_alpha();
    let gamma = ALPHA.replace("alpha", "gamma").replace("Alpha", "Gamma").replace("pub mod alloc;", "pub mod page;");
    env.topic("rust/gamma", &gamma);
    env.write("rust/kernel/gamma.rs", "//! Gamma.\n");
    env.topic("drm/beta", &BETA.replace(r#"["rust/alpha"]"#, r#"["rust/gamma", "rust/alpha"]"#));
    env.write("drivers/gpu/drm/beta/beta.rs", "//! Beta.\n");
    env.write("Documentation/gpu/beta.rst", "Beta\n====\n");
    env.run(&["tree"]).ok();
    let graph = env.linux_git(&["log", "--graph", "--format=%s", "topic/drm/beta"]);
    insta::assert_snapshot!(graph, @r"
    * drm/beta: document it
    * drm/beta: add the beta driver
    *   Merge branch 'topic/rust/alpha' into topic/drm/beta
    |\  
    | * rust: alpha: add the alpha module
    * | rust: gamma: add the gamma module
    |/  
    * Linux 9.9
    ");
    let both = env.linux_git(&["show", "topic/drm/beta:rust/kernel/lib.rs"]);
    assert_eq!(both, "pub mod alloc;\npub mod alpha;\npub mod page;\npub mod gamma;\npub mod xarray;");
}

#[test]
fn conflicting_topics_are_named() {
    let env = Env::with_alpha();
    env.topic("rust/clash", &ALPHA.replace("alpha", "clash").replace("Alpha", "Clash"));
    env.write("rust/kernel/clash.rs", "//! Clash.\n");
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: topic rust/clash conflicts with what drm-rust-next has already:
      rust/kernel/lib.rs
    hint: anchor the edits at other lines, or let one topic require the other
    ----- exit 3
    ");
    assert!(!env.root().join("linux").exists() && !env.root().join(".linux.new").exists());
}

#[test]
fn an_imported_and_a_cached_base_give_the_files_of_the_branch() {
    let env = with_beta();
    for _ in ["imported", "cached"] {
        env.run(&["tree"]).ok();
        assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
        // Without what the index remembers, git reads the files themselves.
        fs::remove_file(env.linux(".git/index")).unwrap();
        env.linux_git(&["reset", "--quiet"]);
        assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
        fs::remove_dir_all(env.root().join("linux")).unwrap();
    }
}

#[test]
fn a_second_checkout_links_the_pack_and_survives_without_the_cache() {
    let env = with_beta();
    env.run(&["tree"]).ok();
    let branches = env.refs();
    fs::remove_dir_all(env.root().join("linux")).unwrap();
    fs::remove_file(env.tarball()).unwrap();
    env.run(&["tree"]).ok();
    let packs = fs::read_dir(env.linux(".git/objects/pack")).unwrap().flatten();
    let packs: Vec<_> = packs.filter(|entry| entry.path().extension().is_some_and(|e| e == "pack")).collect();
    assert_eq!(packs.len(), 1);
    assert_eq!(packs[0].metadata().unwrap().nlink(), 2, "the pack is a link to the cache's");
    assert!(!env.linux(".git/objects/info/alternates").exists());
    fs::remove_dir_all(env.cache()).unwrap();
    assert_eq!(env.linux_git(&["fsck", "--strict", "--no-dangling"]), "");
    env.run(&["tree"]).ok();
    assert_eq!(env.refs(), branches);
}

#[test]
fn an_existing_clone_can_be_the_base() {
    let env = Env::with_alpha();
    let clone = env.home().join("clone");
    fs::create_dir_all(clone.join("rust/kernel")).unwrap();
    fs::write(clone.join("rust/kernel/lib.rs"), "pub mod alloc;\npub mod other;\n").unwrap();
    let git = |args: &[&str]| {
        let output = env.command("git").arg("-C").arg(&clone).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "Linux 9.10"]);
    git(&["tag", "v9.10"]);
    env.run(&["tree"]).ok();
    let spec = format!("git:{}#v9.10", clone.display());
    let run = env.run(&["tree", "--base", &spec]).ok();
    assert!(run.stderr.contains("base: "), "{run}");
    assert_eq!(env.linux_git(&["rev-parse", "base"]), git(&["rev-parse", "v9.10"]));
    assert_eq!(env.linux_git(&["rev-parse", "topic/rust/alpha^"]), git(&["rev-parse", "v9.10"]));
    // It stays in use, even when the clone is gone, until another one is asked for.
    fs::remove_dir_all(&clone).unwrap();
    let run = env.run(&["tree"]).ok();
    assert!(run.stderr.contains("up to date"), "{run}");
    env.run(&["tree", "--base", "pin"]).ok();
    assert_eq!(env.linux_git(&["log", "-1", "--format=%s", "base"]), "Linux 9.9");
    let run = env.run(&["tree", "--base", &spec]);
    assert_eq!(run.code, 1);
}

#[test]
fn a_clone_is_told_as_what_it_is_and_must_not_hide_new_files() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let refs = env.refs();
    let clone = env.clone_of_linux("clone");
    let git = |args: &[&str]| env.git_in(&clone, args);
    for (path, text) in BASE_FILES {
        fs::create_dir_all(clone.join(path).parent().unwrap()).unwrap();
        fs::write(clone.join(path), text).unwrap();
    }
    fs::write(clone.join("Makefile"), "VERSION = 9\nPATCHLEVEL = 12\nSUBLEVEL = 0\nEXTRAVERSION = -rc1\n").unwrap();
    fs::write(clone.join(".gitignore"), "*.o\n# packaging\n/*\n!/debian/\n").unwrap();
    fs::write(clone.join("rust/kernel/.gitignore"), "/n*\n").unwrap();
    git(&["add", "--all", "--force"]);
    git(&["commit", "--quiet", "--message", "packaged"]);
    let spec = format!("git:{}#HEAD", clone.display());
    let run = env.run(&["tree", "--base", &spec]);
    let error = run.stderr.replace(&git(&["rev-parse", "HEAD"])[..12], "$HEAD");
    insta::assert_snapshot!(error, @"
    error: git would ignore new files on the base $HEAD:
      `/*` of .gitignore, which hides new files such as Documentation/gpu/new.rst
    hint: name a commit whose .gitignore is upstream's: one of a distribution's packaging is none
    ");
    assert_eq!((run.code, env.refs()), (1, refs));
    fs::write(clone.join(".gitignore"), "*.o\n").unwrap();
    fs::remove_file(clone.join("rust/kernel/.gitignore")).unwrap();
    git(&["commit", "--all", "--quiet", "--message", "mended"]);
    env.run(&["tree", "--base", &spec]).ok();
    let head = git(&["rev-parse", "HEAD"]);
    let status = env.run(&["status"]).ok();
    assert!(status.stdout.starts_with(&format!("base      Linux 9.12-rc1-g{} at ", &head[..12])), "{status}");
}

#[test]
fn a_tarball_can_be_the_base() {
    let env = Env::with_alpha();
    let mut files = BASE_FILES.to_vec();
    files[0].1 = "VERSION = 10\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION = -rc7\n";
    // As Debian's package has it.
    files[1].1 = "*.o\n/*\n!/debian/\n";
    let archive = tarball(&files);
    let sha256 = crate::env::hex(&<sha2::Sha256 as sha2::Digest>::digest(&archive));
    fs::write(env.root().join("build.tar"), &archive).unwrap();
    fs::rename(env.root().join("build.tar"), env.home().join("linux-9.10.tar")).unwrap();
    let spec = format!("../home/linux-9.10.tar#sha256={sha256}");
    let run = env.run(&["tree", "--base", &spec]).ok();
    assert!(run.stderr.contains("note: left out of the base: `/*` of .gitignore, which hides new files"), "{run}");
    assert!(run.stderr.contains("made linux/ on Linux 10.1-rc7: "), "{run}");
    assert_eq!(fs::read_to_string(env.linux("Makefile")).unwrap(), files[0].1);
    // Whatever the file is called.
    assert_eq!(env.linux_git(&["log", "-1", "--format=%s", "base"]), "Linux 10.1-rc7");
    for command in ["status", "cycle"] {
        env.linux_git(&["tag", "--force", "--annotate", "--message=Linux 10.1-rc7", "v10.1-rc7", "base"]);
        let run = env.run(&[command]).ok();
        assert!(run.stdout.starts_with("base ") && run.stdout.contains(" Linux 10.1-rc7"), "{run}");
    }
    fs::write(env.linux("rust/kernel/new.rs"), "").unwrap();
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "?? rust/kernel/new.rs");
    fs::remove_file(env.linux("rust/kernel/new.rs")).unwrap();
    insta::assert_snapshot!(env.run(&["tree", "--base", "../home/linux-9.10.tar"]), @"
    ----- stderr
    error: the base `../home/linux-9.10.tar` is not pinned
    hint: append its checksum, which `sha256sum` prints: --base '../home/linux-9.10.tar#sha256=…'
    ----- exit 2
    ");
    let wrong = format!("../home/linux-9.10.tar#sha256={}", "0".repeat(64));
    let run = env.run(&["tree", "--base", &wrong]);
    assert!(run.code == 1 && run.stderr.contains("expected 0000"), "{run}");
}

#[test]
fn a_move_of_the_base_tells_what_it_changes() {
    let env = with_beta();
    let rows = "[[row]]\narea = 'pages'\nlacks = 'more'\nevidence = [{ path = 'rust/kernel/lib.rs', item = 'page' }]\n\
                [[row]]\narea = 'arrays'\nlacks = 'more'\n\
                evidence = [{ path = 'rust/kernel/lib.rs', item = 'xarray' }]\n";
    env.write("scripts/drm-rust/registry.toml", rows);
    let lock = "base = '9.9'\n[status]\npages = 'partial'\narrays = 'partial'\n";
    env.write("scripts/drm-rust/registry.lock", lock);
    let first = env.run(&["tree"]).ok();
    assert!(!first.stderr.contains("the base was"), "{first}");
    let tarball = |files: &[(&str, &str)]| {
        let archive = tarball(files);
        let sha256 = crate::env::hex(&<sha2::Sha256 as sha2::Digest>::digest(&archive));
        fs::write(env.home().join("k.tar"), archive).unwrap();
        format!("../home/k.tar#sha256={sha256}")
    };
    let mut files = BASE_FILES.to_vec();
    files[0].1 = "VERSION = 9\nPATCHLEVEL = 10\n";
    let run = env.run(&["tree", "--base", &tarball(&files)]).ok();
    assert!(
        run.stderr.contains(
            "the base was Linux 9.9 and is Linux 9.10:\n  no file that a topic edits is different there\n  results"
        ),
        "{run}"
    );
    files[0].1 = "VERSION = 9\nPATCHLEVEL = 11\n";
    files[3].1 = "pub mod alloc;\npub mod xarray;\n";
    let run = env.run(&["tree", "--base", &tarball(&files)]).ok();
    let told = run.stderr.split("the base was ").nth(1).unwrap_or_default().to_owned();
    insta::assert_snapshot!(told, @"
    Linux 9.10 and is Linux 9.11:
      topic rust/alpha edits what is different there: rust/kernel/lib.rs
      registry: pages: partial -> wanted
      registry: untrue: pages: evidence[0]: rust/kernel/lib.rs of the base has no item page
      results of checks and tests are those of Linux 9.10: `drm-rust check` and `drm-rust test` find new ones
    ");
    let run = env.run(&["tree"]).ok();
    assert!(!run.stderr.contains("the base was"), "told once: {run}");
}

#[test]
fn b4_finds_its_configuration_on_every_branch() {
    let env = with_beta();
    env.run(&["tree"]).ok();
    assert_eq!(fs::read_link(env.linux(".b4-config")).unwrap().to_str(), Some("../.b4-config"));
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
    env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
    assert!(env.linux(".b4-config").exists());
    // Lost, it comes back; a file of the user's own stays.
    fs::remove_file(env.linux(".b4-config")).unwrap();
    env.run(&["tree"]).ok();
    assert!(env.linux(".b4-config").exists());
    fs::remove_file(env.linux(".b4-config")).unwrap();
    fs::write(env.linux(".b4-config"), "[b4]\n").unwrap();
    env.run(&["tree"]).ok();
    assert_eq!(fs::read_to_string(env.linux(".b4-config")).unwrap(), "[b4]\n");
}
