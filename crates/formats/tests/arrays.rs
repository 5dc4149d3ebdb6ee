//! The border to `ndarray`: nothing is copied where memory lies as it must, and the same elements cross where it does not.

use ferrograd_formats::{Array, ElementType};
use ndarray::{Array3, arr2};

#[test]
fn rows_in_order_cross_without_a_copy() {
    let values = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (100 * i + 10 * j + k) as f64);
    let array = Array::of("w", values.view());
    assert_eq!((array.shape(), array.element()), (&[2, 3, 4][..], ElementType::F64));
    assert_eq!(array.bytes().as_ptr(), values.as_ptr().cast());
    let view = array.view::<f64>().unwrap();
    assert!(view.is_view());
    assert_eq!(view.as_ptr(), values.as_ptr());
    assert_eq!(view, values.view().into_dyn());
}

#[test]
fn what_lies_otherwise_crosses_as_a_copy() {
    let values = arr2(&[[1i32, 2, 3], [4, 5, 6]]);
    let turned = Array::of("t", values.t());
    assert_eq!(turned.shape(), [3, 2]);
    assert_eq!(turned.view::<i32>().unwrap(), values.t().into_dyn());
    let backwards = Array::of("b", values.slice(ndarray::s![..;-1, ..]));
    assert_eq!(backwards.view::<i32>().unwrap(), arr2(&[[4, 5, 6], [1, 2, 3]]).into_dyn());
}

#[test]
fn elements_at_odd_addresses_are_copied() {
    let bytes: Vec<u8> = (0u64..3).flat_map(|value| (value as f64).to_le_bytes()).collect();
    // Two places, of which one at least is not a multiple of eight.
    for shift in [0, 1] {
        let shifted = [&vec![0; shift][..], &bytes].concat();
        let array = Array::new("odd", &[3], ElementType::F64, &shifted[shift..]).unwrap();
        assert_eq!(array.view::<f64>().unwrap().as_slice(), Some(&[0.0, 1.0, 2.0][..]));
    }
}

#[test]
fn truth_values_are_zero_or_one_however_a_file_has_them() {
    let array = Array::new("b", &[3], ElementType::Bool, &[0, 1, 7][..]).unwrap();
    assert_eq!(array.view::<bool>().unwrap().as_slice(), Some(&[false, true, true][..]));
}

#[test]
fn another_type_is_refused_by_name() {
    let array = Array::of("w", ndarray::aview1(&[1.0f32]));
    let error = array.view::<f64>().unwrap_err().to_string();
    assert!(error.contains("array 'w': expected float64, got float32"), "{error}");
}
