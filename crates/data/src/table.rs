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

/// Kinds are found from records that begin within so many bytes: these are held until they are there.
pub(crate) const SAMPLED: usize = 16 << 20;

/// Names and kinds of columns.
pub type Columns = Vec<(String, Kind)>;

/// Columns as the first records say they are.
pub(crate) struct Found {
    pub columns: Columns,
    /// Where the first record behind the names begins.
    pub start: usize,
    /// How many records are still to be looked at before kinds are found.
    pub missing: usize,
}

/// Whole records at the beginning of some bytes.
struct Cut {
    /// Where the first one begins, behind the names of columns.
    from: usize,
    /// Ends of records, near equal shares; the last is the end of all.
    ends: Vec<usize>,
}

impl Cut {
    fn end(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }
}

/// What is held until kinds can be found.
#[derive(Debug, Default)]
struct Held {
    /// Bytes whose lines are counted.
    seen: usize,
    /// Lines that end in them.
    lines: u64,
    /// Before so many have come, there is nothing to be found.
    needed: u64,
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
    held: Held,
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
        Table {
            format,
            columns: None,
            words: Vec::new(),
            rest: Vec::new(),
            spare: Vec::new(),
            lines: 0,
            begun: false,
            held: Held::default(),
        }
    }

    /// Names and kinds, once the records that they are found from have been read.
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

    /// The columns of the records that end in what was pushed; `last` says that nothing follows. None before the records are there
    /// that kinds are found from.
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
        if !last && !self.is_enough() {
            return (Ok(Vec::new()), push(&mut self.rest));
        }
        let mut bytes = std::mem::take(&mut self.rest);
        let cut = match self.begin(&mut bytes).and_then(|()| self.cut(&bytes, last)) {
            // A record that comes in many blocks is copied for none of them.
            Ok(None) => {
                self.rest = bytes;
                return (Ok(Vec::new()), push(&mut self.rest));
            }
            Ok(Some(cut)) => cut,
            Err(error) => return (Err(error), push(&mut self.rest)),
        };
        self.held = Held::default();
        let mut rest = std::mem::take(&mut self.spare);
        rest.clear();
        rest.extend_from_slice(&bytes[cut.end()..]);
        let (columns, pushed) = rayon::join(|| self.read_records(&bytes, &cut, last), || push(&mut rest));
        (self.rest, self.spare) = (rest, bytes);
        (columns, pushed)
    }

    /// Whether what has come may hold all that columns are found from.
    fn is_enough(&mut self) -> bool {
        if self.columns.is_some() {
            return true;
        }
        let Held { seen, lines, needed } = &mut self.held;
        *lines += split::lines(&self.rest[*seen..]);
        *seen = self.rest.len();
        self.rest.len() >= 4 && (*lines >= *needed || self.rest.len() >= SAMPLED)
    }

    /// Drops the mark of an encoding at the beginning of all.
    fn begin(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            let length = mark(bytes)?;
            bytes.drain(..length);
            self.held.seen = self.held.seen.saturating_sub(length);
        }
        Ok(())
    }

    /// Whole records; nothing where more has to come first.
    fn cut(&mut self, bytes: &[u8], last: bool) -> Result<Option<Cut>> {
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
            let line = 1 + self.lines + split::lines(&bytes[..used]);
            return Err(Error::at(line, format!("a record of more than {} MB{why}", LONGEST >> 20)));
        }
        if used == 0 && !last {
            return Ok(None);
        }
        let from = if self.columns.is_some() { Some(0) } else { self.find_columns(&bytes[..used], last)? };
        Ok(from.map(|from| Cut { from, ends }))
    }

    /// The columns of whole records at the beginning of some bytes.
    fn read_records(&mut self, bytes: &[u8], cut: &Cut, last: bool) -> Result<Vec<Column>> {
        let columns = self.read_parts(&bytes[..cut.end()], cut)?;
        match &self.format {
            Format::Jsonl(jsonl) if last => jsonl.check_names()?,
            Format::Jsonl(_) | Format::Csv(_) => {}
        }
        Ok(columns)
    }

    fn read_parts(&mut self, table: &[u8], &Cut { from, ref ends }: &Cut) -> Result<Vec<Column>> {
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

    /// Finds names and kinds, and where the first record behind the names begins; nothing where more has to come first, so that
    /// kinds do not depend on how the bytes are cut.
    fn find_columns(&mut self, table: &[u8], last: bool) -> Result<Option<usize>> {
        let found = match &self.format {
            Format::Csv(csv) => csv.find_columns(table),
            Format::Jsonl(jsonl) => jsonl.find_columns(table),
        };
        let found = found.map_err(|error| error.below(self.lines))?;
        let missing = found.as_ref().map_or(usize::from(table.len() < SAMPLED), |found| found.missing);
        if missing > 0 && !last {
            self.held.needed = self.held.lines + missing as u64;
            return Ok(None);
        }
        let Some(Found { columns, start, .. }) = found else { return Ok(Some(0)) };
        self.words = columns.iter().map(|_| Arc::default()).collect();
        self.columns = Some(columns);
        Ok(Some(start))
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
