// SPDX-License-Identifier: GPL-2.0

//! The driver, and its virtual devices.

use crate::{
    config::{
        size,
        Config, //
    },
    file::File,
    gem::Object,
    output, //
};
use kernel::{
    device,
    drm::{
        self,
        kms::{
            self,
            tail::{
                CommitTail,
                Finished,
                Started, //
            },
        },
    },
    faux,
    prelude::*, //
};

/// The driver.
pub(crate) struct Rvkms;

/// What each device has.
pub(crate) struct Data {
    pub(crate) config: Config,
}

#[vtable]
impl drm::Driver for Rvkms {
    type Data = Data;
    type RegistrationData<'a> = ();
    type Object = drm::gem::shmem::Object<Object>;
    type File = File;
    type ParentDevice<Ctx: device::DeviceContext> = faux::Device<Ctx>;

    const INFO: drm::DriverInfo = drm::DriverInfo {
        major: 1,
        minor: 0,
        patchlevel: 0,
        name: c"rvkms",
        desc: c"Virtual Kernel Mode Setting in Rust",
    };
    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
    const KMS: Option<drm::KmsOps<Self>> = Some(kms::ops());
}

impl kms::KmsDriver for Rvkms {
    const LIMITS: kms::Limits = kms::Limits {
        min: size::MIN,
        max: size::MAX,
        cursor: size::CURSOR,
    };

    fn setup(setup: &kms::Setup<'_, Self>) -> Result {
        output::setup(setup)
    }

    fn atomic_commit_tail<'a>(tail: CommitTail<'a, Self, Started>) -> Finished<'a> {
        // The frame that is shown first is there before the CRTC is switched on.
        tail.disable_modesets()
            .commit_planes()
            .enable_modesets()
            .hw_done()
            .wait_for_flip_done()
            .cleanup_planes()
    }
}

/// A virtual device. It is unplugged when this is dropped.
pub(crate) struct VirtualDevice {
    _parent: faux::Registration,
}

impl VirtualDevice {
    pub(crate) fn new(name: &CStr, config: Config) -> Result<Self> {
        let registration = faux::Registration::new(name, None)?;
        let parent = registration.as_ref();

        let device = drm::UnregisteredDevice::<Rvkms>::new(parent, Ok(Data { config }))?;
        kms::register(parent.as_ref(), device, Ok(()))?;

        Ok(Self {
            _parent: registration,
        })
    }
}
