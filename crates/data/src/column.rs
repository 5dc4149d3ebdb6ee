//! A column while it is read: values of one kind, one a row.

use crate::date;
use std::collections::HashMap;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers of 32 bits; a missing one is NaN.
    Float32,
    /// Numbers of 64 bits; a missing one is NaN.
    Float64,
    /// Whole numbers of 32 bits; none may be missing.
    Int32,
    /// `true` or `false`, `1` or `0`; none may be missing.
    Bool,
    /// Text; a missing one is empty.
    Text,
    /// Milliseconds since 1970-01-01 UTC, out of ISO 8601; a missing one is NaN.
    Date,
    /// Not read.
    Skipped,
}

impl Kind {
    const NAMES: [(&'static str, Kind); 7] = [
        ("float32", Kind::Float32),
        ("float64", Kind::Float64),
        ("int32", Kind::Int32),
        ("bool", Kind::Bool),
        ("string", Kind::Text),
        ("date", Kind::Date),
        ("skipped", Kind::Skipped),
    ];

    /// Its name in a schema.
    pub fn name(self) -> &'static str {
        Kind::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::NAMES.iter().find(|(own, _)| *own == name).map(|(_, kind)| *kind)
    }

    /// What a value of it is, for messages.
    fn expected(self) -> &'static str {
        match self {
            Kind::Float32 | Kind::Float64 => "a finite number",
            Kind::Int32 => "a whole number within 32 bits",
            Kind::Bool => "true or false",
            Kind::Text => "text in UTF-8 without NUL bytes",
            Kind::Date => "a date (2026-11-29, 2026-11-29T14:30:00Z)",
            Kind::Skipped => "anything",
        }
    }
}

/// Text whose values are stored once: `values[codes[row]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Different values.
    pub values: Vec<String>,
    /// Which of them each row has.
    pub codes: Vec<u32>,
    places: HashMap<Box<[u8]>, u32>,
}

impl Texts {
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let code = match self.places.get(bytes) {
            Some(&code) => code,
            None => {
                if memchr::memchr(0, bytes).is_some() {
                    return None;
                }
                self.add(std::str::from_utf8(bytes).ok()?)
            }
        };
        self.codes.push(code);
        Some(())
    }

    fn add(&mut self, text: &str) -> u32 {
        let code = self.values.len() as u32;
        self.values.push(text.to_owned());
        self.places.insert(text.as_bytes().into(), code);
        code
    }

    fn append(&mut self, other: &Texts) {
        let place = |text: &String| self.places.get(text.as_bytes()).copied().unwrap_or_else(|| self.add(text));
        let places: Vec<u32> = other.values.iter().map(place).collect();
        self.codes.extend(other.codes.iter().map(|&code| places[code as usize]));
    }
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Of [`Kind::Float32`].
    Float32(Vec<f32>),
    /// Of [`Kind::Float64`] and [`Kind::Date`].
    Float64(Vec<f64>),
    /// Of [`Kind::Int32`].
    Int32(Vec<i32>),
    /// Of [`Kind::Bool`].
    Bool(Vec<u8>),
    /// Of [`Kind::Text`].
    Text(Texts),
    /// Of [`Kind::Skipped`].
    Skipped,
}

impl Column {
    /// No values yet.
    pub fn new(kind: Kind) -> Column {
        match kind {
            Kind::Float32 => Column::Float32(Vec::new()),
            Kind::Float64 | Kind::Date => Column::Float64(Vec::new()),
            Kind::Int32 => Column::Int32(Vec::new()),
            Kind::Bool => Column::Bool(Vec::new()),
            Kind::Text => Column::Text(Texts::default()),
            Kind::Skipped => Column::Skipped,
        }
    }

    /// Adds a value of a kind; an error says what was expected, what came and what to do.
    pub fn push(&mut self, kind: Kind, field: &[u8], missing: bool) -> Result<(), String> {
        let pushed = match self {
            Column::Float32(values) if missing => Some(f32::NAN).map(|nan| values.push(nan)),
            Column::Float64(values) if missing => Some(f64::NAN).map(|nan| values.push(nan)),
            Column::Float32(values) => float32(field).map(|value| values.push(value)),
            Column::Float64(values) if kind == Kind::Date => {
                date::milliseconds(field.trim_ascii()).map(|ms| values.push(ms))
            }
            Column::Float64(values) => float64(field).map(|value| values.push(value)),
            Column::Int32(values) => int32(field).map(|value| values.push(value)),
            Column::Bool(values) => boolean(field).map(|value| values.push(value.into())),
            Column::Text(texts) => texts.push(if missing { b"" } else { field }),
            Column::Skipped => Some(()),
        };
        pushed.ok_or_else(|| refusal(kind, field, missing))
    }

    /// Adds the values of another part.
    pub fn append(&mut self, other: Column) {
        match (self, other) {
            (Column::Float32(own), Column::Float32(mut more)) => own.append(&mut more),
            (Column::Float64(own), Column::Float64(mut more)) => own.append(&mut more),
            (Column::Int32(own), Column::Int32(mut more)) => own.append(&mut more),
            (Column::Bool(own), Column::Bool(mut more)) => own.append(&mut more),
            (Column::Text(own), Column::Text(more)) => own.append(&more),
            (Column::Skipped, Column::Skipped) => {}
            (own, other) => panic!("columns of two kinds: {own:?} and {other:?}"),
        }
    }
}

fn refusal(kind: Kind, field: &[u8], missing: bool) -> String {
    if missing {
        let hint = "Declare it 'float32', where a missing number is NaN";
        return format!("expected {}, got a missing value. {hint}", kind.expected());
    }
    let shown: String = String::from_utf8_lossy(field).chars().take(60).collect();
    format!("expected {}, got '{}'", kind.expected(), shown.escape_debug())
}

fn float32(field: &[u8]) -> Option<f32> {
    fast_float2::parse::<f32, _>(field.trim_ascii()).ok().filter(|value| value.is_finite())
}

/// A finite number.
pub(crate) fn float64(field: &[u8]) -> Option<f64> {
    fast_float2::parse::<f64, _>(field.trim_ascii()).ok().filter(|value| value.is_finite())
}

/// A whole number of 32 bits; `3.0` is one.
pub(crate) fn int32(field: &[u8]) -> Option<i32> {
    let text = field.trim_ascii();
    let short = std::str::from_utf8(text).ok()?.parse().ok();
    short.or_else(|| float64(text).filter(|value| *value == f64::from(*value as i32)).map(|value| value as i32))
}

/// `true`, `false`, in any case, `1` or `0`.
pub(crate) fn boolean(field: &[u8]) -> Option<bool> {
    let text = field.trim_ascii();
    if text == b"1" || text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text == b"0" || text.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}
