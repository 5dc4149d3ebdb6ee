//! Gathered rows beside those that are picked one by one.

use ferrograd_data::rows::gather;

#[test]
fn every_width_gives_the_rows_that_are_named() {
    for width in [1, 2, 3, 4, 7, 8, 12, 16, 33] {
        let from: Vec<u8> = (0..width * 50).map(|i| (i * 7 % 251) as u8).collect();
        let rows: Vec<u32> = (0..80).map(|i| i * 13 % 50).collect();
        let mut to = vec![0; rows.len() * width];
        assert_eq!(gather(&from, &mut to, &rows, width), Ok(()));
        let picked = |&row: &u32| from[row as usize * width..(row as usize + 1) * width].to_vec();
        assert_eq!(to, rows.iter().flat_map(picked).collect::<Vec<u8>>(), "rows of {width} bytes");
    }
}

#[test]
fn a_number_that_is_no_row_is_named() {
    for width in [1, 4, 8, 12] {
        let from = vec![1; width * 10];
        let mut to = vec![0; width * 3];
        assert_eq!(gather(&from, &mut to, &[9, 10, 0], width), Err(1), "rows of {width} bytes");
        assert_eq!(gather(&from, &mut to, &[0, 9, u32::MAX], width), Err(2), "rows of {width} bytes");
    }
}

#[test]
fn rows_of_nothing_are_nothing() {
    assert_eq!(gather(&[], &mut [], &[0, 5], 0), Ok(()));
}
