//! What was acknowledged is there after the process was killed.

use kbs_protocol::Tee;
use rustix::process::{Pid, Signal, kill_process};
use system_tests::broker::{Draft, attest};

use super::bench::{Bench, RESOURCE, SECRET, bearer, new_key, opened, token_of};

#[test]
fn sessions_tokens_and_recorded_answers_survive_kill_9() {
    let mut bench = Bench::new();
    let (session, key) = (bench.auth(Tee::Snp), new_key());
    let unanswered = bench.auth(Tee::Snp);
    let machine = bench.site.amd.machine.clone();
    let body = Draft::honest(&session, &machine, &key).finish();
    let token = token_of(&attest(bench.broker.address, Some(&session.cookie), &body));

    bench.broker = bench.broker.kill_and_restart();
    let cookie = session.header();
    assert_eq!(opened(&bench.fetch(RESOURCE, (cookie.0, &cookie.1)), &key), SECRET);
    assert_eq!(opened(&bench.fetch(RESOURCE, ("authorization", &bearer(&token))), &key), SECRET);
    let repeated = attest(bench.broker.address, Some(&session.cookie), &body);
    assert_eq!(token_of(&repeated), token);
    // The challenge lies in the cookie: one that was given out before still takes its answer.
    let answer = Draft::honest(&unanswered, &machine, &key).send(bench.broker.address);
    assert_eq!(answer.status, 200);
}

#[test]
fn refusals_that_were_recorded_stay_refusals_after_kill_9() {
    let mut bench = Bench::new();
    let session = bench.auth(Tee::Snp);
    let mut draft = Draft::honest(&session, &bench.site.amd.machine, &new_key());
    let mut signed = draft.sent.clone();
    signed.tee_pubkey = system_tests::broker::tee_key(&new_key());
    draft.signed = Some(signed);
    let body = draft.finish();
    let refused = attest(bench.broker.address, Some(&session.cookie), &body).refusal();
    assert!(refused.2.contains("snp.binding.report-data"), "{}", refused.2);
    bench.broker = bench.broker.kill_and_restart();
    assert_eq!(bench.repeat(&session, &body).refusal(), refused);
}

#[test]
fn every_acknowledged_write_is_there_after_kill_9() {
    let mut bench = Bench::new();
    let operator = &bench.site.operator;
    let written: Vec<(String, Vec<u8>)> =
        (0..20_u8).map(|number| (format!("many/key/k{number}"), vec![number; 32])).collect();
    for (resource, secret) in &written {
        assert_eq!(operator.store(bench.broker.address, resource, secret).status, 200);
    }
    let authorization = bearer(&operator.token());
    let path = format!("/kbs/v0/resource/{RESOURCE}");
    let header = [("authorization", authorization.as_str())];
    let deleted = system_tests::broker::call(bench.broker.address, "DELETE", &path, &header, None);
    assert_eq!(deleted.status, 200);

    bench.broker = bench.broker.kill_and_restart();
    let (session, key) = (bench.auth(Tee::Snp), new_key());
    Draft::honest(&session, &bench.site.amd.machine, &key).send(bench.broker.address);
    let cookie = session.header();
    for (resource, secret) in written {
        assert_eq!(opened(&bench.fetch(&resource, (cookie.0, &cookie.1)), &key), secret);
    }
    assert_eq!(bench.fetch(RESOURCE, (cookie.0, &cookie.1)).status, 404);
}

#[test]
fn sigterm_ends_the_broker_with_success() {
    let bench = Bench::new();
    let process = Pid::from_raw(bench.broker.id().try_into().unwrap()).unwrap();
    kill_process(process, Signal::TERM).unwrap();
    assert_eq!(bench.broker.wait().code(), Some(0));
}
