//! Rows of one size in memory, gathered by their numbers.

/// `to[i] = from[rows[i]]`, each of `width` bytes, as far as `to` reaches. Where a number is no row, its place in `rows`.
pub fn gather(from: &[u8], to: &mut [u8], rows: &[u32], width: usize) -> std::result::Result<(), usize> {
    match width {
        0 => Ok(()),
        1 => fixed::<1>(from, to, rows),
        4 => fixed::<4>(from, to, rows),
        8 => fixed::<8>(from, to, rows),
        _ => {
            for (at, (to, &row)) in to.chunks_exact_mut(width).zip(rows).enumerate() {
                let start = row as usize * width;
                to.copy_from_slice(from.get(start..start + width).ok_or(at)?);
            }
            Ok(())
        }
    }
}

/// A copy of as many bytes as a register has is no call.
fn fixed<const N: usize>(from: &[u8], to: &mut [u8], rows: &[u32]) -> std::result::Result<(), usize> {
    let (from, _) = from.as_chunks::<N>();
    let (to, _) = to.as_chunks_mut::<N>();
    for (at, (to, &row)) in to.iter_mut().zip(rows).enumerate() {
        *to = *from.get(row as usize).ok_or(at)?;
    }
    Ok(())
}
