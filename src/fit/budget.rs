//! The best head with at most K features: every question costs a model call per item.
//!
//! Candidates come from the sparse path and from the best head with one feature less; swaps improve them until no
//! exchange of two features helps. On all rows, branch and bound then looks for a better choice and, where it ends,
//! proves that there is none: a node's fit with every undecided feature free is a lower bound for all choices below it.

use super::cross_validation::clustered_mean;
use super::likelihood::{Likelihood, curvature, dot, loss_and_gradient, row_of};
use super::method::{Budget, BudgetPoint};
use super::path::{follow, grid};
use super::procedure::{Compared, Problem, Procedure, Solution, certify, compare, finish};
use super::quadratic;
use super::solver::{Limits, Outcome, State, minimise};
use super::{Details, Fit, Rule, cross_validation};
use crate::{Error, Result};

/// Exchanges whose exact fit is tried, best first by the quadratic model.
const TRIED: usize = 5;

/// Features that are considered for coming in, by their slope.
const CONSIDERED: usize = 50;

/// Fits of branch and bound: enough to end up to a dozen features; beyond them a fixed effort.
const NODES_SMALL: usize = 20_000;
const NODES_LARGE: usize = 400;
const SMALL: usize = 12;

/// A choice of features and its fit.
#[derive(Clone)]
struct Choice {
    /// Selectable columns with a weight, ascending.
    columns: Vec<usize>,
    state: State,
    outcome: Outcome,
}

/// Sizes 1 … K (beside columns with a frozen weight) as candidates.
struct Sizes<'a> {
    problem: &'a Problem<'a>,
    sizes: Vec<usize>,
    /// Ridge or L1 that stays on the chosen features; 0 unless λ was given.
    lambda: f64,
    /// Features chosen on all rows, for resamples to start from.
    chosen: Vec<usize>,
}

/// Fits the best head found with at most `options.budget` features.
///
/// # Errors
/// [`Error::Usage`] without a budget or with one below the number of frozen weights; as [`compare`].
pub(super) fn fit(problem: &Problem) -> Result<(Fit, Vec<f64>)> {
    let Some(budget) = problem.options.budget else {
        return Err(Error::Usage("--method budget needs --budget K, the number of features to use at most".into()));
    };
    let selectable = (0..problem.columns).filter(|&j| problem.selectable(j)).count();
    let frozen = (0..problem.columns).filter(|&j| !problem.selectable(j) && problem.shape.bounds[j].0 != 0.0).count();
    if budget == 0 || budget < frozen {
        return Err(Error::Usage(format!(
            "--budget {budget}: {}",
            if budget == 0 { "give at least 1".into() } else { format!("{frozen} weights are frozen, and they count") }
        )));
    }
    let most = (budget - frozen).min(selectable);
    let first = usize::from(frozen == 0).min(most);
    let lambda = problem.options.lambda.unwrap_or(0.0);
    let mut sizes = Sizes { problem, sizes: (first..=most).collect(), lambda, chosen: Vec::new() };
    let mut compared = compare(problem, &sizes)?;
    let (proven, nodes, bound) = prove(&sizes, &mut compared, selectable);
    let last = compared.solutions.len() - 1;
    let solution = &compared.solutions[last];
    sizes.chosen = used(problem, &solution.weights);
    let mut certificate = certify(problem, solution, &problem.only(&sizes.chosen, lambda));
    certificate.gap = bound.map(|bound| (certificate.objective - bound).max(0.0));
    if bound.is_none() {
        certificate.gap_reason =
            Some("a sub-problem of the search did not converge, so there is no lower bound".into());
    }
    let details = Details::Budget(curve(problem, &sizes, &compared, frozen, proven, nodes));
    Ok(finish(problem, &sizes, compared, last, certificate, Some(details)))
}

