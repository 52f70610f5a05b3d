//! What a shell needs: completions, manual pages, a file of defaults, quiet and verbose, no colour where none is wanted.

use std::fs;
use std::path::Path;

use crate::support::{Run, folder, headfit};

fn succeed(room: &Path, args: &[&str]) -> Run {
    let run = headfit(room, args);
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
    run
}

#[test]
fn completions_know_every_command_and_flag() {
    let room = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = succeed(room.path(), &["completions", shell]).stdout;
        for word in ["verify-export", "min-gap", "evaluate", "cross-validate"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let room = folder();
    let page = succeed(room.path(), &["man"]).stdout;
    assert!(page.contains(".TH headfit 1") && page.contains("Exit codes"), "{page}");
    succeed(room.path(), &["man", "-o", "man1"]);
    for name in ["headfit.1", "headfit-fit.1", "headfit-head-import.1", "headfit-select.1"] {
        assert!(room.path().join("man1").join(name).is_file(), "{name}");
    }
    assert_eq!(headfit(room.path(), &["man", "-o", "man1"]).code, 0, "its own folder may be replaced");
}

#[test]
fn a_file_gives_defaults_and_flags_win() {
    let room = folder();
    let room = room.path();
    succeed(room, &["synth", "-o", "sim", "--train-pairs", "120", "--test-pairs", "60"]);
    fs::write(
        room.join("headfit.toml"),
        "quiet = true\n[fit]\nbootstrap = 0\nlambda = 0.05\ndimension = [\"overall\", \"quality\"]\n",
    )
    .unwrap();
    let run = succeed(room, &["fit", "sim", "-o", "a.json"]);
    assert!(run.stderr.is_empty(), "quiet: {}", run.stderr);
    let heads =
        |name: &str| -> serde_json::Value { serde_json::from_slice(&fs::read(room.join(name)).unwrap()).unwrap() };
    let a = heads("a.json");
    assert_eq!(a["heads"].as_array().unwrap().len(), 2);
    assert_eq!(a["heads"][0]["lambda"], 0.05);
    succeed(room, &["fit", "sim", "-o", "b.json", "--lambda", "0.07", "--dimension", "quality"]);
    let b = heads("b.json");
    assert_eq!((b["heads"].as_array().unwrap().len(), &b["heads"][0]["lambda"]), (1, &serde_json::json!(0.07)));

    fs::write(room.join("other.toml"), "[fit]\nlamda = 0.05\nforce = true\n[fitt]\n").unwrap();
    let run = headfit(room, &["fit", "sim", "-o", "c.json", "--config", "other.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("unknown key `fit.lamda`"), "{}", run.stderr);
    assert!(run.stderr.contains("`fit.force` must be given as a flag"), "{}", run.stderr);
    assert!(run.stderr.contains("unknown key `fitt`"), "{}", run.stderr);
    fs::write(room.join("bad.toml"), "[fit]\nrule = \"best\"\n").unwrap();
    let run = headfit(room, &["fit", "sim", "-o", "c.json", "--config", "bad.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("best") && run.stderr.contains("defaults are from bad.toml"), "{}", run.stderr);
    assert_eq!(headfit(room, &["fit", "sim", "-o", "c.json", "--config", "nowhere.toml"]).code, 1);
}

#[test]
fn quiet_says_nothing_beside_the_result_and_verbose_says_more() {
    let room = folder();
    let room = room.path();
    succeed(room, &["synth", "-o", "sim", "--train-pairs", "120", "--test-pairs", "60", "-q"]);
    let check = |flag: &str| headfit(room, &["check", "sim", flag]);
    assert!(check("-q").stderr.is_empty());
    assert!(check("-v").stderr.contains("took "));
}

#[test]
fn there_is_no_colour_where_none_is_wanted() {
    let room = folder();
    for args in [&["--help"][..], &["fit"], &["nonsense"]] {
        let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_headfit"))
            .args(args)
            .env("NO_COLOR", "1")
            .env("CLICOLOR_FORCE", "1")
            .current_dir(room.path())
            .output()
            .unwrap();
        for bytes in [output.stdout, output.stderr] {
            assert!(!bytes.contains(&0x1b), "an escape sequence in {args:?}");
        }
    }
}
