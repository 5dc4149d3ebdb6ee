//! The negative.

unary! {
    Negative, neg, "negative", "`y = −x` at each element.", crate::op::Unary::Neg,
    takes: Numbers, out: None, ranges: [-2.0..2.0], smooth: true,
    gradient: |x, y, dy| Some(-dy)
}
