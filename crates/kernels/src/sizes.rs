//! Checked sizes: what every kernel's `new` begins with.

/// The product of `dims`, refused where it does not fit the memory of any machine.
pub(crate) fn elements(kernel: &str, dims: &[usize]) -> Result<usize, String> {
    let product = dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
    match product.filter(|&n| n <= isize::MAX as usize / 8) {
        Some(n) => Ok(n),
        None => Err(format!("{kernel}: expected sizes whose product fits memory, got {dims:?}")),
    }
}

/// As [`elements`], and refuses more than a 32-bit index can number in `dims[axis]`.
pub(crate) fn indexed(kernel: &str, dims: &[usize], axis: usize) -> Result<usize, String> {
    if i32::try_from(dims[axis]).is_err() {
        return Err(format!("{kernel}: expected at most {} along the indexed axis, got {}", i32::MAX, dims[axis]));
    }
    elements(kernel, dims)
}
