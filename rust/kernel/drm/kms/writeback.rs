// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Writeback connectors.
//!
//! C header: [`include/drm/drm_writeback.h`](srctree/include/drm/drm_writeback.h)
//!
//! A writeback connector has no display. User space asks in a commit for one frame of its CRTC to
//! be written to a framebuffer, and gets a fence that is signalled when it has been. The driver
//! gets a [`Job`], which it owns until the frame is written.
//!
//! Writeback connectors are created by [`Setup::writeback`].
//!
//! Not supported: frames of another size than the mode's, rotation.

use super::{
    atomic::{
        impl_atomic_object,
        Check,
        Commit,
        Tail, //
    },
    connector::Probe,
    crtc::{
        Crtc,
        DriverCrtc, //
    },
    encoder::{
        DriverEncoder,
        Encoder, //
    },
    fourcc::FourCc,
    framebuffer::Framebuffer,
    mode_config::{
        KmsDriver,
        Setup, //
    },
    object::callback_if,
    shadow::Mapping,
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
    sync::{
        aref::ARef,
        Arc, //
    },
    types::Opaque, //
};
use core::{
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    },
};

/// A driver's writeback connectors.
#[vtable]
pub trait DriverWriteback: Send + Sync + Sized + 'static {
    /// The driver.
    type Driver: drm::Driver;
    /// What [`DriverWriteback::new`] gets.
    type Args;
    /// The driver's part of the connector's state.
    type State: DriverState;

    /// Whether framebuffers are mapped for the CPU before they are written to.
    const MAP_FRAMEBUFFERS: bool = false;

    /// Creates the driver's part of the connector.
    fn new(device: &drm::Device<Self::Driver>, args: Self::Args) -> impl PinInit<Self, Error>;

    /// Adds the modes whose frames can be written.
    fn get_modes(connector: &Writeback<Self>, probe: &mut Probe<'_>);

    /// Checks whether the new state of the connector can be had.
    ///
    /// If a frame is to be written, its framebuffer has one of the connector's formats, and the
    /// size of the mode.
    fn atomic_check(
        _connector: &Writeback<Self>,
        _commit: &mut Commit<'_, Self::Driver, Check>,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Begins to write a frame, which is the one that this commit shows.
    fn atomic_commit(
        connector: &Writeback<Self>,
        commit: &Commit<'_, Self::Driver, Tail>,
        job: Job<Self::Driver>,
    );
}

/// A frame that is to be written.
///
/// It has to be [completed](Job::complete), and jobs of a connector in the order of their commits:
/// who waits for several of them may wait for the last one only. If it is dropped instead, user
/// space is told that it was cancelled. Dropping it may sleep.
///
/// # Invariants
///
/// `job` is valid, was prepared by a `Writeback` of `device`, and is owned by this.
#[must_use = "user space waits for this frame: write and complete it"]
pub struct Job<T: drm::Driver> {
    job: NonNull<bindings::drm_writeback_job>,
    is_complete: bool,
    // Dropped after the job, which belongs to the device.
    _device: ARef<drm::Device<T>>,
}

// SAFETY: The job is owned, and its parts may be used and released by any thread.
unsafe impl<T: drm::Driver> Send for Job<T> {}
// SAFETY: A shared reference gives access to what is `Sync`.
unsafe impl<T: drm::Driver> Sync for Job<T> {}

impl<T: drm::Driver> Job<T> {
    /// The framebuffer to write to.
    #[inline]
    pub fn framebuffer(&self) -> &Framebuffer<T> {
        // SAFETY: By the type invariants, the job is valid. It has a reference to a framebuffer of
        // its device, as jobs without one do not get here.
        unsafe { Framebuffer::from_raw((*self.job.as_ptr()).fb) }
    }

    /// The mapping of the framebuffer. None unless
    /// [`MAP_FRAMEBUFFERS`](DriverWriteback::MAP_FRAMEBUFFERS) is set.
    #[inline]
    pub fn mapping(&self) -> Option<&Mapping<T>> {
        // SAFETY: By the type invariants, the job is valid and was prepared, so that this is null
        // or from `Arc::into_raw()`, and lives as long as the job.
        unsafe { (*self.job.as_ptr()).priv_.cast::<Mapping<T>>().as_ref() }
    }

    /// Tells user space that the frame has been written, or why it has not. Only the first call
    /// has an effect.
    ///
    /// Does not sleep, and may be called in interrupt context.
    pub fn complete(&mut self, result: Result) {
        if core::mem::replace(&mut self.is_complete, true) {
            return;
        }

        // SAFETY: The job is valid. If user space wants one, it has a reference to a fence, which
        // is signalled here only, and at most once.
        unsafe {
            let fence = (*self.job.as_ptr()).out_fence;
            if !fence.is_null() {
                if let Err(e) = result {
                    bindings::dma_fence_set_error(fence, e.to_errno());
                }
                bindings::dma_fence_signal(fence);
            }
        }
    }
}

impl<T: drm::Driver> Drop for Job<T> {
    fn drop(&mut self) {
        self.complete(Err(ECANCELED));

        // SAFETY: By the type invariants; the job is not used after this.
        unsafe { bindings::drm_writeback_cleanup_job(self.job.as_ptr()) };
    }
}

/// A writeback connector.
///
/// # Invariants
///
/// `writeback` was initialized by `drm_writeback_connector_init_with_encoder()`, for a device of
/// `T::Driver`.
#[repr(C)]
#[pin_data]
pub struct Writeback<T: DriverWriteback> {
    #[pin]
    writeback: Opaque<bindings::drm_writeback_connector>,
    #[pin]
    driver: T,
}

// SAFETY: DRM core synchronizes access to the `struct drm_writeback_connector`, and `T` is `Send`.
unsafe impl<T: DriverWriteback> Send for Writeback<T> {}
// SAFETY: DRM core synchronizes access to the `struct drm_writeback_connector`, and `T` is `Sync`.
unsafe impl<T: DriverWriteback> Sync for Writeback<T> {}

impl<T: DriverWriteback> Writeback<T> {
    const FUNCS: bindings::drm_connector_funcs = bindings::drm_connector_funcs {
        fill_modes: Some(bindings::drm_helper_probe_single_connector_modes),
        destroy: Some(Self::destroy_callback),
        atomic_create_state: Some(RawState::<T>::create_callback),
        atomic_duplicate_state: Some(RawState::<T>::duplicate_callback),
        atomic_destroy_state: Some(RawState::<T>::destroy_callback),
        ..pin_init::zeroed()
    };

    const HELPER_FUNCS: bindings::drm_connector_helper_funcs =
        bindings::drm_connector_helper_funcs {
            get_modes: Some(Self::get_modes_callback),
            atomic_check: Some(Self::atomic_check_callback),
            atomic_commit: Some(Self::atomic_commit_callback),
            prepare_writeback_job: callback_if(T::MAP_FRAMEBUFFERS, Self::prepare_callback),
            cleanup_writeback_job: callback_if(T::MAP_FRAMEBUFFERS, Self::cleanup_callback),
            ..pin_init::zeroed()
        };

    /// Creates a connector, which belongs to the device from then on.
    fn create<'a, E: DriverEncoder>(
        device: &'a drm::Device<T::Driver>,
        encoder: &Encoder<E>,
        formats: &[FourCc],
        args: T::Args,
    ) -> Result<&'a Self> {
        let connector = KBox::pin_init(
            try_pin_init!(Self {
                writeback: Opaque::zeroed(),
                driver <- T::new(device, args),
            }),
            GFP_KERNEL,
        )?;

        // SAFETY: `connector.writeback` is zeroed, the encoder is one of the same device, and the
        // table lives as long as the driver's code; formats are copied, and have the layout of
        // their C type. On failure, nothing refers to the connector.
        to_result(unsafe {
            bindings::drm_writeback_connector_init_with_encoder(
                device.as_raw(),
                connector.writeback.get(),
                encoder.as_raw(),
                const { &Self::FUNCS },
                formats.as_ptr().cast(),
                i32::try_from(formats.len())?,
            )
        })?;

        // SAFETY: Nobody moves out of the box. From here on, `destroy_callback()` owns it.
        // INVARIANT: The connector has been initialized.
        let connector = unsafe { &*KBox::into_raw(Pin::into_inner_unchecked(connector)) };

        // SAFETY: The connector is valid, and is not yet visible to others.
        unsafe { (*connector.as_raw()).helper_private = const { &Self::HELPER_FUNCS } };
        Ok(connector)
    }

    /// # Safety
    ///
    /// `connector` must be a valid pointer to the `struct drm_connector` of a `Self` during `'a`.
    unsafe fn from_raw<'a>(connector: *mut bindings::drm_connector) -> &'a Self {
        // SAFETY: By the safety requirements; both structures are the first fields of `repr(C)`
        // types.
        unsafe { &*connector.cast() }
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::drm_connector {
        // SAFETY: `self.writeback` is valid.
        unsafe { &raw mut (*self.writeback.get()).base }
    }

    extern "C" fn destroy_callback(connector: *mut bindings::drm_connector) {
        // SAFETY: DRM core destroys each connector once, when nobody uses it any more. The
        // connector is the first field of a `Self` that `create()` has allocated. `Job`s hold
        // references to the device, so that there are none.
        unsafe {
            let writeback = connector.cast::<bindings::drm_writeback_connector>();
            bindings::drm_property_blob_put((*writeback).pixel_formats_blob_ptr);
            bindings::drm_connector_cleanup(connector);
            drop(KBox::from_raw(connector.cast::<Self>()));
        }
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
            // SAFETY: `connector` is a `Self` of the device that the commit is one of.
            unsafe { check_framebuffer(connector, commit) }?;

            if T::HAS_ATOMIC_CHECK {
                // SAFETY: `connector` is a `Self`, and the commit is in its check phase. Whoever
                // called the helper that calls us has no references to new states.
                let (connector, mut commit) =
                    unsafe { (Self::from_raw(connector), Commit::from_raw(commit)) };
                T::atomic_check(connector, &mut commit)?;
            }
            Ok(0)
        })
    }

    extern "C" fn prepare_callback(
        _connector: *mut bindings::drm_writeback_connector,
        job: *mut bindings::drm_writeback_job,
    ) -> c_int {
        from_result(|| {
            // SAFETY: DRM core passes a valid job that nobody else uses. Its framebuffer, if there
            // is one, belongs to a device of this driver.
            unsafe {
                if !(*job).fb.is_null() {
                    let fb = Framebuffer::<T::Driver>::from_raw((*job).fb);
                    (*job).priv_ = Arc::into_raw(Mapping::new(fb)?).cast_mut().cast();
                }
            }
            Ok(0)
        })
    }

    extern "C" fn cleanup_callback(
        _connector: *mut bindings::drm_writeback_connector,
        job: *mut bindings::drm_writeback_job,
    ) {
        // SAFETY: DRM core passes a valid job that was prepared, and that nobody else uses.
        let mapping = unsafe { core::mem::replace(&mut (*job).priv_, ptr::null_mut()) };

        if !mapping.is_null() {
            // SAFETY: `prepare_callback()` has set it.
            drop(unsafe { Arc::from_raw(mapping.cast::<Mapping<T::Driver>>()) });
        }
    }

    extern "C" fn atomic_commit_callback(
        connector: *mut bindings::drm_connector,
        commit: *mut bindings::drm_atomic_commit,
    ) {
        // SAFETY: `connector` is a `Self`, and the commit is in its tail.
        let (this, commit) = unsafe { (Self::from_raw(connector), Commit::from_raw(commit)) };
        let Some(state) = commit.new_state(this) else {
            return;
        };

        // SAFETY: In the tail, only the tail accesses this field.
        let job =
            unsafe { core::mem::replace(&mut (*state.as_raw()).writeback_job, ptr::null_mut()) };

        if let Some(job) = NonNull::new(job) {
            // INVARIANT: The job has just been taken; DRM core has prepared it before the tail, and
            // calls this for jobs with framebuffers only.
            let job = Job {
                job,
                is_complete: false,
                _device: commit.device().into(),
            };
            T::atomic_commit(this, &commit, job);
        }
    }
}

