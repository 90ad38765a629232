use super::*;

fn status(code: u16) -> Failure {
    Failure::refused(StatusCode::from_u16(code).unwrap(), br#"{"type": "t", "detail": "because\n"}"#)
}

#[test]
fn the_exit_code_tells_a_no_from_a_not_there_and_from_a_try_again() {
    let rows: &[(u8, &[u16])] = &[
        (1, &[400, 401, 403, 405, 409, 413, 415, 422]),
        (3, &[404, 410]),
        (5, &[302, 408, 429, 500, 502, 503, 504]),
    ];
    for (exit, codes) in rows {
        for code in *codes {
            assert_eq!(status(*code).exit(), *exit, "{code}");
        }
    }
    let unreachable = Failure::without_answer(ureq::Error::HostNotFound, "https://kbs.example");
    assert_eq!((unreachable.exit(), Failure::answer("cut").exit()), (5, 5));
}

#[test]
fn the_words_are_the_brokers_and_cannot_steer_a_terminal() {
    let words = [403, 503, 500].map(|code| status(code).to_string());
    let expected = [
        "the broker refused: 403 Forbidden: because\u{fffd}",
        "the broker asks to try again later: 503 Service Unavailable: because\u{fffd}",
        "the broker failed: 500 Internal Server Error: because\u{fffd}",
    ];
    assert_eq!(words, expected.map(str::to_owned));
    let mute = Failure::refused(StatusCode::CONFLICT, b"<html>");
    assert_eq!(mute.to_string(), "the broker refused: 409 Conflict");
}