/// Improves the solutions on all rows by branch and bound: every size where there are few features, the last one
/// otherwise. Says whether the last is proven, after how many fits, and the lower bound.
fn prove(sizes: &Sizes, compared: &mut Compared, selectable: usize) -> (bool, usize, Option<f64>) {
    let small = selectable <= SMALL;
    let limit = if small { NODES_SMALL } else { NODES_LARGE };
    let likelihood = sizes.problem.likelihood(sizes.problem.model.weight());
    let search = sizes.search(&*likelihood, sizes.problem.limits);
    let last = compared.solutions.len() - 1;
    let mut outcome = (false, 0, None);
    for k in if small { 0..=last } else { last..=last } {
        let start = search.refit(search.used(&compared.solutions[k].weights), &sizes.problem.null);
        let found = branch_and_bound(&search, start, sizes.sizes[k], limit);
        compared.solutions[k] = Solution { weights: found.best.state.weights.clone(), outcome: found.best.outcome };
        outcome = (found.proven, outcome.1 + found.nodes, found.bound);
    }
    outcome
}

/// The curve of accuracy against the number of features.
fn curve(problem: &Problem, sizes: &Sizes, compared: &Compared, frozen: usize, proven: bool, nodes: usize) -> Budget {
    let points: Vec<BudgetPoint> = (0..compared.solutions.len())
        .map(|k| {
            let weights = &compared.solutions[k].weights;
            let (accuracy, accuracy_se) =
                accuracy(problem, compared, k).map_or((None, None), |(v, s)| (Some(v), Some(s)));
            let (loss, loss_se) =
                compared.curve.get(k).map_or((compared.solutions[k].outcome.loss, 0.0), |p| (p.loss, p.se));
            let columns = (0..problem.columns).filter(|&j| weights[j] != 0.0).collect();
            BudgetPoint { features: sizes.sizes[k] + frozen, columns, loss, loss_se, accuracy, accuracy_se }
        })
        .collect();
    let enough = if compared.curve.is_empty() {
        0
    } else {
        points[cross_validation::choose(&compared.curve, Rule::OneSe)].features
    };
    Budget { curve: if compared.curve.is_empty() { Vec::new() } else { points }, enough, proven, nodes }
}

/// Out-of-fold accuracy of candidate `k` on the rows whose label is not a tie, half credit for an equal score.
fn accuracy(problem: &Problem, compared: &Compared, k: usize) -> Option<(f64, f64)> {
    let rows = problem.rows?;
    let mut hits = (Vec::new(), Vec::new(), Vec::new());
    for (i, &fold) in compared.fold.iter().enumerate().filter(|(i, _)| rows.y[*i] != 0.5) {
        let w = &compared.by_fold[fold][k].weights[..rows.columns];
        let z = dot(row_of(&rows.x, rows.columns, i as u32), w) * (rows.y[i] - 0.5).signum();
        hits.0.push(if z == 0.0 { 0.5 } else { f64::from(u8::from(z > 0.0)) });
        hits.1.push(rows.weight[i]);
        hits.2.push(rows.group[i]);
    }
    hits.1.iter().any(|&m| m > 0.0).then(|| clustered_mean(&hits.0, &hits.1, &hits.2))
}

impl Sizes<'_> {
    fn search<'s>(&'s self, likelihood: &'s dyn Likelihood, limits: Limits) -> Search<'s> {
        let most = self.sizes.last().copied().unwrap_or(0);
        Search { problem: self.problem, most, lambda: self.lambda, likelihood, limits }
    }
}

/// Selectable columns with a weight.
fn used(problem: &Problem, weights: &[f64]) -> Vec<usize> {
    (0..problem.columns).filter(|&j| weights[j] != 0.0 && problem.selectable(j)).collect()
}

impl Procedure for Sizes<'_> {
    /// The same λ throughout: the candidates differ by their number of features.
    fn lambdas(&self) -> Vec<f64> {
        vec![self.lambda; self.sizes.len()]
    }

    fn solve(&self, weight: &[f64], only: Option<usize>, limits: Limits) -> Vec<Solution> {
        let likelihood = self.problem.likelihood(weight);
        let search = self.search(&*likelihood, limits);
        let solution = |choice: Choice| Solution { weights: choice.state.weights, outcome: choice.outcome };
        if let Some(k) = only {
            let start = search.refit(self.chosen.clone(), &self.problem.null);
            return vec![solution(search.improve(start, self.sizes[k]))];
        }
        let from_path = search.path_supports();
        let mut best: Vec<Choice> = Vec::with_capacity(self.sizes.len());
        let mut before = search.refit(Vec::new(), &self.problem.null);
        for &size in &self.sizes {
            let mut here = search.improve(before, size);
            if let Some(support) = from_path.iter().filter(|s| s.len() <= size).max_by_key(|s| s.len()) {
                let start = search.refit(support.clone(), &here.state);
                let other = search.improve(start, size);
                if other.outcome.objective < here.outcome.objective {
                    here = other;
                }
            }
            best.push(here.clone());
            before = here;
        }
        best.into_iter().map(solution).collect()
    }
}

