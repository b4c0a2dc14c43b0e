// SPDX-License-Identifier: GPL-2.0-only

//! `registry`: what holds and what does not, in a tree with one topic; and that the page of this repository is fresh.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use drm_rust::registry::lock::Lock;
use drm_rust::registry::model::Registry;
use drm_rust::registry::{DATA, LOCK, PAGE, render};

use crate::env::{ALPHA, Env};

const ALPHA_RS: &str = "\
//! Alpha.
//!
//! ```
//! ```
// Spoken of.

pub struct Alpha;

impl Alpha {
    pub fn get(&self) {}
    fn hidden(&self) {}
}

#[kunit_tests(rust_alpha)]
mod tests {}
";

/// An area that is upstream, one that the topic carries, and one that needs both.
const ROWS: &str = r#"# Ours.

[[row]]
area = "lib"
owner = "rust"
relevance = "useful"
evidence = [{ path = "rust/kernel/lib.rs", item = "page" }]

[row.source]
name = "lib support"
status = "merged" # long ago
author = "A. B."
git = "https://git.example/lib"

[[row]]
area = "alpha"
owner = "drm"
relevance = "core"
size = "S"
requires = ["lib"]
topics = ["rust/alpha"]
carried = [{ path = "rust/kernel/alpha.rs", item = "Alpha::get" }]
lacks = "Beta"
tests.kunit = ["rust_alpha"]

[row.source]
name = "alpha"
status = "RFC"

[[row]]
area = "gamma"
owner = "drm"
lacks = "everything"
requires = ["alpha"]

[[row]]
area = "delta"
requires = ["gamma"]
"#;

const UPSTREAM: &str = "\
| Target Area | Status | Author | Git Link | Mailing List Link | Base |
|---|---|---|---|---|---|
| lib support | merged | A. B. | https://git.example/lib | | |
| alpha | RFC | | | | |

| Area | Task | Discussion | Notes |
|---|---|---|---|
| phy | other phys | | |
| iio | any sensors | | |
";

/// The rows of the idea board.
const IDEAS: &str = r#"
[[row]]
area = "phy"
kind = "idea"
source = { name = "phy", task = "other phys" }

[[row]]
area = "iio"
kind = "idea"
source = { name = "iio", task = "any sensors" }
"#;

/// A tree with these rows in its registry.
fn env(rows: &str) -> Env {
    let env = Env::with_alpha();
    env.topic(
        "rust/alpha",
        &ALPHA.replace("\"rust/kernel/alpha.rs\"", &format!("\"rust/kernel/alpha.rs\", \"{PAGE}\"")),
    );
    env.write("rust/kernel/alpha.rs", ALPHA_RS);
    env.write(PAGE, "");
    env.write("scripts/drm-rust/registry.toml", rows);
    env.write("scripts/drm-rust/igt/smoke.txt", "kms_flip\n");
    env
}

