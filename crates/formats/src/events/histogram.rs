//! The distribution of some numbers, in TensorBoard's buckets.

use crate::protobuf::Message;

/// How often numbers fall between limits that grow by a tenth.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    min: f64,
    max: f64,
    count: f64,
    sum: f64,
    sum_squares: f64,
    /// Upper limits of the buckets, rising.
    limits: Vec<f64>,
    /// How many numbers lie in each.
    buckets: Vec<f64>,
}

/// The smallest limit above 0 and the factor between neighbours: `10⁻¹² · 1.1ᵏ` up to 10²⁰, and the same below 0.
const SMALLEST: f64 = 1e-12;
const LARGEST: f64 = 1e20;
const GROWTH: f64 = 1.1;

impl Histogram {
    /// The distribution of the finite ones of `values`.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Histogram {
        let all = limits();
        let mut counts = vec![0.0; all.len()];
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut count, mut sum, mut sum_squares) = (0.0, 0.0, 0.0);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            counts[all.partition_point(|&limit| limit <= value).min(all.len() - 1)] += 1.0;
            (min, max) = (min.min(value), max.max(value));
            (count, sum, sum_squares) = (count + 1.0, sum + value, sum_squares + value * value);
        }
        let (limits, buckets) = trimmed(&all, &counts);
        let (min, max) = if count == 0.0 { (0.0, 0.0) } else { (min, max) };
        Histogram { min, max, count, sum, sum_squares, limits, buckets }
    }

    pub(super) fn message(&self) -> Message {
        let mut message = Message::default();
        let numbers = [self.min, self.max, self.count, self.sum, self.sum_squares];
        numbers.into_iter().zip(1..).for_each(|(number, field)| message.double(field, number));
        message.packed_doubles(6, &self.limits);
        message.packed_doubles(7, &self.buckets);
        message
    }
}

/// Every limit: `… −1.1·10⁻¹², −10⁻¹², 0, 10⁻¹², 1.1·10⁻¹² …`, the largest double last.
fn limits() -> Vec<f64> {
    let growing = std::iter::successors(Some(SMALLEST), |limit| Some(limit * GROWTH));
    let positive: Vec<f64> = growing.take_while(|&limit| limit < LARGEST).chain([f64::MAX]).collect();
    let negative = positive.iter().rev().map(|limit| -limit);
    negative.chain([0.0]).chain(positive.iter().copied()).collect()
}

/// The buckets from one before the first that holds something to the last such; one empty bucket for no numbers.
fn trimmed(limits: &[f64], counts: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let held = |&count: &f64| count > 0.0;
    let (Some(first), Some(last)) = (counts.iter().position(held), counts.iter().rposition(held)) else {
        return (vec![f64::MAX], vec![0.0]);
    };
    // Readers take a bucket's lower limit from the one before it.
    let range = first.saturating_sub(1)..=last;
    (limits[range.clone()].to_vec(), counts[range].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_number_lies_below_its_limit_and_not_below_the_one_before() {
        let values = [-1e300, -2.5, -1e-13, 0.0, 1e-12, 3.0, 3.0, f64::NAN, f64::INFINITY, 1e25];
        for &value in values.iter().filter(|value| value.is_finite()) {
            let one = Histogram::of([value]);
            let (lower, upper) = (one.limits[0], one.limits[1]);
            assert!(lower <= value && value < upper, "{value} in {lower}..{upper}");
            assert_eq!(one.buckets, [0.0, 1.0]);
        }
        let all = Histogram::of(values);
        assert_eq!((all.count, all.min, all.max), (8.0, -1e300, 1e25));
        assert_eq!(all.buckets.iter().sum::<f64>(), 8.0);
        assert!(all.limits.is_sorted());
    }

    #[test]
    fn nothing_is_an_empty_bucket() {
        let none = Histogram::of([f64::NAN]);
        assert_eq!((none.count, none.min, none.max, &none.buckets[..]), (0.0, 0.0, 0.0, &[0.0][..]));
    }
}
