// SPDX-License-Identifier: GPL-2.0

//! What a CRTC shows, the checksums of it, and copies for writeback.
//!
//! A vertical blank in the interrupt of the timer asks for a checksum, and a commit for a copy. A
//! work item makes both. Before another frame is shown, all that has been asked for is made, so
//! that a checksum always belongs to the frame that was shown at its vertical blank, and user space
//! does not draw while a framebuffer is being read.

use crate::{
    color::Color,
    composer::{
        compose,
        Checksum,
        Layer,
        Source, //
    },
    crtc::Crtc,
    device::Rvkms,
    formats::{
        Format,
        Pixel, //
    }, //
};
use kernel::{
    drm::kms::{
        crtc::{
            self,
            CrtcRef,
            VblankRef, //
        },
        shadow::{
            Mapping,
            MappingRef, //
        },
        vblank::PendingEvent,
        writeback::Job, //
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

impl Source for MappingRef<Rvkms> {
    fn read(&self, plane: usize, line: usize, at: usize, to: &mut [u8]) -> Result {
        Mapping::read(self, plane, line, at, to)
    }
}

/// What a CRTC shows until the next commit.
#[pin_data]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    color: Color,
    /// The layers, the lowest first. There is room for one of each plane.
    #[pin]
    pub(crate) layers: Mutex<KVec<Layer<MappingRef<Rvkms>>>>,
}

impl Frame {
    pub(crate) fn new(width: u32, height: u32, planes: usize, color: Color) -> Result<Arc<Self>> {
        let layers = KVec::with_capacity(planes, GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                width,
                height,
                color,
                layers <- new_mutex!(layers),
            }),
            GFP_KERNEL,
        )
    }

    /// Gives the lines of the picture to `take`.
    fn compose(&self, take: impl FnMut(usize, &[Pixel]) -> Result) -> Result {
        let layers = self.layers.lock();
        compose(&layers, &self.color, self.width, self.height, take)
    }

    fn checksum(&self) -> Result<u32> {
        let mut checksum = Checksum::new();
        self.compose(|_, line| {
            checksum.add(line);
            Ok(())
        })?;
        Ok(checksum.finish())
    }

    /// Writes the picture to the framebuffer of a job, which has its size.
    fn write(&self, job: &Job<Rvkms>) -> Result {
        let mapping = job.mapping().ok_or(EINVAL)?;
        let format = Format::of(job.framebuffer().format().format()).ok_or(EINVAL)?;
        let size = usize::try_from(self.width)? * format.bytes();
        let mut bytes = KVec::from_elem(0u8, size, GFP_KERNEL)?;

        self.compose(|y, line| {
            format.write_line(line, &mut bytes)?;
            mapping.write(0, y, 0, &bytes)
        })
    }
}

/// Vertical blanks of which the checksums are to be made.
struct Counts {
    crtc: CrtcRef<Crtc>,
    first: u64,
    last: u64,
}

/// What the work item is to do.
#[derive(Default)]
struct Pending {
    checksums: Option<Counts>,
    writeback: Option<Job<Rvkms>>,
}

#[derive(Default)]
struct Screen {
    /// What is shown, unless the CRTC is off.
    frame: Option<Arc<Frame>>,
    /// Whether checksums are wanted.
    checksums: bool,
    /// Vertical blanks do not cease as long as checksums are wanted.
    vblank: Option<VblankRef<Crtc>>,
    pending: Pending,
    /// Whether there is something pending, or being done.
    busy: bool,
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
            if !screen.busy {
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
        match &mut screen.pending.checksums {
            Some(counts) => counts.last = count,
            None => {
                screen.pending.checksums = Some(Counts {
                    crtc: crtc.to_ref(),
                    first: count,
                    last: count,
                })
            }
        }
        self.begin(&mut screen);
    }

    /// Writes what is shown now to a framebuffer.
    pub(crate) fn write_back(self: &Arc<Self>, job: Job<Rvkms>) {
        let mut screen = self.screen.lock();
        let old = screen.pending.writeback.replace(job);
        self.begin(&mut screen);
        drop(screen);
        drop(old);
    }

    fn begin(self: &Arc<Self>, screen: &mut Screen) {
        screen.busy = true;
        // If it is enqueued already, it has not begun yet.
        let _ = workqueue::system_long().enqueue(self.clone());
    }

    /// Does what is pending.
    fn work(&self) {
        let mut screen = self.screen.lock();
        let (pending, frame) = (core::mem::take(&mut screen.pending), screen.frame.clone());
        drop(screen);

        // Without a frame, the CRTC has been switched off, and the job is cancelled.
        if let (Some(mut job), Some(frame)) = (pending.writeback, &frame) {
            let result = frame.write(&job);
            job.complete(result);
        }
        if let (Some(counts), Some(frame)) = (pending.checksums, &frame) {
            match frame.checksum() {
                Ok(checksum) => {
                    for count in counts.first..=counts.last {
                        counts.crtc.add_checksum(count, checksum);
                    }
                }
                Err(e) => pr_err!("cannot make a checksum: {}\n", e.to_errno()),
            }
        }

        let mut screen = self.screen.lock();
        let is_more = screen.pending.checksums.is_some() || screen.pending.writeback.is_some();
        screen.busy = is_more;
    }
}

impl WorkItem for Monitor {
    type Pointer = Arc<Monitor>;

    fn run(this: Arc<Monitor>) {
        this.work();
    }
}
