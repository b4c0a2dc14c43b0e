// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Rectangles.
//!
//! C header: [`include/drm/drm_rect.h`](srctree/include/drm/drm_rect.h)

use crate::bindings;

/// A rectangle in whole pixels, of which the right and the bottom edge are not part.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::rect::Rect;
///
/// let screen = Rect::new(0, 0, 1024, 768);
/// let cursor = Rect::new(1000, -16, 64, 64);
///
/// assert_eq!(screen.intersection(&cursor), Some(Rect::new(1000, 0, 24, 48)));
/// assert_eq!(screen.intersection(&Rect::new(1024, 0, 1, 1)), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// The left edge.
    pub x1: i32,
    /// The upper edge.
    pub y1: i32,
    /// Where the first pixel right of the rectangle is.
    pub x2: i32,
    /// Where the first pixel below the rectangle is.
    pub y2: i32,
}

impl Rect {
    /// Creates a rectangle from its upper left corner and its size.
    ///
    /// Edges that are out of range saturate.
    #[inline]
    pub const fn new(x: i32, y: i32, width: u32, height: u32) -> Self {
        Self {
            x1: x,
            y1: y,
            x2: x.saturating_add_unsigned(width),
            y2: y.saturating_add_unsigned(height),
        }
    }

    /// The width in pixels, 0 for an empty rectangle.
    #[inline]
    pub const fn width(&self) -> u32 {
        if self.x2 > self.x1 {
            self.x2.abs_diff(self.x1)
        } else {
            0
        }
    }

    /// The height in pixels, 0 for an empty rectangle.
    #[inline]
    pub const fn height(&self) -> u32 {
        if self.y2 > self.y1 {
            self.y2.abs_diff(self.y1)
        } else {
            0
        }
    }

    /// Whether the rectangle has no pixels.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    /// The pixels that both rectangles have, if there are any.
    #[inline]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let both = Self {
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
            x2: self.x2.min(other.x2),
            y2: self.y2.min(other.y2),
        };

        (!both.is_empty()).then_some(both)
    }
}

impl From<bindings::drm_rect> for Rect {
    #[inline]
    fn from(rect: bindings::drm_rect) -> Self {
        Self {
            x1: rect.x1,
            y1: rect.y1,
            x2: rect.x2,
            y2: rect.y2,
        }
    }
}

/// A rectangle in 16.16 fixed point, as used for the source of a plane.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::rect::{FixedRect, Rect};
///
/// let source = FixedRect { x1: 0x1_8000, y1: 0, x2: 0x3_8000, y2: 0x1_0000 };
///
/// assert!(!source.is_whole());
/// assert_eq!(source.whole_pixels(), Rect::new(1, 0, 2, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedRect {
    /// The left edge.
    pub x1: i32,
    /// The upper edge.
    pub y1: i32,
    /// The right edge.
    pub x2: i32,
    /// The lower edge.
    pub y2: i32,
}

impl FixedRect {
    /// The upper left corner and the size, each rounded down to whole pixels.
    #[inline]
    pub const fn whole_pixels(&self) -> Rect {
        let width = (self.x2.wrapping_sub(self.x1)) >> 16;
        let height = (self.y2.wrapping_sub(self.y1)) >> 16;

        Rect {
            x1: self.x1 >> 16,
            y1: self.y1 >> 16,
            x2: (self.x1 >> 16) + width,
            y2: (self.y1 >> 16) + height,
        }
    }

    /// Whether all edges are at whole pixels.
    #[inline]
    pub const fn is_whole(&self) -> bool {
        (self.x1 | self.y1 | self.x2 | self.y2) & 0xffff == 0
    }
}

impl From<bindings::drm_rect> for FixedRect {
    #[inline]
    fn from(rect: bindings::drm_rect) -> Self {
        Self {
            x1: rect.x1,
            y1: rect.y1,
            x2: rect.x2,
            y2: rect.y2,
        }
    }
}
