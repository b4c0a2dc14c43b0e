// SPDX-License-Identifier: GPL-2.0-only

//! Mode objects are created before the device is registered only.

use kernel::drm::kms::{KmsDriver, Setup};

#[cfg(not(misuse))]
type Kept<'a, T> = &'a Setup<'a, T>;
#[cfg(misuse)]
type Kept<'a, T> = &'static Setup<'static, T>;

/// Keeps what creates mode objects.
pub fn setup<'a, T: KmsDriver>(setup: &'a Setup<'a, T>) -> Kept<'a, T> {
    setup //~ lifetime may not live long enough
}
