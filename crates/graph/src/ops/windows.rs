//! How windows lie along the axes of pictures: what convolution and pooling share.

use crate::error::{Error, Result};
use crate::op::{Attribute, AttributeKind, Reader, encode_list};
use ferrograd_kernels::conv::Axis;

/// The most axes of a picture.
pub(crate) const MOST_AXES: usize = 3;

/// Along each axis of a picture, number `k` of window `o` lies at `o · stride + k · dilation − padding before`.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// From one window to the next.
    pub strides: Vec<usize>,
    /// From one number of a window to the next.
    pub dilations: Vec<usize>,
    /// Zeros before the first place and after the last.
    pub padding: Vec<(usize, usize)>,
}

/// The attributes of [`Steps`], in the order of their encoding.
pub(crate) const STRIDES: Attribute =
    Attribute { name: "strides", kind: AttributeKind::Ints, doc: "From one window to the next, along each axis." };
/// The second one.
pub(crate) const DILATIONS: Attribute = Attribute {
    name: "dilations",
    kind: AttributeKind::Ints,
    doc: "From one number of a window to the next, along each axis.",
};
/// The third one.
pub(crate) const PADDING: Attribute = Attribute {
    name: "padding",
    kind: AttributeKind::Ints,
    doc: "Places before the first and after the last, along each axis: `[before, after, before, after, …]`.",
};

impl Steps {
    /// Steps of 1 without padding along so many axes.
    pub fn plain(axes: usize) -> Steps {
        Steps { strides: vec![1; axes], dilations: vec![1; axes], padding: vec![(0, 0); axes] }
    }

    /// Appends the encoded attributes.
    pub(crate) fn encode(&self, out: &mut Vec<f64>) {
        encode_list(out, &self.strides, |x| x as f64);
        encode_list(out, &self.dilations, |x| x as f64);
        self.encode_padding(out);
    }

    /// Appends the encoded padding.
    pub(crate) fn encode_padding(&self, out: &mut Vec<f64>) {
        let padding: Vec<usize> = self.padding.iter().flat_map(|&(before, after)| [before, after]).collect();
        encode_list(out, &padding, |x| x as f64);
    }

    /// Reads what [`Self::encode`] has written.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Steps> {
        Ok(Steps { strides: reader.sizes()?, dilations: reader.sizes()?, padding: Steps::read_padding(reader)? })
    }

    /// Reads what [`Self::encode_padding`] has written.
    pub(crate) fn read_padding(reader: &mut Reader<'_>) -> Result<Vec<(usize, usize)>> {
        let padding = reader.sizes()?;
        if !padding.len().is_multiple_of(2) {
            return Err(Error::config(format!("padding: expected pairs [before, after, …], got {padding:?}")));
        }
        Ok(padding.chunks(2).map(|pair| (pair[0], pair[1])).collect())
    }

    /// Checks that there is one of each for every axis, and none of 0.
    pub(crate) fn check(&self, op: &str, axes: usize) -> Result<()> {
        if axes == 0 || axes > MOST_AXES {
            let why = format!("{op}: expected 1 to {MOST_AXES} axes between the first and the last, got {axes}");
            return Err(Error::shape(why));
        }
        let lens = [self.strides.len(), self.dilations.len(), self.padding.len()];
        if lens != [axes; 3] {
            let why = "strides, dilations and paddings for each";
            return Err(Error::config(format!("{op}: expected {axes} {why}, got {lens:?}")));
        }
        let zero = |name: &str, values: &[usize]| match values.contains(&0) {
            true => Err(Error::config(format!("{op}: expected {name} of at least 1, got {values:?}"))),
            false => Ok(()),
        };
        zero("strides", &self.strides)?;
        zero("dilations", &self.dilations)
    }

    /// How many windows of `kernel` numbers there are along each axis of `input` places; `shapes` is for the message.
    pub(crate) fn windows(&self, op: &str, input: &[usize], kernel: &[usize], shapes: &str) -> Result<Vec<usize>> {
        let one = |axis: usize| {
            let (before, after) = self.padding[axis];
            let padded = input[axis].saturating_add(before).saturating_add(after);
            let reach = kernel[axis].checked_sub(1).and_then(|k| k.checked_mul(self.dilations[axis])?.checked_add(1));
            match reach.and_then(|reach| padded.checked_sub(reach)) {
                Some(rest) => Ok(rest / self.strides[axis] + 1),
                None => Err(Error::shape(format!(
                    "{op}: a window of {} at dilation {} does not fit {} places padded by {before} and {after} (axis {} of the picture), got {shapes}",
                    kernel[axis], self.dilations[axis], input[axis], axis
                ))),
            }
        };
        (0..input.len()).map(one).collect()
    }

    /// The axes as kernels take them, the outermost first.
    pub(crate) fn axes(&self, input: &[usize], output: &[usize], kernel: &[usize]) -> [Axis; 3] {
        let mut axes = [Axis::NONE; MOST_AXES];
        for (i, axis) in axes[MOST_AXES - input.len()..].iter_mut().enumerate() {
            let (stride, dilation, before) = (self.strides[i], self.dilations[i], self.padding[i].0);
            *axis = Axis { input: input[i], output: output[i], kernel: kernel[i], stride, dilation, before };
        }
        axes
    }
}

/// The axes of a picture between the first, its images, and the last, its channels.
pub(crate) fn spatial(shape: &[usize]) -> &[usize] {
    shape.get(1..shape.len().saturating_sub(1)).unwrap_or(&[])
}
