//! An optimizer's pass in one sweep: the moving means that a last step reads go to it in registers.

use super::links::{Links, chained};
use super::op::{Fused, TileOp, bodies};
use super::step::{Direct, HatStep, HatStepScaled, Products, Reciprocals, RootStep, ScaledStep, StepScaled};
use super::sweep::{DIVISORS, Kernel, MAX_SOURCES, Operands, RESULTS};
use crate::isa::Isa;
use crate::math::Simd;
use std::marker::PhantomData;

/// `v ← square(…)`, `m ← mean(…)`, `p ← step(p, m, …, v, …)`.
///
/// Its operands are the bounds of what is averaged, where it has any, those of the mean, those of the square, then those
/// of the step without `m` and `v`; its results `p`, `v`, `m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chain {
    /// Whether what the two means average is first brought between bounds.
    pub clamped: bool,
    /// How `m` is made; none where it is an operand.
    pub mean: Option<Fused>,
    /// How `v` is made.
    pub square: Fused,
    /// What reads the two.
    pub step: Fused,
}

/// Where a step reads `m` and `v`.
pub(super) const MEAN: usize = 1;
pub(super) const SQUARE: usize = 3;

impl Chain {
    /// The kernel for `isa`, where there is one for operands of which `scalars` are one number for the whole tile.
    pub(super) fn kernel(self, isa: Isa, scalars: u16) -> Option<Kernel<f32>> {
        let found = Chooser { isa, scalars, sources: PhantomData::<AsTheyAre> };
        if self.clamped {
            let found = Chooser { isa, scalars, sources: PhantomData::<Clamped> };
            return match (self.mean, self.square) {
                (Some(Fused::Blend), Fused::BlendSquare) => found.step::<bodies::Blend, bodies::BlendSquare>(self.step),
                _ => None,
            };
        }
        match (self.mean, self.square) {
            (None, Fused::BlendSquare) => found.step::<Given, bodies::BlendSquare>(self.step),
            (None, Fused::Mul3AddMul) => found.step::<Given, bodies::Mul3AddMul>(self.step),
            (Some(Fused::Blend), Fused::BlendSquare) => found.step::<bodies::Blend, bodies::BlendSquare>(self.step),
            (Some(Fused::Blend), Fused::Mul3AddMul) => found.step::<bodies::Blend, bodies::Mul3AddMul>(self.step),
            (Some(Fused::MulAddMul), Fused::BlendSquare) => {
                found.step::<bodies::MulAddMul, bodies::BlendSquare>(self.step)
            }
            (Some(Fused::MulAddMul), Fused::Mul3AddMul) => {
                found.step::<bodies::MulAddMul, bodies::Mul3AddMul>(self.step)
            }
            _ => None,
        }
    }
}

/// `m` is an operand.
struct Given;

impl TileOp<1> for Given {
    #[inline(always)]
    fn apply<V: Simd>([m]: [V; 1]) -> V {
        m
    }
}

/// A body with the places of its scalars, reading some neighbours among the operands.
trait Link {
    const SOURCES: usize;
    const SCALARS: u16;
    fn read<V: Simd>(x: &[V; MAX_SOURCES], from: usize) -> V;
}

macro_rules! links {
    ($($name:ty: $scalars:literal, [$($k:literal)*];)*) => {$(
        impl Link for $name {
            const SOURCES: usize = [$($k),*].len();
            const SCALARS: u16 = $scalars;
            #[inline(always)]
            fn read<V: Simd>(x: &[V; MAX_SOURCES], from: usize) -> V {
                <$name>::apply([$(x[from + $k]),*])
            }
        }
    )*};
}
links! {
    Given: 0, [0];
    bodies::Blend: 0b100, [0 1 2];
    bodies::MulAddMul: 0b1010, [0 1 2 3];
    bodies::BlendSquare: 0b100, [0 1 2];
    bodies::Mul3AddMul: 0b1_0100, [0 1 2 3 4];
}