/// What `verify` says of one more row.
fn lie(row: &str) -> String {
    let env = env(&format!("{ROWS}\n[[row]]\narea = 'liar'\n{row}\n"));
    let run = env.run(&["registry", "verify"]);
    assert_eq!(run.code, 4, "{run}");
    let hint = "hint: correct scripts/drm-rust/registry.toml; `drm-rust registry show AREA` shows a row\n";
    let error = format!("error: what 1 row of the registry claims does not hold: liar\n{hint}");
    assert_eq!(run.stderr, error);
    run.stdout.lines().skip_while(|line| !line.starts_with("untrue")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_holds_is_told() {
    let env = env(ROWS);
    insta::assert_snapshot!(env.run(&["registry", "verify"]), @"
    4 areas: 1 upstream, 1 carried, 0 partial, 2 wanted, with Linux 9.9
    no status is written down yet: `drm-rust registry render` does so
    unproven  alpha: kunit rust_alpha
    ----- exit 0
    ");
    env.run(&["registry", "render"]).ok();
    insta::assert_snapshot!(env.run(&["registry", "verify"]), @"
    4 areas: 1 upstream, 1 carried, 0 partial, 2 wanted, with Linux 9.9
    unproven  alpha: kunit rust_alpha
    ----- exit 0
    ");
}

#[test]
fn lists_can_be_filtered() {
    let env = env(ROWS);
    env.run(&["tree"]).ok();
    insta::assert_snapshot!(env.run(&["registry", "list"]), @"
    lib    upstream  merged        rust  useful
    alpha  carried   rfc           drm   core       rust/alpha
    gamma  wanted    -             drm   -
    delta  wanted    -             -     -
    ----- exit 0
    ");
    let areas = |args: &[&str]| {
        let out = env.run(&[&["registry", "list"], args].concat()).ok().stdout;
        out.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(areas(&["--status", "carried"]), ["alpha"]);
    assert_eq!(areas(&["--owner", "DRM"]), ["alpha", "gamma"]);
    assert_eq!(areas(&["--owner", "drm", "--status", "wanted"]), ["gamma"]);
    assert_eq!(areas(&["--area", "l"]), ["lib", "alpha", "delta"]);
    assert_eq!(areas(&["--relevance", "core"]), ["alpha"]);
    let run = env.run(&["registry", "list", "--status", "merged"]);
    assert!(run.code == 2 && run.stderr.contains("upstream, carried, partial, wanted"), "{run}");
    insta::assert_snapshot!(env.run(&["registry", "list", "--owner", "dmr"]), @"
    ----- stderr
    error: the registry has no owner `dmr`
    hint: the owners are drm, rust
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["registry", "list", "--area", "zeta"]), @"
    ----- stderr
    no area is like that
    ----- exit 0
    ");
    let json: serde_json::Value =
        serde_json::from_str(&env.run(&["registry", "list", "--json", "--status", "carried"]).ok().stdout).unwrap();
    assert_eq!((&json[0]["area"], &json[0]["status"], &json[1]), (&"alpha".into(), &"carried".into(), &().into()));
    assert_eq!(json[0]["carried_held"][0], "topic");
}

#[test]
fn an_area_is_shown() {
    let env = env(ROWS);
    env.run(&["tree"]).ok();
    insta::assert_snapshot!(env.run(&["registry", "show", "alpha"]), @"
    alpha: carried
      registry   alpha
      said       RFC
      owner      drm
      relevance  core
      size       S
      requires   lib
      topic      rust/alpha
      carried    rust/kernel/alpha.rs: Alpha::get
      lacks      Beta
      kunit      rust_alpha: did not run
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["registry", "show", "alhpa"]), @"
    ----- stderr
    error: the registry has no area `alhpa`; is `alpha` meant?
    hint: `drm-rust registry list` shows the areas
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["registry", "show", "Lib Support"]), @"
    lib: upstream
      registry   lib support
      said       merged
      author     A. B.
      git        https://git.example/lib
      owner      rust
      relevance  useful
      base has   rust/kernel/lib.rs: page
      tests      none
    ----- exit 0
    ");
}

#[test]
fn what_comes_next_is_not_blocked() {
    let env = env(ROWS);
    env.run(&["tree"]).ok();
    insta::assert_snapshot!(env.run(&["registry", "next"]), @"
    gamma  wanted   needed by  1  -          -
    ----- exit 0
    ");
    let json: serde_json::Value = serde_json::from_str(&env.run(&["registry", "next", "--json"]).ok().stdout).unwrap();
    assert_eq!((&json[0]["area"], &json[0]["dependents"]), (&"gamma".into(), &1.into()));
}

#[test]
fn without_a_tree_there_is_no_evidence() {
    insta::assert_snapshot!(env(ROWS).run(&["registry", "list"]), @"
    ----- stderr
    error: there is no linux/ to look for evidence in
    hint: `drm-rust tree` makes it
    ----- exit 1
    ");
}

#[test]
fn lies_are_named() {
    insta::assert_snapshot!(lie("evidence = [{ path = 'rust/kernel/gone.rs', item = 'Gone' }]"), @"
    untrue    liar: evidence[0]: the base has no file rust/kernel/gone.rs
        hint: look for its new place, or remove the evidence
    ");
    insta::assert_snapshot!(lie("topics = ['rust/alpha']\ncarried = [{ path = 'rust/kernel/alpha.rs', item = 'Alpha::hidden' }]"), @"
    untrue    liar: carried[0]: Alpha::hidden is private in rust/kernel/alpha.rs of topic/rust/alpha
        hint: others cannot use it: name what they use instead
    ");
    insta::assert_snapshot!(lie("topics = ['rust/alpha']\ncarried = [{ path = 'rust/kernel/alpha.rs', item = 'Spoken' }]"), @"
    untrue    liar: carried[0]: rust/kernel/alpha.rs of topic/rust/alpha mentions Spoken, but has no such item
        hint: a comment, a macro's arguments, a private body or another type's method do not count; methods are Type::name
    ");
    insta::assert_snapshot!(lie("topics = ['rust/alhpa']\ncarried = [{ path = 'rust/kernel/lib.rs', item = 'alpha' }]"), @"
    untrue    liar: topics[0]: there is no topic rust/alhpa
        hint: is rust/alpha meant?
    ");
    insta::assert_snapshot!(lie("evidence = [{ path = 'rust/kernel/lib.rs', item = 'xarray' }]\ntests.kunit = ['rust_alpha']"), @"
    untrue    liar: tests.kunit: no file of the row has the suite rust_alpha
        hint: the suite is #[kunit_tests(NAME)] in a file of `evidence`, `carried` or of a topic
    ");
    insta::assert_snapshot!(lie("tests.igt = ['vkms:smoek']\nheaders = ['linux/gone.h']"), @"
    untrue    liar: headers[0]: the base has no include/linux/gone.h
        hint: name headers as #include does
    untrue    liar: tests.igt: `vkms:smoek`: there is no drivers/gpu/drm/vkms/Kconfig
        hint: name a driver of the base or of a topic of the row
    untrue    liar: tests.igt: `vkms:smoek`: there is no list smoek in scripts/drm-rust/igt/
        hint: name a list of scripts/drm-rust/igt/ or tests, as in rvkms:smoke or rvkms:kms_flip
    ");
    insta::assert_snapshot!(lie("requires = ['lbi']"), @"
    untrue    liar: requires[0]: there is no area lbi
        hint: `drm-rust registry list` shows the areas
    ");
    insta::assert_snapshot!(lie("requires = ['mate']\n[[row]]\narea = 'mate'\nrequires = ['liar']"), @"
    untrue    liar: requires: requires itself: liar -> mate -> liar
        hint: remove the requirement that is not needed first
    ");
}

#[test]
fn results_prove_tests_or_the_contrary() {
    let env = env(ROWS);
    env.run(&["registry", "render"]).ok();
    let tree = env.linux_git(&["rev-parse", "drm-rust-next^{tree}"]);
    let report = |status: &str| {
        format!(
            r#"{{"arch":"um","tree":"{tree}","seconds":1,"totals":{{"pass":1,"skip":0,"fail":0,"crash":0}},"errors":[],"splats":[],
            "last_lines":[],"suites":[{{"name":"rust_alpha","status":"{status}","seconds":0}}]}}"#
        )
    };
    env.write("build/um/kunit.json", &report("pass"));
    let run = env.run(&["registry", "verify"]).ok();
    assert!(!run.stdout.contains("unproven"), "{run}");
    env.write("build/um/kunit.json", &report("fail"));
    let run = env.run(&["registry", "verify"]);
    assert_eq!(run.code, 4, "{run}");
    assert!(run.stdout.contains("untrue    alpha: tests.kunit: rust_alpha failed in the latest run: um\n"), "{run}");
    env.write("build/um/kunit.json", &report("pass").replace("rust_alpha", "rust_beta"));
    let run = env.run(&["registry", "verify"]);
    assert_eq!(run.code, 4, "{run}");
    assert!(run.stdout.contains("untrue    alpha: tests.kunit: rust_alpha is not in the latest run: um\n"), "{run}");
}

#[test]
fn results_of_another_tree_do_not_count() {
    let env = env(ROWS);
    env.run(&["registry", "render"]).ok();
    let tree = env.linux_git(&["rev-parse", "drm-rust-next^{tree}"]);
    let report = format!(
        r#"{{"arch":"um","tree":"{tree}","seconds":1,"totals":{{"pass":0,"skip":0,"fail":1,"crash":0}},"errors":[],
        "splats":[],"last_lines":[],"suites":[{{"name":"rust_alpha","status":"fail","seconds":0}}]}}"#
    );
    env.write("build/um/kunit.json", &report);
    env.write("build/arm64/kunit.json", "{");
    assert_eq!(env.run(&["registry", "verify"]).code, 4);
    let page = fs::read_to_string(env.root().join(PAGE)).unwrap();
    env.write(PAGE, &(page + "\nMore.\n"));
    assert_eq!(env.run(&["registry", "verify"]).code, 4, "documentation is no code");
    env.write("rust/kernel/alpha.rs", &ALPHA_RS.replace("Alpha.", "Beta."));
    insta::assert_snapshot!(env.run(&["registry", "verify"]), @"
    4 areas: 1 upstream, 1 carried, 0 partial, 2 wanted, with Linux 9.9
    ignored   um: the results are of another tree; `drm-rust test um`
    ignored   arm64: build/arm64/kunit.json is damaged: EOF while parsing an object at line 1 column 1; the next run writes it again
    ----- exit 0
    ");
}

#[test]
fn a_base_that_moves_changes_statuses() {
    let env = env(ROWS);
    env.run(&["registry", "render"]).ok();
    // The new base has what the topic carried, and has lost what was there.
    let clone = env.home().join("clone");
    fs::create_dir_all(clone.join("rust/kernel")).unwrap();
    fs::write(clone.join("rust/kernel/lib.rs"), "pub mod alloc;\npub mod xarray;\n").unwrap();
    fs::write(clone.join("rust/kernel/beta.rs"), ALPHA_RS).unwrap();
    let git = |args: &[&str]| assert!(env.command("git").args(args).current_dir(&clone).status().unwrap().success());
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "next"]);
    env.run(&["tree", "--base", &format!("git:{}#HEAD", clone.display())]).ok();
    let moved =
        ROWS.replace("rust/kernel/alpha.rs", "rust/kernel/beta.rs").replace("tests.kunit = [\"rust_alpha\"]\n", "");
    env.write("scripts/drm-rust/registry.toml", &moved);
    let run = env.run(&["registry", "verify"]);
    assert_eq!(run.code, 4);
    let changed: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("changed")).collect();
    assert_eq!(changed, ["changed   alpha: carried -> partial", "changed   lib: upstream -> wanted"]);
    assert!(run.stdout.contains("untrue    alpha: carried[0]: the base has Alpha::get already"), "{run}");
    assert!(
        run.stdout.contains("untrue    lib: evidence[0]: rust/kernel/lib.rs of the base has no item page"),
        "{run}"
    );
}

#[test]
fn the_page_is_written_where_all_claims_hold() {
    let env = env(ROWS);
    let run = env.run(&["registry", "render"]).ok();
    assert_eq!(run.stderr, "wrote Documentation/rust/registry.rst\nwrote scripts/drm-rust/registry.lock\n");
    let page = fs::read_to_string(env.root().join(PAGE)).unwrap();
    assert!(page.contains("The base is Linux 9.9.") && page.contains("``Alpha::get`` (``alpha.rs``)"), "{page}");
    let again = env.run(&["registry", "render"]);
    assert_eq!(again.stderr.lines().filter(|line| line.ends_with("is up to date")).count(), 2, "{again}");
    env.write("scripts/drm-rust/registry.toml", &ROWS.replace("item = \"page\"", "item = \"paeg\""));
    assert_eq!(env.run(&["registry", "render"]).code, 4);
    assert_eq!(fs::read_to_string(env.root().join(PAGE)).unwrap(), page, "a lie is not written down");
}

#[test]
fn import_shows_and_takes_what_changed() {
    let ours = format!("{ROWS}{IDEAS}");
    let env = env(&ours);
    let data = || fs::read_to_string(env.root().join("scripts/drm-rust/registry.toml")).unwrap();
    let import = |text: &str, args: &[&str]| {
        env.write("README.upstream", text);
        env.run(&[&["registry", "import", "README.upstream"], args].concat())
    };
    insta::assert_snapshot!(import(UPSTREAM, &[]), @"
    ----- stderr
    nothing changes: registry.toml has all 4 rows
    ----- exit 0
    ");
    let newer = UPSTREAM.replace("| alpha | RFC | |", "| alpha | review | C. D. |").replace(
        "| lib support | merged | A. B. | https://git.example/lib | | |\n",
        "| omega | testing | | https://git.example/omega | | |\n",
    );
    insta::assert_snapshot!(import(&newer, &["--dry-run"]), @"
    removed  lib
    changed  alpha
        status RFC -> review
        author (none) -> C. D.
    added    omega
        name   omega
        status testing
        git    https://git.example/omega
    ----- stderr
    3 rows would change
    ----- exit 0
    ");
    assert_eq!(data(), ours, "a dry run writes nothing");
    let kept = env.root().join("kept");
    fs::hard_link(env.root().join("scripts/drm-rust/registry.toml"), &kept).unwrap();
    import(&newer, &[]).ok();
    assert_eq!(fs::read_to_string(kept).unwrap(), ours, "the file is replaced, not written over");
    let expected = ours
        .replace("git = \"https://git.example/lib\"\n", "git = \"https://git.example/lib\"\ngone = true\n")
        .replace("status = \"RFC\"\n", "status = \"review\"\nauthor = \"C. D.\"\n")
        + "\n[[row]]\narea = \"omega\"\n\n[row.source]\nname = \"omega\"\nstatus = \"testing\"\n\
           git = \"https://git.example/omega\"\n";
    assert_eq!(data(), expected);
    env.run(&["registry", "verify"]).ok();
}

#[test]
fn import_does_not_lose_many_rows_unasked() {
    let ours = format!("{ROWS}{IDEAS}");
    let env = env(&ours);
    let data = || fs::read_to_string(env.root().join("scripts/drm-rust/registry.toml")).unwrap();
    let fewer = UPSTREAM.replace("| alpha | RFC | | | | |\n", "").replace("| iio | any sensors | | |\n", "");
    env.write("README.upstream", &fewer);
    insta::assert_snapshot!(env.run(&["registry", "import", "README.upstream"]), @"
    ----- stderr
    error: 2 of 4 rows would be marked as gone
    hint: look at them with --dry-run: is the file complete? --force takes it as it is
    ----- exit 1
    ");
    env.run(&["registry", "import", "--dry-run", "README.upstream"]).ok();
    assert_eq!(data(), ours);
    env.run(&["registry", "import", "--force", "README.upstream"]).ok();
    assert_eq!(data().matches("gone = true").count(), 2);
}

#[test]
fn import_reads_standard_input_and_prints_json() {
    let env = env(&format!("{ROWS}{IDEAS}"));
    let changes = |text: &str| {
        env.write("README.upstream", text);
        let input = fs::File::open(env.root().join("README.upstream")).unwrap();
        let output = env.drm_rust(&["registry", "import", "--json", "-"]).stdin(input).output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(changes(UPSTREAM), serde_json::json!([]));
    let field = serde_json::json!({ "key": "status", "old": "RFC", "new": "review" });
    let change = serde_json::json!([{ "changed": { "area": "alpha", "fields": [field] } }]);
    let newer = UPSTREAM.replace("| alpha | RFC |", "| alpha | review |");
    assert_eq!(changes(&newer), change);
    assert_eq!(changes(&newer), serde_json::json!([]), "it was taken");
}

#[test]
fn a_malformed_row_is_named_and_changes_nothing() {
    let env = env(ROWS);
    env.write("README.upstream", &UPSTREAM.replace("| alpha | RFC | | | | |", "| alpha | RFC | | |"));
    insta::assert_snapshot!(env.run(&["registry", "import", "README.upstream"]), @r"
    ----- stderr
    error: line 4: the row has 4 columns instead of 6
    hint: the columns are Target Area, Status, Author, Git Link, Mailing List Link, Base; write `|` inside a cell as `\|`
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["registry", "import", "gone"]), @"
    ----- stderr
    error: cannot read $DIR/checkout/gone
    caused by: No such file or directory (os error 2)
    hint: the path does not exist; check its spelling
    ----- exit 1
    ");
    let data = fs::read_to_string(env.root().join("scripts/drm-rust/registry.toml")).unwrap();
    assert_eq!(data, ROWS);
}

#[test]
fn the_page_of_this_repository_is_fresh() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    let registry = Registry::load(&ours.join(DATA)).unwrap();
    let lock = Lock::load(&ours.join(LOCK)).unwrap();
    let areas: BTreeSet<&String> = registry.rows.iter().map(|row| &row.area).collect();
    assert_eq!(lock.status.keys().collect::<BTreeSet<_>>(), areas, "{LOCK} is out of date: drm-rust registry render");
    let page = fs::read_to_string(ours.join("../..").join(PAGE)).unwrap();
    assert!(page == render::page(&registry, &lock), "{PAGE} is out of date: drm-rust registry render");
}
