// SPDX-License-Identifier: GPL-2.0-only

//! Filters: each field does what it says, and says what it does.

use serde_json::{Value, json};

use crate::browser::{Browser, ENTER};
use crate::{browser, column, tab_to};

/// Gives a field of a filter a value, as people do.
fn set(browser: &Browser, field: &str, value: &Value) {
    browser.run(&format!(
        "const field = document.querySelector({field}); field.type === 'checkbox' ? field.checked = {value} : field.value = {value};\
         field.dispatchEvent(new Event('input', {{bubbles: true}}))",
        field = json!(field)
    ));
}

fn search(browser: &Browser, words: &str) -> Vec<String> {
    set(browser, "[data-filters=t-registry] [data-search]", &json!(words));
    column(browser, "t-registry", 0)
}

/// Names of columns.
fn index(browser: &Browser, table: &str, name: &str) -> usize {
    let found = browser.run(&format!(
        "return [...document.querySelectorAll('#{table} thead th')].findIndex(th => th.textContent.trim() === '{name}')"
    ));
    usize::try_from(found.as_i64().unwrap()).unwrap_or_else(|_| panic!("{table} has no column {name}"))
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn each_choice_shows_the_rows_that_it_names() {
    let browser = browser();
    for (key, name) in [("status", "Status"), ("owner", "Owner"), ("relevance", "Relevance")] {
        let field = format!("[data-filters=t-registry] [data-key={key}]");
        let at = index(&browser, "t-registry", name);
        let all = column(&browser, "t-registry", at);
        let values = browser.run(&format!("return [...document.querySelector('{field}').options].map(o => o.value)"));
        let values: Vec<&str> = values.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(values.len() > 3, "{values:?}");
        for value in values.into_iter().filter(|value| !value.is_empty()) {
            set(&browser, &field, &json!(value));
            let expected: Vec<&String> = all.iter().filter(|text| *text == value).collect();
            assert_eq!(column(&browser, "t-registry", at).iter().collect::<Vec<_>>(), expected, "{key} {value}");
        }
        set(&browser, &field, &json!(""));
        assert_eq!(column(&browser, "t-registry", at), all);
    }
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn only_what_differs_is_left_if_so_wanted() {
    let browser = browser();
    for (table, only, marked) in [("t-suites", "notable", "data-notable"), ("t-igt-1", "notable", "data-notable")] {
        let all = column(&browser, table, 0);
        set(&browser, &format!("[data-filters={table}] [data-only={only}]"), &json!(true));
        let left = column(&browser, table, 0);
        let names =
            format!("return [...document.querySelectorAll('#{table} [{marked}] th')].map(th => th.textContent)");
        assert_eq!(json!(left), browser.run(&names));
        assert!(!left.is_empty() && left.len() < all.len(), "{left:?}");
        set(&browser, &format!("[data-filters={table}] [data-only={only}]"), &json!(false));
        set(&browser, &format!("[data-filters={table}] [data-search]"), &json!(left[0]));
        assert_eq!(column(&browser, table, 0), left[..1]);
        set(&browser, &format!("[data-filters={table}] [data-search]"), &json!(""));
        assert_eq!(column(&browser, table, 0), all);
    }
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn a_search_finds_data_alone_and_shows_where() {
    let browser = browser();
    let all = column(&browser, "t-registry", 0).len();
    for label in ["more", "git", "requires", "evidence#"] {
        assert!(search(&browser, label).len() < all / 3, "{label}");
    }
    // What stands in two cells is no word.
    assert_eq!(search(&browser, "allocupstream"), [""; 0]);
    let opened = |browser: &Browser| {
        browser.run("return [...document.querySelectorAll('#t-registry tr:not([hidden]) details')].map(d => d.open)")
    };
    assert_eq!(search(&browser, "ALLOC").len(), opened(&browser).as_array().unwrap().len());
    assert_eq!(opened(&browser)[0], json!(false), "the name is seen as it is");
    let found = search(&browser, "plane.rs");
    assert!(!found.is_empty() && found.len() < all);
    assert_eq!(opened(&browser), json!(vec![true; found.len()]));
    search(&browser, "");
    assert_eq!(opened(&browser), json!(vec![false; all]));
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn a_filter_says_what_is_shown_after_a_return() {
    let browser = browser();
    let status = "[data-filters=t-registry] [data-key=status]";
    for by in ["return", "reload"] {
        set(&browser, status, &json!("carried"));
        if by == "return" {
            browser.leave_and_return();
        } else {
            browser.run("location.reload()");
            browser.settle();
        }
        let said = browser.run(&format!("return document.querySelector('{status}').value"));
        let (shown, all) = (
            column(&browser, "t-registry", 1),
            browser.run("return document.querySelectorAll('#t-registry [id]').length"),
        );
        let filtered = shown.iter().all(|status| status == "carried");
        assert_eq!(said == "carried", filtered, "{by}: it says {said} and shows {} of {all}", shown.len());
        let count = browser.run("return document.querySelector('[data-filters=t-registry] output').textContent");
        assert_eq!(count, json!(format!("{} of {all}", shown.len())), "{by}");
    }
}

#[test]
#[ignore = "needs Chromium: make test-report"]
fn a_table_that_is_left_empty_says_so() {
    let browser = browser();
    for table in ["t-registry", "t-suites", "t-igt-1"] {
        let all = column(&browser, table, 0);
        let nothing = format!("return document.querySelector('#{table} + .nothing').checkVisibility()");
        assert_eq!(browser.run(&nothing), json!(false));
        set(&browser, &format!("[data-filters={table}] [data-search]"), &json!("nonsense"));
        assert_eq!(browser.run(&nothing), json!(true));
        let output = format!("return document.querySelector('[data-filters={table}] output[aria-live]').textContent");
        assert_eq!(browser.run(&output), json!(format!("0 of {}", all.len())));
        browser.run(&format!("document.querySelector('#{table} thead th button').focus()"));
        tab_to(&browser, &format!("#{table} + .nothing button"));
        browser.press(ENTER);
        assert_eq!(column(&browser, table, 0), all);
        assert_eq!(browser.run(&nothing), json!(false));
        assert_eq!(browser.run("return document.activeElement.type"), "search", "the focus is not lost");
    }
}
