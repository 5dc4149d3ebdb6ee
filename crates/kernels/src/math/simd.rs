//! One vector of numbers, whatever the instruction set: what every kernel but products is written against.

use super::register::Register;
use super::set::Set;
use crate::functions::formulas;

macro_rules! methods {
    ($($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*) => {
        $($(#[$note])* fn $method(self) -> Self;)*
    };
}

/// A [`Register`] with comparisons and all functions of numbers.
///
/// # Safety
/// A mask that is not plain Rust is made by nothing but a [`Set`], a value, a mask and unsafe functions.
pub unsafe trait Simd: Register {
    /// One truth value per lane.
    type Mask: Copy;

    /// Reads the first `n < LANES` elements, the lanes of `rest` in the others.
    ///
    /// # Safety
    /// `from` is valid for reads of `n` elements.
    unsafe fn load_first_or(from: *const Self::Elem, n: usize, rest: Self) -> Self;
    /// Writes the first `n < LANES` elements and touches nothing else.
    ///
    /// # Safety
    /// `to` is valid for writes of `n` elements.
    unsafe fn store_first(self, to: *mut Self::Elem, n: usize);
    /// A small whole number in every lane.
    fn whole(set: Self::Set, value: i32) -> Self;

    /// A vector as this one of zeros.
    #[inline(always)]
    fn zero(self) -> Self {
        Self::whole(self.set(), 0)
    }
    /// A vector as this one of ones.
    #[inline(always)]
    fn one(self) -> Self {
        Self::whole(self.set(), 1)
    }

    /// `self + b`
    fn add(self, b: Self) -> Self;
    /// `self − b`
    fn sub(self, b: Self) -> Self;
    /// `self / b`
    fn div(self, b: Self) -> Self;
    /// `c − self · b`, rounded once where the processor can.
    fn neg_mul_add(self, b: Self, c: Self) -> Self;
    /// The smaller; NaN if either is.
    fn min(self, b: Self) -> Self;
    /// The larger; NaN if either is.
    fn max(self, b: Self) -> Self;
    /// Not below `low` and not above `high`, neither of which is NaN; NaN stays.
    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        let raised = Self::select(self.lt(low), low, self);
        Self::select(high.lt(raised), high, raised)
    }
    /// `−self`
    fn neg(self) -> Self;
    /// `|self|`
    fn abs(self) -> Self;
    /// Largest whole number not above.
    fn floor(self) -> Self;
    /// Smallest whole number not below.
    fn ceil(self) -> Self;
    /// Nearest whole number towards zero.
    fn trunc(self) -> Self;
    /// Nearest whole number, halves to even.
    fn round(self) -> Self;
    /// `√self`, correctly rounded.
    fn sqrt(self) -> Self;
    /// The bits of [`sqrt`](Simd::sqrt), where there is a way that leaves the processor's divider alone: for loops that
    /// divide as well.
    #[inline(always)]
    fn sqrt_by_products(self) -> Self {
        self.sqrt()
    }

    /// `self = b`
    fn eq(self, b: Self) -> Self::Mask;
    /// `self < b`
    fn lt(self, b: Self) -> Self::Mask;
    /// `self ≤ b`
    fn le(self, b: Self) -> Self::Mask;
    /// Both.
    fn mask_and(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Either.
    fn mask_or(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// The opposite.
    fn mask_not(a: Self::Mask) -> Self::Mask;
    /// `yes` in the lanes where `mask` holds, `no` elsewhere.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    formulas!(methods);
    /// `eˣ` of numbers that are at most 88, less exact where a result is smaller than all normal numbers: 0 will do there.
    #[inline(always)]
    fn exp_flushed(self) -> Self {
        self.exp()
    }
    /// `selfᵇ`; `0⁰ = 1`, a negative base takes whole exponents.
    fn pow(self, b: Self) -> Self;
    /// The angle of the point (b, self) in (−π, π], as C's `atan2`.
    fn arctan2(self, b: Self) -> Self;
    /// `⌊self / b⌋` as NumPy's `floor_divide`.
    fn floor_div(self, b: Self) -> Self;
    /// `self − b·⌊self / b⌋`, the sign of `b`, as NumPy's `mod`.
    fn modulo(self, b: Self) -> Self;

    /// Reads the first `n < LANES` elements, zero in the others.
    ///
    /// # Safety
    /// The instruction set is here, and `from` is valid for reads of `n` elements.
    #[inline(always)]
    unsafe fn load_first(from: *const Self::Elem, n: usize) -> Self {
        // Safety: the caller's promise.
        unsafe { Self::load_first_or(from, n, Self::whole(Self::Set::assume(), 0)) }
    }
    /// `1` where `mask` holds, `0` elsewhere.
    #[inline(always)]
    fn truth(mask: Self::Mask) -> Self {
        // Safety: there are masks only where the instruction set is.
        let set = unsafe { Self::Set::assume() };
        Self::select(mask, Self::whole(set, 1), Self::whole(set, 0))
    }
    /// Lanes that are not zero (NaN is not zero).
    #[inline(always)]
    fn non_zero(self) -> Self::Mask {
        Self::mask_not(self.eq(self.zero()))
    }
    /// All the lanes together under `join`, halves first: a fixed order.
    #[inline(always)]
    fn fold(self, join: impl Fn(Self::Elem, Self::Elem) -> Self::Elem) -> Self::Elem {
        let mut lanes = to_array(self);
        let mut width = Self::LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = join(lanes[i], lanes[i + width]);
            }
            width /= 2;
        }
        lanes[0]
    }
    /// `f` of each lane by itself: for what has no vector form.
    #[inline(always)]
    fn each(self, f: fn(Self::Elem) -> Self::Elem) -> Self {
        let mut lanes = to_array(self);
        each_lane(&mut lanes[..Self::LANES], f);
        // Safety: the array holds 16 elements, and no vector has more lanes.
        unsafe { Self::load(lanes.as_ptr()) }
    }
    /// `f` of each pair of lanes by itself.
    #[inline(always)]
    fn each_pair(self, b: Self, f: fn(Self::Elem, Self::Elem) -> Self::Elem) -> Self {
        let (mut a, b) = (to_array(self), to_array(b));
        each_pair_of_lanes(&mut a[..Self::LANES], &b, f);
        // Safety: the array holds 16 elements, and no vector has more lanes.
        unsafe { Self::load(a.as_ptr()) }
    }
}

/// Kept out of the callers, whose vector code it would crowd.
#[inline(never)]
fn each_lane<T: Copy>(lanes: &mut [T], f: fn(T) -> T) {
    lanes.iter_mut().for_each(|x| *x = f(*x));
}

/// As [`each_lane`]. Neighbours of the same bits are computed once: in a vector that stands for one number all are.
#[inline(never)]
fn each_pair_of_lanes<T: Copy>(a: &mut [T], b: &[T], f: fn(T, T) -> T) {
    let mut last: Option<(T, T, T)> = None;
    for (a, &b) in a.iter_mut().zip(b) {
        let known = last.filter(|(x, y, _)| same_bits(x, a) && same_bits(y, &b));
        let value = known.map_or_else(|| f(*a, b), |(_, _, value)| value);
        last = Some((*a, b, value));
        *a = value;
    }
}

fn same_bits<T: Copy>(a: &T, b: &T) -> bool {
    // Safety: lanes are numbers: all of their bytes are there, and live as long as the references.
    let bytes = |x: &T| unsafe { std::slice::from_raw_parts(std::ptr::from_ref(x).cast::<u8>(), size_of::<T>()) };
    bytes(a) == bytes(b)
}

/// The lanes, then copies of the first up to 16.
#[inline(always)]
fn to_array<V: Simd>(v: V) -> [V::Elem; 16] {
    let mut lanes = std::mem::MaybeUninit::<[V::Elem; 16]>::uninit();
    let first = lanes.as_mut_ptr().cast::<V::Elem>();
    // Safety: the stores cover all 16 elements, since LANES is a power of two of at most 16.
    unsafe {
        let mut at = 0;
        while at < 16 {
            v.store(first.add(at));
            at += V::LANES;
        }
        lanes.assume_init()
    }
}

/// What the polynomials of `f32` need beyond [`Simd`].
pub trait SimdF32: Simd<Elem = f32> {
    /// `self · 2ⁿ` for a whole `n` in −280 … 280, rounded once, right into the denormals and infinity.
    fn scale2(self, n: Self) -> Self;
    /// `2ⁿ` for the whole `n` in −126 … 127 that adding [`ROUNDER`](super::float32::ROUNDER) has left in the low bits; any other
    /// bits give some number.
    fn power_of_two(self) -> Self;
    /// `(m, e)` with `self = m · 2ᵉ` and `√½ ≤ m < √2`, for positive finite values.
    fn split(self) -> (Self, Self);
    /// `|self|` with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// True when `mask` holds in no lane.
    fn none(mask: Self::Mask) -> bool;
}
