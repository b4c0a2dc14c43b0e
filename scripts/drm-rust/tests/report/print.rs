// SPDX-License-Identifier: GPL-2.0-only

//! On paper: everything, in light colours.

use serde_json::{Value, json};

use crate::browser;

/// What would be cut, on paper as wide as the window.
const CUT: &str = r#"
const clipped = e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1 && !["SVG", "svg"].includes(e.tagName);
const wide = [...document.querySelectorAll("main, .scroll, table, pre, td, th, svg, img")].filter(element =>
	clipped(element) || element.getBoundingClientRect().right > innerWidth + 1);
const low = [...document.querySelectorAll(".scroll, pre")].filter(e => e.scrollHeight > e.clientHeight + 1);
return [...wide, ...low].map(e => `${e.tagName} ${e.ariaLabel ?? e.textContent.trim().slice(0, 30)}`);
"#;

#[test]
#[ignore = "needs Chromium: make test-report"]
fn nothing_is_cut_on_paper() {
    let browser = browser();
    browser.resize(720, 1000);
    browser.media("print", &[]);
    browser.settle();
    assert_eq!(browser.run(CUT), json!([]));
    let folded = "return [...document.querySelectorAll('details > :not(summary)')].filter(e => !e.checkVisibility({contentVisibilityAuto: true})).length";
    assert_eq!(browser.run(folded), 0, "details are seen even if no script unfolds them");
    let stuck =
        "return [...document.querySelectorAll('th')].filter(th => getComputedStyle(th).position !== 'static').length";
    assert_eq!(browser.run(stuck), 0);
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn printing_unfolds_and_folds_again() {
    let browser = browser();
    browser.run(
        "window.seen = []; const note = () => seen.push(document.querySelectorAll('details:not([open])').length);\
                 addEventListener('beforeprint', note); addEventListener('afterprint', note)",
    );
    let folded = browser.run("return document.querySelectorAll('details:not([open])').length");
    assert_ne!(folded, 0);
    browser.print();
    assert_eq!(browser.run("return window.seen"), json!([0, folded]));
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn paper_is_light() {
    let browser = browser();
    let colors = "const style = getComputedStyle(document.documentElement);\
                  return ['--bg', '--fg', '--good', '--link'].map(name => style.getPropertyValue(name))\
                      .concat(getComputedStyle(document.body).color, getComputedStyle(document.querySelector('svg text')).fill)";
    browser.media("print", &[("prefers-color-scheme", "light")]);
    let light: Value = browser.run(colors);
    browser.media("print", &[("prefers-color-scheme", "dark")]);
    assert_eq!(browser.run(colors), light);
}
