//! Tables as text, one record a line: fields between delimiters, quoted where they hold one (RFC 4180).

use crate::column::{Column, Field, Kind};
use crate::error::{Error, Result};
use crate::infer::Guess;
use crate::lines::Lines;
use crate::split;
use crate::table::{Found, SAMPLED, refused};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// How a table is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Between fields: a comma, a tab, a semicolon.
    pub delimiter: u8,
    /// Whether the first record has the names of the columns.
    pub header: bool,
    /// Names and kinds of columns; the others are guessed, or skipped where `only` says so.
    pub schema: Vec<(String, Kind)>,
    /// Columns that the schema does not name are skipped.
    pub only: bool,
    /// Fields that stand for a missing value, beside the empty one.
    pub missing: Vec<String>,
    /// How many records kinds are guessed from: the first ones, of those that begin within 16 MB.
    pub sample: usize,
}

/// Bytes of lines that are cut at once: they and where their fields begin stay in the caches of one thread.
const PIECE: usize = 16 << 10;

/// Reads records of fields.
#[derive(Debug)]
pub(crate) struct Csv {
    options: Options,
    /// By its first byte, whether a field may stand for a missing value: few may.
    suspects: Box<[bool; 256]>,
}

impl Csv {
    pub fn new(options: Options) -> Csv {
        let mut suspects = Box::new([false; 256]);
        for first in options.missing.iter().filter_map(|missing| missing.bytes().next()) {
            suspects[usize::from(first)] = true;
        }
        Csv { options, suspects }
    }

    /// As [`split::ends`].
    pub fn ends(&self, bytes: &[u8], parts: usize) -> Vec<usize> {
        split::ends(bytes, parts, self.options.delimiter)
    }

    /// Names and kinds out of the first records; nothing where there is none.
    pub fn find_columns(&self, table: &[u8]) -> Result<Option<Found>> {
        let mut records = Records::new(table, self.options.delimiter);
        let mut names: Option<Vec<String>> = None;
        let mut start = 0;
        let mut guesses: Vec<Guess> = Vec::new();
        let wanted = if self.options.only { 0 } else { self.options.sample.max(1) };
        let mut seen = 0;
        while names.is_none() || (seen < wanted && records.at < SAMPLED) {
            let read = records.next();
            let name = |field: usize| names.as_ref().and_then(|names| names.get(field)).map(String::as_str);
            let Some(fields) = read.map_err(|wrong| wrong.error(name))? else { break };
            if names.is_none() {
                names = Some(self.names(&fields)?);
                guesses = vec![Guess::NEW; fields.len()];
                if self.options.header {
                    start = records.at;
                    continue;
                }
            }
            seen += 1;
            for (guess, field) in guesses.iter_mut().zip(fields.iter()) {
                guess.see(field, self.is_missing(field));
            }
        }
        let missing = if records.at < SAMPLED { wanted.saturating_sub(seen) } else { 0 };
        let Some(names) = names else { return Ok(None) };
        for (name, _) in &self.options.schema {
            if !names.contains(name) {
                return Err(Error::of_file(format!("no column '{name}' among {}", names.join(", "))));
            }
        }
        let kind = |name: &String, guess: &Guess| {
            let declared = self.options.schema.iter().find(|(own, _)| own == name).map(|(_, kind)| *kind);
            declared.unwrap_or_else(|| if self.options.only { Kind::Skipped } else { guess.kind() })
        };
        let kinds: Vec<Kind> = names.iter().zip(&guesses).map(|(name, guess)| kind(name, guess)).collect();
        Ok(Some(Found { columns: names.into_iter().zip(kinds).collect(), start, missing }))
    }

