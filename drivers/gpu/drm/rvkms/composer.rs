// SPDX-License-Identifier: GPL-2.0

//! Makes a picture of layers, line by line.
//!
//! This does not know where the pixels come from, so that it can be tested without a device.

use crate::{
    color::Color,
    formats::{
        narrow,
        Format,
        Pixel, //
    },
    pipeline::Pipeline,
    yuv::Yuv, //
};
use kernel::{
    drm::kms::{
        blend::BlendMode,
        rect::Rect, //
    },
    prelude::*,
    sync::Arc, //
};

/// Something that has lines of bytes.
pub(crate) trait Source {
    /// Copies as many bytes as `to` has room for from a line of a plane, beginning at a byte.
    fn read(&self, plane: usize, line: usize, at: usize, to: &mut [u8]) -> Result;

    /// Copies `size` bytes of each line, beginning at a byte, from a line on until `to` is full.
    fn read_column(
        &self,
        plane: usize,
        line: usize,
        at: usize,
        size: usize,
        to: &mut [u8],
    ) -> Result {
        for (line, to) in (line..).zip(to.chunks_mut(size)) {
            self.read(plane, line, at, to)?;
        }
        Ok(())
    }
}

/// Where in a framebuffer the next pixel is.
#[derive(Clone, Copy)]
enum Direction {
    Right,
    Down,
}

/// A part of a framebuffer, and where in the picture it is.
pub(crate) struct Layer<S> {
    pub(crate) source: S,
    pub(crate) format: Format,
    /// What luma and chroma mean, if the format has them.
    pub(crate) yuv: Yuv,
    /// The part of the framebuffer, in whole pixels.
    pub(crate) src: Rect,
    /// Where it is. It has the size of `src`, with width and height exchanged if `transposed`.
    pub(crate) dst: Rect,
    /// Whether left and right are exchanged.
    pub(crate) flip_x: bool,
    /// Whether top and bottom are exchanged.
    pub(crate) flip_y: bool,
    /// Whether rows become columns, after that.
    pub(crate) transposed: bool,
    /// What happens to the colours of its pixels before that.
    pub(crate) pipeline: Option<Arc<Pipeline>>,
    /// The opacity of the whole layer.
    pub(crate) alpha: u16,
    /// What the opacity of its pixels means.
    pub(crate) blend_mode: BlendMode,
}

impl<S: Source> Layer<S> {
    /// Blends the layer's part of a line with what is in `line`. `bytes` and `pixels` are for
    /// temporary use, and have room for the whole line.
    fn blend_line(
        &self,
        y: i32,
        line: &mut [Pixel],
        bytes: &mut [u8],
        pixels: &mut [Pixel],
    ) -> Result {
        if y < self.dst.y1 || y >= self.dst.y2 {
            return Ok(());
        }

        let row = y - self.dst.y1;
        let begin = usize::try_from(self.dst.x1)?;
        let pixels = if self.transposed {
            self.read_column(row, bytes, pixels)?
        } else {
            self.read_row(row, bytes, pixels)?
        };

        if let Some(pipeline) = &self.pipeline {
            pipeline.apply(pixels);
        }
        let line = line.get_mut(begin..).ok_or(EINVAL)?;
        let line = line.get_mut(..pixels.len()).ok_or(EINVAL)?;
        for (below, pixel) in line.iter_mut().zip(pixels) {
            *below = blend(*below, self.weigh(*pixel));
        }
        Ok(())
    }

