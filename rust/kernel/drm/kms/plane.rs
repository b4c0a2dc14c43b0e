// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Planes.
//!
//! C header: [`include/drm/drm_plane.h`](srctree/include/drm/drm_plane.h)
//!
//! A plane takes pixels from a framebuffer, and a CRTC blends the planes that are on it. Planes are
//! created by [`Setup::plane`](super::mode_config::Setup::plane).
//!
//! Not supported: scaling filters, hotspots, asynchronous updates, modifiers that
//! depend on the format.

use super::{
    atomic::{
        impl_atomic_object,
        Check,
        Commit,
        Phase,
        Tail, //
    },
    blend::{
        BlendModes,
        Blending,
        Rotations, //
    },
    colorop::{
        self,
        ColorOp, //
    },
    fourcc::{
        FourCc,
        Modifier, //
    },
    framebuffer::Framebuffer,
    object::{
        callback_if,
        CrtcMask, //
    },
    property::{
        impl_properties,
        Property,
        Table, //
    },
    rect::{
        FixedRect,
        Rect, //
    },
    shadow::{
        Mapping,
        MappingRef, //
    },
    state::{
        DriverState,
        WithDriverState, //
    },
    yuv::YuvColors,
};
use crate::{
    alloc::AllocError,
    bindings,
    drm,
    error::{
        from_err_ptr,
        from_result,
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    prelude::*,
    sync::Arc,
    types::Opaque, //
};
use core::{
    any::TypeId,
    cell::UnsafeCell,
    ops::Deref,
    ptr, //
};

/// A driver's planes.
#[vtable]
pub trait DriverPlane: Send + Sync + Sized + 'static {
    /// The driver.
    type Driver: drm::Driver;
    /// What [`DriverPlane::new`] gets from [`NewPlane::args`].
    type Args;
    /// The driver's part of the plane's state.
    type State: DriverState;

    /// Whether the pixels of framebuffers are to be mapped as long as the plane uses them. See
    /// [`PlaneState::mapping`].
    const MAP_FRAMEBUFFERS: bool = false;

    /// The properties that only this driver has.
    const PROPERTIES: &'static [Property<Self::State>] = &[];

    /// Creates the driver's part of the plane.
    fn new(device: &drm::Device<Self::Driver>, args: Self::Args) -> impl PinInit<Self, Error>;

    /// Checks whether the new state of the plane can be had.
    fn atomic_check(plane: &Plane<Self>, commit: &mut Commit<'_, Self::Driver, Check>) -> Result;

    /// Programs the new state. Also called when the plane is being disabled, unless there is
    /// [`DriverPlane::atomic_disable`].
    fn atomic_update(plane: &Plane<Self>, commit: &Commit<'_, Self::Driver, Tail>);

    /// Disables the plane.
    fn atomic_disable(_plane: &Plane<Self>, _commit: &Commit<'_, Self::Driver, Tail>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// What a plane is used for, in the eyes of user space that knows nothing of planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PlaneKind {
    /// One of several.
    Overlay = bindings::drm_plane_type_DRM_PLANE_TYPE_OVERLAY,
    /// The one that shows the framebuffer of its CRTC. Each CRTC has one.
    Primary = bindings::drm_plane_type_DRM_PLANE_TYPE_PRIMARY,
    /// The one that shows the pointer.
    Cursor = bindings::drm_plane_type_DRM_PLANE_TYPE_CURSOR,
}

/// How a plane is to be created.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::{fourcc::FourCc, plane::{NewPlane, PlaneKind}};
///
/// let formats = [FourCc::XRGB8888];
/// let new = NewPlane { alpha: true, ..NewPlane::new(PlaneKind::Primary, &formats, ()) };
/// assert!(new.modifiers.is_empty());
/// ```
pub struct NewPlane<'a, A> {
    /// What the plane is used for.
    pub kind: PlaneKind,
    /// The formats of its framebuffers, 64 at most.
    pub formats: &'a [FourCc],
    /// How the pixels may be arranged. Empty for [`Modifier::LINEAR`] only.
    pub modifiers: &'a [Modifier],
    /// The CRTCs that it can be on. The CRTC that is created with it as its primary or cursor plane
    /// need not be named.
    pub possible_crtcs: CrtcMask,
    /// Whether it has an opacity that can be set.
    pub alpha: bool,
    /// What the opacity of its pixels can mean.
    pub blend_modes: BlendModes,
    /// Its place in the stack of planes, if that is to be known, which cannot be changed.
    pub zpos: Option<u8>,
    /// Its rotations.
    pub rotations: Rotations,
    /// Whether user space may say what has changed in a framebuffer. See
    /// [`Damage`](super::damage::Damage).
    pub damage_clips: bool,
    /// What user space can say about the colours of YUV framebuffers, if anything.
    pub yuv: Option<YuvColors<'a>>,
    /// The colour pipelines that user space can choose from, each with one operation at least.
    pub pipelines: &'a [&'a [ColorOp<'a>]],
    /// What [`DriverPlane::new`] gets.
    pub args: A,
}

impl<'a, A> NewPlane<'a, A> {
    /// A plane without optional properties.
    pub fn new(kind: PlaneKind, formats: &'a [FourCc], args: A) -> Self {
        Self {
            kind,
            formats,
            modifiers: &[],
            possible_crtcs: CrtcMask::NONE,
            alpha: false,
            blend_modes: BlendModes::PREMULTIPLIED,
            zpos: None,
            rotations: Rotations::ROTATE_0,
            damage_clips: false,
            yuv: None,
            pipelines: &[],
            args,
        }
    }
}

/// A plane.
///
/// # Invariants
///
/// - `plane` was initialized by `drm_universal_plane_init()`, for a device of `T::Driver`.
/// - `id` is the type ID of `T`.
#[repr(C)]
#[pin_data]
pub struct Plane<T: DriverPlane> {
    #[pin]
    plane: Opaque<bindings::drm_plane>,
    id: TypeId,
    properties: Table,
    #[pin]
    driver: T,
}

/// What any [`Plane`] begins with.
#[repr(C)]
struct AnyPlane {
    plane: Opaque<bindings::drm_plane>,
    id: TypeId,
}

// SAFETY: DRM core synchronizes access to the `struct drm_plane`, and `T` is `Send`.
unsafe impl<T: DriverPlane> Send for Plane<T> {}
// SAFETY: DRM core synchronizes access to the `struct drm_plane`, and `T` is `Sync`.
unsafe impl<T: DriverPlane> Sync for Plane<T> {}

impl<T: DriverPlane> Plane<T> {
    const FUNCS: bindings::drm_plane_funcs = bindings::drm_plane_funcs {
        update_plane: Some(bindings::drm_atomic_helper_update_plane),
        disable_plane: Some(bindings::drm_atomic_helper_disable_plane),
        destroy: Some(Self::destroy_callback),
        atomic_create_state: Some(RawState::<T>::create_callback),
        atomic_duplicate_state: Some(RawState::<T>::duplicate_callback),
        atomic_destroy_state: Some(RawState::<T>::destroy_callback),
        atomic_set_property: callback_if(!T::PROPERTIES.is_empty(), Self::set_property_callback),
        atomic_get_property: callback_if(!T::PROPERTIES.is_empty(), Self::get_property_callback),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_plane_helper_funcs = bindings::drm_plane_helper_funcs {
        prepare_fb: callback_if(T::MAP_FRAMEBUFFERS, Self::prepare_fb_callback),
        cleanup_fb: callback_if(T::MAP_FRAMEBUFFERS, Self::cleanup_fb_callback),
        atomic_check: Some(Self::atomic_check_callback),
        atomic_update: Some(Self::atomic_update_callback),
        atomic_disable: callback_if(T::HAS_ATOMIC_DISABLE, Self::atomic_disable_callback),
        ..pin_init::zeroed()
    };

    /// Creates a plane, which belongs to the device from then on.
    pub(super) fn create<'a>(
        device: &'a drm::Device<T::Driver>,
        new: NewPlane<'_, T::Args>,
    ) -> Result<&'a Self> {
        let mut modifiers = KVec::with_capacity(new.modifiers.len() + 1, GFP_KERNEL)?;
        modifiers.extend_from_slice(new.modifiers, GFP_KERNEL)?;
        modifiers.push(Modifier::INVALID, GFP_KERNEL)?;

        // SAFETY: The device has a mode configuration and is not registered.
        let properties = unsafe { Table::create(device.as_raw(), T::PROPERTIES) }?;
        let plane = KBox::pin_init(
            try_pin_init!(Self {
                plane: Opaque::zeroed(),
                id: TypeId::of::<T>(),
                properties,
                driver <- T::new(device, new.args),
            }),
            GFP_KERNEL,
        )?;

        // SAFETY: `plane.plane` is zeroed. The tables live as long as the driver's code; formats
        // and modifiers are copied; both slices have the layout of their C types. On failure,
        // nothing refers to the plane.
        to_result(unsafe {
            bindings::drm_universal_plane_init(
                device.as_raw(),
                plane.as_raw(),
                new.possible_crtcs.bits(),
                const { &Self::FUNCS },
                new.formats.as_ptr().cast(),
                u32::try_from(new.formats.len())?,
                if new.modifiers.is_empty() {
                    ptr::null()
                } else {
                    modifiers.as_ptr().cast()
                },
                new.kind as u32,
                ptr::null(),
            )
        })?;

        // SAFETY: Nobody moves out of the box. From here on, `destroy_callback()` owns it.
        // INVARIANT: The plane has been initialized, and `id` is as the invariants say.
        let plane = unsafe { &*KBox::into_raw(Pin::into_inner_unchecked(plane)) };

        // SAFETY: The plane is valid, and is not yet visible to others.
        unsafe {
            (*plane.as_raw()).helper_private = const { &Self::HELPER_FUNCS };
            plane
                .properties
                .attach(&raw mut (*plane.as_raw()).base, T::PROPERTIES);
        }

        let blending = Blending {
            alpha: new.alpha,
            modes: new.blend_modes,
            zpos: new.zpos,
            rotations: new.rotations,
        };
        // SAFETY: The plane is valid, and its device is not yet registered.
        unsafe {
            blending.create(plane.as_raw())?;
            if let Some(yuv) = new.yuv {
                yuv.create(plane.as_raw())?;
            }
            colorop::create(plane.as_raw(), new.pipelines)?;
            if new.damage_clips {
                bindings::drm_plane_enable_fb_damage_clips(plane.as_raw());
            }
        }
        Ok(plane)
    }

    /// # Safety
    ///
    /// `plane` must be a valid pointer to the `struct drm_plane` of a `Self` during `'a`.
    unsafe fn from_raw<'a>(plane: *mut bindings::drm_plane) -> &'a Self {
        // SAFETY: By the safety requirements; it is the first field of a `repr(C)` type.
        unsafe { &*plane.cast() }
    }

    /// Returns `plane` as a `Self`, if this is what it is.
    ///
    /// # Safety
    ///
    /// `plane` must be null, or a valid pointer to the `struct drm_plane` of some `Plane` during
    /// `'a`.
    pub(super) unsafe fn from_any<'a>(plane: *mut bindings::drm_plane) -> Option<&'a Self> {
        // SAFETY: By the safety requirements, since all `Plane`s begin with an `AnyPlane`.
        let any = unsafe { plane.cast::<AnyPlane>().as_ref() }?;

        // SAFETY: By the invariants of `Plane`, the type ID tells that it is a `Self`.
        (any.id == TypeId::of::<T>()).then(|| unsafe { Self::from_raw(any.plane.get()) })
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_plane {
        self.plane.get()
    }

    /// The index among the planes of the device.
    #[inline]
    pub fn index(&self) -> u32 {
        // SAFETY: `self.plane` is valid, and this field does not change.
        unsafe { (*self.as_raw()).index }
    }

    /// What the plane is used for.
    pub fn kind(&self) -> PlaneKind {
        // SAFETY: `self.plane` is valid, and this field does not change.
        match unsafe { (*self.as_raw()).type_ } {
            bindings::drm_plane_type_DRM_PLANE_TYPE_PRIMARY => PlaneKind::Primary,
            bindings::drm_plane_type_DRM_PLANE_TYPE_CURSOR => PlaneKind::Cursor,
            _ => PlaneKind::Overlay,
        }
    }

    extern "C" fn destroy_callback(plane: *mut bindings::drm_plane) {
        // SAFETY: DRM core destroys each plane once, when nobody uses it any more.
        unsafe { bindings::drm_plane_cleanup(plane) };

        // SAFETY: The plane is the first field of a `Self` that `create()` has allocated.
        drop(unsafe { KBox::from_raw(plane.cast::<Self>()) });
    }

    extern "C" fn prepare_fb_callback(
        plane: *mut bindings::drm_plane,
        state: *mut bindings::drm_plane_state,
    ) -> c_int {
        from_result(|| {
            // SAFETY: `state` is a state of this plane, made by `RawState<T>`.
            let state = unsafe { PlaneState::<T>::from_raw(state) };
            let Some(fb) = state.framebuffer() else {
                return Ok(0);
            };

            // SAFETY: Both pointers are valid, and the commit owns the state.
            to_result(unsafe { bindings::drm_gem_plane_helper_prepare_fb(plane, state.as_raw()) })?;
            let mapping = Mapping::new(fb)?;

            // SAFETY: Nobody else accesses the field, as the commit is being prepared, which is
            // between the two phases.
            unsafe { *state.0.driver.mapping.get() = Some(mapping) };
            Ok(0)
        })
    }

    extern "C" fn cleanup_fb_callback(
        _plane: *mut bindings::drm_plane,
        state: *mut bindings::drm_plane_state,
    ) {
        // SAFETY: `state` is a state of this plane, made by `RawState<T>`.
        let state = unsafe { PlaneState::<T>::from_raw(state) };

        // SAFETY: Nobody else accesses the field: either the commit fails before it has become
        // visible, or this is the old state of a commit that is at its end.
        drop(unsafe { (*state.0.driver.mapping.get()).take() });
    }

    extern "C" fn atomic_check_callback(
        plane: *mut bindings::drm_plane,
        commit: *mut bindings::drm_atomic_commit,
    ) -> c_int {
        from_result(|| {
            // SAFETY: `plane` is a `Self`, and the commit is in its check phase. Whoever called
            // the helper that calls us has no references to new states.
            let (plane, mut commit) = unsafe { (Self::from_raw(plane), Commit::from_raw(commit)) };
            T::atomic_check(plane, &mut commit)?;
            Ok(0)
        })
    }

    extern "C" fn atomic_update_callback(
        plane: *mut bindings::drm_plane,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        // SAFETY: `plane` is a `Self`, and the commit is in its tail.
        let (plane, commit) = unsafe { (Self::from_raw(plane), Commit::from_raw(commit)) };
        T::atomic_update(plane, &commit);
    }

    extern "C" fn atomic_disable_callback(
        plane: *mut bindings::drm_plane,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        // SAFETY: `plane` is a `Self`, and the commit is in its tail.
        let (plane, commit) = unsafe { (Self::from_raw(plane), Commit::from_raw(commit)) };
        T::atomic_disable(plane, &commit);
    }
}

impl<T: DriverPlane> Deref for Plane<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.driver
    }
}

impl_atomic_object! {
    Plane<DriverPlane>, PlaneState, driver: driver.driver,
    /// The state of planes, as far as `WithDriverState` is concerned.
    kind: Planes(drm_plane, drm_plane_state),
    new: drm_atomic_get_new_plane_state,
    old: drm_atomic_get_old_plane_state,
    add: drm_atomic_get_plane_state,
    init: __drm_atomic_helper_plane_state_init,
    duplicate: __drm_atomic_helper_plane_duplicate_state,
    destroy: __drm_atomic_helper_plane_destroy_state,
}

/// What follows the `struct drm_plane_state`.
struct PlaneData<D: drm::Driver, S> {
    /// Written between check phase and tail, and when a commit that has replaced the state is at
    /// its end. Only tails read it, and the check phases of commits that replace the state.
    mapping: UnsafeCell<Option<Arc<Mapping<D>>>>,
    driver: S,
}

impl<D: drm::Driver, S: Default> Default for PlaneData<D, S> {
    fn default() -> Self {
        Self {
            mapping: UnsafeCell::new(None),
            driver: S::default(),
        }
    }
}

// SAFETY: `mapping` is never written while it may be read, see there.
unsafe impl<D: drm::Driver, S: Sync> Sync for PlaneData<D, S> {}

impl<D: drm::Driver + 'static, S: DriverState> DriverState for PlaneData<D, S> {
    fn duplicate(&self) -> Result<Self, AllocError> {
        Ok(Self {
            // The framebuffer may change. It is mapped when the commit is being prepared.
            mapping: UnsafeCell::new(None),
            driver: self.driver.duplicate()?,
        })
    }
}

