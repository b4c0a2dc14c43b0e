// SPDX-License-Identifier: GPL-2.0-only

//! Which of the machine's LLVMs builds the kernel.

use std::path::Path;
use std::sync::OnceLock;

use super::State;
use super::probe::program;
use crate::process::Process;

/// The oldest version that will do.
const OLDEST: &str = "17";

/// What distinguishes the programs of one LLVM from those of another, best first: the one that this tree is tested with
/// and that `drm-rust setup` installs, that of the distribution, others.
const SUFFIXES: [&str; 8] = ["-19", "", "-23", "-22", "-21", "-20", "-18", "-17"];

/// The programs that the kernel's build needs.
const PROGRAMS: [&str; 3] = ["clang", "ld.lld", "llvm-objcopy"];

/// The suffix of the first LLVM that is complete and new enough. That of the first one where none is.
fn suffix() -> &'static str {
    static SUFFIX: OnceLock<&str> = OnceLock::new();
    SUFFIX.get_or_init(|| choose(|name| program(name, &["--version"], Some(OLDEST)).is_met()))
}

fn choose(is_there: impl Fn(&str) -> bool) -> &'static str {
    let is_complete = |suffix: &&str| PROGRAMS.iter().all(|name| is_there(&format!("{name}{suffix}")));
    SUFFIXES.into_iter().find(is_complete).unwrap_or(SUFFIXES[0])
}

/// A program of LLVM, as it is called here.
pub(crate) fn name(program: &str) -> String {
    format!("{program}{}", suffix())
}

/// The value of the kernel's `LLVM=`.
pub(super) fn variable() -> String {
    value(suffix()).to_owned()
}

fn value(suffix: &'static str) -> &'static str {
    if suffix.is_empty() { "1" } else { suffix }
}

/// The state of one of its programs.
pub(super) fn find(name: &str) -> State {
    program(&self::name(name), &["--version"], Some(OLDEST))
}

/// The state of the library that reads headers for bindgen. Its compiler knows where it is.
pub(super) fn find_libclang() -> State {
    let output = Process::new(name("clang")).arg("-print-file-name=libclang.so").output();
    match output.map(|output| output.text()) {
        Ok(path) if Path::new(&path).is_absolute() && Path::new(&path).exists() => {
            State::Present { version: None, path }
        }
        _ => State::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_complete_llvm_is_taken() {
        let on = |programs: &'static [&str]| choose(|name| programs.contains(&name));
        assert_eq!(on(&["clang-19", "ld.lld-19", "llvm-objcopy-19", "clang", "ld.lld", "llvm-objcopy"]), "-19");
        assert_eq!(on(&["clang-19", "clang", "ld.lld", "llvm-objcopy"]), "");
        assert_eq!(on(&["clang", "clang-18", "ld.lld-18", "llvm-objcopy-18"]), "-18");
        assert_eq!(on(&["clang"]), "-19");
    }

    #[test]
    fn the_kernel_has_a_word_for_programs_without_suffix() {
        assert_eq!([value("-19"), value("")], ["-19", "1"]);
    }
}
