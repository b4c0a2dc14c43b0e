// SPDX-License-Identifier: GPL-2.0-only

//! A CRTC with its planes and connectors.

use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail, ensure, Context, Result};
use drm::buffer::DrmFourcc;
use drm::control::atomic::AtomicModeReq;
use drm::control::property::Value;
use drm::control::{
    connector, crtc, plane, AtomicCommitFlags, Device as ControlDevice, Event, Mode, PlaneType,
    ResourceHandle,
};
use rustix::event::{poll, PollFd, PollFlags, Timespec};

use crate::card::{Buffer, Card, Properties};
use crate::picture::Image;

/// The width and height of the cursor.
pub const CURSOR: u32 = 64;
/// How long anything may take that happens once a frame.
const PATIENCE: Duration = Duration::from_secs(10);

struct Object<H> {
    handle: H,
    properties: Properties,
}

impl<H: ResourceHandle> Object<H> {
    fn new(card: &Card, handle: H) -> Result<Object<H>> {
        Ok(Object {
            handle,
            properties: card.properties(handle)?,
        })
    }

    fn set(&self, request: &mut AtomicModeReq, name: &str, value: Value<'_>) -> Result<()> {
        request.add_property(self.handle, self.properties.handle(name)?, value);
        Ok(())
    }
}

/// A CRTC with its planes and connectors, and buffers for them.
pub struct Screen<'a> {
    card: &'a Card,
    mode: Mode,
    name: String,
    crtc: Object<crtc::Handle>,
    primary: Object<plane::Handle>,
    cursor: Object<plane::Handle>,
    connector: Object<connector::Handle>,
    writeback: Object<connector::Handle>,
    /// One is shown while the other one is drawn.
    buffers: [Buffer; 2],
    pointer: Buffer,
    shown: usize,
    begin: Option<Instant>,
    sequences: Vec<u32>,
    end: Instant,
}

impl<'a> Screen<'a> {
    /// Takes the first CRTC of a card, the connected connector and the writeback connector.
    pub fn new(card: &'a Card, size: Option<(u16, u16)>) -> Result<Screen<'a>> {
        let resources = card.resource_handles()?;
        let infos = resources
            .connectors()
            .iter()
            .map(|handle| card.get_connector(*handle, true));
        let infos = infos.collect::<Result<Vec<_>, _>>()?;
        let is_writeback =
            |info: &&connector::Info| info.interface() == connector::Interface::Writeback;
        let writeback = infos
            .iter()
            .find(is_writeback)
            .context("there is no writeback connector")?;
        let connected = |info: &&connector::Info| {
            info.state() == connector::State::Connected && !is_writeback(info)
        };
        let info = infos
            .iter()
            .find(connected)
            .context("there is no connector with a display")?;
        let mode = match size {
            Some(size) => info.modes().iter().find(|mode| mode.size() == size),
            None => info.modes().first(),
        };
        let mode = *mode.ok_or_else(|| anyhow!("{info} has no such mode"))?;
        let crtc = *resources.crtcs().first().context("there is no CRTC")?;
        let size = (mode.size().0.into(), mode.size().1.into());
        Ok(Screen {
            card,
            mode,
            name: info.to_string(),
            crtc: Object::new(card, crtc)?,
            primary: find_plane(card, PlaneType::Primary)?,
            cursor: find_plane(card, PlaneType::Cursor)?,
            connector: Object::new(card, info.handle())?,
            writeback: Object::new(card, writeback.handle())?,
            buffers: [
                Buffer::new(card, size, DrmFourcc::Xrgb8888)?,
                Buffer::new(card, size, DrmFourcc::Xrgb8888)?,
            ],
            pointer: Buffer::new(card, (CURSOR, CURSOR), DrmFourcc::Argb8888)?,
            shown: 0,
            begin: None,
            sequences: Vec::new(),
            end: Instant::now(),
        })
    }

    /// The width and height of the mode, in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.mode.size().0.into(), self.mode.size().1.into())
    }

    /// The rate of the mode (frames a second).
    pub fn rate(&self) -> u32 {
        self.mode.vrefresh()
    }

    /// The name of the connector.
    pub fn connector(&self) -> &str {
        &self.name
    }

    /// Sets the cursor's picture.
    pub fn set_cursor(&mut self, image: &Image) {
        self.pointer.write(image);
    }

    /// Shows a picture with the cursor at a place, and waits until it is on the screen.
    pub fn show(&mut self, image: &Image, cursor: (i32, i32)) -> Result<()> {
        self.shown ^= 1;
        self.buffers[self.shown].write(image);
        let mut request = self.request(cursor)?;
        let mut flags = AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT;
        if self.begin.is_none() {
            flags |= AtomicCommitFlags::ALLOW_MODESET;
            self.enable(&mut request)?;
            self.connector
                .set(&mut request, "CRTC_ID", Value::CRTC(Some(self.crtc.handle)))?;
        }
        self.card
            .atomic_commit(flags, request)
            .context("atomic commit")?;
        self.wait_for_flip()?;
        self.begin.get_or_insert_with(Instant::now);
        self.end = Instant::now();
        Ok(())
    }

