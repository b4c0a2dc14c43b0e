// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Connectors.
//!
//! C header: [`include/drm/drm_connector.h`](srctree/include/drm/drm_connector.h)
//!
//! A connector is what a display is plugged into. Connectors are created by
//! [`Setup::connector`](super::mode_config::Setup::connector), and stay as long as the device.
//!
//! Not supported: asking for displays again and again where hardware does not tell, connectors that
//! come and go (as for DisplayPort MST).

use super::{
    atomic::{
        impl_atomic_object,
        Check,
        Commit, //
    },
    crtc::{
        Crtc,
        DriverCrtc, //
    },
    edid::Edid,
    encoder::{
        DriverEncoder,
        Encoder, //
    },
    modes::{
        DisplayMode,
        ModeStatus,
        Timings, //
    },
    object::callback_if,
    property::{
        impl_properties,
        Property,
        Table, //
    },
    state::{
        DriverState,
        WithDriverState, //
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
    types::Opaque, //
};
use core::ops::Deref;

/// A driver's connectors.
#[vtable]
pub trait DriverConnector: Send + Sync + Sized + 'static {
    /// The driver.
    type Driver: drm::Driver;
    /// What [`DriverConnector::new`] gets.
    type Args;
    /// The driver's part of the connector's state.
    type State: DriverState;

    /// The properties that only this driver has.
    const PROPERTIES: &'static [Property<Self::State>] = &[];

    /// Whether the driver calls [`detect_again`] when a display may have come or gone.
    const HOTPLUG: bool = false;

    /// Creates the driver's part of the connector.
    fn new(device: &drm::Device<Self::Driver>, args: Self::Args) -> impl PinInit<Self, Error>;

    /// Adds the modes of the display.
    fn get_modes(connector: &Connector<Self>, probe: &mut Probe<'_>);

    /// Whether the connector can take a mode to its display. By default, it can.
    fn mode_valid(_connector: &Connector<Self>, _mode: &DisplayMode) -> ModeStatus {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Looks whether there is a display. By default, there is one.
    fn detect(_connector: &Connector<Self>) -> Status {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Checks whether the new state of the connector can be had.
    fn atomic_check(
        _connector: &Connector<Self>,
        _commit: &mut Commit<'_, Self::Driver, Check>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// What a connector looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ConnectorKind {
    /// Unknown.
    Unknown = bindings::DRM_MODE_CONNECTOR_Unknown,
    /// VGA.
    Vga = bindings::DRM_MODE_CONNECTOR_VGA,
    /// DVI with digital and analog signals.
    DviI = bindings::DRM_MODE_CONNECTOR_DVII,
    /// DVI with digital signals.
    DviD = bindings::DRM_MODE_CONNECTOR_DVID,
    /// A panel with LVDS.
    Lvds = bindings::DRM_MODE_CONNECTOR_LVDS,
    /// DisplayPort.
    DisplayPort = bindings::DRM_MODE_CONNECTOR_DisplayPort,
    /// HDMI of type A.
    HdmiA = bindings::DRM_MODE_CONNECTOR_HDMIA,
    /// Embedded DisplayPort.
    EmbeddedDisplayPort = bindings::DRM_MODE_CONNECTOR_eDP,
    /// The display of a virtual machine, or of nobody.
    Virtual = bindings::DRM_MODE_CONNECTOR_VIRTUAL,
    /// A panel with MIPI DSI.
    Dsi = bindings::DRM_MODE_CONNECTOR_DSI,
}

/// Whether there is a display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// There is one.
    Connected = bindings::drm_connector_status_connector_status_connected,
    /// There is none.
    Disconnected = bindings::drm_connector_status_connector_status_disconnected,
    /// It cannot be told.
    Unknown = bindings::drm_connector_status_connector_status_unknown,
}

/// Looks again which connectors of a device have displays, and lets user space and the kernel's own
/// clients know if that has changed. Only connectors with [`DriverConnector::HOTPLUG`] are looked
/// at.
///
/// May sleep, so that drivers call it in a threaded interrupt handler or a work item. Returns
/// whether anything has changed. Nothing is looked at before the device has been set up.
pub fn detect_again<T: drm::Driver>(device: &drm::Device<T>) -> bool {
    // SAFETY: The device is valid, and we may sleep.
    unsafe { bindings::drm_helper_hpd_irq_event(device.as_raw()) }
}

/// A connector of which the modes are being collected.
///
/// # Invariants
///
/// `connector` is valid, and `mode_config.mutex` of its device is held as long as this exists.
pub struct Probe<'a> {
    connector: &'a Opaque<bindings::drm_connector>,
    count: c_int,
}

impl Probe<'_> {
    /// # Safety
    ///
    /// The type invariants must hold.
    pub(super) unsafe fn new(connector: *mut bindings::drm_connector) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            // SAFETY: By the safety requirements.
            connector: unsafe { &*connector.cast() },
            count: 0,
        }
    }

    /// The number of modes that have been added.
    pub(super) fn count(&self) -> c_int {
        self.count
    }

    /// Adds the modes of a display that has told them, and lets user space see what it says of
    /// itself. Without EDID, forgets what was known of the display.
    pub fn set_edid(&mut self, edid: Option<&Edid>) -> Result {
        let edid = edid.map_or(core::ptr::null(), Edid::as_raw);

        // SAFETY: By the type invariants, and since `edid` is null or valid.
        let count = unsafe {
            to_result(bindings::drm_edid_connector_update(
                self.connector.get(),
                edid,
            ))?;
            bindings::drm_edid_connector_add_modes(self.connector.get())
        };
        self.count = self.count.saturating_add(count);
        Ok(())
    }

    /// Adds a mode that the driver knows of, as that of a panel.
    ///
    /// Fails with `EINVAL` if there cannot be such a mode.
    pub fn add_mode(&mut self, timings: &Timings, is_preferred: bool) -> Result {
        // SAFETY: By the type invariants. The connector takes over the mode.
        unsafe {
            let mode = timings.create((*self.connector.get()).dev)?;
            // CAST: Flags.
            (*mode).type_ = bindings::DRM_MODE_TYPE_DRIVER as u8;
            if is_preferred {
                (*mode).type_ |= bindings::DRM_MODE_TYPE_PREFERRED as u8;
            }
            bindings::drm_mode_probed_add(self.connector.get(), mode);
        }
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Tells the size of the picture in millimetres, for displays that do not tell theirs.
    pub fn set_physical_size(&mut self, width: u32, height: u32) {
        // SAFETY: By the type invariants.
        unsafe {
            let info = &raw mut (*self.connector.get()).display_info;
            (*info).width_mm = width;
            (*info).height_mm = height;
        }
    }

    /// Adds the usual modes up to a size, for displays that do not tell theirs.
    pub fn add_modes_noedid(&mut self, width: u32, height: u32) {
        // SAFETY: By the type invariants.
        let count = unsafe { bindings::drm_add_modes_noedid(self.connector.get(), width, height) };
        self.count = self.count.saturating_add(count);
    }

    /// Prefers the modes of a size.
    pub fn set_preferred(&mut self, width: u32, height: u32) {
        let (Ok(width), Ok(height)) = (width.try_into(), height.try_into()) else {
            return;
        };
        // SAFETY: By the type invariants.
        unsafe { bindings::drm_set_preferred_mode(self.connector.get(), width, height) };
    }
}

