// SPDX-License-Identifier: GPL-2.0-only

//! An event is delivered once.

use kernel::drm::kms::vblank::PendingEvent;

/// Sends an event, and arms it, too.
pub fn deliver(event: PendingEvent<'_>) {
    #[cfg(misuse)]
    event.send();
    event.arm(); //~ E0382
}
