use kbs_protocol::Refusal;
use policy::Denied;

use super::*;
use crate::jwt::JwtError;

fn meaning(problem: impl Into<Problem>) -> (u16, &'static str) {
    let meaning = problem.into().meaning();
    (meaning.status.as_u16(), meaning.kind.as_str())
}

#[test]
fn attesting_again_helps_where_the_answer_is_401() {
    assert_eq!(meaning(SessionError::NoCookie), (401, "AttestationError"));
    assert_eq!(meaning(AttestError::AnotherBody), (401, "AttestationError"));
    assert_eq!(meaning(AttestError::Refused(Refusal::default())), (401, "AttestationError"));
    assert_eq!(meaning(ReleaseError::Token(TokenError::NotFound)), (401, "TokenNotFound"));
    assert_eq!(meaning(ReleaseError::Session(SessionError::NotOurs)), (401, "TokenNotFound"));
    assert_eq!(meaning(ReleaseError::Token(JwtError::Signature.into())), (401, "TokenVerifierError"));
    assert_eq!(meaning(AdminError::NoToken), (401, "AdminAuthAccess"));
}

#[test]
fn it_helps_nothing_elsewhere() {
    let denied = ReleaseError::Denied { refusal: Refusal::default(), cause: Denied::NotAllowed.into() };
    assert_eq!(meaning(denied), (403, "PolicyDeny"));
    let path = kbs_protocol::ResourcePath::parse("a/b/c").unwrap();
    assert_eq!(meaning(ReleaseError::NotFound(path)), (404, "PluginInternalError"));
    assert_eq!(meaning(Problem::Path), (404, "InvalidRequestPath"));
    assert_eq!(meaning(Problem::Plugin), (404, "PluginNotFound"));
    assert_eq!(meaning(Problem::Method), (405, "InvalidRequestPath"));
    assert_eq!(meaning(Problem::TooLarge { limit: 1 }), (413, "SerdeError"));
    assert_eq!(meaning(Problem::Version { actual: "1".to_owned() }), (400, "AttestationError"));
    let missing = AttestError::EndorsementMissing { message: "the VCEK".to_owned() };
    assert_eq!(meaning(missing), (503, "endorsement-missing"));
}

#[test]
fn what_fails_inside_the_broker_stays_in_its_log() {
    let inside = Problem::Store(StoreError::Sealed { what: "models/key/llama".to_owned() });
    assert_eq!(inside.meaning().detail(&inside), "the broker cannot do this now");
    let missing = Problem::Attest(AttestError::EndorsementMissing { message: "the VCEK".to_owned() });
    assert_eq!(missing.meaning().detail(&missing), "the VCEK");
}

#[test]
fn a_miss_is_what_a_challenge_cannot_be_answered_with_and_no_fault_of_the_brokers() {
    let missing = || AttestError::EndorsementMissing { message: "no VCEK".to_owned() };
    let unavailable = || StoreError::Unavailable { reason: "gone".to_owned() };
    for (problem, miss) in [
        (Problem::Attest(missing()), true),
        (Problem::Attest(AttestError::AnotherBody), true),
        (Problem::Attest(AttestError::Refused(Refusal::default())), true),
        (Problem::Attest(SessionError::OtherNonce.into()), true),
        (Problem::Broken, true),
        (Problem::Attest(AttestError::Store(unavailable())), false),
        (Problem::Store(unavailable()), false),
        (Problem::Busy(Busy::QueueFull), false),
        (Problem::TooMany(TooMany { whose: "in all", seconds: 1 }), false),
        (Problem::Stopped, false),
    ] {
        assert_eq!(problem.is_a_miss(), miss, "{problem}");
    }
}