/// A connector.
///
/// # Invariants
///
/// `connector` was initialized by `drm_connector_init()`, for a device of `T::Driver`.
#[repr(C)]
#[pin_data]
pub struct Connector<T: DriverConnector> {
    #[pin]
    connector: Opaque<bindings::drm_connector>,
    properties: Table,
    #[pin]
    driver: T,
}

// SAFETY: DRM core synchronizes access to the `struct drm_connector`, and `T` is `Send`.
unsafe impl<T: DriverConnector> Send for Connector<T> {}
// SAFETY: DRM core synchronizes access to the `struct drm_connector`, and `T` is `Sync`.
unsafe impl<T: DriverConnector> Sync for Connector<T> {}

impl<T: DriverConnector> Connector<T> {
    const FUNCS: bindings::drm_connector_funcs = bindings::drm_connector_funcs {
        detect: callback_if(T::HAS_DETECT, Self::detect_callback),
        fill_modes: Some(bindings::drm_helper_probe_single_connector_modes),
        destroy: Some(Self::destroy_callback),
        atomic_create_state: Some(RawState::<T>::create_callback),
        atomic_duplicate_state: Some(RawState::<T>::duplicate_callback),
        atomic_destroy_state: Some(RawState::<T>::destroy_callback),
        atomic_set_property: callback_if(!T::PROPERTIES.is_empty(), Self::set_property_callback),
        atomic_get_property: callback_if(!T::PROPERTIES.is_empty(), Self::get_property_callback),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_connector_helper_funcs =
        bindings::drm_connector_helper_funcs {
            get_modes: Some(Self::get_modes_callback),
            mode_valid: callback_if(T::HAS_MODE_VALID, Self::mode_valid_callback),
            atomic_check: callback_if(T::HAS_ATOMIC_CHECK, Self::atomic_check_callback),
            ..pin_init::zeroed()
        };

    /// Creates a connector, which belongs to the device from then on.
    pub(super) fn create<'a>(
        device: &'a drm::Device<T::Driver>,
        kind: ConnectorKind,
        args: T::Args,
    ) -> Result<&'a Self> {
        // SAFETY: The device has a mode configuration and is not registered.
        let properties = unsafe { Table::create(device.as_raw(), T::PROPERTIES) }?;
        let connector = KBox::pin_init(
            try_pin_init!(Self {
                connector: Opaque::zeroed(),
                properties,
                driver <- T::new(device, args),
            }),
            GFP_KERNEL,
        )?;