    /// What was seen of the rate, as a text.
    pub fn pace(&self) -> String {
        let flips = self.sequences.len().saturating_sub(1);
        let Some(begin) = self.begin.filter(|_| flips > 0) else {
            return "no rate".into();
        };
        let rate = flips as f64 / (self.end - begin).as_secs_f64();
        let blanks = self.sequences[flips].wrapping_sub(self.sequences[0]);
        format!("{rate:.1} flips a second, {blanks} vertical blanks for {flips} flips")
    }

    /// Has the writeback connector write what the display shows, and returns that.
    pub fn write_back(&mut self, cursor: (i32, i32)) -> Result<Image> {
        let target = Buffer::new(self.card, self.size(), DrmFourcc::Xrgb8888)?;
        let mut request = self.request(cursor)?;
        self.writeback
            .set(&mut request, "CRTC_ID", Value::CRTC(Some(self.crtc.handle)))?;
        self.writeback.set(
            &mut request,
            "WRITEBACK_FB_ID",
            Value::Framebuffer(Some(target.framebuffer)),
        )?;

        let fence = AtomicI32::new(-1);
        let address = fence.as_ptr().addr() as u64;
        fence.as_ptr().expose_provenance();
        self.writeback.set(
            &mut request,
            "WRITEBACK_OUT_FENCE_PTR",
            Value::UnsignedRange(address),
        )?;
        self.card
            .atomic_commit(AtomicCommitFlags::ALLOW_MODESET, request)
            .context("atomic commit for writeback")?;

        let fence = fence.load(Ordering::Relaxed);
        ensure!(fence >= 0, "the kernel gave no fence");
        // SAFETY: The kernel has just made this file descriptor, and nobody else knows it.
        let fence = unsafe { OwnedFd::from_raw_fd(fence) };
        wait_for(&fence).context("fence of the writeback")?;
        Ok(target.read())
    }

    /// A request with both planes.
    fn request(&self, (x, y): (i32, i32)) -> Result<AtomicModeReq> {
        let mut request = AtomicModeReq::new();
        let (width, height) = self.size();
        self.place(
            &mut request,
            &self.primary,
            &self.buffers[self.shown],
            (0, 0),
            (width, height),
        )?;
        self.place(
            &mut request,
            &self.cursor,
            &self.pointer,
            (x, y),
            (CURSOR, CURSOR),
        )?;
        Ok(request)
    }

    fn place(
        &self,
        request: &mut AtomicModeReq,
        plane: &Object<plane::Handle>,
        buffer: &Buffer,
        (x, y): (i32, i32),
        (width, height): (u32, u32),
    ) -> Result<()> {
        plane.set(request, "CRTC_ID", Value::CRTC(Some(self.crtc.handle)))?;
        plane.set(
            request,
            "FB_ID",
            Value::Framebuffer(Some(buffer.framebuffer)),
        )?;
        plane.set(request, "CRTC_X", Value::SignedRange(x.into()))?;
        plane.set(request, "CRTC_Y", Value::SignedRange(y.into()))?;
        for (name, value) in [("CRTC_W", width), ("CRTC_H", height)] {
            plane.set(request, name, Value::UnsignedRange(value.into()))?;
        }
        // Sources are in 16.16 fixed point.
        for (name, value) in [
            ("SRC_X", 0),
            ("SRC_Y", 0),
            ("SRC_W", width),
            ("SRC_H", height),
        ] {
            plane.set(request, name, Value::UnsignedRange(u64::from(value) << 16))?;
        }
        Ok(())
    }

    fn enable(&self, request: &mut AtomicModeReq) -> Result<()> {
        let mode = self.card.create_property_blob(&self.mode).context("mode")?;
        self.crtc.set(request, "MODE_ID", mode)?;
        self.crtc.set(request, "ACTIVE", Value::Boolean(true))
    }

    fn wait_for_flip(&mut self) -> Result<()> {
        loop {
            wait_for(self.card).context("page flip")?;
            for event in self.card.receive_events()? {
                if let Event::PageFlip(flip) = event {
                    self.sequences.push(flip.frame);
                    return Ok(());
                }
            }
        }
    }
}

fn find_plane(card: &Card, kind: PlaneType) -> Result<Object<plane::Handle>> {
    for handle in card.plane_handles()? {
        let plane = Object::new(card, handle)?;
        if plane.properties.value("type")? == kind as u64 {
            return Ok(plane);
        }
    }
    bail!("there is no plane of type {kind:?}")
}

/// Waits until a file can be read, or a fence is signalled.
fn wait_for(file: &impl AsFd) -> Result<()> {
    let timeout = Timespec::try_from(PATIENCE)?;
    let ready = poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&timeout))?;
    ensure!(ready > 0, "nothing for {} s", PATIENCE.as_secs());
    Ok(())
}
