//! The one error type of the crate, and the exit code that belongs to each kind.

use std::path::{Path, PathBuf};

use crate::problems::Problems;

/// Result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong, by who can mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The environment failed: permission, disk, memory. Exit code 1.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder that could not be used.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The command was asked for something it cannot do. Exit code 2. The text names the flag and the remedy.
    #[error("{0}")]
    Usage(String),
    /// The data break rules; every problem is inside. Exit code 3.
    #[error("{0}")]
    Data(Box<Problems>),
    /// A fit stopped before its optimality certificate was reached. Exit code 4.
    #[error("{0}")]
    NotConverged(String),
    /// A check that the user asked for failed. Exit code 5.
    #[error("{0}")]
    CheckFailed(String),
    /// A fault of this program. Exit code 1.
    #[error("internal error, please report it: {0}")]
    Bug(String),
}

impl Error {
    /// Wraps an I/O failure with the path it happened on.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, source }
    }

    /// A single data problem as an error.
    pub fn data(problem: crate::problems::Problem) -> Self {
        let mut problems = Problems::default();
        problems.push(problem);
        Self::Data(Box::new(problems))
    }

    /// The process exit code of this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } | Self::Bug(_) => 1,
            Self::Usage(_) => 2,
            Self::Data(_) => 3,
            Self::NotConverged(_) => 4,
            Self::CheckFailed(_) => 5,
        }
    }
}
