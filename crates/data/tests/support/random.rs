//! Random numbers, the same in each run.

/// Marsaglia's xorshift.
pub struct Random(pub u64);

impl Random {
    /// From 0 up to `limit`, without it.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
