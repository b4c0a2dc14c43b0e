// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The mode configuration of a device, and how a driver sets it up.
//!
//! C header: [`include/drm/drm_mode_config.h`](srctree/include/drm/drm_mode_config.h)
//!
//! A driver that has KMS implements [`KmsDriver`], and says so in [`drm::Driver::KMS`]:
//!
//! ```ignore
//! const KMS: Option<drm::KmsOps<Self>> = Some(kms::ops());
//! ```
//!
//! Then each of its devices goes through this:
//!
//! ```text
//! UnregisteredDevice::new    has drm::Driver::Data
//!   |
//!   v
//! KmsDriver::setup           creates planes, CRTCs, encoders, connectors
//!   |
//!   v
//! kms::register              makes /dev/dri/card*, begins the kernel's own clients
//!   |
//!   v
//! commits                    atomic_check, atomic_commit_tail, ...
//!   |
//!   v
//! the parent is unbound      unplugs the device, disables planes and CRTCs
//! ```
//!
//! Mode objects live as long as the device: they are destroyed when the last reference to the
//! device is gone, after [`drm::Driver::Data`].
//!
//! A request of user space that has begun before the parent is unbound is taken to its end, even
//! if that is after planes and CRTCs have been disabled. All callbacks may thus be called for a
//! device whose parent is not bound any more.

use super::{
    atomic::{
        AtomicObject,
        Check,
        Commit, //
    },
    connector::{
        Connector,
        ConnectorKind,
        DriverConnector, //
    },
    crtc::{
        Crtc,
        DriverCrtc, //
    },
    encoder::{
        DriverEncoder,
        Encoder,
        EncoderKind, //
    },
    object::CrtcMask,
    plane::{
        DriverPlane,
        NewPlane,
        Plane,
        PlaneKind, //
    },
    state,
    tail::{
        CommitTail,
        Finished,
        Started, //
    },
    vblank::VblankSource,
};
use crate::{
    bindings,
    drm::{
        self,
        driver::KmsOps, //
    },
    error::{
        from_result,
        to_result, //
    },
    prelude::*, //
};
use core::{
    cell::Cell,
    marker::PhantomData, //
};

/// A driver of a device that has displays.
pub trait KmsDriver: drm::Driver + Sized + 'static {
    /// The sizes that framebuffers can have.
    const LIMITS: Limits;

    /// Whether user space may say which parts of a framebuffer have changed without an atomic
    /// commit.
    const DIRTY_FRAMEBUFFERS: bool = false;

    /// Creates the mode objects of a device. Called once by
    /// [`UnregisteredDevice::new`](drm::UnregisteredDevice::new), which fails if this does.
    fn setup(setup: &Setup<'_, Self>) -> Result;

    /// Checks what concerns more than one object, after the objects have been checked.
    fn atomic_check(_commit: &mut Commit<'_, Self, Check>) -> Result {
        Ok(())
    }

    /// Programs the hardware.
    ///
    /// By default, planes are programmed before CRTCs are switched on.
    fn atomic_commit_tail<'a>(tail: CommitTail<'a, Self, Started>) -> Finished<'a> {
        tail.disable_modesets()
            .commit_planes()
            .enable_modesets()
            .hw_done()
            .wait_for_vblanks()
            .cleanup_planes()
    }
}

/// The sizes that framebuffers can have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The smallest width and height.
    pub min: (u32, u32),
    /// The largest width and height.
    pub max: (u32, u32),
    /// The size of cursors that user space had best use.
    pub cursor: (u32, u32),
}

/// What a driver has [`drm::Driver::KMS`] set to.
pub const fn ops<T: KmsDriver>() -> KmsOps<T> {
    KmsOps::new(
        bindings::drm_driver_feature_DRIVER_MODESET | bindings::drm_driver_feature_DRIVER_ATOMIC,
        setup_device::<T>,
        shutdown_device,
    )
}

