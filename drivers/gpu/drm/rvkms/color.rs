// SPDX-License-Identifier: GPL-2.0

//! What happens to colours after blending.
//!
//! This does not know where the tables come from, so that it can be tested without a device.

use crate::formats::Pixel;
use kernel::{
    drm::kms::{
        color::{
            ColorManagement,
            Ctm,
            LutEntry, //
        },
        crtc::{
            CrtcState,
            DriverCrtc, //
        },
    },
    prelude::*, //
};

/// What our CRTCs can do.
pub(crate) const MANAGEMENT: ColorManagement = ColorManagement {
    degamma: 256,
    ctm: true,
    gamma: 256,
};

/// A table for each channel, with values from 0 to `0xffff`.
type Lut = KVec<LutEntry>;

/// Rows of the output channels, with values in 16.16 fixed point.
type Matrix = [[i32; 3]; 3];

/// The steps that each pixel goes through.
#[derive(Default)]
pub(crate) struct Color {
    degamma: Option<Lut>,
    matrix: Option<Matrix>,
    gamma: Option<Lut>,
}

impl Color {
    /// What a state says.
    pub(crate) fn of<T: DriverCrtc>(state: &CrtcState<T>) -> Result<Self> {
        let copy = |lut: Option<&[LutEntry]>| -> Result<Option<Lut>> {
            let Some(lut) = lut else { return Ok(None) };
            let mut copy = KVec::with_capacity(lut.len(), GFP_KERNEL)?;
            copy.extend_from_slice(lut, GFP_KERNEL)?;
            Ok(Some(copy))
        };

        Ok(Self {
            degamma: copy(state.degamma_lut())?,
            matrix: state.ctm().map(matrix),
            gamma: copy(state.gamma_lut())?,
        })
    }

    /// Changes the pixels of a line.
    pub(crate) fn apply(&self, line: &mut [Pixel]) {
        if let Some(lut) = &self.degamma {
            line.iter_mut().for_each(|pixel| look_up(lut, pixel));
        }
        if let Some(matrix) = &self.matrix {
            line.iter_mut().for_each(|pixel| multiply(matrix, pixel));
        }
        if let Some(lut) = &self.gamma {
            line.iter_mut().for_each(|pixel| look_up(lut, pixel));
        }
    }
}

fn matrix(ctm: &Ctm) -> Matrix {
    let mut matrix = Matrix::default();
    for (output, row) in matrix.iter_mut().enumerate() {
        for (input, value) in row.iter_mut().enumerate() {
            *value = near(ctm.coefficient(output, input).unwrap_or_default());
        }
    }
    matrix
}

/// Rounds and clamps a number in 32.32 fixed point to 16.16.
pub(crate) fn near(exact: i64) -> i32 {
    let near = exact.saturating_add(1 << 15) >> 16;
    // CAST: The value has been clamped.
    near.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

#[inline]
fn multiply(matrix: &Matrix, pixel: &mut Pixel) {
    let channel = |row: &[i32; 3]| {
        let mut sum = 1 << 15;
        for (value, factor) in [pixel.r, pixel.g, pixel.b].into_iter().zip(row) {
            sum += i64::from(value) * i64::from(*factor);
        }
        // CAST: The value has been clamped.
        (sum >> 16).clamp(0, 0xffff) as u16
    };
    (pixel.r, pixel.g, pixel.b) = (
        channel(&matrix[0]),
        channel(&matrix[1]),
        channel(&matrix[2]),
    );
}

#[inline]
fn look_up(lut: &[LutEntry], pixel: &mut Pixel) {
    pixel.r = interpolate(lut, pixel.r, LutEntry::red);
    pixel.g = interpolate(lut, pixel.g, LutEntry::green);
    pixel.b = interpolate(lut, pixel.b, LutEntry::blue);
}

/// The value of a channel in a table with equidistant entries, between its two nearest ones.
#[inline]
pub(crate) fn interpolate<T>(lut: &[T], value: u16, channel: impl Fn(&T) -> u16) -> u16 {
    let Some((last, _)) = lut.split_last() else {
        return value;
    };
    // CAST: `usize` has 32 bits, and a table has far less entries than there are values.
    let at = u32::from(value) * (lut.len() - 1) as u32;
    let (index, rest) = ((at / 0xffff) as usize, at % 0xffff);

    let low = u32::from(channel(lut.get(index).unwrap_or(last)));
    let high = u32::from(channel(lut.get(index + 1).unwrap_or(last)));
    // CAST: The value lies between two values of 16 bits.
    ((low * (0xffff - rest) + high * rest + 0x7fff) / 0xffff) as u16
}

#[cfg(CONFIG_DRM_RVKMS_KUNIT_TEST)]
#[kunit_tests(rvkms_color)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << 16;

    fn pixel(r: u16, g: u16, b: u16) -> Pixel {
        Pixel {
            r,
            g,
            b,
            ..Pixel::BLACK
        }
    }

    #[test]
    fn nothing_changes_without_tables() {
        let mut line = [pixel(1, 2, 3)];
        Color::default().apply(&mut line);
        assert_eq!(line, [pixel(1, 2, 3)]);
    }

    #[test]
    fn tables_are_interpolated() {
        let lut = [
            LutEntry::new(0, 0xffff, 0),
            LutEntry::new(0x8000, 0x8000, 0),
            LutEntry::new(0xffff, 0, 0),
        ];
        for (value, expected) in [(0, 0), (0x4000, 0x4000), (0x8000, 0x8000), (0xffff, 0xffff)] {
            let mut changed = pixel(value, value, value);
            look_up(&lut, &mut changed);
            assert!(changed.r.abs_diff(expected) <= 1);
            assert!(changed.g.abs_diff(0xffff - expected) <= 1);
            assert_eq!(changed.b, 0);
        }
        assert_eq!(interpolate(&[], 7, LutEntry::red), 7);
        assert_eq!(interpolate(&lut[..1], 7, LutEntry::green), 0xffff);
    }

    #[test]
    fn matrix_is_multiplied_and_clamped() {
        let exchange = [[0, 0, ONE], [0, ONE, 0], [ONE, 0, 0]];
        let mut changed = pixel(1, 2, 3);
        multiply(&exchange, &mut changed);
        assert_eq!(changed, pixel(3, 2, 1));

        let extreme = [[2 * ONE, 0, 0], [-ONE, 0, 0], [ONE / 2, ONE / 2, 0]];
        let mut changed = pixel(0xc000, 0x4000, 0);
        multiply(&extreme, &mut changed);
        assert_eq!(changed, pixel(0xffff, 0, 0x8000));
    }

    #[test]
    fn steps_come_in_order() -> Result {
        let mut invert = KVec::new();
        invert.push(LutEntry::new(0xffff, 0xffff, 0xffff), GFP_KERNEL)?;
        invert.push(LutEntry::new(0, 0, 0), GFP_KERNEL)?;
        let color = Color {
            degamma: Some(invert),
            matrix: Some([[ONE / 2, 0, 0], [0, ONE, 0], [0, 0, ONE]]),
            gamma: None,
        };

        let mut line = [pixel(0, 0, 0xffff)];
        color.apply(&mut line);
        assert_eq!(line, [pixel(0x8000, 0xffff, 0)]);
        Ok(())
    }
}
