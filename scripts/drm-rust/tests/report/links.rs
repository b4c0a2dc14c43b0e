// SPDX-License-Identifier: GPL-2.0-only

//! Links to rows, and the focus: what they lead to is seen.

use serde_json::{Value, json};

use crate::browser::{Browser, ENTER, SHIFT, TAB};
use crate::{browser, column, tab_to};

/// How far below the head of its table and the top of the window an element begins, in pixels; whether it is within
/// both.
const PLACE: &str = r#"
const box = element.getBoundingClientRect();
const frame = element.closest(".scroll").getBoundingClientRect();
const head = element.closest("table").tHead.getBoundingClientRect();
const top = Math.max(head.bottom, frame.top, 0);
return box.top >= top - 1 && box.bottom <= Math.min(frame.bottom, innerHeight) + 1
	? "seen" : `${box.top} to ${box.bottom}, from ${top}`;
"#;

fn place(browser: &Browser, element: &str) -> Value {
    browser.run(&format!("const element = {element};{PLACE}"))
}

/// What becomes of the row of a link.
fn assert_is_revealed(browser: &Browser) {
    browser.settle();
    browser.settle();
    let row = "document.querySelector('tr:target')";
    assert_eq!(place(browser, &format!("{row}.cells[0]")), "seen");
    assert_eq!(place(browser, &format!("{row}.querySelector('summary')")), "seen");
    assert_eq!(browser.run(&format!("return {row}.querySelector('details').open")), json!(true));
    let bar = browser.run(&format!("return getComputedStyle({row}.cells[0]).borderLeftWidth"));
    assert_eq!(bar, "5px", "the row is marked");
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn a_link_to_a_row_shows_it() {
    let browser = browser();
    for row in ["area/pci", "area/alloc", "area/xarray", "topic/rust/drm-mode", "area/drm: GEM & TTM"] {
        browser.run(&format!("location.hash = {}", json!(row)));
        assert_is_revealed(&browser);
    }
    browser.run("location.hash = '#area/clk'; location.reload()");
    assert_is_revealed(&browser);
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn a_link_shows_a_row_that_a_filter_hides() {
    let browser = browser();
    let all = column(&browser, "t-registry", 0);
    browser.run("location.hash = '#area/pci'");
    for _ in 0..2 {
        browser.run("document.querySelector('[data-filters=t-registry] [data-search]').focus()");
        browser.press("nonsense");
        assert_eq!(column(&browser, "t-registry", 0), [""; 0]);
        browser.run(
            "window.scrollTo(0, 0); const link = document.createElement('a');\
                     link.href = '#area/pci'; document.body.append(link); link.click()",
        );
        assert_is_revealed(&browser);
        assert_eq!(column(&browser, "t-registry", 0), all);
    }
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn every_row_has_a_link_to_itself() {
    let browser = browser();
    let links = "return [...document.querySelectorAll('tr[id]')].filter(row => {\
                 const link = row.querySelector('th a');\
                 return decodeURIComponent(link.hash.slice(1)) !== row.id || !link.ariaLabel.endsWith(row.id.slice(row.id.indexOf('/') + 1))\
                     || link.offsetWidth === 0;\
                 }).length";
    assert_eq!(browser.run(links), 0);
    tab_to(&browser, "#area\\/bitmap .here");
    browser.press(ENTER);
    assert_eq!(browser.run("return decodeURIComponent(location.hash)"), "#area/bitmap");
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn an_address_that_is_none_does_no_harm() {
    let browser = browser();
    for hash in ["%", "%E0%A4%A", "area/no such", "\"]"] {
        browser.run(&format!("location.hash = {}", json!(hash)));
        browser.settle();
    }
    assert_eq!(browser.console(), Vec::<Value>::new());
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_focus_never_ends_under_a_head() {
    let browser = browser();
    for row in [10, 20, 30] {
        browser.run(&format!(
            "const rows = document.querySelector('#t-registry').tBodies[0].rows; const frame = rows[0].closest('.scroll');\
             frame.scrollIntoView(); frame.scrollTop = rows[{row}].offsetTop;\
             rows[{row} + 1].querySelector('.here').focus({{preventScroll: true}})"
        ));
        browser.chord(SHIFT, TAB);
        assert_eq!(browser.run("return document.activeElement.closest('tr').sectionRowIndex"), json!(row));
        assert_eq!(place(&browser, "document.activeElement"), "seen");
    }
    assert_eq!(browser.run("return document.activeElement.closest('table').id"), "t-registry");
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_head_of_a_tall_table_stays() {
    let browser = browser();
    let moved = "const moved = [];\
        for (const frame of document.querySelectorAll('.tall')) {\
            frame.style.maxHeight = '12rem'; frame.scrollTop = 1e6;\
            const head = frame.querySelector('thead th').getBoundingClientRect();\
            if (frame.scrollTop < 50 || Math.abs(head.top - frame.getBoundingClientRect().top) > 2) moved.push(frame.ariaLabel);\
        } return [document.querySelectorAll('.tall').length, moved]";
    assert_eq!(browser.run(moved), json!([3, []]));
}
