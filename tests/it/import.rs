//! Every layout that is imported: a small file of it becomes a sound data set with the right labels, and a broken one an
//! error that names the place.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Run, crate_folder, folder, headfit};

/// Imports `text`, written to `file`, and gives the run and what `check --json` says of the data set.
fn import(room: &Path, kind: &str, file: &str, text: &str, flags: &[&str]) -> (Run, Value) {
    std::fs::write(room.join(file), text).unwrap();
    import_files(room, kind, &[file], flags)
}

fn import_files(room: &Path, kind: &str, files: &[&str], flags: &[&str]) -> (Run, Value) {
    let run = headfit(room, &[&["import", kind], files, &["-o", "data"], flags].concat());
    let check = headfit(room, &["check", "data", "--json", "-"]);
    (run, serde_json::from_str(&check.stdout).unwrap_or(Value::Null))
}

/// A table that was written, as column → cells.
fn table(room: &Path, name: &str) -> BTreeMap<String, Vec<String>> {
    let mut reader = csv::Reader::from_path(room.join("data").join(name)).unwrap();
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |c: usize| rows.iter().map(|row| row[c].to_owned()).collect();
    head.into_iter().enumerate().map(|(c, name)| (name, column(c))).collect()
}

fn fixture(room: &Path, name: &str) {
    std::fs::copy(crate_folder().join("tests/import").join(name), room.join(name)).unwrap();
}

fn shown(run: &Run) -> String {
    format!("exit code {}\n--- stderr\n{}--- stdout\n{}", run.code, run.stderr, run.stdout)
}

