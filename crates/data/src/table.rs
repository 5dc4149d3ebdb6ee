//! Tables that come in blocks of bytes, cut anywhere: each block's whole records become columns.

use crate::column::{Column, Kind};
use crate::csv::{self, Csv};
use crate::error::{Error, Result};
use crate::jsonl::{self, Jsonl};
use crate::split;
use crate::words::Words;
use rayon::prelude::*;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

/// The most bytes of one record.
const LONGEST: usize = 16 << 20;

/// Names and kinds of columns.
pub type Columns = Vec<(String, Kind)>;

/// Columns as the first records say they are.
pub(crate) struct Found {
    pub columns: Columns,
    /// Where the first record behind the names begins.
    pub start: usize,
}

/// Whole records among some bytes.
struct Cut {
    table: Range<usize>,
    /// Ends of records within them, near equal shares; the last is the end of all.
    ends: Vec<usize>,
}

/// What is written in a table.
#[derive(Debug)]
enum Format {
    Csv(Csv),
    Jsonl(Jsonl),
}

/// A table that comes in blocks of bytes.
#[derive(Debug)]
pub struct Table {
    format: Format,
    columns: Option<Columns>,
    /// Text that earlier blocks had, column by column.
    words: Vec<Arc<Words>>,
    /// What has come and is not read: the beginning of a record at least.
    rest: Vec<u8>,
    /// Memory for the next one.
    spare: Vec<u8>,
    /// Lines before what comes next.
    lines: u64,
    begun: bool,
}

impl Table {
    /// Fields between delimiters, nothing of them read yet.
    pub fn csv(options: csv::Options) -> Table {
        Table::of(Format::Csv(Csv::new(options)))
    }

    /// JSON lines, none of them read yet.
    pub fn jsonl(options: jsonl::Options) -> Table {
        Table::of(Format::Jsonl(Jsonl::new(options)))
    }

    fn of(format: Format) -> Table {
        Table { format, columns: None, words: Vec::new(), rest: Vec::new(), spare: Vec::new(), lines: 0, begun: false }
    }

    /// Names and kinds, once a block with a whole record has been read.
    pub fn columns(&self) -> Option<&[(String, Kind)]> {
        self.columns.as_deref()
    }

    /// Takes the next block: a copy of its bytes, in memory that is used again for each.
    pub fn push(&mut self, block: &[u8]) {
        self.rest.extend_from_slice(block);
    }

    /// As [`Table::push`], of at most `most` bytes that are read now; how many there were, 0 at the end.
    ///
    /// # Errors
    /// What the reader says.
    pub fn push_from(&mut self, reader: &mut impl Read, most: u64) -> io::Result<usize> {
        reader.take(most).read_to_end(&mut self.rest)
    }

    /// The columns of the records that end in what was pushed; `last` says that nothing follows.
    ///
    /// # Errors
    /// The first value that is not of its column's kind, or record that is none, with its line.
    pub fn read(&mut self, last: bool) -> Result<Vec<Column>> {
        self.read_while(last, |_| ()).0
    }

    /// As [`Table::read`] and then [`Table::push_from`], both at once.
    ///
    /// # Errors
    /// Those of either.
    pub fn read_and_push(
        &mut self,
        reader: &mut (impl Read + Send),
        most: u64,
    ) -> (Result<Vec<Column>>, io::Result<usize>) {
        self.read_while(false, |rest| reader.take(most).read_to_end(rest))
    }

    /// The columns; `push` puts bytes behind what is left of those that were pushed, while these are read.
    fn read_while<R: Send>(
        &mut self,
        last: bool,
        push: impl FnOnce(&mut Vec<u8>) -> R + Send,
    ) -> (Result<Vec<Column>>, R) {
        if !self.begun && self.rest.len() < 4 && !last {
            return (Ok(Vec::new()), push(&mut self.rest));
        }
        let bytes = std::mem::take(&mut self.rest);
        let cut = self.cut(&bytes, last);
        // A record that comes in many blocks is copied for none of them.
        if let Ok(Cut { table, .. }) = &cut
            && table.end == 0
            && !last
        {
            self.rest = bytes;
            return (Ok(Vec::new()), push(&mut self.rest));
        }
        let mut rest = std::mem::take(&mut self.spare);
        rest.clear();
        rest.extend_from_slice(cut.as_ref().map_or(&[], |cut| &bytes[cut.table.end..]));
        let read = || cut.and_then(|Cut { table, ends }| self.read_records(&bytes[table], &ends, last));
        let (columns, pushed) = rayon::join(read, || push(&mut rest));
        (self.rest, self.spare) = (rest, bytes);
        (columns, pushed)
    }

