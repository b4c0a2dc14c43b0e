// SPDX-License-Identifier: GPL-2.0-only

//! Conflicts in their normal form: a file that was normalised does not change any more.

#![no_main]

use drm_rust::resolve::conflict::MARKER_SIZE;
use drm_rust::resolve::rerere::{Pair, image, replay};
use libfuzzer_sys::fuzz_target;

/// Gives the markers of a normal form their labels back.
fn labelled(text: &[u8]) -> Vec<u8> {
    let label = |line: &[u8]| match line {
        b"<<<<<<<\n" => b"<<<<<<< x\n".to_vec(),
        b">>>>>>>\n" => b">>>>>>> x\n".to_vec(),
        other => other.to_vec(),
    };
    text.split_inclusive(|&byte| byte == b'\n').flat_map(label).collect()
}

fuzz_target!(|data: &[u8]| {
    let Ok(Some(first)) = image(data, MARKER_SIZE) else { return };
    // A text that has such lines of its own, or a NUL, is another one afterwards.
    let own = |line: &[u8]| line == b"<<<<<<<\n" || line == b">>>>>>>\n" || line == b"<<<<<<<" || line == b">>>>>>>";
    if data.contains(&0) || data.split_inclusive(|&byte| byte == b'\n').any(own) {
        return;
    }
    let again = image(&labelled(&first.text), MARKER_SIZE).unwrap().unwrap();
    assert_eq!(again, first);
    let pair = Pair { preimage: first.text.clone(), postimage: b"resolved\n".to_vec() };
    assert_eq!(replay(&first, &pair).unwrap().unwrap(), b"resolved\n");
});
