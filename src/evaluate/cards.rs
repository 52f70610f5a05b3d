//! What each protocol is called, how it is computed, where it comes from and what to mind (definitions §3.13).

use super::protocol::Protocol;

/// What is known of a protocol, for people.
pub(super) struct Card {
    pub(super) id: &'static str,
    pub(super) formula: &'static str,
    pub(super) source: &'static str,
    pub(super) pitfalls: &'static str,
}

impl Protocol {
    /// What is known of the protocol.
    pub(super) fn card(self) -> Card {
        match self {
            Protocol::Tau => Card {
                id: "tau",
                formula: "max over ε ∈ {0} ∪ {|m|} of (C + T_hm)/N; the smallest ε that reaches it",
                source: "VisionReward, arXiv 2412.21059, Table 4 (tau), after Deutsch et al., arXiv 2305.14324",
                pitfalls: "ε is tuned on the pairs it is scored on, so the number is optimistic: put tau-held-out \
                           beside it. Calling every pair a tie already reaches the share of human ties. Intervals find ε anew in \
                           every draw; paired tests take each scorer's ε as given and leave its uncertainty out.",
            },
            Protocol::TauHeldOut => Card {
                id: "tau-held-out",
                formula: "(C + T_hm)/N at an ε calibrated on the training pairs",
                source: "the remedy named in Deutsch et al., arXiv 2305.14324",
                pitfalls: "Needs training pairs: a stored head brings its own ε, other scorers then have none. \
                           Calling every pair a tie already reaches the share of human ties.",
            },
            Protocol::ThreeClass => Card {
                id: "three-class",
                formula: "(C + T_hm)/N at ε = 0",
                source: "plain accuracy over the classes a, tie, b",
                pitfalls: "A scorer with fine-grained scores never says tie, so it loses the whole share of human \
                           ties; coarse scores gain without knowing more.",
            },
            Protocol::Diff => Card {
                id: "diff",
                formula: "human ties dropped; C/(C + D + T_m) at ε = 0",
                source: "VisionReward, arXiv 2412.21059, Table 4 (diff); VideoGen-RewardBench without ties",
                pitfalls: "An equal score is wrong, so a coarse scorer may fall below one half. Says nothing of ties.",
            },
            Protocol::DiffHalf => Card {
                id: "diff-half",
                formula: "human ties dropped; (C + T_m/2)/(C + D + T_m) at ε = 0",
                source: "plain accuracy with half credit for an equal score, as a fair coin would earn; the convention of the \
                         area under the ROC curve",
                pitfalls: "Knows no ties: a scorer that cannot say tie loses nothing. One half is what a constant \
                           scorer reaches.",
            },
            Protocol::DiffDecided => Card {
                id: "diff-decided",
                formula: "human ties and equal scores dropped; C/(C + D) at ε = 0",
                source: "VisionReward, arXiv 2412.21059, Table 4: the rule for GPT-4o and Gemini, which answer \"tie\"",
                pitfalls: "Each scorer chooses its own, easier pairs: never compare two numbers without their n.",
            },
            Protocol::HalfTie => Card {
                id: "half-tie",
                formula: "(C + (T_h + T_hm)/2)/N at ε = 0",
                source: "half credit for every human tie, whatever the scorer says",
                pitfalls: "Pulled towards one half by the share of human ties; an equal score on a decided pair is \
                           wrong.",
            },
            Protocol::UnifiedReward => Card {
                id: "unified-reward",
                formula: "C/N at ε = 0",
                source: "GenAI-Bench script of UnifiedReward: human ties stay in the denominator and are never right",
                pitfalls: "Cannot exceed one minus the share of human ties, so numbers of different data sets do not \
                           compare.",
            },
            Protocol::VgrbWithTies => Card {
                id: "vgrb-with-ties",
                formula: "max over ε ∈ {|m|} of (C + T_hm)/N; ε = 0 only where an equal score occurs",
                source: "VideoGen-RewardBench, calc_accuracy.py of VideoAlign, with equal margins as one candidate",
                pitfalls: "\"No ties at all\" is never tried, so a scorer may get less than it deserves: four right \
                           signs give 0.75. The shipped code besides depends on the order of the rows. ε is tuned on \
                           the pairs it is scored on; paired tests take it as given.",
            },
            Protocol::TigerHalf => Card {
                id: "tiger-0.5",
                formula: "(C + T_h with |m| < 0.5)/N: a win label is right for the right sign at ε = 0, a tie label for \
                          |m| < 0.5",
                source: "VideoScore, arXiv 2406.15252; get_genaibench_pairwise_acc.py of TIGER-Lab's GenAI-Bench",
                pitfalls: "Only for scores on a scale from 1 to 4: declare [scores.NAME] scale = [1, 4]. The rule looks at \
                           the label first, so the same margin may be right as a win and as a tie, and a constant scorer \
                           gets the whole share of human ties.",
            },
            Protocol::TiesMatterRow => Card {
                id: "ties-matter-row",
                formula: "max over ε ∈ {0} ∪ {|m|} of the mean over prompts of (C + T_hm)/N of the prompt",
                source: "Deutsch et al., arXiv 2305.14324, grouped by item; tau_optimization.py of mt-metrics-eval",
                pitfalls: "Every prompt counts the same, however many pairs it has; n counts prompts. ε is tuned on the \
                           pairs it is scored on; paired tests take it as given.",
            },
            Protocol::Rb2Credit => Card {
                id: "rb2-credit",
                formula: "mean over prompts with one chosen item of 1/(items tied at the top score), 0 where another item is \
                          higher",
                source: "RewardBench 2, best of n",
                pitfalls: "Counts only prompts in which one item was preferred to every other one; n counts those. Chance is \
                           one over the number of items, not one half.",
            },
        }
    }
}
