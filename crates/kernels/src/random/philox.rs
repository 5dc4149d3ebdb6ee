//! Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), one block or sixteen at once.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Blocks made at once.
pub(super) const LANES: usize = 16;

/// The four words of sixteen blocks.
pub type Words = [[u32; LANES]; 4];

/// What a sequence of random numbers depends on, besides the element's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The model's seed.
    pub seed: u64,
    /// Which of the model's random operations this is.
    pub stream: u32,
    /// How many times it has been drawn from.
    pub step: u64,
}

impl Key {
    fn words(&self) -> [u32; 2] {
        [self.seed as u32, (self.seed >> 32) as u32]
    }

    /// The counter of a block: (block, step low, stream, step high).
    fn counter(&self, block: u32) -> [u32; 4] {
        [block, self.step as u32, self.stream, (self.step >> 32) as u32]
    }
}

/// One block: four random words from a counter and a key.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    lanes(counter.map(|word| [word]), key).map(|[word]| word)
}

/// Block `block` of a key's sequence.
pub(super) fn block(key: &Key, block: u32) -> [u32; 4] {
    philox(key.counter(block), key.words())
}

/// Blocks `first .. first + 16`, word by word.
#[inline(always)]
pub(super) fn words(key: &Key, first: u32) -> Words {
    let mut counters = key.counter(0).map(|word| [word; LANES]);
    for (lane, counter) in counters[0].iter_mut().enumerate() {
        *counter = first.wrapping_add(lane as u32);
    }
    lanes(counters, key.words())
}

#[inline(always)]
fn lanes<const N: usize>(counters: [[u32; N]; 4], mut key: [u32; 2]) -> [[u32; N]; 4] {
    let mut wide = counters.map(|words| words.map(u64::from));
    for _ in 0..ROUNDS {
        wide = round(wide, key);
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    wide.map(|words| words.map(|word| word as u32))
}

/// One round. Words live in the low halves of 64-bit lanes, where the processor's product of halves wants them; the
/// high halves carry rubbish that is cut off as it is multiplied, and so costs nothing.
#[inline(always)]
fn round<const N: usize>(c: [[u64; N]; 4], key: [u32; 2]) -> [[u64; N]; 4] {
    let product = |word: u64, factor: u32| (word & 0xffff_ffff) * u64::from(factor);
    let mut out = [[0; N]; 4];
    for i in 0..N {
        let left = product(c[0][i], MULTIPLIERS[0]);
        let right = product(c[2][i], MULTIPLIERS[1]);
        out[0][i] = (right >> 32) ^ c[1][i] ^ u64::from(key[0]);
        out[1][i] = right;
        out[2][i] = (left >> 32) ^ c[3][i] ^ u64::from(key[1]);
        out[3][i] = left;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with Random123.
    #[test]
    fn known_answers() {
        let ones = u32::MAX;
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([ones; 4], [ones; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox(counter, key), expected);
        }
    }

    #[test]
    fn sixteen_blocks_are_sixteen_times_one() {
        let key = Key { seed: 0x0123_4567_89ab_cdef, stream: 7, step: 1 << 40 | 3 };
        let many = words(&key, u32::MAX - 3);
        for lane in 0..LANES {
            let one = block(&key, (u32::MAX - 3).wrapping_add(lane as u32));
            assert_eq!(one, many.map(|words| words[lane]));
        }
    }
}
