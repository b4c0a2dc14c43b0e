// SPDX-License-Identifier: GPL-2.0-only

//! The symbols that turn KUnit suites on, as the sources and the Makefiles name them.

use std::fs;
use std::path::Path;

use super::kbuild::{self, Symbols, symbols_in};
use super::only::OnlyError;
use crate::git::{GitError, Repo};

/// The symbols that turn something on.
type Gates = Symbols;

/// The suites that a pattern names, each with the symbols that it takes.
pub(super) fn of_suites(linux: &Repo, pattern: &str) -> Result<Vec<Gates>, OnlyError> {
    let top = linux.top();
    let mut found = Vec::new();
    for file in grep(linux, "kunit_tests(", &["*.rs"])? {
        for (_, mut gates) in rust_suites(&read(top, &file)).into_iter().filter(|(suite, _)| matches(pattern, suite)) {
            gates.extend(of_rust_file(top, &file).ok_or_else(|| OnlyError::NoGate(file.clone()))?);
            found.push(gates);
        }
    }
    // A name without a wildcard is in one place.
    if !found.is_empty() && !pattern.contains(['*', '?']) {
        return Ok(found);
    }
    for file in grep(linux, "struct kunit_suite ", &["*test*.c", "*kunit*.c"])? {
        if c_suites(&read(top, &file)).iter().any(|suite| matches(pattern, suite)) {
            let gates = match of_object(top, &file) {
                Some(gates) => Some(gates),
                None => of_included(linux, &file)?,
            };
            found.push(gates.ok_or(OnlyError::NoGate(file))?);
        }
    }
    if found.is_empty() { Err(OnlyError::NoSuite(pattern.to_owned())) } else { Ok(found) }
}

/// The files of the work tree with a text, of those that the patterns name.
fn grep(linux: &Repo, text: &str, files: &[&str]) -> Result<Vec<String>, OnlyError> {
    let process = linux.git(["grep", "-z", "--files-with-matches", "--fixed-strings", "-e", text, "--"]).args(files);
    // An exit code tells whether there is one.
    let output = process.output().map_err(GitError::from)?;
    Ok(output.text().split_terminator('\0').map(str::to_owned).collect())
}

fn read(top: &Path, file: &str) -> String {
    fs::read_to_string(top.join(file)).unwrap_or_default()
}

/// Whether a name is what KUnit's filter takes for a match.
fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            matches(&pattern[1..], name) || name.chars().next().is_some_and(|c| matches(pattern, &name[c.len_utf8()..]))
        }
        (Some(p), Some(n)) if p == '?' || p == n => matches(&pattern[p.len_utf8()..], &name[n.len_utf8()..]),
        _ => false,
    }
}

/// The suites of a Rust file, each with the symbols of the conditions right above it.
fn rust_suites(text: &str) -> Vec<(String, Gates)> {
    let mut suites = Vec::new();
    let mut gates = Gates::new();
    for line in text.lines().map(str::trim) {
        if !line.starts_with("#[") {
            gates.clear();
        } else if let Some((_, rest)) = line.split_once("kunit_tests(") {
            let name = rest.split(')').next().unwrap_or(rest);
            suites.push((name.to_owned(), gates.clone()));
        } else {
            gates.extend(symbols_in(line));
        }
    }
    suites
}

/// The names of the suites of a C file.
fn c_suites(text: &str) -> Vec<String> {
    let bodies = text.split("struct kunit_suite ").skip(1).filter_map(|rest| rest.split_once('{'));
    let name = |(_, body): (&str, &str)| {
        let body = body.split_once("};").map_or(body, |(body, _)| body);
        let value = body.split_once(".name")?.1.trim_start().strip_prefix('=')?;
        value.trim_start().strip_prefix('"')?.split('"').next().map(str::to_owned)
    };
    bodies.filter_map(name).collect()
}

/// What must hold for a Rust file to be compiled.
fn of_rust_file(top: &Path, file: &str) -> Option<Gates> {
    let Some(path) = file.strip_prefix("rust/kernel/").and_then(|path| path.strip_suffix(".rs")) else {
        return of_object(top, file);
    };
    let modules: Vec<_> = path.split('/').filter(|name| *name != "mod").collect();
    let mut gates = Gates::from(["RUST".to_owned()]);
    for (depth, module) in modules.iter().enumerate() {
        let parent = modules[..depth].join("/");
        let files =
            if depth == 0 { vec!["lib.rs".into()] } else { vec![format!("{parent}.rs"), format!("{parent}/mod.rs")] };
        for file in files {
            gates.extend(of_module(&read(top, &format!("rust/kernel/{file}")), module));
        }
    }
    Some(gates)
}

