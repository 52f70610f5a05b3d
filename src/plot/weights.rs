//! The interpretability chart: every weight with its interval, grouped by dimension and ladder, zero weights visible but
//! quiet, and beside it what each column alone says about the human labels.

use serde::{Deserialize, Serialize};

use super::Figure;
use super::canvas::{Caption, Pen, Side, Type, figure};
use super::frame::{header, nothing, origin};
use super::scale::Scale;
use super::text::{count, counted, number, one_line, width as text_width, wrap};
use super::theme::{BODY, Ink, SMALL};
use crate::Result;

/// What the chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// Id of the figure: lower-case letters, digits and hyphens only.
    pub id: String,
    /// Dimension of the head.
    pub head: String,
    /// What one row is: `question` or `column`.
    pub noun: (String, String),
    /// Unit of the weights, for example `log-odds per coded answer`.
    pub unit: String,
    /// Whether the data are simulated; said in the sub-title.
    pub simulated: bool,
    /// Pairs behind the correlations: tells noise from contradiction.
    pub pairs: usize,
    /// The rows, in the order of the head's columns.
    pub rows: Vec<Weight>,
}

/// One weight.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Weight {
    /// Short label.
    pub label: String,
    /// Dimension of the checklist, where known.
    pub group: Option<String>,
    /// Ladder (sub-dimension), where known.
    pub ladder: Option<String>,
    /// The weight, in [`Weights::unit`].
    pub weight: f64,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// Correlation of the column alone with the human label, in [−1, 1].
    pub marginal: Option<f64>,
}

impl Weight {
    /// Whether the weight says the opposite of the column's own correlation, by more than two standard errors of a
    /// correlation of nothing, 2/√n.
    fn contradicts(&self, pairs: usize) -> bool {
        self.marginal.is_some_and(|m| m * self.weight < 0.0 && m.abs() > 2.0 / (pairs.max(1) as f64).sqrt())
    }
}

/// Draws the chart. Any number of rows, any text, any number: none panics.
///
/// # Errors
/// [`crate::Error::Bug`] if plotters refuses to draw.
pub fn weights(input: &Weights) -> Result<Figure> {
    let title = finding(input);
    let alt = description(input, &title);
    let caption = Caption { id: &input.id, title: &title, alt: &alt };
    figure(&caption, |pen, width| Layout::new(input, width).paint(pen, input, &title))
}

/// `12 of 64 questions carry the overall head; alignment weighs most`.
pub fn finding(input: &Weights) -> String {
    let (one, many) = (one_line(&input.noun.0), one_line(&input.noun.1));
    let head = one_line(&input.head);
    let (all, used) = (input.rows.len(), input.rows.iter().filter(|r| r.weight != 0.0).count());
    match (all, used) {
        (0, _) => format!("The {head} head has no {many}"),
        (_, 0) => format!("No {one} carries the {head} head: all {} are zero", counted(all, "weight", "weights")),
        _ => {
            let verb = if used == 1 { "carries" } else { "carry" };
            let of =
                if all == 1 { format!("The only {one}") } else { format!("{} of {} {many}", count(used), count(all)) };
            format!(
                "{of} {verb} the {head} head{}",
                heaviest(input).map_or(String::new(), |name| format!("; {name} weighs most"))
            )
        }
    }
}

/// The group with the largest sum of |weight| where there are several groups, else the row with the largest |weight|.
fn heaviest(input: &Weights) -> Option<String> {
    let groups = groups(input);
    let largest = |shares: Vec<(String, f64)>| {
        shares
            .into_iter()
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map(|(name, _)| one_line(&name))
    };
    if groups.len() > 1 {
        let sums = groups.iter().map(|g| (g.name.clone().unwrap_or_else(|| "the rest".into()), g.sum(input)));
        return largest(sums.collect());
    }
    if input.rows.len() < 2 {
        return None;
    }
    largest(input.rows.iter().map(|r| (r.label.clone(), r.weight.abs())).collect())
}