    fn cut(&mut self, bytes: &[u8], last: bool) -> Result<Cut> {
        let start = if std::mem::replace(&mut self.begun, true) { 0 } else { mark(bytes)? };
        let bytes = &bytes[start..];
        let mut ends = self.format.ends(bytes, rayon::current_num_threads() * 4);
        if last && ends.last().copied().unwrap_or(0) < bytes.len() {
            ends.push(bytes.len());
        }
        let used = ends.last().copied().unwrap_or(0);
        if bytes.len() - used > LONGEST {
            let why = match self.format {
                Format::Csv(_) => ": is a quote not closed?",
                Format::Jsonl(_) => "",
            };
            return Err(Error::at(1 + self.lines, format!("a record of more than {} MB{why}", LONGEST >> 20)));
        }
        Ok(Cut { table: start..start + used, ends })
    }

    /// The columns of whole records, which end in some places at `ends`.
    fn read_records(&mut self, table: &[u8], ends: &[usize], last: bool) -> Result<Vec<Column>> {
        let columns = self.read_parts(table, ends)?;
        match &self.format {
            Format::Jsonl(jsonl) if last => jsonl.check_end()?,
            Format::Jsonl(_) | Format::Csv(_) => {}
        }
        Ok(columns)
    }

    fn read_parts(&mut self, table: &[u8], ends: &[usize]) -> Result<Vec<Column>> {
        let mut from = 0;
        if self.columns.is_none() && !table.is_empty() {
            from = self.find_columns(table)?;
        }
        let parts = parts(from, ends);
        let count =
            split::lines(&table[..from]) + parts.par_iter().map(|part| split::lines(&table[part.clone()])).sum::<u64>();
        let before = self.lines;
        self.lines += count;
        let Some(columns) = &self.columns else { return Ok(Vec::new()) };
        // Lines may be empty: a record has a byte for each column at least, but of JSON where most are missing.
        let rows = (count as usize).min(table.len() / columns.len().max(1)) + 1;
        let (format, words) = (&self.format, &self.words);
        let read = parts.par_iter().enumerate().map(|(index, part)| {
            // The others are put behind the first.
            let rows = if index == 0 { rows } else { rows / parts.len() + rows / 64 };
            let room = columns.iter().zip(words).map(|((_, kind), words)| Column::new(*kind, words, rows)).collect();
            format.read_part(columns, &table[part.clone()], room)
        });
        let read: Vec<Result<Vec<Column>>> = read.collect();
        let mut whole = Vec::with_capacity(parts.len());
        for (part, read) in parts.iter().zip(read) {
            whole.push(read.map_err(|error| error.below(before + split::lines(&table[..part.start])))?.into_iter());
        }
        let mut beside: Vec<Vec<Column>> = Vec::with_capacity(columns.len());
        for _ in columns {
            beside.push(whole.iter_mut().filter_map(Iterator::next).collect());
        }
        let joined = beside.into_par_iter().zip(columns).zip(&mut self.words);
        Ok(joined.map(|((parts, (_, kind)), words)| Column::joined(*kind, parts, words)).collect())
    }

    fn find_columns(&mut self, table: &[u8]) -> Result<usize> {
        let found = match &self.format {
            Format::Csv(csv) => csv.find_columns(table)?,
            Format::Jsonl(jsonl) => jsonl.find_columns(table)?,
        };
        let Some(Found { columns, start }) = found else { return Ok(0) };
        self.words = columns.iter().map(|_| Arc::default()).collect();
        self.columns = Some(columns);
        Ok(start)
    }
}

impl Format {
    /// Ends of records near `parts` equal shares; the last is that of the last whole one.
    fn ends(&self, bytes: &[u8], parts: usize) -> Vec<usize> {
        match self {
            Format::Csv(csv) => csv.ends(bytes, parts),
            Format::Jsonl(_) => jsonl::ends(bytes, parts),
        }
    }

    /// The values of all records of some bytes, put into `columns`.
    fn read_part(&self, names: &[(String, Kind)], part: &[u8], columns: Vec<Column>) -> Result<Vec<Column>> {
        match self {
            Format::Csv(csv) => csv.read_part(names, part, columns),
            Format::Jsonl(jsonl) => jsonl.read_part(names, part, columns),
        }
    }
}

fn parts(mut from: usize, ends: &[usize]) -> Vec<Range<usize>> {
    let mut parts = Vec::with_capacity(ends.len());
    for &end in ends {
        if end > from {
            parts.push(from..end);
            from = end;
        }
    }
    parts
}

/// How long the mark of UTF-8 at the beginning of a file is; other encodings are refused.
fn mark(bytes: &[u8]) -> Result<usize> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => Ok(3),
        [0xff, 0xfe, ..] => Err(refused("UTF-16 (little endian)")),
        [0xfe, 0xff, ..] => Err(refused("UTF-16 (big endian)")),
        _ => Ok(0),
    }
}

/// Another encoding.
pub(crate) fn refused(encoding: &str) -> Error {
    Error::of_file(format!("expected UTF-8, got {encoding}. Convert it: iconv -t utf-8"))
}
