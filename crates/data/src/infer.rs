//! The kind of a column from a sample of its values.

use crate::column::Kind;
use crate::date;
use crate::number::{boolean, float64, int32};

/// What the values seen so far could be.
#[derive(Clone, Copy, Debug)]
pub struct Guess {
    any: bool,
    missing: bool,
    int: bool,
    float: bool,
    word: bool,
    date: bool,
}

impl Guess {
    /// Anything, before a value is seen.
    pub const NEW: Guess = Guess { any: false, missing: false, int: true, float: true, word: true, date: true };

    /// Sees a value.
    pub fn see(&mut self, field: &[u8], missing: bool) {
        if missing {
            self.missing = true;
            return;
        }
        self.any = true;
        self.int = self.int && int32(field).is_some();
        self.float = self.float && float64(field).is_some();
        // `1` and `0` are numbers where nothing is called true or false.
        self.word = self.word && boolean(field).is_some() && field.trim_ascii().len() > 1;
        self.date = self.date && date::milliseconds(field.trim_ascii()).is_some();
    }

    /// The narrowest kind that holds all values seen: numbers with missing ones among them are float64, for NaN.
    pub fn kind(self) -> Kind {
        match self {
            Guess { any: false, .. } => Kind::Text,
            Guess { int: true, missing: false, .. } => Kind::Int32,
            Guess { float: true, .. } => Kind::Float64,
            Guess { word: true, missing: false, .. } => Kind::Bool,
            Guess { date: true, .. } => Kind::Date,
            Guess { .. } => Kind::Text,
        }
    }
}
