//! What a fit has found of the planted weights.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::planted::Planted;
use crate::head::Head;
use crate::stats::spearman;

/// Planted weights against fitted ones, for one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// Dimension.
    pub dimension: String,
    /// Planted questions with a positive fitted weight, largest planted weight first.
    pub found: Vec<Found>,
    /// Planted questions without one (zero, negative, or no column of the head), largest planted weight first.
    pub missed: Vec<Found>,
    /// Questions with a fitted weight where none is planted, largest first.
    pub unplanted: Vec<Found>,
    /// Share of the sum of planted weights that sits on found questions.
    pub share_found: f64,
    /// Spearman correlation of planted and fitted weights over all of the head's columns (zeros included); `null`
    /// where all weights are equal.
    pub rank_correlation: Option<f64>,
}

/// One question of a [`Recovery`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// Question id.
    pub question: String,
    /// Planted weight; 0 where none is planted.
    pub planted: f64,
    /// Fitted weight; 0 where there is none.
    pub fitted: f64,
}

/// Compares a head, fitted in the `signed` coding, with the planted weights of its dimension; `None` where nothing is
/// planted for that dimension.
pub fn planted(head: &Head, truth: &Planted) -> Option<Recovery> {
    let plant = truth.dimension(&head.dimension)?;
    let fitted = |question: &str| {
        head.columns.iter().zip(&head.weights).find(|(column, _)| column.id == question).map_or(0.0, |(_, w)| *w)
    };
    let mut all: Vec<Found> = plant
        .weights
        .iter()
        .map(|w| Found { question: w.question.clone(), planted: w.weight, fitted: fitted(&w.question) })
        .collect();
    all.sort_by(|x, y| y.planted.total_cmp(&x.planted));
    let total: f64 = all.iter().map(|f| f.planted).sum();
    let (found, missed): (Vec<Found>, Vec<Found>) = all.into_iter().partition(|f| f.fitted > 0.0);
    let mut unplanted: Vec<Found> = head
        .columns
        .iter()
        .zip(&head.weights)
        .filter(|(column, weight)| **weight != 0.0 && plant.weight(&column.id) == 0.0)
        .map(|(column, weight)| Found { question: column.id.clone(), planted: 0.0, fitted: *weight })
        .collect();
    unplanted.sort_by(|x, y| y.fitted.abs().total_cmp(&x.fitted.abs()));
    let planted_by_column: Vec<f64> = head.columns.iter().map(|c| plant.weight(&c.id)).collect();
    Some(Recovery {
        dimension: head.dimension.clone(),
        share_found: if total > 0.0 { found.iter().map(|f| f.planted).sum::<f64>() / total } else { 0.0 },
        rank_correlation: spearman(&planted_by_column, &head.weights),
        found,
        missed,
        unplanted,
    })
}
