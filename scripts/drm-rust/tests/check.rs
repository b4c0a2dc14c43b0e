// SPDX-License-Identifier: GPL-2.0-only

//! Every check on the real tree: it passes there, and finds the mistake that is made for it.
//!
//! Builds the kernel crate several times; `make checks` runs it.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use drm_rust::git::Repo;
use drm_rust::git::objects::Objects;
use drm_rust::report::Silent;
use drm_rust::structure::Structural;
use drm_rust::tip::{self, Inputs, NoFixups, Plan, Planned};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs `drm-rust check` and gives the reports by tool.
fn check(args: &[&str]) -> (Option<i32>, BTreeMap<String, Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drm-rust"));
    command.args(["check", "--json"]).args(args).current_dir(root()).stderr(Stdio::inherit());
    let output = command.output().unwrap();
    let reports: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let by_tool = reports.into_iter().map(|report| (report["tool"].as_str().unwrap().to_owned(), report));
    (output.status.code(), by_tool.collect())
}

#[test]
#[ignore = "builds the kernel crate: make checks"]
fn the_whole_tree_is_clean_and_a_second_run_knows_it() {
    let (code, reports) = check(&[]);
    for (tool, report) in &reports {
        println!(
            "{:5} {tool:12} {} [{:.1} s]",
            report["status"],
            report["summary"],
            report["seconds"].as_f64().unwrap()
        );
    }
    assert_eq!(code, Some(0), "{reports:#?}");
    assert!(reports.len() >= 11, "{:?}", reports.keys());
    assert!(reports.values().all(|report| report["status"] == "pass"), "a check that looked at nothing proves nothing");
    let (_, again) = check(&[]);
    assert!(again.values().all(|report| report["cached"] == true), "{again:#?}");
    let kept: Value = serde_json::from_slice(&fs::read(root().join("build/check/report.json")).unwrap()).unwrap();
    assert_eq!(kept["reports"].as_array().unwrap().len(), again.len());
}