/// A device whose mode objects are being created.
///
/// This exists before the device is registered only, and there is no other way to create mode
/// objects. If one of them cannot be created, the device cannot be set up.
///
/// # Invariants
///
/// The mode configuration of `device` is initialized, and `device` is not registered.
pub struct Setup<'a, T: KmsDriver> {
    device: &'a drm::Device<T>,
    /// The primary and cursor planes that have a CRTC.
    used_planes: Cell<u32>,
    /// The number of CRTCs with vertical blanks.
    with_vblank: Cell<u32>,
    /// The CRTCs that planes and encoders refer to.
    referred: Cell<u32>,
    /// Whether there are connectors whose displays come and go.
    hotplug: Cell<bool>,
    /// Why an object could not be created, if there is one. It may have been created in part.
    failed: Cell<Option<Error>>,
}

impl<'a, T: KmsDriver> Setup<'a, T> {
    /// The device.
    pub fn device(&self) -> &'a drm::Device<T> {
        self.device
    }

    fn config(&self) -> *mut bindings::drm_mode_config {
        // SAFETY: The device is valid.
        unsafe { &raw mut (*self.device.as_raw()).mode_config }
    }

    fn refer_to(&self, crtcs: CrtcMask) {
        self.referred.set(self.referred.get() | crtcs.bits());
    }

    /// Notes whether an object could be created. The driver cannot do without it.
    pub(super) fn created<O>(&self, object: Result<O>) -> Result<O> {
        object.inspect_err(|error| self.failed.set(Some(*error)))
    }

    /// Creates a plane.
    pub fn plane<P: DriverPlane<Driver = T>>(
        &self,
        new: NewPlane<'_, P::Args>,
    ) -> Result<&'a Plane<P>> {
        self.refer_to(new.possible_crtcs);
        self.created(Plane::create(self.device, new))
    }

    /// Creates a CRTC, with the plane that shows its framebuffer.
    ///
    /// The plane has to be a [`PlaneKind::Primary`] one, and may be that of one CRTC only.
    pub fn crtc<C, P>(&self, primary: &Plane<P>, args: C::Args) -> Result<&'a Crtc<C>>
    where
        C: DriverCrtc<Driver = T>,
        P: DriverPlane<Driver = T>,
    {
        self.create_crtc(primary, None::<&Plane<P>>, args)
    }

    /// Creates a CRTC, with the planes that show its framebuffer and its pointer.
    ///
    /// The second plane has to be a [`PlaneKind::Cursor`] one, and may be that of one CRTC only.
    pub fn crtc_with_cursor<C, P, Q>(
        &self,
        primary: &Plane<P>,
        cursor: &Plane<Q>,
        args: C::Args,
    ) -> Result<&'a Crtc<C>>
    where
        C: DriverCrtc<Driver = T>,
        P: DriverPlane<Driver = T>,
        Q: DriverPlane<Driver = T>,
    {
        self.create_crtc(primary, Some(cursor), args)
    }

    fn create_crtc<C, P, Q>(
        &self,
        primary: &Plane<P>,
        cursor: Option<&Plane<Q>>,
        args: C::Args,
    ) -> Result<&'a Crtc<C>>
    where
        C: DriverCrtc<Driver = T>,
        P: DriverPlane<Driver = T>,
        Q: DriverPlane<Driver = T>,
    {
        self.use_plane(primary, PlaneKind::Primary)?;
        if let Some(cursor) = cursor {
            self.use_plane(cursor, PlaneKind::Cursor)?;
        }

        let crtc = self.created(Crtc::<C>::create(self.device, primary, cursor, args))?;
        if C::Vblank::OPS.is_some() {
            self.with_vblank.set(self.with_vblank.get() + 1);
        }

        // SAFETY: The planes are valid, and nobody else uses them.
        unsafe {
            (*primary.as_raw()).possible_crtcs |= crtc.mask().bits();
            if let Some(cursor) = cursor {
                (*cursor.as_raw()).possible_crtcs |= crtc.mask().bits();
            }
        }
        Ok(crtc)
    }

    /// Notes that a plane is the primary or cursor plane of a CRTC.
    fn use_plane<P: DriverPlane<Driver = T>>(&self, plane: &Plane<P>, kind: PlaneKind) -> Result {
        let bit = 1 << plane.index();
        let used = self.used_planes.get();

        if plane.device() != self.device.as_raw() || plane.kind() != kind || used & bit != 0 {
            return Err(EINVAL);
        }
        self.used_planes.set(used | bit);
        Ok(())
    }

    /// Creates an encoder.
    pub fn encoder<E: DriverEncoder<Driver = T>>(
        &self,
        kind: EncoderKind,
        possible_crtcs: CrtcMask,
        args: E::Args,
    ) -> Result<&'a Encoder<E>> {
        if possible_crtcs == CrtcMask::NONE {
            return Err(EINVAL);
        }
        self.refer_to(possible_crtcs);
        self.created(Encoder::create(self.device, kind, possible_crtcs, args))
    }

    /// Lets two encoders take the picture of a CRTC at the same time.
    pub fn allow_clones<E, F>(&self, first: &Encoder<E>, second: &Encoder<F>) -> Result
    where
        E: DriverEncoder<Driver = T>,
        F: DriverEncoder<Driver = T>,
    {
        if !self.has_encoder(first) || !self.has_encoder(second) {
            return Err(EINVAL);
        }

        // SAFETY: The encoders are valid, and nobody else uses them.
        unsafe {
            let both = first.mask() | second.mask();
            (*first.as_raw()).possible_clones |= both;
            (*second.as_raw()).possible_clones |= both;
        }
        Ok(())
    }

    /// Whether an encoder is one of this device.
    pub(super) fn has_encoder<E: DriverEncoder<Driver = T>>(&self, encoder: &Encoder<E>) -> bool {
        // SAFETY: The encoder is valid, and this field does not change.
        unsafe { (*encoder.as_raw()).dev == self.device.as_raw() }
    }

    /// Creates a connector that can be used with `encoder`.
    pub fn connector<C, E>(
        &self,
        kind: ConnectorKind,
        encoder: &Encoder<E>,
        args: C::Args,
    ) -> Result<&'a Connector<C>>
    where
        C: DriverConnector<Driver = T>,
        E: DriverEncoder<Driver = T>,
    {
        if !self.has_encoder(encoder) {
            return Err(EINVAL);
        }

        let connector = self.created(Connector::<C>::create(self.device, kind, args))?;
        self.created(connector.attach(encoder))?;
        self.hotplug.set(self.hotplug.get() || C::HOTPLUG);
        Ok(connector)
    }

    /// Checks what the driver has created, and makes it ready for registration.
    fn finish(&self) -> Result {
        if let Some(error) = self.failed.get() {
            return Err(error);
        }

        // SAFETY: The configuration is initialized, and nobody else changes it.
        let crtcs = u32::try_from(unsafe { (*self.config()).num_crtc })?;
        let primaries = self.count_primaries();
        let known = (1u64 << crtcs) - 1;

        if crtcs == 0 || primaries != crtcs || u64::from(self.referred.get()) & !known != 0 {
            return Err(EINVAL);
        }

        if self.with_vblank.get() != 0 {
            // DRM core has vertical blanks for all CRTCs of a device, or for none.
            if self.with_vblank.get() != crtcs {
                return Err(EINVAL);
            }
            // SAFETY: The device is valid, not registered, and this is called once.
            to_result(unsafe { bindings::drm_vblank_init(self.device.as_raw(), crtcs) })?;
        }

        // SAFETY: By the type invariants.
        unsafe { state::create_initial(self.device.as_raw()) }?;

        if self.hotplug.get() {
            // SAFETY: By the type invariants. There are connectors that can be asked.
            unsafe { bindings::drmm_kms_helper_poll_init(self.device.as_raw()) };
        }
        Ok(())
    }

    fn count_primaries(&self) -> u32 {
        let mut count = 0;
        // SAFETY: The configuration is initialized, and nobody else changes it.
        let head = unsafe { &raw mut (*self.config()).plane_list };
        // SAFETY: As above.
        let mut node = unsafe { (*head).next };

        while node != head {
            // SAFETY: All nodes but the head are in planes.
            unsafe {
                let plane = crate::container_of!(node, bindings::drm_plane, head);
                if (*plane).type_ == PlaneKind::Primary as u32 {
                    count += 1;
                }
                node = (*node).next;
            }
        }
        count
    }
}

