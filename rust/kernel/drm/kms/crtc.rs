// SPDX-License-Identifier: GPL-2.0 OR MIT

//! CRTCs.
//!
//! C header: [`include/drm/drm_crtc.h`](srctree/include/drm/drm_crtc.h)
//!
//! A CRTC makes a picture of the planes that are on it, at the rate of its display mode. CRTCs are
//! created by [`Setup::crtc`](super::mode_config::Setup::crtc).
//!
//! Not supported: variable refresh rates, self refresh, checksums of more than one value.

use super::{
    atomic::{
        impl_atomic_object,
        Check,
        Commit,
        Tail, //
    },
    color::ColorManagement,
    crc,
    modes::{
        DisplayMode,
        ModeStatus, //
    },
    object::{
        callback_if,
        CrtcMask, //
    },
    plane::{
        DriverPlane,
        Plane,
        PlaneState, //
    },
    property::{
        impl_properties,
        Property,
        Table, //
    },
    state::{
        DriverState,
        WithDriverState, //
    },
    vblank::{
        PendingEvent,
        VblankSource, //
    },
};
use crate::{
    bindings,
    drm,
    error::{
        from_result,
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
    },
    types::Opaque, //
};
use core::{
    any::TypeId,
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    },
};

/// A driver's CRTCs.
#[vtable]
pub trait DriverCrtc: Send + Sync + Sized + 'static {
    /// The driver.
    type Driver: drm::Driver;
    /// What [`DriverCrtc::new`] gets.
    type Args;
    /// The driver's part of the CRTC's state.
    type State: DriverState;
    /// Where vertical blanks come from.
    type Vblank: VblankSource<Self>;

    /// What the CRTC can do with colours.
    const COLOR: ColorManagement = ColorManagement::NONE;

    /// The properties that only this driver has.
    const PROPERTIES: &'static [Property<Self::State>] = &[];

    /// Creates the driver's part of the CRTC.
    fn new(device: &drm::Device<Self::Driver>, args: Self::Args) -> impl PinInit<Self, Error>;

    /// Whether the CRTC has a mode. By default, it has.
    fn mode_valid(_crtc: &Crtc<Self>, _mode: &DisplayMode) -> ModeStatus {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Checks whether the new state of the CRTC can be had.
    fn atomic_check(_crtc: &Crtc<Self>, _commit: &mut Commit<'_, Self::Driver, Check>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Prepares for the planes of the CRTC to be programmed.
    fn atomic_begin(_crtc: &Crtc<Self>, _commit: &Commit<'_, Self::Driver, Tail>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Lets the new states of the CRTC's planes take effect.
    ///
    /// By default, the event is armed, or sent at the end of the commit if there are no vertical
    /// blanks.
    fn atomic_flush(
        _crtc: &Crtc<Self>,
        _commit: &Commit<'_, Self::Driver, Tail>,
        _event: Option<PendingEvent<'_>>,
    ) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Switches the CRTC on. Vertical blanks are switched on after that.
    fn atomic_enable(_crtc: &Crtc<Self>, _commit: &Commit<'_, Self::Driver, Tail>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Switches the CRTC off. Vertical blanks have been switched off before that.
    fn atomic_disable(_crtc: &Crtc<Self>, _commit: &Commit<'_, Self::Driver, Tail>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// What to do when a [`VblankTimer`](super::vblank::VblankTimer) expires, in interrupt context.
    ///
    /// By default, [`Crtc::handle_vblank`] is called.
    fn vblank_timeout(_crtc: &Crtc<Self>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Begins or ceases to make a checksum of each frame, which goes to
    /// [`Crtc::add_checksum`]. Tests of user space compare them.
    fn enable_checksums(_crtc: &Crtc<Self>, _enable: bool) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A CRTC.
///
/// # Invariants
///
/// - `crtc` was initialized by `drm_crtc_init_with_planes()`, for a device of `T::Driver`.
/// - `id` is the type ID of `T`.
#[repr(C)]
#[pin_data]
pub struct Crtc<T: DriverCrtc> {
    #[pin]
    crtc: Opaque<bindings::drm_crtc>,
    id: TypeId,
    /// Whether vertical blanks have been switched on once. Before that, DRM core may still have to
    /// initialize them.
    has_vblanks: Atomic<bool>,
    properties: Table,
    #[pin]
    driver: T,
}

/// What any [`Crtc`] begins with.
#[repr(C)]
struct AnyCrtc {
    crtc: Opaque<bindings::drm_crtc>,
    id: TypeId,
}

// SAFETY: DRM core synchronizes access to the `struct drm_crtc`, and `T` is `Send`.
unsafe impl<T: DriverCrtc> Send for Crtc<T> {}
// SAFETY: DRM core synchronizes access to the `struct drm_crtc`, and `T` is `Sync`.
unsafe impl<T: DriverCrtc> Sync for Crtc<T> {}

impl<T: DriverCrtc> Crtc<T> {
    const FUNCS: bindings::drm_crtc_funcs = {
        let mut funcs = bindings::drm_crtc_funcs {
            set_config: Some(bindings::drm_atomic_helper_set_config),
            page_flip: Some(bindings::drm_atomic_helper_page_flip),
            destroy: Some(Self::destroy_callback),
            atomic_create_state: Some(RawState::<T>::create_callback),
            atomic_duplicate_state: Some(RawState::<T>::duplicate_callback),
            atomic_destroy_state: Some(RawState::<T>::destroy_callback),
            ..pin_init::zeroed()
        };
        if !T::PROPERTIES.is_empty() {
            funcs.atomic_set_property = Some(Self::set_property_callback);
            funcs.atomic_get_property = Some(Self::get_property_callback);
        }
        if let Some(ops) = T::Vblank::OPS {
            funcs.enable_vblank = ops.enable;
            funcs.disable_vblank = ops.disable;
            funcs.get_vblank_timestamp = ops.timestamp;
        }
        if T::HAS_ENABLE_CHECKSUMS {
            funcs.get_crc_sources = Some(crc::get_sources_callback);
            funcs.verify_crc_source = Some(crc::verify_source_callback);
            funcs.set_crc_source = Some(crc::set_source_callback::<T>);
        }
        funcs
    };

    const HELPER_FUNCS: bindings::drm_crtc_helper_funcs = bindings::drm_crtc_helper_funcs {
        mode_valid: callback_if(T::HAS_MODE_VALID, Self::mode_valid_callback),
        atomic_check: callback_if(
            T::HAS_ATOMIC_CHECK || T::COLOR.is_some(),
            Self::atomic_check_callback,
        ),
        atomic_begin: callback_if(T::HAS_ATOMIC_BEGIN, Self::atomic_begin_callback),
        handle_vblank_timeout: callback_if(T::HAS_VBLANK_TIMEOUT, Self::vblank_timeout_callback),
        atomic_flush: Some(Self::atomic_flush_callback),
        atomic_enable: Some(Self::atomic_enable_callback),
        atomic_disable: Some(Self::atomic_disable_callback),
        ..pin_init::zeroed()
    };

    /// Creates a CRTC, which belongs to the device from then on.
    pub(super) fn create<'a, P: DriverPlane<Driver = T::Driver>, C: DriverPlane>(
        device: &'a drm::Device<T::Driver>,
        primary: &Plane<P>,
        cursor: Option<&Plane<C>>,
        args: T::Args,
    ) -> Result<&'a Self> {
        // SAFETY: The device has a mode configuration and is not registered.
        let properties = unsafe { Table::create(device.as_raw(), T::PROPERTIES) }?;
        let crtc = KBox::pin_init(
            try_pin_init!(Self {
                crtc: Opaque::zeroed(),
                id: TypeId::of::<T>(),
                has_vblanks: Atomic::new(false),
                properties,
                driver <- T::new(device, args),
            }),
            GFP_KERNEL,
        )?;

        // SAFETY: `crtc.crtc` is zeroed, the planes belong to the same device, and the tables live
        // as long as the driver's code.
        let initialized = to_result(unsafe {
            bindings::drm_crtc_init_with_planes(
                device.as_raw(),
                crtc.as_raw(),
                primary.as_raw(),
                cursor.map_or(ptr::null_mut(), |cursor| cursor.as_raw()),
                const { &Self::FUNCS },
                ptr::null(),
            )
        });
        if let Err(error) = initialized {
            // The last step that can fail comes after the CRTC is in the list of the device.
            //
            // SAFETY: The list's links are zeroed, or the CRTC is in the list and thus as far
            // initialized as the cleanup needs.
            unsafe {
                if !(*crtc.as_raw()).head.next.is_null() {
                    bindings::drm_crtc_cleanup(crtc.as_raw());
                }
            }
            return Err(error);
        }

        // SAFETY: Nobody moves out of the box. From here on, `destroy_callback()` owns it.
        // INVARIANT: The CRTC has been initialized, and `id` is as the invariants say.
        let crtc = unsafe { &*KBox::into_raw(Pin::into_inner_unchecked(crtc)) };

        // SAFETY: The CRTC is valid, and is not yet visible to others.
        unsafe {
            (*crtc.as_raw()).helper_private = const { &Self::HELPER_FUNCS };
            crtc.properties
                .attach(&raw mut (*crtc.as_raw()).base, T::PROPERTIES);
        }

        // SAFETY: The CRTC is valid, and its device is not yet registered.
        unsafe { T::COLOR.create(crtc.as_raw()) }?;
        Ok(crtc)
    }

    /// # Safety
    ///
    /// `crtc` must be a valid pointer to the `struct drm_crtc` of a `Self` during `'a`.
    pub(super) unsafe fn from_raw<'a>(crtc: *mut bindings::drm_crtc) -> &'a Self {
        // SAFETY: By the safety requirements; it is the first field of a `repr(C)` type.
        unsafe { &*crtc.cast() }
    }

    /// Returns `crtc` as a `Self`, if this is what it is.
    ///
    /// # Safety
    ///
    /// `crtc` must be null, or a valid pointer to the `struct drm_crtc` of some `Crtc` during `'a`.
    pub(super) unsafe fn from_any<'a>(crtc: *mut bindings::drm_crtc) -> Option<&'a Self> {
        // SAFETY: By the safety requirements, since all `Crtc`s begin with an `AnyCrtc`.
        let any = unsafe { crtc.cast::<AnyCrtc>().as_ref() }?;

        // SAFETY: By the invariants of `Crtc`, the type ID tells that it is a `Self`.
        (any.id == TypeId::of::<T>()).then(|| unsafe { Self::from_raw(any.crtc.get()) })
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_crtc {
        self.crtc.get()
    }

    /// The index among the CRTCs of the device.
    #[inline]
    pub fn index(&self) -> u32 {
        // SAFETY: `self.crtc` is valid, and this field does not change.
        unsafe { (*self.as_raw()).index }
    }

    /// The set that has this CRTC alone.
    #[inline]
    pub fn mask(&self) -> CrtcMask {
        CrtcMask::nth(self.index())
    }

    /// Tells DRM core that there is a vertical blank: counts it, and sends the events that are due.
    ///
    /// Has no effect while vertical blanks are switched off.
    #[inline]
    pub fn handle_vblank(&self) {
        if self.has_vblanks.load(Acquire) {
            // SAFETY: `self.crtc` is valid, and its vertical blanks are initialized.
            unsafe { bindings::drm_crtc_handle_vblank(self.as_raw()) };
        }
    }

    /// The number of vertical blanks so far.
    #[inline]
    pub fn vblank_count(&self) -> u64 {
        if !self.has_vblanks.load(Acquire) {
            return 0;
        }
        // SAFETY: `self.crtc` is valid, and its vertical blanks are initialized.
        unsafe { bindings::drm_crtc_vblank_count(self.as_raw()) }
    }

    /// Takes a reference that may be kept.
    pub fn to_ref(&self) -> CrtcRef<T> {
        // SAFETY: The device is valid, and one of driver `T::Driver`.
        let device = unsafe { drm::Device::<T::Driver>::from_raw((*self.as_raw()).dev) };

        // INVARIANT: The CRTC belongs to the device.
        CrtcRef {
            crtc: NonNull::from(self),
            _device: device.into(),
        }
    }

    /// Keeps vertical blanks going as long as the returned value exists.
    ///
    /// Fails with `EINVAL` while they are switched off.
    pub fn vblank_get(&self) -> Result<VblankRef<T>> {
        if !self.has_vblanks.load(Acquire) {
            return Err(EINVAL);
        }
        // SAFETY: `self.crtc` is valid, and its vertical blanks are initialized.
        to_result(unsafe { bindings::drm_crtc_vblank_get(self.as_raw()) })?;

        // INVARIANT: We have just got the reference.
        Ok(VblankRef(self.to_ref()))
    }

    extern "C" fn destroy_callback(crtc: *mut bindings::drm_crtc) {
        // SAFETY: DRM core destroys each CRTC once, when nobody uses it any more.
        unsafe { bindings::drm_crtc_cleanup(crtc) };

        // SAFETY: The CRTC is the first field of a `Self` that `create()` has allocated.
        drop(unsafe { KBox::from_raw(crtc.cast::<Self>()) });
    }

    extern "C" fn mode_valid_callback(
        crtc: *mut bindings::drm_crtc,
        mode: *const bindings::drm_display_mode,
    ) -> bindings::drm_mode_status {
        // SAFETY: `crtc` is a `Self`. DRM core passes a valid mode that nobody changes.
        let (crtc, mode) = unsafe { (Self::from_raw(crtc), DisplayMode::from_raw(mode)) };
        T::mode_valid(crtc, mode) as bindings::drm_mode_status
    }

    extern "C" fn atomic_check_callback(
        crtc: *mut bindings::drm_crtc,
        commit: *mut bindings::drm_atomic_commit,
    ) -> c_int {
        from_result(|| {
            // SAFETY: `crtc` is a `Self`, and the commit is in its check phase. Whoever called the
            // helper that calls us has no references to new states.
            let (crtc, mut commit) = unsafe { (Self::from_raw(crtc), Commit::from_raw(commit)) };
            if let Some(state) = commit.new_state(crtc) {
                T::COLOR.check(state)?;
            }
            if T::HAS_ATOMIC_CHECK {
                T::atomic_check(crtc, &mut commit)?;
            }
            Ok(0)
        })
    }

    extern "C" fn atomic_begin_callback(
        crtc: *mut bindings::drm_crtc,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        // SAFETY: `crtc` is a `Self`, and the commit is in its tail.
        let (crtc, commit) = unsafe { (Self::from_raw(crtc), Commit::from_raw(commit)) };
        T::atomic_begin(crtc, &commit);
    }

    extern "C" fn atomic_flush_callback(
        raw: *mut bindings::drm_crtc,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        // SAFETY: `raw` is a `Self`, and the commit is in its tail.
        let (crtc, commit) = unsafe { (Self::from_raw(raw), Commit::from_raw(commit)) };
        if !T::HAS_ATOMIC_FLUSH && T::Vblank::OPS.is_none() {
            // `hw_done` sends the event.
            return;
        }
        let event = commit.new_state(crtc).and_then(|state| {
            // SAFETY: The state is the CRTC's new one. DRM core does not pass null.
            unsafe { PendingEvent::take(NonNull::new_unchecked(raw), state.as_raw()) }
        });

        if T::HAS_ATOMIC_FLUSH {
            T::atomic_flush(crtc, &commit, event);
        } else if let Some(event) = event {
            event.arm();
        }
    }

    extern "C" fn atomic_enable_callback(
        raw: *mut bindings::drm_crtc,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        // SAFETY: `raw` is a `Self`, and the commit is in its tail.
        let (crtc, commit) = unsafe { (Self::from_raw(raw), Commit::from_raw(commit)) };
        if T::HAS_ATOMIC_ENABLE {
            T::atomic_enable(crtc, &commit);
        }
        if T::Vblank::OPS.is_some() {
            crtc.has_vblanks.store(true, Release);
            // SAFETY: The CRTC is valid, its vertical blanks are initialized, and they are off.
            unsafe { bindings::drm_crtc_vblank_on(raw) };
        }
    }

    extern "C" fn atomic_disable_callback(
        raw: *mut bindings::drm_crtc,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        if T::Vblank::OPS.is_some() {
            // SAFETY: The CRTC is valid, its vertical blanks are initialized, and they are on.
            unsafe { bindings::drm_crtc_vblank_off(raw) };
        }
        // SAFETY: `raw` is a `Self`, and the commit is in its tail.
        let (crtc, commit) = unsafe { (Self::from_raw(raw), Commit::from_raw(commit)) };
        if T::HAS_ATOMIC_DISABLE {
            T::atomic_disable(crtc, &commit);
        }

        // The planes of a CRTC that stays off need not be programmed, in which case
        // `atomic_flush_callback()` is not called.
        let event = commit.new_state(crtc).and_then(|state| {
            if state.active() {
                return None;
            }
            // SAFETY: The state is the CRTC's new one. DRM core does not pass null.
            unsafe { PendingEvent::take(NonNull::new_unchecked(raw), state.as_raw()) }
        });
        if let Some(event) = event {
            event.send();
        }
    }

    extern "C" fn vblank_timeout_callback(crtc: *mut bindings::drm_crtc) -> bool {
        // SAFETY: `crtc` is a `Self`.
        T::vblank_timeout(unsafe { Self::from_raw(crtc) });
        true
    }
}

impl<T: DriverCrtc> Deref for Crtc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.driver
    }
}

/// A reference to a CRTC that may be kept. It keeps the device.
///
/// # Invariants
///
/// `crtc` belongs to `_device`, and is thus valid as long as this exists.
pub struct CrtcRef<T: DriverCrtc> {
    crtc: NonNull<Crtc<T>>,
    _device: ARef<drm::Device<T::Driver>>,
}

// SAFETY: This is a reference to a `Crtc`, which is `Sync`, and to a device.
unsafe impl<T: DriverCrtc> Send for CrtcRef<T> {}
// SAFETY: As above.
unsafe impl<T: DriverCrtc> Sync for CrtcRef<T> {}

impl<T: DriverCrtc> Deref for CrtcRef<T> {
    type Target = Crtc<T>;

    fn deref(&self) -> &Crtc<T> {
        // SAFETY: By the type invariants.
        unsafe { self.crtc.as_ref() }
    }
}

/// Keeps the vertical blanks of a CRTC going.
///
/// # Invariants
///
/// This has a reference to the vertical blanks.
pub struct VblankRef<T: DriverCrtc>(CrtcRef<T>);

impl<T: DriverCrtc> Drop for VblankRef<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::drm_crtc_vblank_put(self.0.as_raw()) };
    }
}

