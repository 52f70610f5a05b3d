//! The table that `headfit score` writes: which columns, and the numbers of one item.

use std::collections::BTreeMap;

use super::{Head, HeadsFile, Level, Part, Scale};
use crate::features::ColumnKind;
use crate::{Error, Result};

/// Column of the whole score.
const TOTAL: &str = "total";
/// Dimension whose head, where there is one, is the total.
const OVERALL: &str = "overall";
/// Fewer answers than this, all of them no, are nothing odd.
const ODD_ALL_NO: usize = 10;

/// Choices of a sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SheetOptions {
    /// Scale of all scores.
    pub scale: Scale,
    /// Split every score.
    pub parts: Option<Level>,
    /// Interval for missing answers, percentile and chance to win, per head.
    pub details: bool,
    /// Scorer → lowest and highest value, for the interval where a scorer that joined as a feature is missing.
    pub ranges: BTreeMap<String, [f64; 2]>,
}

/// The columns of the table, and how to fill a row.
#[derive(Debug)]
pub struct Sheet<'h> {
    heads: &'h [Head],
    parts: Vec<Vec<Part>>,
    columns: Vec<String>,
    total: Option<Total>,
    options: SheetOptions,
}

/// Where the total comes from, unless a head has its name.
#[derive(Debug, Clone, Copy)]
enum Total {
    Overall(usize),
    Mean,
}

/// The numbers of one item, in the order of [`Sheet::columns`].
#[derive(Debug, Clone, PartialEq)]
pub struct SheetRow {
    /// The numbers; `None` = blank.
    pub values: Vec<Option<f64>>,
    /// Whether every head could score the item.
    pub scored: bool,
    /// Missing values that some head has a weight on.
    pub missing: usize,
    /// Whether the item answers no to everything, as items do whose judge was not understood.
    pub all_no: bool,
}

impl<'h> Sheet<'h> {
    /// The sheet of these heads.
    ///
    /// # Errors
    /// [`Error::Usage`] where two columns would share a name, or a head has no place on the scale.
    pub fn new(file: &'h HeadsFile, options: SheetOptions) -> Result<Self> {
        let heads = &file.heads;
        heads.iter().try_for_each(|head| head.check_scale(options.scale))?;
        let mut columns = Vec::new();
        let mut parts = Vec::new();
        for head in heads {
            let name = &head.dimension;
            columns.push(name.clone());
            let split = options.parts.map(|level| head.parts(level)).unwrap_or_default();
            columns.extend(split.iter().map(|p| format!("{name}:{}", p.name.as_deref().unwrap_or("other"))));
            parts.push(split);
            if options.details {
                columns.extend(["low", "high", "percentile", "win_probability"].map(|what| format!("{name}_{what}")));
            }
        }
        let total = match heads.iter().position(|head| head.dimension == OVERALL) {
            _ if columns.iter().any(|name| name == TOTAL) => None,
            Some(at) => Some(Total::Overall(at)),
            None => Some(Total::Mean),
        };
        if total.is_some() {
            columns.push(TOTAL.to_owned());
        }
        if options.details {
            columns.extend(["missing".to_owned(), "all_no".to_owned()]);
        }
        for (c, name) in columns.iter().enumerate() {
            if name == "item_id" || columns[..c].contains(name) {
                return Err(Error::Usage(format!(
                    "two columns of the result would be named \"{name}\": rename the dimension and refit"
                )));
            }
        }
        Ok(Self { heads, parts, columns, total, options })
    }

    /// Names of the columns beside `item_id`.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The numbers of one item. `x`: per head its coded values, NaN = missing ([`super::RowReader::coded`]).
    pub fn row(&self, x: &[Vec<f64>]) -> SheetRow {
        let scale = self.options.scale;
        let scores: Vec<Option<f64>> = self.heads.iter().zip(x).map(|(head, x)| head.row_score(x, scale)).collect();
        let mut values = Vec::with_capacity(self.columns.len());
        let mut missing = 0;
        for (((head, x), parts), score) in self.heads.iter().zip(x).zip(&self.parts).zip(&scores) {
            values.push(*score);
            for part in parts {
                let sum = |_| part.members.iter().map(|&j| head.term(j, head.filled(j, x[j]), scale)).sum();
                values.push(score.map(sum));
            }
            let bounds = head.row_bounds(x, &self.options.ranges, scale);
            missing = missing.max(bounds.map_or(0, |b| b.missing));
            if self.options.details {
                let own = head.row_score(x, Scale::Head);
                values.push(bounds.and_then(|b| b.low));
                values.push(bounds.and_then(|b| b.high));
                values.push(own.and_then(|score| head.percentile(score)));
                values.push(own.and_then(|score| head.win_probability(score)));
            }
        }
        let all: Option<Vec<f64>> = scores.iter().copied().collect();
        match self.total {
            Some(Total::Overall(at)) => values.push(scores[at]),
            // Blank where any dimension is.
            Some(Total::Mean) => {
                values.push(all.as_ref().filter(|s| !s.is_empty()).map(|s| s.iter().sum::<f64>() / s.len() as f64))
            }
            None => {}
        }
        let all_no = self.heads.iter().zip(x).any(|(head, x)| all_no(head, x));
        if self.options.details {
            values.extend([Some(missing as f64), Some(f64::from(u8::from(all_no)))]);
        }
        let scored = match self.total {
            Some(Total::Overall(at)) => scores[at].is_some(),
            _ => all.is_some(),
        };
        SheetRow { values, scored, missing, all_no }
    }
}

/// Whether every answer that is there, and not masked, is a plain no, and there are enough of them to be odd.
fn all_no(head: &Head, x: &[f64]) -> bool {
    let (no, masked) = (head.coding.code(0.0), head.coding.neutral());
    let answers = (0..x.len()).filter(|&j| head.columns[j].kind == ColumnKind::Question && !x[j].is_nan());
    let mut count = 0;
    for j in answers {
        if x[j] == no {
            count += 1;
        } else if x[j] != masked {
            return false;
        }
    }
    count >= ODD_ALL_NO
}
