//! Text of a column: each different value has a number, and crosses to JavaScript once.

use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

type Places = HashMap<Box<[u8]>, u32, RandomState>;

/// From so many values on, numbers begin anew: a column whose values are all different would fill the memory.
const MOST: usize = 1 << 14;

/// The values of a column that earlier blocks had, by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Words {
    places: Places,
}

/// Text of some rows: `codes[row]` is a number among the values of all blocks so far.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// How many values came before: those of `added` follow. None: numbers begin anew.
    pub known: u32,
    /// Values that came for the first time.
    pub added: Vec<String>,
    /// The value of each row.
    pub codes: Vec<u32>,
    words: Arc<Words>,
    own: Places,
}

impl PartialEq for Texts {
    fn eq(&self, other: &Texts) -> bool {
        (self.known, &self.added, &self.codes) == (other.known, &other.added, &other.codes)
    }
}

impl Texts {
    /// No rows yet, of a column whose values were `words` so far.
    pub fn new(words: &Arc<Words>, rows: usize) -> Texts {
        let known = words.places.len() as u32;
        Texts { known, codes: Vec::with_capacity(rows), words: words.clone(), ..Texts::default() }
    }

    /// Adds a row; nothing where its bytes are no text.
    pub fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let code = match self.words.places.get(bytes).or_else(|| self.own.get(bytes)) {
            Some(&code) => code,
            None => self.add(bytes)?,
        };
        self.codes.push(code);
        Some(())
    }

    fn add(&mut self, bytes: &[u8]) -> Option<u32> {
        if memchr::memchr(0, bytes).is_some() {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let code = self.known + self.added.len() as u32;
        self.added.push(text.to_owned());
        self.own.insert(bytes.into(), code);
        Some(code)
    }

    /// Adds the rows of a part that was read beside this one.
    pub fn append(&mut self, part: &Texts) {
        if part.added.is_empty() {
            return self.codes.extend_from_slice(&part.codes);
        }
        let place = |text: &String| self.own.get(text.as_bytes()).copied().or_else(|| self.add(text.as_bytes()));
        let places: Vec<u32> = part.added.iter().filter_map(place).collect();
        let code = |&code: &u32| if code < part.known { code } else { places[(code - part.known) as usize] };
        self.codes.extend(part.codes.iter().map(code));
    }

    /// Has `words` take in what was added, for the next block.
    pub fn teach(&mut self, words: &mut Arc<Words>) {
        self.words = Arc::default();
        let own = std::mem::take(&mut self.own);
        if self.known as usize + own.len() > MOST {
            *words = Arc::default();
        } else if !own.is_empty() {
            Arc::make_mut(words).places.extend(own);
        }
    }
}
