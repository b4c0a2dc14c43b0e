// SPDX-License-Identifier: GPL-2.0-only

//! What `make` of the kernel is told: which tools, which compiler cache, and what makes equal sources equal kernels.

use std::fs;
use std::path::Path;

use super::{Group, llvm, rust_src};
use crate::base::pin::Pin;
use crate::workspace::Workspace;

/// How large the compiler cache may grow.
const CACHE_SIZE: &str = "2G";

type Variables = Vec<(&'static str, String)>;

/// The variables and their values, as arguments of make.
pub fn kernel_variables(ws: &Workspace) -> Variables {
    let mut variables = vec![("LLVM", llvm::variable())];
    let library = rust_src::library(&ws.cache);
    variables.extend(library.map(|library| ("RUST_LIB_SRC", library.display().to_string())));
    variables.extend(fixed(ws));
    let dir = ws.cache.join("ccache");
    // Without its folder, ccache would not run the compiler at all.
    if has_ccache(ws) && is_writable(&dir) {
        // HOSTCC stays as it is: it links the host programs that are Rust, as one word.
        variables.push(("CC", format!("ccache {}", llvm::name("clang"))));
        variables.extend(ccache(ws, &dir));
    }
    variables
}

/// What would otherwise be different in each build, and in each checkout.
fn fixed(ws: &Workspace) -> Variables {
    // Any date will do that is the same next time. That of HEAD would link the kernel again after each commit.
    let pin = Pin::load(&ws.data("base.toml")).ok();
    let date = pin.map(|pin| ("KBUILD_BUILD_TIMESTAMP", pin.date.to_string()));
    let who = ["KBUILD_BUILD_USER", "KBUILD_BUILD_HOST"].map(|name| (name, "drm-rust".to_owned()));
    // ccache gives the compiler names that are relative to the build folder: __FILE__ must not have them.
    let names = ("KCFLAGS", "-fmacro-prefix-map=../../linux/=".to_owned());
    let version = ("KBUILD_BUILD_VERSION", "1".to_owned());
    // Without it, make asks git for the state of the work tree, and adds a `+` to the release.
    let release = ("LOCALVERSION", String::new());
    date.into_iter().chain(who).chain([version, names, release]).collect()
}

fn has_ccache(ws: &Workspace) -> bool {
    super::check(&[Group::Optional], &ws.cache).iter().any(|found| found.name == "ccache" && found.state.is_met())
}

/// Whether files can be made in a folder, which is made itself.
fn is_writable(dir: &Path) -> bool {
    fs::create_dir_all(dir).and_then(|()| tempfile::tempfile_in(dir)).is_ok()
}

fn ccache(ws: &Workspace, dir: &Path) -> Variables {
    vec![
        ("CCACHE_DIR", dir.display().to_string()),
        ("CCACHE_MAXSIZE", CACHE_SIZE.to_owned()),
        // Another checkout of the same tree finds what this one has compiled.
        ("CCACHE_BASEDIR", ws.root.display().to_string()),
        ("CCACHE_ABSSTDERR", "true".to_owned()),
    ]
}

/// The same for the Makefile, where the caller's own values win.
pub fn toolchain_mk(ws: &Workspace) -> String {
    makefile(&kernel_variables(ws))
}

fn makefile(variables: &Variables) -> String {
    let mut text =
        String::from("# Written by `drm-rust setup`: what the kernel's build needs to know of this machine.\n");
    for (name, value) in variables {
        // The kernel's Makefile sets CC itself: only an argument of make can change it.
        text += &if *name == "CC" { format!("CACHED_CC := {value}\n") } else { format!("export {name} ?= {value}\n") };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_cache_needs_a_folder_that_can_be_made() {
        let dir = tempfile::tempdir().unwrap();
        assert!(is_writable(&dir.path().join("cache/ccache")));
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(!is_writable(&file) && !is_writable(&file.join("ccache")));
        // Nobody can make files there, not even root.
        assert!(!is_writable(Path::new("/proc/self")));
    }

    #[test]
    fn the_compiler_is_no_variable_of_the_makefile() {
        let variables = vec![("LLVM", "-19".to_owned()), ("CC", "ccache clang-19".to_owned())];
        insta::assert_snapshot!(makefile(&variables), @"
        # Written by `drm-rust setup`: what the kernel's build needs to know of this machine.
        export LLVM ?= -19
        CACHED_CC := ccache clang-19
        ");
    }
}
