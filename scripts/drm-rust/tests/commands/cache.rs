// SPDX-License-Identifier: GPL-2.0-only

//! The cache is the user's own: where it is, who can write to it, and what is believed of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::env::{Env, Run};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn close(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs the program with other folders of the user's.
fn with(env: &Env, args: &[&str], home: Option<&str>, cache: Option<&str>) -> Run {
    env.run_with(args, |command| {
        command.env_remove("HOME");
        home.map(|home| command.env("HOME", home));
        cache.map(|cache| command.env("XDG_CACHE_HOME", cache));
    })
}

#[test]
fn without_a_home_the_cache_is_the_checkouts() {
    let env = Env::with_alpha();
    for (home, cache) in [(None, None), (Some(""), Some("")), (None, Some(""))] {
        with(&env, &["tree"], home, cache).ok();
        let own = env.root().join("build/cache/drm-rust");
        assert!(own.join("base").is_dir() && mode(&own) == 0o700, "{home:?}");
        fs::remove_dir_all(own).unwrap();
        fs::remove_dir_all(env.root().join("linux")).unwrap();
    }
    let cache = env.home().join("elsewhere");
    with(&env, &["tree"], None, cache.to_str()).ok();
    assert!(cache.join("drm-rust/base").is_dir() && !env.root().join("build/cache").join("drm-rust").exists());
}

#[test]
fn a_cache_that_others_read_is_closed() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    for folder in [env.cache(), env.cache().join("base"), env.cache().join("downloads")] {
        close(&folder, 0o755);
    }
    env.run(&["status"]).ok();
    assert_eq!(mode(&env.cache()), 0o700);
    fs::remove_dir_all(env.root().join("linux")).unwrap();
    env.run(&["tree"]).ok();
    assert_eq!(mode(&env.cache().join("base")), 0o700);
}

#[test]
fn a_cache_that_others_can_change_stops_everything() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    close(&env.cache(), 0o777);
    for args in [&["status"][..], &["tree"], &["check"], &["setup", "--check"]] {
        let run = env.run(args);
        assert!(run.code == 1 && run.stdout.is_empty(), "{run}");
        insta::allow_duplicates! { insta::assert_snapshot!(run, @"
        ----- stderr
        error: others can write to $DIR/home/.cache/drm-rust (its mode is 777)
        hint: whoever can write there decides what is built. Where only you have: chmod -R go-w $DIR/home/.cache/drm-rust; else remove it. XDG_CACHE_HOME=DIR names the folder that holds the cache
        ----- exit 1
        ") };
    }
    // What needs no checkout needs no cache.
    env.run(&["completions", "bash"]).ok();
    close(&env.cache(), 0o700);
    fs::rename(env.cache(), env.home().join("theirs")).unwrap();
    symlink("../theirs", env.cache()).unwrap();
    let run = env.run(&["status"]);
    assert!(run.code == 1 && run.stderr.contains("is a symbolic link, which is not followed"), "{run}");
}

#[test]
fn a_home_that_cannot_be_written_stops_only_what_needs_the_cache() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    for home in ["/dev/null", "/proc/nowhere"] {
        with(&env, &["status"], Some(home), None).ok();
        with(&env, &["tree"], Some(home), None).ok();
        let run = with(&env, &["tree", "--base-latest"], Some(home), None);
        assert!(run.code == 1 && run.stderr.contains("hint: "), "{run}");
    }
}
