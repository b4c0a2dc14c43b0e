// SPDX-License-Identifier: GPL-2.0-only

//! What is on the page, without a browser.

use std::fs;
use std::path::{Path, PathBuf};

use drm_rust::html::topics::Tree;
use drm_rust::html::{self, Data, Missing};

use crate::fixture;

/// Whether the page has these parts, names of logs and levels of headings aside.
fn has(parts: &[&str]) {
    let page = html::page(&fixture::data()).replace("<h4>", "").replace("</h4>", "");
    let mut logs = page.split("<pre tabindex=\"0\"");
    let first = logs.next().unwrap_or_default().to_owned();
    let page = logs.fold(first, |page, log| page + "<pre>" + log.split_once('>').expect("a tag ends").1);
    for part in parts {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn each_run_tells_what_ran() {
    has(&[
        "1 of 3 runs good, 1 of another tree, 1 in part",
        "<span class=\"stale\">another tree</span><br><code>222222222222</code>",
        "<span class=\"current\">this tree</span><br><code>111111111111</code><br><span class=\"stale\">only <code>rvkms</code>",
        "<span class=\"stale\">changes not committed</span>",
        "The two runs are of different trees",
        "drm-rust-next is at <code>ba9876543210</code> now",
    ]);
}

#[test]
fn what_explains_a_failure_is_there() {
    has(&[
        "Kernel panic - not syncing: Fatal exception</pre>",
        "um: what the kernel reports about itself",
        "drm_a+0x1/0x2</pre>",
        "kms_color@lut: the kernel panicked</code></summary><pre>Kernel panic - not syncing</pre>",
        "BUG: sleeping function called from invalid context</code></summary><pre>in kms_flip@worse</pre>",
    ]);
}

#[test]
fn failures_of_igt_come_first_and_with_both_logs() {
    has(&[
        "<summary>With rvkms, 2 subtests do not pass</summary>",
        "<code>kms_vblank@both</code>: fail, dmesg-fail with vkms</summary>\
         <pre>rvkms: CRITICAL: kms_vblank@both failed</pre>\
         <p>With vkms:</p><pre>vkms: CRITICAL: kms_vblank@both failed</pre>",
        "<tr data-notable><th scope=\"row\">kms_vblank@both</th>",
        "<summary>The reference’s log<span class=\"hidden\"> of kms_cursor@warns</span></summary>\
         <pre>vkms: CRITICAL: kms_cursor@warns failed</pre>",
    ]);
}

#[test]
fn claims_that_do_not_hold_can_be_found() {
    has(&[
        "8 claims do not hold</strong>: <a href=\"#area/alloc\">alloc</a>, <a href=\"#area/drm%3A%20GEM%20%26%20TTM\">",
        "<input type=\"checkbox\" data-only=\"untrue\"> Only untrue",
        "<tr id=\"area/alloc\" data-status=\"upstream\" data-owner=\"drm\" data-relevance=\"core\" data-untrue>",
    ]);
}

#[test]
fn what_needs_attention_comes_first() {
    has(&[
        "<a href=\"#kunit\" class=\"tile-bad\"><b>KUnit</b> <em>bad</em>",
        "<a href=\"#checks\" class=\"tile-unknown\"><b>Checks</b> <em>unknown</em> <span>2 of 4 pass, of another commit</span>",
        "<span>40 areas, 8 claims do not hold</span>",
        "<a href=\"#kunit/um\">KUnit on um: 1 report of the kernel about itself</a>",
        "<a href=\"#kunit/arm64\">KUnit on arm64: 1 test fails</a>",
        "<a href=\"#kunit/x86_64\">KUnit on x86_64: results of another tree</a>",
        "<a href=\"#igt/um/rvkms\">IGT on um with rvkms: 2 subtests do not pass</a>",
        "<a href=\"#igt\">IGT on um with vkms: results of changes that are not committed</a>",
        "<a href=\"#check/clippy\">clippy fails: 1 lint</a>",
        "<a href=\"#area/xarray\">Registry, xarray: ",
    ]);
    let page = html::page(&fixture::data());
    assert!(page.find("id=\"attention\"") < page.find("id=\"topics\""));
    let nothing = Data {
        tree: Err(Missing::new("", "")),
        kunit: Err(Missing::new("", "")),
        igt: Err(Missing::new("", "")),
        checks: Err(Missing::new("", "")),
        registry: Err(Missing::new("", "")),
        ..fixture::data()
    };
    assert!(!html::page(&nothing).contains("Needs attention"));
}

#[test]
fn what_cannot_be_seen_is_made_visible() {
    let map = |text: &str| format!("{text}\u{1b}[0m\u{202e}\u{7}");
    for page in [html::page(&fixture::with(&map)), html::page(&fixture::data())] {
        assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{7}']));
    }
    assert!(html::page(&fixture::with(&map)).contains("<li>rust: xarray: add part 1\u{fffd}\u{fffd}</li>"));
}

/// What would run if a text were taken for markup, wherever it stands.
const HOSTILE: &str = "</script></style></title><script>alert(1)</script>\" onload=\"alert(2)\" ' onload='alert(3)' `<script>alert(4)</script>`";

/// What is between `<` and `>`.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

fn is_text_alone(page: &str) {
    assert_eq!(page.matches("<script").count(), 1, "only the page's own");
    assert_eq!(page.matches("</title").count() + page.matches("</style").count(), 2);
    let page = &page[page.find("</style>").unwrap()..page.find("<script>").unwrap()];
    for tag in tags(page) {
        // What is between quotes is a value; nothing of it may stand outside.
        let outside: String = tag.split('"').step_by(2).collect();
        assert!(!outside.contains("onload") && !outside.contains('\''), "{tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    for href in page.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let is_place = href.strip_prefix('#').is_some_and(|place| !place.contains(['&', ' ', '<', '`', ':']));
        assert!(is_place || href.starts_with("https://"), "{href}");
    }
}

#[test]
fn markup_in_any_text_is_text() {
    let map = |text: &str| format!("{text}{HOSTILE}");
    let data = fixture::with(&map);
    let page = html::page(&data);
    is_text_alone(&page);
    // It is there, many times.
    assert!(page.matches("&#60;script&#62;alert(1)").count() > 300, "{page}");
    let missing = || Missing::new(map("what lacks"), map("what to do"));
    let tree = data.tree.clone().unwrap();
    for page in [
        html::page(&Data { tree: Err(missing()), kunit: Err(missing()), igt: Err(missing()), ..data.clone() }),
        html::page(&Data { checks: Err(missing()), registry: Err(missing()), picture: Err(missing()), ..data.clone() }),
        html::page(&Data { tree: Ok(Tree { base: None, ..tree }), ..data }),
    ] {
        is_text_alone(&page);
    }
}

#[test]
fn no_template_goes_around_the_escaper() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/html");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<(PathBuf, String)> =
        files.map(|file| (file.clone(), fs::read_to_string(file).unwrap().replace(' ', ""))).collect();
    assert!(texts.iter().any(|(file, _)| file.ends_with("page.html")));
    for (file, text) in texts {
        for way in ["|safe", "escape=\"none\"", "|escape(\"none\")", "|e(\"none\")", "HtmlSafe", "autoescape"] {
            assert!(!text.contains(way), "{way} in {}", file.display());
        }
    }
}

#[test]
fn each_branch_tells_what_waits_on_it() {
    has(&[
        "<b>Waiting</b> <span>50 patches</span>",
        "<th scope=\"row\">drm-rust-next</th><td>drm-next</td>",
        "<summary>1 patch<span class=\"hidden\"> of drm-rust-fixes</span></summary><ol><li>rust: drm: mend part 1</li></ol>",
        "<span class=\"fail\">kunit</span>: 1 found",
        "<li>clippy does not pass: <code>drm-rust check</code></li>",
        "<span class=\"pass\">all pass</span>",
        "<td colspan=\"4\" class=\"muted\">linux/ has no such branch.",
        "<code>drm-rust-next-2026-01-02</code></summary><pre>Subject: [GIT PULL] drm-rust-next\n",
    ]);
}
