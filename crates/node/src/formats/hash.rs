//! Words to numbers by hashes.

use crate::error::{Result, internal};
use ferrograd_formats::hash::{Cross, farm_hash64, sip_hash64};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

/// The bucket of each word, in UTF-8: FarmHash modulo the buckets, or with the two halves of a key SipHash.
#[napi(catch_unwind)]
pub fn hash_buckets(words: Vec<String>, buckets: u32, key: Option<Vec<i64>>) -> Result<Vec<u32>> {
    if buckets == 0 {
        return Err(internal("no buckets"));
    }
    let bucket = |hash: u64| (hash % u64::from(buckets)) as u32;
    match key.as_deref() {
        None => Ok(words.iter().map(|word| bucket(farm_hash64(word.as_bytes()))).collect()),
        Some(&[first, second]) => {
            let key = (first as u64, second as u64);
            Ok(words.iter().map(|word| bucket(sip_hash64(word.as_bytes(), key))).collect())
        }
        Some(_) => Err(internal("a key of two halves")),
    }
}

/// The bin of each row of some columns, crossed: `columns[i][row]` is a word or an integer.
#[napi(catch_unwind)]
pub fn cross_bins(columns: Vec<Vec<Either<String, i64>>>, bins: u32) -> Result<Vec<u32>> {
    let rows = columns.first().map_or(0, Vec::len);
    if bins == 0 || columns.iter().any(|column| column.len() != rows) {
        return Err(internal("no bins, or columns of several lengths"));
    }
    let hash = |value: &Either<String, i64>| match value {
        Either::A(word) => farm_hash64(word.as_bytes()),
        Either::B(integer) => *integer as u64,
    };
    let row = |row: usize| columns.iter().fold(Cross::default(), |cross, column| cross.with(hash(&column[row])));
    Ok((0..rows).map(|at| row(at).bin(bins)).collect())
}
