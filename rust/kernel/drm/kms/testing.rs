// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A driver for the tests of the KMS abstractions, and a client that uses its devices.

use super::{
    atomic::{
        Check,
        Commit,
        Tail, //
    },
    connector::{
        Connector,
        ConnectorKind,
        DriverConnector,
        Probe,
        Status, //
    },
    crtc::{
        Crtc,
        DriverCrtc, //
    },
    edid::{
        self,
        Edid, //
    },
    encoder::{
        DriverEncoder,
        Encoder,
        EncoderKind, //
    },
    fourcc::FourCc,
    mode_config::{
        self,
        KmsDriver,
        Limits,
        Setup, //
    },
    modes::{
        Axis,
        DisplayMode,
        ModeFlags,
        ModeStatus,
        Timings, //
    },
    object::CrtcMask,
    plane::{
        DriverPlane,
        NewPlane,
        Plane,
        PlaneKind,
        PlaneRules, //
    },
    property::Property,
    state::DriverState,
    tail::{
        CommitTail,
        Finished,
        Started, //
    },
    vblank::{
        DriverVblank,
        NoVblank,
        PendingEvent,
        VblankInterrupt,
        VblankTimer, //
    },
    writeback::{
        DriverWriteback,
        Job,
        Writeback, //
    },
    yuv::YuvColors,
};
use crate::{
    alloc::AllocError,
    bindings,
    device,
    drm::{
        self,
        gem::shmem, //
    },
    error::{
        from_err_ptr,
        to_result, //
    },
    faux,
    prelude::*,
    str::CStrExt,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Completion, //
    },
    types::ScopeGuard, //
};
use core::ptr;

/// The size of the only mode that the client uses.
pub(super) const SIZE: (u32, u32) = (640, 480);

/// What tests tell the driver to do, and what it tells them that it has done.
#[pin_data]
pub(super) struct Record {
    /// How many planes, CRTCs, encoders and connectors there are.
    pub(super) live: Atomic<i32>,
    /// Whether an allocation was let fail.
    pub(super) starved: Atomic<bool>,
    /// Whether commits are to be refused.
    pub(super) refuse: Atomic<bool>,
    /// Whether there is a display.
    pub(super) display: Atomic<bool>,
    /// How often planes were checked.
    pub(super) checks: Atomic<i32>,
    /// How often planes were programmed.
    pub(super) updates: Atomic<i32>,
    /// How often CRTCs were switched on.
    pub(super) enables: Atomic<i32>,
    /// How often CRTCs were switched off.
    pub(super) disables: Atomic<i32>,
    /// How many events were armed.
    pub(super) events: Atomic<i32>,
    /// How often the interrupt for vertical blanks was enabled.
    pub(super) interrupts: Atomic<i32>,
    /// The highest generation of a plane's state.
    pub(super) generation: Atomic<i32>,
    /// Whether the mode that was set last is the one with the driver's own timings.
    pub(super) known_mode: Atomic<bool>,
    /// How many encoders found their CRTC when they were switched on.
    pub(super) routes: Atomic<i32>,
    /// How many modes the display had when it was asked last.
    pub(super) modes: Atomic<i32>,
    /// How many pixels have changed since the last commit.
    pub(super) damage: Atomic<i32>,
    /// The first byte of the framebuffer that was programmed last.
    pub(super) pixel: Atomic<i32>,
    /// Whether its lines could be read as columns, and those beyond its end could not.
    pub(super) columns: Atomic<bool>,
    /// The value of a property that was programmed last.
    pub(super) offset: Atomic<i64>,
    /// The first byte of the blob that was programmed last.
    pub(super) table: Atomic<i32>,
    /// Whether tails are to wait.
    pub(super) hold: Atomic<bool>,
    /// There is a tail that waits.
    #[pin]
    pub(super) held: Completion,
    /// Tails need not wait any longer.
    #[pin]
    pub(super) release: Completion,
}

impl Record {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
            live: Atomic::new(0),
            starved: Atomic::new(false),
            refuse: Atomic::new(false),
            display: Atomic::new(true),
            checks: Atomic::new(0),
            updates: Atomic::new(0),
            enables: Atomic::new(0),
            disables: Atomic::new(0),
            events: Atomic::new(0),
            interrupts: Atomic::new(0),
            generation: Atomic::new(0),
            known_mode: Atomic::new(false),
            routes: Atomic::new(0),
            modes: Atomic::new(0),
            damage: Atomic::new(-1),
            pixel: Atomic::new(-1),
            columns: Atomic::new(false),
            offset: Atomic::new(0),
            table: Atomic::new(-1),
                hold: Atomic::new(false),
                held <- Completion::new(),
                release <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }
}

