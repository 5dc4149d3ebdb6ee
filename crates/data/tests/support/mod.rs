//! Tables read in blocks, and their values.

use ferrograd_data::table::Columns;
use ferrograd_data::{Column, Table};

/// Names and kinds, and the values of all rows; or what is wrong.
pub type Read = Result<(Columns, Vec<Values>), String>;

/// The values of a column, whatever they were read as.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

impl Values {
    pub fn numbers<T: Into<f64>>(numbers: impl IntoIterator<Item = T>) -> Values {
        Values::Numbers(numbers.into_iter().map(Into::into).collect())
    }
}

/// Reads a table that comes in blocks of `block` bytes.
pub fn read_blocks(table: &mut Table, bytes: &[u8], block: usize) -> Read {
    let blocks: Vec<&[u8]> = if bytes.is_empty() { vec![&[]] } else { bytes.chunks(block).collect() };
    let mut all: Vec<Values> = vec![];
    let mut words: Vec<Vec<String>> = vec![];
    for (index, part) in blocks.iter().enumerate() {
        table.push(part);
        let columns = table.read(index + 1 == blocks.len()).map_err(|error| error.to_string())?;
        words.resize(columns.len().max(words.len()), vec![]);
        let values: Vec<Values> =
            columns.into_iter().zip(&mut words).map(|(column, words)| values(column, words)).collect();
        if all.is_empty() {
            all = values;
        } else {
            all.iter_mut().zip(values).for_each(|(own, more)| append(own, more));
        }
    }
    Ok((table.columns().unwrap_or_default().to_vec(), all))
}

/// `words` are the values of earlier blocks, and get those of this one.
fn values(column: Column, words: &mut Vec<String>) -> Values {
    match column {
        Column::Float32(values) => Values::numbers(values),
        Column::Float64(values) => Values::numbers(values),
        Column::Int32(values) => Values::numbers(values),
        Column::Bool(values) => Values::numbers(values),
        Column::Json(values) => Values::Texts(values),
        Column::Skipped => Values::Texts(vec![]),
        Column::Text(texts) => {
            if texts.known == 0 {
                words.clear();
            }
            assert_eq!(words.len(), texts.known as usize, "values of earlier blocks");
            words.extend(texts.added);
            Values::Texts(texts.codes.iter().map(|&code| words[code as usize].clone()).collect())
        }
    }
}

fn append(own: &mut Values, more: Values) {
    match (own, more) {
        (Values::Numbers(own), Values::Numbers(more)) => own.extend(more),
        (Values::Texts(own), Values::Texts(more)) => own.extend(more),
        (own, more) => panic!("columns of two kinds: {own:?} and {more:?}"),
    }
}