    fn names(&self, first: &Fields<'_>) -> Result<Vec<String>> {
        if !self.options.header {
            let given: Vec<String> = self.options.schema.iter().map(|(name, _)| name.clone()).collect();
            if given.len() == first.len() {
                return Ok(given);
            }
            return Ok((0..first.len()).map(|index| format!("column{}", index + 1)).collect());
        }
        let mut names: Vec<String> = Vec::with_capacity(first.len());
        for field in first.iter() {
            let name = std::str::from_utf8(field).map_err(|_| refused("other than UTF-8"))?.trim().to_owned();
            if names.contains(&name) {
                return Err(Error::at(1, format!("two columns are named '{name}'")));
            }
            names.push(name);
        }
        Ok(names)
    }

    /// The values of all records of some bytes, put into `out`.
    pub fn read_part(&self, columns: &[(String, Kind)], part: &[u8], mut out: Vec<Column>) -> Result<Vec<Column>> {
        let mut lines = Lines::default();
        let mut at = 0;
        while at < part.len() {
            let rest = &part[at..];
            let piece = split::piece(rest, PIECE);
            at += if self.read_lines(columns, &rest[..piece], &mut lines, &mut out) {
                piece
            } else {
                let read = self.read_records(columns, rest, piece, &mut out);
                read.map_err(|error| error.below(split::lines(&part[..at])))?
            };
        }
        Ok(out)
    }

    /// The values of plain lines, column by column; false where they are not plain, or a value is refused: that is found again, and
    /// named, by whoever reads them record by record.
    fn read_lines(&self, columns: &[(String, Kind)], bytes: &[u8], lines: &mut Lines, out: &mut [Column]) -> bool {
        lines.cut(bytes, self.options.delimiter, columns.len())
            && columns.iter().zip(out).enumerate().all(|(index, ((_, kind), column))| {
                let fields = lines.column(bytes, index).map(|text| Field { text, missing: self.is_missing(text) });
                column.extend(*kind, fields, lines.count()).is_some()
            })
    }

    /// The values of the records that begin in the first `least` bytes, and how many bytes these have.
    fn read_records(
        &self,
        columns: &[(String, Kind)],
        bytes: &[u8],
        least: usize,
        out: &mut [Column],
    ) -> Result<usize> {
        let mut records = Records::new(bytes, self.options.delimiter);
        while records.at < least {
            let name = |field: usize| columns.get(field).map(|(name, _)| name.as_str());
            let Some(fields) = records.next().map_err(|wrong| wrong.error(name))? else { break };
            let line = fields.line;
            if fields.len() != columns.len() {
                let what = format!("expected {} fields, as there are columns, got {}", columns.len(), fields.len());
                return Err(Error::at(line, what));
            }
            for ((column, (name, kind)), field) in out.iter_mut().zip(columns).zip(fields.iter()) {
                let pushed = column.push(*kind, field, self.is_missing(field));
                pushed.map_err(|what| Error::at(line, format!("column {name}: {what}")))?;
            }
        }
        Ok(records.at)
    }

    fn is_missing(&self, field: &[u8]) -> bool {
        let Some(&first) = field.first() else { return true };
        self.suspects[usize::from(first)] && self.options.missing.iter().any(|missing| missing.as_bytes() == field)
    }
}

/// The records of some bytes, one at a time in the same memory.
struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    delimiter: u8,
    /// Line ends before `at`.
    lines: u64,
    /// The line that the last record began at, from 1.
    began: u64,
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A field whose quotes are not where they should be.
struct Misquoted {
    /// The line that it begins in, from 1; of a record alone from 0.
    line: u64,
    /// Which field of its record it is, from 0.
    field: usize,
    what: String,
}

