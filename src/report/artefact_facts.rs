//! Tables that a report holds where scores and labels alone do not tell its numbers: attributes of items, ratings, and what
//! refitted heads earn by group. Each is written only where it has lines.

use std::collections::BTreeMap;
use std::path::Path;

use super::artefact::{Artefact, RatedLine};
use super::artefact_read::{Faults, Lines};
use super::tables::{Cell, Table};
use crate::Result;
use crate::evaluate::CurveAxis;
use crate::evaluate::credits::GroupRatio;
use crate::evaluate::curves::{EarnedCurve, EarnedPoint};
use crate::evaluate::unseen::EarnedUnseen;

/// File of the attributes of items.
pub const ITEMS: &str = "tables/items.csv";
/// File of the ratings.
pub const RATINGS: &str = "tables/ratings.csv";
/// File of what heads earn that were refitted for curves.
pub const CURVES: &str = "tables/curves.csv";
/// File of what heads earn on groups that they never saw.
pub const UNSEEN: &str = "tables/unseen.csv";

const RATING_COLUMNS: [&str; 6] = ["dimension", "item_id", "prompt_id", "group", "annotator", "value"];
const CURVE_COLUMNS: [&str; 7] = ["dimension", "axis", "x", "questions", "group", "credit", "pairs"];
const UNSEEN_COLUMNS: [&str; 9] =
    ["dimension", "attribute", "values", "fits", "reason", "group", "credit_unseen", "credit_seen", "pairs"];

