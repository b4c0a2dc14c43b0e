// SPDX-License-Identifier: GPL-2.0

//! Pixels with luma and chroma.
//!
//! This does not know where the bytes come from, so that it can be tested without a device.

use crate::formats::Pixel;
use kernel::{
    drm::kms::yuv::{
        ColorEncoding,
        ColorRange,
        YuvColors, //
    },
    prelude::*, //
};

/// What user space can say of luma and chroma.
pub(crate) const COLORS: YuvColors<'static> = YuvColors {
    encodings: &[
        ColorEncoding::Bt601,
        ColorEncoding::Bt709,
        ColorEncoding::Bt2020,
    ],
    ranges: &[ColorRange::Full, ColorRange::Limited],
};

/// A format with a plane of luma, and one of chroma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nv {
    /// How many columns share a value of chroma.
    pub(crate) columns: usize,
    /// How many lines share a value of chroma.
    pub(crate) lines: usize,
    /// Whether Cr comes before Cb.
    pub(crate) swap: bool,
}

impl Nv {
    /// Converts lines or columns of luma and chroma to pixels. The first one is the pixel `begin`
    /// of the framebuffer, and the chroma begins with that of this pixel. `share` pixels have the
    /// same chroma.
    pub(crate) fn read_line(
        self,
        yuv: &Yuv,
        begin: usize,
        share: usize,
        luma: &[u8],
        chroma: &[u8],
        pixels: &mut [Pixel],
    ) {
        for (i, (y, pixel)) in luma.iter().zip(pixels).enumerate() {
            let at = ((begin + i) / share - begin / share) * 2;
            let Some(&[first, second]) = chroma.get(at..at + 2) else {
                return;
            };
            let (cb, cr) = if self.swap {
                (second, first)
            } else {
                (first, second)
            };
            *pixel = yuv.to_rgb(*y, cb, cr);
        }
    }
}

/// How to make colours of luma and chroma with 8 bits: factors in 16.16 fixed point, for channels
/// with 16 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Yuv {
    black: i64,
    luma: i64,
    cr_in_red: i64,
    cb_in_green: i64,
    cr_in_green: i64,
    cb_in_blue: i64,
}

impl Yuv {
    const BT601: [Self; 2] = Self::both(2_990, 1_140);
    const BT709: [Self; 2] = Self::both(2_126, 722);
    const BT2020: [Self; 2] = Self::both(2_627, 593);

    /// What a plane's properties say.
    pub(crate) fn new(encoding: ColorEncoding, range: ColorRange) -> Self {
        let [limited, full] = match encoding {
            ColorEncoding::Bt601 => Self::BT601,
            ColorEncoding::Bt709 => Self::BT709,
            ColorEncoding::Bt2020 => Self::BT2020,
        };
        match range {
            ColorRange::Limited => limited,
            ColorRange::Full => full,
        }
    }

    /// For both ranges, of the weights of red and blue in luma, in parts of 10000.
    const fn both(red: i64, blue: i64) -> [Self; 2] {
        [
            Self::calculate(red, blue, 16, 219, 224),
            Self::calculate(red, blue, 0, 255, 255),
        ]
    }

    /// `luma` and `chroma` are the widths of the ranges that stand for all of a channel.
    const fn calculate(red: i64, blue: i64, black: i64, luma: i64, chroma: i64) -> Self {
        const ONE: i64 = 10_000;
        const ALL: i64 = 0xffff << 16;

        let green = ONE - red - blue;
        Self {
            black,
            luma: divide(ALL, luma),
            cr_in_red: divide(2 * (ONE - red) * ALL, ONE * chroma),
            cb_in_green: divide(2 * blue * (ONE - blue) * ALL, green * ONE * chroma),
            cr_in_green: divide(2 * red * (ONE - red) * ALL, green * ONE * chroma),
            cb_in_blue: divide(2 * (ONE - blue) * ALL, ONE * chroma),
        }
    }

    /// The colours of a pixel.
    #[inline]
    fn to_rgb(self, y: u8, cb: u8, cr: u8) -> Pixel {
        let y = (i64::from(y) - self.black) * self.luma;
        let (cb, cr) = (i64::from(cb) - 128, i64::from(cr) - 128);
        // CAST: The value has been clamped to 16 bits.
        let channel = |value: i64| ((value + 0x8000) >> 16).clamp(0, 0xffff) as u16;

        Pixel::opaque(
            channel(y + self.cr_in_red * cr),
            channel(y - self.cb_in_green * cb - self.cr_in_green * cr),
            channel(y + self.cb_in_blue * cb),
        )
    }
}

/// The quotient of positive numbers, rounded.
const fn divide(dividend: i64, divisor: i64) -> i64 {
    (dividend + divisor / 2) / divisor
}

#[cfg(CONFIG_DRM_RVKMS_KUNIT_TEST)]
#[kunit_tests(rvkms_yuv)]
mod tests {
    use super::*;

    const WHITE: Pixel = Pixel::opaque(u16::MAX, u16::MAX, u16::MAX);
    const RED: Pixel = Pixel::opaque(u16::MAX, 0, 0);
    const GREEN: Pixel = Pixel::opaque(0, u16::MAX, 0);
    const BLUE: Pixel = Pixel::opaque(0, 0, u16::MAX);

    #[test]
    fn colours_are_those_of_the_standards() {
        use ColorEncoding::*;
        use ColorRange::*;

        // Calculated with floating point numbers.
        for (encoding, range, [y, cb, cr], expected) in [
            (Bt601, Limited, [16, 128, 128], Pixel::BLACK),
            (Bt601, Limited, [235, 128, 128], WHITE),
            (Bt601, Limited, [81, 90, 240], RED),
            (Bt601, Limited, [145, 54, 34], GREEN),
            (Bt601, Limited, [41, 240, 110], BLUE),
            (Bt601, Full, [0, 128, 128], Pixel::BLACK),
            (Bt601, Full, [255, 128, 128], WHITE),
            (Bt601, Full, [76, 85, 255], RED),
            (Bt709, Limited, [63, 102, 240], RED),
            (Bt709, Full, [54, 99, 255], RED),
            (Bt709, Full, [18, 255, 116], BLUE),
            (Bt2020, Limited, [74, 97, 240], RED),
            (Bt2020, Full, [67, 92, 255], RED),
            (Bt2020, Full, [173, 36, 11], GREEN),
        ] {
            let p = Yuv::new(encoding, range).to_rgb(y, cb, cr);
            // As near as numbers of 8 bits can be.
            let near = |a: u16, b: u16| a.abs_diff(b) < 0x180;
            assert!(near(p.r, expected.r) && near(p.g, expected.g) && near(p.b, expected.b));
        }
    }

    #[test]
    fn neighbours_share_chroma() {
        let nv12 = Nv {
            columns: 2,
            lines: 2,
            swap: false,
        };
        let yuv = Yuv::new(ColorEncoding::Bt601, ColorRange::Limited);
        let mut line = [Pixel::default(); 3];

        // Column 1 has chroma of its own, as it is the last one of its pair.
        nv12.read_line(&yuv, 1, 2, &[81, 41, 41], &[90, 240, 240, 110], &mut line);
        assert_eq!(line[0], yuv.to_rgb(81, 90, 240));
        assert_eq!(line[1], yuv.to_rgb(41, 240, 110));
        assert_eq!(line[2], line[1]);
    }
}
