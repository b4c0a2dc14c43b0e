// SPDX-License-Identifier: GPL-2.0-only

//! Logs, and the marks by which people who do not see the page find their way.

use serde_json::json;

use crate::browser;
use crate::browser::{PAGE_DOWN, TAB};

#[test]
#[ignore = "needs Chromium: make test-report"]
fn a_long_log_scrolls_by_itself_with_the_keyboard() {
    let browser = browser();
    let scrolled = "return [...document.querySelectorAll('pre')].filter(pre => !(pre.tabIndex === 0 && pre.role === 'region' && pre.ariaLabel)).length";
    assert_eq!(browser.run(scrolled), 0);
    browser.run(
        "const log = document.querySelector('.wrong pre'); log.closest('details').open = true;\
                 log.textContent = 'line\\n'.repeat(5000); log.closest('details').querySelector('summary').focus()",
    );
    browser.press(TAB);
    assert_eq!(browser.run("return document.activeElement.tagName"), "PRE");
    let height = browser.run("return document.activeElement.offsetHeight <= innerHeight * 0.7");
    assert_eq!(height, json!(true), "the rest of the page is not pushed away");
    browser.press(PAGE_DOWN);
    let moved = "return new Promise(done => setTimeout(() => done(document.activeElement.scrollTop > 50), 500))";
    assert_eq!(browser.run(moved), json!(true));
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn every_landmark_and_heading_has_a_name_of_its_own() {
    let browser = browser();
    let names = "const marks = [...document.querySelectorAll('[role=region], [role=search], nav, section[aria-labelledby]')];\
                 const names = marks.map(e => e.ariaLabel ?? document.getElementById(e.getAttribute('aria-labelledby')).textContent);\
                 return [names.length > 20, names.filter((name, i) => !name || names.indexOf(name) !== i)]";
    assert_eq!(browser.run(names), json!([true, []]));
    let levels = "const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]));\
                  return levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1).length";
    assert_eq!(browser.run(levels), 0, "no level is left out");
    let wrong = "return [...document.querySelectorAll('.wrong details')].map(e => \
                 [!!e.querySelector('summary h4'), e.getBoundingClientRect().left - e.parentElement.getBoundingClientRect().left >= 16])";
    let wrong = browser.run(wrong);
    assert!(
        wrong.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| *one == json!([true, true]))),
        "{wrong}"
    );
}
