// SPDX-License-Identifier: GPL-2.0-only

//! Files with conflict markers: reading them loses no line.

#![no_main]

use drm_rust::resolve::conflict::{MARKER_SIZE, Segment, parse};
use libfuzzer_sys::fuzz_target;

/// The lines of text in segments, and how many markers are between them.
fn count(segments: &[Segment<'_>]) -> (usize, usize) {
    segments.iter().fold((0, 0), |(bytes, markers), segment| match segment {
        Segment::Text(text) => (bytes + text.len(), markers),
        Segment::Hunk(hunk) => {
            let base = hunk.base.as_deref().unwrap_or_default();
            let parts = [count(&hunk.ours), count(base), count(&hunk.theirs)];
            let own = if hunk.base.is_some() { 4 } else { 3 };
            parts.iter().fold((bytes, markers + own), |(b, m), part| (b + part.0, m + part.1))
        }
    })
}

fuzz_target!(|data: &[u8]| {
    for size in [1, MARKER_SIZE, 9] {
        if let Ok(segments) = parse(data, size) {
            let (bytes, markers) = count(&segments);
            assert!(bytes + markers * (size + 1) <= data.len());
            assert!(markers > 0 || bytes == data.len());
        }
    }
});
