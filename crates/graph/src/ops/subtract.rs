//! Subtraction.

binary! {
    Subtract, sub, "subtract", "`y = a − b` at each element, with broadcasting.", crate::op::Binary::Sub,
    takes: Numbers, out: None, ranges: (-2.0..2.0, -2.0..2.0), smooth: true,
    gradient: |a, b, y, dy| (Some(dy.clone()), Some(-dy))
}
