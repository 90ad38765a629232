use super::TcbStatus::{self, *};

const ALL: [TcbStatus; 10] = [
    UpToDate,
    SWHardeningNeeded,
    ConfigurationNeeded,
    ConfigurationAndSWHardeningNeeded,
    OutOfDate,
    OutOfDateConfigurationNeeded,
    TDRelaunchAdvised,
    TDRelaunchAdvisedConfigurationNeeded,
    Revoked,
    NoMatch,
];

#[test]
fn a_part_that_is_up_to_date_changes_nothing() {
    assert_eq!(ALL.map(|whole| whole.converge(UpToDate)), ALL);
}

#[test]
fn a_part_out_of_date_makes_the_whole_so_and_keeps_its_configuration_word() {
    assert_eq!(
        ALL.map(|whole| whole.converge(OutOfDate)),
        [
            OutOfDate,
            OutOfDate,
            OutOfDateConfigurationNeeded,
            OutOfDateConfigurationNeeded,
            OutOfDate,
            OutOfDateConfigurationNeeded,
            TDRelaunchAdvised,
            TDRelaunchAdvisedConfigurationNeeded,
            Revoked,
            NoMatch,
        ]
    );
}

#[test]
fn a_revoked_part_revokes_all_that_matches() {
    let mut expected = [Revoked; 10];
    expected[9] = NoMatch;
    assert_eq!(ALL.map(|whole| whole.converge(Revoked)), expected);
}

#[test]
fn an_unknown_part_leaves_no_match() {
    assert_eq!(ALL.map(|whole| whole.converge(NoMatch)), [NoMatch; 10]);
}

#[test]
fn a_relaunch_is_advised_where_the_platform_has_moved_on() {
    let relaunch = |launch: TcbStatus| {
        [UpToDate, SWHardeningNeeded, ConfigurationNeeded, ConfigurationAndSWHardeningNeeded, OutOfDate]
            .map(|current| launch.relaunch(current))
    };
    let advised = TDRelaunchAdvised;
    let configure = TDRelaunchAdvisedConfigurationNeeded;
    assert_eq!(relaunch(OutOfDate), [advised, advised, configure, configure, OutOfDate]);
    assert_eq!(
        relaunch(OutOfDateConfigurationNeeded),
        [configure, configure, configure, configure, OutOfDateConfigurationNeeded]
    );
    assert_eq!(relaunch(UpToDate), [UpToDate; 5]);
    assert_eq!(relaunch(Revoked), [Revoked; 5]);
    assert_eq!(relaunch(NoMatch), [NoMatch; 5]);
}

#[test]
fn a_platform_that_is_revoked_or_unknown_by_now_is_not_excused_by_its_launch() {
    assert_eq!([UpToDate, OutOfDate].map(|launch| launch.relaunch(Revoked)), [Revoked; 2]);
    assert_eq!([UpToDate, OutOfDate].map(|launch| launch.relaunch(NoMatch)), [NoMatch; 2]);
}

#[test]
fn words_are_intels_in_json_too() {
    for status in ALL {
        assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
    }
}
