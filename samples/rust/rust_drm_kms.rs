// SPDX-License-Identifier: GPL-2.0

//! Rust KMS driver sample.
//!
//! The smallest complete display driver. Where one with hardware would program it, this one prints
//! what it does, but not for each frame.

use kernel::{
    device,
    drm::{
        self,
        kms::{
            self,
            atomic::{
                Check,
                Commit,
                Tail, //
            },
            connector,
            crtc,
            encoder,
            fourcc::FourCc,
            plane::{
                self,
                NewPlane,
                PlaneKind,
                PlaneRules, //
            },
            vblank::VblankTimer, //
        },
    },
    faux,
    pr_info_once,
    prelude::*, //
};

/// The driver.
struct Sample;

#[vtable]
impl drm::Driver for Sample {
    type Data = ();
    type RegistrationData<'a> = ();
    type Object = drm::gem::shmem::Object<Object>;
    type File = File;
    type ParentDevice<Ctx: device::DeviceContext> = faux::Device<Ctx>;

    const INFO: drm::DriverInfo = drm::DriverInfo {
        major: 1,
        minor: 0,
        patchlevel: 0,
        name: c"rust_drm_kms",
        desc: c"Rust KMS driver sample",
    };
    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
    const KMS: Option<drm::KmsOps<Self>> = Some(kms::ops());
}

impl kms::KmsDriver for Sample {
    const LIMITS: kms::Limits = kms::Limits {
        min: (1, 1),
        max: (1920, 1080),
        cursor: (64, 64),
    };

    fn setup(setup: &kms::Setup<'_, Self>) -> Result {
        let new = NewPlane::new(PlaneKind::Primary, &[FourCc::XRGB8888], ());
        let primary = setup.plane::<Plane>(new)?;
        let crtc = setup.crtc::<Crtc, _>(primary, ())?;
        let encoder = setup.encoder::<Encoder>(encoder::EncoderKind::Virtual, crtc.mask(), ())?;
        setup.connector::<Connector, _>(connector::ConnectorKind::Virtual, encoder, ())?;
        Ok(())
    }
}

struct Plane;

#[vtable]
impl plane::DriverPlane for Plane {
    type Driver = Sample;
    type Args = ();
    type State = ();

    fn new(_device: &drm::Device<Sample>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn atomic_check(plane: &plane::Plane<Self>, commit: &mut Commit<'_, Sample, Check>) -> Result {
        commit.check_plane(plane, PlaneRules::UNSCALED)
    }

    fn atomic_update(plane: &plane::Plane<Self>, commit: &Commit<'_, Sample, Tail>) {
        let state = commit.new_state(plane);
        match state.and_then(|state| state.framebuffer()) {
            Some(fb) => pr_info_once!("shows {} x {} pixels\n", fb.width(), fb.height()),
            None => pr_info_once!("shows nothing any more\n"),
        }
    }
}

struct Crtc;

#[vtable]
impl crtc::DriverCrtc for Crtc {
    type Driver = Sample;
    type Args = ();
    type State = ();
    type Vblank = VblankTimer;

    fn new(_device: &drm::Device<Sample>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn atomic_enable(crtc: &crtc::Crtc<Self>, commit: &Commit<'_, Sample, Tail>) {
        if let Some(state) = commit.new_state(crtc) {
            pr_info!("on, at {} Hz\n", state.mode().vrefresh());
        }
    }
}

struct Encoder;

#[vtable]
impl encoder::DriverEncoder for Encoder {
    type Driver = Sample;
    type Args = ();

    fn new(_device: &drm::Device<Sample>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }
}

struct Connector;

#[vtable]
impl connector::DriverConnector for Connector {
    type Driver = Sample;
    type Args = ();
    type State = ();

    fn new(_device: &drm::Device<Sample>, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn get_modes(_connector: &connector::Connector<Self>, probe: &mut connector::Probe<'_>) {
        probe.add_modes_noedid(1920, 1080);
        probe.set_preferred(1024, 768);
    }
}

struct File;

impl drm::file::DriverFile for File {
    type Driver = Sample;

    fn open(_device: &drm::Device<Sample>) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::new(Self, GFP_KERNEL)?.into())
    }
}

struct Object;

impl drm::gem::DriverObject for Object {
    type Driver = Sample;
    type Args = ();

    fn new(_device: &drm::Device<Sample>, _size: usize, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn default_args() -> Option<()> {
        Some(())
    }
}

struct SampleModule {
    _parent: faux::Registration,
}

impl kernel::Module for SampleModule {
    fn init(_module: &'static kernel::ThisModule) -> Result<Self> {
        let parent = faux::Registration::new(c"rust_drm_kms", None)?;
        let device = drm::UnregisteredDevice::<Sample>::new(parent.as_ref(), Ok(()))?;
        kms::register(parent.as_ref().as_ref(), device, Ok(()))?;

        Ok(Self { _parent: parent })
    }
}

module! {
    type: SampleModule,
    name: "rust_drm_kms",
    authors: ["DRM-Rust maintainers"],
    description: "Rust KMS driver sample",
    license: "GPL",
}
