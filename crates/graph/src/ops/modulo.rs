//! The remainder of division, with the sign of the divisor.

binary! {
    Mod, modulo, "mod", "`y = a − b·⌊a / b⌋` at each element, with broadcasting.", crate::op::Binary::Mod,
    takes: Numbers, out: None, ranges: (2.2..2.6, 1.0..1.09), smooth: true,
    gradient: |a, b, y, dy| (Some(dy.clone()), Some(-(dy * crate::ops::floor_div(a, b)?)))
}