#[test]
fn visionreward_images_from_parquet() {
    let room = folder();
    fixture(room.path(), "visionrewarddb-image.parquet");
    let (run, check) = import_files(room.path(), "visionreward-db-image", &["visionrewarddb-image.parquet"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("1 in meta_mask keeps a question"), "{}", run.stdout);
    let answers = table(room.path(), "answers.csv");
    assert_eq!(answers["52"], ["", "1", "1"], "no hands: masked, not no");
    assert_eq!(answers["3"], ["0", "1", "1"]);
    assert_eq!(answers["4"], ["1", "0", "1"]);
    let items = table(room.path(), "items.csv");
    assert_eq!(items["prompt_id"][0], items["prompt_id"][1], "the same text is the same prompt");
    assert_eq!(items["prompt"][2], "a dog, \"quoted\"\nand broken");
    assert_eq!(check["card"]["checklist"]["questions"], 59);
}

#[test]
fn visionreward_images_from_ratings_and_told_polarity() {
    let room = folder();
    fixture(room.path(), "visionrewarddb-image.parquet");
    let files = ["visionrewarddb-image.parquet"];
    let (run, _) = import_files(room.path(), "visionreward-db-image", &files, &["--answers", "ratings"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let answers = table(room.path(), "answers.csv");
    // hands = −4, 1, 0: nothing there; all four reached; 53 (threshold 0) reached, 52 (threshold 1) not.
    assert_eq!(answers["3"], ["0", "1", "1"]);
    assert_eq!(answers["52"], ["", "1", "0"]);
    assert_eq!(answers["53"], ["", "1", "1"]);
    let (run, _) = import_files(room.path(), "visionreward-db-image", &files, &["--mask-keeps", "0", "--force"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(table(room.path(), "answers.csv")["52"], ["0", "", ""], "the other polarity, as told");
}

fn video_row(id: &str, over: &[(&str, Value)]) -> Value {
    let mut annotation = json!({
        "alignment": 5, "composition": 2, "focus": 2, "camera movement": 2, "color": 3, "lighting accurate": 3,
        "lighting aes": 4, "shape at beginning": 0, "shape throughout": 0, "object motion dynamic": 1,
        "camera motion dynamic": 1, "movement smoothness": 2, "movement reality": 2, "clear": 3,
        "image quality stability": 3, "camera stability": 2, "detail refinement": 3, "letters": 1, "physics law": 3,
        "unsafe type": 1, "safety": 5
    });
    for (field, value) in over {
        annotation[*field] = value.clone();
    }
    let meta: Vec<i64> = (0..64).map(|q| i64::from(q % 2 == 0)).collect();
    json!({"internal_id": id, "prompt": "p", "video_path": "v.mp4", "url": "", "annotation": annotation,
           "meta_result": meta, "meta_mask": vec![1; 64]})
}

#[test]
fn visionreward_videos_say_what_cannot_be_known() {
    let room = folder();
    let line = video_row("v1", &[]).to_string();
    // No video question is gated: the polarity of the mask cannot be proven.
    let (run, _) = import(room.path(), "visionreward-db-video", "v.jsonl", &line, &[]);
    insta::assert_snapshot!("import-mask-polarity", shown(&run));
    assert_eq!(run.code, 3);
    assert!(!room.path().join("data").exists(), "nothing is written");
    let (run, check) = import(room.path(), "visionreward-db-video", "v.jsonl", &line, &["--mask-keeps", "1"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(check["card"]["checklist"]["questions"], 64);
    assert_eq!(table(room.path(), "answers.csv")["1"], ["1"]);
    let flags = ["--answers", "ratings", "--force"];
    let (run, _) = import(room.path(), "visionreward-db-video", "v.jsonl", &line, &flags);
    insta::assert_snapshot!("import-range-mismatch", shown(&run));
    assert_eq!(run.code, 3);
}

#[test]
fn visionreward_rows_that_break_the_layout() {
    let room = folder();
    let mut short = video_row("v2", &[]);
    short["meta_result"] = json!([1, 0, 1]);
    let mut odd = video_row("v3", &[]);
    odd["meta_result"][0] = json!(2);
    let mut strange = video_row("v4", &[]);
    strange["colour"] = json!("red");
    let rows = [video_row("v1", &[("alignment", json!(9))]), short, odd, strange, video_row("v1", &[])];
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    let (run, _) = import(room.path(), "visionreward-db-video", "v.jsonl", &lines.join("\n"), &["--mask-keeps", "1"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!("import-visionreward-unknown-field", shown(&run));
    let lines: Vec<String> = [0, 1, 2, 4].map(|at| rows[at].to_string()).to_vec();
    let (run, _) = import(room.path(), "visionreward-db-video", "v.jsonl", &lines.join("\n"), &["--mask-keeps", "1"]);
    insta::assert_snapshot!("import-visionreward-broken", shown(&run));
    assert_eq!(run.code, 3);
}

#[test]
fn visionreward_pairs_take_their_split_from_the_file() {
    let room = folder();
    let row = |answer: &str, a: &str, b: &str| json!({"internal_id": "1", "prompt": "p", "standard_answer": answer, "video1_path": a, "video2_path": b});
    let train = [row("video1", "a", "b"), row("tie", "a", "c")].map(|r| r.to_string()).join("\n");
    std::fs::write(room.path().join("regression.jsonl"), train).unwrap();
    std::fs::write(room.path().join("test.jsonl"), row("video2", "d", "e").to_string()).unwrap();
    let (run, _) = import_files(room.path(), "visionreward-pairs", &["regression.jsonl", "test.jsonl"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let pairs = table(room.path(), "pairs.csv");
    assert_eq!(pairs["label"], ["a", "tie", "b"]);
    assert_eq!(pairs["split"], ["train", "train", "test"]);
    let (run, _) =
        import(room.path(), "visionreward-pairs", "x.jsonl", &row("first", "a", "b").to_string(), &["--force"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!("import-visionreward-pairs-broken", shown(&run));
}

#[test]
fn videoalign_labels_and_rewards() {
    let room = folder();
    let text = "path_A,path_B,prompt,A_model,B_model,VQ,MQ,TA,fps_A,num_frames_A,fps_B,num_frames_B,reward_VQ_A,reward_VQ_B\n\
                a.mp4,b.mp4,a cat,m1,m2,A,same,,8,49,24,96,0.5,-0.25\n\
                c.mp4,b.mp4,a cat,m3,m2,B,A,B,8,49,24,96,0.1,-0.25\n";
    let (run, check) = import(room.path(), "videoalign", "vgrb.csv", text, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("1 labels are blank"), "{}", run.stdout);
    let pairs = table(room.path(), "pairs.csv");
    assert_eq!(pairs["dimension"], ["VQ", "MQ", "VQ", "MQ", "TA"]);
    assert_eq!(pairs["label"], ["a", "tie", "b", "a", "b"]);
    let items = table(room.path(), "items.csv");
    assert_eq!(items["item_id"], ["a.mp4", "b.mp4", "c.mp4"]);
    assert_eq!(items["fps"], ["8", "24", "8"]);
    assert_eq!(table(room.path(), "scores.csv")["reward_VQ"], ["0.5", "-0.25", "0.1"]);
    assert_eq!(check["card"]["dimensions"].as_array().unwrap().len(), 3);
    let bad = text.replace(",A,same,", ",C,same,").replace("0.1,-0.25", "0.1,7");
    let (run, _) = import(room.path(), "videoalign", "bad.csv", &bad, &["--force"]);
    insta::assert_snapshot!("import-videoalign-broken", shown(&run));
    assert_eq!(run.code, 3);
    assert_eq!(table(room.path(), "pairs.csv")["label"].len(), 5, "the old data set is still there");
}

#[test]
fn arena_votes_keep_both_bad_apart() {
    let room = folder();
    fixture(room.path(), "genai-bench.parquet");
    let (run, _) = import_files(room.path(), "genai-bench", &["genai-bench.parquet"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let pairs = table(room.path(), "pairs.csv");
    assert_eq!(pairs["label"], ["a", "b", "tie", "tie"]);
    assert_eq!(pairs["human_vote"], ["leftvote", "rightvote", "tievote", "bothbad_vote"]);
    let row =
        r#"{"prompt":"p","left_model":"a","right_model":"b","left_video":"x","right_video":"y","vote_type":"left"}"#;
    let (run, _) = import(room.path(), "genai-bench", "v.jsonl", row, &["--force"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!("import-genai-bench-broken", shown(&run));
}

#[test]
fn hpdv2_preferences_and_rankings() {
    let room = folder();
    let train =
        json!([{"prompt": "p", "file_path": ["1.jpg", "2.jpg"], "human_preference": [0, 1], "user_hash": "u1"}]);
    let test = json!([{"prompt": "q", "image_path": ["3.jpg", "4.jpg", "5.jpg"], "rank": [2, 0, 1],
        "raw_annotations": [{"rank": [2, 0, 1], "user_hash": "u2"}, {"rank": [1, 1, 0], "user_hash": "u3"}]}]);
    std::fs::write(room.path().join("train.json"), train.to_string()).unwrap();
    std::fs::write(room.path().join("test.json"), test.to_string()).unwrap();
    let (run, _) = import_files(room.path(), "hpdv2", &["train.json", "test.json"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let pairs = table(room.path(), "pairs.csv");
    // 3 against 4, 3 against 5, 4 against 5: the smaller rank wins.
    assert_eq!(pairs["label"], ["b", "b", "b", "a", "tie", "b", "b"]);
    assert_eq!(pairs["annotator"], ["u1", "u2", "u2", "u2", "u3", "u3", "u3"]);
    assert_eq!(pairs["split"], ["train", "test", "test", "test", "test", "test", "test"]);
    let bad = json!([{"prompt": "p", "file_path": ["1.jpg", "2.jpg"], "human_preference": [1, 1]},
                     {"prompt": "p", "image_path": ["1.jpg", "2.jpg"], "rank": [1]}]);
    let (run, _) = import(room.path(), "hpdv2", "bad.json", &bad.to_string(), &["--force"]);
    insta::assert_snapshot!("import-hpdv2-broken", shown(&run));
    assert_eq!(run.code, 3);
}

#[test]
fn pickapic_from_parquet() {
    let room = folder();
    fixture(room.path(), "pickapic.parquet");
    let (run, _) = import_files(room.path(), "pickapic", &["pickapic.parquet"], &["--split", "test"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let pairs = table(room.path(), "pairs.csv");
    assert_eq!(pairs["label"], ["a", "b", "tie"], "the unlabelled record is left out");
    assert_eq!(pairs["annotator"], ["0", "1", "2"]);
    let row = json!({"caption": "c", "image_0_uid": "u", "image_1_uid": "v", "label_0": 1, "label_1": 1,
                     "best_image_uid": "v"});
    let (run, _) = import(room.path(), "pickapic", "p.jsonl", &row.to_string(), &["--force"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!("import-pickapic-broken", shown(&run));
}

#[test]
fn dsg_answers_ratings_and_annotations() {
    let room = folder();
    let answers = "dsg_prompt_split,qg_model,t2i_model,item_id,question,question_id,dependency_id,answer\n\
                   tifa160,dsg,sd1dot5,tifa160_1,Is there a cat?,1,0,yes\n\
                   tifa160,dsg,sd1dot5,tifa160_1,Is the cat on it?,2,\"1,3\",no bananas\n";
    let likert = "dsg_prompt_split,t2i_model,item_id,source_id,worker_id,question,answer\n\
                  tifa160,sd1dot5,tifa160_1,coco_1,77,How consistent?,4\n\
                  tifa160,mini-dalle,tifa160_1,coco_1,77,How consistent?,2\n";
    let annotations = "item_id,text,keywords,proposition_id,dependency,category_broad,category_detailed,tuple,question_natural_language\n\
                       tifa160_1,A cat on a mat.,cat,1,0,entity,whole,entity - whole (cat),Is there a cat?\n";
    for (file, text) in [("mplug_dsg.csv", answers), ("likert.csv", likert), ("anns.csv", annotations)] {
        std::fs::write(room.path().join(file), text).unwrap();
    }
    let (run, check) = import_files(room.path(), "dsg", &["mplug_dsg.csv", "likert.csv", "anns.csv"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let written = table(room.path(), "answers.csv");
    assert_eq!(written["question_id"], ["dsg1", "dsg2"]);
    assert_eq!(written["judge"], ["mplug", "mplug"]);
    assert_eq!(written["category"], ["entity", ""]);
    assert_eq!(table(room.path(), "items.csv")["prompt"], ["A cat on a mat.", "A cat on a mat."]);
    assert_eq!(table(room.path(), "ratings.csv")["value"], ["4", "2"]);
    let found = check["problems"]["counts"]["warning"].to_string();
    assert!(found.contains("unknown-token"), "odd answers are counted when the data are read: {found}");
    std::fs::write(room.path().join("likert.csv"), likert.replace(",4\n", ",6\n")).unwrap();
    let (run, _) = import_files(room.path(), "dsg", &["likert.csv"], &["--force"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!("import-dsg-broken", shown(&run));
}

#[test]
fn rankings_become_pairs() {
    let room = folder();
    let text = "prompt_id,item_id,rank,annotator\np,x,1,u\np,y,2,u\np,z,2,u\np,w,,u\nq,v,1,u\n";
    let (run, _) = import(room.path(), "rankings", "r.csv", text, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let pairs = table(room.path(), "pairs.csv");
    assert_eq!(pairs["item_a"], ["x", "x", "y"]);
    assert_eq!(pairs["label"], ["a", "a", "tie"]);
    let (run, _) =
        import(room.path(), "rankings", "bad.csv", "prompt_id,item_id,rank\np,x,first\np,y,-1\n", &["--force"]);
    insta::assert_snapshot!("import-rankings-broken", shown(&run));
    assert_eq!(run.code, 3);
}

#[test]
fn judge_logs_become_probabilities() {
    let room = folder();
    let logprob = |token: &str, p: f64| json!({"token": token, "logprob": p.ln()});
    let choice = |top: Vec<Value>| json!([{"message": {"content": "Yes"}, "logprobs": {"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": top}]}}]);
    let rows = [
        json!({"item_id": "i", "question_id": "q1", "model": "vlm", "choices":
            choice(vec![logprob("Yes", 0.6), logprob(" yes", 0.1), logprob("No", 0.1), logprob("Maybe", 0.2)])}),
        json!({"custom_id": "i::q2", "error": null, "response": {"status_code": 200, "body": {"model": "vlm",
            "choices": choice(vec![logprob("no", 0.9)])}}}),
        json!({"custom_id": "i::q3", "response": null, "error": {"code": "x"}}),
        json!({"item_id": "i", "question_id": "q4", "choices": choice(vec![logprob("The", 0.9), logprob("Yes", 0.01)])}),
        json!({"item_id": "i", "question_id": "q5", "choices": [{"message": {"content": " no "}}]}),
    ];
    let text = rows.map(|r| r.to_string()).join("\n");
    let (run, _) = import(room.path(), "judge-log", "log.jsonl", &text, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let answers = table(room.path(), "answers.csv");
    assert_eq!(answers["answer"], ["0.875000", "0.000000", "", "", "no"]);
    assert_eq!(answers["coverage"], ["0.800000", "0.900000", "", "0.010000", ""]);
    for said in ["1 calls failed", "less than 0.5 of the probability", "no log-probabilities"] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    let (run, _) = import(room.path(), "judge-log", "bad.jsonl", r#"{"custom_id":"i-q","choices":[]}"#, &["--force"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!("import-judge-log-broken", shown(&run));
}

#[test]
fn files_that_are_not_what_they_say() {
    let room = folder();
    let (run, _) = import_files(room.path(), "hpdv2", &["nowhere.json"], &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("the file does not exist"), "{}", run.stderr);
    let (run, _) = import(room.path(), "pickapic", "x.parquet", "no parquet", &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("cannot be read as Parquet"), "{}", run.stderr);
    let (run, _) = import(room.path(), "hpdv2", "x.json", "{\"not\": \"a list\"}", &[]);
    assert_eq!(run.code, 3);
    let (run, _) = import(room.path(), "hpdv2", "x.txt", "", &[]);
    assert_eq!(run.code, 2);
    let (run, _) = import(room.path(), "rankings", "r.csv", "prompt,rank\np,1\n", &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("lacks prompt_id, item_id"), "{}", run.stderr);
    assert!(!room.path().join("data").exists());
}

#[test]
fn a_mask_that_masks_nothing_proves_nothing() {
    let room = folder();
    let rows: Vec<String> = [0, 1]
        .map(|bit| {
            let annotation = json!({"hands": -4, "body": 1});
            json!({"internal_id": format!("i{bit}"), "annotation": annotation, "meta_result": vec![1; 59],
                   "meta_mask": vec![1; 59]})
            .to_string()
        })
        .to_vec();
    let (run, _) = import(room.path(), "visionreward-db-image", "m.jsonl", &rows.join("\n"), &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("cannot be proven"), "{}", run.stderr);
}

#[test]
fn a_failed_call_is_the_same_judge_and_logits_are_no_probabilities() {
    let room = folder();
    let line = |question: &str, logprob: f64| {
        json!({"item_id": "i", "question_id": question, "model": "vlm", "choices": [{"logprobs": {"content":
            [{"token": "yes", "logprob": logprob}]}}]})
        .to_string()
    };
    let failed = json!({"item_id": "i", "question_id": "q2", "error": {"code": 500}}).to_string();
    let (run, check) = import(room.path(), "judge-log", "l.jsonl", &[line("q1", -0.1), failed].join("\n"), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(table(room.path(), "answers.csv")["judge"], ["vlm", "vlm"]);
    assert!(!check["problems"].to_string().contains("coverage"), "our own column is no surprise");
    let (run, _) = import(room.path(), "judge-log", "x.jsonl", &line("q1", 5.0), &["--force"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("not logits"), "{}", run.stderr);
}

#[test]
fn records_that_say_too_little_or_too_much() {
    let room = folder();
    // An empty list of annotations leaves the rank.
    let rank = json!([{"prompt": "q", "image_path": ["a", "b"], "rank": [0, 1], "raw_annotations": []}]);
    let (run, _) = import(room.path(), "hpdv2", "r.json", &rank.to_string(), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(table(room.path(), "pairs.csv")["label"], ["a"]);
    // Nobody compared the two losers.
    let three = json!([{"prompt": "p", "file_path": ["a", "b", "c"], "human_preference": [1, 0, 0]}]);
    let (run, _) = import(room.path(), "hpdv2", "t.json", &three.to_string(), &["--force"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("about two images"), "{}", run.stderr);
    let (run, _) = import(room.path(), "videoalign", "s.csv", "path_A,path_B,prompt,VQ\nx,x,p,A\n", &["--force"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("s.csv:2") && run.stderr.contains("same item"), "{}", run.stderr);
    // Seen only in the finished table: the place in the user's own file is said all the same.
    let twice = "path_A,path_B,prompt,VQ\nx,y,p,A\nx,z,p,A\nx,y,p,B\n";
    let (run, _) = import(room.path(), "videoalign", "d.csv", twice, &["--force"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("contradicts line 2") && run.stderr.contains("came from d.csv:4"), "{}", run.stderr);
    let text = "prompt_id,item_id,rank\np,x,1\np,y,2\nq,z,1\n";
    let (run, _) = import(room.path(), "rankings", "k.csv", text, &["--split", "test", "--force"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(table(room.path(), "pairs.csv")["split"], ["test"]);
    assert!(run.stdout.contains("single candidate"), "{}", run.stdout);
    let (run, _) = import(room.path(), "rankings", "k.csv", text, &["--mask-keeps", "1", "--force"]);
    assert_eq!(run.code, 2, "a flag that the layout has no use for");
}

#[test]
fn a_name_under_two_prompts_is_two_items_whatever_the_order() {
    let room = folder();
    let rows = ["a,b,p,A", "a,c,q,B"];
    let pairs = |order: [&str; 2]| {
        let text = format!("path_A,path_B,prompt,VQ\n{}\n", order.join("\n"));
        let (run, _) = import(room.path(), "videoalign", "t.csv", &text, &["--force"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let mut items = table(room.path(), "items.csv")["item_id"].clone();
        items.sort();
        items
    };
    let there = pairs(rows);
    assert_eq!(there, pairs([rows[1], rows[0]]));
    assert_eq!(there.iter().filter(|id| id.starts_with("a@")).count(), 2, "{there:?}");
}