/// How many driver states there are, of all devices.
pub(super) static STATES: Atomic<i32> = Atomic::new(0);

/// How a device is to be set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// As it should be.
    Good,
    /// Fails when this many objects have been created.
    FailAfter(i32),
    /// With this allocation failing, counted from the driver's first one.
    Starve(u32),
    /// With a cursor plane in place of the primary one.
    WrongKind,
    /// With two CRTCs for one plane.
    SharedPlane,
    /// With a primary plane that has no CRTC.
    LonelyPlane,
    /// With an encoder for a CRTC that there is not.
    WrongCrtc,
    /// With a CRTC that has vertical blanks, and one that has none.
    MixedVblank,
    /// With vertical blanks from interrupts.
    Interrupt,
    /// Without vertical blanks.
    NoVblank,
    /// With a display that tells its modes.
    Edid,
    /// With displays that come and go.
    Hotplug,
    /// With modes of the driver, of which some cannot be had.
    OwnModes,
    /// With a second plane that cannot be created, which the driver ignores.
    Careless,
}

pub(super) struct Fake;

pub(super) struct Data {
    pub(super) record: Arc<Record>,
    plan: Plan,
}

/// Lets the `nth` allocation of the current task fail, or none where it is zero. Returns how many
/// there would have been up to the one that was to fail before.
#[cfg(CONFIG_FAULT_INJECTION)]
fn starve(nth: u32) -> u32 {
    // SAFETY: There is no precondition.
    unsafe { bindings::exchange_fail_nth(nth) }
}

#[cfg(not(CONFIG_FAULT_INJECTION))]
fn starve(_nth: u32) -> u32 {
    1
}

/// Something that is counted as long as it lives.
struct Counted(Arc<Record>);

impl Counted {
    fn new(device: &drm::Device<Fake>) -> Result<Self> {
        let record = device.record.clone();
        if let Plan::FailAfter(count) = device.plan {
            if record.live.load(Relaxed) == count {
                return Err(ENOSPC);
            }
        }
        record.live.fetch_add(1, Relaxed);
        Ok(Self(record))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Relaxed);
    }
}

pub(super) struct FakeFile;

impl drm::file::DriverFile for FakeFile {
    type Driver = Fake;

    fn open(_device: &drm::Device<Fake>) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::new(Self, GFP_KERNEL)?.into())
    }
}

pub(super) struct FakeObject;

impl drm::gem::DriverObject for FakeObject {
    type Driver = Fake;
    type Args = ();

    fn new(_device: &drm::Device<Fake>, _size: usize, (): ()) -> impl PinInit<Self, Error> {
        Ok(Self)
    }

    fn default_args() -> Option<()> {
        Some(())
    }
}

#[vtable]
impl drm::Driver for Fake {
    type Data = Data;
    type RegistrationData<'a> = ();
    type Object = shmem::Object<FakeObject>;
    type File = FakeFile;
    type ParentDevice<Ctx: device::DeviceContext> = faux::Device<Ctx>;

    const INFO: drm::DriverInfo = drm::DriverInfo {
        major: 0,
        minor: 0,
        patchlevel: 0,
        name: c"rust_kms_test",
        desc: c"KUnit tests of the Rust KMS API",
    };
    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
    const KMS: Option<drm::KmsOps<Self>> = Some(mode_config::ops());
}

impl KmsDriver for Fake {
    const LIMITS: Limits = Limits {
        min: (1, 1),
        max: (1024, 1024),
        cursor: (64, 64),
    };

