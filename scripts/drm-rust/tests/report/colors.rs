// SPDX-License-Identifier: GPL-2.0-only

//! Colours: what is written and drawn can be told from what is behind it, and lines from each other without colours.

use serde_json::json;

use crate::browser::{Browser, TAB};
use crate::{CONTRAST, browser};

/// What of the graph has too little contrast: 4.5 for texts, 3 for lines and heads of arrows (WCAG 2, AA).
const GRAPH: &str = r#"
const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = color => { const [r, g, b] = color.match(/[\d.]+/g).map(n => channel(Number(n)));
	return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const contrast = (a, b) => { const [x, y] = [light(a), light(b)]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
const page = getComputedStyle(document.body).backgroundColor;
const style = element => getComputedStyle(element);
const poor = [];
const want = (least, ratio, what) => { if (!(ratio >= least)) poor.push(`${what}: ${ratio.toFixed(2)}`); };
for (const text of document.querySelectorAll("svg text")) {
	want(4.5, contrast(style(text).fill, style(text.parentElement.querySelector("rect")).fill), text.textContent);
}
for (const edge of document.querySelectorAll("svg .edge")) want(3, contrast(style(edge).stroke, page), edge.className.baseVal);
for (const head of document.querySelectorAll("marker path")) want(3, contrast(style(head).fill, page), head.parentElement.id);
return poor;
"#;

fn kinds(browser: &Browser, of: &str) -> Vec<String> {
    let kinds = browser.run(&format!(
        "return ['base', 'requires', 'merge'].map(kind => getComputedStyle(document.querySelector(`{of}.${{kind}}`)).strokeDasharray)"
    ));
    kinds.as_array().unwrap().iter().map(ToString::to_string).collect()
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_graph_can_be_read_in_all_colors() {
    let browser = browser();
    for features in [
        [("prefers-color-scheme", "light"), ("forced-colors", "none")],
        [("prefers-color-scheme", "dark"), ("forced-colors", "none")],
        [("prefers-color-scheme", "light"), ("forced-colors", "active")],
        [("prefers-color-scheme", "dark"), ("forced-colors", "active")],
    ] {
        browser.media("screen", &features);
        assert_eq!(browser.run(GRAPH), json!([]), "{features:?}");
        assert_eq!(browser.run(CONTRAST), json!([]), "{features:?}");
    }
    let forced = "const probe = document.createElement('i'); probe.style.color = 'CanvasText'; document.body.append(probe);\
                  const text = getComputedStyle(probe).color;\
                  return [...document.querySelectorAll('svg text.detail, svg .bar text')].every(e => getComputedStyle(e).fill === text)\
                      && [...document.querySelectorAll('.edge')].every(e => getComputedStyle(e).stroke === text)";
    assert_eq!(browser.run(forced), json!(true), "forced colours are kept");
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn lines_differ_without_colors_and_the_legend_shows_them() {
    let browser = browser();
    let lines = kinds(&browser, ".scroll .edge");
    assert_eq!(lines, kinds(&browser, ".legend .edge"));
    assert!(lines[0] != lines[1] && lines[1] != lines[2] && lines[0] != lines[2], "{lines:?}");
    let heads = "return [...document.querySelectorAll('.scroll .edge')].filter(e => \
                 !document.querySelector(getComputedStyle(e).markerEnd.match(/#[^\")]+/)[0]).classList.contains(e.classList[1])).length";
    assert_eq!(browser.run(heads), 0);
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_focus_is_seen_wherever_it_is() {
    let browser = browser();
    let outline = "const focus = document.activeElement; if (focus === document.body) return null;\
        const drawn = focus.closest('svg') && getComputedStyle(focus.querySelector('rect'));\
        const style = getComputedStyle(focus);\
        const seen = drawn ? drawn.strokeWidth === '3px' : style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2;\
        return [seen, focus.outerHTML.slice(0, 60)]";
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..400 {
        browser.press(TAB);
        let seen = browser.run(outline);
        if seen.is_null() {
            break;
        }
        assert_eq!(seen[0], json!(true), "{}", seen[1]);
        kinds.insert(seen[1].as_str().unwrap()[1..3].to_owned());
        if kinds.len() >= 6 && seen[1].to_string().contains("area/clk") {
            return;
        }
    }
    panic!("the focus has not come to the registry: {kinds:?}");
}
