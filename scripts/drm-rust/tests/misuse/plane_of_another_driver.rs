// SPDX-License-Identifier: GPL-2.0-only

//! The mode objects of a device are those of one driver.

use kernel::{
    drm::kms::{
        crtc::{Crtc, DriverCrtc},
        plane::{DriverPlane, Plane},
        KmsDriver, Setup,
    },
    prelude::*,
};

#[cfg(not(misuse))]
type Of<T, U> = (T, core::marker::PhantomData<U>);
#[cfg(misuse)]
type Of<T, U> = (U, core::marker::PhantomData<T>);

trait First {
    type Type;
}

impl<T, U> First for (T, core::marker::PhantomData<U>) {
    type Type = T;
}

/// Takes a plane of driver `U` to be the one of a CRTC of driver `T`.
pub fn setup<'a, T, U, C, P>(setup: &Setup<'a, T>, plane: &Plane<P>) -> Result<&'a Crtc<C>>
where
    T: KmsDriver,
    U: KmsDriver,
    C: DriverCrtc<Driver = T, Args = ()>,
    P: DriverPlane<Driver = <Of<T, U> as First>::Type>,
{
    setup.crtc(plane, ()) //~ E0271
}
