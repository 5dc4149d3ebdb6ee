//! Lines that have as many fields as there are columns and no quotes: cut all at once, so that a column can be read at a time.

use crate::split;
use memchr::{memchr, memchr_iter};

/// The fields of some lines, in memory that is used again for the next ones.
#[derive(Debug, Default)]
pub struct Lines {
    /// Where each field begins, line after line; what follows the last would begin at the last number.
    starts: Vec<u32>,
    /// Fields of a line.
    width: usize,
    /// Bytes of a line's end that are not cut at: 1 where it is a carriage return and a line feed.
    returns: usize,
}

impl Lines {
    /// Cuts whole lines; false where one is empty, has another number of fields than `width`, a quote, or a carriage return that
    /// does not end it as all are ended.
    pub fn cut(&mut self, bytes: &[u8], delimiter: u8, width: usize) -> bool {
        if u32::try_from(bytes.len()).is_err() || memchr(b'"', bytes).is_some() {
            return false;
        }
        self.width = width;
        self.starts.clear();
        self.starts.push(0);
        split::each([delimiter, b'\n'], bytes, |at| self.starts.push(at as u32 + 1));
        let mut ends = memchr_iter(b'\n', bytes).count();
        if bytes.last() != Some(&b'\n') {
            self.starts.push(bytes.len() as u32 + 1);
            ends += 1;
        }
        let returns = memchr_iter(b'\r', bytes).count();
        self.returns = usize::from(returns > 0);
        if self.starts.len() - 1 != ends * width || returns != ends * self.returns {
            return false;
        }
        // There are as many ends of lines as there should be: where each is at its place, none is elsewhere.
        (0..ends).all(|line| self.is_line(bytes, line))
    }

    fn is_line(&self, bytes: &[u8], line: usize) -> bool {
        let [start, end] = [line, line + 1].map(|line| self.starts[line * self.width] as usize);
        let ends = bytes.get(end - 1).is_none_or(|&byte| byte == b'\n');
        let returns = self.returns == 0 || end - start >= 2 && bytes[end - 2] == b'\r';
        ends && returns && end - start > 1 + self.returns
    }

    /// How many lines were cut.
    pub fn count(&self) -> usize {
        (self.starts.len() - 1) / self.width
    }

    /// The fields of a column in the bytes that were cut.
    pub fn column<'b>(&self, bytes: &'b [u8], index: usize) -> impl Iterator<Item = &'b [u8]> {
        let behind = 1 + if index + 1 == self.width { self.returns } else { 0 };
        let pairs = self.starts[index..].windows(2).step_by(self.width);
        pairs.map(move |pair| &bytes[pair[0] as usize..pair[1] as usize - behind])
    }
}
