// SPDX-License-Identifier: GPL-2.0-only

//! The table of what a machine needs. Adding something = one entry.

use serde::Serialize;

/// How to tell whether something is there.
#[derive(Clone, Copy, Debug)]
pub enum Probe {
    /// A program in PATH; asked for its version with the arguments.
    Program(&'static str, &'static [&'static str]),
    /// A file.
    File(&'static str),
    /// A program of the LLVM that builds the kernel.
    Llvm(&'static str),
    /// The library of that LLVM which reads C.
    Libclang,
    /// The sources of Rust's core library, of the compiler's own version.
    RustSrc,
    /// A module of the Python in PATH.
    Python(&'static str),
    /// A sparse that understands the kernel.
    Sparse,
}

/// How to get something.
#[derive(Clone, Copy, Debug)]
pub enum Get {
    /// Debian packages.
    Apt(&'static [&'static str]),
    /// Debian packages of which the release's own backports have a newer version.
    Backports(&'static [&'static str]),
    /// A crate with a program.
    Cargo(&'static str),
    /// A Python package.
    Pip(&'static str),
    /// A component of the Rust toolchain, which `rustup` installs.
    Rustup(&'static str),
    /// The sources of Rust's core library.
    RustSrc,
    /// Debian's sources of sparse.
    Sparse,
}

impl Get {
    /// Whether it goes into the user's home or cache.
    pub fn is_of_user(&self) -> bool {
        matches!(self, Get::Cargo(_) | Get::Rustup(_) | Get::RustSrc | Get::Sparse)
    }
}

/// What something is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// To make, build and test the tree.
    Tree,
    /// To check patches.
    Checks,
    /// To run kernels of other architectures than UML.
    Emulators,
    /// To build configurations with `CONFIG_DEBUG_INFO_BTF`.
    Btf,
    /// To read and write code in an editor.
    Editor,
    /// To make work shorter. Nothing fails without it.
    Optional,
    /// To make the user space that has IGT.
    Igt,
    /// To try the page of `drm-rust report` in a browser.
    Report,
}

impl Group {
    /// Every group.
    pub const ALL: &[Group] = &[
        Group::Tree,
        Group::Checks,
        Group::Emulators,
        Group::Igt,
        Group::Btf,
        Group::Editor,
        Group::Report,
        Group::Optional,
    ];

    /// The option of `drm-rust setup` that gets it, where one must be given.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Group::Tree | Group::Optional => None,
            Group::Checks => Some("--checks"),
            Group::Emulators => Some("--qemu"),
            Group::Igt => Some("--igt"),
            Group::Btf => Some("--btf"),
            Group::Editor => Some("--editor"),
            Group::Report => Some("--report"),
        }
    }
}

/// Something that a machine needs.
#[derive(Debug)]
pub struct Need {
    /// Its name.
    pub name: &'static str,
    /// What for.
    pub why: &'static str,
    /// How to find it.
    pub probe: Probe,
    /// The oldest version that will do.
    pub oldest: Option<&'static str>,
    /// How to get it.
    pub get: Get,
    /// Whether everybody needs it.
    pub group: Group,
}

const VERSION: &[&str] = &["--version"];

const fn program(name: &'static str, oldest: Option<&'static str>, why: &'static str, get: Get) -> Need {
    Need { name, why, probe: Probe::Program(name, VERSION), oldest, get, group: Group::Tree }
}

const fn emulator(
    name: &'static str,
    oldest: &'static str,
    why: &'static str,
    packages: &'static [&'static str],
) -> Need {
    Need { group: Group::Emulators, ..program(name, Some(oldest), why, Get::Backports(packages)) }
}

const fn browser(name: &'static str, why: &'static str, packages: &'static [&'static str]) -> Need {
    Need { group: Group::Report, ..program(name, None, why, Get::Apt(packages)) }
}

const fn part(name: &'static str, probe: Probe, why: &'static str, packages: &'static [&'static str]) -> Need {
    Need { name, why, probe, oldest: None, get: Get::Apt(packages), group: Group::Tree }
}

const fn checker(name: &'static str, probe: Probe, why: &'static str, get: Get) -> Need {
    Need { name, why, probe, oldest: None, get, group: Group::Checks }
}

