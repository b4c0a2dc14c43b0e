// SPDX-License-Identifier: GPL-2.0-only

//! The plan for TuxSuite, which builds kernels from a git URL.
//!
//! Format: what `tuxsuite plan` reads, version 1. A cell without a kernel of its own has no build here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Cell, Check, cells, yaml};
use crate::kernel::additions;

/// The compilers of tuxmake's images that have clang, rustc, bindgen and the core library's sources.
const TOOLCHAIN: &str = "rustclang";

#[derive(Serialize)]
struct Plan {
    version: u32,
    name: &'static str,
    description: &'static str,
    jobs: Vec<Job>,
}

#[derive(Serialize)]
struct Job {
    name: &'static str,
    builds: Vec<Build>,
}

#[derive(Serialize)]
struct Build {
    build_name: String,
    target_arch: &'static str,
    toolchain: &'static str,
    kconfig: Vec<&'static str>,
    targets: [&'static str; 2],
    make_variables: BTreeMap<&'static str, &'static str>,
}

/// The plan.
pub fn plan() -> String {
    let of = |check| cells().filter(move |cell| cell.check == check);
    let jobs = vec![
        Job { name: "build", builds: of(Check::Build).map(own).collect() },
        Job { name: "debug", builds: of(Check::Debug).map(own).collect() },
        Job { name: "defconfig", builds: of(Check::Build).map(upstream).collect() },
    ];
    let description = "Kernels of the DRM-Rust tree";
    yaml(&Plan { version: 1, name: "drm-rust", description, jobs })
}

/// A build of this tree's configuration.
fn own(cell: Cell) -> Build {
    let request = cell.request();
    let fragments = request.variant.fragments(cell.arch).iter().copied();
    build(cell, request.name(), ["drm_rust_defconfig"].into_iter().chain(fragments).collect())
}

/// A build of upstream's configuration with what this tree adds.
fn upstream(cell: Cell) -> Build {
    build(cell, format!("{}-defconfig", cell.arch), ["defconfig"].iter().chain(additions(cell.arch)).copied().collect())
}

fn build(cell: Cell, build_name: String, kconfig: Vec<&'static str>) -> Build {
    Build {
        build_name,
        target_arch: cell.arch.name,
        toolchain: TOOLCHAIN,
        kconfig,
        targets: ["config", "default"],
        make_variables: [("LLVM", "1")].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_follow_the_configuration() {
        let plan: serde_norway::Value = serde_norway::from_str(&plan()).unwrap();
        let build = |job: usize, n: usize| serde_norway::to_string(&plan["jobs"][job]["builds"][n]).unwrap();
        insta::assert_snapshot!(build(1, 1), @"
        build_name: x86_64-debug
        target_arch: x86_64
        toolchain: rustclang
        kconfig:
        - drm_rust_defconfig
        - kernel/configs/drm_rust_debug.config
        - kernel/configs/drm_rust_kasan.config
        targets:
        - config
        - default
        make_variables:
          LLVM: '1'
        ");
        insta::assert_snapshot!(build(2, 1), @"
        build_name: x86_64-defconfig
        target_arch: x86_64
        toolchain: rustclang
        kconfig:
        - defconfig
        - tools/testing/kunit/configs/drm_rust.config
        targets:
        - config
        - default
        make_variables:
          LLVM: '1'
        ");
        assert!(build(2, 0).contains("arch_uml.config"), "UML has PCI, and DRM with it, only from kunit.py's fragment");
        assert!(!build(1, 4).contains("kasan"), "loongarch has no KASAN with Rust");
    }
}
