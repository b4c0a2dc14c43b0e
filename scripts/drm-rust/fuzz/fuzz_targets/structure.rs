// SPDX-License-Identifier: GPL-2.0-only

//! Structural merges: the sides can be swapped, and a merge with nothing is no merge.

#![no_main]

use drm_rust::structure::merge;
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 5] = ["a.rs", "Kconfig", "Makefile", "MAINTAINERS", "rust/helpers/helpers.c"];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.split('\u{1}');
    let (base, ours, theirs) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    for path in PATHS {
        let one = merge(path, base, ours, theirs).unwrap().map(|merged| merged.text);
        let two = merge(path, base, theirs, ours).unwrap().map(|merged| merged.text);
        assert_eq!(one, two);
        assert_eq!(merge(path, base, base, theirs).unwrap(), None);
    }
});
