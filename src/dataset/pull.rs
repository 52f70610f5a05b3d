//! Data sets of the Hugging Face Hub → files on disk, through the hub's own cache layout, with size and hash proven.
//!
//! `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean what they mean to the hub's own tools. A
//! download that was cut off goes on where it stopped.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use hf_hub::api::Progress;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::{Error, Result, output};

/// A data set that has a short name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Short name.
    pub name: &'static str,
    /// Owner and name on the hub.
    pub repository: &'static str,
    /// Files with labels and answers; images and videos are left where they are.
    pub files: &'static [&'static str],
    /// The kind of import that reads them.
    pub kind: &'static str,
}

/// Data sets that a reader of ours understands.
pub const KNOWN: [Known; 6] = [
    Known {
        name: "visionrewarddb-image",
        repository: "zai-org/VisionRewardDB-Image",
        files: &["**/*.parquet"],
        kind: "visionreward-db-image",
    },
    Known {
        name: "visionrewarddb-video",
        repository: "zai-org/VisionRewardDB-Video",
        files: &["**/*.parquet"],
        kind: "visionreward-db-video (train), visionreward-pairs (regression, test)",
    },
    Known {
        name: "videogen-rewardbench",
        repository: "KwaiVGI/VideoGen-RewardBench",
        files: &["**/*.csv"],
        kind: "videoalign",
    },
    Known { name: "genai-bench", repository: "TIGER-Lab/GenAI-Bench", files: &["**/*.parquet"], kind: "genai-bench" },
    Known { name: "hpdv2", repository: "ymhao/HPDv2", files: &["train.json", "test.json"], kind: "hpdv2" },
    Known {
        name: "pickapic",
        repository: "yuvalkirstain/pickapic_v2",
        files: &["data/validation_unique-*.parquet", "data/test_unique-*.parquet"],
        kind: "pickapic",
    },
];

/// What to download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Owner and name.
    pub repository: String,
    /// Branch, tag or commit.
    pub revision: String,
    /// Which files: patterns with `*`, `**` and `?`.
    pub patterns: Vec<String>,
}

/// One file that is here now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Name within the repository.
    pub name: String,
    /// Where it lies in the cache.
    pub path: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
    /// Whether its hash was compared with the hub's, or offline with the one that the cache remembers.
    pub verified: bool,
}

/// How far a download is: name of the file, bytes so far, bytes in all.
pub type OnProgress<'a> = &'a dyn Fn(&str, u64, u64);

impl Request {
    /// A request for a short name or an `owner/name`; `patterns` replaces what the short name would bring.
    ///
    /// # Errors
    /// [`Error::Usage`] where it is neither, or a pattern cannot be read.
    pub fn new(name: &str, revision: &str, patterns: Vec<String>) -> Result<Self> {
        let known = KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name));
        let plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let (repository, default) = match (known, name.split_once('/')) {
            (Some(known), _) => (known.repository, known.files.to_vec()),
            (None, Some((owner, set))) if plain(owner) && plain(set) => (name, vec!["**/*"]),
            _ => {
                let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
                return Err(Error::Usage(format!(
                    "{name} is no data set that has a short name ({}); give owner/name for another one",
                    names.join(", ")
                )));
            }
        };
        let patterns = if patterns.is_empty() { default.into_iter().map(str::to_owned).collect() } else { patterns };
        if !revision.split('/').all(plain) {
            return Err(Error::Usage(format!("--revision {revision}: give a branch, a tag or a commit")));
        }
        for pattern in &patterns {
            glob::Pattern::new(pattern).map_err(|e| Error::Usage(format!("--file {pattern}: {e}")))?;
        }
        Ok(Self { repository: repository.to_owned(), revision: revision.to_owned(), patterns })
    }

    fn wants(&self, name: &str) -> bool {
        self.patterns.iter().filter_map(|p| glob::Pattern::new(p).ok()).any(|p| p.matches(name))
    }

    fn repo(&self) -> Repo {
        Repo::with_revision(self.repository.clone(), RepoType::Dataset, self.revision.clone())
    }
}