        // SAFETY: `connector.connector` is zeroed, and the table lives as long as the driver's
        // code. On failure, nothing refers to the connector.
        to_result(unsafe {
            bindings::drm_connector_init(
                device.as_raw(),
                connector.as_raw(),
                const { &Self::FUNCS },
                kind as i32,
            )
        })?;

        // SAFETY: Nobody moves out of the box. From here on, `destroy_callback()` owns it.
        // INVARIANT: The connector has been initialized.
        let connector = unsafe { &*KBox::into_raw(Pin::into_inner_unchecked(connector)) };

        // SAFETY: The connector is valid, and is not yet visible to others.
        unsafe {
            (*connector.as_raw()).helper_private = const { &Self::HELPER_FUNCS };
            if T::HOTPLUG {
                // CAST: A flag.
                (*connector.as_raw()).polled = bindings::DRM_CONNECTOR_POLL_HPD as u8;
            }
            connector
                .properties
                .attach(&raw mut (*connector.as_raw()).base, T::PROPERTIES);
        }

        if kind == ConnectorKind::Virtual {
            // Others have this property already. SAFETY: As above.
            unsafe { bindings::drm_connector_attach_edid_property(connector.as_raw()) };
        }
        Ok(connector)
    }

    /// Lets the connector be used with `encoder`, which must be of the same device.
    pub(super) fn attach<E: DriverEncoder>(&self, encoder: &Encoder<E>) -> Result {
        // SAFETY: Both are valid, and the device is not yet registered.
        to_result(unsafe {
            bindings::drm_connector_attach_encoder(self.as_raw(), encoder.as_raw())
        })
    }

    /// # Safety
    ///
    /// `connector` must be a valid pointer to the `struct drm_connector` of a `Self` during `'a`.
    unsafe fn from_raw<'a>(connector: *mut bindings::drm_connector) -> &'a Self {
        // SAFETY: By the safety requirements; it is the first field of a `repr(C)` type.
        unsafe { &*connector.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_connector {
        self.connector.get()
    }

    /// The index among the connectors of the device.
    #[inline]
    pub fn index(&self) -> u32 {
        // SAFETY: `self.connector` is valid, and this field does not change.
        unsafe { (*self.as_raw()).index }
    }

    extern "C" fn destroy_callback(connector: *mut bindings::drm_connector) {
        // SAFETY: DRM core destroys each connector once, when nobody uses it any more.
        unsafe { bindings::drm_connector_cleanup(connector) };

        // SAFETY: The connector is the first field of a `Self` that `create()` has allocated.
        drop(unsafe { KBox::from_raw(connector.cast::<Self>()) });
    }

    extern "C" fn detect_callback(
        connector: *mut bindings::drm_connector,
        _force: bool,
    ) -> bindings::drm_connector_status {
        // SAFETY: `connector` is a `Self`.
        T::detect(unsafe { Self::from_raw(connector) }) as bindings::drm_connector_status
    }

    extern "C" fn mode_valid_callback(
        connector: *mut bindings::drm_connector,
        mode: *const bindings::drm_display_mode,
    ) -> bindings::drm_mode_status {
        // SAFETY: `connector` is a `Self`. DRM core passes a valid mode that nobody changes.
        let (this, mode) = unsafe { (Self::from_raw(connector), DisplayMode::from_raw(mode)) };
        T::mode_valid(this, mode) as bindings::drm_mode_status
    }

    extern "C" fn get_modes_callback(connector: *mut bindings::drm_connector) -> c_int {
        // SAFETY: `connector` is a `Self`. DRM core calls this with the mutex held, and holds it
        // until we return.
        let (this, mut probe) = unsafe { (Self::from_raw(connector), Probe::new(connector)) };

        T::get_modes(this, &mut probe);
        probe.count()
    }

    extern "C" fn atomic_check_callback(
        connector: *mut bindings::drm_connector,
        commit: *mut bindings::drm_atomic_commit,
    ) -> c_int {
        from_result(|| {
            // SAFETY: `connector` is a `Self`, and the commit is in its check phase. Whoever called
            // the helper that calls us has no references to new states.
            let (connector, mut commit) =
                unsafe { (Self::from_raw(connector), Commit::from_raw(commit)) };
            T::atomic_check(connector, &mut commit)?;
            Ok(0)
        })
    }
}

impl<T: DriverConnector> Deref for Connector<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.driver
    }
}

