//! What `evaluate` and `report` compute beside accuracies.

use std::path::{Path, PathBuf};

use clap::Args;

use super::pipeline::{CORRELATION_DRAWS, quoted};
use crate::Result;
use crate::dataset::Dataset;
use crate::evaluate::against::OLD;
use crate::evaluate::{Extras, MissingItem, StoredScorer};
use crate::head::HeadsFile;

/// What is computed beside accuracies.
#[derive(Debug, Args)]
#[command(next_help_heading = "More tables")]
pub struct ExtraArgs {
    /// Item attribute that names the generator
    #[arg(long, default_value = "generator", value_name = "ATTRIBUTE")]
    pub generator: String,
    /// Kendall, Spearman and Pearson of item scores with mean ratings, pooled and within prompts, from N draws (a report
    /// has them always, from 200)
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "200")]
    pub correlations: Option<usize>,
    /// What an item without a score counts as in correlations: `drop`, or a score
    #[arg(long, default_value = "drop", value_name = "RULE", value_parser = missing_item)]
    pub missing_item: MissingItem,
    /// Accuracy against training pairs, questions and λ (refits the head many times; in a report that of the leading
    /// dimension)
    #[arg(long)]
    pub curves: bool,
    /// Accuracy on values of this attribute that the head never saw (refits; in a report the leading dimension's head); may
    /// be repeated
    #[arg(long, value_name = "ATTRIBUTE")]
    pub group_by: Vec<String>,
    /// What VideoAlign's shipped code would print, beside ours
    #[arg(long)]
    pub legacy_videoalign: bool,
}

/// `drop` or a number.
fn missing_item(text: &str) -> std::result::Result<MissingItem, String> {
    match text.trim() {
        "drop" => Ok(MissingItem::Drop),
        number => match number.parse::<f64>() {
            Ok(score) if score.is_finite() => Ok(MissingItem::Score(score)),
            _ => Err("`drop`, or a number such as 0".to_owned()),
        },
    }
}

impl ExtraArgs {
    /// The library's options.
    pub fn extras(&self) -> Extras {
        Extras {
            systems: Some(self.generator.clone()),
            correlations: self.correlations.map(|draws| (self.missing_item, draws)),
            curves: self.curves,
            unseen: self.group_by.clone(),
            legacy: self.legacy_videoalign,
            ..Extras::default()
        }
    }

    /// The same for a report, which has correlations in any case.
    pub fn of_report(&self) -> Extras {
        let draws = self.correlations.unwrap_or(CORRELATION_DRAWS);
        Extras { correlations: Some((self.missing_item, draws)), ..self.extras() }
    }

    /// What differs from the defaults, as flags.
    pub fn flags(&self) -> String {
        let mut flags = String::new();
        if self.generator != "generator" {
            flags.push_str(&format!(" --generator {}", quoted(&self.generator)));
        }
        if let Some(draws) = self.correlations {
            flags.push_str(&format!(" --correlations {draws}"));
        }
        if let MissingItem::Score(score) = self.missing_item {
            flags.push_str(&format!(" --missing-item {score}"));
        }
        if self.curves {
            flags.push_str(" --curves");
        }
        self.group_by.iter().for_each(|name| flags.push_str(&format!(" --group-by {}", quoted(name))));
        if self.legacy_videoalign {
            flags.push_str(" --legacy-videoalign");
        }
        flags
    }
}

/// Heads that those of `--head` would replace.
#[derive(Debug, Args)]
pub struct AgainstArgs {
    /// Heads that those of --head would replace: paired test, exit code 5 where the new ones are shown to be worse
    #[arg(long, value_name = "FILE", requires = "head")]
    pub against: Option<PathBuf>,
    /// With --against: exit code 5 unless the new heads are shown to be better on every dimension
    #[arg(long, requires = "against")]
    pub must_be_better: bool,
}

impl AgainstArgs {
    /// The old heads.
    ///
    /// # Errors
    /// As [`HeadsFile::read`].
    pub fn heads(&self) -> Result<Option<HeadsFile>> {
        self.against.as_deref().map(|path: &Path| HeadsFile::read(path)).transpose()
    }
}

/// The old heads as a scorer beside the new ones.
///
/// # Errors
/// As [`HeadsFile::features`].
pub fn beside(old: Option<HeadsFile>, ds: &Dataset) -> Result<Vec<StoredScorer>> {
    let scorer = |heads: HeadsFile| Ok(StoredScorer { name: OLD.to_owned(), features: heads.features(ds)?, heads });
    old.into_iter().map(scorer).collect()
}
