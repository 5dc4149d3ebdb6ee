//! Sizes of pictures are changed in memory of the order of the pictures, whatever their sides; where there is none, one is refused
//! and the process lives on.

use ferrograd_data::images::{Frame, Interpolation, Kind, Plan, Resampling, Source, read};
use ndarray::Array3;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An allocator that has no larger blocks than this.
struct Limited;

static LARGEST: AtomicUsize = AtomicUsize::new(usize::MAX);

// Safety: every call is handed on to the system's allocator, or there is no memory.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGEST.load(Ordering::Relaxed) {
            return std::ptr::null_mut();
        }
        // Safety: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // Safety: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Limited = Limited;

/// One test at a time has the limit.
static TURN: Mutex<()> = Mutex::new(());

/// What a grey picture of some sides gives, where no block is larger than `largest`.
fn read_grey(sides: (usize, usize), size: (usize, usize), largest: usize) -> Result<Vec<u8>, Kind> {
    let turn = TURN.lock().expect("no test has failed");
    let picture = Array3::from_elem((sides.0, sides.1, 1), 7);
    let resampling = Resampling { interpolation: Interpolation::Bilinear, antialias: true };
    let plan = Plan { size, channels: 1, frame: Frame::Stretch, resampling, most_pixels: u64::MAX };
    LARGEST.store(largest, Ordering::Relaxed);
    let batch = read(&[Source::Pixels(picture)], &plan);
    LARGEST.store(usize::MAX, Ordering::Relaxed);
    drop(turn);
    let batch = batch.map_err(|error| error.kind)?;
    match batch.refused.first() {
        Some((_, error)) => Err(error.kind),
        None => Ok(batch.pictures.into_raw_vec_and_offset().0),
    }
}

#[test]
fn memory_that_cannot_be_had_refuses_a_picture() {
    // Four bytes a pixel.
    assert_eq!(read_grey((1000, 1000), (10, 10), 4_000_000), Ok(vec![7; 100]));
    assert_eq!(read_grey((1000, 1000), (10, 10), 3_999_999), Err(Kind::Memory));
    assert_eq!(read_grey((10, 10), (1000, 1000), 3_999_999), Err(Kind::Memory));
    assert_eq!(read_grey((10, 10), (1000, 1000), 999_999), Err(Kind::Memory));
}

#[test]
fn long_sides_take_no_more_memory_than_pixels_do() {
    // Three hundred rows as long as this one would be a gigabyte.
    assert_eq!(read_grey((1, 1_000_000), (300, 4), 20_000_000), Ok(vec![7; 1200]));
    assert_eq!(read_grey((1_000_000, 1), (4, 300), 20_000_000), Ok(vec![7; 1200]));
    assert_eq!(read_grey((1, 2_000_000), (300, 4), 20_000_000), Err(Kind::TooLong));
}
