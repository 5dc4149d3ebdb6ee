//! JSON lines: an object a line, whose members are the columns; or values of any kind, which are one column without a name.

use crate::column::{Column, Kind, refusal};
use crate::error::{Error, Result};
use crate::split;
use crate::table::{Found, SAMPLED, refused};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How lines are read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names and kinds of columns; without any they are those of the first records.
    pub schema: Vec<(String, Kind)>,
    /// Members that the schema does not name are passed over.
    pub only: bool,
    /// How many records kinds are found in: the first ones, of those that begin within 16 MB.
    pub sample: usize,
}

/// Reads lines.
#[derive(Debug)]
pub(crate) struct Jsonl {
    options: Options,
    /// Columns of the schema that no record has had so far: their names may be wrong.
    unseen: Mutex<Vec<String>>,
    /// What the members of the first records are called.
    seen: Mutex<Vec<String>>,
}

/// Each line is a record, as no line end stands within a value.
pub(crate) fn ends(bytes: &[u8], parts: usize) -> Vec<usize> {
    split::plain_ends(bytes, parts)
}

impl Jsonl {
    pub fn new(options: Options) -> Jsonl {
        let unseen = options.schema.iter().map(|(name, _)| name.clone()).collect();
        Jsonl { options, unseen: Mutex::new(unseen), seen: Mutex::default() }
    }

    /// Names and kinds out of the first records; nothing where there is none.
    pub fn find_columns(&self, table: &[u8]) -> Result<Option<Found>> {
        let mut sorts: Vec<(String, Sort)> = Vec::new();
        let mut records = 0;
        let wanted = self.options.sample.max(1);
        let sampled = sampled(table);
        for (line, text) in lines(text_of(sampled)?).take(wanted) {
            if records == 0 && !text.starts_with('{') {
                let value = vec![(String::new(), Kind::Json)];
                return Ok(Some(Found { columns: value, start: 0, missing: 0 }));
            }
            records += 1;
            let mut next = 0;
            each_member(line, text, |name, value| {
                let known = place(&sorts, name, next).unwrap_or_else(|| {
                    sorts.push((name.to_owned(), Sort::default()));
                    sorts.len() - 1
                });
                next = known + 1;
                sorts[known].1.see(value);
                Ok(())
            })?;
        }
        if records == 0 {
            return Ok(None);
        }
        *lock(&self.seen) = sorts.iter().map(|(name, _)| name.clone()).collect();
        if self.options.only {
            if records == wanted {
                self.check_names()?;
            }
            return Ok(Some(Found { columns: self.options.schema.clone(), start: 0, missing: 0 }));
        }
        let missing = if sampled.len() < SAMPLED { wanted - records } else { 0 };
        let columns = sorts.into_iter().map(|(name, sort)| (name, sort.kind(records))).collect();
        Ok(Some(Found { columns, start: 0, missing }))
    }

    /// Refuses names of the schema that no record has had.
    pub fn check_names(&self) -> Result<()> {
        let (unseen, seen) = (lock(&self.unseen), lock(&self.seen));
        let Some(name) = unseen.iter().find(|name| !seen.contains(name)) else { return Ok(()) };
        let among = if seen.is_empty() { String::new() } else { format!(" among {}", seen.join(", ")) };
        Err(Error::of_file(format!("no column '{name}'{among}")))
    }

    /// The values of all records of some bytes, put into `out`.
    pub fn read_part(&self, names: &[(String, Kind)], part: &[u8], mut out: Vec<Column>) -> Result<Vec<Column>> {
        let text = text_of(part)?;
        if let [(name, kind)] = names
            && name.is_empty()
            && !self.options.only
        {
            for (line, value) in lines(text) {
                let value: &RawValue = serde_json::from_str(value).map_err(|error| no_json(line, value, &error))?;
                pushed(&mut out[0], *kind, value.get()).map_err(|what| Error::at(line, what))?;
            }
            return Ok(out);
        }
        // The record that each column had its last value in.
        let mut filled = vec![0; names.len()];
        for (record, (line, object)) in (1_u64..).zip(lines(text)) {
            let mut next = 0;
            each_member(line, object, |name, value| {
                let place = place(names, name, next);
                let Some(index) = place else {
                    return if self.options.only { Ok(()) } else { Err(unknown(names, name)) };
                };
                next = index + 1;
                if std::mem::replace(&mut filled[index], record) == record {
                    return Err(format!("column {name}: expected one value, got two"));
                }
                let pushed = pushed(&mut out[index], names[index].1, value);
                pushed.map_err(|what| format!("column {name}: {what}"))
            })?;
            for (index, _) in filled.iter().enumerate().filter(|(_, own)| **own != record) {
                let (name, kind) = &names[index];
                let pushed = out[index].push(*kind, b"", true);
                pushed.map_err(|what| Error::at(line, format!("column {name}: {what}")))?;
            }
        }
        self.saw(names.iter().zip(&filled).filter(|(_, own)| **own > 0).map(|((name, _), _)| name.as_str()));
        Ok(out)
    }

    fn saw<'n>(&self, names: impl Iterator<Item = &'n str> + Clone) {
        lock(&self.unseen).retain(|name| !names.clone().any(|seen| seen == name));
    }
}

