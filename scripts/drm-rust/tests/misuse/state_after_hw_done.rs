// SPDX-License-Identifier: GPL-2.0-only

//! After `hw_done()`, the next commit may have replaced the new states.

use kernel::drm::kms::{
    plane::{DriverPlane, Plane},
    tail::{CommitTail, Finished, Started},
    KmsDriver,
};

/// Looks at a new state too late.
pub fn commit_tail<'a, T: KmsDriver, P: DriverPlane<Driver = T>>(
    tail: CommitTail<'a, T, Started>,
    plane: &Plane<P>,
) -> Finished<'a> {
    let tail = tail.disable_modesets().commit_planes().enable_modesets();
    #[cfg(not(misuse))]
    let _ = tail.new_state(plane);
    let tail = tail.hw_done();
    #[cfg(misuse)]
    let _ = tail.new_state(plane); //~ E0599
    let _ = plane;
    tail.wait_for_vblanks().cleanup_planes()
}
