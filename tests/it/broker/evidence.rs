//! `/attest`: each row changes one thing of an answer that is otherwise good.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kbs_protocol::{InitData, RawJson, Tee};
use sim::intel::QuoteForm;
use sim::intel::event_log::EventLogFields;
use sim::platform::{Machine, Platform};
use system_tests::broker::{Draft, Session, Signed, attest, tee_key};

use super::bench::{Bench, Expected, Nonce, new_key};

/// One thing that is wrong.
struct Row {
    name: &'static str,
    tee: Tee,
    change: fn(&Bench, &mut Draft),
    expected: Expected<'static>,
    nonce: Nonce,
}

const fn row(
    name: &'static str,
    tee: Tee,
    change: fn(&Bench, &mut Draft),
    expected: Expected<'static>,
    nonce: Nonce,
) -> Row {
    Row { name, tee, change, expected, nonce }
}

const REFUSED: &str = "AttestationError";

/// Evidence whose signature chains to an anchor is decided on: the nonce is spent, the decision recorded and named.
/// Everything refused before that leaves the nonce as it was.
const ROWS: &[Row] = &[
    row(
        "a nonce of nobody's",
        Tee::Snp,
        |_, draft| draft.sent.nonce = NONCE.to_owned(),
        OTHER_NONCE,
        Nonce::Unspent,
    ),
    row("the nonce of another session", Tee::Snp, other_sessions_nonce, OTHER_NONCE, Nonce::Unspent),
    row("no nonce", Tee::Snp, |_, draft| draft.sent.nonce.clear(), OTHER_NONCE, Nonce::Unspent),
    row(
        "SNP report data for another nonce",
        Tee::Snp,
        signed_for_another_nonce,
        SNP_REPORT_DATA,
        Nonce::Spent,
    ),
    row("SNP report data for another key", Tee::Snp, signed_for_another_key, SNP_REPORT_DATA, Nonce::Spent),
    row("TDX report data for another key", Tee::Tdx, signed_for_another_key, TDX_REPORT_DATA, Nonce::Spent),
    row("device evidence that was not signed", Tee::Snp, unsigned_devices, DEVICES, Nonce::Unspent),
    row("device evidence", Tee::Snp, |_, draft| draft.sent.devices = GPU.to_owned(), DEVICES, Nonce::Unspent),
    row(
        "init-data of another guest on SNP",
        Tee::Snp,
        init_data,
        (401, REFUSED, &["snp.binding.host-data", "decision: "]),
        Nonce::Spent,
    ),
    row(
        "init-data of another guest on TDX",
        Tee::Tdx,
        init_data,
        (401, REFUSED, &["tdx.binding.host-data", "decision: "]),
        Nonce::Spent,
    ),
    row(
        "a quote where a report was announced",
        Tee::Snp,
        other_machine,
        (401, REFUSED, &["[checks: "]),
        Nonce::Unspent,
    ),
    row(
        "a report where a quote was announced",
        Tee::Tdx,
        other_machine,
        (401, REFUSED, &["[checks: "]),
        Nonce::Unspent,
    ),
    row(
        "one bit of a report changed",
        Tee::Snp,
        |_, draft| draft.evidence = other_guest_svn,
        (401, REFUSED, &["snp.report.signature"]),
        Nonce::Unspent,
    ),
    row(
        "a quote under a root that is not pinned",
        Tee::Tdx,
        strangers_machine,
        (401, REFUSED, &["[checks: tdx.pck.anchor"]),
        Nonce::Unspent,
    ),
    row(
        "the event log of another boot",
        Tee::Tdx,
        another_boot,
        (401, REFUSED, &["[checks: tdx.event-log.rtmr3]", "[decision: "]),
        Nonce::Spent,
    ),
    row(
        "a malformed event log",
        Tee::Tdx,
        |_, draft| draft.evidence = |evidence| with_log(evidence, b"not a log"),
        (401, REFUSED, &["[checks: event-log-malformed]"]),
        Nonce::Unspent,
    ),
    row(
        "a P-521 key of another length",
        Tee::Snp,
        |_, draft| other_key(draft, P521),
        (400, REFUSED, &["66 bytes"]),
        Nonce::Unspent,
    ),
    row("an RSA key", Tee::Snp, |_, draft| other_key(draft, RSA), (400, REFUSED, &["RSA"]), Nonce::Unspent),
    row(
        "a point beside the curve",
        Tee::Snp,
        |_, draft| other_key(draft, OFF_CURVE),
        (400, REFUSED, &["not on the curve"]),
        Nonce::Unspent,
    ),
    row(
        "no cookie",
        Tee::Snp,
        |_, draft| draft.cookie = None,
        (401, REFUSED, &["no cookie kbs-session-id"]),
        Nonce::Unspent,
    ),
    row(
        "a cookie of another maker",
        Tee::Snp,
        |_, draft| draft.cookie = Some(TRUSTEES.to_owned()),
        NOT_OURS,
        Nonce::Unspent,
    ),
    row("a changed cookie", Tee::Snp, changed_cookie, NOT_OURS, Nonce::Unspent),
    row(
        "a truncated body",
        Tee::Snp,
        |_, draft| draft.body = truncated,
        (400, "SerdeError", &["ends too early"]),
        Nonce::Unspent,
    ),
    row(
        "a body with something after it",
        Tee::Snp,
        |_, draft| draft.body = trailing,
        (400, "SerdeError", &["not JSON"]),
        Nonce::Unspent,
    ),
    row(
        "a nonce that is a number",
        Tee::Snp,
        |_, draft| draft.body = nonce_as_number,
        (400, "SerdeError", &["wrong type"]),
        Nonce::Unspent,
    ),
    row(
        "a member twice",
        Tee::Snp,
        |_, draft| draft.body = member_twice,
        (400, "SerdeError", &["stands twice"]),
        Nonce::Unspent,
    ),
    row(
        "a body above the limit",
        Tee::Snp,
        |_, draft| draft.body = oversized,
        (413, "SerdeError", &["2097152"]),
        Nonce::Unspent,
    ),
];

