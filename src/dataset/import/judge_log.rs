//! Logs of a judge in the shape of chat completions: the log-probabilities of the first token → P(yes).
//!
//! A line is a response with `choices`, beside it `item_id` and `question_id`; or a line of a batch, whose `custom_id` is
//! `item::question` and whose `response.body` is the response. Of the first token's alternatives those that read yes or no
//! are summed, whatever their case and leading space: P(yes) = yes / (yes + no), and yes + no is its coverage.

use serde_json::Value;

use super::ImportOptions;
use super::record::{Fields, Record, Records};
use super::tables::{Answer, Builder, Item, prompt_id};
use crate::problems::{Problem, Problems, Severity};

/// The fields of the layout.
pub static FIELDS: Fields = Fields {
    needed: &[],
    optional: &[
        "item_id",
        "question_id",
        "custom_id",
        "prompt_id",
        "prompt",
        "generator",
        "question",
        "category",
        "judge",
        "depends_on",
        "choices",
        "response",
        "error",
        "model",
    ],
    ignored: &["id", "object", "created", "usage", "system_fingerprint", "service_tier"],
};

/// Counts of what was left out.
#[derive(Default)]
struct Left {
    failed: usize,
    uncovered: usize,
    hard: usize,
}

/// Adds the answers of one file.
pub fn read(records: &Records, options: &ImportOptions, builder: &mut Builder, problems: &mut Problems) {
    let mut left = Left::default();
    let only = only_judge(records);
    for row in &records.rows {
        let Some((name, question_id)) = names(records, row, &options.separator, problems) else { continue };
        let prompt = row.text("prompt").unwrap_or_default();
        let own = if prompt.is_empty() { name.clone() } else { prompt_id(&prompt) };
        let text = |field: &str| row.text(field).unwrap_or_default();
        let item = Item {
            prompt_id: row.text("prompt_id").unwrap_or(own),
            prompt,
            generator: text("generator"),
            ..Item::default()
        };
        let item = builder.item(&name, item, &records.file, row.line, problems);
        let body = row.fields.get("response").and_then(|r| r.get("body"));
        let choices = row.fields.get("choices").or_else(|| body.and_then(|b| b.get("choices")));
        let model = row.text("model").or_else(|| body?.get("model")?.as_str().map(str::to_owned));
        let failed = row.fields.get("error").is_some_and(|e| !e.is_null());
        let (answer, coverage) = match choices.and_then(|c| c.get(0)).filter(|_| !failed) {
            Some(choice) => match answer(choice, options.min_coverage, &mut left) {
                Ok(found) => found,
                Err(total) => {
                    let message = format!("the probabilities of the first token add up to {total:.4}");
                    let remedy = "log natural logarithms of probabilities, not logits";
                    problems.push(records.problem(Severity::Error, "not-a-probability", row, message, remedy));
                    continue;
                }
            },
            None => {
                left.failed += 1;
                Default::default()
            }
        };
        builder.answers.push(Answer {
            item,
            question_id,
            answer,
            coverage,
            question: text("question"),
            category: text("category"),
            // A call that failed names no model; it is still a question that this judge was asked.
            judge: row.text("judge").or(model).or_else(|| only.clone()).unwrap_or_default(),
            depends_on: text("depends_on"),
        });
    }
    let mut note = |count: usize, rule: &'static str, what: &str| {
        if count > 0 {
            problems.push(Problem::new(Severity::Warning, rule, &records.file, format!("{count} {what}"), ""));
        }
    };
    note(left.failed, "failed-call", "calls failed: their answers are missing");
    let below =
        format!("answers have less than {} of the probability on yes and no: they are missing", options.min_coverage);
    note(left.uncovered, "low-coverage", &below);
    note(left.hard, "no-logprobs", "answers have no log-probabilities: their text is taken as it is");
}

/// The judge's name, where the whole file has one.
fn only_judge(records: &Records) -> Option<String> {
    let name = |row: &Record| {
        let body = row.fields.get("response").and_then(|r| r.get("body"));
        let model = || body?.get("model")?.as_str().map(str::to_owned);
        row.text("judge").or_else(|| row.text("model")).or_else(model)
    };
    let mut names = records.rows.iter().filter_map(name);
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// Item and question of a line.
fn names(records: &Records, row: &Record, separator: &str, problems: &mut Problems) -> Option<(String, String)> {
    if let (Some(item), Some(question)) = (row.text("item_id"), row.text("question_id")) {
        return Some((item, question));
    }
    let custom = row.text("custom_id");
    let split = custom.as_deref().and_then(|id| id.rsplit_once(separator));
    if split.is_none() {
        let message =
            format!("a line needs item_id and question_id, or a custom_id with \"{separator}\" between the two");
        let remedy = "add the ids, or name what separates them with --separator";
        problems.push(records.error("missing-field", row, "custom_id", message, remedy));
    }
    split.map(|(item, question)| (item.to_owned(), question.to_owned()))
}

/// The answer as P(yes) with its coverage, or as text where there are no log-probabilities. The error is a sum of
/// probabilities that cannot be one.
fn answer(choice: &Value, min_coverage: f64, left: &mut Left) -> Result<(String, String), f64> {
    let first = choice.pointer("/logprobs/content/0");
    let Some(first) = first else {
        left.hard += 1;
        let text = choice.pointer("/message/content").or_else(|| choice.get("text")).and_then(Value::as_str);
        return Ok((text.unwrap_or_default().trim().to_owned(), String::new()));
    };
    let listed = first.get("top_logprobs").and_then(Value::as_array).filter(|top| !top.is_empty());
    let alternatives: Vec<&Value> = listed.map_or_else(|| vec![first], |top| top.iter().collect());
    let probability = |a: &&Value| a.get("logprob").and_then(Value::as_f64).map_or(0.0, f64::exp);
    let total: f64 = alternatives.iter().map(probability).sum();
    if total.is_nan() || total > 1.001 {
        return Err(total);
    }
    let mass = |word: &str| -> f64 {
        let says = |a: &&&Value| a.get("token").and_then(Value::as_str).is_some_and(|token| reads(token, word));
        alternatives.iter().filter(says).map(probability).fold(0.0, |sum, p| sum + p)
    };
    let (yes, no) = (mass("yes"), mass("no"));
    let coverage = yes + no;
    let shown = format!("{coverage:.6}");
    if coverage.is_nan() || coverage < min_coverage || coverage == 0.0 {
        left.uncovered += 1;
        return Ok((String::new(), shown));
    }
    Ok((format!("{:.6}", yes / coverage), shown))
}

/// Whether a token reads `word`: case, spaces and the marks that tokenizers write for a space aside.
fn reads(token: &str, word: &str) -> bool {
    token.trim_matches(|c: char| c.is_whitespace() || matches!(c, '▁' | 'Ġ' | '.')).eq_ignore_ascii_case(word)
}
