// SPDX-License-Identifier: GPL-2.0-only

//! The test picture. Knows nothing of KMS.

use std::f32::consts::TAU;

/// Pixels in the layout of `DRM_FORMAT_ARGB8888`: `0xAARRGGBB`, colours multiplied by alpha.
#[derive(Clone)]
pub struct Image {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u32>,
}

impl Image {
    /// A black picture.
    pub fn new(width: u32, height: u32) -> Image {
        Image {
            width,
            height,
            pixels: vec![0; width as usize * height as usize],
        }
    }

    /// The lines, from the top.
    pub fn lines(&self) -> impl Iterator<Item = &[u32]> {
        self.pixels.chunks_exact(self.width as usize)
    }

    /// A pixel, if it is in the picture.
    fn at(&mut self, x: i32, y: i32) -> Option<&mut u32> {
        let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
        if x >= self.width || y >= self.height {
            return None;
        }
        self.pixels.get_mut((y * self.width + x) as usize)
    }

    fn put(&mut self, x: i32, y: i32, colour: u32) {
        if let Some(pixel) = self.at(x, y) {
            *pixel = colour;
        }
    }

    fn fill(&mut self, (x, y): (u32, u32), (width, height): (u32, u32), colour: u32) {
        for line in y..(y + height).min(self.height) {
            let begin = (line * self.width) as usize;
            self.pixels
                [begin + x.min(self.width) as usize..begin + (x + width).min(self.width) as usize]
                .fill(colour);
        }
    }

    /// The largest difference of a channel of any pixel. Pictures of other sizes differ by all.
    pub fn largest_difference(&self, other: &Image) -> u8 {
        if (self.width, self.height) != (other.width, other.height) {
            return u8::MAX;
        }
        let channels = |pixel: &u32| [(pixel >> 16) as u8, (pixel >> 8) as u8, *pixel as u8];
        let pairs = self
            .pixels
            .iter()
            .flat_map(channels)
            .zip(other.pixels.iter().flat_map(channels));
        pairs.map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
    }
}

/// Colour bars of three quarters of the full intensity, as televisions have been set up with.
const BARS: [u32; 7] = [
    0xbfbfbf, 0xbfbf00, 0x00bfbf, 0x00bf00, 0xbf00bf, 0xbf0000, 0x0000bf,
];
/// Bits of the frame counter.
const BITS: u32 = 12;

/// A moving test picture of a size.
pub struct Picture {
    /// What does not move.
    still: Image,
}

impl Picture {
    /// A picture of this size: colour bars, ramps of each channel, and a checkerboard of single
    /// pixels.
    pub fn new(width: u32, height: u32) -> Picture {
        let mut still = Image::new(width, height);
        let (bars, ramps) = (height * 2 / 3, height / 18);
        for x in 0..width {
            let bar = BARS[(x * BARS.len() as u32 / width) as usize];
            still.fill((x, 0), (1, bars), bar);
            let value = x * 255 / (width - 1).max(1);
            for (i, ramp) in [value << 16, value << 8, value, value * 0x010101]
                .into_iter()
                .enumerate()
            {
                still.fill((x, bars + ramps * i as u32), (1, ramps), ramp);
            }
        }
        let top = bars + ramps * 4;
        still.fill((0, top), (width, height - top), 0x101010);
        for y in top..height {
            for x in width / 2..width {
                let colour = if (x + y) % 2 == 0 { 0xffffff } else { 0 };
                still.put(x as i32, y as i32, colour);
            }
        }
        Picture { still }
    }

    /// Draws a frame on an image of the same size: the frame's number in binary, and a disc that
    /// goes round.
    pub fn draw(&self, image: &mut Image, frame: u32) {
        let (w, h) = (self.still.width, self.still.height);
        image.pixels.copy_from_slice(&self.still.pixels);
        let (top, side) = (h * 2 / 3 + h / 18 * 4, (w / (BITS * 2)).max(1));
        for bit in 0..BITS {
            let colour = if frame >> (BITS - 1 - bit) & 1 != 0 {
                0xffffff
            } else {
                0x404040
            };
            image.fill(
                (bit * side + side / 8, top + side / 4),
                (side * 3 / 4, side * 3 / 4),
                colour,
            );
        }
        self.draw_disc(image, frame);
    }

