// SPDX-License-Identifier: GPL-2.0-only

//! There is one reference at a time to what a driver may change.

use kernel::drm::kms::{
    atomic::{Check, Commit},
    plane::{DriverPlane, Plane},
    KmsDriver,
};

/// Has mutable access to the same state twice.
pub fn change<T: KmsDriver, P: DriverPlane<Driver = T, State = ()>>(
    commit: &mut Commit<'_, T, Check>,
    plane: &Plane<P>,
) {
    let first = commit.state_mut(plane);
    #[cfg(not(misuse))]
    drop(first);
    let second = commit.state_mut(plane); //~ E0499
    #[cfg(misuse)]
    drop(first);
    drop(second);
}
