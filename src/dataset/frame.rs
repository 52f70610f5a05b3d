//! Parquet ↔ [`Table`]: the only file that knows polars.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};

use polars::prelude as pl;
use polars_io::SerReader;
use polars_io::mmap::MmapBytesReader;
use polars_io::prelude::{ParquetReader, ParquetWriter};
use polars_parquet::parquet::metadata::SchemaDescriptor;
use polars_parquet::parquet::schema::types::{IntegerType, ParquetType, PrimitiveConvertedType, PrimitiveLogicalType};

use serde_json::{Map, Value};

use super::delimited::{MAX_COLUMNS, check_header, empty, too_many_columns};
use super::table::{Column, Table, Texts, Values};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// More rows than this are refused before anything is allocated: a few bytes can declare any number.
const MAX_ROWS: usize = 100_000_000;

/// Reads one Parquet file. Problems of its form are added to `problems`; `None` where no table can be had.
pub fn read(name: &str, file: &str, bytes: &[u8], problems: &mut Problems) -> Option<Table> {
    let mut foreign = Vec::new();
    let frame = match guarded(|| decode(bytes, &mut foreign)) {
        Ok(Some(frame)) => frame,
        Ok(None) => {
            foreign.into_iter().for_each(|problem: Nameless| problems.push(problem.file(file)));
            return None;
        }
        Err(reason) => {
            let remedy = "write the file again as Parquet with numbers, truth values, text or structs of them";
            let message = format!("the file cannot be read as Parquet: {reason}");
            problems.push(Problem::new(Severity::Error, "malformed-file", file, message, remedy));
            return None;
        }
    };
    if frame.height() == 0 {
        problems.push(empty(name, file));
        return None;
    }
    let mut columns = Vec::new();
    let mut sound = true;
    for series in frame.materialized_column_iter() {
        match guarded(|| Ok(flatten(series, "", &mut columns))) {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => {
                problems.push(problem.file(file));
                sound = false;
            }
            Err(reason) => {
                let message = format!("the column cannot be read: {reason}");
                let problem = Problem::new(Severity::Error, "malformed-file", file, message, "write the file again");
                problems.push(problem.cell(series.name().as_str(), series.dtype().to_string()));
                sound = false;
            }
        }
    }
    if columns.len() > MAX_COLUMNS {
        problems.push(too_many_columns(file, columns.len()));
        return None;
    }
    let header: Vec<String> = columns.iter().map(|c: &Column| c.original.clone()).collect();
    check_header(file, 1, &header, problems)?;
    let lines = (1..=frame.height() as u64).collect();
    sound.then(|| Table { name: name.to_owned(), file: file.to_owned(), columns, lines })
}

/// The rows of a Parquet file as records, whose values may be lists and structs. Columns that `wanted` refuses (image
/// bytes) are never decoded. Problems of its form are added to `problems`; `None` where it cannot be read.
pub fn records(
    file: &str,
    source: std::fs::File,
    wanted: &dyn Fn(&str) -> bool,
    problems: &mut Problems,
) -> Option<Vec<Map<String, Value>>> {
    let read = guarded(|| {
        let mut reader = widened(ParquetReader::new(source))?;
        let names = reader.schema().map_err(|e| e.to_string())?;
        let names: Vec<String> = names.iter_values().map(|field| field.name.to_string()).collect();
        let kept: Vec<usize> = (0..names.len()).filter(|&c| wanted(&names[c])).collect();
        let frame = reader.with_projection(Some(kept)).finish().map_err(|e| e.to_string())?;
        let mut rows = vec![Map::new(); frame.height()];
        for series in frame.materialized_column_iter() {
            for (row, value) in rows.iter_mut().zip(series.rechunk().iter()) {
                row.insert(series.name().to_string(), json(value)?);
            }
        }
        Ok(rows)
    });
    read.map_err(|reason| {
        let message = format!("the file cannot be read as Parquet: {reason}");
        problems.push(Problem::new(Severity::Error, "malformed-file", file, message, "write the file again"));
    })
    .ok()
}

/// A cell as JSON.
fn json(value: pl::AnyValue) -> std::result::Result<Value, String> {
    use pl::AnyValue as A;
    Ok(match value {
        A::Null => Value::Null,
        A::Boolean(x) => x.into(),
        A::String(x) => x.into(),
        A::StringOwned(x) => x.as_str().into(),
        A::Float32(x) => Value::from(typed(x)),
        A::Float64(x) => Value::from(x),
        A::List(items) => Value::Array(items.iter().map(json).collect::<std::result::Result<_, _>>()?),
        value @ (A::Struct(..) | A::StructOwned(_)) => {
            let names: Vec<String> = match value.dtype() {
                pl::DataType::Struct(fields) => fields.iter().map(|field| field.name().to_string()).collect(),
                _ => Vec::new(),
            };
            let values = value._iter_struct_av().map(json).collect::<std::result::Result<Vec<_>, _>>()?;
            Value::Object(names.into_iter().zip(values).collect())
        }
        whole if whole.is_integer() => whole.extract::<i64>().map_or(Value::Null, Value::from),
        other => return Err(format!("a value has the type {}, which no layout uses", other.dtype())),
    })
}