/// A body that reads `m` and `v` besides operands.
trait Last {
    /// Operands besides the two, and which of them are scalars.
    const SOURCES: usize;
    const SCALARS: u16;
    fn read<V: Simd>(x: &[V; MAX_SOURCES], from: usize, m: V, v: V) -> V;
}

impl<const N: usize, S: TileOp<N>> Last for (S, [(); N]) {
    const SOURCES: usize = N - 2;
    /// All but `p`.
    const SCALARS: u16 = (1 << (N - 2)) - 2;
    #[inline(always)]
    fn read<V: Simd>(x: &[V; MAX_SOURCES], from: usize, m: V, v: V) -> V {
        let mut all = [m; N];
        all[SQUARE] = v;
        all[0] = x[from];
        all[2] = x[from + 1];
        for k in 4..N {
            all[k] = x[from + k - 2];
        }
        S::apply(all)
    }
}

struct Three<M, Q, S>(PhantomData<(M, Q, S)>);

impl<M: Link, Q: Link, S: Last> Links for Three<M, Q, S> {
    const SOURCES: usize = M::SOURCES + Q::SOURCES + S::SOURCES;
    const SCALARS: u16 = M::SCALARS | (Q::SCALARS | S::SCALARS << Q::SOURCES) << M::SOURCES;
    const RESULTS: usize = if M::SOURCES == 1 { 2 } else { 3 };
    #[inline(always)]
    fn apply<V: Simd>(x: &[V; MAX_SOURCES]) -> [V; RESULTS] {
        let m = M::read(x, 0);
        let v = Q::read(x, M::SOURCES);
        [S::read(x, M::SOURCES + Q::SOURCES, m, v), v, m]
    }
}

/// How a chain takes its operands.
trait Sources {
    type Of<L: Links>: Links;
}

struct AsTheyAre;

impl Sources for AsTheyAre {
    type Of<L: Links> = L;
}

/// After two bounds, between which the first operand of both means comes first. Both mean the same number.
struct Clamped;

impl Sources for Clamped {
    type Of<L: Links> = ClampedLinks<L>;
}

struct ClampedLinks<L>(PhantomData<L>);

/// How many bounds there are.
const BOUNDS: usize = 2;

/// Where the square reads what is averaged, behind the operands of a [`bodies::Blend`].
pub(super) const AVERAGED: usize = 3;

impl<L: Links> Links for ClampedLinks<L> {
    const SOURCES: usize = BOUNDS + L::SOURCES;
    const SCALARS: u16 = L::SCALARS << BOUNDS | 0b11;
    const RESULTS: usize = L::RESULTS;
    #[inline(always)]
    fn apply<V: Simd>(x: &[V; MAX_SOURCES]) -> [V; RESULTS] {
        let mut inner = [x[0].zero(); MAX_SOURCES];
        inner[..L::SOURCES].copy_from_slice(&x[BOUNDS..Self::SOURCES]);
        inner[0] = inner[0].clamp(x[0], x[1]);
        inner[AVERAGED] = inner[0];
        L::apply(&inner)
    }
}

/// The instruction set and the places of scalars that a kernel is wanted for.
struct Chooser<S> {
    isa: Isa,
    scalars: u16,
    sources: PhantomData<S>,
}

type Five<S> = (S, [(); 5]);
type Seven<S> = (S, [(); 7]);

