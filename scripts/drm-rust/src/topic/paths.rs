// SPDX-License-Identifier: GPL-2.0-only

//! Paths that others bring: which would be git's own folder, and which are executed without being asked for. Pure.
//!
//! Cargo, rustup, rust-analyzer, editors and CI read their configuration from the folders above a package, and this
//! repository's packages are below folders of Linux: a file that a topic adds beside or above one decides what the
//! next `make` runs.

/// Files that cargo, rustup and rust-analyzer read from any folder above a package.
const READ_BY_TOOLS: [&str; 9] = [
    "build.rs",
    "cargo.lock",
    "cargo.toml",
    "clippy.toml",
    "rust-analyzer.toml",
    "rust-project.json",
    "rust-toolchain",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// The one name with a dot that nothing reads unless it is named: what KUnit builds.
const DATA: &str = ".kunitconfig";

/// Whether a part of a path is `.git` for git, or for a file system that takes other spellings for it.
pub fn is_git_folder(part: &str) -> bool {
    // HFS+ leaves these out; NTFS leaves out what ends a name, and opens streams behind a colon.
    let is_ignored =
        |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let name: String = part.chars().filter(|c| !is_ignored(*c)).collect();
    let name = name.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']).to_lowercase();
    matches!(&*name, ".git" | "git~1")
}

/// The folders of the cargo packages among some files.
pub fn packages(files: &[String]) -> Vec<String> {
    let manifests = files.iter().filter(|file| file.ends_with("/Cargo.toml"));
    manifests.map(|file| file[..file.len() - "Cargo.toml".len()].to_owned()).collect()
}

/// What would execute a file, if anything would.
pub fn executed(path: &str, packages: &[String]) -> Option<String> {
    let original = path.rsplit('/').next().unwrap_or(path);
    let name = original.to_lowercase();
    if let Some(package) = packages.iter().find(|package| path.starts_with(*package)) {
        return Some(format!("it is a part of {package}, which make builds and runs"));
    }
    if let Some(part) = path.split('/').find(|part| part.starts_with('.') && *part != DATA) {
        return Some(format!("tools and editors read {part} by themselves"));
    }
    if original == "makefile" || name == "gnumakefile" {
        return Some("make reads it in place of the Makefile beside it".to_owned());
    }
    READ_BY_TOOLS
        .contains(&&*name)
        .then(|| "cargo, rustup or rust-analyzer reads it in folders above a package".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_git_s_folder_is_known() {
        for bad in [
            ".git",
            ".GIT",
            ".Git",
            ".git ",
            ".git.",
            ".git . .",
            "git~1",
            "GIT~1",
            ".git::$INDEX_ALLOCATION",
            ".g\u{200c}it",
            "\u{feff}.git",
        ] {
            assert!(is_git_folder(bad), "{bad:?}");
        }
        for good in [".gitignore", "git", ".gi", "git~2", "a.git", ""] {
            assert!(!is_git_folder(good), "{good:?}");
        }
    }

    #[test]
    fn what_is_executed_is_known() {
        let packages = packages(&["tools/testing/drm/Cargo.toml".to_owned(), "tools/x.c".into()]);
        assert_eq!(packages, ["tools/testing/drm/"]);
        for bad in [
            "drivers/.cargo/config.toml",
            "tools/.vscode/settings.json",
            "rust/.envrc",
            "rust/.rust-toolchain",
            "tools/rust-toolchain",
            "tools/testing/RUST-TOOLCHAIN.TOML",
            "tools/Cargo.toml",
            "tools/testing/cargo.lock",
            "tools/build.rs",
            "scripts/rust-project.json",
            "tools/testing/drm/src/main.rs",
            "Documentation/.gitattributes",
            "drivers/gpu/.gitlab-ci.yml",
            "drivers/gpu/.kunitconfig/.envrc",
            "tools/testing/GNUmakefile",
            "tools/testing/makefile",
        ] {
            assert!(executed(bad, &packages).is_some(), "{bad}");
        }
        for good in [
            "rust/kernel/build_assert.rs",
            "tools/testing/drm.rs",
            "rust/kernel/cargo.rs",
            "drivers/gpu/drm/a..b",
            "drivers/gpu/drm/Makefile",
            "drivers/gpu/drm/tests/.kunitconfig",
        ] {
            assert_eq!(executed(good, &packages), None, "{good}");
        }
    }
}
