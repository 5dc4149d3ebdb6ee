//! Numbers as most tables have them: a sign, a few digits, a point among them.
//!
//! Whole numbers up to 2²⁴ and powers of ten up to 10¹⁰ are float32, those up to 2⁵³ and 10²² are float64, and a division of two
//! such numbers rounds once: it is the nearest one (Clinger, How to read floating point numbers accurately, 1990). Whatever is
//! longer, or written otherwise, goes to `fast_float2`.
//!
//! Up to eight characters are read as the bytes of one number, without a loop: a column has numbers of many lengths.

const TENS_32: [f32; 11] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];
const TENS_64: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
/// The whole numbers that float32 has all of.
const EXACT_32: u64 = 1 << 24;

/// `±digits / 10^decimals`, of at most 15 digits.
struct Short {
    negative: bool,
    digits: u64,
    decimals: usize,
}

/// At most 15 digits, and nothing else.
#[inline]
fn short(text: &[u8]) -> Option<Short> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (digits, decimals) = match text.len() {
        1..=8 => at_once(text)?,
        9..=16 => one_by_one(text)?,
        _ => return None,
    };
    Some(Short { negative, digits, decimals })
}

const ONES: u64 = u64::MAX / 255;
const HIGHEST: u64 = ONES << 7;
const ZEROS: u64 = ONES * b'0' as u64;

/// Digits and decimals of 1 to 8 characters.
#[inline]
fn at_once(text: &[u8]) -> Option<(u64, usize)> {
    let behind = 64 - 8 * text.len();
    let mut word = last_highest(text) | (ZEROS & !(u64::MAX << behind));
    let mut decimals = 0;
    let others = word ^ (ONES * u64::from(b'.'));
    // The lowest of these bits is that of the first point; those above it may be anything.
    let points = others.wrapping_sub(ONES) & !others & HIGHEST;
    if points != 0 {
        let at = points.trailing_zeros() & !7;
        let before = word & !(u64::MAX << at);
        word = (word & (u64::MAX << at << 8)) | before << 8 | u64::from(b'0');
        decimals = 7 - at as usize / 8;
        if text.len() == 1 {
            return None;
        }
    }
    let values = word.wrapping_sub(ZEROS);
    // A byte above '9' reaches the highest bit by the sum, one below '0' by the difference.
    if (word.wrapping_add(ONES * 0x46) | values) & HIGHEST != 0 {
        return None;
    }
    Some((eight(values), decimals))
}

/// The bytes of up to eight characters, the last of them highest, with zeros below.
fn last_highest(text: &[u8]) -> u64 {
    match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        // They overlap where there are fewer than eight.
        (Some(first), Some(last)) => {
            let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
            last << 32 | first << (64 - 8 * text.len())
        }
        _ => text.iter().fold(0, |word, &byte| word >> 8 | u64::from(byte) << 56),
    }
}

/// The number that eight digits are, the first of them in the lowest byte: neighbours are put together, then their pairs, then these.
fn eight(digits: u64) -> u64 {
    const PAIR: u64 = 0xff | 0xff << 32;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let [first, second] = [pairs & PAIR, pairs >> 16 & PAIR];
    let first = first.wrapping_mul(100 | 1_000_000 << 32);
    first.wrapping_add(second.wrapping_mul(1 | 10_000 << 32)) >> 32
}

/// Digits and decimals of up to 16 characters.
fn one_by_one(text: &[u8]) -> Option<(u64, usize)> {
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
    (count <= 15).then_some((digits, decimals))
}

/// A finite number.
#[inline]
pub fn float32(field: &[u8]) -> Option<f32> {
    if let Some(Short { negative, digits: digits @ ..=EXACT_32, decimals: decimals @ ..=10 }) = short(field) {
        let value = digits as f32 / TENS_32[decimals];
        return Some(if negative { -value } else { value });
    }
    long(field, f32::is_finite)
}

/// A finite number.
#[inline]
pub fn float64(field: &[u8]) -> Option<f64> {
    if let Some(Short { negative, digits, decimals }) = short(field) {
        let value = digits as f64 / TENS_64[decimals];
        return Some(if negative { -value } else { value });
    }
    long(field, f64::is_finite)
}

/// Apart from what reads the others, which is small enough to be where it is called.
#[cold]
#[inline(never)]
fn long<F: fast_float2::FastFloat>(field: &[u8], is_finite: fn(F) -> bool) -> Option<F> {
    fast_float2::parse(field.trim_ascii()).ok().filter(|value| is_finite(*value))
}

/// A whole number of 32 bits; `3.0` is one.
pub fn int32(field: &[u8]) -> Option<i32> {
    if let Some(Short { negative, digits, decimals: 0 }) = short(field) {
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
