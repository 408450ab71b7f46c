//! Small pictures of images: at most [`SIDE`] pixels a side, as a player of lists wants them.
//!
//! What is decoded was uploaded by anybody: its size is read from its header and held against limits before any pixel is.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::error::LimitError;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

/// The longest side of a thumbnail, in pixels.
pub const SIDE: u32 = 320;
/// Largest file that is decoded.
pub const MAX_BYTES: u64 = 32 << 20;
/// Most pixels that are decoded: what good cameras make.
pub const MAX_PIXELS: u64 = 40_000_000;
/// Most memory for the pixels: four bytes each.
const MAX_DECODED: u64 = MAX_PIXELS * 4;
/// Of JPEG: of a hundred.
const QUALITY: u8 = 80;

/// Why there is no thumbnail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadImage {
    /// More bytes or pixels than are decoded.
    #[error("at most {} MiB and {} million pixels are decoded", MAX_BYTES >> 20, MAX_PIXELS / 1_000_000)]
    TooLarge,
    /// It is not what its type says, or ends early.
    #[error("{0}")]
    Damaged(String),
}

impl From<ImageError> for BadImage {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<LimitError> for BadImage {
    fn from(_: LimitError) -> Self {
        Self::TooLarge
    }
}

/// Whether files of this media type have thumbnails.
#[must_use]
pub fn has_one(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

/// The media type of a thumbnail that [`make`] made.
#[must_use]
pub fn media_type(thumbnail: &[u8]) -> &'static str {
    if thumbnail.starts_with(b"RIFF") { "image/webp" } else { "image/jpeg" }
}

/// Makes a thumbnail: JPEG, or WebP where something shines through. It takes the time that decoding takes, and up to
/// about 200 MB.
///
/// # Errors
/// [`BadImage`].
pub fn make(bytes: &[u8]) -> Result<Vec<u8>, BadImage> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(BadImage::TooLarge);
    }
    let damaged = |error: std::io::Error| BadImage::Damaged(error.to_string());
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(damaged)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED + (16 << 20));
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_DECODED {
        return Err(BadImage::TooLarge);
    }
    let orientation = decoder.orientation()?;
    let whole = DynamicImage::from_decoder(decoder)?;
    let mut small = if width > SIDE || height > SIDE { whole.thumbnail(SIDE, SIDE) } else { whole };
    small.apply_orientation(orientation);
    let small = small.into_rgba8();
    let shines_through = small.pixels().any(|pixel| pixel.0[3] < u8::MAX);
    let small = DynamicImage::from(small);
    let mut out = Vec::new();
    if shines_through {
        small.write_with_encoder(WebPEncoder::new_lossless(&mut out))?;
    } else {
        JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&small.into_rgb8())?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgba, RgbaImage};
    use proptest::prelude::*;

    use super::*;

    fn picture(width: u32, height: u32, alpha: u8) -> DynamicImage {
        RgbaImage::from_fn(width, height, |x, y| {
            Rgba([u8::from(x * 2 > width) * 255, u8::from(y * 2 > height) * 255, 9, alpha])
        })
        .into()
    }

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image.write_to(&mut out, format).expect("encodes");
        out.into_inner()
    }

    fn decoded(thumbnail: &[u8]) -> DynamicImage {
        image::load_from_memory(thumbnail).expect("decodes")
    }

    #[test]
    fn sides_and_formats() {
        for (format, name) in [(ImageFormat::Png, "png"), (ImageFormat::Gif, "gif"), (ImageFormat::WebP, "webp")] {
            let made = make(&encoded(&picture(640, 480, 255), format)).expect("makes");
            assert_eq!(media_type(&made), "image/jpeg", "{name}");
            let small = decoded(&made);
            assert_eq!((small.width(), small.height()), (320, 240), "{name}");
            let corner = small.to_rgb8().get_pixel(310, 230).0;
            assert!(corner[0] > 230 && corner[1] > 230 && corner[2] < 40, "{name} {corner:?}");
        }
        let jpeg = DynamicImage::from(picture(100, 1000, 255).to_rgb8());
        let small = decoded(&make(&encoded(&jpeg, ImageFormat::Jpeg)).expect("makes"));
        assert_eq!((small.width(), small.height()), (32, 320));
        let glass = make(&encoded(&picture(10, 20, 100), ImageFormat::Png)).expect("makes");
        assert_eq!((media_type(&glass), decoded(&glass).width()), ("image/webp", 10), "nothing is made larger");
        assert_eq!(decoded(&glass).to_rgba8().get_pixel(0, 0).0[3], 100);
    }

    /// A PNG that says it has so many pixels, and has none.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let chunk = |kind: &[u8], content: &[u8]| {
            let length = u32::try_from(content.len()).expect("small").to_be_bytes();
            let checked = [kind, content].concat();
            [length.as_slice(), &checked, &crc32fast::hash(&checked).to_be_bytes()].concat()
        };
        let header = [&width.to_be_bytes(), &height.to_be_bytes(), [8, 6, 0, 0, 0].as_slice()].concat();
        [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &chunk(b"IDAT", b"\x78\x9c"), &chunk(b"IEND", b"")]
            .concat()
    }

    #[test]
    fn bombs_and_damage() {
        for (width, height) in [(30_000, 30_000), (u32::MAX >> 1, 1), (7_000, 6_000)] {
            assert_eq!(make(&bomb(width, height)), Err(BadImage::TooLarge), "{width} × {height}");
        }
        assert_eq!(make(&vec![0; (32 << 20) + 1]), Err(BadImage::TooLarge));
        let good = encoded(&picture(50, 50, 255), ImageFormat::Png);
        for bad in [&[][..], b"no image", &good[..60], &bomb(5, 5)] {
            assert!(matches!(make(bad), Err(BadImage::Damaged(_))), "{:?}", make(bad));
        }
    }

    #[test]
    fn only_these_types() {
        for (media_type, wanted) in [
            ("image/png", true),
            ("IMAGE/JPEG; q=1", true),
            ("image/svg+xml", false),
            ("video/mp4", false),
            ("", false),
        ] {
            assert_eq!(has_one(media_type), wanted, "{media_type}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damage_is_no_panic(hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5), which in 0_usize..4) {
            let formats = [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Jpeg];
            let image = DynamicImage::from(picture(9, 9, 255).to_rgb8());
            let mut bytes = encoded(&image, formats[which]);
            for (at, byte) in hits {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = make(&bytes);
        }
    }
}
