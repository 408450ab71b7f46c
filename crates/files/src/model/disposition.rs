//! How a file's bytes are offered to browsers: `Content-Type` and `Content-Disposition`.
//!
//! What users uploaded must never run in the campus's origin: only what cannot hold a script is shown in place.

use api::disposition::{attachment, inline};

/// What stands for bytes nobody named a type for.
pub const UNKNOWN: &str = "application/octet-stream";

/// `Content-Disposition` of a file.
#[must_use]
pub fn disposition(media_type: &str, name: &str) -> String {
    if shown_in_place(media_type) { inline(name) } else { attachment(name) }
}

/// Raster images, audio, video and plain text are shown; all else is saved. SVG runs scripts and is no raster image.
#[must_use]
pub fn shown_in_place(media_type: &str) -> bool {
    let essence = essence(media_type);
    match essence.split_once('/') {
        Some(("audio" | "video", _)) => true,
        Some(("image", format)) => matches!(
            format,
            "png"
                | "jpeg"
                | "gif"
                | "webp"
                | "avif"
                | "bmp"
                | "x-icon"
                | "vnd.microsoft.icon"
                | "heic"
                | "heif"
                | "tiff"
        ),
        _ => essence == "text/plain",
    }
}

/// A media type without its parameters, in lower case.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// `Content-Type` of a file: plain text says that it is UTF-8 unless the uploader said otherwise.
#[must_use]
pub fn content_type(media_type: &str) -> String {
    if media_type == "text/plain" { "text/plain; charset=utf-8".to_owned() } else { media_type.to_owned() }
}

/// Whether a text is `type/subtype`, with parameters or without, and fits a header.
#[must_use]
pub fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    text.len() <= 127
        && parameters.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && essence.trim().split_once('/').is_some_and(|(kind, format)| is_token(kind) && is_token(format))
}

/// The media type a name's ending stands for; [`UNKNOWN`] if none.
#[must_use]
pub fn guess(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "txt" | "log" | "md" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "tar" => "application/x-tar",
        "7z" => "application/x-7z-compressed",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mkv" => "video/x-matroska",
        "ogv" => "video/ogg",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "wav" => "audio/wav",
        "ogg" | "oga" => "audio/ogg",
        "flac" => "audio/flac",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_run_is_shown() {
        for (media_type, shown) in [
            ("image/png", true),
            ("IMAGE/PNG", true),
            ("image/svg+xml", false),
            ("text/plain; charset=utf-8", true),
            ("text/html", false),
            ("application/xhtml+xml", false),
            ("application/pdf", false),
            ("audio/mpeg", true),
            ("video/webm", true),
            ("", false),
        ] {
            assert_eq!(shown_in_place(media_type), shown, "{media_type}");
            let way = if shown { "inline" } else { "attachment" };
            assert_eq!(disposition(media_type, "a"), format!("{way}; filename=\"a\""));
        }
    }

    #[test]
    fn media_types_are_tokens() {
        for good in ["text/plain", "text/plain; charset=utf-8", "application/vnd.oasis.opendocument.text"] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in ["", "text", "text/", "/x", "te xt/plain", "text/pl\nain", "text/plain;\r\nX: y", "tëxt/plain"] {
            assert!(!is_media_type(bad), "{bad:?}");
        }
        assert_eq!(guess("Clase.MP4"), "video/mp4");
        assert_eq!(guess("noend"), UNKNOWN);
    }
}
