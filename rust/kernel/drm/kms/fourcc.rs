// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Pixel formats.
//!
//! C header: [`include/drm/drm_fourcc.h`](srctree/include/drm/drm_fourcc.h)
//!
//! Of the format modifiers, only [`Modifier::LINEAR`] has a name here.

use crate::{
    bindings,
    fmt,
    types::Opaque, //
};

/// The code of a pixel format, `DRM_FORMAT_*` in C.
///
/// Components are named from the most significant bits on, as in C: `XRGB8888` has blue in the byte
/// with the lowest address.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::fourcc::FourCc;
///
/// assert_eq!(FourCc::XRGB8888, FourCc::new(*b"XR24"));
/// assert_eq!(FourCc::XRGB8888.code(), 0x34325258);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct FourCc(u32);

impl FourCc {
    /// Creates a code from its four characters.
    #[inline]
    pub const fn new(code: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(code))
    }

    /// Creates a code from its number.
    #[inline]
    pub const fn from_code(code: u32) -> Self {
        Self(code)
    }

    /// The number of the code.
    #[inline]
    pub const fn code(self) -> u32 {
        self.0
    }

    /// 32 bits a pixel, 8 of them unused.
    pub const XRGB8888: Self = Self::new(*b"XR24");
    /// Like [`Self::XRGB8888`] with red and blue exchanged.
    pub const XBGR8888: Self = Self::new(*b"XB24");
    /// 32 bits a pixel, with alpha.
    pub const ARGB8888: Self = Self::new(*b"AR24");
    /// Like [`Self::ARGB8888`] with red and blue exchanged.
    pub const ABGR8888: Self = Self::new(*b"AB24");
    /// 32 bits a pixel, with alpha in the lowest bits.
    pub const RGBA8888: Self = Self::new(*b"RA24");
    /// Like [`Self::RGBA8888`] with red and blue exchanged.
    pub const BGRA8888: Self = Self::new(*b"BA24");
    /// 24 bits a pixel.
    pub const RGB888: Self = Self::new(*b"RG24");
    /// Like [`Self::RGB888`] with red and blue exchanged.
    pub const BGR888: Self = Self::new(*b"BG24");
    /// 16 bits a pixel.
    pub const RGB565: Self = Self::new(*b"RG16");
    /// Like [`Self::RGB565`] with red and blue exchanged.
    pub const BGR565: Self = Self::new(*b"BG16");
    /// 64 bits a pixel, 16 of them unused.
    pub const XRGB16161616: Self = Self::new(*b"XR48");
    /// Like [`Self::XRGB16161616`] with red and blue exchanged.
    pub const XBGR16161616: Self = Self::new(*b"XB48");
    /// 64 bits a pixel, with alpha.
    pub const ARGB16161616: Self = Self::new(*b"AR48");
    /// Like [`Self::ARGB16161616`] with red and blue exchanged.
    pub const ABGR16161616: Self = Self::new(*b"AB48");
    /// A plane of luma, and one of chroma in half the width and height, with Cb first.
    pub const NV12: Self = Self::new(*b"NV12");
    /// Like [`Self::NV12`], with Cr first.
    pub const NV21: Self = Self::new(*b"NV21");
    /// A plane of luma, and one of chroma in half the width, with Cb first.
    pub const NV16: Self = Self::new(*b"NV16");
    /// Like [`Self::NV16`], with Cr first.
    pub const NV61: Self = Self::new(*b"NV61");
    /// A plane of luma, and one of chroma, with Cb first.
    pub const NV24: Self = Self::new(*b"NV24");
    /// Like [`Self::NV24`], with Cr first.
    pub const NV42: Self = Self::new(*b"NV42");
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_le_bytes() {
            write!(f, "{}", c.escape_ascii())?;
        }
        Ok(())
    }
}

/// How the pixels of a format are arranged in memory, `DRM_FORMAT_MOD_*` in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Modifier(u64);

impl Modifier {
    /// Line by line.
    pub const LINEAR: Self = Self(0);

    /// What ends a list of modifiers in C.
    pub(super) const INVALID: Self = Self(0x00ff_ffff_ffff_ffff);

    /// Creates a modifier from its number.
    #[inline]
    pub const fn from_code(code: u64) -> Self {
        Self(code)
    }

    /// The number of the modifier.
    #[inline]
    pub const fn code(self) -> u64 {
        self.0
    }
}

/// What DRM knows about a pixel format.
///
/// # Invariants
///
/// The `struct drm_format_info` is valid and does not change.
///
/// # Examples
///
/// ```
/// use kernel::drm::kms::fourcc::{FormatInfo, FourCc};
///
/// let info = FormatInfo::of(FourCc::RGB565).unwrap();
/// assert_eq!(info.planes(), 1);
/// assert_eq!(info.min_pitch(0, 1024), Some(2048));
/// assert!(!info.has_alpha());
///
/// assert!(FormatInfo::of(FourCc::new(*b"?!?!")).is_none());
/// ```
#[repr(transparent)]
pub struct FormatInfo(Opaque<bindings::drm_format_info>);

// SAFETY: By the type invariants, nothing changes behind a shared reference.
unsafe impl Send for FormatInfo {}
// SAFETY: As above.
unsafe impl Sync for FormatInfo {}

impl FormatInfo {
    /// What DRM knows about `format`, if it knows the format at all.
    // `__drm_format_info()` is not exported.
    #[inline(never)]
    pub fn of(format: FourCc) -> Option<&'static Self> {
        // SAFETY: The function may be called with any number.
        let info = unsafe { bindings::__drm_format_info(format.code()) };

        // SAFETY: A pointer that is not null is one to an entry of a constant table.
        unsafe { info.cast::<Self>().as_ref() }
    }

    /// # Safety
    ///
    /// `info` must be a valid pointer to a `struct drm_format_info` that does not change during
    /// `'a`.
    pub(super) unsafe fn from_raw<'a>(info: *const bindings::drm_format_info) -> &'a Self {
        // SAFETY: By the safety requirements.
        unsafe { &*info.cast() }
    }

    #[inline]
    fn raw(&self) -> &bindings::drm_format_info {
        // SAFETY: By the type invariants, it is valid and does not change.
        unsafe { &*self.0.get() }
    }

    /// The format's code.
    #[inline]
    pub fn format(&self) -> FourCc {
        FourCc(self.raw().format)
    }

    /// The number of colour planes.
    #[inline]
    pub fn planes(&self) -> usize {
        self.raw().num_planes.into()
    }

    /// Whether pixels have alpha.
    #[inline]
    pub fn has_alpha(&self) -> bool {
        self.raw().has_alpha
    }

    /// Whether colours are luma and chroma.
    #[inline]
    pub fn is_yuv(&self) -> bool {
        self.raw().is_yuv
    }

    /// The bytes that a line of `width` pixels takes at least in colour plane `plane`.
    #[inline]
    pub fn min_pitch(&self, plane: usize, width: u32) -> Option<u64> {
        if plane >= self.planes() {
            return None;
        }

        // SAFETY: `self.0` is valid, and the plane exists. CAST: There are 4 planes at most.
        Some(unsafe { bindings::drm_format_info_min_pitch(self.0.get(), plane as i32, width) })
    }
}
