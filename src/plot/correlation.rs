//! Which questions say the same: their correlations, in an order that puts alike questions side by side.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, Pen, Side, Type, figure};
use super::frame::{header, nothing, origin};
use super::heat::{key, plain, shade};
use super::text::{count, counted, number, one_line, width as text_width, wrap};
use super::theme::{Ink, SMALL};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Correlation {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Items or pairs behind the correlations.
    pub n: usize,
    /// What n counts: `items`, `pairs`.
    pub n_of: String,
    /// Short labels of the questions.
    pub labels: Vec<String>,
    /// Correlations, a row per question; `null` where one side is constant.
    pub matrix: Vec<Vec<Option<f64>>>,
}

impl Correlation {
    fn at(&self, i: usize, j: usize) -> f64 {
        let value = self.matrix.get(i).and_then(|row| row.get(j)).copied().flatten();
        value.filter(|v| v.is_finite()).map_or(0.0, |v| v.clamp(-1.0, 1.0))
    }
}

/// Draws the chart. No input panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn correlation(input: &Correlation) -> Result<Figure> {
    let title = finding(input);
    let alt = format!(
        "{title}. Heat map of the correlations of {}, alike questions side by side.",
        counted(input.labels.len(), "question", "questions")
    );
    let order = order(input);
    figure(&Caption { id: &input.id, title: &title, alt: &alt }, |pen, width| {
        paint(pen, width, &title, (input, &order))
    })
}

/// How many pairs of questions are all but the same, and the closest.
pub fn finding(input: &Correlation) -> String {
    let d = input.labels.len();
    let pairs = (0..d).flat_map(|i| (0..i).map(move |j| (i, j)));
    let closest =
        pairs.clone().map(|(i, j)| (i, j, input.at(i, j))).reduce(|a, b| if b.2.abs() > a.2.abs() { b } else { a });
    let twins = pairs.filter(|&(i, j)| input.at(i, j).abs() >= 0.9).count();
    match closest {
        None => "There are no questions to compare".to_owned(),
        Some((i, j, r)) if twins < 2 => format!(
            "“{}” and “{}” are most alike (correlation {})",
            one_line(&input.labels[j]),
            one_line(&input.labels[i]),
            number(r, 2)
        ),
        Some((i, j, _)) => format!(
            "{} pairs of questions correlate by 0.9 or more, “{}” and “{}” most",
            count(twins),
            one_line(&input.labels[j]),
            one_line(&input.labels[i])
        ),
    }
}

/// Order of the leaves of an average-linkage clustering on 1 − |r|; within a merge, the ends that are most alike meet.
fn order(input: &Correlation) -> Vec<usize> {
    let d = input.labels.len();
    let mut clusters: Vec<Vec<usize>> = (0..d).map(|i| vec![i]).collect();
    let mut near: Vec<Vec<f64>> = (0..d).map(|i| (0..d).map(|j| input.at(i, j).abs()).collect()).collect();
    while clusters.len() > 1 {
        let (mut a, mut b, mut best) = (0, 1, -1.0);
        for (i, row) in near.iter().enumerate() {
            for (j, &r) in row.iter().enumerate().take(i) {
                if r > best {
                    (a, b, best) = (j, i, r);
                }
            }
        }
        let (size_a, size_b) = (clusters[a].len() as f64, clusters[b].len() as f64);
        let mut right = clusters.remove(b);
        let row_b = near.remove(b);
        for row in &mut near {
            row.remove(b);
        }
        let merged: Vec<f64> = (0..clusters.len())
            .map(|k| {
                let from_b = row_b[if k < b { k } else { k + 1 }];
                (near[a][k] * size_a + from_b * size_b) / (size_a + size_b)
            })
            .collect();
        for (k, &value) in merged.iter().enumerate() {
            near[a][k] = value;
            near[k][a] = value;
        }
        let left = &mut clusters[a];
        let end = |x: usize, y: usize| input.at(x, y).abs();
        let (l0, l1, r0, r1) = (left[0], left[left.len() - 1], right[0], right[right.len() - 1]);
        let ends = [end(l1, r0), end(l1, r1), end(l0, r0), end(l0, r1)];
        let most = (0..4).fold(0, |m, i| if ends[i] > ends[m] { i } else { m });
        if most >= 2 {
            left.reverse();
        }
        if most % 2 == 1 {
            right.reverse();
        }
        left.extend(right);
    }
    clusters.pop().unwrap_or_default()
}