const OTHER_NONCE: Expected<'static> =
    (401, REFUSED, &["the nonce is not the one of this session's challenge"]);
const SNP_REPORT_DATA: Expected<'static> =
    (401, REFUSED, &["[checks: snp.binding.report-data]", "[decision: "]);
const TDX_REPORT_DATA: Expected<'static> =
    (401, REFUSED, &["[checks: tdx.binding.report-data]", "[decision: "]);
const DEVICES: Expected<'static> = (401, REFUSED, &["[checks: devices.supported]"]);
const NOT_OURS: Expected<'static> = (401, REFUSED, &["not of this broker's making"]);

#[test]
fn everything_that_is_wrong_with_an_answer_is_refused_by_name_and_costs_nobody_else_anything() {
    let bench = Bench::new();
    for Row { name, tee, change, expected, nonce } in ROWS {
        let machine = machine(&bench, *tee);
        let session = bench.auth(*tee);
        let mut draft = Draft::honest(&session, machine, &new_key());
        change(&bench, &mut draft);
        let body = draft.finish();
        let send = || attest(bench.broker.address, draft.cookie.as_deref(), &body);
        let answer = send();
        bench.refused(name, &answer, *expected);
        // Nothing in the refused session opens anything, the same body is refused in the same words.
        let (header, value) = session.header();
        let without_token = (401, "TokenNotFound", &[][..]);
        bench.refused(name, &bench.fetch(super::bench::RESOURCE, (header, &value)), without_token);
        assert_eq!(send().refusal(), answer.refusal(), "{name}");
        assert_eq!(bench.nonce(&session, machine), *nonce, "{name}");
        bench.honest(machine);
    }
}

#[test]
fn a_spent_nonce_gives_its_recorded_answer_to_the_same_body_and_nothing_to_another() {
    let bench = Bench::new();
    for machine in bench.machines() {
        let session = bench.auth(system_tests::broker::tee_of(machine));
        let body = Draft::honest(&session, machine, &new_key()).finish();
        let first = bench.repeat(&session, &body);
        let again = bench.repeat(&session, &body);
        assert_eq!((first.status, &first.body), (200, &again.body));
        let other = Draft::honest(&session, machine, &new_key()).finish();
        bench.refused("another body", &bench.repeat(&session, &other), (401, REFUSED, &["spent"]));
        // One blank more is another body.
        let longer = [body.as_slice(), b" "].concat();
        bench.refused("a longer body", &bench.repeat(&session, &longer), (401, REFUSED, &["spent"]));
        assert_eq!(bench.repeat(&session, &body).body, first.body);
    }
}

