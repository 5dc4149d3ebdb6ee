//! Which format a file has, by its first bytes: what it is called proves nothing.

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO/IEC 10918.
    Jpeg,
    /// W3C's Portable Network Graphics, animated ones too.
    Png,
    /// One that is not decoded here, by its name.
    Other(&'static str),
}

/// First bytes, where they lie, and what they say.
const MAGIC: [(usize, &[u8], Format); 13] = [
    (0, b"\xff\xd8\xff", Format::Jpeg),
    (0, b"\x89PNG\r\n\x1a\n", Format::Png),
    (0, b"GIF8", Format::Other("GIF")),
    (8, b"WEBP", Format::Other("WebP")),
    (0, b"BM", Format::Other("BMP")),
    (0, b"II*\0", Format::Other("TIFF")),
    (0, b"MM\0*", Format::Other("TIFF")),
    (4, b"ftypavif", Format::Other("AVIF")),
    (4, b"ftypheic", Format::Other("HEIF")),
    (4, b"ftypmif1", Format::Other("HEIF")),
    (0, b"\0\0\0\x0cJXL ", Format::Other("JPEG XL")),
    (0, b"\xff\x0a", Format::Other("JPEG XL")),
    (0, b"<svg", Format::Other("SVG")),
];

impl Format {
    /// The format of a file that begins so.
    pub fn of(bytes: &[u8]) -> Option<Format> {
        let begins = |&&(at, magic, _): &&(usize, &[u8], Format)| bytes.get(at..at + magic.len()) == Some(magic);
        MAGIC.iter().find(begins).map(|&(_, _, format)| format)
    }
}