    fn setup(setup: &Setup<'_, Self>) -> Result {
        let plan = setup.device().plan;
        if let Plan::Starve(nth) = plan {
            starve(nth);
        }
        let kind = match plan {
            Plan::WrongKind => PlaneKind::Cursor,
            _ => PlaneKind::Primary,
        };
        let primary = setup.plane::<FakePlane>(NewPlane::new(kind, &[FourCc::XRGB8888], ()))?;

        let first = match plan {
            Plan::Interrupt => setup.crtc::<InterruptCrtc, _>(primary, ())?.mask(),
            Plan::NoVblank => setup.crtc::<BlindCrtc, _>(primary, ())?.mask(),
            _ => setup.crtc::<TimerCrtc, _>(primary, ())?.mask(),
        };
        if plan == Plan::SharedPlane {
            setup.crtc::<TimerCrtc, _>(primary, ())?;
        }
        if plan == Plan::MixedVblank {
            let new = NewPlane::new(PlaneKind::Primary, &[FourCc::XRGB8888], ());
            let second = setup.plane::<FakePlane>(new)?;
            setup.crtc::<BlindCrtc, _>(second, ())?;
        }
        if plan == Plan::LonelyPlane {
            let new = NewPlane::new(PlaneKind::Primary, &[FourCc::XRGB8888], ());
            setup.plane::<FakePlane>(new)?;
        }

        let mask = match plan {
            Plan::WrongCrtc => CrtcMask::nth(1),
            _ => first,
        };
        let encoder = setup.encoder::<FakeEncoder>(EncoderKind::Virtual, mask, ())?;
        match plan {
            Plan::Hotplug => {
                setup.connector::<FakeConnector<true>, _>(ConnectorKind::Virtual, encoder, ())?;
            }
            _ => {
                setup.connector::<FakeConnector<false>, _>(ConnectorKind::Virtual, encoder, ())?;
            }
        }
        let second = setup.encoder::<FakeEncoder>(EncoderKind::Virtual, first, ())?;
        setup.allow_clones(encoder, second)?;
        setup.writeback::<FakeWriteback, _>(second, &[FourCc::XRGB8888], ())?;
        if plan == Plan::Careless {
            let _ = setup.plane::<FakePlane>(NewPlane {
                yuv: Some(YuvColors {
                    encodings: &[],
                    ranges: &[],
                }),
                ..NewPlane::new(PlaneKind::Overlay, &[FourCc::XRGB8888], ())
            });
        }
        Ok(())
    }

    fn atomic_commit_tail<'a>(tail: CommitTail<'a, Self, Started>) -> Finished<'a> {
        let record = &tail.device().record;
        if record.hold.load(Relaxed) {
            record.held.complete_all();
            record.release.wait_for_completion();
        }

        tail.disable_modesets()
            .enable_modesets()
            .commit_planes()
            .hw_done()
            .wait_for_flip_done()
            .cleanup_planes()
    }
}

pub(super) struct FakePlane(#[expect(dead_code)] Counted);

/// A state that knows how often it was duplicated.
pub(super) struct Generation(i32);

impl Generation {
    fn new(generation: i32) -> Self {
        STATES.fetch_add(1, Relaxed);
        Self(generation)
    }
}

impl Default for Generation {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        STATES.fetch_sub(1, Relaxed);
    }
}

impl DriverState for Generation {
    fn duplicate(&self) -> Result<Self, AllocError> {
        Ok(Self::new(self.0))
    }
}

/// A state with a value for each kind of properties.
#[derive(Default)]
pub(super) struct Knobs {
    generation: Generation,
    dither: bool,
    level: u64,
    offset: i64,
    filter: u8,
    parts: u64,
}

impl DriverState for Knobs {
    fn duplicate(&self) -> Result<Self, AllocError> {
        Ok(Self {
            generation: self.generation.duplicate()?,
            ..*self
        })
    }
}

/// The length of the only blob that planes take.
pub(super) const TABLE: usize = 4;

#[vtable]
impl DriverPlane for FakePlane {
    type Driver = Fake;
    type Args = ();
    type State = Knobs;

