// SPDX-License-Identifier: GPL-2.0-only

//! The page of `report` in a browser: keyboard, filters, sorting, phone, dark mode, and without JavaScript.
//!
//! Needs Chromium; `make test-report` runs it.

#![allow(clippy::disallowed_methods, reason = "tests run programs and write files")]

mod browser;
mod colors;
mod filters;
mod fixture;
mod links;
mod logs;
mod phone;
mod print;
mod sorting;
mod text;

use serde_json::{Value, json};

use browser::{Browser, ENTER, SPACE, TAB};
use fixture::page;

/// A browser that shows it.
fn browser() -> Browser {
    let browser = Browser::start();
    browser.resize(1280, 900);
    browser.open(page());
    browser
}

/// The visible rows of a table: what the column says.
fn column(browser: &Browser, table: &str, index: usize) -> Vec<String> {
    let rows = browser.run(&format!(
        "return [...document.querySelectorAll('#{table} tbody tr')].filter(row => row.offsetParent !== null)\
         .map(row => row.cells[{index}].textContent.trim())"
    ));
    rows.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Goes on with the Tab key until the focus is on what a selector names.
fn tab_to(browser: &Browser, selector: &str) {
    let is_there = format!("return document.activeElement.matches({})", json!(selector));
    for _ in 0..300 {
        if browser.run(&is_there) == json!(true) {
            return;
        }
        browser.press(TAB);
    }
    panic!("the Tab key does not come to {selector}");
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_registry_can_be_filtered_with_the_keyboard() {
    let browser = browser();
    let all = column(&browser, "t-registry", 0);
    assert_eq!(all.len(), 40);
    let counted = |shown: usize| {
        let text = browser.run("return document.querySelector('[data-filters=t-registry] output').textContent");
        assert_eq!(text, json!(format!("{shown} of {}", all.len())));
    };
    counted(all.len());
    tab_to(&browser, "[data-filters=t-registry] [data-key=status]");
    browser.press("carried");
    let statuses = column(&browser, "t-registry", 1);
    assert!(!statuses.is_empty() && statuses.iter().all(|status| status == "carried"), "{statuses:?}");
    counted(statuses.len());
    tab_to(&browser, "[data-filters=t-registry] button");
    browser.press(ENTER);
    assert_eq!(column(&browser, "t-registry", 0), all);
    counted(all.len());
    browser.run("document.querySelector('[data-filters=t-registry] [data-search]').focus()");
    browser.press("XArray");
    let found = column(&browser, "t-registry", 0);
    assert!(found.contains(&"xarray".to_owned()) && found.len() < all.len(), "{found:?}");
    browser.press("nonsense");
    assert_eq!(column(&browser, "t-registry", 0), [""; 0]);
    counted(0);
    // A link to a row that is hidden shows it.
    browser.run("location.hash = '#area/xarray'");
    browser.settle();
    assert_eq!(column(&browser, "t-registry", 0), all);
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_registry_can_be_sorted_with_the_keyboard() {
    let browser = browser();
    let mut names = column(&browser, "t-registry", 0);
    let sort = |browser: &Browser| browser.run("return document.activeElement.closest('th').ariaSort");
    tab_to(&browser, "#t-registry th:nth-child(1) button");
    browser.press(ENTER);
    let upwards = column(&browser, "t-registry", 0);
    assert_eq!(sort(&browser), "ascending", "the focus stays");
    browser.press(SPACE);
    assert_eq!(sort(&browser), "descending");
    let mut downwards = column(&browser, "t-registry", 0);
    downwards.reverse();
    assert_eq!(upwards, downwards);
    assert_eq!((&upwards[0], upwards.last()), (names.iter().min().unwrap(), names.iter().max()));
    names.sort();
    let mut sorted = upwards.clone();
    sorted.sort();
    assert_eq!(sorted, names, "no row is lost");
    // Statuses are sorted from best to worst, not by their letters.
    tab_to(&browser, "#t-registry th:nth-child(2) button");
    browser.press(ENTER);
    let mut statuses = column(&browser, "t-registry", 1);
    statuses.dedup();
    let order = ["upstream", "carried", "partial", "wanted"];
    assert_eq!(statuses, order.into_iter().filter(|o| statuses.iter().any(|s| s == o)).collect::<Vec<_>>());
    assert_eq!(browser.run("return document.querySelectorAll('[aria-sort]').length"), 1);
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_keyboard_comes_everywhere() {
    let browser = browser();
    browser.press(TAB);
    let text = browser.run("return document.activeElement.textContent");
    assert_eq!(text, "Skip to the content");
    let seen = browser.run("const box = document.activeElement.getBoundingClientRect(); return box.left >= 0");
    assert_eq!(seen, json!(true), "the link is seen when it has the focus");
    browser.press(ENTER);
    assert_eq!(browser.run("return location.hash"), "#main");
    browser.press(TAB);
    assert_eq!(browser.run("return !!document.activeElement.closest('main')"), json!(true));
    // A topic of the graph leads to its row.
    tab_to(&browser, "svg a");
    let outline = "return getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth";
    assert_eq!(browser.run(outline), "3px", "the focus is seen");
    browser.press(ENTER);
    let target = browser.run("return document.querySelector('tr:target th').firstChild.textContent");
    assert_eq!(browser.run("return location.hash"), json!(format!("#topic/{}", target.as_str().unwrap())));
    tab_to(&browser, "#topics tr:not(:target) summary");
    browser.press(SPACE);
    assert_eq!(browser.run("return document.activeElement.parentElement.open"), json!(true));
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn without_javascript_everything_can_be_read() {
    let browser = browser();
    let rows = column(&browser, "t-registry", 0).len();
    browser.chromium("Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    browser.open(page());
    assert_eq!(column(&browser, "t-registry", 0).len(), rows);
    let shown = "return [...document.querySelectorAll('form, th button')].filter(e => e.offsetParent !== null).length";
    assert_eq!(browser.run(shown), 0, "what does not work is not shown");
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn it_fits_a_phone() {
    let browser = browser();
    for (width, height) in [(320, 640), (390, 844), (1280, 900)] {
        browser.resize(width, height);
        browser.open(page());
        let fits = "const page = document.documentElement; return [innerWidth, page.scrollWidth - page.clientWidth]";
        assert_eq!(browser.run(fits), json!([width, 0]), "only tables and the graph scroll sideways");
    }
}

/// Texts whose colour is too close to what is behind them (WCAG 2, AA): their contrast and their beginning.
const CONTRAST: &str = r#"
const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const numbers = color => color.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
function behind(element) {
	for (; element; element = element.parentElement) {
		const color = numbers(getComputedStyle(element).backgroundColor);
		if (color.length === 3) return color;
	}
	return [255, 255, 255];
}
const poor = [];
for (const element of document.body.querySelectorAll("*")) {
	const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
	if (!text || ["SCRIPT", "STYLE"].includes(element.tagName) || element.closest("svg")) continue;
	const [a, b] = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
	const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	if (contrast < 4.5) poor.push(`${contrast.toFixed(2)} ${text.slice(0, 40)}`);
}
return poor;
"#;

#[test]
#[ignore = "needs Chromium: make test-report"]
fn it_can_be_read_by_day_and_by_night() {
    let browser = browser();
    let light = |browser: &Browser| browser.run("return getComputedStyle(document.body).backgroundColor");
    browser.prefer("light");
    let day = light(&browser);
    assert_eq!(browser.run(CONTRAST), json!([]));
    browser.prefer("dark");
    assert_ne!(light(&browser), day);
    assert_eq!(browser.run(CONTRAST), json!([]));
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_browser_has_nothing_to_complain_of_and_nothing_to_fetch() {
    let browser = browser();
    assert_eq!(browser.console(), Vec::<Value>::new());
    let fetched = browser.run("return performance.getEntriesByType('resource').map(e => e.name.slice(0, 40))");
    let fetched: Vec<&str> = fetched.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(fetched.iter().all(|name| name.starts_with("data:")), "{fetched:?}");
    // Names that are used twice, or lead nowhere.
    let ids = "const ids = [...document.querySelectorAll('[id]')].map(e => e.id);\
               const links = [...document.querySelectorAll('a[href^=\"#\"]')].map(a => decodeURIComponent(a.getAttribute('href').slice(1)));\
               return [ids.filter((id, i) => ids.indexOf(id) !== i), links.filter(id => !ids.includes(id))]";
    assert_eq!(browser.run(ids), json!([[], []]));
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn claims_that_do_not_hold_are_found_with_the_keyboard() {
    let browser = browser();
    tab_to(&browser, "[data-only=untrue]");
    browser.press(SPACE);
    let areas = column(&browser, "t-registry", 0);
    assert_eq!(areas, ["alloc", "drm: GEM & TTM", "kunit", "xarray"].map(|area| area.to_owned()));
    // The sentence above the table leads to the row.
    tab_to(&browser, "#registry p a[href$=TTM]");
    browser.press(ENTER);
    let target = browser.run("return document.querySelector('tr:target th').textContent");
    assert_eq!(target, "drm: GEM & TTM");
}
