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
    impl_has_work, new_mutex, new_spinlock_irq, new_work, pr_err_once,
    prelude::*,
    sync::{
        Arc,
        Mutex,
        SpinLockIrq,
        SpinLockIrqGuard, //
    },
    workqueue::{
        self,
        OrderedQueue,
        QueueBuilder,
        Work,
        WorkItem, //
    },
};

impl Source for MappingRef<Rvkms> {
    fn read(&self, plane: usize, line: usize, at: usize, to: &mut [u8]) -> Result {
        Mapping::read(self, plane, line, at, to)
    }

    fn read_column(
        &self,
        plane: usize,
        line: usize,
        at: usize,
        size: usize,
        to: &mut [u8],
    ) -> Result {
        Mapping::read_column(self, plane, line, at, size, to)
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

    /// Composes the picture, makes a checksum of it, and copies it to the framebuffer of a job, if
    /// there is one.
    fn draw(&self, job: Option<&Job<Rvkms>>) -> Result<u32> {
        let mut checksum = Checksum::new();
        let mut copy = job.map(|job| Capture::new(self, job)).transpose()?;

        let layers = self.layers.lock();
        compose(&layers, &self.color, self.width, self.height, |y, line| {
            checksum.add(line);
            copy.as_mut().map_or(Ok(()), |copy| copy.write(y, line))
        })?;
        Ok(checksum.finish())
    }
}

/// A copy of a picture in the framebuffer of a writeback job, which has the picture's size.
struct Capture<'a> {
    mapping: &'a Mapping<Rvkms>,
    format: Format,
    /// A line.
    bytes: KVVec<u8>,
}

impl<'a> Capture<'a> {
    fn new(frame: &Frame, job: &'a Job<Rvkms>) -> Result<Self> {
        let format = Format::of(job.framebuffer().format().format()).ok_or(EINVAL)?;
        let size = usize::try_from(frame.width)? * format.bytes();
        Ok(Self {
            mapping: job.mapping().ok_or(EINVAL)?,
            format,
            bytes: KVVec::from_elem(0, size, GFP_KERNEL)?,
        })
    }

    fn write(&mut self, y: usize, line: &[Pixel]) -> Result {
        self.format.write_line(line, &mut self.bytes)?;
        self.mapping.write(0, y, 0, &self.bytes)
    }
}

/// Vertical blanks of which the checksums are to be made.
struct Counts {
    crtc: CrtcRef<Crtc>,
    first: u64,
    last: u64,
}

impl Counts {
    /// Gives the checksum to user space.
    fn add(&self, checksum: u32) {
        for count in self.first..=self.last {
            self.crtc.add_checksum(count, checksum);
        }
    }
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
    /// The checksum of the frame, if one has been made.
    checksum: Option<u32>,
    /// Whether another frame is about to be shown. Nothing is begun any more then: on a slow
    /// machine, each checksum takes until the next vertical blank, and there would be no end.
    is_ending: bool,
}

/// The screen of a CRTC.
#[pin_data]
pub(crate) struct Monitor {
    #[pin]
    work: Work<Monitor>,
    queue: OrderedQueue,
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
            try_pin_init!(Self {
                work <- new_work!("rvkms::Monitor"),
                // Not one of the system's: composing keeps a CPU busy.
                queue: QueueBuilder::ordered().build(c"rvkms")?,
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

        let mut screen = self.end_frame();
        let (counts, checksum) = (screen.pending.checksums.take(), screen.checksum.take());
        if let (Some(counts), Some(checksum)) = (&counts, checksum) {
            counts.add(checksum);
        }
        if screen.checksums && screen.vblank.is_none() {
            screen.vblank = vblank.take();
        }
        let old = core::mem::replace(&mut screen.frame, frame);
        screen.is_ending = false;
        if let Some(event) = event {
            event.arm();
        }
        drop(screen);

        drop((old, counts, vblank));
    }

    /// Waits until all that is wanted of the frame has been made, but for the checksums of vertical
    /// blanks meanwhile. They are that of the frame, which is there if they are.
    fn end_frame(self: &Arc<Self>) -> SpinLockIrqGuard<'_, Screen> {
        self.screen.lock().is_ending = true;
        workqueue::flush_work(self);

        let screen = self.screen.lock();
        if screen.pending.checksums.is_none() || screen.checksum.is_some() {
            return screen;
        }
        drop(screen);
        self.work();
        self.screen.lock()
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
        screen.checksum = None;
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
        if !screen.is_ending {
            self.begin();
        }
    }

    /// Writes what is shown now to a framebuffer.
    pub(crate) fn write_back(self: &Arc<Self>, job: Job<Rvkms>) {
        let old = self.screen.lock().pending.writeback.replace(job);
        self.begin();
        drop(old);
    }

    fn begin(self: &Arc<Self>) {
        // If it is enqueued already, it has not begun yet.
        let _ = self.queue.enqueue(self.clone());
    }

    /// Does what is pending.
    fn work(&self) {
        let mut screen = self.screen.lock();
        let (pending, frame) = (core::mem::take(&mut screen.pending), screen.frame.clone());
        drop(screen);

        if pending.checksums.is_none() && pending.writeback.is_none() {
            return;
        }
        // Without a frame, the CRTC has been switched off, and the job is cancelled.
        let Some(frame) = frame else { return };
        let drawn = frame.draw(pending.writeback.as_ref());
        if let Err(e) = drawn {
            pr_err_once!("cannot compose a frame: {}\n", e.to_errno());
        }
        let checksum = drawn.ok();

        if let Some(mut job) = pending.writeback {
            job.complete(drawn.map(drop));
        }
        if let (Some(counts), Some(checksum)) = (pending.checksums, checksum) {
            counts.add(checksum);
        }
        self.screen.lock().checksum = checksum;
    }
}

impl WorkItem for Monitor {
    type Pointer = Arc<Monitor>;

    fn run(this: Arc<Monitor>) {
        this.work();
    }
}
