// SPDX-License-Identifier: GPL-2.0-only

//! Resolutions: listed, shown, forgotten, taken in and given out.

use std::fs;

use crate::env::Env;

const ID: &str = "926133105e31f617cc54391d3e20dbea186fdfea";

/// A checkout with a tree, and a folder as dim keeps its rr-cache.
fn env() -> Env {
    let env = Env::with_alpha();
    env.git(&["config", "user.name", "Tester"]);
    env.run(&["tree"]).ok();
    let cache = env.root().join("build/cache/rr-cache").join(ID);
    fs::create_dir_all(&cache).unwrap();
    fs::write(cache.join("preimage"), "a\n<<<<<<<\n1\n=======\n2\n>>>>>>>\nb\n").unwrap();
    fs::write(cache.join("postimage"), "a\n1\n2\nb\n").unwrap();
    env
}

#[test]
fn a_cache_is_taken_in_and_given_out_unchanged() {
    let env = env();
    insta::assert_snapshot!(env.run(&["resolution", "list"]).ok(), @"
    ----- stderr
    no resolution is recorded
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "import", "build/cache"]).ok(), @"
    ----- stderr
    1 resolution taken in
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "import", "build/cache/rr-cache"]).ok(), @"
    ----- stderr
    0 resolutions taken in
    known already: 1
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "list"]).ok(), @"
    926133105e31  (nothing is known about it)
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "show", "9261"]).ok(), @"
    resolution 926133105e31f617cc54391d3e20dbea186fdfea-59dffa7a5407
        @@ -1,7 +1,4 @@
         a
        -<<<<<<<
         1
        -=======
         2
        ->>>>>>>
         b
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "export", "build/out"]).ok(), @"
    ----- stderr
    1 resolution written to $DIR/checkout/build/out
    ----- exit 0
    ");
    let read = |dir: &str, file: &str| fs::read(env.root().join(dir).join(ID).join(file)).unwrap();
    for file in ["preimage", "postimage"] {
        assert_eq!(read("build/out", file), read("build/cache/rr-cache", file));
        let spec = format!("drm-rust-rerere:rr-cache/{ID}/{file}");
        assert_eq!(env.linux_git(&["show", &spec]) + "\n", String::from_utf8(read("build/out", file)).unwrap());
    }
    insta::assert_snapshot!(env.linux_git(&["log", "--format=%an: %s", "drm-rust-rerere"]), @"Tester: import build/cache");
}

#[test]
fn what_is_forgotten_does_not_come_back() {
    let env = env();
    env.run(&["resolution", "import", "build/cache"]).ok();
    insta::assert_snapshot!(env.run(&["resolution", "forget", "92613310", "--why", "loses 2"]).ok(), @"
    ----- stderr
    forgotten: 926133105e31
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "import", "build/cache"]).ok(), @"
    ----- stderr
    0 resolutions taken in
    forgotten before, and they stay so: 1
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "list", "--json"]).ok(), @"
    []
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "forget", "92613310", "--why", "again"]), @"
    ----- stderr
    error: no resolution belongs to `92613310`
    hint: `drm-rust resolution list` tells the ids, the branches and the paths
    ----- exit 1
    ");
    // An undo brings it back, and other commands leave the branch alone.
    env.run(&["undo"]).ok();
    env.run(&["tree"]).ok();
    assert!(env.run(&["resolution", "show", ID]).ok().stdout.starts_with(&format!("resolution {ID}-")));
}

#[test]
fn without_a_tree_there_is_a_hint() {
    let env = Env::new();
    insta::assert_snapshot!(env.run(&["resolution", "list"]), @"
    ----- stderr
    error: there is no tree yet: $DIR/checkout/linux is missing
    hint: `drm-rust tree` makes it
    ----- exit 1
    ");
}
