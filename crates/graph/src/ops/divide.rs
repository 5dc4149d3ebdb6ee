//! Division.

binary! {
    Divide, div, "divide", "`y = a / b` at each element, with broadcasting.", crate::op::Binary::Div,
    takes: Floats, out: None, ranges: (-2.0..2.0, 0.5..2.0), smooth: true,
    gradient: |a, b, y, dy| (Some(dy / b), Some(-(dy * y / b)))
}
