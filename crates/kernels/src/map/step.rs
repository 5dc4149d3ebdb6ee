//! The last step of an optimizer's pass, `p − m·s/(√v + e)` and its kin: the instructions that take a root and divide.

use super::op::TileOp;
use crate::math::Simd;
use std::marker::PhantomData;

/// How roots are taken and scalars divided by.
pub(super) trait Way {
    /// `√v`, the same bits in every way.
    #[inline(always)]
    fn root<V: Simd>(v: V) -> V {
        v.sqrt()
    }
    /// `a / b`, `b` the same all along, within 1.5 ulp: by its reciprocal, which leaves the loop.
    #[inline(always)]
    fn over<V: Simd>(a: V, b: V) -> V {
        a.mul(b.one().div(b))
    }
}

/// By the processor's own instructions.
pub(super) struct Direct;

/// Scalars between 2⁻¹⁰⁰ and 2¹⁰⁰ in size, by products with their reciprocals: rounding these as quotients would take
/// more than the whole rest of a step.
pub(super) struct Reciprocals;

/// The same, and roots by products: the divider is left to the one division that has to be.
pub(super) struct Products;

impl Way for Direct {
    #[inline(always)]
    fn over<V: Simd>(a: V, b: V) -> V {
        a.div(b)
    }
}

impl Way for Reciprocals {}

impl Way for Products {
    #[inline(always)]
    fn root<V: Simd>(v: V) -> V {
        v.sqrt_by_products()
    }
}

/// `struct Name<W>; impl TileOp<N> for Name<W>` from one line each.
macro_rules! steps {
    ($($name:ident($($x:ident),+) = $body:expr;)*) => {$(
        pub(super) struct $name<W>(PhantomData<W>);
        impl<W: Way> TileOp<{ [$(stringify!($x)),+].len() }> for $name<W> {
            #[inline(always)]
            fn apply<V: Simd>([$($x),+]: [V; { [$(stringify!($x)),+].len() }]) -> V {
                $body
            }
        }
    )*};
}

steps! {
    ScaledStep(p, m, s, v, e) = p.sub(m.mul(s).div(W::root(v).add(e)));
    StepScaled(p, m, s, v, e) = p.sub(m.div(W::root(v).add(e)).mul(s));
    RootStep(p, m, s, v, e) = p.sub(m.mul(s).div(W::root(v.add(e))));
    HatStep(p, m, s, v, e, j, k) = p.sub(W::over(m, j).mul(s).div(W::root(W::over(v, k)).add(e)));
    HatStepScaled(p, m, s, v, e, j, k) = p.sub(W::over(m, j).div(W::root(W::over(v, k)).add(e)).mul(s));
}