    /// Reads a row of the source, from left to right as it is on the screen.
    fn read_row<'a>(
        &self,
        row: i32,
        bytes: &mut [u8],
        pixels: &'a mut [Pixel],
    ) -> Result<&'a mut [Pixel]> {
        let width = self.src.width().min(self.dst.width()) as usize;
        let pixels = pixels.get_mut(..width).ok_or(EINVAL)?;
        let line = if self.flip_y {
            self.src.y2 - 1 - row
        } else {
            self.src.y1 + row
        };

        self.read(self.src.x1, line, Direction::Right, bytes, pixels)?;
        if self.flip_x {
            pixels.reverse();
        }
        Ok(pixels)
    }

    /// Reads a column of the source, which is a row on the screen.
    fn read_column<'a>(
        &self,
        column: i32,
        bytes: &mut [u8],
        pixels: &'a mut [Pixel],
    ) -> Result<&'a mut [Pixel]> {
        let height = self.src.height().min(self.dst.width()) as usize;
        let pixels = pixels.get_mut(..height).ok_or(EINVAL)?;

        let x = if self.flip_x {
            self.src.x2 - 1 - column
        } else {
            self.src.x1 + column
        };

        self.read(x, self.src.y1, Direction::Down, bytes, pixels)?;
        if self.flip_y {
            pixels.reverse();
        }
        Ok(pixels)
    }

    /// Reads pixels of the framebuffer, beginning with the one in column `x` of line `y`. `bytes`
    /// is for temporary use.
    fn read(
        &self,
        x: i32,
        y: i32,
        direction: Direction,
        bytes: &mut [u8],
        pixels: &mut [Pixel],
    ) -> Result {
        let (x, y) = (usize::try_from(x)?, usize::try_from(y)?);
        let copy = |plane, x: usize, y, size: usize, to: &mut [u8]| match direction {
            Direction::Right => self.source.read(plane, y, x * size, to),
            Direction::Down => self.source.read_column(plane, y, x * size, size, to),
        };

        let size = self.format.bytes();
        let (first, rest) = bytes
            .split_at_mut_checked(pixels.len() * size)
            .ok_or(EINVAL)?;
        copy(0, x, y, size, first)?;

        let Format::Nv(nv) = self.format else {
            self.format.read_line(first, pixels);
            return Ok(());
        };
        let (begin, share) = match direction {
            Direction::Right => (x, nv.columns),
            Direction::Down => (y, nv.lines),
        };
        let count = (begin + pixels.len()).div_ceil(share) - begin / share;
        let chroma = rest.get_mut(..count * 2).ok_or(EINVAL)?;
        copy(1, x / nv.columns, y / nv.lines, 2, chroma)?;
        nv.read_line(&self.yuv, begin, share, first, chroma, pixels);
        Ok(())
    }

    /// A pixel with its opacity and that of the layer, by which its colours are multiplied.
    #[inline]
    fn weigh(&self, pixel: Pixel) -> Pixel {
        let (opacity, factor) = match self.blend_mode {
            BlendMode::Premultiplied => (scale(pixel.a, self.alpha), self.alpha),
            BlendMode::Coverage => {
                let opacity = scale(pixel.a, self.alpha);
                (opacity, opacity)
            }
            BlendMode::None => (self.alpha, self.alpha),
        };
        Pixel {
            a: opacity,
            r: scale(pixel.r, factor),
            g: scale(pixel.g, factor),
            b: scale(pixel.b, factor),
        }
    }
}

/// A part of a value, where `u16::MAX` is all of it.
#[inline]
fn scale(value: u16, factor: u16) -> u16 {
    if factor == u16::MAX {
        return value;
    }
    // CAST: The result is not above `value`.
    ((u32::from(value) * u32::from(factor) + 0x7fff) / 0xffff) as u16
}

/// Puts a pixel over another one, which is opaque.
#[inline]
fn blend(below: Pixel, above: Pixel) -> Pixel {
    if above.a == u16::MAX {
        return above;
    }

    let rest = u32::from(u16::MAX - above.a);
    // CAST: The result saturates at 16 bits.
    let mix = |below: u16, above: u16| {
        (u32::from(above) + (u32::from(below) * rest + 0x7fff) / 0xffff).min(0xffff) as u16
    };
    Pixel {
        a: u16::MAX,
        r: mix(below.r, above.r),
        g: mix(below.g, above.g),
        b: mix(below.b, above.b),
    }
}

/// A checksum of what a display with 8 bits a channel shows. The same pictures have the same one.
pub(crate) struct Checksum(u64);

impl Checksum {
    pub(crate) fn new() -> Self {
        // User space suspects checksums of 0.
        Self(1)
    }

