//! Numbers as most tables have them: a sign, a few digits, a point among them.
//!
//! Whole numbers up to 2²⁴ and powers of ten up to 10¹⁰ are float32, those up to 2⁵³ and 10²² are float64, and a division of two
//! such numbers rounds once: it is the nearest one (Clinger, How to read floating point numbers accurately, 1990). Whatever is
//! longer, or written otherwise, goes to `fast_float2`.

const TENS_32: [f32; 8] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7];
const TENS_64: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// `±digits / 10^decimals`.
struct Short {
    negative: bool,
    digits: u64,
    /// How many they are.
    count: usize,
    decimals: usize,
}

/// At most 15 digits, and nothing else.
fn short(text: &[u8]) -> Option<Short> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    let mut digits = 0_u64;
    let mut point = None;
    for (at, &byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return None;
        }
    }
    let count = text.len() - usize::from(point.is_some());
    let decimals = point.map_or(0, |at| text.len() - 1 - at);
    (1..=15).contains(&count).then_some(Short { negative, digits, count, decimals })
}

/// A finite number.
pub fn float32(field: &[u8]) -> Option<f32> {
    if let Some(Short { negative, digits, count: ..=7, decimals }) = short(field) {
        let value = digits as f32 / TENS_32[decimals];
        return Some(if negative { -value } else { value });
    }
    fast_float2::parse::<f32, _>(field.trim_ascii()).ok().filter(|value| value.is_finite())
}

/// A finite number.
pub fn float64(field: &[u8]) -> Option<f64> {
    if let Some(Short { negative, digits, decimals, .. }) = short(field) {
        let value = digits as f64 / TENS_64[decimals];
        return Some(if negative { -value } else { value });
    }
    fast_float2::parse::<f64, _>(field.trim_ascii()).ok().filter(|value| value.is_finite())
}

/// A whole number of 32 bits; `3.0` is one.
pub fn int32(field: &[u8]) -> Option<i32> {
    if let Some(Short { negative, digits, decimals: 0, .. }) = short(field) {
        let value = if negative { -(digits as i64) } else { digits as i64 };
        return i32::try_from(value).ok();
    }
    let text = field.trim_ascii();
    let plain = std::str::from_utf8(text).ok()?.parse().ok();
    plain.or_else(|| float64(text).filter(|value| *value == f64::from(*value as i32)).map(|value| value as i32))
}

/// `true`, `false`, in any case, `1` or `0`.
pub fn boolean(field: &[u8]) -> Option<bool> {
    let text = field.trim_ascii();
    if text == b"1" || text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text == b"0" || text.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}
