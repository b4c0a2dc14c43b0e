// SPDX-License-Identifier: GPL-2.0-only

//! On a phone: nothing but tables and the graph is wider than the window, and fingers hit what they mean.

use serde_json::json;

use crate::browser;
use crate::browser::Browser;

const PHONES: [(u32, u32); 3] = [(320, 568), (360, 740), (390, 844)];

const UNFOLD: &str = "document.querySelectorAll('details').forEach(details => { details.open = true; })";

fn phone(size: (u32, u32)) -> Browser {
    let browser = browser();
    browser.touch();
    browser.resize(size.0, size.1);
    browser.run("location.reload()");
    browser.settle();
    browser
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn the_page_is_no_wider_than_the_window() {
    let fits = "const page = document.documentElement; return [innerWidth, page.scrollWidth - page.clientWidth]";
    for size in PHONES {
        let browser = phone(size);
        browser.run(UNFOLD);
        assert_eq!(browser.run(fits), json!([size.0, 0]), "only tables and the graph scroll sideways");
        browser.run("document.querySelector('select').add(new Option('a very long choice '.repeat(20)))");
        browser.settle();
        assert_eq!(browser.run(fits), json!([size.0, 0]), "nor does a choice widen it");
    }
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn what_more_there_is_can_be_read_without_scrolling_sideways() {
    let cut = "return [...document.querySelectorAll('#t-registry :is(td, dd), #topics td, #t-igt-1 td, #checks td')].filter(e => {\
               const box = e.getBoundingClientRect();\
               return box.width && (box.left < 0 || box.right > innerWidth || e.scrollWidth > e.clientWidth + 1); }).map(e => e.outerHTML.slice(0, 60)).slice(0, 9)";
    for size in PHONES {
        let browser = phone(size);
        browser.run(UNFOLD);
        assert_eq!(browser.run(cut), json!([]), "{size:?}");
        let frames =
            "return [...document.querySelectorAll('.scroll')].filter(e => e.scrollHeight > e.clientHeight + 1).length";
        assert_eq!(browser.run(frames), 0, "no frame scrolls up and down");
    }
    let browser = phone(PHONES[0]);
    let said = "return getComputedStyle([...document.querySelectorAll('#t-registry td')].find(td => td.textContent === 'rust'), '::before').content";
    assert_eq!(browser.run(said), "\"Owner: \"", "a cell says what it is");
    assert_eq!(browser.run("return getComputedStyle(document.querySelector('.hint')).display"), "inline");
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn names_of_suites_stay_in_sight() {
    let browser = phone(PHONES[0]);
    let at = "const frame = document.querySelector('#t-suites').closest('.scroll'); frame.scrollLeft = 90;\
              const left = e => Math.abs(e.getBoundingClientRect().left - frame.getBoundingClientRect().left);\
              const rows = document.querySelector('#t-suites').rows;\
              const [top, middle] = [rows[0].cells[0], rows[3].cells[0]];\
              const box = top.getBoundingClientRect(); top.scrollIntoView({block: 'center'});\
              const seen = document.elementFromPoint(box.left + 8, top.getBoundingClientRect().top + 8);\
              return [frame.scrollLeft > 20, left(top) < 3, left(middle) < 3, top.contains(seen)]";
    assert_eq!(browser.run(at), json!([true, true, true, true]));
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn fingers_hit_what_they_mean() {
    let small = |least: u32| {
        format!(
            "return [...document.querySelectorAll('td a, th a, summary, th button, .check, input:not([type=checkbox]), select, [type=reset]')]\
             .filter(e => e.offsetParent).filter(e => {{ const box = e.getBoundingClientRect();\
             return box.height < {least} || box.width < {least}; }}).map(e => e.outerHTML.slice(0, 60)).slice(0, 9)"
        )
    };
    let browser = phone(PHONES[1]);
    browser.run(UNFOLD);
    assert_eq!(browser.run("return matchMedia('(pointer: coarse)').matches"), json!(true));
    assert_eq!(browser.run(&small(44)), json!([]));
    let browser = self::browser();
    browser.run(UNFOLD);
    assert_eq!(browser.run(&small(24)), json!([]));
    assert_eq!(
        browser.run("return Math.min(...[...document.querySelectorAll('[type=checkbox]')].map(e => e.offsetHeight))"),
        24
    );
}