    #[inline]
    pub(crate) fn add(&mut self, line: &[Pixel]) {
        let channel = |value: u16| u64::from(narrow(value, 0xff));
        for pixel in line {
            let value = channel(pixel.r) << 16 | channel(pixel.g) << 8 | channel(pixel.b);
            self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    pub(crate) fn finish(self) -> u32 {
        // CAST: Both halves count.
        (self.0 >> 32) as u32 ^ self.0 as u32
    }
}

/// Makes a picture of `width` by `height` pixels of layers, the lowest first, changes its colours,
/// and gives its lines to `take`, one after the other.
pub(crate) fn compose<S: Source>(
    layers: &[Layer<S>],
    color: &Color,
    width: u32,
    height: u32,
    mut take: impl FnMut(usize, &[Pixel]) -> Result,
) -> Result {
    let width = usize::try_from(width)?;
    // These are too long for `kmalloc()` to have them at all times.
    let mut line = KVVec::from_elem(Pixel::BLACK, width, GFP_KERNEL)?;
    let mut pixels = KVVec::from_elem(Pixel::BLACK, width, GFP_KERNEL)?;
    let mut bytes = KVVec::from_elem(0u8, width * size_of::<Pixel>(), GFP_KERNEL)?;

    for y in 0..i32::try_from(height)? {
        line.fill(Pixel::BLACK);
        for layer in layers {
            layer.blend_line(y, &mut line, &mut bytes, &mut pixels)?;
        }
        color.apply(&mut line);
        take(usize::try_from(y)?, &line)?;
    }
    Ok(())
}

#[cfg(CONFIG_DRM_RVKMS_KUNIT_TEST)]
#[kunit_tests(rvkms_composer)]
mod tests {
    use super::*;
    use kernel::drm::kms::{
        fourcc::FourCc,
        yuv::{
            ColorEncoding,
            ColorRange, //
        },
    };

    /// Lines of four pixels of RGB565.
    struct Lines<'a>(&'a [[u16; 4]]);

    impl Source for Lines<'_> {
        fn read(&self, _plane: usize, line: usize, at: usize, to: &mut [u8]) -> Result {
            let line = self.0.get(line).ok_or(EINVAL)?;
            for (i, byte) in to.iter_mut().enumerate() {
                let at = at + i;
                *byte = line.get(at / 2).ok_or(EINVAL)?.to_le_bytes()[at % 2];
            }
            Ok(())
        }
    }