    const PROPERTIES: &'static [Property<Knobs>] = &[
        Property::boolean(c"DITHER", |s| s.dither, |s, value| s.dither = value),
        Property::range(c"LEVEL", 1, 9, |s| s.level, |s, value| s.level = value),
        Property::signed_range(c"OFFSET", -9, 9, |s| s.offset, |s, value| s.offset = value),
        Property::enumeration(
            c"FILTER",
            &[(0, c"Nearest"), (2, c"Cubic")],
            |s| s.filter,
            |s, value| s.filter = value,
        ),
        Property::set(
            c"PARTS",
            &[(0, c"Luma"), (5, c"Chroma")],
            |s| s.parts,
            |s, value| s.parts = value,
        ),
        Property::blob(c"TABLE", TABLE),
    ];

    const MAP_FRAMEBUFFERS: bool = true;

    fn new(device: &drm::Device<Fake>, (): ()) -> impl PinInit<Self, Error> {
        Counted::new(device).map(Self)
    }

    fn atomic_check(plane: &Plane<Self>, commit: &mut Commit<'_, Fake, Check>) -> Result {
        let record = commit.device().record.clone();
        record.checks.fetch_add(1, Relaxed);
        if record.refuse.load(Relaxed) {
            return Err(ENOSPC);
        }

        commit.check_plane(plane, PlaneRules::UNSCALED)?;

        let old = commit.old_state(plane).ok_or(EINVAL)?.driver().generation.0;
        let mut state = commit.state_mut(plane).ok_or(EINVAL)?;
        state.driver().generation.0 = old + 1;
        Ok(())
    }

    fn atomic_update(plane: &Plane<Self>, commit: &Commit<'_, Fake, Tail>) {
        let record = &commit.device().record;
        record.updates.fetch_add(1, Relaxed);

        let Some(state) = commit.new_state(plane) else {
            return;
        };
        record
            .generation
            .store(state.driver().generation.0, Relaxed);
        record.offset.store(state.driver().offset, Relaxed);
        if let Some([first, ..]) = state.blob(c"TABLE") {
            record.table.store((*first).into(), Relaxed);
        }

        if let Some(damage) = commit.damage(plane) {
            // CAST: A framebuffer of the test is small.
            let pixels = damage.map(|rect| rect.width() * rect.height()).sum::<u32>() as i32;
            record.damage.store(pixels, Relaxed);
        }

        if let Some(mapping) = state.mapping() {
            let mut byte = [0];
            if mapping.read(0, 0, 0, &mut byte).is_ok() {
                record.pixel.store(byte[0].into(), Relaxed);
            }

            // Nothing but the first byte has been drawn.
            let mut column = [0xff; 2];
            let is_read = mapping.read_column(0, 0, 0, 1, &mut column) == Ok(())
                && column == [byte[0], 0]
                && mapping.read_column(0, SIZE.1 as usize - 1, 0, 1, &mut column) == Err(EINVAL)
                && mapping.read_column(0, 0, 0, 0, &mut column) == Err(EINVAL)
                && mapping.read_column(0, 0, 0, 1, &mut []) == Ok(());
            record.columns.store(is_read, Relaxed);
        }
    }
}

macro_rules! fake_crtc {
    ($name:ident, $source:ty) => {
        pub(super) struct $name {
            counted: Counted,
        }

        #[vtable]
        impl DriverCrtc for $name {
            type Driver = Fake;
            type Args = ();
            type State = Generation;
            type Vblank = $source;

            fn new(device: &drm::Device<Fake>, (): ()) -> impl PinInit<Self, Error> {
                Counted::new(device).map(|counted| Self { counted })
            }

            fn mode_valid(_crtc: &Crtc<Self>, mode: &DisplayMode) -> ModeStatus {
                if mode.hdisplay() == NOT_BY_CRTC {
                    ModeStatus::ClockHigh
                } else {
                    ModeStatus::Ok
                }
            }

            fn atomic_enable(crtc: &Crtc<Self>, commit: &Commit<'_, Fake, Tail>) {
                crtc.counted.0.enables.fetch_add(1, Relaxed);
                if let Some(state) = commit.new_state(crtc) {
                    let is_known = state.mode().timings() == timings(SIZE.0 as u16);
                    crtc.counted.0.known_mode.store(is_known, Relaxed);
                }
            }

            fn atomic_disable(crtc: &Crtc<Self>, _commit: &Commit<'_, Fake, Tail>) {
                crtc.counted.0.disables.fetch_add(1, Relaxed);
            }

            fn atomic_flush(
                crtc: &Crtc<Self>,
                commit: &Commit<'_, Fake, Tail>,
                event: Option<PendingEvent<'_>>,
            ) {
                if let Some(event) = event {
                    crtc.counted.0.events.fetch_add(1, Relaxed);
                    event.arm();
                }
                if commit.device().plan == Plan::Interrupt {
                    crtc.handle_vblank();
                }
            }
        }
    };
}

fake_crtc!(TimerCrtc, VblankTimer);
fake_crtc!(InterruptCrtc, VblankInterrupt);
fake_crtc!(BlindCrtc, NoVblank);