/// The columns as the bytes of a Parquet file. All columns must have the same length and different names.
///
/// # Errors
/// [`Error::Bug`] if polars refuses the columns.
pub fn to_parquet(columns: &[(&str, Values)]) -> Result<Vec<u8>> {
    let bug = |e: pl::PolarsError| Error::Bug(format!("Parquet: {e}"));
    let height = columns.first().map_or(0, |(_, values)| values.len());
    let series = columns.iter().map(|(name, values)| to_column(name, values)).collect();
    let mut frame = pl::DataFrame::new(height, series).map_err(bug)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).set_parallel(false).finish(&mut frame).map_err(bug)?;
    Ok(bytes)
}

/// A column of a Parquet file that holds more than tables do.
#[derive(Debug, Clone, PartialEq)]
pub enum BlobColumn {
    /// Text.
    Text(Vec<String>),
    /// Bytes, for example of an image.
    Bytes(Vec<Vec<u8>>),
    /// Numbers.
    Float(Vec<f64>),
}

/// The columns as the bytes of a Parquet file; as [`to_parquet`], with columns of bytes.
///
/// # Errors
/// [`Error::Bug`] if polars refuses the columns.
pub fn blobs_to_parquet(columns: &[(&str, BlobColumn)]) -> Result<Vec<u8>> {
    let bug = |e: pl::PolarsError| Error::Bug(format!("Parquet: {e}"));
    let column = |(name, values): &(&str, BlobColumn)| match values {
        BlobColumn::Text(v) => pl::Column::new((*name).into(), v),
        BlobColumn::Bytes(v) => {
            let bytes: Vec<&[u8]> = v.iter().map(Vec::as_slice).collect();
            pl::Column::new((*name).into(), bytes)
        }
        BlobColumn::Float(v) => pl::Column::new((*name).into(), v),
    };
    let height = columns.first().map_or(0, |(_, values)| match values {
        BlobColumn::Text(v) => v.len(),
        BlobColumn::Bytes(v) => v.len(),
        BlobColumn::Float(v) => v.len(),
    });
    let mut frame = pl::DataFrame::new(height, columns.iter().map(column).collect()).map_err(bug)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).set_parallel(false).finish(&mut frame).map_err(bug)?;
    Ok(bytes)
}

/// The named columns of a Parquet file as they would be typed, one list per name; other columns are not read.
///
/// # Errors
/// What polars says, in words.
pub fn parquet_texts(bytes: &[u8], names: &[&str]) -> std::result::Result<Vec<Vec<String>>, String> {
    let wanted: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let read = || ParquetReader::new(Cursor::new(bytes)).with_columns(Some(wanted)).finish().map_err(|e| e.to_string());
    let frame = guarded(read)?;
    let text = |value: pl::AnyValue<'_>| match value {
        pl::AnyValue::String(text) => text.to_owned(),
        pl::AnyValue::StringOwned(text) => text.to_string(),
        pl::AnyValue::Null => String::new(),
        other => other.extract::<f64>().map_or_else(|| other.to_string(), |x| x.to_string()),
    };
    let column = |name: &&str| -> std::result::Result<Vec<String>, String> {
        let column = frame.column(name).map_err(|e| e.to_string())?;
        (0..frame.height()).map(|row| column.get(row).map(text).map_err(|e| e.to_string())).collect()
    };
    names.iter().map(column).collect()
}

fn to_column(name: &str, values: &Values) -> pl::Column {
    match values {
        Values::Text(v) => {
            let texts = v.iter().map(|text| (!text.is_empty()).then_some(text));
            pl::Column::new(name.into(), texts.collect::<Vec<Option<&str>>>())
        }
        Values::Float(v) => pl::Column::new(name.into(), v),
        Values::Int(v) => pl::Column::new(name.into(), v),
        Values::Bool(v) => pl::Column::new(name.into(), v),
    }
}