/// Git in `linux/`, with an index of its own.
fn git(index: &Path, args: &[&str], input: &str) -> String {
    use std::io::Write;
    let mut command = Command::new("git");
    let identity = [("NAME", "A Person"), ("EMAIL", "person@drm-rust.example"), ("DATE", "1767225600 +0000")];
    for (key, value) in identity {
        command.env(format!("GIT_AUTHOR_{key}"), value).env(format!("GIT_COMMITTER_{key}"), value);
    }
    command.current_dir(root().join("linux")).env("GIT_INDEX_FILE", index).args(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A file of `drm-rust-next`; nothing where there is none.
fn read(file: &str) -> String {
    let index = Path::new("/dev/null");
    if git(index, &["ls-tree", "drm-rust-next", "--", file], "").is_empty() {
        return String::new();
    }
    git(index, &["cat-file", "blob", &format!("drm-rust-next:{file}")], "") + "\n"
}

/// A commit on `drm-rust-next` that gives files another content, and its id.
fn commit(message: &str, files: &[(&str, String)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let index = dir.path().join("index");
    git(&index, &["read-tree", "drm-rust-next"], "");
    for (file, text) in files {
        let blob = git(&index, &["hash-object", "-w", "--stdin"], text);
        git(&index, &["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{file}")], "");
    }
    let tree = git(&index, &["write-tree"], "");
    git(&index, &["commit-tree", &tree, "-p", "drm-rust-next"], message)
}

#[test]
#[ignore = "builds the kernel crate: make checks"]
fn every_check_finds_its_mistake() {
    let rust = "\n/// A mistake.\npub fn  check_me(v: &[u8]) -> bool { v.len() == 0 }\n";
    let c = "\nvoid *drm_rust_check_me(void __user *p)\n{\n\treturn p;\n}\n";
    let mistakes = commit(
        "checks: added mistakes\n\nEvery check shall find teh one that is for it.\n",
        &[
            ("rust/kernel/xarray.rs", read("rust/kernel/xarray.rs") + rust),
            ("rust/helpers/xarray.c", read("rust/helpers/xarray.c") + c),
            ("nobody/maintains/this.h", "int x;\n".into()),
            (
                "Documentation/rust/drm-rust/ci.rst",
                read("Documentation/rust/drm-rust/ci.rst") + "\nSome title\n=====\n",
            ),
        ],
    );
    let (code, mut reports) = check(&[&format!("drm-rust-next..{mistakes}")]);
    assert_eq!(code, Some(4), "{reports:#?}");
    // What has lints is not documented.
    let rust = "\n/// See [`Nowhere`].\npub fn check_me() {}\n";
    let undocumented = read("rust/kernel/xarray.rs") + rust;
    let undocumented = commit("rust: xarray: add a broken link\n", &[("rust/kernel/xarray.rs", undocumented)]);
    reports.extend(check(&[&format!("drm-rust-next..{undocumented}"), "--only", "rustdoc"]).1);
    for (tool, part) in [
        ("subject", "the imperative is `add`"),
        ("trailers", "has not signed off"),
        ("checkpatch", "MISSING_SIGN_OFF"),
        ("codespell", "teh ==> the"),
        ("maintainers", "nobody/maintains/this.h"),
        ("spdx", "nobody/maintains/this.h"),
        ("rustfmt", ": is not formatted"),
        ("htmldocs", "Title underline too short"),
        ("clippy", "rust/kernel/xarray.rs"),
        ("rustdoc", "Nowhere"),
        ("sparse", "different address spaces"),
    ] {
        let report = reports.get(tool).unwrap_or_else(|| panic!("{tool} did not run"));
        assert_eq!(report["status"], "fail", "{report:#}");
        let details = report["details"].to_string();
        assert!(details.contains(part), "{part} is not in what {tool} found: {report:#}");
    }
}

/// A commit that adds a part to the tree in every way that such commits have in common, and so conflicts with its like.
fn part(name: &str) -> String {
    let before = |file: &str, line: &str, new: String| {
        let text = read(file);
        assert_eq!(text.matches(line).count(), 1, "{line} in {file}");
        text.replace(line, &(new + line))
    };
    let symbol = name.to_uppercase();
    let module = format!("#[cfg(CONFIG_DRM_{symbol})]\npub mod fb_{name};\n");
    let source = format!("source \"drivers/gpu/drm/fb_{name}/Kconfig\"\n");
    let header = format!("#include <linux/fb_{name}.h>\n");
    let kernel = format!(
        "//! Part {name}.\n\n/// Its bytes.\npub fn bytes() -> usize {{\n    // SAFETY: There is no precondition.\n    \
         unsafe {{ crate::bindings::fb_{name}_bytes() }}\n}}\n"
    );
    let helper = format!(
        "{header}\n__rust_helper size_t rust_helper_fb_{name}_bytes(void)\n{{\n\treturn fb_{name}_bytes();\n}}\n"
    );
    let config = format!("config DRM_{symbol}\n\tbool\n\tdepends on RUST\n\tdefault y\n");
    let inline = "#include <linux/types.h>\n\nstatic inline size_t ".to_owned();
    let inline = inline + &format!("fb_{name}_bytes(void)\n{{\n\treturn {};\n}}\n", name.len());
    let files = [
        (
            "rust/kernel/lib.rs",
            before("rust/kernel/lib.rs", "#[cfg(CONFIG_RUST_FW_LOADER_ABSTRACTIONS)]\npub mod firmware;\n", module),
        ),
        (&format!("rust/kernel/fb_{name}.rs"), kernel),
        (
            "rust/helpers/helpers.c",
            before("rust/helpers/helpers.c", "#include \"fs.c\"\n", format!("#include \"fb_{name}.c\"\n")),
        ),
        (&format!("rust/helpers/fb_{name}.c"), helper),
        (
            "rust/bindings/bindings_helper.h",
            before("rust/bindings/bindings_helper.h", "#include <linux/fdtable.h>\n", header),
        ),
        (&format!("include/linux/fb_{name}.h"), inline),
        (
            "drivers/gpu/drm/Kconfig",
            before("drivers/gpu/drm/Kconfig", "source \"drivers/gpu/drm/fsl-dcu/Kconfig\"\n", source),
        ),
        (&format!("drivers/gpu/drm/fb_{name}/Kconfig"), config),
    ];
    commit(&format!("rust: add part {name}\n"), &files)
}

#[test]
#[ignore = "builds the kernel crate: make checks"]
fn what_is_merged_structurally_builds() {
    let repo = Repo::at(root().join("linux"));
    let branch = |name: &str| Planned { name: name.into(), commit: repo.commit(&part(name)).unwrap() };
    let plan = Plan {
        start: repo.commit("drm-rust-next").unwrap(),
        branches: ["one", "two", "three"].map(branch).into(),
        missing: Vec::new(),
    };
    let identity = &"Tester <tester@drm-rust.example>".parse().unwrap();
    let (resolver, fixups) = (&mut Structural, &mut NoFixups);
    let inputs =
        Inputs { repo: &repo, identity, resolver, fixups, resolutions: None, previous: None, reporter: &Silent };
    let mut objects = Objects::new(&repo);
    let tip = tip::build(&plan, inputs, &mut objects).unwrap();
    objects.flush().unwrap();
    assert_eq!(tip.notices, [""; 0]);
    let notes: Vec<usize> = tip.merges.iter().map(|merge| merge.notes.len()).collect();
    assert_eq!(notes, [0, 4, 4], "every list was in conflict: {:#?}", tip.merges);
    let (code, reports) = check(&[&format!("drm-rust-next..{}", tip.commit), "--only", "clippy,rustfmt"]);
    assert_eq!(code, Some(0), "{reports:#?}");
    // It was the three parts together that were built.
    let config = fs::read_to_string(root().join("build/check/um/.config")).unwrap();
    assert!(["ONE", "TWO", "THREE"].iter().all(|name| config.contains(&format!("CONFIG_DRM_{name}=y"))));
}
