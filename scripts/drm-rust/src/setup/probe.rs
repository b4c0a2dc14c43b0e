// SPDX-License-Identifier: GPL-2.0-only

//! Looking for one thing.

use std::cmp::Ordering;
use std::path::Path;

use super::needs::{Need, Probe};
use super::{State, llvm, rust_src, sparse};
use crate::process::Process;

/// The state of a need on this machine.
pub(super) fn probe(need: &Need, cache: &Path) -> State {
    match need.probe {
        Probe::Program(name, args) => program(name, args, need.oldest),
        Probe::File(file) if Path::new(file).exists() => State::Present { version: None, path: file.to_owned() },
        Probe::File(_) => State::Missing,
        Probe::Llvm(name) => llvm::find(name),
        Probe::Libclang => llvm::find_libclang(),
        Probe::RustSrc => match rust_src::library(cache) {
            Some(library) => State::Present { version: super::rustc_version(), path: library.display().to_string() },
            None => State::Missing,
        },
        Probe::Python(module) => python(module),
        Probe::Sparse => match sparse::program(cache) {
            Some(path) => State::Present { version: sparse::version(&path), path: path.display().to_string() },
            None => State::Missing,
        },
    }
}

fn python(module: &str) -> State {
    let script = format!("import {module}; print(getattr({module}, '__version__', '')); print({module}.__file__)");
    match Process::new("python3").args(["-c", &script]).output() {
        Ok(output) if output.code == 0 => {
            let text = output.text();
            let (version, path) = text.split_once('\n').unwrap_or_default();
            State::Present { version: version_in(version), path: path.to_owned() }
        }
        _ => State::Missing,
    }
}

/// The state of a program in PATH, which is asked for its version with `args`.
pub(super) fn program(name: &str, args: &[&str], oldest: Option<&'static str>) -> State {
    let Ok(output) = Process::new(name).args(args).output() else { return State::Missing };
    let text = format!("{}\n{}", output.text(), String::from_utf8_lossy(&output.stderr));
    let version = version_in(&text);
    match (&version, oldest) {
        // Wrappers of rustup exist for components that are not installed.
        _ if output.code != 0 => State::Missing,
        (Some(version), Some(wanted)) if compare(version, wanted) == Ordering::Less => {
            State::TooOld { version: version.clone(), wanted }
        }
        _ => State::Present { version, path: which(name) },
    }
}

/// Where a program is.
fn which(name: &str) -> String {
    let output = Process::new("sh").args(["-c", "command -v \"$1\"", "sh", name]).output();
    output.map(|output| output.text()).unwrap_or_default()
}

/// The first word that looks like a version.
pub(super) fn version_in(text: &str) -> Option<String> {
    text.split(|c: char| c.is_whitespace() || "(),-".contains(c)).find_map(|word| {
        let word = word.trim_start_matches('v');
        let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
        let version = word[..end].trim_end_matches('.');
        (version.contains('.') && version.starts_with(|c: char| c.is_ascii_digit())).then(|| version.to_owned())
    })
}

/// Compares versions number by number.
fn compare(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| text.split('.').map(|n| n.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    numbers(a).cmp(&numbers(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found() {
        for (text, version) in [
            ("git version 2.39.5", "2.39.5"),
            ("rustc 1.95.0 (59807616e 2026-04-14)", "1.95.0"),
            ("Debian clang version 19.1.7 (3)", "19.1.7"),
            ("GNU Make 4.3\nBuilt for", "4.3"),
            ("This is perl 5, version 36, subversion 0 (v5.36.0) built", "5.36.0"),
            ("bindgen 0.71.1", "0.71.1"),
            ("flex 2.6.4", "2.6.4"),
            ("git version 2.47.3.windows.1", "2.47.3"),
        ] {
            assert_eq!(version_in(text).as_deref(), Some(version), "{text}");
        }
        assert_eq!(version_in("no version"), None);
    }

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(compare("2.39.5", "2.38"), Ordering::Greater);
        assert_eq!(compare("2.9", "2.38"), Ordering::Less);
        assert_eq!(compare("0.71.1", "0.71.1"), Ordering::Equal);
    }

    #[test]
    fn what_is_not_there_is_missing() {
        assert_eq!(program("no-such-program", &["--version"], None), State::Missing);
        assert!(matches!(program("git", &["--version"], Some("99")), State::TooOld { .. }));
        assert!(program("git", &["--version"], Some("2.38")).is_met());
    }
}
