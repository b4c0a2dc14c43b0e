// SPDX-License-Identifier: GPL-2.0-only

//! A card, and buffers that it shows.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{anyhow, Context, Result};
use drm::buffer::{Buffer as _, DrmFourcc};
use drm::control::dumbbuffer::DumbMapping;
use drm::control::{framebuffer, property, Device as ControlDevice, ResourceHandle};
use drm::{ClientCapability, Device};

use crate::picture::Image;

/// An open `/dev/dri/card*`.
pub struct Card(File);

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Device for Card {}
impl ControlDevice for Card {}

impl Card {
    /// Opens the first card of a driver, with all that atomic clients can see.
    pub fn find(driver: &str) -> Result<Card> {
        let folder = fs::read_dir("/dev/dri")
            .context("there is no /dev/dri: does the kernel have a DRM driver?")?;
        let mut paths: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("card"))
        });
        paths.sort();
        let mut others = Vec::new();
        for path in paths {
            let file = OpenOptions::new().read(true).write(true).open(&path);
            let card = Card(file.with_context(|| format!("cannot open {}", path.display()))?);
            let name = card.get_driver()?.name().to_string_lossy().into_owned();
            if name != driver {
                others.push(name);
                continue;
            }
            for capability in [
                ClientCapability::UniversalPlanes,
                ClientCapability::Atomic,
                ClientCapability::WritebackConnectors,
            ] {
                card.set_client_capability(capability, true)
                    .with_context(|| format!("{capability:?}"))?;
            }
            return Ok(card);
        }
        Err(anyhow!(
            "no card of driver {driver}; there are: {}",
            others.join(", ")
        ))
    }

    /// The properties of an object, by name.
    pub fn properties<H: ResourceHandle>(&self, object: H) -> Result<Properties> {
        let set = self.get_properties(object)?;
        let values = set
            .iter()
            .map(|(id, value)| Ok((self.get_property(*id)?.name().to_owned(), (*id, *value))));
        let values = values.collect::<Result<HashMap<_, _>>>()?;
        Ok(Properties(
            values
                .into_iter()
                .map(|(name, at)| (name.to_string_lossy().into_owned(), at))
                .collect(),
        ))
    }
}

/// The properties of an object.
pub struct Properties(HashMap<String, (property::Handle, property::RawValue)>);

impl Properties {
    /// The handle of a property.
    pub fn handle(&self, name: &str) -> Result<property::Handle> {
        Ok(self
            .0
            .get(name)
            .with_context(|| format!("there is no property {name}"))?
            .0)
    }

    /// The value that a property had.
    pub fn value(&self, name: &str) -> Result<property::RawValue> {
        Ok(self
            .0
            .get(name)
            .with_context(|| format!("there is no property {name}"))?
            .1)
    }
}

/// A dumb buffer of 32 bits a pixel, with a framebuffer.
///
/// It stays mapped until the program ends: mapping it for each frame would cost a page fault for
/// each page.
pub struct Buffer {
    mapping: DumbMapping<'static>,
    size: (u32, u32),
    pitch: usize,
    pub framebuffer: framebuffer::Handle,
}

impl Buffer {
    /// A buffer of a size.
    pub fn new(card: &Card, size: (u32, u32), format: DrmFourcc) -> Result<Buffer> {
        let dumb = card
            .create_dumb_buffer(size, format, 32)
            .context("dumb buffer")?;
        let depth = if format == DrmFourcc::Argb8888 {
            32
        } else {
            24
        };
        let framebuffer = card
            .add_framebuffer(&dumb, depth, 32)
            .context("framebuffer")?;
        let pitch = dumb.pitch() as usize;
        let mapping = card.map_dumb_buffer(Box::leak(Box::new(dumb)))?;
        Ok(Buffer {
            mapping,
            size,
            pitch,
            framebuffer,
        })
    }

    /// Copies a picture of the same size into it.
    pub fn write(&mut self, image: &Image) {
        let lines = self.mapping.chunks_exact_mut(self.pitch);
        for (bytes, pixels) in lines.zip(image.lines()) {
            for (bytes, pixel) in bytes.chunks_exact_mut(4).zip(pixels) {
                bytes.copy_from_slice(&pixel.to_le_bytes());
            }
        }
    }

    /// Copies the picture out of it.
    pub fn read(&self) -> Image {
        let mut image = Image::new(self.size.0, self.size.1);
        let lines = image.pixels.chunks_exact_mut(self.size.0 as usize);
        for (bytes, pixels) in self.mapping.chunks_exact(self.pitch).zip(lines) {
            for (bytes, pixel) in bytes.chunks_exact(4).zip(pixels) {
                *pixel = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
            }
        }
        image
    }
}
