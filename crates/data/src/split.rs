//! Where a table may be cut: at ends of records, never within quotes.

const QUOTE: u8 = b'"';

/// Ends of records near `parts` equal shares of `bytes`, which begins with a record; the last is the end of the last whole
/// record. Empty where no record ends.
pub fn ends(bytes: &[u8], parts: usize, delimiter: u8) -> Vec<usize> {
    if memchr::memchr(QUOTE, bytes).is_some() {
        ends_with_quotes(bytes, parts, delimiter)
    } else {
        plain_ends(bytes, parts)
    }
}

/// As [`ends`], where each line is a record.
pub fn plain_ends(bytes: &[u8], parts: usize) -> Vec<usize> {
    let Some(last) = memchr::memrchr(b'\n', bytes).map(|at| at + 1) else { return Vec::new() };
    let share = last.div_ceil(parts.max(1)).max(1);
    let mut ends = Vec::with_capacity(parts);
    let mut at = 0;
    while at < last {
        let from = (at + share - 1).min(last - 1);
        at = memchr::memchr(b'\n', &bytes[from..last]).map_or(last, |end| from + end + 1);
        ends.push(at);
    }
    ends
}

/// How many lines end in some bytes.
pub fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// A quote opens only at the beginning of a field: one that stands within is a character like any other.
fn ends_with_quotes(bytes: &[u8], parts: usize, delimiter: u8) -> Vec<usize> {
    let share = bytes.len().div_ceil(parts.max(1)).max(1);
    let mut ends = Vec::with_capacity(parts);
    let (mut at, mut start, mut last) = (0, 0, 0);
    while let Some(end) = record_end(bytes, at, delimiter) {
        at = end;
        last = end;
        if end - start >= share {
            ends.push(end);
            start = end;
        }
    }
    if last > start {
        ends.push(last);
    }
    ends
}

/// The end of the record that begins at `at`.
fn record_end(bytes: &[u8], at: usize, delimiter: u8) -> Option<usize> {
    let mut from = at;
    loop {
        let special = from + memchr::memchr2(b'\n', QUOTE, bytes.get(from..)?)?;
        if bytes[special] == b'\n' {
            return Some(special + 1);
        }
        // A carriage return ends a record, too.
        let opens = special == at || bytes[special - 1] == delimiter || bytes[special - 1] == b'\r';
        from = if opens { closing(bytes, special + 1)? } else { special + 1 };
    }
}

/// Behind the quote that closes; two in a row are one character.
pub fn closing(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + memchr::memchr(QUOTE, bytes.get(from..)?)?;
        if bytes.get(at + 1) != Some(&QUOTE) {
            return Some(at + 1);
        }
        from = at + 2;
    }
}

/// Times a number whose bytes are 0 or 1, its highest byte has these as bits, the lowest byte as the lowest bit.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// Calls `see` with each place of either byte, in order: where one in ten is one, looking at 64 at a time takes a third as long as a
/// search for each.
pub fn each([one, other]: [u8; 2], bytes: &[u8], mut see: impl FnMut(usize)) {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let is_one = |byte: u8| byte == one || byte == other;
    for (index, block) in blocks.iter().enumerate() {
        let hits = block.map(|byte| u8::from(is_one(byte)));
        let (words, _) = hits.as_chunks::<8>();
        let bits = |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56;
        let mut found = words.iter().rev().fold(0, |found, word| found << 8 | bits(word));
        while found != 0 {
            see(index * 64 + found.trailing_zeros() as usize);
            found &= found - 1;
        }
    }
    let behind = blocks.len() * 64;
    rest.iter().enumerate().filter(|(_, own)| is_one(**own)).for_each(|(at, _)| see(behind + at));
}

/// How long the next piece is: lines of about `size` bytes, or one longer line; `bytes` are not empty.
pub fn piece(bytes: &[u8], size: usize) -> usize {
    let within = memchr::memrchr(b'\n', &bytes[..size.min(bytes.len())]);
    within.or_else(|| memchr::memchr(b'\n', bytes)).map_or(bytes.len(), |end| end + 1)
}
