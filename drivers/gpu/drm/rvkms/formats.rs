// SPDX-License-Identifier: GPL-2.0

//! Pixel formats: from lines of bytes to pixels with 16 bits a channel, and back.

use crate::yuv::Nv;
use kernel::{
    drm::kms::fourcc::FourCc,
    prelude::*, //
};

/// A pixel. Colours are multiplied by alpha.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pixel {
    pub(crate) a: u16,
    pub(crate) r: u16,
    pub(crate) g: u16,
    pub(crate) b: u16,
}

impl Pixel {
    pub(crate) const BLACK: Self = Self::opaque(0, 0, 0);

    pub(crate) const fn opaque(r: u16, g: u16, b: u16) -> Self {
        Self {
            a: u16::MAX,
            r,
            g,
            b,
        }
    }
}

/// A format that planes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Argb8888,
    Abgr8888,
    Rgba8888,
    Bgra8888,
    Xrgb8888,
    Xbgr8888,
    Rgb888,
    Bgr888,
    Argb16161616,
    Abgr16161616,
    Xrgb16161616,
    Xbgr16161616,
    Rgb565,
    Bgr565,
    Nv(Nv),
}

const fn nv(columns: usize, lines: usize, swap: bool) -> Format {
    Format::Nv(Nv {
        columns,
        lines,
        swap,
    })
}

/// The formats that planes show, for DRM core and for ourselves.
const TABLE: [(FourCc, Format); 20] = [
    (FourCc::ARGB8888, Format::Argb8888),
    (FourCc::ABGR8888, Format::Abgr8888),
    (FourCc::RGBA8888, Format::Rgba8888),
    (FourCc::BGRA8888, Format::Bgra8888),
    (FourCc::XRGB8888, Format::Xrgb8888),
    (FourCc::XBGR8888, Format::Xbgr8888),
    (FourCc::RGB888, Format::Rgb888),
    (FourCc::BGR888, Format::Bgr888),
    (FourCc::ARGB16161616, Format::Argb16161616),
    (FourCc::ABGR16161616, Format::Abgr16161616),
    (FourCc::XRGB16161616, Format::Xrgb16161616),
    (FourCc::XBGR16161616, Format::Xbgr16161616),
    (FourCc::RGB565, Format::Rgb565),
    (FourCc::BGR565, Format::Bgr565),
    (FourCc::NV12, nv(2, 2, false)),
    (FourCc::NV21, nv(2, 2, true)),
    (FourCc::NV16, nv(2, 1, false)),
    (FourCc::NV61, nv(2, 1, true)),
    (FourCc::NV24, nv(1, 1, false)),
    (FourCc::NV42, nv(1, 1, true)),
];

/// The codes of the first formats.
const fn codes<const N: usize>() -> [FourCc; N] {
    let mut codes = [FourCc::XRGB8888; N];
    let mut i = 0;
    while i < N {
        codes[i] = TABLE[i].0;
        i += 1;
    }
    codes
}

/// The codes of all formats.
pub(crate) const CODES: [FourCc; TABLE.len()] = codes();

/// The codes of the formats that can be written.
pub(crate) const WRITABLE: [FourCc; 14] = codes();

impl Format {
    /// The format that has this code.
    pub(crate) fn of(code: FourCc) -> Option<Self> {
        let entry = TABLE.iter().find(|entry| entry.0 == code)?;
        Some(entry.1)
    }