/// Checks the framebuffer of a frame that is to be written, if there is one.
///
/// # Safety
///
/// `connector` must be a valid writeback connector, and `commit` a commit of its device that is in
/// its check phase, in which there are no references to new states.
unsafe fn check_framebuffer(
    connector: *mut bindings::drm_connector,
    commit: *mut bindings::drm_atomic_commit,
) -> Result {
    // SAFETY: By the safety requirements. A connector with a CRTC has it in the same commit.
    unsafe {
        let state = bindings::drm_atomic_get_new_connector_state(commit, connector);
        if state.is_null() || (*state).crtc.is_null() || (*state).writeback_job.is_null() {
            return Ok(());
        }
        let fb = (*(*state).writeback_job).fb;
        let crtc_state = bindings::drm_atomic_get_new_crtc_state(commit, (*state).crtc);
        if fb.is_null() || crtc_state.is_null() {
            return Ok(());
        }

        let mode = &(*crtc_state).mode;
        let size = (u32::from(mode.hdisplay), u32::from(mode.vdisplay));
        if ((*fb).width, (*fb).height) != size {
            return Err(EINVAL);
        }
        to_result(bindings::drm_atomic_helper_check_wb_connector_state(
            connector, commit,
        ))
    }
}

impl<'a, T: KmsDriver> Setup<'a, T> {
    /// Creates a writeback connector that takes frames from `encoder`, in one of `formats`, of
    /// which there has to be one at least.
    ///
    /// To write what a display shows at the same time, have an encoder for it apart from that of
    /// the display, and [allow clones](Setup::allow_clones).
    pub fn writeback<W, E>(
        &self,
        encoder: &Encoder<E>,
        formats: &[FourCc],
        args: W::Args,
    ) -> Result<&'a Writeback<W>>
    where
        W: DriverWriteback<Driver = T>,
        E: DriverEncoder<Driver = T>,
    {
        if !self.has_encoder(encoder) || formats.is_empty() {
            return Err(EINVAL);
        }
        self.created(Writeback::create(self.device(), encoder, formats, args))
    }
}

