// SPDX-License-Identifier: GPL-2.0-only

//! `igt`, where it must refuse: IGT itself is for `make igt`.

use crate::env::Env;

#[test]
fn mistakes_of_usage_are_told_before_anything_is_made() {
    let env = Env::new();
    insta::assert_snapshot!(env.run(&["igt", "--driver", "../x"]), @"
    ----- stderr
    error: invalid value '../x' for '--driver <NAME>': a driver's name has lower case letters, digits, - and _

    For more information, try '--help'.
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["igt", "--all"]), @"
    ----- stderr
    error: the following required arguments were not provided:
      --compare <NAME>

    Usage: drm-rust igt --compare <NAME> --all

    For more information, try '--help'.
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["igt", "--timeout", "0"]), @"
    ----- stderr
    error: invalid value '0' for '--timeout <SECONDS>': 0 is not in 1..=86400

    For more information, try '--help'.
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["igt", "--arch", "riscv"]), @"
    ----- stderr
    error: IGT cannot run on riscv here
    hint: --arch is um or x86_64, this machine's own
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["igt", "--tests", ","]), @"
    ----- stderr
    error: the list of tests is empty
    hint: name at least one test, as kms_flip or kms_flip@basic-*
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["igt", "--tests", "@missing.txt"]), @"
    ----- stderr
    error: cannot read $DIR/checkout/missing.txt
    caused by: No such file or directory (os error 2)
    hint: the path does not exist; check its spelling
    ----- exit 1
    ");
    let made = |dir| std::fs::read_dir(dir).map_or(0, |entries| entries.count());
    assert!(!env.root().join("linux").exists() && made(env.cache()) == 0);
}

#[test]
fn a_machine_that_cannot_make_the_user_space_is_told_how() {
    let env = Env::with_alpha();
    let bin = env.home().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let output = env.drm_rust(&["igt", "--tests", "kms_flip"]).env("PATH", bin).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err.starts_with("error: this machine lacks mmdebstrap\n"), "{err}");
    assert!(err.contains("drm-rust setup --igt") && err.contains("mmdebstrap uidmap"), "{err}");
    assert!(!env.root().join("linux").exists());
}
