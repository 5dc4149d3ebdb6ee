//! The natural logarithm.

unary! {
    Log, log, "log", "`y = ln x` at each element.", crate::op::Unary::Log,
    takes: Floats, out: None, ranges: [0.3..3.0], smooth: true,
    gradient: |x, y, dy| Some(dy / x)
}