impl_properties! {
    Plane<DriverPlane>, PlaneState, driver: driver.driver,
    c: drm_plane, drm_plane_state
}

type RawState<T> =
    WithDriverState<Planes, PlaneData<<T as DriverPlane>::Driver, <T as DriverPlane>::State>>;

/// The state of a [`Plane`].
#[repr(transparent)]
pub struct PlaneState<T: DriverPlane>(RawState<T>);

impl<T: DriverPlane> PlaneState<T> {
    /// # Safety
    ///
    /// `state` must be a valid pointer to a state of a `Plane<T>` during `'a`, to the driver's part
    /// of which there is no mutable reference.
    unsafe fn from_raw<'a>(state: *mut bindings::drm_plane_state) -> &'a Self {
        // SAFETY: By the safety requirements; states of a `Plane<T>` are made by `RawState<T>`.
        unsafe { &*state.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_plane_state {
        self.0.raw.get()
    }

    /// The driver's part of the state.
    #[inline]
    pub fn driver(&self) -> &T::State {
        &self.0.driver.driver
    }

    /// The framebuffer, if the plane is enabled.
    #[inline]
    pub fn framebuffer(&self) -> Option<&Framebuffer<T::Driver>> {
        // SAFETY: The state is valid. It has a reference to its framebuffer, which is one of the
        // same device; it is changed by DRM core only, before the check phase.
        unsafe {
            let fb = (*self.as_raw()).fb;
            (!fb.is_null()).then(|| Framebuffer::from_raw(fb))
        }
    }

    /// The pixels of the framebuffer, if [`DriverPlane::MAP_FRAMEBUFFERS`] is set.
    ///
    /// There is a mapping from the beginning of the tail until the plane has got another state. Who
    /// needs the pixels for longer uses [`PlaneState::mapping_ref`].
    #[inline]
    pub fn mapping(&self) -> Option<&Mapping<T::Driver>> {
        self.shared_mapping().map(|mapping| &**mapping)
    }

    /// As [`PlaneState::mapping`], but may be kept. The device is kept, too.
    #[inline]
    pub fn mapping_ref(&self) -> Option<MappingRef<T::Driver>> {
        self.shared_mapping().map(MappingRef::new)
    }

    #[inline]
    fn shared_mapping(&self) -> Option<&Arc<Mapping<T::Driver>>> {
        // SAFETY: The field is not written while references to the state can exist.
        unsafe { (*self.0.driver.mapping.get()).as_ref() }
    }

    /// Whether any pixel of the plane is on the screen, according to [`Commit::check_plane`].
    #[inline]
    pub fn visible(&self) -> bool {
        // SAFETY: The state is valid.
        unsafe { (*self.as_raw()).visible }
    }

    /// The visible part of the framebuffer.
    #[inline]
    pub fn src(&self) -> FixedRect {
        // SAFETY: The state is valid.
        unsafe { (*self.as_raw()).src }.into()
    }

    /// Where on the screen the visible part is.
    #[inline]
    pub fn dst(&self) -> Rect {
        // SAFETY: The state is valid.
        unsafe { (*self.as_raw()).dst }.into()
    }
}

impl<'a, T: drm::Driver, P: Phase> Commit<'a, T, P> {
    /// The planes of type `Q` in this commit, with their new states.
    pub fn planes<Q: DriverPlane<Driver = T>>(
        &self,
    ) -> impl Iterator<Item = (&Plane<Q>, &PlaneState<Q>)> {
        // SAFETY: The device is valid, and the number of planes does not change after setup.
        let count = unsafe { (*self.raw_device()).mode_config.num_total_plane };

        // CAST: There are 32 planes at most.
        (0..count as usize).filter_map(move |i| {
            // SAFETY: There is an entry for each plane of the device.
            let entry = unsafe { &*(*self.as_raw()).planes.add(i) };

            // SAFETY: A plane that is in the commit is a plane of the device, and those are
            // created by `Setup::plane()` alone.
            let plane = unsafe { Plane::<Q>::from_any(entry.ptr) }?;
            Some((plane, self.new_state(plane)?))
        })
    }
}

impl<'a, T: drm::Driver> Commit<'a, T, Check> {
    /// Checks the new state of `plane` as [`PlaneRules`] say, and calculates its visible part.
    ///
    /// The plane's CRTC becomes part of the commit. Nothing happens if the plane is not part of it.
    pub fn check_plane<Q: DriverPlane<Driver = T>>(
        &mut self,
        plane: &Plane<Q>,
        rules: PlaneRules,
    ) -> Result {
        let Some(state) = self.new_state(plane) else {
            return Ok(());
        };
        let state = state.as_raw();

        // SAFETY: `state` is valid, and these fields do not change during the check phase.
        let crtc = unsafe { (*state).crtc };
        if crtc.is_null() {
            // SAFETY: `state` is valid and there are no other references to it.
            unsafe { (*state).visible = false };
            return Ok(());
        }

        // SAFETY: The commit is in its check phase, and `crtc` is one of the same device.
        let crtc_state =
            from_err_ptr(unsafe { bindings::drm_atomic_get_crtc_state(self.as_raw(), crtc) })?;

        // SAFETY: Both states are valid and belong to this commit.
        to_result(unsafe {
            bindings::drm_atomic_helper_check_plane_state(
                state,
                crtc_state,
                rules.min_scale,
                rules.max_scale,
                rules.can_position,
                rules.can_update_disabled,
            )
        })
    }
}

/// What [`Commit::check_plane`] allows.
#[derive(Clone, Copy)]
pub struct PlaneRules {
    /// The smallest ratio of source to destination, in 16.16 fixed point.
    pub min_scale: i32,
    /// The largest ratio of source to destination, in 16.16 fixed point.
    pub max_scale: i32,
    /// Whether the plane may cover a part of the screen only.
    pub can_position: bool,
    /// Whether the plane may be changed while its CRTC is off.
    pub can_update_disabled: bool,
}

impl PlaneRules {
    /// For planes that can be anywhere on the screen but cannot be scaled.
    pub const UNSCALED: Self = Self {
        min_scale: 1 << 16,
        max_scale: 1 << 16,
        can_position: true,
        can_update_disabled: true,
    };
}