/// The frame; `None`, and a problem for each column, where columns have types that no table uses.
fn decode(bytes: &[u8], foreign: &mut Vec<Nameless>) -> std::result::Result<Option<pl::DataFrame>, String> {
    let mut reader = widened(ParquetReader::new(Cursor::new(bytes)))?;
    for field in reader.schema().map_err(|e| e.to_string())?.iter_values() {
        find_foreign(field, "", foreign);
    }
    if !foreign.is_empty() {
        return Ok(None);
    }
    reader.set_rechunk(true).finish().map(Some).map_err(|e| e.to_string())
}

/// The reader of a file whose schema asks only for types that this build of polars has.
fn widened<R: MmapBytesReader>(mut reader: ParquetReader<R>) -> std::result::Result<ParquetReader<R>, String> {
    let metadata = reader.get_metadata().map_err(|e| e.to_string())?;
    if metadata.num_rows > MAX_ROWS {
        return Err(format!("it declares {} rows; at most {MAX_ROWS} are read", metadata.num_rows));
    }
    // The Arrow schema that writers store beside Parquet's own asks for types that this build of polars does not have
    // (categories, durations). Parquet's own types say all we need: a category is text there.
    let mut metadata = metadata.as_ref().clone();
    metadata.key_value_metadata = None;
    let fields = metadata.schema_descr.fields().iter().cloned().map(widen).collect();
    metadata.schema_descr = SchemaDescriptor::new(metadata.schema_descr.name().into(), fields);
    reader.set_metadata(Arc::new(metadata));
    Ok(reader)
}

/// The type with its 8- and 16-bit whole numbers as the 32-bit ones that Parquet stores them as: this build of polars has
/// no smaller ones.
fn widen(field: ParquetType) -> ParquetType {
    match field {
        ParquetType::PrimitiveType(mut field) => {
            use IntegerType as I;
            use PrimitiveConvertedType as C;
            let logical = |l: &PrimitiveLogicalType| {
                matches!(l, PrimitiveLogicalType::Integer(I::Int8 | I::Int16 | I::UInt8 | I::UInt16))
            };
            let converted = |c: &C| matches!(c, C::Int8 | C::Int16 | C::Uint8 | C::Uint16);
            if field.logical_type.as_ref().is_some_and(logical) || field.converted_type.as_ref().is_some_and(converted)
            {
                field.logical_type = None;
                field.converted_type = None;
            }
            ParquetType::PrimitiveType(field)
        }
        ParquetType::GroupType { field_info, logical_type, converted_type, fields } => {
            let fields = fields.into_iter().map(widen).collect();
            ParquetType::GroupType { field_info, logical_type, converted_type, fields }
        }
    }
}

/// Adds a problem for every column below `field` whose type no table uses.
fn find_foreign(field: &pl::ArrowField, prefix: &str, foreign: &mut Vec<Nameless>) {
    use pl::ArrowDataType as T;
    let name = if prefix.is_empty() { field.name.to_string() } else { format!("{prefix}.{}", field.name) };
    match &field.dtype {
        T::Struct(fields) => fields.iter().for_each(|inner| find_foreign(inner, &name, foreign)),
        T::Null | T::Boolean | T::Float32 | T::Float64 | T::Utf8 | T::LargeUtf8 | T::Utf8View => {}
        T::Int32 | T::Int64 | T::UInt32 | T::UInt64 => {}
        other => {
            let kind = format!("{other:?}");
            let kind = kind.split(['(', ' ', '{']).next().unwrap_or("unknown");
            let message = format!("the column has the type {kind}, which no table uses");
            let remedy = "convert the column to text or to numbers, or leave it out";
            let problem = Problem::new(Severity::Error, "unsupported-type", "", message, remedy);
            foreign.push(Nameless(Box::new(Problem { column: Some(name), ..problem })));
        }
    }
}

/// A problem whose file is not known yet.
struct Nameless(Box<Problem>);

impl Nameless {
    fn file(mut self, file: &str) -> Problem {
        self.0.file = file.to_owned();
        *self.0
    }
}

