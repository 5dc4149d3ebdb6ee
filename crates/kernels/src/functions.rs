//! The one list of functions of a number. The instruction of a pass, its names and costs, the operations of vectors and of
//! single numbers and the functions over slices follow from it; a formula for float32 is a function of `math::float32`.

/// Hands what has a formula to the macro `$then`, after `$before`: `Variant = name, cost against an addition, |number| body;`.
///
/// Vectors of float32 run `math::float32::name`, all else the body, number by number: of `f32` and of `f64`, which both have
/// the methods of the standard library.
macro_rules! formulas {
    ($then:ident $($before:tt)*) => {
        $then! {
            $($before)*
            /// `eᵃ`
            Exp = exp, 4, |x| x.exp();
            /// `eᵃ − 1`
            Expm1 = expm1, 4, |x| x.exp_m1();
            /// `ln a`
            Log = log, 4, |x| x.ln();
            /// `ln (1 + a)`
            Log1p = log1p, 4, |x| x.ln_1p();
            /// `sin a`
            Sin = sin, 4, |x| x.sin();
            /// `cos a`
            Cos = cos, 4, |x| x.cos();
            /// `tanh a`
            Tanh = tanh, 4, |x| x.tanh();
            /// `1 / (1 + e⁻ᵃ)`
            Sigmoid = sigmoid, 4, |x| sigmoid64(f64::from(x)) as Self;
            /// The error function, `2/√π · ∫₀ᵃ e^(−t²) dt`.
            Erf = erf, 4, |x| libm::erf(f64::from(x)) as Self;
            /// `ln (1 + eᵃ)`
            Softplus = softplus, 4, |x| softplus64(f64::from(x)) as Self;
        }
    };
}
pub(crate) use formulas;

/// Hands every function to the macro `$then`: those of `plain` are
/// `Variant = "name in profiles", whole | float, cost, |vector| body;`, where `whole` ones take whole numbers, too.
macro_rules! functions {
    ($then:ident) => {
        $crate::functions::formulas! {
            $then
            plain {
                /// `−a`
                Neg = "negative", whole, 1, |a| a.neg();
                /// `|a|`
                Abs = "abs", whole, 1, |a| a.abs();
                /// −1, 0 or 1; NaN stays NaN.
                Sign = "sign", whole, 1, |a| sign(a);
                /// Largest whole number not above.
                Floor = "floor", whole, 1, |a| a.floor();
                /// Smallest whole number not below.
                Ceil = "ceil", whole, 1, |a| a.ceil();
                /// Nearest whole number, halves to even.
                Round = "round", whole, 1, |a| a.round();
                /// Nearest whole number towards zero.
                Trunc = "trunc", whole, 1, |a| a.trunc();
                /// `a²`
                Square = "square", whole, 1, |a| a.mul(a);
                /// `√a`
                Sqrt = "sqrt", float, 2, |a| a.sqrt();
                /// `1/√a`
                Rsqrt = "rsqrt", float, 2, |a| a.one().div(a.sqrt());
                /// `1/a`
                Recip = "reciprocal", float, 2, |a| a.one().div(a);
                /// `max(a, 0)`; NaN stays NaN.
                Relu = "relu", whole, 1, |a| V::select(a.le(a.zero()), a.zero(), a);
                /// 1 where `a` is 0.
                Not = "not", whole, 1, |a| V::truth(a.eq(a.zero()));
                /// 1 where `a` is NaN.
                IsNan = "isNan", whole, 1, |a| V::truth(V::mask_not(a.eq(a)));
                /// 1 where `a` is neither NaN nor infinite.
                IsFinite = "isFinite", whole, 1, |a| V::truth(a.sub(a).eq(a.zero()));
            }
        }
    };
}
pub(crate) use functions;
