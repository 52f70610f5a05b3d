//! One item at a time: named answers and numbers → the coded columns of a head, without a data set in memory.

use super::coding::Cell;
use super::gates::{GateCounts, Gates};
use super::{Coding, Column, ColumnKind};
use crate::checklist::Gate;
use crate::{Error, Result};

/// Codes and gates single items exactly as [`super::build`] does whole data sets.
#[derive(Debug)]
pub struct RowCoder {
    coding: Coding,
    names: Vec<String>,
    answers: Vec<bool>,
    columns: usize,
    gates: Gates,
}

impl RowCoder {
    /// A coder of these columns.
    ///
    /// # Errors
    /// [`Error::Usage`] where a column sums up several answers: such columns need the whole data set.
    pub fn new(columns: &[Column], gates: &[Gate], coding: Coding) -> Result<Self> {
        if let Some(aggregate) = columns.iter().find(|c| c.kind == ColumnKind::Aggregate) {
            return Err(Error::Usage(format!(
                "the head reads \"{}\", made from all answers of a category; give the data set's folder instead of a stream",
                aggregate.id
            )));
        }
        let mut names: Vec<String> = columns.iter().map(|c| c.id.clone()).collect();
        let mut answers: Vec<bool> = columns.iter().map(|c| c.kind == ColumnKind::Question).collect();
        let unasked = |names: &[String], gate: &Gate| !names.contains(&gate.question);
        // A gate over nothing that is read here need not be answered.
        for gate in gates.iter().filter(|gate| gate.hides.iter().any(|id| columns.iter().any(|c| c.id == *id))) {
            if unasked(&names, gate) {
                names.push(gate.question.clone());
                answers.push(true);
            }
        }
        let gates = Gates::of(gates, |id| names.iter().position(|name| name == id));
        Ok(Self { coding, columns: columns.len(), names, answers, gates })
    }

    /// What it reads: the columns in their order, then the gates that are no columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the name at this place is a question, and its value P(yes).
    pub fn is_answer(&self, place: usize) -> bool {
        self.answers[place]
    }

    /// The coded columns of one item, NaN = missing. `values`: P(yes) or number in the order of [`RowCoder::names`].
    pub fn code(&self, values: &[Option<f64>]) -> Vec<f64> {
        let cell = |value: &Option<f64>| value.map_or(Cell::Missing, Cell::Answered);
        let mut cells: Vec<Cell> = values.iter().map(cell).collect();
        self.gates.apply(&mut cells, &mut GateCounts::default());
        let code = |(place, cell): (usize, &Cell)| match cell {
            Cell::Answered(number) if !self.answers[place] => *number,
            cell => cell.code(self.coding),
        };
        cells.iter().enumerate().take(self.columns).map(code).collect()
    }
}
