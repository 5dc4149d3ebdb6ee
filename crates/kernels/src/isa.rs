//! Which instruction set to run on: found once, passed as an argument, forced in tests.

/// An instruction set that kernels have a path for, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// Plain Rust that the compiler vectorises: what runs on old x86-64, and on aarch64, whose products are in NEON.
    Portable,
    /// AVX2 and FMA, 8 × f32.
    Avx2,
    /// AVX-512 F, VL, BW, DQ, 16 × f32.
    Avx512,
}

impl Isa {
    /// The best that this processor has.
    pub fn detect() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
            {
                return Isa::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Isa::Avx2;
            }
        }
        Isa::Portable
    }

    /// True where a root by products on AVX-512 takes less than the processor's divider needs for it beside a division:
    /// Intel's divider (10 and 12 cycles for 16 × f32), not AMD's.
    pub fn roots_by_products(self) -> bool {
        self == Isa::Avx512 && !Isa::is_of_amd()
    }

    /// Whether the processor is AMD's, whose dividers and products of bfloat16 are faster than Intel's beside the rest.
    pub(crate) fn is_of_amd() -> bool {
        // SSE4a is AMD's alone.
        #[cfg(target_arch = "x86_64")]
        return is_x86_feature_detected!("sse4a");
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// Every instruction set that this processor can run: what tests force one by one.
    pub fn available() -> Vec<Isa> {
        [Isa::Portable, Isa::Avx2, Isa::Avx512].into_iter().filter(|&isa| isa <= Isa::detect()).collect()
    }
}