fn description(input: &Weights, title: &str) -> String {
    let mut largest: Vec<&Weight> = input.rows.iter().filter(|r| r.weight != 0.0).collect();
    largest.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let list: Vec<String> =
        largest.iter().take(5).map(|r| format!("{} {}", one_line(&r.label), number(r.weight, 2))).collect();
    let list = if list.is_empty() { String::new() } else { format!(" Largest weights: {}.", list.join(", ")) };
    format!(
        "{title}. Dot plot of {} with 95 % bootstrap intervals, beside the correlation of each {} alone with the human label.{list}",
        counted(input.rows.len(), "weight", "weights"),
        input.noun.0
    )
}

/// Rows that belong together, in the order in which they are drawn.
struct Group {
    name: Option<String>,
    rows: Vec<usize>,
}

impl Group {
    fn sum(&self, input: &Weights) -> f64 {
        self.rows.iter().map(|&r| input.rows[r].weight.abs()).filter(|w| w.is_finite()).sum()
    }
}

/// Groups in order of appearance, ladders together within them. Without groups the largest weights come first.
fn groups(input: &Weights) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (r, row) in input.rows.iter().enumerate() {
        match groups.iter_mut().find(|g| g.name == row.group) {
            Some(group) => group.rows.push(r),
            None => groups.push(Group { name: row.group.clone(), rows: vec![r] }),
        }
    }
    for group in &mut groups {
        if group.rows.iter().all(|&r| input.rows[r].ladder.is_none()) {
            group.rows.sort_by(|&a, &b| input.rows[b].weight.abs().total_cmp(&input.rows[a].weight.abs()));
            continue;
        }
        let mut ladders: Vec<&Option<String>> = Vec::new();
        for &r in &group.rows {
            if !ladders.contains(&&input.rows[r].ladder) {
                ladders.push(&input.rows[r].ladder);
            }
        }
        group.rows.sort_by_key(|&r| ladders.iter().position(|&l| *l == input.rows[r].ladder));
    }
    groups
}

/// Height of one line of a row and of a group's heading.
const LINE: f64 = 15.0;
const ROW_GAP: f64 = 3.0;
const HEADING: f64 = 30.0;

/// Where everything goes, for one width.
struct Layout {
    width: f64,
    ladder_room: f64,
    label_left: f64,
    label_room: f64,
    value_right: f64,
    weights: Scale,
    marginal: Scale,
    left: f64,
    right: f64,
    marginal_left: f64,
    marginal_right: f64,
}

impl Layout {
    fn new(input: &Weights, width: f64) -> Self {
        let wide = width >= 500.0;
        let ladders = wide && input.rows.iter().any(|r| r.ladder.is_some());
        let ladder_room = if ladders { 96.0 } else { 0.0 };
        let label_left = if ladders { 108.0 } else { 0.0 };
        let longest = input.rows.iter().map(|r| text_width(&one_line(&r.label), BODY)).fold(90.0, f64::max);
        let label_room = (longest + 1.0).min(if wide { 306.0 - label_left } else { 118.0 });
        let left = label_left + label_room + 14.0;
        let (right, value_right) = if wide { (490.0, 536.0) } else { (238.0, 238.0) };
        let (marginal_left, marginal_right) = (if wide { 562.0 } else { 264.0 }, width - 8.0);
        let ticks = (((right - left) / 50.0) as usize).clamp(2, 7);
        let bound = interval_bound(input);
        let ends = input.rows.iter().flat_map(|r| {
            let (low, high) = r.interval.unwrap_or((r.weight, r.weight));
            [r.weight, low.clamp(-bound, bound), high.clamp(-bound, bound)]
        });
        let reach = input
            .rows
            .iter()
            .filter_map(|r| r.marginal)
            .filter(|m| m.is_finite())
            .fold(0.1, |a: f64, m| a.max(m.abs()));
        Self {
            width,
            ladder_room,
            label_left,
            label_room,
            value_right,
            weights: Scale::over(ends.chain([0.0]), ticks, left, right),
            marginal: Scale::over([-reach, reach], 2, marginal_left, marginal_right),
            left,
            right,
            marginal_left,
            marginal_right,
        }
    }

