// SPDX-License-Identifier: GPL-2.0

//! What happens to the colours of a plane before blending.
//!
//! This does not know where the operations come from, so that it can be tested without a device.

use crate::{
    color::{
        interpolate,
        near, //
    },
    formats::Pixel, //
};
use kernel::{
    drm::kms::colorop::{
        ActiveOp,
        ColorOp,
        Ctm3x4,
        Curve, //
    },
    prelude::*, //
};

const CURVES: ColorOp<'static> = ColorOp::Curve1d(&[Curve::SrgbEotf, Curve::SrgbInverseEotf]);

/// The pipeline of our planes: to light, two matrices, and back.
pub(crate) const PIPELINE: &[ColorOp<'static>] =
    &[CURVES, ColorOp::Ctm3x4, ColorOp::Ctm3x4, CURVES];

/// Rows of the output channels, with values in 16.16 fixed point. Their last column is an offset.
type Matrix = [[i32; 4]; 3];

/// An operation, on channels from 0 to `0xffff`. Matrices may leave that range.
enum Op {
    SrgbToLight,
    LightToSrgb,
    Matrix(Matrix),
}

/// The operations that each pixel of a plane goes through.
#[derive(Default)]
pub(crate) struct Pipeline(KVec<Op>);

impl Pipeline {
    /// Takes over what a commit wants.
    pub(crate) fn new<'a>(ops: impl Iterator<Item = ActiveOp<'a>>) -> Result<Self> {
        let mut pipeline = KVec::new();
        for op in ops {
            let op = match op {
                ActiveOp::Curve1d(Curve::SrgbEotf) => Op::SrgbToLight,
                ActiveOp::Curve1d(Curve::SrgbInverseEotf) => Op::LightToSrgb,
                ActiveOp::Ctm3x4(ctm) => Op::Matrix(matrix(ctm)),
                _ => return Err(EINVAL),
            };
            pipeline.push(op, GFP_KERNEL)?;
        }
        Ok(Self(pipeline))
    }

    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Changes the pixels of a line.
    pub(crate) fn apply(&self, line: &mut [Pixel]) {
        for pixel in line {
            let mut channels = [pixel.r.into(), pixel.g.into(), pixel.b.into()];
            for op in &self.0 {
                channels = match op {
                    Op::SrgbToLight => channels.map(|value| look_up(&LIGHT, clamp(value)).into()),
                    Op::LightToSrgb => channels.map(|value| look_up(&SRGB, clamp(value)).into()),
                    Op::Matrix(matrix) => multiply(matrix, channels),
                };
            }
            [pixel.r, pixel.g, pixel.b] = channels.map(clamp);
        }
    }
}

#[inline]
fn clamp(value: i64) -> u16 {
    // CAST: The value has been clamped.
    value.clamp(0, 0xffff) as u16
}

fn matrix(ctm: &Ctm3x4) -> Matrix {
    let mut matrix = Matrix::default();
    for (output, row) in matrix.iter_mut().enumerate() {
        for (input, value) in row.iter_mut().enumerate() {
            *value = near(ctm.coefficient(output, input).unwrap_or_default());
        }
    }
    matrix
}

#[inline]
fn multiply(matrix: &Matrix, channels: [i64; 3]) -> [i64; 3] {
    matrix.map(|row| {
        // An offset of 1 is all of a channel, as the UAPI has it; vkms takes it for a 65535th part.
        let mut sum = (1 << 15) + i64::from(row[3]) * 0xffff;
        for (factor, value) in row.into_iter().zip(channels) {
            sum += i64::from(factor) * value;
        }
        // Far outside of what can be shown, and small enough for the next matrix.
        (sum >> 16).clamp(-(1 << 29), 1 << 29)
    })
}

/// The steps between the entries of [`LIGHT`].
const STEPS: usize = 256;

/// The light of sRGB values, of which entry `i` is that of `i / STEPS`.
const LIGHT: [u16; STEPS + 1] = {
    let mut table = [0; STEPS + 1];
    let mut i = 0;
    while i < table.len() {
        table[i] = light(i);
        i += 1;
    }
    table
};

/// The steps between the entries of [`SRGB`], which is steep where there is little light.
const FINE_STEPS: usize = 4096;