/// Everything, in the order in which it is shown.
pub static NEEDS: &[Need] = &[
    program("git", Some("2.38"), "the tree: branches, and merges without a work tree", Get::Apt(&["git"])),
    program("curl", None, "the base: tarballs from a server", Get::Apt(&["curl"])),
    program("make", Some("4.0"), "the kernel's build", Get::Apt(&["make"])),
    program("gcc", Some("8.1"), "the kernel's host programs", Get::Apt(&["gcc", "libc6-dev"])),
    program("setpriv", None, "kernels that end with the program that runs them", Get::Apt(&["util-linux"])),
    program("flex", Some("2.5.35"), "Kconfig", Get::Apt(&["flex"])),
    program("bison", Some("2.0"), "Kconfig", Get::Apt(&["bison"])),
    program("bc", None, "the kernel's time constants", Get::Apt(&["bc"])),
    program("perl", Some("5"), "checkpatch and other kernel scripts", Get::Apt(&["perl"])),
    program("python3", Some("3.9"), "kunit.py and other kernel scripts", Get::Apt(&["python3"])),
    part("libelf", Probe::File("/usr/include/libelf.h"), "objtool and module tools", &["libelf-dev"]),
    part("openssl", Probe::File("/usr/include/openssl/ssl.h"), "certificates and module signing", &["libssl-dev"]),
    part("clang", Probe::Llvm("clang"), "the kernel's C, with the LLVM that bindgen reads headers with", &["clang-19"]),
    part("ld.lld", Probe::Llvm("ld.lld"), "linking the kernel", &["lld-19"]),
    part("llvm-objcopy", Probe::Llvm("llvm-objcopy"), "the kernel's binary tools", &["llvm-19"]),
    part("libclang", Probe::Libclang, "bindgen, to read C headers", &["libclang-19-dev"]),
    program("rustc", Some("1.85"), "the kernel's Rust", Get::Rustup("rustc")),
    program("cargo", Some("1.85"), "this program", Get::Rustup("cargo")),
    program("rustfmt", None, "format checks", Get::Rustup("rustfmt")),
    program("clippy-driver", None, "lints", Get::Rustup("clippy")),
    program("bindgen", Some("0.71.1"), "Rust bindings of the kernel's C", Get::Cargo("bindgen-cli")),
    Need {
        name: "rust-src",
        why: "the core library, which the kernel builds itself",
        probe: Probe::RustSrc,
        oldest: None,
        get: Get::RustSrc,
        group: Group::Tree,
    },
    program("kmod", None, "modules, in kernels that are tested", Get::Apt(&["kmod"])),
    program("b4", Some("0.14"), "series from and to mailing lists", Get::Pip("b4==0.16.0")),
    checker("codespell", Probe::Program("codespell", VERSION), "spelling", Get::Pip("codespell")),
    checker("ply", Probe::Python("ply"), "the kernel's check of licences", Get::Pip("ply")),
    checker("gitpython", Probe::Python("git"), "the kernel's check of licences", Get::Pip("gitpython")),
    checker("sphinx", Probe::Program("sphinx-build", VERSION), "the kernel's documentation", Get::Pip("sphinx")),
    checker("pyyaml", Probe::Python("yaml"), "the kernel's documentation", Get::Pip("pyyaml")),
    checker("sparse", Probe::Sparse, "checks of C", Get::Sparse),
    Need {
        group: Group::Optional,
        ..program("ccache", Some("4.0"), "building the same C again in less time", Get::Apt(&["ccache"]))
    },
    Need {
        group: Group::Btf,
        // With an older one, Kconfig has either Rust or BTF.
        ..program("pahole", Some("1.24"), "CONFIG_DEBUG_INFO_BTF", Get::Apt(&["dwarves"]))
    },
    Need {
        group: Group::Igt,
        ..program(
            "mmdebstrap",
            Some("1.3"),
            "the user space that has IGT",
            // The latter for users other than root.
            Get::Apt(&["mmdebstrap", "uidmap"]),
        )
    },
    Need {
        group: Group::Editor,
        ..program("rust-analyzer", None, "editors, to find definitions", Get::Rustup("rust-analyzer"))
    },
    browser("chromium", "trying the report's page", &["chromium", "fonts-dejavu-core"]),
    browser("chromedriver", "trying the report's page with a keyboard", &["chromium-driver"]),
    emulator("qemu-system-x86_64", "7.2", "running x86_64 kernels", &["qemu-system-x86"]),
    emulator("qemu-system-aarch64", "7.2", "running arm64 kernels", &["qemu-system-arm"]),
    emulator("qemu-system-riscv64", "7.2", "running riscv kernels", &["qemu-system-misc"]),
    // Older ones, that of Debian 12 among them, have no machine that boots.
    emulator("qemu-system-loongarch64", "10.0", "running loongarch kernels", &["qemu-system-misc"]),
];