/// Brings the files that `request` names, or finds them in the cache when offline.
///
/// # Errors
/// [`Error::Io`] where the hub cannot be reached, answers what it should not, or a file keeps failing its hash;
/// [`Error::Usage`] where no file matches.
pub fn pull(request: &Request, on_progress: OnProgress) -> Result<Vec<Pulled>> {
    let cache = cache()?;
    let pulled = if offline() { from_cache(&cache, request)? } else { download(cache, request, on_progress)? };
    if pulled.is_empty() {
        return Err(Error::Usage(format!(
            "no file of {} matches {}; choose files with --file",
            request.repository,
            request.patterns.join(", ")
        )));
    }
    Ok(pulled)
}

fn download(cache: Cache, request: &Request, on_progress: OnProgress) -> Result<Vec<Pulled>> {
    let failed = |e: ApiError| hub_error(&request.repository, &e);
    let token = std::env::var("HF_TOKEN").ok().filter(|t| !t.trim().is_empty()).or_else(|| cache.token());
    let builder = ApiBuilder::from_env().with_cache_dir(cache.path().clone()).with_progress(false);
    let api = builder.with_token(token).with_retries(2).build().map_err(failed)?;
    let repo = api.repo(request.repo());
    let mut names: Vec<String> = repo.info().map_err(failed)?.siblings.into_iter().map(|s| s.rfilename).collect();
    names.sort();
    let wanted = names.into_iter().filter(|name| request.wants(name));
    wanted.map(|name| bring(&api, &repo, &cache.repo(request.repo()), name, on_progress)).collect()
}

/// One file: from the cache if it is whole there, else from the hub.
fn bring(
    api: &Api,
    repo: &ApiRepo,
    cache: &hf_hub::CacheRepo,
    name: String,
    on_progress: OnProgress,
) -> Result<Pulled> {
    // The hub names the file; nothing that it says may lead out of the cache.
    if !Path::new(&name).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(refused(&name, "the hub names a file outside of its repository"));
    }
    let metadata = api.metadata(&repo.url(&name)).map_err(|e| hub_error(&name, &e))?;
    let (etag, size) = (metadata.etag().to_owned(), metadata.size() as u64);
    if !is_hash(&etag) {
        return Err(refused(&name, "the hub gives no hash to prove the file by"));
    }
    if !metadata.commit_hash().chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(refused(&name, "the hub gives no commit"));
    }
    let pulled = |path: PathBuf| Pulled { name: name.clone(), path, bytes: size, verified: true };
    if let Some(path) = cache.get(&name) {
        if proven(&path, &etag, size)? {
            return Ok(pulled(path));
        }
        discard(cache, &etag, &path)?;
    }
    let unfinished = cache.blob_path(&etag).with_extension("part");
    // A part that is as long as the file has nothing left to ask for.
    if std::fs::metadata(&unfinished).is_ok_and(|part| part.len() >= size) {
        std::fs::remove_file(&unfinished).map_err(Error::io(&unfinished))?;
    }
    // A part of an older or broken transfer shows only when all is there: then once more from the start.
    for _ in 0..2 {
        let report = Report { on_progress, name: name.clone(), size, done: 0 };
        let path = repo.download_with_progress(&name, report).map_err(|e| hub_error(&name, &e))?;
        if proven(&path, &etag, size)? {
            return Ok(pulled(path));
        }
        discard(cache, &etag, &path)?;
    }
    Err(refused(&name, "the file that arrives does not have the size and hash that the hub gives for it"))
}

/// A SHA-256, or a hash of git's.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// Removes a file that is not what it should be.
fn discard(cache: &hf_hub::CacheRepo, etag: &str, path: &Path) -> Result<()> {
    let blob = cache.blob_path(etag);
    for gone in [path, blob.as_path()] {
        if gone.symlink_metadata().is_ok() {
            std::fs::remove_file(gone).map_err(Error::io(gone))?;
        }
    }
    Ok(())
}

/// Whether a file has this size and hash: SHA-256 for large files, git's blob hash for the others.
fn proven(path: &Path, etag: &str, size: u64) -> Result<bool> {
    let found = std::fs::metadata(path).map_err(Error::io(path))?.len();
    if found != size {
        return Ok(false);
    }
    let hash = if etag.len() == 64 {
        hash_file::<Sha256>(path, Sha256::new())?
    } else {
        hash_file::<Sha1>(path, Sha1::new_with_prefix(format!("blob {size}\0")))?
    };
    Ok(hash.eq_ignore_ascii_case(etag))
}

