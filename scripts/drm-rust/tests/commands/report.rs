// SPDX-License-Identifier: GPL-2.0-only

//! `report`: what is on the page, and what a browser is told to fetch for it: nothing.

use std::fs;

use crate::env::{ALPHA, Env};

const MARKUP: &str = "<script>alert('x')</script> & <img src=x>";

/// The page of a checkout.
fn page(env: &Env) -> String {
    let run = env.run(&["report"]).ok();
    assert_eq!(run.stdout, "$DIR/checkout/build/report/index.html\n");
    fs::read_to_string(env.root().join("build/report/index.html")).unwrap()
}

/// The values of an attribute, wherever it stands.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

fn kunit(log: &str) -> String {
    serde_json::json!({
        "arch": "um", "seconds": 1.5, "totals": {"pass": 1, "skip": 0, "fail": 1, "crash": 0}, "errors": [],
        "splats": [], "last_lines": [],
        "suites": [{"name": "rust_alpha", "status": "fail", "seconds": 0, "tests": [
            {"name": "good", "status": "pass", "seconds": 0},
            {"name": "bad", "status": "fail", "seconds": 0, "log": [log]},
        ]}],
    })
    .to_string()
}

fn igt(driver: &str, status: &str) -> String {
    serde_json::json!({
        "driver": driver, "igt": "2.5", "seconds": 1, "errors": [], "splats": [], "deaths": [],
        "subtests": [{"name": "kms_flip@basic", "status": status, "seconds": 0, "reason": MARKUP}],
    })
    .to_string()
}

/// A checkout that has something of everything, with markup in all of it.
fn full() -> Env {
    let env = Env::with_alpha();
    env.topic("rust/alpha", &ALPHA.replace("add the alpha module", &format!("add {MARKUP}")));
    let row = format!(
        "[[row]]\narea = \"alpha\"\nlacks = \"{MARKUP}\"\nowner = \"{MARKUP}\"\n\
         [row.source]\nname = \"x\"\nstatus = \"RFC\"\ngit = \"javascript:alert(1)\"\nlist = \"https://list.example/1\"\n"
    );
    env.write("scripts/drm-rust/registry.toml", &row);
    env.write("build/um/kunit.json", &kunit(MARKUP));
    env.write("build/um/igt/rvkms.json", &igt("rvkms", "skip"));
    env.write("build/um/igt/vkms.json", &igt("vkms", "pass"));
    let check = serde_json::json!({"tool": "spdx", "status": "fail", "summary": MARKUP, "details": [MARKUP]});
    let tip = "0".repeat(40);
    let checks = serde_json::json!({"scope": "all", "tip": tip, "time": "2026-01-02T00:00:00Z", "reports": [check]});
    env.write("build/check/report.json", &checks.to_string());
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &[0, 0, 0, 2, 0, 0, 0, 1]].concat();
    fs::create_dir_all(env.root().join("build/demo")).unwrap();
    fs::write(env.root().join("build/demo/frame.png"), png).unwrap();
    env.run(&["tree"]).ok();
    env
}

#[test]
fn a_page_without_data_says_how_to_get_it() {
    let page = page(&Env::new());
    assert!(page.contains("registry.toml: No such file or directory"), "causes are told\n{page}");
    for hint in [
        "<code>drm-rust tree</code> makes it",
        "<code>drm-rust topic new</code> begins one",
        "<code>drm-rust test</code> runs it",
        "<code>drm-rust igt --driver rvkms --compare vkms</code> runs it",
        "<code>drm-rust check</code> checks",
        "<code>make demo</code> draws it",
    ] {
        assert!(page.contains(hint), "{hint}\n{page}");
    }
}

#[test]
fn a_page_shows_what_there_is() {
    let page = page(&full());
    for part in [
        "Linux 9.9 at ",
        "id=\"topic/rust/alpha\"",
        "marker-end=\"url(#arrow-merge)\"",
        "drm-rust-next-2026-01-02</code>",
        "<td class=\"fail\" data-value=\"3 1 of 2 fail\">1 of 2 fail</td>",
        "<code>drm-rust test arm64</code>",
        "rvkms against vkms on um",
        "<td class=\"worse\">worse</td>",
        "<code>all</code> at <code>000000000000</code>",
        "data-status=\"wanted\"",
        "<img src=\"data:image/png;base64,iVBORw0KGgo",
        "width=\"2\" height=\"1\"",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn markup_is_text() {
    let page = page(&full());
    assert_eq!(page.matches("<script>").count(), 1, "only the page's own");
    assert_eq!(page.matches("<img ").count(), 1, "only the picture");
    let escaped = "&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62; &#38; &#60;img src=x&#62;";
    const LOG: &str = "aria-label=\"um: log 1 of rust_alpha.bad\">";
    const FINDING: &str = "aria-label=\"spdx: finding 1\">";
    for place in ["<li>rust: alpha: add ", LOG, "<dd>", "<option value=\"", FINDING, "<td>"] {
        assert!(page.contains(&format!("{place}{escaped}")), "{place}\n{page}");
    }
}

#[test]
fn nothing_is_fetched() {
    let page = page(&full());
    for src in attributes(&page, "src") {
        assert!(src.starts_with("data:image/png;base64,"), "{src}");
    }
    for href in attributes(&page, "href") {
        assert!(href.starts_with('#') || href == "https://list.example/1", "{href}");
    }
    let places: Vec<&str> = page.split("url(").skip(1).collect();
    assert!(places.iter().all(|rest| rest.starts_with("#")), "{places:?}");
    for word in ["<link", "<iframe", "<object", "@import", "srcset", "fetch(", "http://"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("content=\"default-src 'none'; img-src data:"));
}

#[test]
fn damaged_results_do_not_keep_the_page_from_being_made() {
    let env = full();
    for file in ["build/um/kunit.json", "build/um/igt/rvkms.json", "build/check/report.json", "build/demo/frame.png"] {
        env.write(file, "{");
    }
    env.write("scripts/drm-rust/registry.toml", "[[row]]\n");
    let page = page(&env);
    for part in [
        "um/kunit.json is damaged",
        "um/igt/rvkms.json is damaged",
        "report.json is damaged",
        "frame.png is no PNG picture",
        "missing field",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}
