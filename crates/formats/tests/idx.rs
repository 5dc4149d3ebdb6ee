//! IDX: every type, and files that are not what they say.

use ferrograd_formats::Element;
use ferrograd_formats::idx::read;

fn file(element: u8, sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, element, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).expect_err("a broken file").to_string()
}

fn values<T: Element>(element: u8, sizes: &[u32], data: &[u8]) -> Vec<T> {
    read(&file(element, sizes, data)).unwrap().view::<T>().unwrap().iter().copied().collect()
}

#[test]
fn every_type_is_read_big_endian() {
    assert_eq!(values::<u8>(0x08, &[2], &[1, 255]), [1, 255]);
    assert_eq!(values::<i8>(0x09, &[2], &[1, 255]), [1, -1]);
    assert_eq!(values::<i16>(0x0b, &[2], &[1, 2, 255, 254]), [258, -2]);
    assert_eq!(values::<i32>(0x0c, &[2], &[0, 0, 1, 0, 255, 255, 255, 255]), [256, -1]);
    let floats: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|x| x.to_be_bytes()).collect();
    assert_eq!(values::<f32>(0x0d, &[2], &floats), [1.5, -2.0]);
    let doubles: Vec<u8> = [0.1f64, f64::MAX].iter().flat_map(|x| x.to_be_bytes()).collect();
    assert_eq!(values::<f64>(0x0e, &[2], &doubles), [0.1, f64::MAX]);
}

#[test]
fn the_shape_is_the_headers() {
    let bytes = file(0x08, &[2, 3, 1], &[1, 2, 3, 4, 5, 6]);
    let array = read(&bytes).unwrap();
    assert_eq!((array.shape(), array.bytes()), (&[2, 3, 1][..], &[1, 2, 3, 4, 5, 6][..]));
    assert_eq!(read(&file(0x0e, &[0, 28], &[])).unwrap().shape(), [0, 28]);
}

#[test]
fn a_file_that_is_not_what_it_says_is_refused() {
    let good = file(0x0c, &[2, 2], &[0; 16]);
    assert!(read(&good).is_ok());
    for end in 0..good.len() {
        assert!(read(&good[..end]).is_err(), "cut off after {end} bytes");
    }
    assert!(refused(&[&good[..], &[0]].concat()).contains("got 17 bytes"), "a byte too many");
    assert!(refused(&file(0x0a, &[1], &[0])).contains("got 0x0a"));
    assert!(refused(&file(0x08, &[], &[0])).contains("at least 1"));
    assert!(refused(&[1, 0, 8, 1, 0, 0, 0, 0]).contains("two zero bytes"));
    assert!(refused(&[0x1f, 0x8b, 8, 0, 0]).contains("gzipped"));
}

#[test]
fn sizes_past_memory_are_refused_before_anything_is_allocated() {
    for sizes in [&[u32::MAX; 3][..], &[u32::MAX; 255], &[1 << 31, 1 << 31, 4]] {
        for element in [0x08, 0x0e] {
            assert!(read(&file(element, sizes, &[0; 64])).is_err());
        }
    }
}