impl<O: Sources> Chooser<O> {
    fn step<M: Link, Q: Link>(&self, step: Fused) -> Option<Kernel<f32>> {
        match step {
            Fused::ScaledStep => {
                self.rooted::<O::Of<Three<M, Q, Five<ScaledStep<Direct>>>>, O::Of<Three<M, Q, Five<ScaledStep<Products>>>>>()
            }
            Fused::StepScaled => {
                self.rooted::<O::Of<Three<M, Q, Five<StepScaled<Direct>>>>, O::Of<Three<M, Q, Five<StepScaled<Products>>>>>()
            }
            Fused::RootStep => {
                self.rooted::<O::Of<Three<M, Q, Five<RootStep<Direct>>>>, O::Of<Three<M, Q, Five<RootStep<Products>>>>>()
            }
            Fused::HatStep => self.divided::<
                O::Of<Three<M, Q, Seven<HatStep<Direct>>>>,
                O::Of<Three<M, Q, Seven<HatStep<Reciprocals>>>>,
                O::Of<Three<M, Q, Seven<HatStep<Products>>>>,
            >(),
            Fused::HatStepScaled => self.divided::<
                O::Of<Three<M, Q, Seven<HatStepScaled<Direct>>>>,
                O::Of<Three<M, Q, Seven<HatStepScaled<Reciprocals>>>>,
                O::Of<Three<M, Q, Seven<HatStepScaled<Products>>>>,
            >(),
            _ => None,
        }
    }

    /// A chain whose scalars are where its links expect them.
    fn rooted<Plain: Links, ByProducts: Links>(&self) -> Option<Kernel<f32>> {
        match self.isa {
            _ if self.scalars != Plain::SCALARS => None,
            isa if isa.roots_by_products() => chained::<ByProducts>(isa),
            isa => chained::<Plain>(isa),
        }
    }

    /// The same where its last two operands are divisors.
    fn divided<Plain: Links, ByScalar: Links, ByProducts: Links>(&self) -> Option<Kernel<f32>> {
        match self.isa {
            _ if self.scalars != Plain::SCALARS => None,
            Isa::Avx512 if self.isa.roots_by_products() => Some(by_divisors::<Plain, ByProducts, true>),
            Isa::Avx512 => Some(by_divisors::<Plain, ByScalar, true>),
            Isa::Avx2 => Some(by_divisors::<Plain, ByScalar, false>),
            Isa::Portable => chained::<Plain>(Isa::Portable),
        }
    }
}

/// A step alone, its divisors scalars.
struct Alone<S>(PhantomData<S>);

impl<S: TileOp<7>> Links for Alone<S> {
    const SOURCES: usize = 7;
    const SCALARS: u16 = 0b111_0100;
    const RESULTS: usize = 1;
    #[inline(always)]
    fn apply<V: Simd>(x: &[V; MAX_SOURCES]) -> [V; RESULTS] {
        [S::apply([x[0], x[1], x[2], x[3], x[4], x[5], x[6]]); RESULTS]
    }
}

/// The kernel of a step that divides by scalars and is not part of a chain.
pub(super) fn hat_step(step: Fused, isa: Isa, scalars: u16) -> Option<Kernel<f32>> {
    let found = Chooser { isa, scalars, sources: PhantomData::<AsTheyAre> };
    match step {
        Fused::HatStep => {
            found.divided::<Alone<HatStep<Direct>>, Alone<HatStep<Reciprocals>>, Alone<HatStep<Products>>>()
        }
        Fused::HatStepScaled => found
            .divided::<Alone<HatStepScaled<Direct>>, Alone<HatStepScaled<Reciprocals>>, Alone<HatStepScaled<Products>>>(
            ),
        _ => None,
    }
}

/// Runs links whose last two operands are divisors: by their reciprocals, unless one of them nears the ends of what
/// `f32` holds.
///
/// # Safety
/// As [`Kernel`], and the instruction set is AVX-512 where `WIDE`, AVX2 otherwise.
unsafe fn by_divisors<Plain: Links, Fast: Links, const WIDE: bool>(slots: *const *mut f32, o: &Operands, len: usize) {
    let isa = if WIDE { Isa::Avx512 } else { Isa::Avx2 };
    // Safety: the caller's promise.
    unsafe {
        let near = |k: usize| DIVISORS.contains(&(*(*slots.add(usize::from(o.src[k])))).abs());
        let fast = near(Plain::SOURCES - 2) && near(Plain::SOURCES - 1);
        let kernel = if fast { chained::<Fast>(isa) } else { chained::<Plain>(isa) };
        kernel.expect("chains are on vectors")(slots, o, len);
    }
}