/// Adds the series to `columns`, the fields of structs as `outer.inner`.
fn flatten(series: &pl::Series, prefix: &str, columns: &mut Vec<Column>) -> std::result::Result<(), Nameless> {
    let name = if prefix.is_empty() { series.name().to_string() } else { format!("{prefix}.{}", series.name()) };
    let refuse = |reason: &str| {
        let remedy = "convert the column to text or to numbers, or leave it out";
        let problem = Problem::new(Severity::Error, "unsupported-type", "", reason, remedy);
        Nameless(Box::new(problem.cell(&name, series.dtype().to_string())))
    };
    let broken = |e: pl::PolarsError| refuse(&format!("the column cannot be read: {e}"));
    if let pl::DataType::Struct(_) = series.dtype() {
        for field in series.struct_().map_err(broken)?.fields_as_series() {
            flatten(&field, &name, columns)?;
        }
        return Ok(());
    }
    let values = match series.dtype() {
        pl::DataType::String => {
            let texts: Texts = series.str().map_err(broken)?.iter().map(|text| text.unwrap_or("")).collect();
            Values::Text(texts)
        }
        pl::DataType::Boolean => Values::Bool(series.bool().map_err(broken)?.iter().collect()),
        pl::DataType::Float64 => Values::Float(series.f64().map_err(broken)?.iter().collect()),
        pl::DataType::Float32 => Values::Float(series.f32().map_err(broken)?.iter().map(|x| x.map(typed)).collect()),
        pl::DataType::Null => Values::text(std::iter::repeat_n("", series.len())),
        whole if whole.is_integer() => {
            let wide = series.strict_cast(&pl::DataType::Int64).map_err(broken)?;
            Values::Int(wide.i64().map_err(broken)?.iter().collect())
        }
        _ => return Err(refuse("the column has a type that no table uses")),
    };
    columns.push(Column { name: name.clone(), original: name, values });
    Ok(())
}

/// The double that is typed like this float: 0.1 stays 0.1, so that Parquet and CSV agree.
fn typed(x: f32) -> f64 {
    x.to_string().parse().unwrap_or_else(|_| f64::from(x))
}

/// Number of guarded calls that run; while it is not 0 the panic hook says nothing.
static QUIET: AtomicUsize = AtomicUsize::new(0);
static HOOK: Once = Once::new();

/// Runs code of polars on bytes of strangers: a panic becomes a reason and leaves no trace on the terminal.
fn guarded<T>(work: impl FnOnce() -> std::result::Result<T, String>) -> std::result::Result<T, String> {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if QUIET.load(Ordering::SeqCst) == 0 {
                before(info);
            }
        }));
    });
    QUIET.fetch_add(1, Ordering::SeqCst);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    QUIET.fetch_sub(1, Ordering::SeqCst);
    outcome.unwrap_or_else(|_| Err("its content contradicts its own description".to_owned()))
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoSeries, NamedFrom};

    use super::*;

    fn sample() -> Vec<u8> {
        to_parquet(&[
            ("item_id", Values::text(["a", "b", ""])),
            ("x", Values::Float(vec![Some(0.1), None, Some(-3.0)])),
            ("n", Values::Int(vec![Some(i64::MIN), Some(2), None])),
            ("yes", Values::Bool(vec![Some(true), None, Some(false)])),
        ])
        .unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut problems = Problems::default();
        let table = read("items", "items.parquet", &sample(), &mut problems).unwrap();
        assert_eq!(problems, Problems::default());
        assert_eq!(table.lines, [1, 2, 3]);
        assert_eq!(table.columns[0].values, Values::text(["a", "b", ""]));
        assert_eq!(table.columns[1].values, Values::Float(vec![Some(0.1), None, Some(-3.0)]));
        assert_eq!(table.columns[2].values, Values::Int(vec![Some(i64::MIN), Some(2), None]));
        assert_eq!(table.columns[3].values, Values::Bool(vec![Some(true), None, Some(false)]));
    }

    #[test]
    fn the_same_columns_give_the_same_bytes() {
        assert_eq!(sample(), sample());
    }

    #[test]
    fn structs_become_dotted_names() {
        let inner = pl::StructChunked::from_series("inner".into(), 2, [pl::Series::new("q1".into(), [1i64, 0])].iter())
            .unwrap();
        let outer = pl::StructChunked::from_series(
            "answers".into(),
            2,
            [inner.into_series(), pl::Series::new("q2".into(), ["yes", "no"])].iter(),
        )
        .unwrap();
        let mut frame = pl::DataFrame::new(2, vec![pl::Column::from(outer.into_series())]).unwrap();
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
        let mut problems = Problems::default();
        let table = read("answers", "answers.parquet", &bytes, &mut problems).unwrap();
        assert_eq!(table.originals().collect::<Vec<_>>(), ["answers.inner.q1", "answers.q2"]);
        assert_eq!(table.columns[0].values, Values::Int(vec![Some(1), Some(0)]));
    }

    /// Every truncation and every flipped byte ends in a table or an error, never in a panic.
    #[test]
    fn broken_files_are_errors() {
        let bytes = sample();
        for cut in 0..bytes.len() {
            let mut problems = Problems::default();
            assert!(read("items", "items.parquet", &bytes[..cut], &mut problems).is_none());
            assert!(problems.has_errors());
        }
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 0x5a;
            let mut problems = Problems::default();
            let table = read("items", "items.parquet", &bent, &mut problems);
            assert!(table.is_some() || problems.has_errors());
        }
    }
}