impl<T: DriverWriteback> Deref for Writeback<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.driver
    }
}

impl_atomic_object! {
    Writeback<DriverWriteback>, WritebackState, driver: driver,
    /// The state of writeback connectors, as far as `WithDriverState` is concerned.
    kind: Writebacks(drm_connector, drm_connector_state),
    new: drm_atomic_get_new_connector_state,
    old: drm_atomic_get_old_connector_state,
    add: drm_atomic_get_connector_state,
    init: __drm_atomic_helper_connector_state_init,
    duplicate: __drm_atomic_helper_connector_duplicate_state,
    destroy: __drm_atomic_helper_connector_destroy_state,
}

type RawState<T> = WithDriverState<Writebacks, <T as DriverWriteback>::State>;

/// The state of a [`Writeback`] connector.
#[repr(transparent)]
pub struct WritebackState<T: DriverWriteback>(RawState<T>);

impl<T: DriverWriteback> WritebackState<T> {
    #[inline]
    fn as_raw(&self) -> *mut bindings::drm_connector_state {
        self.0.raw.get()
    }

    /// The driver's part of the state.
    #[inline]
    pub fn driver(&self) -> &T::State {
        &self.0.driver
    }

    /// The CRTC whose frames can be written, if there is one and it is a `C`.
    #[inline]
    pub fn crtc<C: DriverCrtc<Driver = T::Driver>>(&self) -> Option<&Crtc<C>> {
        // SAFETY: The state is valid. Its CRTC is null or one of the device, which are created by
        // `Setup` alone.
        unsafe { Crtc::from_any((*self.as_raw()).crtc) }
    }
}
