//! Downloads, against a small server on the loopback interface that speaks as much of the hub as is asked of it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use crate::support::{Run, folder};

/// What the server gives and remembers.
struct Hub {
    /// Name, content, and the hash that the server claims.
    files: Vec<(&'static str, Vec<u8>, String)>,
    /// First line and Range of every request, with the token.
    seen: Mutex<Vec<String>>,
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Serves until the process ends; gives the endpoint.
fn serve(hub: Arc<Hub>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(200) {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut first, mut range, mut token) = (String::new(), String::new(), String::new());
            reader.read_line(&mut first).unwrap();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                let (name, value) = line.trim().split_once(": ").unwrap_or((line.trim(), ""));
                match name.to_ascii_lowercase().as_str() {
                    "range" => range = value.to_owned(),
                    "authorization" => token = value.to_owned(),
                    _ => {}
                }
            }
            let path = first.split(' ').nth(1).unwrap().to_owned();
            hub.seen.lock().unwrap().push(format!("{path} {range} {token}"));
            stream.write_all(&answer(&hub, &path, &range)).unwrap();
        }
    });
    endpoint
}

fn answer(hub: &Hub, path: &str, range: &str) -> Vec<u8> {
    let reply = |status: &str, head: &str, body: &[u8]| {
        let mut bytes =
            format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{head}\r\n", body.len());
        bytes.push_str("");
        [bytes.into_bytes(), body.to_vec()].concat()
    };
    if path.starts_with("/api/datasets/") {
        let names: Vec<serde_json::Value> =
            hub.files.iter().map(|(name, ..)| serde_json::json!({"rfilename": name})).collect();
        let body = serde_json::json!({"siblings": names, "sha": "c0ffee"}).to_string();
        return reply("200 OK", "", body.as_bytes());
    }
    let Some((_, content, hash)) = hub.files.iter().find(|(name, ..)| path.ends_with(&format!("/main/{name}"))) else {
        return reply("404 Not Found", "", b"");
    };
    let (from, to) = range.trim_start_matches("bytes=").split_once('-').unwrap_or(("0", ""));
    let from: usize = from.parse().unwrap_or(0);
    let to = to.parse::<usize>().map_or(content.len(), |to| (to + 1).min(content.len()));
    let head = format!(
        "ETag: \"{hash}\"\r\nX-Repo-Commit: c0ffee\r\nContent-Range: bytes {from}-{}/{}\r\n",
        to.saturating_sub(1),
        content.len()
    );
    reply("206 Partial Content", &head, &content[from.min(to)..to])
}

fn pull(room: &Path, endpoint: &str, offline: bool, args: &[&str]) -> Run {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_headfit"))
        .arg("pull")
        .args(args)
        .current_dir(room)
        .env("HF_ENDPOINT", endpoint)
        .env("HF_HOME", room.join("hf"))
        .env("HF_TOKEN", "secret")
        .env("HF_HUB_OFFLINE", if offline { "1" } else { "0" })
        .env("NO_PROXY", "127.0.0.1")
        .env_remove("HF_HUB_CACHE")
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .env_remove("ALL_PROXY")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn hub(content: &[u8], hash: String) -> Arc<Hub> {
    let files = vec![("data/a.csv", content.to_vec(), hash), ("video.mp4", b"large".to_vec(), sha256(b"large"))];
    Arc::new(Hub { files, seen: Mutex::default() })
}

#[test]
fn files_are_brought_proven_and_found_again() {
    let room = folder();
    let content = b"path_A,path_B\n".repeat(50);
    let hub = hub(&content, sha256(&content));
    let endpoint = serve(hub.clone());
    let run = pull(room.path(), &endpoint, false, &["someone/videos", "--file", "**/*.csv", "-o", "raw"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout.trim(), "raw/data/a.csv");
    assert_eq!(std::fs::read(room.path().join("raw/data/a.csv")).unwrap(), content);
    assert!(!hub.seen.lock().unwrap().iter().any(|line| line.contains("video.mp4")), "only what was asked for");
    assert!(hub.seen.lock().unwrap().iter().all(|line| line.ends_with("Bearer secret")), "the token goes along");
    // The second time nothing but the listing and the head is asked for.
    let before = hub.seen.lock().unwrap().len();
    let run = pull(room.path(), &endpoint, false, &["someone/videos", "--file", "**/*.csv"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(hub.seen.lock().unwrap().len(), before + 2);
    // Offline the cache serves, and still proves what it gives.
    let run = pull(room.path(), "http://127.0.0.1:1", true, &["someone/videos", "--file", "**/*.csv"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("hash verified"), "{}", run.stderr);
    let cached = std::path::PathBuf::from(run.stdout.trim());
    std::fs::write(&cached, b"tampered").unwrap();
    let run = pull(room.path(), "http://127.0.0.1:1", true, &["someone/videos", "--file", "**/*.csv"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("not what its hash says"), "{}", run.stderr);
    std::fs::write(&cached, &content).unwrap();
    let both = ["someone/videos", "--file", "data/a.csv", "--file", "data/b.csv"];
    let run = pull(room.path(), "http://127.0.0.1:1", true, &both);
    assert_eq!(run.code, 1, "half of what was asked for is not enough");
    assert!(run.stderr.contains("data/b.csv"), "{}", run.stderr);
    let run = pull(room.path(), "http://127.0.0.1:1", true, &["someone/videos", "--revision", "../../.."]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    let run = pull(room.path(), "http://127.0.0.1:1", true, &["someone/else"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("HF_HUB_OFFLINE"), "{}", run.stderr);
}

#[test]
fn a_cut_download_goes_on_where_it_stopped() {
    let room = folder();
    let content: Vec<u8> = (0..5000u32).flat_map(u32::to_le_bytes).collect();
    let hub = hub(&content, sha256(&content));
    let endpoint = serve(hub.clone());
    let blobs = room.path().join("hf/hub/datasets--someone--videos/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(format!("{}.part", sha256(&content))), &content[..12_345]).unwrap();
    let run = pull(room.path(), &endpoint, false, &["someone/videos", "--file", "**/*.csv"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(std::fs::read(run.stdout.trim()).unwrap(), content);
    assert!(hub.seen.lock().unwrap().iter().any(|line| line.contains("bytes=12345-")), "{:?}", hub.seen);
}

#[test]
fn a_file_that_is_not_what_the_hub_says_is_refused() {
    let room = folder();
    let endpoint = serve(hub(b"tampered", sha256(b"original")));
    let run = pull(room.path(), &endpoint, false, &["someone/videos", "--file", "**/*.csv", "-o", "raw"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("size and hash"), "{}", run.stderr);
    assert!(!room.path().join("raw").exists());
}

#[test]
fn small_files_are_proven_by_gits_hash() {
    let room = folder();
    // git hash-object of the six bytes "hello\n".
    let endpoint = serve(hub(b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a".into()));
    let run = pull(room.path(), &endpoint, false, &["someone/videos", "--file", "**/*.csv"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn names_of_the_hub_do_not_lead_out_of_the_cache() {
    let room = folder();
    let files = vec![("../../../escape.csv", b"x".to_vec(), sha256(b"x"))];
    let endpoint = serve(Arc::new(Hub { files, seen: Mutex::default() }));
    let run = pull(room.path(), &endpoint, false, &["someone/videos"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("outside of its repository"), "{}", run.stderr);
    let run = pull(room.path(), &endpoint, false, &["nothing"]);
    assert_eq!(run.code, 2, "a name that is neither short nor owner/name");
}
