// SPDX-License-Identifier: GPL-2.0-only

//! What drivers must not be able to do with the abstractions does not compile.
//!
//! Each file in `misuse/` is compiled twice against the kernel crate that was built for UML, with the flags of a
//! module: as it is, which must work, and with `--cfg misuse`, which must fail in the line that says so, with this
//! error. `make kunit` runs it after it has built the kernel.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// How the sample was compiled, but for what was compiled and where it went.
fn command_line(build: &Path) -> String {
    let path = build.join("samples/rust/.rust_drm_kms.o.cmd");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = text.lines().next().and_then(|line| line.split_once(":= ")).expect("a command").1;
    let end = line.find("--out-dir").expect("the flags come before the output");
    line[..end].to_owned()
}

fn compile(build: &Path, flags: &str, file: &Path, more: &str) -> Output {
    // rustc replaces the file that it writes to, whatever that is.
    let dir = tempfile::tempdir().unwrap();
    let output = format!("--crate-type rlib --emit=metadata --out-dir {} --error-format=json", dir.path().display());
    let line = format!("{flags} {output} {more} {}", file.display());
    // As the kernel does, which uses features that are not stable.
    Command::new("sh").args(["-c", &line]).env("RUSTC_BOOTSTRAP", "1").current_dir(build).output().unwrap()
}

/// The errors of a compiler: line, code and message.
fn errors(output: &Output) -> Vec<(u64, String)> {
    let text = String::from_utf8_lossy(&output.stderr);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = messages.filter(|message| message["level"] == "error" && message["spans"] != Value::Array(Vec::new()));
    let errors = errors.map(|error| {
        let spans = error["spans"].as_array().unwrap().clone();
        let span = spans.iter().find(|span| span["is_primary"] == true).expect("errors are somewhere");
        let code = error["code"]["code"].as_str().unwrap_or_default();
        (span["line_start"].as_u64().unwrap(), format!("{code}: {}", error["message"].as_str().unwrap_or_default()))
    });
    errors.collect()
}

#[test]
#[ignore = "needs the kernel that make kunit builds"]
fn misuse_does_not_compile() {
    let root = root();
    let build = root.join("build/um");
    let args = ["build", "um", "--target", "samples/rust/rust_drm_kms.o"];
    let status = Command::new(env!("CARGO_BIN_EXE_drm-rust")).args(args).current_dir(&root).status().unwrap();
    assert!(status.success(), "drm-rust build ended with {status}");
    let flags = command_line(&build);

    let folder = root.join("scripts/drm-rust/tests/misuse");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).unwrap();
        let marked = text.lines().zip(1..).find_map(|(line, at)| Some((at, line.split_once("//~ ")?.1)));
        let (at, expected) = marked.unwrap_or_else(|| panic!("{name}: no line says what is wrong"));

        let good = compile(&build, &flags, file, "");
        assert!(good.status.success(), "{name} does not compile:\n{}", String::from_utf8_lossy(&good.stderr));
        let bad = errors(&compile(&build, &flags, file, "--cfg misuse"));
        let is_it = |(line, message): &(u64, String)| *line == at && message.contains(expected);
        assert!(!bad.is_empty() && bad.iter().all(is_it), "{name}: {expected} in line {at} expected, not {bad:#?}");
        println!("{name}: {}", bad[0].1);
    }
    assert!(files.len() >= 10, "only {} files", files.len());
}