    /// The bytes of a pixel in the first plane.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Nv(_) => 1,
            Self::Rgb565 | Self::Bgr565 => 2,
            Self::Rgb888 | Self::Bgr888 => 3,
            Self::Argb16161616 | Self::Abgr16161616 | Self::Xrgb16161616 | Self::Xbgr16161616 => 8,
            _ => 4,
        }
    }

    /// Converts a line of bytes to as many pixels as both lines have. What has chroma as well is
    /// left to [`Nv::read_line`].
    pub(crate) fn read_line(self, bytes: &[u8], pixels: &mut [Pixel]) {
        // The loop is in `each()`, so that there is one for each format.
        match self {
            Self::Argb8888 => each(bytes, pixels, |[b, g, r, a]| from_8(a, r, g, b)),
            Self::Abgr8888 => each(bytes, pixels, |[r, g, b, a]| from_8(a, r, g, b)),
            Self::Rgba8888 => each(bytes, pixels, |[a, b, g, r]| from_8(a, r, g, b)),
            Self::Bgra8888 => each(bytes, pixels, |[a, r, g, b]| from_8(a, r, g, b)),
            Self::Xrgb8888 => each(bytes, pixels, |[b, g, r, _]| from_8(u8::MAX, r, g, b)),
            Self::Xbgr8888 => each(bytes, pixels, |[r, g, b, _]| from_8(u8::MAX, r, g, b)),
            Self::Rgb888 => each(bytes, pixels, |[b, g, r]| from_8(u8::MAX, r, g, b)),
            Self::Bgr888 => each(bytes, pixels, |[r, g, b]| from_8(u8::MAX, r, g, b)),
            Self::Argb16161616 => each(bytes, pixels, |p| from_16(p, true, false)),
            Self::Abgr16161616 => each(bytes, pixels, |p| from_16(p, true, true)),
            Self::Xrgb16161616 => each(bytes, pixels, |p| from_16(p, false, false)),
            Self::Xbgr16161616 => each(bytes, pixels, |p| from_16(p, false, true)),
            Self::Rgb565 => each(bytes, pixels, |p| from_565(p, false)),
            Self::Bgr565 => each(bytes, pixels, |p| from_565(p, true)),
            Self::Nv(_) => {}
        }
    }

    /// Converts pixels to bytes, as many as both lines have. Fails for formats that are not
    /// [`WRITABLE`].
    pub(crate) fn write_line(self, pixels: &[Pixel], bytes: &mut [u8]) -> Result {
        let x = u8::MAX;
        match self {
            Self::Argb8888 => to_8(pixels, bytes, |[a, r, g, b]| [b, g, r, a]),
            Self::Abgr8888 => to_8(pixels, bytes, |[a, r, g, b]| [r, g, b, a]),
            Self::Rgba8888 => to_8(pixels, bytes, |[a, r, g, b]| [a, b, g, r]),
            Self::Bgra8888 => to_8(pixels, bytes, |[a, r, g, b]| [a, r, g, b]),
            Self::Xrgb8888 => to_8(pixels, bytes, |[_, r, g, b]| [b, g, r, x]),
            Self::Xbgr8888 => to_8(pixels, bytes, |[_, r, g, b]| [r, g, b, x]),
            Self::Rgb888 => to_8(pixels, bytes, |[_, r, g, b]| [b, g, r]),
            Self::Bgr888 => to_8(pixels, bytes, |[_, r, g, b]| [r, g, b]),
            Self::Argb16161616 => to_16(pixels, bytes, |p| [p.b, p.g, p.r, p.a]),
            Self::Abgr16161616 => to_16(pixels, bytes, |p| [p.r, p.g, p.b, p.a]),
            Self::Xrgb16161616 => to_16(pixels, bytes, |p| [p.b, p.g, p.r, u16::MAX]),
            Self::Xbgr16161616 => to_16(pixels, bytes, |p| [p.r, p.g, p.b, u16::MAX]),
            Self::Rgb565 => each_to(pixels, bytes, |p| to_565(p.r, p.g, p.b)),
            Self::Bgr565 => each_to(pixels, bytes, |p| to_565(p.b, p.g, p.r)),
            Self::Nv(_) => return Err(EINVAL),
        }
        Ok(())
    }
}

#[inline]
fn each<const N: usize>(bytes: &[u8], pixels: &mut [Pixel], convert: impl Fn([u8; N]) -> Pixel) {
    for (bytes, pixel) in bytes.chunks_exact(N).zip(pixels) {
        let mut array = [0; N];
        array.copy_from_slice(bytes);
        *pixel = convert(array);
    }
}

#[inline]
fn from_8(a: u8, r: u8, g: u8, b: u8) -> Pixel {
    let wide = |value: u8| u16::from(value) * 0x101;
    Pixel {
        a: wide(a),
        r: wide(r),
        g: wide(g),
        b: wide(b),
    }
}

#[inline]
fn from_16(p: [u8; 8], alpha: bool, swap: bool) -> Pixel {
    let channel = |i: usize| u16::from_le_bytes([p[i], p[i + 1]]);
    let (r, b) = if swap { (0, 4) } else { (4, 0) };
    Pixel {
        a: if alpha { channel(6) } else { u16::MAX },
        r: channel(r),
        g: channel(2),
        b: channel(b),
    }
}

#[inline]
fn from_565(p: [u8; 2], swap: bool) -> Pixel {
    let value = u32::from(u16::from_le_bytes(p));
    // CAST: The results have 16 bits.
    let wide = |value: u32, max: u32| ((value * 0xffff + max / 2) / max) as u16;
    let high = wide(value >> 11, 31);
    let low = wide(value & 31, 31);
    let (r, b) = if swap { (low, high) } else { (high, low) };

    Pixel::opaque(r, wide((value >> 5) & 63, 63), b)
}

#[inline]
fn each_to<const N: usize>(
    pixels: &[Pixel],
    bytes: &mut [u8],
    convert: impl Fn(&Pixel) -> [u8; N],
) {
    for (bytes, pixel) in bytes.chunks_exact_mut(N).zip(pixels) {
        bytes.copy_from_slice(&convert(pixel));
    }
}

