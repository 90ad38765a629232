use super::*;

fn joined(url: &str) -> Result<String, UrlError> {
    BaseUrl::parse(url, false).map(|base| base.join("auth"))
}

#[test]
fn puts_the_prefix_behind_the_path() {
    assert_eq!(joined("https://kbs.example"), Ok("https://kbs.example/kbs/v0/auth".to_owned()));
    assert_eq!(joined("https://kbs.example:8080/"), Ok("https://kbs.example:8080/kbs/v0/auth".to_owned()));
    assert_eq!(joined("https://example/a/b/"), Ok("https://example/a/b/kbs/v0/auth".to_owned()));
}

#[test]
fn takes_plain_http_to_this_machine() {
    for host in ["127.0.0.1", "127.9.9.9:80", "[::1]:8080", "localhost:8080"] {
        assert_eq!(joined(&format!("http://{host}")), Ok(format!("http://{host}/kbs/v0/auth")));
    }
}

#[test]
fn refuses_plain_http_to_another_machine() {
    for host in ["10.0.0.1", "127.0.0.1.example", "localhost.example", "[::2]", "0.0.0.0"] {
        assert_eq!(joined(&format!("http://{host}")), Err(UrlError::PlainHttp), "{host}");
    }
}

#[test]
fn takes_plain_http_anywhere_when_the_check_is_waived() {
    let base = BaseUrl::parse("http://10.0.0.1", true).unwrap();
    assert_eq!((base.join("auth"), base.is_tls()), ("http://10.0.0.1/kbs/v0/auth".to_owned(), false));
}

#[test]
fn refuses_what_is_no_brokers_url() {
    assert_eq!(joined("kbs.example"), Err(UrlError::Malformed));
    assert_eq!(joined(""), Err(UrlError::Malformed));
    assert_eq!(joined("ftp://kbs.example"), Err(UrlError::Scheme));
    assert_eq!(joined("https://a:b@kbs.example"), Err(UrlError::Credentials));
    assert_eq!(joined("http://127.0.0.1@kbs.example"), Err(UrlError::Credentials));
    assert_eq!(joined("https://kbs.example/?a=b"), Err(UrlError::Query));
    assert_eq!(joined("https://kbs.example/#a"), Err(UrlError::Query));
}