/// The search for choices of features under given row weights.
struct Search<'a> {
    problem: &'a Problem<'a>,
    /// Most features of any candidate.
    most: usize,
    lambda: f64,
    likelihood: &'a dyn Likelihood,
    limits: Limits,
}

impl Search<'_> {
    fn used(&self, weights: &[f64]) -> Vec<usize> {
        used(self.problem, weights)
    }

    /// The fit on these columns alone, from a nearby state. Columns whose weight comes out as 0 are let go.
    fn refit(&self, columns: Vec<usize>, near: &State) -> Choice {
        let mut state = near.for_other_data();
        let penalty = self.problem.only(&columns, self.lambda);
        let outcome = minimise(self.likelihood, &penalty, &mut state, self.limits);
        Choice { columns: self.used(&state.weights), state, outcome }
    }

    /// Supports on the sparse path, up to the budget.
    fn path_supports(&self) -> Vec<Vec<usize>> {
        let options = self.problem.options;
        let lambdas = grid(self.problem.lambda_max, 1.0, options.path_length, options.path_ratio);
        let shape = super::path::Shape { alpha: 1.0, ..self.problem.shape.clone() };
        let mut state = self.problem.null.for_other_data();
        let mut supports: Vec<Vec<usize>> = Vec::new();
        for &lambda in &lambdas {
            follow(self.likelihood, &shape, &[lambda], &mut state, self.limits, |_, state, _| {
                supports.push(self.used(&state.weights));
            });
            if supports.last().is_some_and(|s| s.len() > self.most) {
                break;
            }
        }
        supports.dedup();
        supports
    }

    /// Adds features while there is room and exchanges features while that helps.
    fn improve(&self, mut now: Choice, size: usize) -> Choice {
        loop {
            let h = curvature(self.likelihood, &now.state.weights);
            let (_, gradient) = loss_and_gradient(self.likelihood, &now.state.weights);
            let mut moves: Vec<(f64, Vec<usize>, Vec<f64>)> =
                (self.neighbours(&now.columns, size, &h, &gradient).into_iter())
                    .map(|columns| {
                        let (value, v) = self.model(&h, &gradient, &now.state.weights, &columns);
                        (value, columns, v)
                    })
                    .collect();
            moves.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
            let best = (moves.into_iter().take(TRIED))
                .map(|(_, columns, v)| {
                    let near = State { weights: v, point: None, curvature: Some(h.clone().into()) };
                    self.refit(columns, &near)
                })
                .filter(|choice| choice.outcome.converged)
                .min_by(|a, b| a.outcome.objective.total_cmp(&b.outcome.objective));
            match best {
                Some(best) if best.outcome.objective < now.outcome.objective - 1e-10 => now = best,
                _ => return now,
            }
        }
    }

    /// Choices that differ from `columns` by one feature more, or by one exchange where there is no room.
    fn neighbours(
        &self,
        columns: &[usize],
        size: usize,
        h: &ndarray::Array2<f64>,
        gradient: &[f64],
    ) -> Vec<Vec<usize>> {
        let free = self.problem.only(&(0..self.problem.columns).collect::<Vec<_>>(), self.lambda);
        let worth = |j: usize| {
            let slope = free.distance(j, 0.0, gradient[j]);
            if h[[j, j]] > 0.0 { slope * slope / h[[j, j]] } else { 0.0 }
        };
        let mut outside: Vec<usize> =
            (0..self.problem.columns).filter(|j| self.problem.selectable(*j) && !columns.contains(j)).collect();
        outside.sort_by(|&i, &j| worth(j).total_cmp(&worth(i)).then(i.cmp(&j)));
        outside.truncate(CONSIDERED);
        let mut neighbours = Vec::new();
        for &j in &outside {
            let with = |base: Vec<usize>| {
                let mut set = base;
                set.push(j);
                set.sort_unstable();
                set
            };
            if columns.len() < size {
                neighbours.push(with(columns.to_vec()));
            }
            neighbours.extend(columns.iter().map(|&i| with(columns.iter().copied().filter(|&k| k != i).collect())));
        }
        neighbours
    }

    /// Minimum of the quadratic model at `w` over `columns`, and its place.
    fn model(&self, h: &ndarray::Array2<f64>, gradient: &[f64], w: &[f64], columns: &[usize]) -> (f64, Vec<f64>) {
        let penalty = self.problem.only(columns, self.lambda);
        let v = quadratic::minimise(h, gradient, w, &penalty, 1e-3 * self.problem.scale);
        let step: Vec<f64> = v.iter().zip(w).map(|(v, w)| v - w).collect();
        let bent: f64 = (0..step.len())
            .filter(|&j| step[j] != 0.0)
            .map(|j| step[j] * h.row(j).iter().zip(&step).map(|(a, b)| a * b).sum::<f64>())
            .sum();
        (dot(gradient, &step) + 0.5 * bent + penalty.value(&v), v)
    }
}