/// A channel in `max` steps, rounded.
#[inline]
pub(crate) fn narrow(value: u16, max: u32) -> u32 {
    (u32::from(value) * max + 0x7fff) / 0xffff
}

#[inline]
fn to_8<const N: usize>(pixels: &[Pixel], bytes: &mut [u8], order: impl Fn([u8; 4]) -> [u8; N]) {
    // CAST: The result has 8 bits.
    let channel = |value: u16| narrow(value, 0xff) as u8;
    each_to(pixels, bytes, |p| {
        order([channel(p.a), channel(p.r), channel(p.g), channel(p.b)])
    });
}

#[inline]
fn to_16(pixels: &[Pixel], bytes: &mut [u8], order: impl Fn(&Pixel) -> [u16; 4]) {
    each_to(pixels, bytes, |p| {
        let mut bytes = [0; 8];
        for (bytes, channel) in bytes.chunks_exact_mut(2).zip(order(p)) {
            bytes.copy_from_slice(&channel.to_le_bytes());
        }
        bytes
    });
}

#[inline]
fn to_565(high: u16, green: u16, low: u16) -> [u8; 2] {
    let value = narrow(high, 31) << 11 | narrow(green, 63) << 5 | narrow(low, 31);
    // CAST: The value has 16 bits.
    (value as u16).to_le_bytes()
}

#[cfg(CONFIG_DRM_RVKMS_KUNIT_TEST)]
#[kunit_tests(rvkms_formats)]
mod tests {
    use super::*;

    const RED: Pixel = Pixel::opaque(u16::MAX, 0, 0);

    #[test]
    fn red_is_red() {
        let table: [(FourCc, &[u8]); 14] = [
            (FourCc::ARGB8888, &[0, 0, 255, 255]),
            (FourCc::ABGR8888, &[255, 0, 0, 255]),
            (FourCc::RGBA8888, &[255, 0, 0, 255]),
            (FourCc::BGRA8888, &[255, 255, 0, 0]),
            (FourCc::XRGB8888, &[0, 0, 255, 0]),
            (FourCc::XBGR8888, &[255, 0, 0, 0]),
            (FourCc::RGB888, &[0, 0, 255]),
            (FourCc::BGR888, &[255, 0, 0]),
            (FourCc::ARGB16161616, &[0, 0, 0, 0, 255, 255, 255, 255]),
            (FourCc::ABGR16161616, &[255, 255, 0, 0, 0, 0, 255, 255]),
            (FourCc::XRGB16161616, &[0, 0, 0, 0, 255, 255, 0, 0]),
            (FourCc::XBGR16161616, &[255, 255, 0, 0, 0, 0, 0, 0]),
            (FourCc::RGB565, &[0x00, 0xf8]),
            (FourCc::BGR565, &[0x1f, 0x00]),
        ];
        assert_eq!(table.len() + 6, CODES.len());

        for (code, bytes) in table {
            let Some(format) = Format::of(code) else {
                panic!("there is no format {code:?}");
            };
            let mut line = [Pixel::default(); 2];

            format.read_line(bytes, &mut line);
            assert_eq!(format.bytes(), bytes.len());
            assert_eq!(line, [RED, Pixel::default()]);
        }
    }

    #[test]
    fn channels_are_scaled_to_their_full_range() {
        let mut line = [Pixel::default(); 2];

        Format::Rgb565.read_line(&[0xff, 0xff, 0x20, 0x00], &mut line);
        assert_eq!(line[0], Pixel::opaque(u16::MAX, u16::MAX, u16::MAX));
        assert_eq!(line[1], Pixel::opaque(0, 0x0410, 0));
        assert_eq!(Format::of(FourCc::new(*b"YU12")), None);
    }

    #[test]
    fn what_is_written_reads_the_same() -> Result {
        // Values that all formats have.
        let line = [
            RED,
            Pixel::opaque(0, u16::MAX, 0),
            Pixel::opaque(0, 0, u16::MAX),
            Pixel::BLACK,
        ];

        for code in WRITABLE {
            let format = Format::of(code).ok_or(EINVAL)?;
            let mut bytes = [0; 4 * size_of::<Pixel>()];
            let mut read = [Pixel::default(); 4];

            format.write_line(&line, &mut bytes[..4 * format.bytes()])?;
            format.read_line(&bytes, &mut read);
            assert_eq!(read, line);
        }

        let nv12 = Format::of(FourCc::NV12).ok_or(EINVAL)?;
        assert_eq!(nv12.write_line(&line, &mut [0; 4]), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn channels_are_rounded() -> Result {
        let grey = [Pixel::opaque(0x807f, 0x8080, 0x8101)];
        let mut bytes = [0; 4];

        Format::Xrgb8888.write_line(&grey, &mut bytes)?;
        assert_eq!(bytes, [0x81, 0x80, 0x80, 0xff]);
        Ok(())
    }
}
