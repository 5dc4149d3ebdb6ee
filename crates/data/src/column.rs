//! A column while it is read: values of one kind, one a row.

use crate::date;
use crate::number::{boolean, float32, float64, int32};
use crate::words::{Texts, Words};
use std::sync::Arc;

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
    /// Whatever a value of JSON may be, as it is written; a missing one is `null`.
    Json,
    /// Not read.
    Skipped,
}

impl Kind {
    const NAMES: [(&'static str, Kind); 8] = [
        ("float32", Kind::Float32),
        ("float64", Kind::Float64),
        ("int32", Kind::Int32),
        ("bool", Kind::Bool),
        ("string", Kind::Text),
        ("date", Kind::Date),
        ("json", Kind::Json),
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
            Kind::Json | Kind::Skipped => "anything",
        }
    }
}

/// What a row has in a column, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Field<'f> {
    /// Its bytes.
    pub text: &'f [u8],
    /// Whether they stand for a missing value.
    pub missing: bool,
}

impl<'f> Field<'f> {
    fn float32(self) -> Option<f32> {
        if self.missing { Some(f32::NAN) } else { float32(self.text) }
    }

    fn float64(self) -> Option<f64> {
        if self.missing { Some(f64::NAN) } else { float64(self.text) }
    }

    fn date(self) -> Option<f64> {
        if self.missing { Some(f64::NAN) } else { date::milliseconds(self.text.trim_ascii()) }
    }

    fn or(self, missing: &'f [u8]) -> &'f [u8] {
        if self.missing { missing } else { self.text }
    }
}

fn fill<'f, T: Clone + Default>(
    values: &mut Vec<T>,
    rows: usize,
    fields: impl Iterator<Item = Field<'f>>,
    parse: impl Fn(Field<'f>) -> Option<T>,
) -> Option<()> {
    let known = values.len();
    values.resize(known + rows, T::default());
    for (value, field) in values[known..].iter_mut().zip(fields) {
        *value = parse(field)?;
    }
    Some(())
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
    /// Of [`Kind::Json`].
    Json(Vec<String>),
    /// Of [`Kind::Skipped`].
    Skipped,
}

impl Column {
    /// No values yet, and room for those of `rows`; text that earlier blocks had is among `words`.
    pub fn new(kind: Kind, words: &Arc<Words>, rows: usize) -> Column {
        match kind {
            Kind::Float32 => Column::Float32(Vec::with_capacity(rows)),
            Kind::Float64 | Kind::Date => Column::Float64(Vec::with_capacity(rows)),
            Kind::Int32 => Column::Int32(Vec::with_capacity(rows)),
            Kind::Bool => Column::Bool(Vec::with_capacity(rows)),
            Kind::Text => Column::Text(Texts::new(words, rows)),
            Kind::Json => Column::Json(Vec::with_capacity(rows)),
            Kind::Skipped => Column::Skipped,
        }
    }

    /// Adds a value of a kind; an error says what was expected, what came and what to do.
    pub fn push(&mut self, kind: Kind, text: &[u8], missing: bool) -> Result<(), String> {
        let field = Field { text, missing };
        self.extend(kind, std::iter::once(field), 1).ok_or_else(|| refusal(kind, text, missing))
    }

    /// Adds the values of so many fields; nothing where one is refused, and then perhaps some of them.
    pub fn extend<'f>(&mut self, kind: Kind, mut fields: impl Iterator<Item = Field<'f>>, rows: usize) -> Option<()> {
        match self {
            Column::Float32(values) => fill(values, rows, fields, Field::float32),
            Column::Float64(values) if kind == Kind::Date => fill(values, rows, fields, Field::date),
            Column::Float64(values) => fill(values, rows, fields, Field::float64),
            Column::Int32(values) => fill(values, rows, fields, |field| int32(field.text)),
            Column::Bool(values) => fill(values, rows, fields, |field| boolean(field.text).map(u8::from)),
            Column::Text(texts) => fields.try_for_each(|field| texts.push(field.or(b""))),
            Column::Json(values) => fields.try_for_each(|field| {
                values.push(std::str::from_utf8(field.or(b"null")).ok()?.to_owned());
                Some(())
            }),
            Column::Skipped => Some(()),
        }
    }

    /// The values of parts that were read beside each other, one below the other; `words` learns the text among them.
    pub fn joined(kind: Kind, parts: impl IntoIterator<Item = Column>, words: &mut Arc<Words>) -> Column {
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_else(|| Column::new(kind, words, 0));
        parts.for_each(|part| all.append(part));
        if let Column::Text(texts) = &mut all {
            texts.teach(words);
        }
        all
    }

    fn append(&mut self, other: Column) {
        match (self, other) {
            (Column::Float32(own), Column::Float32(mut more)) => own.append(&mut more),
            (Column::Float64(own), Column::Float64(mut more)) => own.append(&mut more),
            (Column::Int32(own), Column::Int32(mut more)) => own.append(&mut more),
            (Column::Bool(own), Column::Bool(mut more)) => own.append(&mut more),
            (Column::Json(own), Column::Json(mut more)) => own.append(&mut more),
            (Column::Text(own), Column::Text(more)) => own.append(&more),
            (Column::Skipped, Column::Skipped) => {}
            (own, other) => panic!("columns of two kinds: {own:?} and {other:?}"),
        }
    }
}

/// What is wrong with a value.
pub(crate) fn refusal(kind: Kind, field: &[u8], missing: bool) -> String {
    if missing {
        let hint = "Declare it 'float32', where a missing number is NaN";
        return format!("expected {}, got a missing value. {hint}", kind.expected());
    }
    let shown: String = String::from_utf8_lossy(field).chars().take(60).collect();
    format!("expected {}, got '{}'", kind.expected(), shown.escape_debug())
}