impl_atomic_object! {
    Crtc<DriverCrtc>, CrtcState, driver: driver,
    /// The state of CRTCs, as far as `WithDriverState` is concerned.
    kind: Crtcs(drm_crtc, drm_crtc_state),
    new: drm_atomic_get_new_crtc_state,
    old: drm_atomic_get_old_crtc_state,
    add: drm_atomic_get_crtc_state,
    init: __drm_atomic_helper_crtc_state_init,
    duplicate: __drm_atomic_helper_crtc_duplicate_state,
    destroy: __drm_atomic_helper_crtc_destroy_state,
}

impl_properties! {
    Crtc<DriverCrtc>, CrtcState, driver: driver,
    c: drm_crtc, drm_crtc_state
}

type RawState<T> = WithDriverState<Crtcs, <T as DriverCrtc>::State>;

/// The state of a [`Crtc`].
#[repr(transparent)]
pub struct CrtcState<T: DriverCrtc>(RawState<T>);

impl<T: DriverCrtc> CrtcState<T> {
    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_crtc_state {
        self.0.raw.get()
    }

    /// The driver's part of the state.
    #[inline]
    pub fn driver(&self) -> &T::State {
        &self.0.driver
    }

    /// Whether the CRTC has a mode and connectors.
    #[inline]
    pub fn enabled(&self) -> bool {
        // SAFETY: The state is valid.
        unsafe { (*self.as_raw()).enable }
    }

