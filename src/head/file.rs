//! `heads.json`, and where its heads come from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{FORMAT_VERSION, Head, HeadsFile, Provenance};
use crate::dataset::Dataset;
use crate::features::{self, Column, ColumnKind, FeatureMatrix, FeatureOptions, Hierarchy};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result, output};

impl HeadsFile {
    /// A file of these heads.
    pub fn new(heads: Vec<Head>, provenance: Provenance) -> Self {
        Self { format_version: FORMAT_VERSION, heads, provenance }
    }

    /// Reads and checks a heads file.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read; [`Error::Data`] where it is not a heads file of a known version, or its
    /// numbers do not fit together.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        Self::from_json(&bytes, &path.display().to_string())
    }

    /// As [`HeadsFile::read`], from bytes; `file` names them in messages.
    ///
    /// # Errors
    /// As [`HeadsFile::read`].
    pub fn from_json(bytes: &[u8], file: &str) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct Version {
            format_version: Option<u32>,
        }
        let problem = |rule, message: String, remedy: &str| Problem::new(Severity::Error, rule, file, message, remedy);
        let unreadable = |e: serde_json::Error| {
            let remedy = "give a file that `headfit fit -o` wrote";
            Error::data(problem("heads-file", format!("not a heads file: {e}"), remedy).at(e.line() as u64))
        };
        // The version first: a newer file must say so, not fail on some field.
        let version: Version = serde_json::from_slice(bytes).map_err(unreadable)?;
        if version.format_version != Some(FORMAT_VERSION) {
            let found = version.format_version.map_or("none".to_owned(), |v| v.to_string());
            return Err(Error::data(problem(
                "format-version",
                format!("format version {found}, this program reads {FORMAT_VERSION}"),
                "refit with this version, or use the program that wrote the file",
            )));
        }
        let heads: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        heads.check(file)?;
        Ok(heads)
    }

    /// The file's bytes: pretty JSON with a final newline. Reading them gives back every number to the last bit.
    ///
    /// # Errors
    /// [`Error::Bug`] where a head cannot be written.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        self.check("heads.json").map_err(|e| Error::Bug(format!("unsound head: {e}")))?;
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|e| Error::Bug(format!("heads.json: {e}")))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Writes the file whole.
    ///
    /// # Errors
    /// As [`output::write_file`].
    pub fn write(&self, path: &Path, force: bool) -> Result<()> {
        output::write_file(path, &self.to_json()?, force)
    }

    /// How the features of other data have to be built so that these heads can read them.
    ///
    /// # Errors
    /// [`Error::Data`] where the heads of the file do not agree.
    pub fn feature_options(&self) -> Result<FeatureOptions> {
        let Some(first) = self.heads.first() else {
            let remedy = "fit again";
            return Err(Error::data(Problem::new(
                Severity::Error,
                "heads-file",
                "heads.json",
                "there is no head",
                remedy,
            )));
        };
        let built = |head: &Head| (head.source, head.coding, head.layout, head.gates.clone());
        if let Some(other) = self.heads.iter().find(|head| built(head) != built(first)) {
            let message =
                format!("heads \"{}\" and \"{}\" read differently coded features", first.dimension, other.dimension);
            let remedy = "keep them in two files";
            return Err(Error::data(Problem::new(Severity::Error, "heads-file", "heads.json", message, remedy)));
        }
        let dsg = self.provenance.options.get("hierarchy").is_some_and(|value| value == "dsg");
        let columns = self.heads.iter().flat_map(|head| &head.columns);
        let mut with_scores: Vec<String> =
            columns.filter(|column| column.kind == ColumnKind::Score).map(|column| column.id.clone()).collect();
        with_scores.sort();
        with_scores.dedup();
        Ok(FeatureOptions {
            source: Some(first.source),
            coding: first.coding,
            layout: first.layout,
            hierarchy: if dsg { Hierarchy::Dsg } else { Hierarchy::None },
            with_scores,
            gates: first.gates.clone(),
        })
    }

    /// The columns that these heads read, made from other data as they were for the fit: [items, columns].
    ///
    /// # Errors
    /// As [`Self::feature_options`] and [`features::build_for`].
    pub fn features(&self, ds: &Dataset) -> Result<FeatureMatrix> {
        let mut seen = BTreeSet::new();
        let columns = self.heads.iter().flat_map(|head| &head.columns);
        let wanted: Vec<Column> = columns.filter(|column| seen.insert(column.id.as_str())).cloned().collect();
        features::build_for(ds, &self.feature_options()?, &wanted)
    }

    fn check(&self, file: &str) -> Result<()> {
        let mut problems = Problems::default();
        for head in &self.heads {
            for message in faults(head) {
                let message = format!("head \"{}\": {message}", head.dimension);
                let remedy = "the file was edited or damaged; fit again";
                problems.push(Problem::new(Severity::Error, "heads-file", file, message, remedy));
            }
        }
        if problems.has_errors() { Err(Error::Data(Box::new(problems))) } else { Ok(()) }
    }
}

/// What is wrong with the numbers of a head.
fn faults(head: &Head) -> Vec<String> {
    let mut faults = Vec::new();
    let columns = head.columns.len();
    let preparation = &head.preparation;
    let lengths = [
        ("weights", head.weights.len()),
        ("fills", preparation.fills.len()),
        ("scales", preparation.scales.len()),
        ("marginal", head.marginal.len()),
    ];
    faults.extend(
        lengths.iter().filter(|(_, n)| *n != columns).map(|(what, n)| format!("{n} {what} for {columns} columns")),
    );
    if !head.intervals.is_empty() && head.intervals.len() != columns {
        faults.push(format!("{} intervals for {columns} columns", head.intervals.len()));
    }
    let not_finite = |values: &[f64]| values.iter().filter(|v| !v.is_finite()).count();
    for (what, values) in [("weights", &head.weights), ("fills", &preparation.fills), ("quantiles", &head.quantiles)] {
        let count = not_finite(values);
        if count > 0 {
            faults.push(format!("{count} {what} are not finite"));
        }
    }
    if preparation.scales.iter().any(|&s| !(s > 0.0 && s.is_finite())) {
        faults.push("a scale is not above 0".into());
    }
    if !(head.tie_threshold >= 0.0 && head.tie_threshold.is_finite()) {
        faults.push(format!("tie threshold {}", head.tie_threshold));
    }
    let mut ids: Vec<&str> = head.columns.iter().map(|c| c.id.as_str()).collect();
    ids.sort_unstable();
    faults.extend(ids.windows(2).filter(|w| w[0] == w[1]).map(|w| format!("column \"{}\" occurs twice", w[0])));
    faults
}

/// Where heads fitted on `ds` come from. `options` are those that shaped the result, as given.
pub fn provenance(ds: &Dataset, seed: u64, options: BTreeMap<String, String>) -> Provenance {
    Provenance {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        dataset: ds.name.clone(),
        simulated: ds.simulated,
        inputs: ds.inputs.clone(),
        seed,
        options,
    }
}