    fn paint(&self, pen: &mut Pen<'_>, input: &Weights, title: &str) -> Result<f64> {
        let mut y = self.header(pen, input, title)?;
        if input.rows.is_empty() {
            return nothing(pen, y);
        }
        let groups = groups(input);
        let headings = groups.len() > 1 || groups.iter().any(|g| g.name.is_some());
        let labels: Vec<Vec<String>> = input.rows.iter().map(|r| wrap(&r.label, BODY, self.label_room, 2)).collect();
        let height = |r: usize| LINE * labels[r].len() as f64 + ROW_GAP;
        if input.rows.len() > 30 {
            self.axis(pen, y + 6.0)?;
            y += 14.0;
        }
        let total: f64 = groups.iter().map(|g| g.sum(input)).sum();
        for group in &groups {
            if headings {
                self.heading(pen, y, group, group.sum(input) / total)?;
                y += HEADING;
            }
            self.grid(pen, y - 3.0, y + group.rows.iter().map(|&r| height(r)).sum::<f64>())?;
            let mut ladder_above: Option<&Option<String>> = None;
            for &r in &group.rows {
                let row = &input.rows[r];
                if self.ladder_room > 0.0 && ladder_above != Some(&row.ladder) {
                    let same = group.rows.iter().filter(|&&o| input.rows[o].ladder == row.ladder);
                    let room = same.map(|&o| height(o)).sum::<f64>();
                    if ladder_above.is_some() {
                        pen.line((0.0, y - 1.5), (self.left - 14.0, y - 1.5), Ink::Grid, 1.0)?;
                    }
                    let lines = row.ladder.as_deref().map_or(Vec::new(), |l| {
                        wrap(l, SMALL, self.ladder_room, if room < 2.0 * LINE { 1 } else { 2 })
                    });
                    pen.lines((0.0, y + LINE / 2.0), &lines, Type::new(SMALL, Ink::Quiet))?;
                }
                ladder_above = Some(&row.ladder);
                self.row(pen, y, row, (&labels[r], input.pairs))?;
                y += height(r);
            }
        }
        self.axis(pen, y + 9.0)?;
        Ok(y + 16.0)
    }

    /// Title, sub-title and the names of the two panels; gives the y below them.
    fn header(&self, pen: &mut Pen<'_>, input: &Weights, title: &str) -> Result<f64> {
        let mut note = origin(input.simulated).to_owned();
        if input.rows.iter().any(|r| r.interval.is_some()) {
            note.push_str("Lines are 95 % bootstrap intervals at the chosen penalty. ");
        }
        if input.rows.iter().any(|r| r.weight == 0.0) {
            note.push_str("Small grey dots are weights of exactly zero. ");
        }
        if input.rows.iter().any(|r| r.contradicts(input.pairs)) {
            note.push_str("An orange ring is a correlation whose sign is the opposite of the weight's.");
        }
        let mut y = header(pen, self.width, title, &note)? + 4.0;
        if input.rows.is_empty() {
            return Ok(y);
        }
        let unit = wrap(&input.unit, SMALL, self.value_right - self.left + 8.0, 3);
        let beside = wrap("Spearman with the human label", SMALL, self.marginal_right - self.marginal_left + 12.0, 3);
        pen.text((self.left, y), "Weight", Type::new(BODY, Ink::Accent).bold())?;
        pen.text((self.marginal_left, y), "Alone", Type::new(BODY, Ink::Second).bold())?;
        y += 16.0;
        pen.lines((self.left, y), &unit, Type::new(SMALL, Ink::Quiet))?;
        pen.lines((self.marginal_left, y), &beside, Type::new(SMALL, Ink::Quiet))?;
        Ok(y + unit.len().max(beside.len()) as f64 * SMALL * 1.25 + 2.0)
    }