    /// Whether the CRTC is on.
    #[inline]
    pub fn active(&self) -> bool {
        // SAFETY: The state is valid.
        unsafe { (*self.as_raw()).active }
    }

    /// Whether the CRTC has to be switched off or on, or gets another mode or other connectors.
    #[inline]
    pub fn needs_modeset(&self) -> bool {
        // SAFETY: The state is valid.
        unsafe { bindings::drm_atomic_crtc_needs_modeset(self.as_raw()) }
    }

    /// The mode, as user space has set it.
    #[inline]
    pub fn mode(&self) -> &DisplayMode {
        // SAFETY: The state is valid. The mode is only changed before the check phase.
        unsafe { DisplayMode::from_raw(&raw const (*self.as_raw()).mode) }
    }
}

impl<T: DriverPlane> PlaneState<T> {
    /// The CRTC that the plane is on, if there is one and it is a `C`.
    #[inline]
    pub fn crtc<C: DriverCrtc<Driver = T::Driver>>(&self) -> Option<&Crtc<C>> {
        // SAFETY: The state is valid. Its CRTC is null or one of the device, which are created by
        // `Setup` alone.
        unsafe { Crtc::from_any((*self.as_raw()).crtc) }
    }

    /// Whether the plane is on `crtc`.
    #[inline]
    pub fn is_on<C: DriverCrtc>(&self, crtc: &Crtc<C>) -> bool {
        // SAFETY: The state is valid. The pointers are only compared.
        unsafe { (*self.as_raw()).crtc == crtc.as_raw() }
    }
}

impl<'a, T: drm::Driver> Commit<'a, T, Check> {
    /// Makes `crtc` and all of its planes part of the commit. Fails like [`Commit::add`].
    pub fn add_affected_planes<C: DriverCrtc<Driver = T>>(&mut self, crtc: &Crtc<C>) -> Result {
        // DRM core wants the CRTC to be part of the commit.
        self.add(crtc)?;

        // SAFETY: By the type invariants, and since `crtc` belongs to the same device.
        to_result(unsafe { bindings::drm_atomic_add_affected_planes(self.as_raw(), crtc.as_raw()) })
    }
}
