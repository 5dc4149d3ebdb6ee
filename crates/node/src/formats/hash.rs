//! Words to numbers by hashes.

use crate::error::{Result, internal};
use ferrograd_formats::hash::{farm_hash64, sip_hash64};
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
