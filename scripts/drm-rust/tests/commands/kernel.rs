// SPDX-License-Identifier: GPL-2.0-only

//! `build` and `test`, where they must refuse: real kernels are for `make kunit`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::env::{ALPHA, Env};
use crate::setup::path_with;

#[test]
fn an_unknown_architecture_is_a_mistake_of_usage() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["build", "um", "sparc"]), @"
    ----- stderr
    error: the tree has no architecture `sparc`
    hint: architectures are named as the kernel's ARCH= names them: um, x86_64, arm64, riscv, loongarch
    ----- exit 2
    ");
    assert_eq!(env.run(&["rust-analyzer", "sparc"]).code, 2);
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
    insta::assert_snapshot!(env.run(&["boot", "riscv"]), @"
    ----- stderr
    error: a shell needs a terminal
    hint: name a command, as in `drm-rust boot riscv -- uname -a`
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["build"]), @"
    ----- stderr
    error: linux/ has no arch/um/configs/drm_rust_defconfig
    hint: it is on drm-rust-next: `git -C linux switch drm-rust-next`; --config NAME takes a configuration of the kernel instead
    ----- exit 1
    ");
}

#[test]
fn one_run_at_a_time_uses_a_build_folder() {
    let env = Env::with_alpha();
    let path = env.root().join("build/um/.drm-rust.lock");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Unlike a lock of the program, this one is not inherited by what is started below.
    let lock = File::create(path).unwrap();
    lock.lock().unwrap();
    let run = env.run(&["build", "riscv"]);
    assert!(run.code == 1 && run.stderr.starts_with("error: linux/ has no arch/riscv/"), "{run}");

    let mut run = env.drm_rust(&["build", "um"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(run.stderr.take().unwrap());
    let mut note = String::new();
    err.read_line(&mut note).unwrap();
    assert_eq!(note, "note: another drm-rust is at work in this checkout; waiting until it has finished\n");
    drop(lock);
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("error: linux/ has no arch/um/configs/drm_rust_defconfig\n"), "{rest}");
    assert_eq!(run.wait().unwrap().code(), Some(1));
}

#[test]
fn a_suite_that_no_source_has_is_a_mistake_of_usage() {
    let env = Env::with_alpha();
    env.write("scripts/drm-rust/known.toml", "");
    insta::assert_snapshot!(env.run(&["test", "-q", "--only", "rust_none"]), @"
    ----- stderr
    error: linux/ has no suite `rust_none`
    hint: `drm-rust test` lists the suites; --filter takes the name of a test, too
    ----- exit 2
    ");
    let run = env.run(&["test", "--only", "a", "--filter", "b"]);
    assert!(run.code == 2 && run.stderr.contains("cannot be used with"), "{run}");
}

#[test]
fn an_emulator_that_is_missing_is_named_before_anything_is_built() {
    let env = Env::with_alpha();
    let bin = env.home().join("bin");
    fs::create_dir_all(&bin).unwrap();
    let output = env.drm_rust(&["test", "riscv"]).env("PATH", bin).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err.starts_with("error: this machine lacks qemu-system-riscv64\n"), "{err}");
    assert!(err.contains("drm-rust setup --qemu") && err.contains("qemu-system-misc"), "{err}");
    assert!(!env.root().join("linux").exists());
}

#[test]
fn a_part_must_be_a_path_of_the_tree() {
    let env = Env::with_alpha();
    for target in ["/etc/", "clean", "-j", "O=x/", "drivers gpu/"] {
        let run = env.run(&["build", "um", &format!("--target={target}")]);
        assert_eq!(run.code, 2, "{target}: {run}");
        assert!(run.stderr.contains("name a folder of the tree with a slash at its end"), "{run}");
    }
}

#[test]
fn btf_without_pahole_is_an_error_before_anything_is_built() {
    let env = Env::new();
    env.topic("rust/alpha", &ALPHA.replace(r#"files = ["#, r#"files = ["arch/um/configs/drm_rust_defconfig", "#));
    env.write("rust/kernel/alpha.rs", "//! Alpha.\n");
    env.write("arch/um/configs/drm_rust_defconfig", "CONFIG_RUST=y\n");
    env.write("btf.config", "CONFIG_DEBUG_INFO_BTF=y\n");
    env.commit("add a defconfig");
    let bin = path_with(&env, &["git", "sh", "rustc"]);
    let build = |args: &[&str]| {
        let output = env.drm_rust(&[&["build", "um"], args].concat()).env("PATH", &bin).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let err = build(&[]);
    assert!(err.contains("error: this machine lacks curl, make") && !err.contains("pahole"), "{err}");
    let err = build(&["--fragment", "btf.config"]);
    assert!(err.contains(", pahole\n") && err.contains("drm-rust setup --btf") && err.contains(" dwarves"), "{err}");
    assert!(!env.root().join("build/um-custom/.config").exists());
}