#[test]
fn a_body_of_exactly_the_limit_is_read() {
    let bench = Bench::new();
    let session = bench.auth(Tee::Snp);
    let mut draft = Draft::honest(&session, &bench.site.amd.machine, &new_key());
    draft.body = |body| padded(body, BODY_LIMIT);
    assert_eq!(draft.send(bench.broker.address).status, 200);
}

#[test]
fn the_event_log_of_a_guest_speaks_in_its_token() {
    let bench = Bench::new();
    let session = bench.auth(Tee::Tdx);
    let mut draft = Draft::honest(&session, machine(&bench, Tee::Tdx), &new_key());
    draft.guest.rtmrs = EventLogFields::booted().rtmrs();
    draft.evidence = |evidence| with_log(evidence, &EventLogFields::booted().encode().unwrap());
    let token = super::bench::token_of(&draft.send(bench.broker.address));
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let log = &claims["submods"]["cpu0"]["ear.veraison.annotated-evidence"]["vouchsafe"]["tdx"]["event_log"];
    let told = (&log["secure_boot"], &log["kernel_command_line"], &log["aael"][0]["operation"]);
    let expected = (true.into(), vec!["/boot/vmlinuz root=/dev/vda1 ro"].into(), "load-policy".into());
    assert_eq!(told, (&expected.0, &expected.1, &expected.2), "{claims:#}");
}

#[test]
fn a_root_that_is_not_pinned_vouches_for_nothing() {
    let settings = system_tests::broker::Settings { unpinned: true, ..Default::default() };
    let bench = Bench::with(settings);
    for (machine, check) in
        bench.machines().into_iter().zip(["[checks: snp.chain.a", "[checks: tdx.pck.anchor"])
    {
        let session = bench.auth(system_tests::broker::tee_of(machine));
        let answer = Draft::honest(&session, machine, &new_key()).send(bench.broker.address);
        bench.refused("unpinned", &answer, (401, REFUSED, &[check]));
    }
}

#[test]
fn a_session_and_a_token_end_with_their_time() {
    // The clock counts whole seconds and the machine may be busy: an honest guest has three seconds at least.
    let tables = "[limits]\nsession_seconds = 5\ntoken_seconds = 4\n";
    let bench = Bench::with(system_tests::broker::Settings { tables, ..Default::default() });
    let machine = &bench.site.amd.machine;
    let (session, late) = (bench.auth(Tee::Snp), bench.auth(Tee::Snp));
    let answer = Draft::honest(&session, machine, &new_key()).send(bench.broker.address);
    let token = super::bench::bearer(&super::bench::token_of(&answer));
    std::thread::sleep(std::time::Duration::from_millis(6100));
    let answer = Draft::honest(&late, machine, &new_key()).send(bench.broker.address);
    bench.refused("late answer", &answer, (401, REFUSED, &["the session expired at "]));
    let resource = super::bench::RESOURCE;
    let (header, value) = session.header();
    bench.refused(
        "late cookie",
        &bench.fetch(resource, (header, &value)),
        (401, "TokenNotFound", &["expired"]),
    );
    let answer = bench.fetch(resource, ("authorization", &token));
    bench.refused("late token", &answer, (401, "TokenVerifierError", &["expired at "]));
    bench.honest(machine);
}

fn machine(bench: &Bench, tee: Tee) -> &Machine {
    let [amd, intel] = bench.machines();
    if tee == Tee::Snp { amd } else { intel }
}

fn other_sessions_nonce(bench: &Bench, draft: &mut Draft) {
    let Session { nonce, .. } = bench.auth(Tee::Snp);
    draft.sent.nonce = nonce;
}

fn signed_for_another_nonce(_: &Bench, draft: &mut Draft) {
    draft.signed = Some(Signed { nonce: NONCE.to_owned(), ..draft.sent.clone() });
}

