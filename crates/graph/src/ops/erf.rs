//! The error function.

unary! {
    Erf, erf, "erf", "`y = 2/√π · ∫₀ˣ e^(−t²) dt` at each element.", crate::op::Unary::Erf,
    takes: Floats, out: None, ranges: [-2.0..2.0], smooth: true,
    gradient: |x, y, dy| Some(dy * (crate::ops::exp(&-crate::ops::square(x)?)? * std::f64::consts::FRAC_2_SQRT_PI))
}