    fn grid(&self, pen: &mut Pen<'_>, top: f64, bottom: f64) -> Result<()> {
        for scale in [&self.weights, &self.marginal] {
            for tick in scale.ticks() {
                pen.line((scale.at(tick), top), (scale.at(tick), bottom), Ink::Grid, 1.0)?;
            }
            pen.line((scale.at(0.0), top), (scale.at(0.0), bottom), Ink::Faint, 1.0)?;
        }
        Ok(())
    }

    fn axis(&self, pen: &mut Pen<'_>, y: f64) -> Result<()> {
        for scale in [&self.weights, &self.marginal] {
            for tick in scale.ticks() {
                let label = number(tick, scale.digits);
                pen.text((scale.at(tick), y), &label, Type::new(SMALL, Ink::Quiet).side(Side::Middle))?;
            }
        }
        Ok(())
    }

    fn heading(&self, pen: &mut Pen<'_>, y: f64, group: &Group, share: f64) -> Result<()> {
        let middle = y + HEADING - 11.0;
        let name = group.name.as_deref().unwrap_or("Other");
        let ladders = self.ladder_room > 0.0;
        let share_right = if ladders || self.left > 250.0 { self.left - 14.0 } else { self.width };
        pen.lines((0.0, middle), &wrap(name, BODY * 1.06, share_right - 64.0, 1), Type::new(BODY, Ink::Text).bold())?;
        if share.is_finite() {
            let text = if share == 0.0 { "no weight".to_owned() } else { format!("{} %", number(share * 100.0, 0)) };
            pen.text((share_right, middle), &text, Type::new(SMALL, Ink::Quiet).side(Side::End))?;
        }
        pen.line((0.0, middle + 9.0), (self.width, middle + 9.0), Ink::Faint, 1.0)
    }

    fn row(&self, pen: &mut Pen<'_>, y: f64, row: &Weight, (label, pairs): (&[String], usize)) -> Result<()> {
        let used = row.weight != 0.0;
        let middle = y + LINE / 2.0;
        let ink = if used { Ink::Text } else { Ink::Quiet };
        pen.lines((self.label_left, middle), label, Type::new(BODY, ink))?;
        if row.weight.is_finite() {
            self.weight(pen, middle, row)?;
        }
        if used && self.value_right > self.right {
            let digits = self.weights.digits.max(2);
            pen.text(
                (self.value_right, middle),
                &number(row.weight, digits),
                Type::new(SMALL, Ink::Text).side(Side::End),
            )?;
        }
        let Some(marginal) = row.marginal.filter(|m| m.is_finite()) else { return Ok(()) };
        let (zero, x) = (self.marginal.at(0.0), self.marginal.at(marginal));
        if row.contradicts(pairs) {
            pen.line((zero, middle), (x, middle), Ink::Contrast, 1.0)?;
            return pen.ring((x, middle), 3.2, Ink::Contrast);
        }
        let ink = if used { Ink::Second } else { Ink::Faint };
        pen.line((zero, middle), (x, middle), ink, 1.0)?;
        pen.dot((x, middle), if used { 3.2 } else { 2.2 }, ink)
    }

    fn weight(&self, pen: &mut Pen<'_>, middle: f64, row: &Weight) -> Result<()> {
        let (mark, tint) = match row.weight {
            w if w < 0.0 => (Ink::Contrast, Ink::ContrastTint),
            _ => (Ink::Accent, Ink::AccentTint),
        };
        let (zero, x) = (self.weights.at(0.0), self.weights.at(row.weight));
        if row.weight != 0.0 {
            pen.bar((zero, middle - 4.0), (x, middle + 4.0), tint)?;
        }
        if let Some((low, high)) = row.interval.filter(|(low, high)| low.is_finite() && high.is_finite() && low < high)
        {
            let ink = if row.weight == 0.0 { Ink::Faint } else { mark };
            pen.line((self.weights.at(low), middle), (self.weights.at(high), middle), ink, 1.3)?;
            for (end, step) in [(low, -1.0), (high, 1.0)] {
                if !self.weights.holds(end) {
                    // An interval that runs off the chart ends in an arrow head.
                    let tip = self.weights.at(end);
                    pen.line((tip, middle), (tip - step * 4.0, middle - 3.0), ink, 1.3)?;
                    pen.line((tip, middle), (tip - step * 4.0, middle + 3.0), ink, 1.3)?;
                }
            }
        }
        if row.weight == 0.0 { pen.dot((x, middle), 2.2, Ink::Faint) } else { pen.dot((x, middle), 3.6, mark) }
    }
}