impl DriverVblank for InterruptCrtc {
    fn enable_vblank(crtc: &Crtc<Self>) -> Result {
        crtc.counted.0.interrupts.fetch_add(1, Relaxed);
        Ok(())
    }

    fn disable_vblank(_crtc: &Crtc<Self>) {}
}

pub(super) struct FakeEncoder(#[expect(dead_code)] Counted);

#[vtable]
impl DriverEncoder for FakeEncoder {
    type Driver = Fake;
    type Args = ();

    fn new(device: &drm::Device<Fake>, (): ()) -> impl PinInit<Self, Error> {
        Counted::new(device).map(Self)
    }

    fn atomic_enable(encoder: &Encoder<Self>, commit: &Commit<'_, Fake, Tail>) {
        let record = &commit.device().record;
        if commit.new_crtc_of::<TimerCrtc, _>(encoder).is_some()
            && commit.old_crtc_of::<TimerCrtc, _>(encoder).is_none()
            && commit.new_crtc_of::<BlindCrtc, _>(encoder).is_none()
        {
            record.routes.fetch_add(1, Relaxed);
        }
    }
}

/// The width of a mode that connectors refuse.
const NOT_BY_CONNECTOR: u16 = 320;

/// The width of a mode that CRTCs refuse.
const NOT_BY_CRTC: u16 = 400;

/// The timings of 640x480, with another width.
fn timings(width: u16) -> Timings {
    Timings {
        clock: 25_175,
        horizontal: Axis {
            display: width,
            sync_start: 656,
            sync_end: 752,
            total: 800,
        },
        vertical: Axis {
            display: 480,
            sync_start: 490,
            sync_end: 492,
            total: 525,
        },
        flags: ModeFlags::NHSYNC | ModeFlags::NVSYNC,
    }
}

/// The EDID of a display that has the mode of the test's client, and a larger one.
fn display() -> [u8; edid::BLOCK] {
    let mut edid = [0; edid::BLOCK];

    edid[..8].copy_from_slice(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
    // Manufacturer `DRM`, version 1.4, digital.
    edid[8..10].copy_from_slice(&0x124du16.to_be_bytes());
    (edid[18], edid[19], edid[20]) = (1, 4, 0x80);
    // The established timings of 640x480 and 800x600 at 60 Hz, no standard timings, and descriptors
    // without content.
    edid[35] = 0x21;
    edid[38..54].fill(1);
    for descriptor in edid[54..126].chunks_exact_mut(18) {
        descriptor[3] = 0x10;
    }
    edid[127] = edid.iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte));
    edid
}

/// A connector that knows when displays come and go, or one that does not.
pub(super) struct FakeConnector<const HOTPLUG: bool> {
    counted: Counted,
    plan: Plan,
}

#[vtable]
impl<const HOTPLUG: bool> DriverConnector for FakeConnector<HOTPLUG> {
    type Driver = Fake;
    type Args = ();
    type State = Generation;

    const HOTPLUG: bool = HOTPLUG;

    fn new(device: &drm::Device<Fake>, (): ()) -> impl PinInit<Self, Error> {
        let plan = device.plan;
        Counted::new(device).map(|counted| Self { counted, plan })
    }

    fn detect(connector: &Connector<Self>) -> Status {
        if connector.counted.0.display.load(Relaxed) {
            Status::Connected
        } else {
            Status::Disconnected
        }
    }

    fn mode_valid(_connector: &Connector<Self>, mode: &DisplayMode) -> ModeStatus {
        if mode.hdisplay() == NOT_BY_CONNECTOR {
            ModeStatus::Panel
        } else {
            ModeStatus::Ok
        }
    }

    fn get_modes(connector: &Connector<Self>, probe: &mut Probe<'_>) {
        match connector.plan {
            Plan::Edid => {
                if let Ok(edid) = Edid::new(&display()) {
                    let _ = probe.set_edid(Some(&edid));
                }
            }
            Plan::OwnModes => {
                probe.set_physical_size(160, 120);
                // One that cannot be, and two that would be chosen if they were not refused.
                for (width, is_preferred) in [
                    (700, true),
                    (NOT_BY_CONNECTOR, true),
                    (NOT_BY_CRTC, true),
                    (640, false),
                ] {
                    let _ = probe.add_mode(&timings(width), is_preferred);
                }
            }
            _ => {
                probe.add_modes_noedid(SIZE.0, SIZE.1);
                probe.set_preferred(SIZE.0, SIZE.1);
            }
        }
        connector.counted.0.modes.store(probe.count(), Relaxed);
    }
}

