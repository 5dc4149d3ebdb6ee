//! Addition.

binary! {
    Add, add, "add", "`y = a + b` at each element, with broadcasting.", crate::op::Binary::Add,
    takes: Numbers, out: None, ranges: (-2.0..2.0, -2.0..2.0), smooth: true,
    gradient: |a, b, y, dy| (Some(dy.clone()), Some(dy.clone()))
}