/// What branch and bound came to.
struct Found {
    best: Choice,
    /// Nothing better exists.
    proven: bool,
    nodes: usize,
    /// No choice has a lower objective; `None` where some bound is unknown.
    bound: Option<f64>,
}

/// Features decided to be in or out; the fit with all others free.
struct Node {
    inside: Vec<usize>,
    outside: Vec<usize>,
    relaxed: Choice,
    bound: f64,
}

/// Depth first, the most important undecided feature first in, then out. Takes at most `limit` fits.
fn branch_and_bound(search: &Search, start: Choice, size: usize, limit: usize) -> Found {
    let problem = search.problem;
    let all: Vec<usize> = (0..problem.columns).filter(|&j| problem.selectable(j)).collect();
    let mut best = start;
    let mut nodes = 1;
    let relaxed = search.refit(all.clone(), &best.state);
    let bound = if relaxed.outcome.converged { relaxed.outcome.objective } else { f64::NEG_INFINITY };
    let mut open = vec![Node { inside: Vec::new(), outside: Vec::new(), relaxed, bound }];
    let slack = 1e-10;
    while let Some(node) = open.pop() {
        if node.bound >= best.outcome.objective - slack {
            continue;
        }
        if nodes >= limit {
            open.push(node);
            break;
        }
        if node.relaxed.columns.len() <= size && node.relaxed.outcome.converged {
            best = node.relaxed;
            continue;
        }
        if node.inside.len() == size {
            nodes += 1;
            let leaf = search.refit(node.inside, &node.relaxed.state);
            if leaf.outcome.converged && leaf.outcome.objective < best.outcome.objective - slack {
                best = leaf;
            }
            continue;
        }
        let size_of = |j: usize| node.relaxed.state.weights[j].abs();
        let undecided = node.relaxed.columns.iter().copied().filter(|j| !node.inside.contains(j));
        let Some(branch) = undecided.max_by(|&i, &j| size_of(i).total_cmp(&size_of(j)).then(j.cmp(&i))) else {
            continue;
        };
        let outside: Vec<usize> = node.outside.iter().copied().chain([branch]).collect();
        let free: Vec<usize> = all.iter().copied().filter(|j| !outside.contains(j)).collect();
        nodes += 1;
        let without = search.refit(free, &node.relaxed.state);
        let bound = if without.outcome.converged { without.outcome.objective.max(node.bound) } else { node.bound };
        open.push(Node { inside: node.inside.clone(), outside: outside.clone(), relaxed: without, bound });
        let inside = node.inside.iter().copied().chain([branch]).collect();
        open.push(Node { inside, ..node });
    }
    let left = open.iter().map(|node| node.bound).fold(best.outcome.objective, f64::min);
    Found { proven: open.is_empty(), nodes, bound: left.is_finite().then_some(left), best }
}
