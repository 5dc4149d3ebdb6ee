//! Tables of `ferrograd-data` between JavaScript and the core: blocks of bytes go in, columns come out.

use crate::error::{Result, internal};
use crate::runtime::BindingRuntime;
use ferrograd_data::{Column, Csv, Kind, Options, rows};
use ferrograd_graph::{Error, ErrorCode};
use napi::bindgen_prelude::{Float32Array, Float64Array, Int32Array, Uint8Array, Uint8ArraySlice, Uint32Array};
use napi_derive::napi;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a table is read.
#[napi(object, object_to_js = false)]
pub struct CsvOptions {
    /// Between fields: one byte.
    pub delimiter: u32,
    /// Whether the first record has the names.
    pub header: bool,
    /// Names of columns whose kinds are given.
    pub names: Vec<String>,
    /// Their kinds.
    pub kinds: Vec<String>,
    /// The others are skipped.
    pub only: bool,
    /// What stands for a missing value, beside nothing.
    pub missing: Vec<String>,
    /// How many records kinds are guessed from.
    pub sample: u32,
}

/// One column of a block: the numbers of its kind, or text as codes of different values.
#[napi(object, object_from_js = false)]
pub struct BindingCsvColumn {
    /// Its name.
    pub name: String,
    /// Its kind, as a schema calls it.
    pub kind: String,
    /// Numbers of `float32`.
    pub float32: Option<Float32Array>,
    /// Numbers of `float64` and `date`.
    pub float64: Option<Float64Array>,
    /// Numbers of `int32`.
    pub int32: Option<Int32Array>,
    /// Truth values of `bool`.
    pub bool: Option<Uint8Array>,
    /// The different values of `string`.
    pub values: Option<Vec<String>>,
    /// Which of them each row has.
    pub codes: Option<Uint32Array>,
}

/// A table that is being read.
#[napi]
pub struct BindingCsv {
    state: Arc<Mutex<State>>,
}

struct State {
    csv: Csv,
    read: Vec<Column>,
}

#[napi]
impl BindingCsv {
    /// Nothing read yet.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: CsvOptions) -> Result<BindingCsv> {
        let kind = |name: &String| Kind::named(name).ok_or_else(|| internal(format!("no kind {name}")));
        let kinds = options.kinds.iter().map(kind).collect::<Result<Vec<Kind>>>()?;
        let csv = Csv::new(Options {
            delimiter: options.delimiter as u8,
            header: options.header,
            schema: options.names.into_iter().zip(kinds).collect(),
            only: options.only,
            missing: options.missing,
            sample: options.sample as usize,
        });
        Ok(BindingCsv { state: Arc::new(Mutex::new(State { csv, read: Vec::new() })) })
    }

    /// Reads the next block, in the job that `ticket` names; `last` says that none follows.
    #[napi(catch_unwind)]
    pub fn read(&self, runtime: &BindingRuntime, block: &[u8], last: bool, ticket: u32) {
        let (state, shared, block) = (self.state.clone(), runtime.shared.clone(), block.to_vec());
        runtime.shared.workers.start(ticket, move || {
            let mut state = lock(&state);
            let State { csv, read: columns } = &mut *state;
            let read = shared.beside(|| csv.read(&block, last));
            *columns = read.map_err(|error| Error::new(ErrorCode::Data, error.to_string()))?;
            Ok(())
        });
    }

    /// The columns of the last block, once; none where no record ended in it.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Vec<BindingCsvColumn> {
        let mut state = lock(&self.state);
        let read = std::mem::take(&mut state.read);
        let names = state.csv.columns().unwrap_or_default();
        names.iter().zip(read).filter_map(|((name, kind), column)| bound(name, *kind, column)).collect()
    }
}

/// `to[i] = from[rows[i]]`, rows of `width` bytes; the two memories are apart.
#[napi(catch_unwind)]
pub fn gather_rows(from: &[u8], mut to: Uint8ArraySlice<'_>, rows: &[u32], width: u32) -> Result<()> {
    // Safety: memory that JavaScript has just made and nobody else reads before this call returns.
    let to = unsafe { to.as_mut() };
    rows::gather(from, to, rows, width as usize).map_err(|at| internal(format!("no row {}", rows[at])))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bound(name: &str, kind: Kind, column: Column) -> Option<BindingCsvColumn> {
    let mut bound = BindingCsvColumn {
        name: name.to_owned(),
        kind: kind.name().to_owned(),
        float32: None,
        float64: None,
        int32: None,
        bool: None,
        values: None,
        codes: None,
    };
    match column {
        Column::Float32(values) => bound.float32 = Some(values.into()),
        Column::Float64(values) => bound.float64 = Some(values.into()),
        Column::Int32(values) => bound.int32 = Some(values.into()),
        Column::Bool(values) => bound.bool = Some(values.into()),
        Column::Text(texts) => {
            bound.values = Some(texts.values);
            bound.codes = Some(texts.codes.into());
        }
        Column::Skipped => return None,
    }
    Some(bound)
}
