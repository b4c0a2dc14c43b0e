// SPDX-License-Identifier: GPL-2.0-only

//! What results of KUnit and IGT have in common as JUnit XML: whatever a console says, it stays well formed, and nothing
//! of it is swallowed.

use std::time::Duration;

use quick_junit::XmlString;

use crate::visible::visible;

/// Text of a console. What XML cannot have is made visible first: quick-junit drops it, and all that follows a control
/// sequence which does not end.
pub(crate) fn text(text: &str) -> XmlString {
    XmlString::new(visible(text))
}

/// Lines of a console.
pub(crate) fn lines(lines: &[String]) -> XmlString {
    text(&lines.join("\n"))
}

/// A time that a program has told, and that may be none.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

    use super::*;

    /// Whether a character may be in XML 1.0 (and is none that it advises against).
    fn is_of_xml(c: char) -> bool {
        matches!(c, '\t' | '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
    }

    proptest::proptest! {
        #[test]
        fn any_console_is_well_formed(said in "([^\u{0}]|[\u{0}-\u{1f}\u{7f}-\u{9f}\u{fffe}\u{ffff}]|]]>|&#0;|<!\\[CDATA\\[|\u{1b}]){0,12}") {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(text(&said)).set_description(lines(&[said.clone(), "the end".into()]));
            let mut suite = TestSuite::new(text(&said));
            suite.add_test_case(TestCase::new(text(&said), status));
            let mut report = Report::new("x");
            report.add_test_suite(suite);
            let xml = report.to_string().unwrap();
            proptest::prop_assert!(xml.chars().all(is_of_xml), "{xml:?}");
            let read = Report::deserialize_from_str(&xml).unwrap();
            let status = &read.test_suites[0].test_cases[0].status;
            let TestCaseStatus::NonSuccess { description: Some(description), .. } = status else { panic!("{xml}") };
            proptest::prop_assert!(description.as_str().ends_with("the end"), "{xml:?}");
        }
    }

    #[test]
    fn a_time_that_is_none_is_nothing() {
        for none in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(seconds(none), Duration::ZERO);
        }
        assert_eq!(seconds(1.5), Duration::from_millis(1500));
    }
}