/// The tables of a device's mode configuration.
struct Tables<T>(PhantomData<T>);

impl<T: KmsDriver> Tables<T> {
    const FUNCS: bindings::drm_mode_config_funcs = bindings::drm_mode_config_funcs {
        fb_create: if T::DIRTY_FRAMEBUFFERS {
            Some(bindings::drm_gem_fb_create_with_dirty)
        } else {
            Some(bindings::drm_gem_fb_create)
        },
        atomic_check: Some(Self::atomic_check_callback),
        // This waits for the commits before until `hw_done`, as the invariants of `Commit` need.
        atomic_commit: Some(bindings::drm_atomic_helper_commit),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_mode_config_helper_funcs =
        bindings::drm_mode_config_helper_funcs {
            atomic_commit_tail: Some(Self::atomic_commit_tail_callback),
            ..pin_init::zeroed()
        };

    extern "C" fn atomic_check_callback(
        dev: *mut bindings::drm_device,
        commit: *mut bindings::drm_atomic_commit,
    ) -> c_int {
        from_result(|| {
            // SAFETY: DRM core passes a commit of the device which is in its check phase.
            to_result(unsafe { bindings::drm_atomic_helper_check(dev, commit) })?;

            // SAFETY: As above. The device is one of driver `T`, and nobody else accesses the new
            // states until we return.
            T::atomic_check(&mut unsafe { Commit::from_raw(commit) })?;
            Ok(0)
        })
    }

    extern "C" fn atomic_commit_tail_callback(commit: *mut bindings::drm_atomic_commit) {
        // SAFETY: DRM core passes a commit whose tail begins now, and which is valid until we
        // return.
        let _: Finished<'_> = T::atomic_commit_tail(unsafe { CommitTail::from_raw(commit) });
    }
}

/// Sets up the mode configuration of a device of driver `T`.
///
/// # Safety
///
/// `dev` must be a valid pointer to a device of driver `T` that is not registered, and for which
/// this has not been called before.
unsafe fn setup_device<T: KmsDriver>(dev: *mut bindings::drm_device) -> Result {
    // SAFETY: By the safety requirements.
    to_result(unsafe { bindings::drmm_mode_config_init(dev) })?;

    // SAFETY: The configuration is initialized, and nobody else uses it. The tables live as long as
    // the driver's code.
    unsafe {
        let config = &raw mut (*dev).mode_config;
        (*config).funcs = const { &Tables::<T>::FUNCS };
        (*config).helper_private = const { &Tables::<T>::HELPER_FUNCS };
        (*config).min_width = T::LIMITS.min.0;
        (*config).min_height = T::LIMITS.min.1;
        (*config).max_width = T::LIMITS.max.0;
        (*config).max_height = T::LIMITS.max.1;
        (*config).cursor_width = T::LIMITS.cursor.0;
        (*config).cursor_height = T::LIMITS.cursor.1;
        (*config).normalize_zpos = true;
    }

    // INVARIANT: The configuration has been initialized above.
    let setup = Setup {
        // SAFETY: By the safety requirements.
        device: unsafe { drm::Device::from_raw(dev) },
        used_planes: Cell::new(0),
        with_vblank: Cell::new(0),
        referred: Cell::new(0),
        hotplug: Cell::new(false),
        failed: Cell::new(None),
    };
    T::setup(&setup)?;
    setup.finish()
}

/// Disables all planes and CRTCs of a device.
///
/// # Safety
///
/// `dev` must be a valid pointer to a device whose mode configuration is set up.
unsafe fn shutdown_device(dev: *mut bindings::drm_device) {
    // SAFETY: By the safety requirements.
    unsafe { bindings::drm_atomic_helper_shutdown(dev) };
}