fn lock(names: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lines that begin within [`SAMPLED`] bytes.
fn sampled(table: &[u8]) -> &[u8] {
    let end = table.get(SAMPLED - 1..).and_then(|behind| memchr::memchr(b'\n', behind));
    end.map_or(table, |end| &table[..SAMPLED + end])
}

/// Which column a member is: most often the one behind the last.
fn place<T>(names: &[(String, T)], name: &str, next: usize) -> Option<usize> {
    let is = |own: &(String, T)| own.0 == name;
    if names.get(next).is_some_and(is) { Some(next) } else { names.iter().position(is) }
}

/// Refuses a member that is no column.
fn unknown(names: &[(String, Kind)], name: &str) -> String {
    let known: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let hint = "Name the columns in a schema, or look at more records for them (sample)";
    format!("expected the members of the first records ({}), got '{name}'. {hint}", known.join(", "))
}

/// What the values of a member were so far.
#[derive(Default)]
struct Sort {
    numbers: usize,
    texts: usize,
    truths: usize,
    missing: usize,
    others: usize,
}

impl Sort {
    fn see(&mut self, value: &str) {
        let count = match value.as_bytes()[0] {
            b'"' => &mut self.texts,
            b't' | b'f' => &mut self.truths,
            b'n' => &mut self.missing,
            b'{' | b'[' => &mut self.others,
            _ => &mut self.numbers,
        };
        *count += 1;
    }

    /// The kind that holds all values of so many records, where it is one: else they stay JSON.
    fn kind(&self, records: usize) -> Kind {
        let &Sort { numbers, texts, truths, missing, others } = self;
        match (numbers, texts, truths, others) {
            (1.., 0, 0, 0) => Kind::Float64,
            (0, 1.., 0, 0) => Kind::Text,
            (0, 0, 1.., 0) if missing == 0 && truths == records => Kind::Bool,
            _ => Kind::Json,
        }
    }
}

fn text_of(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() as u64;
        Error::at(line, refused("another encoding").to_string())
    })
}

/// Lines with something in them, and their numbers from 1.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let mut at = 0;
    let mut line = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end);
            let own = text[at..end].trim_ascii();
            at = end + 1;
            line += 1;
            if !own.is_empty() {
                return Some((line, own));
            }
        }
        None
    })
}

/// Adds a value of JSON to a column.
fn pushed(column: &mut Column, kind: Kind, value: &str) -> std::result::Result<(), String> {
    match (kind, value.as_bytes()[0]) {
        (Kind::Json | Kind::Skipped, _) => column.push(kind, value.as_bytes(), false),
        (_, b'n') => column.push(kind, b"", true),
        (Kind::Text | Kind::Date, b'"') => {
            let text = unescaped(value).ok_or_else(|| refusal(kind, value.as_bytes(), false))?;
            column.push(kind, text.as_bytes(), false)
        }
        (Kind::Float32 | Kind::Float64 | Kind::Int32 | Kind::Bool, b'-' | b'0'..=b'9' | b't' | b'f') => {
            column.push(kind, value.as_bytes(), false)
        }
        (Kind::Float32 | Kind::Float64 | Kind::Int32 | Kind::Bool | Kind::Text | Kind::Date, _) => {
            Err(refusal(kind, value.as_bytes(), false))
        }
    }
}

fn unescaped(quoted: &str) -> Option<Cow<'_, str>> {
    let within = &quoted[1..quoted.len() - 1];
    if memchr::memchr(b'\\', within.as_bytes()).is_none() {
        return Some(Cow::Borrowed(within));
    }
    serde_json::from_str(quoted).ok().map(Cow::Owned)
}

/// Calls `see` with the names and values of an object's members, the values as they are written.
fn each_member<'t>(
    line: u64,
    object: &'t str,
    see: impl FnMut(&str, &'t str) -> std::result::Result<(), String>,
) -> Result<()> {
    let mut wrong = None;
    let mut json = serde_json::Deserializer::from_str(object);
    let read = Members { see, wrong: &mut wrong }.deserialize(&mut json).and_then(|()| json.end());
    match (wrong, read) {
        (Some(what), _) => Err(Error::at(line, what)),
        (None, Err(error)) => Err(no_json(line, object, &error)),
        (None, Ok(())) => Ok(()),
    }
}

/// Why a line is no object, or no JSON at all.
fn no_json(line: u64, text: &str, error: &serde_json::Error) -> Error {
    let shown: String = text.chars().take(60).collect();
    let shown = shown.escape_debug();
    if error.is_data() {
        return Error::at(line, format!("expected JSON, an object as in the first line, got '{shown}'"));
    }
    let reason = error.to_string();
    let reason = reason.split(" at line").next().unwrap_or_default();
    Error::at(line, format!("expected JSON, got '{shown}' ({reason} at byte {})", error.column()))
}

struct Members<'w, F> {
    see: F,
    /// What `see` refused.
    wrong: &'w mut Option<String>,
}

impl<'t, F: FnMut(&str, &'t str) -> std::result::Result<(), String>> DeserializeSeed<'t> for Members<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> std::result::Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'t, F: FnMut(&str, &'t str) -> std::result::Result<(), String>> Visitor<'t> for Members<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut members: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = members.next_key_seed(Name)? {
            let value: &'t RawValue = members.next_value()?;
            if let Err(what) = (self.see)(&name, value.get()) {
                *self.wrong = Some(what);
                return Err(de::Error::custom("a value"));
            }
        }
        Ok(())
    }
}

/// The name of a member, where it lies unless it is escaped.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> std::result::Result<Cow<'t, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'t str) -> std::result::Result<Cow<'t, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> std::result::Result<Cow<'t, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
