// SPDX-License-Identifier: GPL-2.0-only

//! Tables are sorted by what their columns mean, and come back to their first order.

use serde_json::json;

use crate::browser::Browser;
use crate::{browser, column};

/// Sorts a table by a column, and tells how the column then stands, without repetition.
fn sorted(browser: &Browser, table: &str, index: usize) -> Vec<String> {
    let header = format!("document.querySelectorAll('#{table} thead th')[{index}]");
    browser.run(&format!("{header}.querySelector('button').click()"));
    assert_eq!(
        browser.run(&format!("return [...document.querySelectorAll('#{table} [aria-sort]')].map(th => th.cellIndex)")),
        json!([index])
    );
    let mut values = column(browser, table, index);
    values.dedup();
    values
}

/// The column with this name.
fn index(browser: &Browser, table: &str, name: &str) -> usize {
    let names = browser
        .run(&format!("return [...document.querySelectorAll('#{table} thead th')].map(th => th.textContent.trim())"));
    names.as_array().unwrap().iter().position(|text| text == name).unwrap_or_else(|| panic!("{names}: {name}"))
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn what_has_an_order_of_its_own_is_sorted_by_it() {
    let browser = browser();
    let by = |table: &str, name: &str| sorted(&browser, table, index(&browser, table, name));
    assert_eq!(by("t-registry", "Relevance"), ["core", "useful", "unrelated", ""]);
    assert_eq!(by("t-registry", "Relevance"), ["", "unrelated", "useful", "core"]);
    assert_eq!(by("t-registry", "Size"), ["S", "M", "L", ""]);
    assert_eq!(by("t-igt-1", "rvkms"), ["pass", "dmesg-warn", "skip", "fail"]);
    assert_eq!(by("t-igt-1", "vkms"), ["pass", "dmesg-warn", "skip", "dmesg-fail"]);
    assert_eq!(by("t-igt-1", "Compared"), ["better", "same", "worse"]);
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn suites_are_sorted_by_how_they_ended_on_a_kernel() {
    let browser = browser();
    let arm64 = sorted(&browser, "t-suites", index(&browser, "t-suites", "arm64"));
    assert!(arm64.last().unwrap().contains("fail") && arm64.len() > 1, "{arm64:?}");
    let arm64 = sorted(&browser, "t-suites", index(&browser, "t-suites", "arm64"));
    assert!(arm64[0].contains("fail"), "{arm64:?}");
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn a_reset_restores_the_first_order() {
    let browser = browser();
    for table in ["t-registry", "t-suites", "t-igt-1"] {
        let first = column(&browser, table, 0);
        sorted(&browser, table, 0);
        sorted(&browser, table, 0);
        assert_ne!(column(&browser, table, 0), first);
        browser.run(&format!("document.querySelector('[data-filters={table}] [type=reset]').click()"));
        browser.settle();
        assert_eq!(column(&browser, table, 0), first);
        let marks = format!("return document.querySelectorAll('#{table} [aria-sort]').length");
        assert_eq!(browser.run(&marks), 0);
    }
    let captions = "return ['registry', 'suites', 'igt-1'].filter(t => !document.querySelector(`#t-${t} caption`).textContent.includes('at first'))";
    assert_eq!(browser.run(captions), json!([]), "the order has a name");
}
