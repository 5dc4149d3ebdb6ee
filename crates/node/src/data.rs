//! Tables of `ferrograd-data` between JavaScript and the core: blocks of bytes go in, columns come out.

use crate::error::{Result, internal, js};
use crate::runtime::BindingRuntime;
use ferrograd_data::{Column, Kind, Table, csv, jsonl, rows};
use ferrograd_graph::{Error, ErrorCode};
use napi::bindgen_prelude::{Float32Array, Float64Array, Int32Array, Uint8Array, Uint8ArraySlice, Uint32Array};
use napi_derive::napi;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which columns a table has, and what they hold.
#[napi(object, object_to_js = false)]
pub struct TableColumns {
    /// Names of columns whose kinds are given.
    pub names: Vec<String>,
    /// Their kinds.
    pub kinds: Vec<String>,
    /// The others are skipped.
    pub only: bool,
    /// How many records kinds are guessed from.
    pub sample: u32,
}

/// How fields are written.
#[napi(object, object_to_js = false)]
pub struct CsvFields {
    /// Between fields: one byte.
    pub delimiter: u32,
    /// Whether the first record has the names.
    pub header: bool,
    /// What stands for a missing value, beside nothing.
    pub missing: Vec<String>,
}

/// One column of a block: the numbers of its kind, text by the numbers of its values, or JSON.
#[napi(object, object_from_js = false)]
pub struct BindingTableColumn {
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
    /// Of `string`: which value each row has.
    pub codes: Option<Uint32Array>,
    /// How many values of `string` earlier blocks had, of which numbers go on; 0 where they begin anew.
    pub known: u32,
    /// The values of `string` that came for the first time, or those of `json`, one a row.
    pub values: Option<Vec<String>>,
}

/// A table that is being read.
#[napi]
pub struct BindingTable {
    state: Arc<Mutex<State>>,
}

struct State {
    table: Table,
    file: Option<File>,
    /// How many bytes of the file were pushed and are not read, or why none could be.
    ahead: Option<std::io::Result<usize>>,
    read: Vec<Column>,
}

#[napi]
impl BindingTable {
    /// Fields between delimiters, none of them read yet.
    #[napi(factory, catch_unwind)]
    pub fn csv(fields: CsvFields, columns: TableColumns) -> Result<BindingTable> {
        let CsvFields { delimiter, header, missing } = fields;
        let TableColumns { only, sample, .. } = columns;
        let (delimiter, sample, schema) = (delimiter as u8, sample as usize, schema(columns)?);
        Ok(BindingTable::of(Table::csv(csv::Options { delimiter, header, schema, only, missing, sample })))
    }

    /// JSON lines, none of them read yet.
    #[napi(factory, catch_unwind)]
    pub fn jsonl(columns: TableColumns) -> Result<BindingTable> {
        let TableColumns { only, sample, .. } = columns;
        let (sample, schema) = (sample as usize, schema(columns)?);
        Ok(BindingTable::of(Table::jsonl(jsonl::Options { schema, only, sample })))
    }

    fn of(table: Table) -> BindingTable {
        BindingTable { state: Arc::new(Mutex::new(State { table, file: None, ahead: None, read: Vec::new() })) }
    }

    /// Reads the next block, which is copied here, in the job that `ticket` names; `last` says that none follows. Call it again
    /// when that has ended.
    #[napi(catch_unwind)]
    pub fn read(&self, runtime: &BindingRuntime, block: &[u8], last: bool, ticket: u32) {
        lock(&self.state).table.push(block);
        self.start(runtime, ticket, move |state| state.parse(last));
    }

    /// Opens a file, for `read_on`.
    #[napi(catch_unwind)]
    pub fn open(&self, path: String) -> Result<()> {
        let file = File::open(path).map_err(|error| js(refused(&error)))?;
        lock(&self.state).file = Some(file);
        Ok(())
    }

    /// As `read`, of the next `bytes` of the file that is open; it is closed at its end.
    #[napi(catch_unwind)]
    pub fn read_on(&self, runtime: &BindingRuntime, bytes: u32, ticket: u32) {
        self.start(runtime, ticket, move |state| state.read_on(bytes.into()));
    }

    /// Whether a file is open.
    #[napi(getter, catch_unwind)]
    pub fn is_open(&self) -> bool {
        lock(&self.state).file.is_some()
    }

    /// Closes the file before its end.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        lock(&self.state).file = None;
    }

    fn start(
        &self,
        runtime: &BindingRuntime,
        ticket: u32,
        work: impl FnOnce(&mut State) -> std::result::Result<(), Error> + Send + 'static,
    ) {
        let (state, shared) = (self.state.clone(), runtime.shared.clone());
        runtime.shared.workers.start(ticket, move || shared.beside(|| work(&mut lock(&state))));
    }

    /// The columns of the last block, once; none where no record ended in it.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Vec<BindingTableColumn> {
        let mut state = lock(&self.state);
        let read = std::mem::take(&mut state.read);
        let names = state.table.columns().unwrap_or_default();
        names.iter().zip(read).filter_map(|((name, kind), column)| bound(name, *kind, column)).collect()
    }
}

impl State {
    fn parse(&mut self, last: bool) -> std::result::Result<(), Error> {
        let read = self.table.read(last);
        self.keep(read)
    }

    /// While some bytes are parsed, those behind them come from the file.
    fn read_on(&mut self, bytes: u64) -> std::result::Result<(), Error> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let pushed = self.ahead.take().unwrap_or_else(|| self.table.push_from(file, bytes));
        if pushed.map_err(|error| refused(&error))? == 0 {
            self.file = None;
            return self.parse(true);
        }
        let (read, ahead) = self.table.read_and_push(file, bytes);
        self.ahead = Some(ahead);
        self.keep(read)
    }

    fn keep(&mut self, read: ferrograd_data::Result<Vec<Column>>) -> std::result::Result<(), Error> {
        self.read = read.map_err(|error| Error::new(ErrorCode::Data, error.to_string()))?;
        Ok(())
    }
}

fn refused(error: &std::io::Error) -> Error {
    Error::new(ErrorCode::Io, format!("cannot read: {error}"))
}

fn schema(TableColumns { names, kinds, .. }: TableColumns) -> Result<Vec<(String, Kind)>> {
    let kind = |name: &String| Kind::named(name).ok_or_else(|| internal(format!("no kind {name}")));
    let kinds = kinds.iter().map(kind).collect::<Result<Vec<Kind>>>()?;
    Ok(names.into_iter().zip(kinds).collect())
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

fn bound(name: &str, kind: Kind, column: Column) -> Option<BindingTableColumn> {
    let mut bound = BindingTableColumn {
        name: name.to_owned(),
        kind: kind.name().to_owned(),
        float32: None,
        float64: None,
        int32: None,
        bool: None,
        codes: None,
        known: 0,
        values: None,
    };
    match column {
        Column::Float32(values) => bound.float32 = Some(values.into()),
        Column::Float64(values) => bound.float64 = Some(values.into()),
        Column::Int32(values) => bound.int32 = Some(values.into()),
        Column::Bool(values) => bound.bool = Some(values.into()),
        Column::Text(texts) => {
            bound.codes = Some(texts.codes.into());
            bound.known = texts.known;
            bound.values = Some(texts.added);
        }
        Column::Json(values) => bound.values = Some(values),
        Column::Skipped => return None,
    }
    Some(bound)
}
