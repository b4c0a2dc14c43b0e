// SPDX-License-Identifier: GPL-2.0-only

//! Mail of anybody: nothing that is read of it can be an option, a path or a command to git.

#![no_main]

use drm_rust::mailbox::Mail;
use drm_rust::mailbox::pull::{Reference, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(mail) = Mail::parse(data) {
        assert!(mail.id.contains('@') && mail.id.is_ascii());
        for line in [&mail.subject, &mail.from.0, &mail.from.1] {
            assert!(!line.contains(char::is_control));
        }
    }
    if let Ok(request) = Request::parse(data) {
        let (Reference::Tag(name) | Reference::Branch(name)) = &request.reference;
        for word in [name, &request.url] {
            assert!(!word.starts_with('-') && !word.contains([' ', '\n', '\'', '"', '`', '$', ';', '|', '&']));
        }
        assert!(!name.contains(':') && !name.contains("..") && !request.url.contains("::"));
        assert!(!request.url.starts_with('/') && !request.url.starts_with("file:"));
    }
});
