//! `--protocol`.

use clap::Args;

use crate::evaluate::Protocol;

/// Which accuracy rules.
#[derive(Debug, Args)]
pub struct ProtocolArgs {
    /// Accuracy rule, or `all`; may be repeated (default: tau, tau-held-out, diff, diff-half)
    #[arg(long, value_name = "ID")]
    protocol: Vec<WhichProtocol>,
}

impl ProtocolArgs {
    /// The protocols, each once, in the order given.
    pub fn chosen(&self) -> Vec<Protocol> {
        let mut chosen: Vec<Protocol> = Vec::new();
        let asked = self.protocol.iter().flat_map(|which| match which {
            WhichProtocol::All => Protocol::ALL.to_vec(),
            WhichProtocol::One(protocol) => vec![*protocol],
        });
        for protocol in asked {
            if !chosen.contains(&protocol) {
                chosen.push(protocol);
            }
        }
        if chosen.is_empty() { Protocol::DEFAULT.to_vec() } else { chosen }
    }

    /// What differs from the defaults, as flags.
    pub fn flags(&self) -> String {
        if self.protocol.is_empty() {
            return String::new();
        }
        self.chosen().iter().map(|p| format!(" --protocol {}", p.id())).collect()
    }
}

/// A protocol, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichProtocol {
    /// All of them.
    All,
    /// This one.
    One(Protocol),
}

impl clap::ValueEnum for WhichProtocol {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [WhichProtocol; Protocol::ALL.len() + 1] = {
            let mut all = [WhichProtocol::All; Protocol::ALL.len() + 1];
            let mut i = 0;
            while i < Protocol::ALL.len() {
                all[i] = WhichProtocol::One(Protocol::ALL[i]);
                i += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::All => Some(clap::builder::PossibleValue::new("all")),
            Self::One(protocol) => Some(clap::builder::PossibleValue::new(protocol.id())),
        }
    }
}