impl Misquoted {
    /// The same, with the name of the column where it has one.
    fn error<'n>(self, name: impl Fn(usize) -> Option<&'n str>) -> Error {
        let Misquoted { line, field, what } = self;
        let place = name(field).map_or_else(|| format!("field {}", field + 1), |name| format!("column {name}"));
        Error::at(line, format!("{place}: {what}"))
    }

    /// The first field of a record whose quote never closes, or has text behind the one that closes.
    fn find(record: &[u8], delimiter: u8) -> Option<Misquoted> {
        let (mut at, mut field) = (0, 0);
        loop {
            if record.get(at) == Some(&b'"') {
                let line = split::lines(&record[..at]);
                let wrong = |what| Some(Misquoted { line, field, what });
                let Some(end) = split::closing(record, at + 1) else {
                    let what = "expected a quote that closes the field, got the end of the table. Is it cut off?";
                    return wrong(what.to_owned());
                };
                if record.get(end).is_some_and(|&byte| byte != delimiter && byte != b'\n' && byte != b'\r') {
                    let near = &record[at.max(end.saturating_sub(30))..record.len().min(end + 20)];
                    let shown =
                        String::from_utf8_lossy(near.trim_ascii_end()).replace('\n', "\\n").replace('\r', "\\r");
                    let hint = "A quote within quotes is written twice";
                    let what = format!("expected the field's end behind its closing quote, got '{shown}'. {hint}");
                    return wrong(what);
                }
                at = end;
            }
            at += 1 + memchr::memchr(delimiter, &record[at..])?;
            field += 1;
        }
    }
}

/// The fields of one record.
struct Fields<'r> {
    /// The line that it begins at, from 1.
    line: u64,
    text: &'r [u8],
    ends: &'r [usize],
    /// Bytes between two of them.
    gap: usize,
}

impl<'r> Fields<'r> {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn iter(&self) -> impl Iterator<Item = &'r [u8]> + use<'r> {
        let Fields { text, ends, gap, .. } = *self;
        let mut start = 0;
        ends.iter().map(move |&end| &text[std::mem::replace(&mut start, end + gap)..end])
    }
}

impl<'a> Records<'a> {
    fn new(bytes: &'a [u8], delimiter: u8) -> Records<'a> {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Records { bytes, at: 0, delimiter, lines: 0, began: 1, reader, text: vec![0; 1024], ends: vec![0; 64] }
    }

    fn next(&mut self) -> std::result::Result<Option<Fields<'_>>, Misquoted> {
        match self.plain_line() {
            Some(line) => Ok(Some(self.cut(line))),
            None => self.next_of_any(),
        }
    }

    /// The next line with something in it, where it has neither quotes nor carriage returns amid it: most are so.
    fn plain_line(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = &self.bytes[self.at..];
            let end = memchr::memchr(b'\n', rest);
            let line = &rest[..end.unwrap_or(rest.len())];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.began = 1 + self.lines;
            if rest.is_empty() || memchr::memchr2(b'"', b'\r', line).is_some() {
                return None;
            }
            self.at += end.map_or(rest.len(), |end| end + 1);
            self.lines += u64::from(end.is_some());
            if !line.is_empty() {
                return Some(line);
            }
        }
    }

    /// Fields of a plain line, where they lie.
    fn cut(&mut self, line: &'a [u8]) -> Fields<'_> {
        self.ends.clear();
        split::each([self.delimiter; 2], line, |at| self.ends.push(at));
        self.ends.push(line.len());
        Fields { line: self.began, text: line, ends: &self.ends, gap: 1 }
    }

    fn next_of_any(&mut self) -> std::result::Result<Option<Fields<'_>>, Misquoted> {
        let (mut written, mut ended) = (0, 0);
        let (line, start) = (self.reader.line(), self.at);
        self.ends.resize(self.ends.capacity().max(64), 0);
        loop {
            let (result, read, wrote, ends) =
                self.reader.read_record(&self.bytes[self.at..], &mut self.text[written..], &mut self.ends[ended..]);
            self.at += read;
            written += wrote;
            ended += ends;
            match result {
                // Behind the last byte an empty input says that the last record ends.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.lines += self.reader.line() - line;
                    let record = &self.bytes[start..self.at];
                    let skipped = record.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                    if let Some(wrong) = Misquoted::find(&record[skipped..], self.delimiter) {
                        return Err(Misquoted { line: self.began + wrong.line, ..wrong });
                    }
                    let (line, text, ends) = (self.began, &self.text[..written], &self.ends[..ended]);
                    return Ok(Some(Fields { line, text, ends, gap: 0 }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }
}
