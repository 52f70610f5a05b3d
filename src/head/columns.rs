//! What the user says about single columns: bounds, penalty factors, frozen weights; in original units.

use serde::{Deserialize, Serialize};

use crate::dataset::Manifest;
use crate::features::Column;
use crate::{Error, Result};

/// A rule for the columns that `column` names: an id, or the beginning of ids and a `*`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnRule {
    /// Column id, or a beginning followed by `*`.
    pub column: String,
    /// What is said of it.
    pub setting: Setting,
}

/// What can be said of a column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Setting {
    /// Lowest and highest weight; 0 lies between them.
    Bounds(f64, f64),
    /// What λ is multiplied with; 0 = not penalised.
    Factor(f64),
    /// The weight itself.
    Freeze(f64),
}

impl ColumnRule {
    /// Reads `QUESTION=LO..HI`; either end may be left out.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn bounds(text: &str) -> std::result::Result<Self, String> {
        let (column, value) = split(text, "LO..HI")?;
        let (low, high) = value.split_once("..").ok_or("give LO..HI, for example 0..1 or ..0")?;
        let end = |text: &str, open: f64| if text.is_empty() { Ok(open) } else { number(text) };
        let (low, high) = (end(low, f64::NEG_INFINITY)?, end(high, f64::INFINITY)?);
        if !(low <= 0.0 && 0.0 <= high) {
            return Err("0 has to lie between the bounds; to fix a weight use --freeze".into());
        }
        Ok(Self { column, setting: Setting::Bounds(low, high) })
    }

    /// Reads `QUESTION=F` as a penalty factor.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn factor(text: &str) -> std::result::Result<Self, String> {
        let (column, value) = split(text, "F")?;
        let factor = number(value)?;
        if !(factor >= 0.0 && factor.is_finite()) {
            return Err("a penalty factor is finite and at least 0".into());
        }
        Ok(Self { column, setting: Setting::Factor(factor) })
    }

    /// Reads `QUESTION=W` as a frozen weight.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn freeze(text: &str) -> std::result::Result<Self, String> {
        let (column, value) = split(text, "W")?;
        let weight = number(value)?;
        if !weight.is_finite() {
            return Err("a frozen weight is finite".into());
        }
        Ok(Self { column, setting: Setting::Freeze(weight) })
    }

    fn names(&self, id: &str) -> bool {
        self.column == id || self.column.strip_suffix('*').is_some_and(|start| id.starts_with(start))
    }
}

impl std::fmt::Display for ColumnRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = |v: f64| if v.is_finite() { v.to_string() } else { String::new() };
        match self.setting {
            Setting::Bounds(low, high) => write!(f, "{}={}..{}", self.column, end(low), end(high)),
            Setting::Factor(value) | Setting::Freeze(value) => write!(f, "{}={value}", self.column),
        }
    }
}

/// Question ids may hold `=`, so the last one counts.
fn split<'a>(text: &'a str, what: &str) -> std::result::Result<(String, &'a str), String> {
    match text.rsplit_once('=') {
        Some((column, value)) if !column.is_empty() => Ok((column.to_owned(), value)),
        _ => Err(format!("give QUESTION={what}")),
    }
}

fn number(text: &str) -> std::result::Result<f64, String> {
    text.trim().parse::<f64>().ok().filter(|v| !v.is_nan()).ok_or_else(|| format!("\"{text}\" is no number"))
}

/// The rules of `dataset.toml`, then those of the command line.
///
/// # Errors
/// [`Error::Usage`] for a rule that names none of `columns`, or has impossible numbers.
pub fn rules(manifest: &Manifest, given: &[ColumnRule], columns: &[Column]) -> Result<Vec<ColumnRule>> {
    let mut rules = Vec::new();
    for (column, rule) in &manifest.weights {
        let mut add = |setting| rules.push(ColumnRule { column: column.clone(), setting });
        let wrong = |what: &str| Err(Error::Usage(format!("dataset.toml, [weights.\"{column}\"]: {what}")));
        if rule.lower.is_some() || rule.upper.is_some() {
            let (low, high) = (rule.lower.unwrap_or(f64::NEG_INFINITY), rule.upper.unwrap_or(f64::INFINITY));
            if !(low <= 0.0 && 0.0 <= high) {
                return wrong("0 has to lie between the bounds; to fix a weight use `freeze`");
            }
            add(Setting::Bounds(low, high));
        }
        if let Some(factor) = rule.penalty_factor {
            if !(factor >= 0.0 && factor.is_finite()) {
                return wrong("a penalty factor is finite and at least 0");
            }
            add(Setting::Factor(factor));
        }
        if let Some(weight) = rule.freeze {
            if !weight.is_finite() {
                return wrong("a frozen weight is finite");
            }
            add(Setting::Freeze(weight));
        }
    }
    rules.extend(given.iter().cloned());
    let unknown: Vec<&str> = (rules.iter().filter(|rule| !columns.iter().any(|c| rule.names(&c.id))))
        .map(|rule| rule.column.as_str())
        .collect();
    if unknown.is_empty() {
        return Ok(rules);
    }
    let known: Vec<&str> = columns.iter().take(8).map(|c| c.id.as_str()).collect();
    Err(Error::Usage(format!(
        "no feature is called {}; there are {}{}",
        unknown.join(", "),
        known.join(", "),
        if columns.len() > known.len() { format!(" and {} more", columns.len() - known.len()) } else { String::new() }
    )))
}

/// Applies the rules to bounds and factors in scaled units. A frozen weight overrides bounds.
///
/// # Errors
/// [`Error::Usage`] where a scaled bound is no number any more.
pub fn apply(
    rules: &[ColumnRule],
    columns: &[Column],
    scales: &[f64],
    bounds: &mut [(f64, f64)],
    factors: &mut [f64],
) -> Result<()> {
    for (j, column) in columns.iter().enumerate() {
        let mut frozen = None;
        for rule in rules.iter().filter(|rule| rule.names(&column.id)) {
            match rule.setting {
                Setting::Bounds(low, high) => bounds[j] = (low * scales[j], high * scales[j]),
                Setting::Factor(factor) => factors[j] = factor,
                Setting::Freeze(weight) => frozen = Some(weight * scales[j]),
            }
        }
        if let Some(weight) = frozen {
            bounds[j] = (weight, weight);
        }
        if bounds[j].0.is_nan() || bounds[j].1.is_nan() {
            return Err(Error::Usage(format!("the bounds of {} are out of range", column.id)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_are_written() {
        for (text, low, high) in
            [("q=0..1", 0.0, 1.0), ("q=..0", f64::NEG_INFINITY, 0.0), ("a=b=-2..", -2.0, f64::INFINITY)]
        {
            let rule = ColumnRule::bounds(text).unwrap();
            assert_eq!(rule.setting, Setting::Bounds(low, high));
            assert_eq!(rule.to_string(), text);
            assert_eq!(ColumnRule::bounds(&rule.to_string()).unwrap(), rule);
        }
        assert_eq!(ColumnRule::freeze("q=0.25").unwrap().setting, Setting::Freeze(0.25));
        assert_eq!(ColumnRule::factor("q=0").unwrap().setting, Setting::Factor(0.0));
        for bad in ["q", "=0..1", "q=1..2", "q=x..2", "q=NaN..1", "q=3"] {
            assert!(ColumnRule::bounds(bad).is_err(), "{bad}");
        }
        assert!(ColumnRule::factor("q=-1").is_err() && ColumnRule::freeze("q=inf").is_err());
    }
}
