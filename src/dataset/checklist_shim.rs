//! Stand-ins for the checklist's own constructors, so that this folder compiles alone. Delete this file, and its `mod`
//! line, once `crate::checklist` has `preset`, `from_toml` and `match_texts`.

use crate::checklist::Checklist;
use crate::problems::Problems;

impl Checklist {
    pub(crate) fn preset(_: &str) -> Option<Self> {
        None
    }

    pub(crate) fn from_toml(_: &str, _: &str) -> std::result::Result<Self, Problems> {
        Err(Problems::default())
    }

    pub(crate) fn match_texts(&mut self, _: &[&str], _: &str) -> Problems {
        Problems::default()
    }
}
