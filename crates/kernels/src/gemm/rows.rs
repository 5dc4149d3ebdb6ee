//! Products whose rows are finished together: each block of them is handed on while it is in the cache.

use super::epilogue::End;
use super::plan::{Path, Plan, pieces};
use super::{EpilogueSpec, Gemm, GemmError, GemmShape};
use crate::element::Float;
use crate::target::Target;
use crate::threads::Threads;

/// `c = activation(a · b + bias)`, block of rows by block of rows.
pub struct RowsGemm<T: Float> {
    gemm: Gemm<T>,
}

impl<T: Float> RowsGemm<T> {
    /// Plans the product; none where its shape is run in another way than by register tiles, or is better cut by columns.
    ///
    /// # Errors
    /// Those of [`Gemm::new`].
    pub fn new(shape: GemmShape, epilogue: EpilogueSpec, target: impl Into<Target>) -> Result<Option<Self>, GemmError> {
        let target = target.into();
        let plain = Gemm::<T>::new(shape, epilogue, target)?;
        let cut = plain.is_tiled() && matches!(plain.plan.path, Path::Blocks);
        if !cut || shape.c_row_stride != shape.cols {
            return Ok(None);
        }
        let Some(plan) = Plan::by_rows(&shape, plain.kernels) else { return Ok(None) };
        Ok(Some(RowsGemm { gemm: Gemm::with_plan(shape, epilogue, target, |_| plan)? }))
    }

    /// The shape that this was planned for.
    pub fn shape(&self) -> &GemmShape {
        &self.gemm.shape
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.gemm.workspace_len()
    }

    /// The rows at which the blocks begin, and the number of all.
    pub fn starts(&self) -> Vec<usize> {
        let (rows, plan) = (self.gemm.shape.rows, &self.gemm.plan);
        let stages = pieces(0..rows, plan.stage_rows);
        stages.flat_map(|stage| stage.step_by(plan.unit_rows)).chain([rows]).collect()
    }

    /// Computes the product, and hands each block to `end` when it is finished.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, or a bias is missing or not wanted: a bug of the caller.
    pub fn run(
        &self,
        threads: &Threads,
        (a, b, bias): (&[T], &[T], Option<&[T]>),
        c: &mut [T],
        workspace: &mut [T],
        end: &End<'_, T>,
    ) {
        let gemm = &self.gemm;
        gemm.lens.check("matrix product", (a, b), c, workspace);
        gemm.check_bias(bias);
        let threads = Some(threads).filter(|_| gemm.plan.parallel);
        // Safety: the lengths were checked against the furthest element of the planned shape.
        unsafe { gemm.run_blocks(threads, &gemm.buffers(a, b, bias, c, workspace), Some(end)) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, Layout, SPECS, Tested, shape};
    use super::{EpilogueSpec, RowsGemm};
    use crate::isa::Isa;
    use crate::threads::Threads;
    use std::sync::Mutex;

    /// The result with each number negated by the end; what was in it and in the workspace before must not matter.
    fn run<T: Tested>(gemm: &RowsGemm<T>, case: &Case<T>, threads: usize) -> (Vec<T>, Vec<usize>) {
        let nan = T::from_f64(f64::NAN);
        let (mut c, mut workspace) = (vec![nan; case.c.len()], vec![nan; gemm.workspace_len()]);
        let (first, starts) = (c.as_ptr().addr(), Mutex::new(Vec::new()));
        let end = |block: &mut [T]| {
            let row = (block.as_ptr().addr() - first) / size_of::<T>() / case.shape.cols;
            starts.lock().unwrap().push((row, block.len() / case.shape.cols));
            block.iter_mut().for_each(|x| *x = T::from_f64(-x.to_f64()));
        };
        gemm.run(&Threads::new(threads), (&case.a, &case.b, case.bias.as_deref()), &mut c, &mut workspace, &end);
        let mut blocks = starts.into_inner().unwrap();
        blocks.sort_unstable();
        let mut ends = blocks.iter().map(|(row, rows)| row + rows);
        assert!(blocks.iter().skip(1).map(|block| block.0).eq(ends.clone().take(blocks.len() - 1)), "{blocks:?}");
        (c, blocks.iter().map(|block| block.0).chain(ends.next_back()).collect())
    }

    fn check<T: Tested>(case: &Case<T>, isa: Isa) -> usize {
        let Some(gemm) = RowsGemm::<T>::new(case.shape, case.spec, isa).unwrap() else { return 0 };
        let (c, blocks) = run(&gemm, case, 1);
        assert_eq!(blocks, gemm.starts(), "{isa:?} {:?}", case.shape);
        let c: Vec<T> = c.into_iter().map(|x| T::from_f64(-x.to_f64())).collect();
        let bits = |c: Vec<T>| c.into_iter().map(T::bits).collect::<Vec<_>>();
        assert!(bits(c) == bits(case.run(isa, 1)), "{isa:?} {:?} are not the bits of the whole product", case.shape);
        assert!(bits(run(&gemm, case, 1).0) == bits(run(&gemm, case, 3).0), "{isa:?} {:?} by threads", case.shape);
        blocks.len() - 1
    }

    #[test]
    fn each_row_is_handed_on_once_complete_and_with_the_bits_of_the_whole_product() {
        let (mut cut, mut whole) = (0, 0);
        for (seed, (rows, cols, depth)) in
            [(300, 310, 600), (1100, 70, 300), (61, 67, 71), (12, 100, 80), (530, 128, 1), (700, 40, 2100)]
                .into_iter()
                .enumerate()
        {
            for (a, b) in [(Layout::RowMajor, Layout::ColMajor), (Layout::ColMajor, Layout::RowMajor)] {
                let shape = shape(rows, cols, depth, a, b, 0);
                for spec in SPECS.into_iter().filter(|spec| !spec.accumulate) {
                    for isa in Isa::available() {
                        let single = check(&Case::<f32>::new(shape, spec, seed as u64), isa);
                        let double = check(&Case::<f64>::new(shape, spec, seed as u64), isa);
                        cut += usize::from(single > 1) + usize::from(double > 1);
                        whole += usize::from(single == 1) + usize::from(double == 1);
                    }
                }
            }
        }
        assert!(cut > 50 && whole > 20, "{cut} in blocks, {whole} in one");
    }

    #[test]
    fn few_and_long_rows_are_left_to_be_cut_by_columns() {
        let planned = |rows, cols, depth, gap| {
            let shape = shape(rows, cols, depth, Layout::RowMajor, Layout::RowMajor, gap);
            RowsGemm::<f32>::new(shape, EpilogueSpec::default(), Isa::detect()).unwrap().is_some()
        };
        assert!(planned(300, 310, 600, 0));
        assert!(!planned(300, 310, 600, 3), "rows that lie apart");
        assert!(!planned(32, 1024, 1024, 0), "too few blocks");
        assert!(!planned(256, 8192, 512, 0), "all of b for a few rows");
    }
}
