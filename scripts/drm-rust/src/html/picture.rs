// SPDX-License-Identifier: GPL-2.0-only

//! A picture, inside the page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Missing, Part};

/// A PNG file begins with this, and with the length and the name of its first chunk.
const HEAD: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// A PNG picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its address, which is its content.
    pub uri: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// Takes the content of a PNG file.
pub fn of(png: &[u8]) -> Part<Picture> {
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    let size = number(HEAD.len()).zip(number(HEAD.len() + 4)).filter(|_| png.starts_with(HEAD));
    let Some((width, height)) = size else {
        return Err(Missing::new("build/demo/frame.png is no PNG picture.", "`make demo` draws it again"));
    };
    Ok(Picture { uri: format!("data:image/png;base64,{}", STANDARD.encode(png)), width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_knows_its_size() {
        let png = [HEAD, &[0, 0, 4, 0, 0, 0, 3, 0]].concat();
        let picture = of(&png).unwrap();
        assert_eq!((picture.width, picture.height), (1024, 768));
        assert!(picture.uri.starts_with("data:image/png;base64,iVBORw0KGgo"));
        assert!(of(b"GIF89a").is_err() && of(HEAD).is_err());
    }
}
