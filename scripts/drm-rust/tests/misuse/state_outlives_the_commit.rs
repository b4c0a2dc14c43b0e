// SPDX-License-Identifier: GPL-2.0-only

//! States are gone when their commit is.

use kernel::drm::kms::{
    atomic::{Commit, Tail},
    plane::{DriverPlane, Plane, PlaneState},
    KmsDriver,
};

#[cfg(not(misuse))]
type Kept<'a, P> = Option<&'a PlaneState<P>>;
#[cfg(misuse)]
type Kept<'a, P> = Option<&'static PlaneState<P>>;

/// Keeps a state for later.
pub fn keep<'a, T: KmsDriver, P: DriverPlane<Driver = T>>(
    commit: &'a Commit<'_, T, Tail>,
    plane: &Plane<P>,
) -> Kept<'a, P> {
    commit.new_state(plane) //~ lifetime may not live long enough
}
