//! The self-test: planted biases are found with their size, and nothing in clean data.

use headfit::selftest::{SelftestOptions, selftest};

use crate::support::{folder, headfit};

/// One seed of the documented test (`headfit selftest --seeds 20`), which is run by hand.
#[test]
fn every_plant_is_raised_and_nothing_in_a_clean_set() {
    let found = selftest(SelftestOptions { seeds: 1, ..SelftestOptions::default() }).unwrap();
    assert_eq!(found.rows.len(), 9);
    for row in &found.rows {
        assert_eq!(row.raised, 1, "{row:?}");
    }
    // Of nine 95 % intervals three or more miss in fewer than one run in a hundred.
    assert!(found.rows.iter().map(|r| r.inside).sum::<usize>() >= 7, "{:#?}", found.rows);
    assert!(found.clean_alarms.is_empty(), "{:#?}", found.clean_alarms);
}

#[test]
fn a_selftest_of_no_seed_is_refused() {
    assert_eq!(selftest(SelftestOptions { seeds: 0, ..SelftestOptions::default() }).unwrap_err().exit_code(), 2);
    let here = folder();
    assert_eq!(headfit(here.path(), &["selftest", "--seeds", "0"]).code, 2);
}
