//! Division, rounded down.

binary! {
    FloorDivide, floor_div, "floorDivide", "`y = ⌊a / b⌋` at each element, with broadcasting; no gradient.", crate::op::Binary::FloorDiv,
    takes: Numbers, out: None, ranges: (2.2..2.6, 1.0..1.09), smooth: false,
    gradient: |a, b, y, dy| (None, None)
}
