// SPDX-License-Identifier: GPL-2.0-only

//! Debian's package through the machine's real apt. `make test-tree` runs these: they need the network.

use std::path::Path;

use drm_rust::base::cache::{BaseError, Cache};
use drm_rust::base::pin::{Pin, Source};

use crate::cache::Env;

/// The pin of this repository with one change to its Debian source.
fn pin_with(change: impl Fn(&mut Source)) -> Pin {
    let mut pin = Pin::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("base.toml")).unwrap();
    pin.sources.retain(|source| matches!(source, Source::Debian { .. }));
    pin.sources.iter_mut().for_each(change);
    assert_eq!(pin.sources.len(), 1, "the pin has a Debian source");
    pin
}

fn is_gone(source: &mut Source) {
    let Source::Debian { version, .. } = source else { unreachable!() };
    *version = "7.3.1-1~bpo13+1".into();
}

#[test]
#[ignore = "needs the network: make test-tree"]
fn a_version_that_is_gone_is_named_with_what_there_is() {
    let env = Env::new();
    let error = Cache::at(env.cache()).base(&pin_with(is_gone), false, &env.notes).err().unwrap();
    assert!(matches!(error, BaseError::NoSource(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("linux-source-7.3 7.3.1-1~bpo13+1 is gone from trixie-backports, which now has"), "{text}");
    assert!(text.contains("--base-latest"), "{text}");
}

#[test]
#[ignore = "needs the network: make test-tree"]
fn the_newest_version_is_used_when_asked_for() {
    let env = Env::new();
    let base = Cache::at(env.cache()).base(&pin_with(is_gone), true, &env.notes).unwrap().base;
    assert!(base.version.starts_with("7.3."), "{}", base.version);
    assert_ne!(base.version, "7.3.1");
    assert_eq!(env.imported().len(), 1);
}

#[test]
#[ignore = "needs the network: make test-tree"]
fn a_suite_that_no_mirror_serves_is_an_error() {
    let env = Env::new();
    let elsewhere = |source: &mut Source| {
        let Source::Debian { suite, .. } = source else { unreachable!() };
        *suite = "no-such-suite".into();
    };
    let error = Cache::at(env.cache()).base(&pin_with(elsewhere), false, &env.notes).err().unwrap();
    assert!(
        error.to_string().contains("no mirror of this machine's apt configuration serves no-such-suite"),
        "{error}"
    );
}