pub(super) struct FakeWriteback(#[expect(dead_code)] Counted);

#[vtable]
impl DriverWriteback for FakeWriteback {
    type Driver = Fake;
    type Args = ();
    type State = Generation;

    fn new(device: &drm::Device<Fake>, (): ()) -> impl PinInit<Self, Error> {
        Counted::new(device).map(Self)
    }

    fn get_modes(_connector: &Writeback<Self>, probe: &mut Probe<'_>) {
        probe.add_modes_noedid(SIZE.0, SIZE.1);
    }

    fn atomic_commit(
        _connector: &Writeback<Self>,
        _commit: &Commit<'_, Fake, Tail>,
        _job: Job<Fake>,
    ) {
    }
}

/// A device that is not registered, and its parent, which must be dropped last.
pub(super) struct Unregistered {
    pub(super) device: drm::UnregisteredDevice<Fake>,
    pub(super) parent: faux::Registration,
}

/// Creates a device as `plan` says. The record is there even where this fails.
pub(super) fn create(plan: Plan) -> Result<(Arc<Record>, Result<Unregistered>)> {
    let parent = faux::Registration::new(c"rust_kms_test", None)?;
    let record = Record::new()?;
    let data = Data {
        record: record.clone(),
        plan,
    };

    let device = drm::UnregisteredDevice::new(parent.as_ref(), Ok(data));
    if let Plan::Starve(_) = plan {
        record.starved.store(starve(0) == 0, Relaxed);
    }
    Ok((record, device.map(|device| Unregistered { device, parent })))
}

/// Whether a device has been unplugged.
pub(super) fn is_unplugged(device: &drm::Device<Fake>) -> bool {
    // SAFETY: The device is valid, and the field is a flag that is set once.
    unsafe { (&raw const (*device.as_raw()).unplugged).read_volatile() }
}

/// A client of a device, with a framebuffer.
///
/// # Invariants
///
/// `client` is initialized, and `buffer` belongs to it.
pub(super) struct Client {
    client: Pin<KBox<crate::types::Opaque<bindings::drm_client_dev>>>,
    buffer: *mut bindings::drm_client_buffer,
}

impl Client {
    /// Opens a device that is registered.
    pub(super) fn new(device: &drm::Device<Fake>) -> Result<Self> {
        let client = KBox::pin_init(crate::types::Opaque::init_zeroed(), GFP_KERNEL)?;

        // SAFETY: `client` is zeroed, does not move, and is released when `Self` is dropped or
        // below.
        to_result(unsafe {
            bindings::drm_client_init(
                device.as_raw(),
                client.get(),
                c"rust_kms_test".as_char_ptr(),
                ptr::null(),
            )
        })?;

        // SAFETY: The client is initialized.
        let buffer = from_err_ptr(unsafe {
            bindings::drm_client_buffer_create_dumb(
                client.get(),
                SIZE.0,
                SIZE.1,
                FourCc::XRGB8888.code(),
            )
        })
        .inspect_err(|_| {
            // SAFETY: The client is initialized, and not used after this.
            unsafe { bindings::drm_client_release(client.get()) }
        })?;

        // INVARIANT: Both have been initialized above.
        Ok(Self { client, buffer })
    }

    /// Writes the first byte of the framebuffer.
    pub(super) fn draw(&self, byte: u8) -> Result {
        let mut map = pin_init::zeroed();

        // SAFETY: The buffer is valid, and is unmapped below.
        to_result(unsafe { bindings::drm_client_buffer_vmap(self.buffer, &mut map) })?;
        // SAFETY: It is a shmem buffer of this device, which is in normal memory, and not empty.
        unsafe { map.__bindgen_anon_1.vaddr.cast::<u8>().write_volatile(byte) };
        // SAFETY: The buffer has been mapped above.
        unsafe { bindings::drm_client_buffer_vunmap(self.buffer) };
        Ok(())
    }

    fn device(&self) -> *mut bindings::drm_device {
        // SAFETY: The client is valid, and this field does not change.
        unsafe { (*self.client.get()).dev }
    }

    /// Creates a blob, which lives as long as the device, and returns its ID.
    pub(super) fn blob(&self, content: &[u8]) -> Result<u64> {
        // SAFETY: The device is valid, and the content is copied.
        let blob = from_err_ptr(unsafe {
            bindings::drm_property_create_blob(
                self.device(),
                content.len(),
                content.as_ptr().cast(),
            )
        })?;
        // SAFETY: The blob is valid.
        Ok(unsafe { (*blob).base.id }.into())
    }

    /// Sets a property of the first plane, and returns what it is thereafter. Neither checks the
    /// value.
    pub(super) fn set(&self, name: &CStr, value: u64) -> Result<u64> {
        self.set_with(name, value, bindings::drm_atomic_commit)
    }

    /// As [`Self::set`], but neither waits for the commit nor for another one.
    pub(super) fn begin_to_set(&self, name: &CStr, value: u64) -> Result {
        self.set_with(name, value, bindings::drm_atomic_nonblocking_commit)
            .map(drop)
    }

    fn set_with(
        &self,
        name: &CStr,
        value: u64,
        how: unsafe extern "C" fn(*mut bindings::drm_atomic_commit) -> c_int,
    ) -> Result<u64> {
        let mut locks = pin_init::zeroed();

        // SAFETY: `locks` does not move until it is finished below, and no other locks are held.
        // The client's device is valid.
        unsafe {
            bindings::drm_modeset_acquire_init(&mut locks, 0);
            let result = loop {
                match set_property(self.device(), &mut locks, name, value, how) {
                    // Without interruptions, this does not fail.
                    Err(e) if e == EDEADLK => {
                        bindings::drm_modeset_backoff(&mut locks);
                    }
                    result => break result,
                }
            };
            bindings::drm_modeset_drop_locks(&mut locks);
            bindings::drm_modeset_acquire_fini(&mut locks);
            result
        }
    }

    /// Shows the framebuffer on all displays.
    pub(super) fn show(&self) -> Result {
        let client = self.client.get();

        // SAFETY: The client is valid. Only this thread uses it, and so nobody else accesses the
        // mode sets. There is one for each CRTC, and one without CRTC at the end.
        unsafe {
            to_result(bindings::drm_client_modeset_probe(client, SIZE.0, SIZE.1))?;
            let mut set = (*client).modesets;
            while !(*set).crtc.is_null() {
                if (*set).num_connectors != 0 {
                    (*set).fb = (*self.buffer).fb;
                }
                set = set.add(1);
            }
            to_result(bindings::drm_client_modeset_commit(client))
        }
    }
}

/// Commits a new value of a property of the first plane.
///
/// # Safety
///
/// `dev` must be a valid device of [`Fake`], `locks` be initialized, and `how` take a commit.
unsafe fn set_property(
    dev: *mut bindings::drm_device,
    locks: *mut bindings::drm_modeset_acquire_ctx,
    name: &CStr,
    value: u64,
    how: unsafe extern "C" fn(*mut bindings::drm_atomic_commit) -> c_int,
) -> Result<u64> {
    // SAFETY: By the safety requirements. A device of `Fake` has a plane with properties. The state
    // is used as long as the commit exists, or the object's lock is held.
    unsafe {
        let plane = crate::container_of!(
            (*dev).mode_config.plane_list.next,
            bindings::drm_plane,
            head
        );
        let properties = &*(*plane).base.properties;
        let named = |property: &*mut bindings::drm_property| {
            CStr::from_char_ptr((**property).name.as_ptr()) == name
        };
        let property = *properties
            .properties
            .iter()
            .take(properties.count as usize)
            .find(|p| named(p))
            .ok_or(ENOENT)?;

        let commit = bindings::drm_atomic_commit_alloc(dev);
        if commit.is_null() {
            return Err(ENOMEM);
        }
        (*commit).acquire_ctx = locks;
        let _commit = ScopeGuard::new(|| bindings::drm_atomic_commit_put(commit));

        let state = from_err_ptr(bindings::drm_atomic_get_plane_state(commit, plane))?;
        let set = (*(*plane).funcs).atomic_set_property.ok_or(ENOENT)?;
        to_result(set(plane, state, property, value))?;
        to_result(how(commit))?;

        let mut found = 0;
        let get = (*(*plane).funcs).atomic_get_property.ok_or(ENOENT)?;
        to_result(get(plane, (*plane).state, property, &mut found))?;
        Ok(found)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: By the type invariants. Neither is used after this.
        unsafe {
            bindings::drm_client_buffer_delete(self.buffer);
            bindings::drm_client_release(self.client.get());
        }
    }
}