impl Artefact {
    /// The further files: name and bytes.
    pub(super) fn fact_files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        let mut add = |name: &str, wanted: bool, bytes: &dyn Fn() -> Result<Vec<u8>>| -> Result<()> {
            if wanted {
                files.push((name.to_owned(), bytes()?));
            }
            Ok(())
        };
        let any = |has: fn(&super::DimensionTables) -> bool| self.dimensions.iter().any(has);
        add(ITEMS, !self.attributes.is_empty(), &|| self.items_csv())?;
        add(RATINGS, any(|d| !d.rated.is_empty()), &|| self.ratings_csv())?;
        add(CURVES, any(|d| !d.curves.is_empty()), &|| self.curves_csv())?;
        add(UNSEEN, any(|d| !d.unseen.is_empty()), &|| self.unseen_csv())?;
        Ok(files)
    }

    fn items_csv(&self) -> Result<Vec<u8>> {
        let names: Vec<&str> =
            std::iter::once("item_id").chain(self.attribute_names.iter().map(String::as_str)).collect();
        let mut table = Table::new(&names)?;
        for (item, values) in &self.attributes {
            let cells = values.iter().map(|v| Cell::Text(v.as_deref().unwrap_or("")));
            table.row(&std::iter::once(Cell::Text(item)).chain(cells).collect::<Vec<_>>())?;
        }
        table.bytes()
    }

    fn ratings_csv(&self) -> Result<Vec<u8>> {
        let mut table = Table::new(&RATING_COLUMNS)?;
        for d in &self.dimensions {
            for (r, (annotator, value)) in d.rated.iter().flat_map(|r| r.ratings.iter().map(move |v| (r, v))) {
                let (group, annotator) = (Cell::Count(r.group as usize), Cell::Count(*annotator as usize));
                let names = [&d.dimension, &r.item, &r.prompt].map(|text| Cell::Text(text));
                table.row(&[names[0], names[1], names[2], group, annotator, Cell::Number(*value)])?;
            }
        }
        table.bytes()
    }

    fn curves_csv(&self) -> Result<Vec<u8>> {
        let mut table = Table::new(&CURVE_COLUMNS)?;
        for d in &self.dimensions {
            for (curve, point) in d.curves.iter().flat_map(|c| c.points.iter().map(move |p| (c, p))) {
                for &(group, credit, pairs) in &point.credits.entries {
                    let numbers = [point.x, point.questions, f64::from(group), credit, pairs].map(Cell::Number);
                    let texts = [Cell::Text(&d.dimension), Cell::Text(curve.axis.id())];
                    table.row(&texts.into_iter().chain(numbers).collect::<Vec<_>>())?;
                }
            }
        }
        table.bytes()
    }

    fn unseen_csv(&self) -> Result<Vec<u8>> {
        let mut table = Table::new(&UNSEEN_COLUMNS)?;
        for d in &self.dimensions {
            for u in &d.unseen {
                let texts = [Cell::Text(&d.dimension), Cell::Text(&u.attribute)];
                let counts =
                    [Cell::Count(u.groups), Cell::Count(u.fits), Cell::Text(u.reason.as_deref().unwrap_or(""))];
                let about = || texts.into_iter().chain(counts);
                if u.unseen.entries.is_empty() {
                    table.row(&about().chain([Cell::Maybe(None); 4]).collect::<Vec<_>>())?;
                }
                for (unseen, seen) in u.unseen.entries.iter().zip(&u.seen.entries) {
                    let numbers = [f64::from(unseen.0), unseen.1, seen.1, unseen.2].map(Cell::Number);
                    table.row(&about().chain(numbers).collect::<Vec<_>>())?;
                }
            }
        }
        table.bytes()
    }

    /// Reads what is there of the further tables.
    pub(super) fn read_facts(&mut self, folder: &Path, faults: &mut Faults) -> Result<()> {
        if let Some(table) = Lines::read_if_there(folder, ITEMS, &["item_id"], false, faults)? {
            self.attribute_names = table.header[1..].to_vec();
            let values = |cells: &[String]| cells[1..].iter().map(|c| (!c.is_empty()).then(|| c.clone())).collect();
            self.attributes = table.lines.iter().map(|(_, cells)| (cells[0].clone(), values(cells))).collect();
        }
        if let Some(table) = Lines::read_if_there(folder, RATINGS, &RATING_COLUMNS, true, faults)? {
            self.read_ratings(&table, faults);
        }
        if let Some(table) = Lines::read_if_there(folder, CURVES, &CURVE_COLUMNS, true, faults)? {
            self.read_curves(&table, faults);
        }
        if let Some(table) = Lines::read_if_there(folder, UNSEEN, &UNSEEN_COLUMNS, true, faults)? {
            self.read_unseen(&table, faults);
        }
        Ok(())
    }

    fn read_ratings(&mut self, table: &Lines, faults: &mut Faults) {
        for (at, (_, cells)) in table.lines.iter().enumerate() {
            let numbers = (table.needed(at, 3, faults), table.needed(at, 4, faults), table.needed(at, 5, faults));
            let (Some(group), Some(annotator), Some(value)) = numbers else { continue };
            let Some(dimension) = self.known(table, at, faults) else { continue };
            match dimension.rated.last_mut() {
                Some(last) if last.item == cells[1] => last.ratings.push((annotator, value)),
                _ => {
                    let (item, prompt) = (cells[1].clone(), cells[2].clone());
                    dimension.rated.push(RatedLine { item, prompt, group, ratings: vec![(annotator, value)] });
                }
            }
        }
    }

    fn read_curves(&mut self, table: &Lines, faults: &mut Faults) {
        for (at, (line, cells)) in table.lines.iter().enumerate() {
            let numbers: Option<Vec<f64>> = [2, 3, 5, 6].map(|c| table.needed(at, c, faults)).into_iter().collect();
            let (Some(numbers), Some(group)) = (numbers, table.needed::<u32>(at, 4, faults)) else { continue };
            let Some(axis) = CurveAxis::ALL.into_iter().find(|axis| axis.id() == cells[1]) else {
                faults.add(table.file, Some(*line), "axis", &cells[1], "is no axis of a curve");
                continue;
            };
            let Some(dimension) = self.known(table, at, faults) else { continue };
            if dimension.curves.last().is_none_or(|c| c.axis != axis) {
                dimension.curves.push(EarnedCurve { axis, points: Vec::new() });
            }
            let Some(curve) = dimension.curves.last_mut() else { continue };
            if curve.points.last().is_none_or(|p| p.x != numbers[0]) {
                let credits = GroupRatio::default();
                curve.points.push(EarnedPoint { x: numbers[0], questions: numbers[1], credits });
            }
            if let Some(point) = curve.points.last_mut() {
                point.credits.entries.push((group, numbers[2], numbers[3]));
            }
        }
    }

    fn read_unseen(&mut self, table: &Lines, faults: &mut Faults) {
        for (at, (_, cells)) in table.lines.iter().enumerate() {
            let counts = (table.needed(at, 2, faults), table.needed(at, 3, faults));
            let (Some(groups), Some(fits)) = counts else { continue };
            let group = (!cells[5].is_empty()).then(|| table.needed::<u32>(at, 5, faults)).flatten();
            let credits = [6, 7, 8].map(|c| table.number::<f64>(at, c, faults));
            let Some(dimension) = self.known(table, at, faults) else { continue };
            if dimension.unseen.last().is_none_or(|u| u.attribute != cells[1]) {
                let reason = Some(cells[4].clone()).filter(|r| !r.is_empty());
                let attribute = cells[1].clone();
                dimension.unseen.push(EarnedUnseen { attribute, groups, fits, reason, ..EarnedUnseen::default() });
            }
            if let (Some(u), Some(group), [Some(unseen), Some(seen), Some(n)]) =
                (dimension.unseen.last_mut(), group, credits)
            {
                u.unseen.entries.push((group, unseen, n));
                u.seen.entries.push((group, seen, n));
            }
        }
    }

    /// The dimension that a line is about.
    fn known(&mut self, table: &Lines, at: usize, faults: &mut Faults) -> Option<&mut super::DimensionTables> {
        let (line, cells) = &table.lines[at];
        let place = self.dimensions.iter().position(|d| d.dimension == cells[0]);
        if place.is_none() {
            let message = format!("{} does not name it", super::artefact::SCORERS);
            faults.add(table.file, Some(*line), "dimension", &cells[0], &message);
        }
        place.map(|place| &mut self.dimensions[place])
    }

    /// Value of each attribute for the items of a dimension, in their order.
    pub(super) fn attributes_of(&self, items: &[(String, String)]) -> BTreeMap<String, Vec<Option<String>>> {
        let value = |item: &str, k: usize| self.attributes.get(item).and_then(|v| v.get(k).cloned().flatten());
        let names = self.attribute_names.iter().enumerate();
        names.map(|(k, name)| (name.clone(), items.iter().map(|(_, item)| value(item, k)).collect())).collect()
    }
}
