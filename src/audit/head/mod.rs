//! What the fitted weights, and the scores that come of them, can be trusted with.
//!
//! `weights` reads the head itself (signs, collinear questions, stability, concentration), `groups` its accuracy and its
//! leanings by group, `controlled` what attributes that should not matter add beside it.

mod controlled;
mod groups;
mod jackknife;
mod logistic;
mod scored;
mod weights;

pub(super) use groups::accuracy;
pub(super) use scored::{own_options, train_options};

use ndarray::Array2;

use super::attributes::{Attribute, of_items, prompt_length};
use super::{AuditInput, Finding, Outcome};
use crate::Result;
use crate::dataset::Dataset;
use crate::evaluate::margins::groups_by_name;
use crate::features::{FeatureMatrix, PairMatrix};
use crate::head::Head;

/// Levels of an attribute that are looked at one by one; the rest is pooled, and said.
const MOST_LEVELS: usize = 20;
/// Remedy where there are no heads.
const NO_HEADS: &str = "no heads were given: fit them with `headfit fit DATA -o heads.json` and pass --head heads.json";

/// One dimension with its head: what the checks look at.
pub(super) struct View<'a> {
    pub input: &'a AuditInput<'a>,
    /// Index into [`Dataset::dimensions`].
    pub dimension: usize,
    pub name: &'a str,
    pub head: &'a Head,
    /// The head's columns of all items.
    pub features: FeatureMatrix,
    /// All pairs of the dimension that the head can score, as differences in the head's scaled units.
    pub pairs: PairMatrix,
    /// Cluster (prompt group) of each row, numbered without gaps.
    pub cluster: Vec<usize>,
    pub clusters: usize,
}

impl View<'_> {
    /// The data.
    pub fn ds(&self) -> &Dataset {
        self.input.ds
    }

    /// Every attribute of the items, and the length of the prompt in words.
    fn attributes(&self) -> Vec<Attribute> {
        let ds = self.ds();
        let mut used = vec![false; ds.items.len()];
        self.pairs.pair.iter().for_each(|&p| (used[ds.pairs[p].a], used[ds.pairs[p].b]) = (true, true));
        of_items(ds, &used).into_iter().chain(prompt_length(ds, &used)).collect()
    }

    /// Human label of each row: +1, −1, 0.
    pub fn human(&self) -> Vec<i8> {
        self.pairs.votes.iter().map(|v| v.plurality()).collect()
    }
}

/// All checks of the heads, dimension by dimension.
pub(super) fn run(input: &AuditInput) -> Result<Outcome> {
    each(input, |view, out| {
        let name = view.name;
        input.say(&format!("head of {name}: weights"));
        out.extend(weights::look(view));
        input.say(&format!("head of {name}: groups"));
        let scored = scored::scored(view)?;
        let attributes = view.attributes();
        out.extend(groups::look(view, &scored, &attributes));
        if input.options.refits {
            input.say(&format!("head of {name}: attributes beside it"));
            out.extend(controlled::look(view, &scored, &attributes));
        } else {
            out.not_run.push((format!("{name}: controlled effects"), "refits were switched off".to_owned()));
        }
        Ok(())
    })
}

/// Calls `look` for every audited dimension that has a head; says which have none.
pub(super) fn each(input: &AuditInput, mut look: impl FnMut(&View, &mut Outcome) -> Result<()>) -> Result<Outcome> {
    let (Some(heads), Some(features)) = (input.heads, input.features) else {
        return Ok(Outcome::not_applicable(NO_HEADS));
    };
    let mut all = Outcome::default();
    for (dimension, name) in input.dimensions() {
        let Some(head) = heads.heads.iter().find(|h| h.dimension == name) else {
            all.not_run.push((name.to_owned(), "the heads file has no head for this dimension".to_owned()));
            continue;
        };
        match view(input, features, dimension, name, head)? {
            Some(view) => {
                let mut of_head = Outcome::default();
                look(&view, &mut of_head)?;
                of_head.findings.iter_mut().for_each(as_sentences);
                all.extend(of_head);
            }
            None => all.not_run.push((name.to_owned(), "the head can score no pair of this dimension".to_owned())),
        }
    }
    Ok(all)
}

/// Names the dimension in front of the message, and makes sentences of both texts.
fn as_sentences(finding: &mut Finding) {
    let dimension = finding.dimension.as_deref().unwrap_or_default();
    if finding.message.is_empty() {
        finding.message = format!("{} of {}", finding.check, finding.subject);
    }
    finding.message = format!("{dimension}: {}.", finding.message.trim_end_matches('.'));
    let mut letters = finding.remedy.chars();
    if let Some(first) = letters.next() {
        finding.remedy = format!("{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.'));
    }
}

fn view<'a>(
    input: &'a AuditInput<'a>,
    features: &FeatureMatrix,
    dimension: usize,
    name: &'a str,
    head: &'a Head,
) -> Result<Option<View<'a>>> {
    // Complains of columns and texts that do not match, with all of them in one message.
    head.score(features)?;
    let ds = input.ds;
    let features = own_columns(features, head);
    let prepared: Array2<f64> = head.preparation.apply(&features)?;
    let pairs = PairMatrix::new(ds, &features, &prepared, &ds.pairs_of(dimension));
    if pairs.pair.is_empty() {
        return Ok(None);
    }
    let number = groups_by_name(ds, &pairs.group);
    let cluster = pairs.group.iter().map(|g| number[g] as usize).collect();
    Ok(Some(View { input, dimension, name, head, features, pairs, cluster, clusters: number.len() }))
}

/// The columns of `features` that the head reads, in its order.
fn own_columns(features: &FeatureMatrix, head: &Head) -> FeatureMatrix {
    let place: Vec<usize> =
        head.columns.iter().filter_map(|own| features.columns.iter().position(|c| c.id == own.id)).collect();
    let values = features.values.select(ndarray::Axis(1), &place);
    FeatureMatrix {
        columns: head.columns.clone(),
        scoreable: values.rows().into_iter().map(|row| row.iter().any(|v| !v.is_nan())).collect(),
        values,
        ..features.clone()
    }
}

/// The first few of `names`, and how many more there are.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