fn hash_file<D: Digest>(path: &Path, mut digest: D) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => break,
            n => digest.update(&buffer[..n]),
        }
    }
    Ok(output::hex(&digest.finalize()))
}

/// The files of the cache's last known commit of the revision.
fn from_cache(cache: &Cache, request: &Request) -> Result<Vec<Pulled>> {
    let folder = cache.path().join(request.repo().folder_name());
    let reference = folder.join("refs").join(&request.revision);
    let commit = std::fs::read_to_string(&reference).unwrap_or_else(|_| request.revision.clone());
    if !commit.trim().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(refused(&reference.display().to_string(), "the cache names no commit"));
    }
    let snapshot = folder.join("snapshots").join(commit.trim());
    let mut names = Vec::new();
    if snapshot.is_dir() {
        list_files(&snapshot, "", &mut names)?;
    }
    names.sort();
    let wanted = names.into_iter().filter(|name| request.wants(name));
    let pulled: Vec<Pulled> = wanted
        .map(|name| {
            let path = snapshot.join(&name);
            let bytes = std::fs::metadata(&path).map_err(Error::io(&path))?.len();
            // The cache names a blob by the hash that the hub gave for it.
            let blob = std::fs::canonicalize(&path).map_err(Error::io(&path))?;
            let hash = blob.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let verified = is_hash(&hash);
            if verified && !proven(&path, &hash, bytes)? {
                return Err(refused(
                    &name,
                    "the file in the cache is not what its hash says; delete it and pull again",
                ));
            }
            Ok(Pulled { name, path, bytes, verified })
        })
        .collect::<Result<_>>()?;
    // A name without a pattern is one file, which was asked for.
    let here = |name: &str| pulled.iter().any(|file| file.name == name);
    let plain = request.patterns.iter().filter(|p| !p.contains(['*', '?', '[']));
    let absent: Vec<&str> = plain.map(String::as_str).filter(|name| !here(name)).collect();
    if !pulled.is_empty() && !absent.is_empty() {
        let text = format!("{} is not in the cache, and HF_HUB_OFFLINE forbids to ask the hub", absent.join(", "));
        return Err(refused(&request.repository, &text));
    }
    if pulled.is_empty() {
        let text = format!("{} is not in the cache, and HF_HUB_OFFLINE forbids to ask the hub", request.repository);
        return Err(Error::Io { path: folder, source: std::io::Error::other(text) });
    }
    Ok(pulled)
}

fn list_files(folder: &Path, prefix: &str, names: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list_files(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// The hub's cache, as the environment places it.
fn cache() -> Result<Cache> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match (set("HF_HUB_CACHE"), set("HF_HOME"), std::env::home_dir()) {
        (Some(path), ..) => Ok(Cache::new(path.into())),
        (None, Some(_), _) | (None, None, Some(_)) => Ok(Cache::from_env()),
        (None, None, None) => Err(Error::Usage("there is no home folder for the cache: set HF_HOME".into())),
    }
}

fn offline() -> bool {
    let value = std::env::var("HF_HUB_OFFLINE").unwrap_or_default();
    matches!(value.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")
}

fn refused(name: &str, text: &str) -> Error {
    Error::Io { path: PathBuf::from(name), source: std::io::Error::other(text.to_owned()) }
}

/// What the hub said, and what may help.
fn hub_error(subject: &str, error: &ApiError) -> Error {
    let text = error.to_string();
    let remedy = match () {
        () if text.contains("401") || text.contains("403") => {
            "; the data set may be gated: accept its terms on the hub and set HF_TOKEN"
        }
        () if text.contains("404") => "; check the name and the revision",
        () => "; check the network, HF_ENDPOINT and HTTPS_PROXY, or set HF_HUB_OFFLINE=1 to use the cache alone",
    };
    refused(subject, &format!("{text}{remedy}"))
}

/// Passes a download's progress on.
struct Report<'a> {
    on_progress: OnProgress<'a>,
    name: String,
    size: u64,
    done: u64,
}

impl Progress for Report<'_> {
    fn init(&mut self, size: usize, _: &str) {
        (self.size, self.done) = (size as u64, 0);
    }

    fn update(&mut self, size: usize) {
        self.done += size as u64;
        (self.on_progress)(&self.name, self.done, self.size);
    }

    fn finish(&mut self) {}
}
