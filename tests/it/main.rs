//! The only integration test binary; what belongs where:

mod architecture; // the stage order, the rooms of big dependencies, file sizes
mod audit_edges; // what an audit says where there is next to nothing to compare
mod audit_files; // what the audit prints and writes; the demo's findings, all explained
mod audit_real; // what the audit must find in the real sets
mod bad_input; // one broken data set per rule: the exact message, exit code 3, nothing written
mod cli; // help, exit codes, what is written, thread count
mod examples; // the programs under examples/ run and find what is in the demo data
mod formats; // the same tables as CSV, JSONL and Parquet; the real sets with their wrinkles
mod import; // every layout that is imported: made into a data set, and broken
mod made_report; // a small report made by hand, for the next four
mod methods; // every method and tie model on a data set; rules for single weights
mod pull; // downloads against a server on the loopback interface
mod real_data; // scorers and heads on the real sets, against an outside reference
mod report; // pages and charts: snapshots, what is read back and compared
mod report_commands; // report and plot as a user calls them
mod report_hostile; // what strangers write stays text in every file of a report
mod scoring; // scores of folders and streams, comparisons, explanations
mod select; // pairs for training, and the trainers' files
mod selftest; // planted biases and clean sets: the self-test itself
mod shell; // completions, man page, defaults file, quiet and verbose
mod suite; // several data sets in one table; published numbers; a new head against an old one
mod support; // running the program, finding the real data
mod synth; // the demo data set: what is committed is what its seed gives, and a fit finds the plant
mod verify; // a report proves itself; tampering is found
mod visionreward; // VisionReward's weight files against an outside computation of its rules
