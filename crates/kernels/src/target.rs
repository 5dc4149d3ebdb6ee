//! What kernels are planned for: the instruction set, the unit for bfloat16, and how exact products have to be.

use crate::isa::Isa;
use crate::tiles::Tiles;

/// How exact products of float32 matrices have to be. Products of float64 are always whole.
///
/// A processor with a matrix unit for bfloat16 (8 significant bits, the range of float32) multiplies such numbers an
/// order of magnitude faster than float32. A float32 number is the sum of two such parts to 17 bits, and of three to
/// all of its 24, so a few products of parts make one of whole numbers. Sums are always float32. The bounds are those
/// of the products of an element of `c = a · b`, relative to `Σ |a| · |b|`, where all of them err alike and as far as they
/// can (a number rounded to bfloat16 is off by `2⁻⁸` at most); the rounding of the sum comes on top, as it does for float32.
///
/// Vectors that multiply pairs of bfloat16 faster than float32, but not by an order of magnitude, serve `Medium` alone.
/// Where there is no unit, and for products too small to profit, all levels are the same: plain float32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// One product of numbers rounded to bfloat16: within `2⁻⁷`.
    Medium,
    /// Three products of two parts each: within `2⁻¹⁵`.
    High,
    /// As exact as float32: plain float32, or six products of three parts each, within `2⁻²⁴`, where that is faster.
    #[default]
    Highest,
}

impl Precision {
    /// Every level, the most exact first.
    pub const ALL: [Precision; 3] = [Precision::Highest, Precision::High, Precision::Medium];

    /// The name that users see.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::Highest => "highest",
            Precision::High => "high",
            Precision::Medium => "medium",
        }
    }
}

/// What kernels are planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The instruction set.
    pub isa: Isa,
    /// The unit for bfloat16, where there is one.
    pub tiles: Tiles,
    /// How exact products have to be.
    pub precision: Precision,
}

impl Target {
    /// The best that this processor has. Asks the system for its unit, so once is enough.
    pub fn detect() -> Target {
        Target { isa: Isa::detect(), tiles: Tiles::detect(), precision: Precision::default() }
    }

    /// The same for another precision.
    pub fn with_precision(self, precision: Precision) -> Target {
        Target { precision, ..self }
    }
}

impl From<Isa> for Target {
    /// The instruction set alone: plain float32.
    fn from(isa: Isa) -> Target {
        Target { isa, tiles: Tiles::NONE, precision: Precision::default() }
    }
}