    fn layer<'a>(lines: &'a [[u16; 4]], src: Rect, x: i32, y: i32) -> Layer<Lines<'a>> {
        Layer {
            source: Lines(lines),
            format: Format::Rgb565,
            yuv: Yuv::new(ColorEncoding::Bt601, ColorRange::Full),
            src,
            dst: Rect::new(x, y, src.width(), src.height()),
            flip_x: false,
            flip_y: false,
            transposed: false,
            pipeline: None,
            alpha: u16::MAX,
            blend_mode: BlendMode::Premultiplied,
        }
    }

    fn checksum<S: Source>(layers: &[Layer<S>]) -> Result<u32> {
        let mut checksum = Checksum::new();
        compose(layers, &Color::default(), 4, 2, |_, line| {
            checksum.add(line);
            Ok(())
        })?;
        Ok(checksum.finish())
    }

    const PICTURE: [[u16; 4]; 2] = [[1, 2, 3, 4], [5, 6, 7, 8]];
    const ALL: Rect = Rect::new(0, 0, 4, 2);

    #[test]
    fn flips_are_what_they_say() -> Result {
        let table: [(bool, bool, [[u16; 4]; 2]); 4] = [
            (false, false, [[1, 2, 3, 4], [5, 6, 7, 8]]),
            (true, false, [[4, 3, 2, 1], [8, 7, 6, 5]]),
            (false, true, [[5, 6, 7, 8], [1, 2, 3, 4]]),
            (true, true, [[8, 7, 6, 5], [4, 3, 2, 1]]),
        ];

        for (flip_x, flip_y, lines) in table {
            let flipped = Layer {
                flip_x,
                flip_y,
                ..layer(&PICTURE, ALL, 0, 0)
            };
            let expected = checksum(&[layer(&lines, ALL, 0, 0)])?;
            assert_eq!(checksum(&[flipped])?, expected);
        }
        Ok(())
    }

    #[test]
    fn rows_become_columns() -> Result {
        let table: [(bool, bool, [[u16; 4]; 2]); 4] = [
            (false, false, [[1, 5, 0, 0], [2, 6, 0, 0]]),
            (true, false, [[4, 8, 0, 0], [3, 7, 0, 0]]),
            (false, true, [[5, 1, 0, 0], [6, 2, 0, 0]]),
            (true, true, [[8, 4, 0, 0], [7, 3, 0, 0]]),
        ];

        for (flip_x, flip_y, lines) in table {
            let turned = Layer {
                flip_x,
                flip_y,
                transposed: true,
                dst: Rect::new(0, 0, 2, 4),
                ..layer(&PICTURE, ALL, 0, 0)
            };
            let expected = checksum(&[layer(&lines, ALL, 0, 0)])?;
            assert_eq!(checksum(&[turned])?, expected);
        }
        Ok(())
    }

    /// Four lines of NV12, of luma and of chroma.
    struct Nv12([[u8; 4]; 4], [[[u8; 2]; 2]; 2]);

    impl Source for Nv12 {
        fn read(&self, plane: usize, line: usize, at: usize, to: &mut [u8]) -> Result {
            for (i, byte) in to.iter_mut().enumerate() {
                let (at, chroma) = (at + i, self.1.get(line));
                *byte = *match plane {
                    0 => self.0.get(line).ok_or(EINVAL)?.get(at),
                    _ => chroma.ok_or(EINVAL)?.as_flattened().get(at),
                }
                .ok_or(EINVAL)?;
            }
            Ok(())
        }
    }

    #[test]
    fn chroma_turns_with_luma() -> Result {
        let luma: [[u8; 4]; 4] =
            core::array::from_fn(|y| core::array::from_fn(|x| 40 * x as u8 + 9 * y as u8));
        let chroma = [[[90, 240], [128, 60]], [[200, 10], [30, 150]]];
        let format = Format::of(FourCc::NV12).ok_or(EINVAL)?;
        let layer = |source, src: Rect, transposed| Layer {
            source,
            format,
            yuv: Yuv::new(ColorEncoding::Bt601, ColorRange::Full),
            src,
            dst: Rect::new(0, 0, 3, 2),
            flip_x: false,
            flip_y: false,
            transposed,
            pipeline: None,
            alpha: u16::MAX,
            blend_mode: BlendMode::Premultiplied,
        };

        // Neither row nor column 1 is the first one of its pair.
        let turned = layer(Nv12(luma, chroma), Rect::new(1, 1, 2, 3), true);
        let expected = layer(
            Nv12(transpose(luma), transpose(chroma)),
            Rect::new(1, 1, 3, 2),
            false,
        );
        assert_eq!(checksum(&[turned])?, checksum(&[expected])?);
        Ok(())
    }

    fn transpose<T: Copy, const N: usize>(lines: [[T; N]; N]) -> [[T; N]; N] {
        core::array::from_fn(|y| core::array::from_fn(|x| lines[x][y]))
    }

    #[test]
    fn opacity_is_that_of_layer_and_pixel() {
        let pixel = Pixel {
            a: 0x8000,
            r: 0x4000,
            g: 0,
            b: 0x8000,
        };
        let weigh = |alpha, blend_mode| {
            let weighed = Layer {
                alpha,
                blend_mode,
                ..layer(&PICTURE, ALL, 0, 0)
            }
            .weigh(pixel);
            (weighed.a, weighed.r, weighed.b)
        };

        let none = (0xffff, 0x4000, 0x8000);
        assert_eq!(weigh(0xffff, BlendMode::None), none);
        assert_eq!(
            weigh(0xffff, BlendMode::Premultiplied),
            (0x8000, 0x4000, 0x8000)
        );
        assert_eq!(weigh(0xffff, BlendMode::Coverage), (0x8000, 0x2000, 0x4000));
        assert_eq!(weigh(0x8000, BlendMode::None), (0x8000, 0x2000, 0x4000));
        assert_eq!(
            weigh(0x8000, BlendMode::Premultiplied),
            (0x4000, 0x2000, 0x4000)
        );
        assert_eq!(weigh(0, BlendMode::Coverage), (0, 0, 0));
    }

    #[test]
    fn layers_cover_each_other() -> Result {
        let small = Rect::new(1, 0, 2, 1);
        let above = layer(&PICTURE, small, 2, 1);
        let expected = [[1, 2, 3, 4], [5, 6, 2, 3]];

        assert_eq!(
            checksum(&[layer(&PICTURE, ALL, 0, 0), above])?,
            checksum(&[layer(&expected, ALL, 0, 0)])?
        );
        Ok(())
    }

    #[test]
    fn what_is_outside_is_refused() {
        let outside = layer(&PICTURE, Rect::new(0, 1, 4, 2), 0, 0);
        assert_eq!(checksum(&[outside]), Err(EINVAL));

        let beyond = layer(&PICTURE, ALL, 1, 0);
        assert_eq!(checksum(&[beyond]), Err(EINVAL));
    }

    #[test]
    fn lines_come_in_order() -> Result {
        let layers = [layer(&PICTURE, ALL, 0, 0)];
        let color = Color::default();
        let mut next = 0;
        compose(&layers, &color, 4, 2, |y, line| {
            assert_eq!((y, line.len()), (next, 4));
            next += 1;
            Ok(())
        })?;
        assert_eq!(next, 2);

        let refused = compose(&layers, &color, 4, 2, |_, _| Err(EIO));
        assert_eq!(refused, Err(EIO));
        Ok(())
    }

    #[test]
    fn blending() {
        let below = Pixel {
            a: u16::MAX,
            r: 0xffff,
            g: 0,
            b: 0x8000,
        };

        assert_eq!(blend(below, Pixel::default()), below);
        assert_eq!(blend(below, Pixel::BLACK), Pixel::BLACK);

        let half = Pixel {
            a: 0x8000,
            r: 0,
            g: 0x8000,
            b: 0,
        };
        let mixed = blend(below, half);
        assert_eq!((mixed.a, mixed.r, mixed.g), (u16::MAX, 0x7fff, 0x8000));
    }
}