/// The values of light, of which entry `i` is that of `i / FINE_STEPS`.
const SRGB: [u16; FINE_STEPS + 1] = {
    let mut table = [0; FINE_STEPS + 1];
    let (mut i, mut index) = (0, 0);
    while i < table.len() {
        // CAST: `usize` is not longer.
        let light = (i * 0xffff / FINE_STEPS) as u64;
        while index + 2 < LIGHT.len() && (LIGHT[index + 1] as u64) < light {
            index += 1;
        }
        // CAST: Widening. The light lies between two entries, and so does the value, which is not
        // above `0xffff`.
        let (low, high) = (LIGHT[index] as u64, LIGHT[index + 1] as u64);
        let part = (index as u64 * (high - low) + (light - low)) * 0xffff;
        let whole = (high - low) * STEPS as u64;
        table[i] = ((part + whole / 2) / whole) as u16;
        i += 1;
    }
    table
};

/// The light of `value / STEPS`, from 0 to `0xffff`, according to IEC 61966-2-1.
const fn light(value: usize) -> u16 {
    const ONE: u64 = 1 << 30;

    // CAST: `usize` is not longer.
    let value = value as u64;
    let steps = STEPS as u64;
    if value * 100_000 <= 4_045 * steps {
        // CAST: At most a thirteenth of the range.
        return ((value * 0xffff * 100 + 646 * steps) / (1_292 * steps)) as u16;
    }

    // The fifth root of the square's square is not above 1.
    let base = (value * 1_000 + 55 * steps) * ONE / (1_055 * steps);
    let square = base * base / ONE;
    let (mut root, mut bit) = (0, ONE);
    while bit != 0 {
        let next = root | bit;
        let fourth = (next * next / ONE) * (next * next / ONE) / ONE;
        if next <= ONE && fourth * next / ONE <= square {
            root = next;
        }
        bit >>= 1;
    }
    // CAST: Neither factor is above 1.
    ((square * root / ONE * 0xffff + ONE / 2) / ONE) as u16
}

#[inline]
fn look_up(table: &[u16], value: u16) -> u16 {
    interpolate(table, value, |entry| *entry)
}

#[cfg(CONFIG_DRM_RVKMS_KUNIT_TEST)]
#[kunit_tests(rvkms_pipeline)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << 16;

    #[test]
    fn curve_is_that_of_the_standard() {
        // Calculated with floating point numbers.
        for (value, expected) in [
            (0, 0),
            (0x0500, 99),
            (0x0a5a, 205),
            (0x4000, 3_334),
            (0x8000, 14_028),
            (0xc000, 34_245),
            (0xffff, 0xffff),
        ] {
            assert!(look_up(&LIGHT, value).abs_diff(expected) <= 3);
        }
    }

    #[test]
    fn curve_can_be_undone() {
        for value in (0..=u16::MAX).step_by(257) {
            let back = look_up(&SRGB, look_up(&LIGHT, value));
            assert!(back.abs_diff(value) <= 24);
        }
        assert_eq!((look_up(&SRGB, 0), look_up(&SRGB, 0xffff)), (0, 0xffff));
    }

    #[test]
    fn operations_come_in_order() -> Result {
        let mut ops = KVec::new();
        // Out of range in between, which is nothing to lose.
        ops.push(
            Op::Matrix([[2 * ONE, 0, 0, 0], [0, ONE, 0, -ONE], [0, 0, ONE, 0]]),
            GFP_KERNEL,
        )?;
        ops.push(
            Op::Matrix([[ONE / 2, 0, 0, 0], [0, ONE, 0, ONE], [ONE, 0, 0, 0]]),
            GFP_KERNEL,
        )?;

        let mut line = [Pixel {
            r: 0xc000,
            g: 0x1234,
            b: 7,
            ..Pixel::BLACK
        }];
        Pipeline(ops).apply(&mut line);
        assert_eq!((line[0].r, line[0].g, line[0].b), (0xc000, 0x1234, 0xffff));
        Ok(())
    }

    #[test]
    fn nothing_changes_without_operations() {
        let mut line = [Pixel::BLACK];
        Pipeline::default().apply(&mut line);
        assert_eq!(line, [Pixel::BLACK]);
        assert!(Pipeline::default().is_empty());
    }
}