/// The symbols of the conditions right above a module's declaration.
fn of_module(text: &str, module: &str) -> Gates {
    let declaration = format!("mod {module};");
    let mut gates = Gates::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            gates.extend(symbols_in(line));
        } else if line == declaration || line.ends_with(&format!(" {declaration}")) {
            return gates;
        } else {
            gates.clear();
        }
    }
    Gates::new()
}

/// The symbols under which a makefile compiles a file.
fn of_object(top: &Path, file: &str) -> Option<Gates> {
    kbuild::of_file(file, &|path| fs::read_to_string(top.join(path)).ok()).map(|object| object.symbols)
}

/// The symbols under which another C file includes one.
fn of_included(linux: &Repo, file: &str) -> Result<Option<Gates>, OnlyError> {
    let Some((folder, name)) = file.rsplit_once('/') else { return Ok(None) };
    let mark = format!("/{name}\"");
    let above = Path::new(folder).parent().unwrap_or(Path::new("")).join("*.c");
    let includer = grep(linux, &mark, &[&above.to_string_lossy()])?.into_iter().next();
    Ok(includer.and_then(|includer| of_include(&read(linux.top(), &includer), &mark)))
}

/// The symbols of the condition above an `#include`.
fn of_include(text: &str, mark: &str) -> Option<Gates> {
    let lines: Vec<_> = text.lines().collect();
    let include = lines.iter().position(|line| line.starts_with("#include") && line.contains(mark))?;
    let condition = lines[..include].iter().rev().find(|line| line.starts_with("#if"))?;
    Some(symbols_in(condition)).filter(|gates| !gates.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates(names: &[&str]) -> Gates {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn patterns_are_those_of_kunit() {
        for (pattern, name, expected) in [
            ("rust_*", "rust_xarray_ids", true),
            ("*ids", "rust_xarray_ids", true),
            ("rust_?array*", "rust_xarray_ids", true),
            ("rust_xarray", "rust_xarray_ids", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn suites_are_read_from_sources() {
        let rust = "//! #[kunit_tests(in_a_comment)]\n#[cfg(CONFIG_ALPHA)]\nmod a {}\n\
            #[cfg(CONFIG_BETA)]\n#[macros::kunit_tests(beta)]\nmod b {}\n#[kunit_tests(gamma)]\nmod c {}\n";
        let expected = [("beta".to_owned(), gates(&["BETA"])), ("gamma".to_owned(), gates(&[]))];
        assert_eq!(rust_suites(rust), expected);
        let c = "static struct kunit_suite a = {\n\t.name\t= \"a-b\",\n};\nstruct kunit_suite *x;\n\
            struct kunit_suite b = {\n\t.init = f,\n\t.name = \"c\",\n};\nstruct other o = { .name = \"no\" };\n";
        assert_eq!(c_suites(c), ["a-b", "c"]);
    }

    #[test]
    fn an_included_file_has_the_condition_above() {
        let text = "#include <a.h>\n#ifdef CONFIG_T\n#include \"tests/a_test.c\"\n#endif\n";
        assert_eq!(of_include(text, "/a_test.c\"").unwrap(), gates(&["T"]));
        assert_eq!(of_include(text, "/b_test.c\""), None);
    }

    #[test]
    fn the_symbols_of_a_file_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("rust/kernel/lib.rs", "#[cfg(CONFIG_NET)]\npub mod net;\n#[cfg(CONFIG_DRM = \"y\")]\npub mod drm;\n");
        write("rust/kernel/drm/mod.rs", "pub mod ioctl;\n#[cfg(CONFIG_SHMEM)]\n#[doc(hidden)]\npub mod gem;\n");
        write("d/Makefile", "obj-$(CONFIG_CORE) += core.o\ncore-y := core/main.o\n");
        write("d/core/main.rs", "");
        let top = dir.path();
        assert_eq!(of_rust_file(top, "rust/kernel/drm/gem.rs").unwrap(), gates(&["DRM", "RUST", "SHMEM"]));
        assert_eq!(of_rust_file(top, "rust/kernel/drm/ioctl.rs").unwrap(), gates(&["DRM", "RUST"]));
        assert_eq!(of_rust_file(top, "d/core/deep/er.rs").unwrap(), gates(&["CORE"]));
    }
}