/// How far intervals are drawn: three times the largest weight, so that one unstable column does not flatten the rest.
fn interval_bound(input: &Weights) -> f64 {
    let largest = input.rows.iter().map(|r| r.weight.abs()).filter(|w| w.is_finite()).fold(0.0, f64::max);
    if largest > 0.0 { 3.0 * largest } else { f64::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn input(rows: Vec<Weight>) -> Weights {
        Weights {
            id: "weights-x".into(),
            head: "overall".into(),
            noun: ("question".into(), "questions".into()),
            unit: "log-odds per coded answer".into(),
            simulated: false,
            pairs: 1000,
            rows,
        }
    }

    fn row(label: &str, group: Option<&str>, weight: f64) -> Weight {
        Weight { label: label.into(), group: group.map(Into::into), weight, ..Weight::default() }
    }

    #[test]
    fn the_title_says_the_finding() {
        let rows =
            vec![row("a", Some("alignment"), 0.4), row("b", Some("alignment"), 0.0), row("c", Some("quality"), 0.3)];
        assert_eq!(finding(&input(rows)), "2 of 3 questions carry the overall head; alignment weighs most");
        assert_eq!(
            finding(&input(vec![row("a", None, 0.0)])),
            "No question carries the overall head: all 1 weight are zero"
        );
        assert_eq!(finding(&input(vec![row("a", None, 1.0)])), "The only question carries the overall head");
        assert_eq!(
            finding(&input(vec![row("a", None, 1.0), row("b", None, -2.0)])),
            "2 of 2 questions carry the overall head; b weighs most"
        );
        assert_eq!(finding(&input(vec![])), "The overall head has no questions");
    }

    #[test]
    fn rows_of_a_ladder_stay_together_in_their_order() {
        let mut rows: Vec<Weight> = ["a", "b", "c", "d"].iter().map(|l| row(l, Some("g"), 1.0)).collect();
        for (r, ladder) in ["x", "y", "x", "y"].iter().enumerate() {
            rows[r].ladder = Some((*ladder).into());
        }
        assert_eq!(groups(&input(rows))[0].rows, [0, 2, 1, 3]);
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let chart = input(vec![row("a", Some("g"), 0.5), row("问题", None, -0.5)]);
        assert_eq!(weights(&chart).unwrap(), weights(&chart).unwrap());
    }

    #[test]
    fn hostile_text_adds_no_element() {
        let hostile = "\"><script>alert(1)</script></title><!-- ]]>";
        let chart = weights(&input(vec![row(hostile, Some(hostile), 1.0), row("\0\u{ffff}\n", None, 0.0)])).unwrap();
        for svg in [chart.svg, chart.narrow] {
            assert!(!svg.contains("<script") && !svg.contains("<!--"));
            assert_eq!(svg.matches("</title>").count(), 1);
            assert!(!svg.contains('\0') && !svg.contains('\u{ffff}'));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_input_panics(
            values in prop::collection::vec((prop::num::f64::ANY, prop::option::of((prop::num::f64::ANY, prop::num::f64::ANY)), prop::option::of(prop::num::f64::ANY), "\\PC{0,40}"), 0..140)
        ) {
            let rows = values.into_iter().enumerate().map(|(i, (weight, interval, marginal, label))| Weight {
                label, weight, interval, marginal,
                group: (i % 3 > 0).then(|| format!("g{}", i % 3)),
                ladder: (i % 2 > 0).then(|| format!("l{}", i % 5)),
            }).collect();
            let chart = weights(&input(rows)).unwrap();
            prop_assert!(!chart.svg.contains("NaN") && !chart.svg.contains("inf\""));
        }
    }
}
