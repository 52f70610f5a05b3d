//! Every kind of chart under one type, so that charts can be stored, chosen by name and drawn alike.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::agreement::Agreement;
use super::annotators::Annotators;
use super::contributions::Contributions;
use super::correlation::Correlation;
use super::curve::Curve;
use super::forest::Forest;
use super::groups::Groups;
use super::head_diff::HeadDiff;
use super::judge_quality::JudgeQuality;
use super::leaderboard::Leaderboard;
use super::path::Path;
use super::position::Position;
use super::reliability::Reliability;
use super::stability::Stability;
use super::staircase::Staircase;
use super::systems::Systems;
use super::unseen::Unseen;
use super::waterfall::Waterfall;
use super::weights::Weights;
use super::yes_share::YesShare;
use crate::Result;

/// The data of one chart; as JSON, `"kind"` names the variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is named after the type that it holds")]
pub enum Chart {
    Leaderboard(Leaderboard),
    Weights(Weights),
    Path(Path),
    Curve(Curve),
    Contributions(Contributions),
    Waterfall(Waterfall),
    YesShare(YesShare),
    Groups(Groups),
    Forest(Forest),
    Position(Position),
    JudgeQuality(JudgeQuality),
    Staircase(Staircase),
    Correlation(Correlation),
    Reliability(Reliability),
    Annotators(Annotators),
    Stability(Stability),
    HeadDiff(HeadDiff),
    Systems(Systems),
    Agreement(Agreement),
    Unseen(Unseen),
}

/// The kinds of chart, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Kind {
    /// Accuracy of every scorer with intervals, floors and ceiling, per dimension
    Leaderboard,
    /// Weights with intervals beside what each column says alone
    Weights,
    /// The regularisation path with the chosen penalty
    Path,
    /// Accuracy against the number of questions, or of labelled pairs
    Curve,
    /// Share of score variance per dimension
    Contributions,
    /// Why one item beats another, question by question
    Waterfall,
    /// Shift of the yes-share per question
    YesShare,
    /// Accuracy by group of items
    Groups,
    /// Effects with intervals around no bias
    Forest,
    /// How often the item shown first is preferred
    Position,
    /// How well the judge answers a question against its weight
    JudgeQuality,
    /// Whether answers on a ladder form a staircase
    Staircase,
    /// Correlations of questions, clustered
    Correlation,
    /// Observed against predicted probability
    Reliability,
    /// Severity and agreement of annotators
    Annotators,
    /// How often refits keep each column
    Stability,
    /// Two heads side by side
    HeadDiff,
    /// The head on generators that it never saw
    Unseen,
    /// How well the order of each scorer agrees with that of people
    Agreement,
    /// How often each generator wins, by people and by the head
    Systems,
}

impl Chart {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Chart::Leaderboard(_) => Kind::Leaderboard,
            Chart::Weights(_) => Kind::Weights,
            Chart::Path(_) => Kind::Path,
            Chart::Curve(_) => Kind::Curve,
            Chart::Contributions(_) => Kind::Contributions,
            Chart::Waterfall(_) => Kind::Waterfall,
            Chart::YesShare(_) => Kind::YesShare,
            Chart::Groups(_) => Kind::Groups,
            Chart::Forest(_) => Kind::Forest,
            Chart::Position(_) => Kind::Position,
            Chart::JudgeQuality(_) => Kind::JudgeQuality,
            Chart::Staircase(_) => Kind::Staircase,
            Chart::Correlation(_) => Kind::Correlation,
            Chart::Reliability(_) => Kind::Reliability,
            Chart::Annotators(_) => Kind::Annotators,
            Chart::Stability(_) => Kind::Stability,
            Chart::HeadDiff(_) => Kind::HeadDiff,
            Chart::Unseen(_) => Kind::Unseen,
            Chart::Agreement(_) => Kind::Agreement,
            Chart::Systems(_) => Kind::Systems,
        }
    }

    /// Draws it.
    ///
    /// # Errors
    /// [`crate::Error::Bug`] if plotters refuses to draw.
    pub fn draw(&self) -> Result<Figure> {
        match self {
            Chart::Leaderboard(input) => super::leaderboard::leaderboard(input),
            Chart::Weights(input) => super::weights::weights(input),
            Chart::Path(input) => super::path::path(input),
            Chart::Curve(input) => super::curve::curve(input),
            Chart::Contributions(input) => super::contributions::contributions(input),
            Chart::Waterfall(input) => super::waterfall::waterfall(input),
            Chart::YesShare(input) => super::yes_share::yes_share(input),
            Chart::Groups(input) => super::groups::groups(input),
            Chart::Forest(input) => super::forest::forest(input),
            Chart::Position(input) => super::position::position(input),
            Chart::JudgeQuality(input) => super::judge_quality::judge_quality(input),
            Chart::Staircase(input) => super::staircase::staircase(input),
            Chart::Correlation(input) => super::correlation::correlation(input),
            Chart::Reliability(input) => super::reliability::reliability(input),
            Chart::Annotators(input) => super::annotators::annotators(input),
            Chart::Stability(input) => super::stability::stability(input),
            Chart::HeadDiff(input) => super::head_diff::head_diff(input),
            Chart::Unseen(input) => super::unseen::unseen(input),
            Chart::Agreement(input) => super::agreement::agreement(input),
            Chart::Systems(input) => super::systems::systems(input),
        }
    }

    /// Id of its figure.
    pub fn id(&self) -> &str {
        match self {
            Chart::Leaderboard(input) => &input.id,
            Chart::Weights(input) => &input.id,
            Chart::Path(input) => &input.id,
            Chart::Curve(input) => &input.id,
            Chart::Contributions(input) => &input.id,
            Chart::Waterfall(input) => &input.id,
            Chart::YesShare(input) => &input.id,
            Chart::Groups(input) => &input.id,
            Chart::Forest(input) => &input.id,
            Chart::Position(input) => &input.id,
            Chart::JudgeQuality(input) => &input.id,
            Chart::Staircase(input) => &input.id,
            Chart::Correlation(input) => &input.id,
            Chart::Reliability(input) => &input.id,
            Chart::Annotators(input) => &input.id,
            Chart::Stability(input) => &input.id,
            Chart::HeadDiff(input) => &input.id,
            Chart::Unseen(input) => &input.id,
            Chart::Agreement(input) => &input.id,
            Chart::Systems(input) => &input.id,
        }
    }

    /// The dimension that it is about, where it is about one.
    pub fn dimension(&self) -> Option<&str> {
        match self {
            Chart::Weights(c) => Some(&c.head),
            Chart::Path(c) => Some(&c.head),
            Chart::Curve(c) => Some(&c.dimension),
            Chart::Contributions(c) => Some(&c.head),
            Chart::Waterfall(c) => Some(&c.head),
            Chart::Groups(c) => Some(&c.dimension),
            Chart::JudgeQuality(c) => Some(&c.head),
            Chart::Reliability(c) => Some(&c.dimension),
            Chart::Annotators(c) => Some(&c.dimension),
            Chart::Stability(c) => Some(&c.head),
            Chart::HeadDiff(c) => Some(&c.head),
            Chart::Systems(c) => Some(&c.dimension),
            Chart::Agreement(c) => Some(&c.dimension),
            Chart::YesShare(c) => Some(&c.dimension),
            Chart::Leaderboard(_)
            | Chart::Forest(_)
            | Chart::Position(_)
            | Chart::Staircase(_)
            | Chart::Correlation(_)
            | Chart::Unseen(_) => None,
        }
    }
}