fn paint(pen: &mut Pen<'_>, width: f64, title: &str, (input, order): (&Correlation, &[usize])) -> Result<f64> {
    let note = format!(
        "{}Correlations of answers over {} {}; questions are ordered so that alike ones are neighbours. Grey: below 0.1.",
        origin(input.simulated),
        count(input.n),
        if input.n_of.is_empty() { "items" } else { input.n_of.as_str() }
    );
    let y = header(pen, width, title, &note)?;
    let d = order.len();
    if d == 0 {
        return nothing(pen, y);
    }
    let y = key(pen, (0.0, y + 2.0), (-1.0, 1.0), &plain)? + 8.0;
    let longest = input.labels.iter().map(|l| text_width(&one_line(l), SMALL)).fold(30.0, f64::max);
    let tall = if d > 70 { 10.5 } else { 13.0 };
    let size = if d > 70 { SMALL * 0.8 } else { SMALL };
    let label_room = (longest + 4.0).min(width * if width >= 500.0 { 0.4 } else { 0.45 });
    let numbered = label_room + 30.0;
    let cell = ((width - numbered) / d as f64).min(tall * 1.6);
    // The lower triangle holds everything; neighbours of one shade are one rectangle.
    for (r, &i) in order.iter().enumerate() {
        let top = y + r as f64 * tall;
        pen.lines((0.0, top + tall / 2.0), &wrap(&input.labels[i], size, label_room, 1), Type::new(size, Ink::Text))?;
        pen.text((numbered - 8.0, top + tall / 2.0), &count(r + 1), Type::new(size, Ink::Quiet).side(Side::End))?;
        let shade_at =
            |c: usize| if input.at(i, order[c]).abs() < 0.1 { Ink::Heat(0) } else { shade(input.at(i, order[c])) };
        let mut c = 0;
        while c < r {
            let ink = shade_at(c);
            let mut end = c + 1;
            // Strong cells stay apart so that each can be pointed at.
            while end < r
                && shade_at(end) == ink
                && input.at(i, order[c]).abs() < 0.3
                && input.at(i, order[end]).abs() < 0.3
            {
                end += 1;
            }
            let tip = if end == c + 1 && input.at(i, order[c]).abs() >= 0.3 {
                let (a, b) = (&input.labels[i], &input.labels[order[c]]);
                format!("{a} · {b}: {}", number(input.at(i, order[c]), 2))
            } else {
                String::new()
            };
            let gap = if cell > 6.0 { 0.5 } else { 0.0 };
            let from = (numbered + c as f64 * cell, top + gap);
            let to = (numbered + end as f64 * cell - gap, top + tall - gap);
            pen.tipped(&tip, |pen| pen.bar(from, to, ink))?;
            c = end;
        }
        if d <= 40 || (r + 1) % 5 == 0 {
            let x = numbered + r as f64 * cell + 2.0;
            if cell >= 11.0 || (r + 1) % 5 == 0 {
                pen.text((x, top + tall / 2.0), &count(r + 1), Type::new(size * 0.9, Ink::Quiet))?;
            }
        }
    }
    Ok(y + d as f64 * tall + 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_questions_become_neighbours() {
        let blocks = [0, 1, 0, 1, 0];
        let matrix =
            blocks.iter().map(|a| blocks.iter().map(|b| Some(if a == b { 0.8 } else { 0.05 })).collect()).collect();
        let input = Correlation { labels: (0..5).map(|i| i.to_string()).collect(), matrix, ..Correlation::default() };
        let kinds: Vec<i32> = order(&input).into_iter().map(|i| blocks[i]).collect();
        let changes = kinds.windows(2).filter(|w| w[0] != w[1]).count();
        assert_eq!(changes, 1, "{kinds:?}");
    }
}
