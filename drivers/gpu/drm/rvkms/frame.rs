// SPDX-License-Identifier: GPL-2.0

//! What a CRTC shows, and the checksums of it.
//!
//! A vertical blank in the interrupt of the timer asks for a checksum, and a work item makes it.
//! Before another frame is shown, all that has been asked for is made, so that a checksum always
//! belongs to the frame that was shown at its vertical blank.

use crate::{
    composer::{
        compose,
        Layer,
        Source, //
    },
    crtc::Crtc,
    device::Rvkms, //
};
use kernel::{
    drm::kms::{
        crtc::{
            self,
            CrtcRef,
            VblankRef, //
        },
        shadow::Mapping,
        vblank::PendingEvent, //
    },
    impl_has_work, new_mutex, new_spinlock_irq, new_work,
    prelude::*,
    sync::{
        Arc,
        Mutex,
        SpinLockIrq, //
    },
    workqueue::{
        self,
        Work,
        WorkItem, //
    },
};

impl Source for Arc<Mapping<Rvkms>> {
    fn read(&self, plane: usize, line: usize, at: usize, to: &mut [u8]) -> Result {
        Mapping::read(self, plane, line, at, to)
    }
}

/// What a CRTC shows until the next commit.
#[pin_data]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The layers, the lowest first. There is room for one of each plane.
    #[pin]
    pub(crate) layers: Mutex<KVec<Layer<Arc<Mapping<Rvkms>>>>>,
}

impl Frame {
    pub(crate) fn new(width: u32, height: u32, planes: usize) -> Result<Arc<Self>> {
        let layers = KVec::with_capacity(planes, GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                width,
                height,
                layers <- new_mutex!(layers),
            }),
            GFP_KERNEL,
        )
    }
}

/// Vertical blanks of which the checksums are still to be made.
struct Pending {
    crtc: CrtcRef<Crtc>,
    first: u64,
    last: u64,
}

#[derive(Default)]
struct Screen {
    /// What is shown, unless the CRTC is off.
    frame: Option<Arc<Frame>>,
    /// Whether checksums are wanted.
    checksums: bool,
    /// Vertical blanks do not cease as long as checksums are wanted.
    vblank: Option<VblankRef<Crtc>>,
    pending: Option<Pending>,
}

/// The screen of a CRTC.
#[pin_data]
pub(crate) struct Monitor {
    #[pin]
    work: Work<Monitor>,
    // What is taken from here is dropped after the lock has been released, as it may sleep.
    #[pin]
    screen: SpinLockIrq<Screen>,
}

impl_has_work! {
    impl HasWork<Self> for Monitor { self.work }
}

impl Monitor {
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                work <- new_work!("rvkms::Monitor"),
                screen <- new_spinlock_irq!(Screen::default()),
            }),
            GFP_KERNEL,
        )
    }

    /// Shows a frame, or nothing, with an event for when it does.
    pub(crate) fn show(
        self: &Arc<Self>,
        crtc: &crtc::Crtc<Crtc>,
        frame: Option<Arc<Frame>>,
        event: Option<PendingEvent<'_>>,
    ) {
        // Starts the timer if need be, which must not happen with the lock held: that waits for the
        // timer's function, which takes the lock.
        let mut vblank = crtc.vblank_get().ok();

        let old = loop {
            let mut screen = self.screen.lock();
            if screen.pending.is_none() {
                if screen.checksums && screen.vblank.is_none() {
                    screen.vblank = vblank.take();
                }
                let old = core::mem::replace(&mut screen.frame, frame);
                if let Some(event) = event {
                    event.arm();
                }
                break old;
            }
            drop(screen);
            workqueue::flush_work(self);
        };

        drop((old, vblank));
    }

    /// Shows nothing any more.
    pub(crate) fn switch_off(self: &Arc<Self>) {
        let mut screen = self.screen.lock();
        let old = screen.frame.take();
        drop(screen);

        // Without a frame, nothing is enqueued any more. When this has returned, nothing runs.
        workqueue::flush_work(self);
        drop(old);
    }

    /// Begins or ceases to make checksums.
    pub(crate) fn enable_checksums(self: &Arc<Self>, crtc: &crtc::Crtc<Crtc>, enable: bool) {
        let vblank = if enable { crtc.vblank_get().ok() } else { None };

        let mut screen = self.screen.lock();
        screen.checksums = enable;
        let old = core::mem::replace(&mut screen.vblank, vblank);
        drop(screen);
        drop(old);
    }

    /// A vertical blank, in interrupt context.
    pub(crate) fn vblank(self: &Arc<Self>, crtc: &crtc::Crtc<Crtc>) {
        // With the lock held, so that an event and the first checksum of a frame belong to the same
        // vertical blank.
        let mut screen = self.screen.lock();
        crtc.handle_vblank();

        if !screen.checksums || screen.frame.is_none() {
            return;
        }
        let count = crtc.vblank_count();
        match &mut screen.pending {
            Some(pending) => pending.last = count,
            None => {
                screen.pending = Some(Pending {
                    crtc: crtc.to_ref(),
                    first: count,
                    last: count,
                })
            }
        }
        let _ = workqueue::system_long().enqueue(self.clone());
    }

    fn make_checksums(&self) -> Result {
        let mut screen = self.screen.lock();
        let (pending, frame) = (screen.pending.take(), screen.frame.clone());
        drop(screen);
        let (Some(pending), Some(frame)) = (pending, frame) else {
            return Ok(());
        };

        let checksum = compose(&frame.layers.lock(), frame.width, frame.height)?;
        for count in pending.first..=pending.last {
            pending.crtc.add_checksum(count, checksum);
        }
        Ok(())
    }
}

impl WorkItem for Monitor {
    type Pointer = Arc<Monitor>;

    fn run(this: Arc<Monitor>) {
        if let Err(e) = this.make_checksums() {
            pr_err!("cannot make a checksum: {}\n", e.to_errno());
        }
    }
}
