// SPDX-License-Identifier: GPL-2.0-only

//! `build` and `test`, where they must refuse: real kernels are for `make kunit`.

use crate::env::Env;

#[test]
fn an_unknown_architecture_is_a_mistake_of_usage() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["build", "um", "sparc"]), @"
    ----- stderr
    error: the tree has no architecture `sparc`
    hint: architectures are named as the kernel's ARCH= names them: um, x86_64, arm64, riscv, loongarch
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["test", "--variant", "fast"]), @"
    ----- stderr
    error: invalid value 'fast' for '--variant <NAME>'
      [possible values: plain, debug]

    For more information, try '--help'.
    ----- exit 2
    ");
}

#[test]
fn a_tree_without_a_defconfig_says_so() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["build"]), @"
    ----- stderr
    error: linux/ has no arch/um/configs/drm_rust_defconfig
    hint: it is on drm-rust-next: `git -C linux switch drm-rust-next`; --config NAME takes a configuration of the kernel instead
    ----- exit 1
    ");
}

#[test]
fn an_emulator_that_is_missing_is_named_before_anything_is_built() {
    let env = Env::with_alpha();
    let bin = env.home().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let output = env.drm_rust(&["test", "riscv"]).env("PATH", bin).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err.starts_with("error: this machine lacks qemu-system-riscv64\n"), "{err}");
    assert!(err.contains("drm-rust setup --qemu") && err.contains("qemu-system-misc"), "{err}");
    assert!(!env.root().join("linux").exists());
}