    fn draw_disc(&self, image: &mut Image, frame: u32) {
        let (w, h) = (self.still.width as f32, self.still.height as f32);
        let angle = frame as f32 / 120.0 * TAU;
        let (cx, cy, radius) = (
            w / 2.0 + w / 3.5 * angle.cos(),
            h / 3.0 + h / 6.0 * angle.sin(),
            h / 8.0,
        );
        for y in (cy - radius) as i32 - 1..=(cy + radius) as i32 + 1 {
            for x in (cx - radius) as i32 - 1..=(cx + radius) as i32 + 1 {
                let (dx, dy) = (x as f32 - cx, y as f32 - cy);
                let distance = dx.hypot(dy);
                if distance <= radius {
                    let shade = 255.0 * (1.0 - distance / radius * 0.8);
                    let turn = ((dy.atan2(dx) - angle) / TAU * 8.0).rem_euclid(2.0) < 1.0;
                    let value = shade as u32;
                    image.put(
                        x,
                        y,
                        if turn {
                            value * 0x010101
                        } else {
                            value << 16 | (value / 3) << 8
                        },
                    );
                }
            }
        }
    }

    /// Where the cursor is: it goes round the other way.
    pub fn cursor_at(&self, frame: u32) -> (i32, i32) {
        let angle = frame as f32 / 120.0 * TAU;
        let (w, h) = (self.still.width as f32, self.still.height as f32);
        let x = w / 2.0 - w / 4.0 * angle.cos();
        let y = h / 3.0 + h / 5.0 * (angle * 2.0).sin();
        (x as i32, y as i32)
    }
}

/// Draws a cursor: a ring that fades to its edges, so that all values of alpha occur.
pub fn draw_cursor(image: &mut Image) {
    let middle = (image.width as f32 - 1.0) / 2.0;
    for y in 0..image.height as i32 {
        for x in 0..image.width as i32 {
            let distance = (x as f32 - middle).hypot(y as f32 - middle) / middle;
            let alpha = (1.0 - (distance - 0.6).abs() / 0.35).clamp(0.0, 1.0);
            let a = (alpha * 255.0) as u32;
            image.put(
                x,
                y,
                a << 24 | a << 16 | (a * 200 / 255) << 8 | (a * 40 / 255),
            );
        }
    }
}

/// Puts a picture with alpha on one without.
pub fn blend(image: &mut Image, above: &Image, (x, y): (i32, i32)) {
    for (line, pixels) in above.lines().enumerate() {
        for (column, pixel) in pixels.iter().enumerate() {
            let Some(below) = image.at(x + column as i32, y + line as i32) else {
                continue;
            };
            let rest = 255 - (pixel >> 24);
            let mix = |shift: u32| {
                let (below, above) = (*below >> shift & 0xff, pixel >> shift & 0xff);
                (above + (below * rest + 127) / 255).min(255) << shift
            };
            *below = mix(16) | mix(8) | mix(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_differ_and_repeat() {
        let picture = Picture::new(320, 240);
        let draw = |frame| {
            let mut image = Image::new(320, 240);
            picture.draw(&mut image, frame);
            image
        };
        assert_eq!(draw(7).largest_difference(&draw(7)), 0);
        assert!(draw(7).largest_difference(&draw(8)) > 0x80);
        assert_eq!(draw(7).largest_difference(&Image::new(320, 239)), u8::MAX);
        assert!(draw(7).pixels.iter().all(|pixel| pixel >> 24 == 0));
    }

    #[test]
    fn small_sizes_can_be_drawn() {
        for (width, height) in [(1, 1), (10, 10), (64, 3)] {
            Picture::new(width, height).draw(&mut Image::new(width, height), 5);
        }
    }

    #[test]
    fn opaque_covers_transparent_does_not_and_outside_is_cut() {
        let below = Image {
            width: 2,
            height: 1,
            pixels: vec![0x102030, 0x405060],
        };
        let above = Image {
            width: 2,
            height: 1,
            pixels: vec![0xffaabbcc, 0],
        };
        let mut image = below.clone();
        blend(&mut image, &above, (0, 0));
        assert_eq!(image.pixels, [0xaabbcc, 0x405060]);
        let mut image = below.clone();
        blend(&mut image, &above, (1, 0));
        assert_eq!(image.pixels, [0x102030, 0xaabbcc]);
        let mut image = below.clone();
        blend(&mut image, &above, (-5, 3));
        assert_eq!(image.pixels, below.pixels);
    }

    #[test]
    fn half_of_white_on_black_is_grey() {
        let mut image = Image::new(1, 1);
        blend(
            &mut image,
            &Image {
                width: 1,
                height: 1,
                pixels: vec![0x80808080],
            },
            (0, 0),
        );
        assert_eq!(image.pixels, [0x808080]);
    }
}
