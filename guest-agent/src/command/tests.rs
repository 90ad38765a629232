mod trips;

use std::ffi::OsString;
use std::io;

use clap::{CommandFactory, Parser};
use kbs_protocol::{ErrorInformation, ErrorKind, KeyError, Refusal, Tee};

use super::args::{Cli, Command};
use super::exit::Exit;
use super::failure::{Failure, NoAttester};
use super::run::choose;
use crate::attester::{AttestError, Attesters};
use crate::broker::{Answered, BrokerError, HttpError, Step, UrlError};
use crate::output::OutputError;
use crate::testing::Toy;

fn parse(args: &[&str]) -> Result<Command, clap::error::ErrorKind> {
    let args = ["vouchsafe-agent"].iter().chain(args).map(OsString::from);
    Cli::try_parse_from(args).map(|cli| cli.command).map_err(|error| error.kind())
}

fn toys() -> Attesters {
    Ok(vec![Box::new(Toy)])
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn the_help_names_every_exit_code() {
    let help = Cli::command().render_long_help().to_string();
    for exit in [
        Exit::Done,
        Exit::Refused,
        Exit::Usage,
        Exit::NotFound,
        Exit::NoEvidence,
        Exit::Broker,
        Exit::Artefact,
    ] {
        assert!(help.contains(&format!("\n  {}  ", exit.code())), "{exit:?}");
    }
}

#[test]
fn reads_a_get() {
    let command =
        parse(&["get", "kbs:///default/key/k2", "--kbs-url", "https://kbs", "--tee", "snp", "--out", "key"]);
    let Ok(Command::Get(args)) = command else { panic!("{command:?}") };
    assert_eq!(args.uri.path().to_string(), "default/key/k2");
    assert_eq!((args.broker.kbs_url.as_str(), args.broker.tee.tee), ("https://kbs", Some(Tee::Snp)));
    assert_eq!((args.out.out, args.out.force), (Some("key".into()), false));
}

#[test]
fn rejects_arguments_that_make_no_sense() {
    use clap::error::ErrorKind::{MissingRequiredArgument, ValueValidation};
    let url = ["--kbs-url", "https://kbs"];
    assert_eq!(parse(&[&["get", "https://a/b/c"], url.as_slice()].concat()).err(), Some(ValueValidation));
    assert_eq!(parse(&[&["get", "kbs:///a/b"], url.as_slice()].concat()).err(), Some(ValueValidation));
    assert_eq!(
        parse(&[&["get", "kbs:///a/b/c", "--tee", "SNP"], url.as_slice()].concat()).err(),
        Some(ValueValidation)
    );
    assert_eq!(
        parse(&[&["get", "kbs:///a/b/c", "--force"], url.as_slice()].concat()).err(),
        Some(MissingRequiredArgument)
    );
    assert_eq!(parse(&["evidence", "--report-data", "00"]).err(), Some(ValueValidation));
    assert_eq!(parse(&["evidence", "--report-data", &"0".repeat(130)]).err(), Some(ValueValidation));
    assert_eq!(parse(&["decrypt-weights", "--in", "a", "--out", "b"]).err(), Some(MissingRequiredArgument));
}

#[test]
fn reads_a_run_and_lets_no_name_leave_its_folder() {
    let run =
        |rest: &[&str]| parse(&[&["run", "--kbs-url", "https://kbs"], rest, &["--", "true", "-x"]].concat());
    let good = [
        "--env",
        "A_1=kbs:///a/b/c",
        "--file",
        "model.key=kbs:///a/b/c",
        "--template",
        "c-d_1.toml=/etc/x=y",
    ];
    let Ok(Command::Run(args)) = run(&good) else { panic!("a run") };
    assert_eq!((args.command.len(), args.broker.wait, args.memory.to_str()), (2, 30, Some("/dev/shm")));
    assert_eq!((args.variables[0].name.as_str(), args.files[0].name.as_str()), ("A_1", "model.key"));
    assert_eq!(
        (args.templates[0].name.as_str(), args.templates[0].of.to_str()),
        ("c-d_1.toml", Some("/etc/x=y"))
    );
    for name in ["", ".", "..", ".hidden", "a/b", "../a", "/a", "a b", "a\0", "\u{e9}"] {
        for (option, of) in [("--file", "kbs:///a/b/c"), ("--template", "x")] {
            let refused = run(&[option, &format!("{name}={of}")]).err();
            assert_eq!(refused, Some(clap::error::ErrorKind::ValueValidation), "{option} {name:?}");
        }
    }
    for value in ["=kbs:///a/b/c", "1A=kbs:///a/b/c", "A-B=kbs:///a/b/c", "A B=kbs:///a/b/c", "A", "A=a/b/c"]
    {
        let refused = run(&["--env", value]).err();
        assert_eq!(refused, Some(clap::error::ErrorKind::ValueValidation), "{value}");
    }
    use clap::error::ErrorKind::MissingRequiredArgument;
    assert_eq!(parse(&["run", "--kbs-url", "https://kbs"]).err(), Some(MissingRequiredArgument));
}

#[test]
fn takes_the_first_attester_and_the_one_that_was_asked_for() {
    assert_eq!(choose(None, toys).map(|attester| attester.tee()).ok(), Some(Tee::Sample));
    assert_eq!(choose(Some(Tee::Sample), toys).map(|attester| attester.tee()).ok(), Some(Tee::Sample));
}

#[test]
fn names_the_attesters_that_are_there() {
    let told = |wanted, there: fn() -> Attesters| match choose(wanted, there) {
        Err(failure @ Failure::NoAttester(_)) => (failure.report(), failure.exit()),
        Err(other) => panic!("{other}"),
        Ok(attester) => panic!("{}", attester.tee()),
    };
    assert_eq!(
        told(Some(Tee::Snp), toys),
        ("error: no attester for snp: this machine has sample".to_owned(), Exit::NoEvidence)
    );
    assert_eq!(
        told(Some(Tee::Snp), || Ok(Vec::new())),
        ("error: no attester for snp: this machine has none at all".to_owned(), Exit::NoEvidence)
    );
    assert_eq!(
        told(None, || Ok(Vec::new())),
        (
            "error: this machine has no hardware that can attest: neither configfs-tsm (/sys/kernel/config/tsm/report) \
             nor /dev/sev-guest is there"
                .to_owned(),
            Exit::NoEvidence
        )
    );
}

fn answered(step: Step, status: u16) -> Answered {
    Answered {
        step,
        status,
        retry_after: None,
        kind: Some(ErrorKind::PolicyDeny),
        error_type: ErrorInformation::new(ErrorKind::PolicyDeny, "").error_type,
        refusal: Refusal::default(),
    }
}

#[test]
fn every_failure_has_its_exit_code() {
    let json = ErrorInformation::parse(b"").unwrap_err();
    let io = || io::Error::from(io::ErrorKind::PermissionDenied);
    let cases: Vec<(Failure, Exit)> = vec![
        (BrokerError::Refused(answered(Step::Attest, 401)).into(), Exit::Refused),
        (BrokerError::Refused(answered(Step::Resource, 403)).into(), Exit::Refused),
        (BrokerError::NotFound(answered(Step::Resource, 404)).into(), Exit::NotFound),
        (BrokerError::Failed(answered(Step::Auth, 503)).into(), Exit::Broker),
        (BrokerError::Url(UrlError::PlainHttp).into(), Exit::Usage),
        (BrokerError::CaCertificate { path: "ca".into(), source: io() }.into(), Exit::Usage),
        (BrokerError::NoSystemCertificates.into(), Exit::Usage),
        (
            BrokerError::Network { step: Step::Auth, source: HttpError::TooLarge { limit: 1 } }.into(),
            Exit::Broker,
        ),
        (BrokerError::Form { step: Step::Auth, source: json }.into(), Exit::Broker),
        (BrokerError::Cookie.into(), Exit::Broker),
        (BrokerError::Token.into(), Exit::Broker),
        (BrokerError::Hash(kbs_protocol::SelectionError::Unknown).into(), Exit::Broker),
        (BrokerError::Binding(kbs_protocol::binding::BindingError::NotAnObject).into(), Exit::Broker),
        (BrokerError::TooLarge { limit: 1, actual: 2 }.into(), Exit::NoEvidence),
        (BrokerError::Attest(AttestError::ReportData).into(), Exit::NoEvidence),
        (
            BrokerError::Sealed(kbs_protocol::jwe::OpenError::EphemeralKey(KeyError::NotOnCurve)).into(),
            Exit::Broker,
        ),
        (AttestError::ReportData.into(), Exit::NoEvidence),
        (Failure::NoAttester(NoAttester { wanted: None, present: Vec::new() }), Exit::NoEvidence),
        (kbs_protocol::evidence::EvidenceError::Base64 { member: "quote" }.into(), Exit::NoEvidence),
        (Failure::NoRawForm(Tee::Sample), Exit::Usage),
        (Failure::Input { path: "in".into(), source: io() }, Exit::Usage),
        (OutputError::Exists { path: "out".into() }.into(), Exit::Usage),
        (weights::WrongKeyLength { actual: 31 }.into(), Exit::Artefact),
        (weights::HeaderError::Truncated { wanted: 82, actual: 0 }.into(), Exit::Artefact),
        (weights::OpenError::HeaderNotAuthentic.into(), Exit::Artefact),
    ];
    for (failure, exit) in cases {
        assert_eq!(failure.exit(), exit, "{failure:?}");
    }
}

#[test]
fn a_report_names_the_causes_once() {
    let source = io::Error::from(io::ErrorKind::PermissionDenied);
    assert_eq!(
        Failure::Input { path: "weights.bin".into(), source }.report(),
        "error: cannot read weights.bin: permission denied"
    );
    assert_eq!(
        Failure::from(BrokerError::Url(UrlError::Scheme)).report(),
        "error: the broker's URL is not acceptable: the scheme is neither https nor http"
    );
    assert_eq!(
        Failure::from(OutputError::Exists { path: "key".into() }).report(),
        "error: key exists; --force replaces it"
    );
}