impl_atomic_object! {
    Connector<DriverConnector>, ConnectorState, driver: driver,
    /// The state of connectors, as far as `WithDriverState` is concerned.
    kind: Connectors(drm_connector, drm_connector_state),
    new: drm_atomic_get_new_connector_state,
    old: drm_atomic_get_old_connector_state,
    add: drm_atomic_get_connector_state,
    init: __drm_atomic_helper_connector_state_init,
    duplicate: __drm_atomic_helper_connector_duplicate_state,
    destroy: __drm_atomic_helper_connector_destroy_state,
}

impl_properties! {
    Connector<DriverConnector>, ConnectorState, driver: driver,
    c: drm_connector, drm_connector_state
}

type RawState<T> = WithDriverState<Connectors, <T as DriverConnector>::State>;

/// The state of a [`Connector`].
#[repr(transparent)]
pub struct ConnectorState<T: DriverConnector>(RawState<T>);

impl<T: DriverConnector> ConnectorState<T> {
    /// The CRTC whose picture the display shows, if there is one and it is a `C`.
    #[inline]
    pub fn crtc<C: DriverCrtc<Driver = T::Driver>>(&self) -> Option<&Crtc<C>> {
        // SAFETY: The state is valid. Its CRTC is null or one of the device, which are created by
        // `Setup` alone.
        unsafe { Crtc::from_any((*self.0.raw.get()).crtc) }
    }

    /// The driver's part of the state.
    #[inline]
    pub fn driver(&self) -> &T::State {
        &self.0.driver
    }
}