fn signed_for_another_key(_: &Bench, draft: &mut Draft) {
    draft.signed = Some(Signed { tee_pubkey: tee_key(&new_key()), ..draft.sent.clone() });
}

fn unsigned_devices(_: &Bench, draft: &mut Draft) {
    draft.signed = Some(draft.sent.clone());
    draft.sent.devices = GPU.to_owned();
}

fn init_data(_: &Bench, draft: &mut Draft) {
    let body = "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n".to_owned();
    draft.init_data = Some(InitData { format: "toml".to_owned(), body });
}

fn other_machine(bench: &Bench, draft: &mut Draft) {
    let [amd, intel] = bench.machines();
    draft.machine = if matches!(draft.machine, Machine::Amd(_)) { intel.clone() } else { amd.clone() };
}

fn strangers_machine(_: &Bench, draft: &mut Draft) {
    let rng = &mut guest_agent::system_rng();
    draft.machine = Platform::intel(QuoteForm::TdxV4, rng, sim_agent::now()).unwrap().machine;
}

/// The guest booted as the log says, but for the agent's last entry.
fn another_boot(_: &Bench, draft: &mut Draft) {
    let mut booted = EventLogFields::booted();
    booted.events.pop();
    draft.guest.rtmrs = booted.rtmrs();
    draft.evidence = |evidence| with_log(evidence, &EventLogFields::booted().encode().unwrap());
}

/// The evidence of a TD with an event log.
fn with_log(evidence: &str, log: &[u8]) -> String {
    let mut tree: serde_json::Value = serde_json::from_str(evidence).unwrap();
    tree["cc_eventlog"] = STANDARD.encode(log).into();
    tree.to_string()
}

fn other_key(draft: &mut Draft, jwk: &str) {
    draft.sent.tee_pubkey = RawJson::parse(jwk).unwrap();
}

fn changed_cookie(_: &Bench, draft: &mut Draft) {
    let cookie = draft.cookie.as_mut().unwrap();
    // Within the tag, and not in the last character, whose low bits may mean nothing.
    let at = cookie.len() - 4;
    let flipped = if cookie.as_bytes()[at] == b'A' { "Q" } else { "A" };
    cookie.replace_range(at..=at, flipped);
}

/// The guest's own security version, which is nobody's reference value.
fn other_guest_svn(evidence: &str) -> String {
    let mut tree: serde_json::Value = serde_json::from_str(evidence).unwrap();
    let svn = tree.pointer_mut("/attestation_report/guest_svn").unwrap();
    *svn = (svn.as_u64().unwrap() ^ 1).into();
    tree.to_string()
}

fn truncated(body: &[u8]) -> Vec<u8> {
    body[..body.len() - 1].to_vec()
}

fn trailing(body: &[u8]) -> Vec<u8> {
    [body, b"}"].concat()
}

fn nonce_as_number(body: &[u8]) -> Vec<u8> {
    let mut tree: serde_json::Value = serde_json::from_slice(body).unwrap();
    tree["runtime-data"]["nonce"] = 7.into();
    tree.to_string().into_bytes()
}

fn member_twice(body: &[u8]) -> Vec<u8> {
    [b"{\"init-data\":null,", &body[1..]].concat()
}

fn oversized(body: &[u8]) -> Vec<u8> {
    padded(body, BODY_LIMIT + 1)
}

/// Blanks after the end mean nothing in JSON: the size alone is another.
fn padded(body: &[u8], size: usize) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(size, b' ');
    body
}

/// `limits.body_bytes`, where nothing is configured.
const BODY_LIMIT: usize = 2 << 20;
const NONCE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const GPU: &str = r#"{"nvidia":{"device_evidence_list":[]}}"#;
/// A session id of Trustee's.
const TRUSTEES: &str = "55acf39d83b54d46ad608d47a03428a9";
const P521: &str = r#"{"kty":"EC","crv":"P-521","alg":"ECDH-ES+A256KW","x":"AA","y":"AA"}"#;
const RSA: &str = r#"{"kty":"RSA","alg":"RSA-OAEP-256","n":"AQAB","e":"AQAB"}"#;
const OFF_CURVE: &str = r#"{"kty":"EC","crv":"P-256","alg":"ECDH-ES+A256KW","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#;
