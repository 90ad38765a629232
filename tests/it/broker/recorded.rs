//! What CoCo's client said to Trustee, said to our broker: the same statuses, and answers of the same form.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kbs_protocol::{HashAlgorithm, RawJson, SESSION_COOKIE, TeeKeyPair, binding};
use serde_json::Value;
use system_tests::broker::{Answer, Connection, Settings, Site, tee_key};
use system_tests::fixtures;

use super::bench::{new_key, opened};

/// One message of the recording.
struct Message {
    head: Vec<String>,
    body: Vec<u8>,
}

impl Message {
    fn read(block: &[u8]) -> Self {
        let end = block.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of a head");
        let head = String::from_utf8(block[..end].to_vec()).unwrap();
        let head: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        Self { head, body: block[end + 4..end + 4 + length].to_vec() }
    }

    /// Status, names of the headers and body, if it is an answer.
    fn answer(&self) -> (u16, Vec<&str>, &[u8]) {
        let status = self.head[0].split(' ').nth(1).unwrap().parse().unwrap();
        let names = self.head[1..].iter().map(|line| line.split(':').next().unwrap());
        (status, names.collect(), &self.body)
    }
}

/// Pairs of a request and its answer, in their order.
fn recording() -> Vec<(Message, Message)> {
    let text = fixtures::read(&fixtures::registry_root().join("kbs/coco-client-with-trustee.txt"));
    let mark = b"##### ";
    let starts: Vec<usize> =
        (0..text.len()).filter(|at| text[*at..].starts_with(mark)).map(|at| at + mark.len()).collect();
    let blocks = starts.iter().map(|start| {
        let end = starts.iter().find(|next| *next > start).map_or(text.len(), |next| next - mark.len());
        // After `C->S` or `S->C` and the end of the line.
        Message::read(&text[start + 5..end])
    });
    let mut messages: Vec<Message> = blocks.collect();
    let mut pairs = Vec::new();
    while messages.len() >= 2 {
        let answer = messages.remove(1);
        pairs.push((messages.remove(0), answer));
    }
    pairs
}

/// Our values where the recording has those of another day.
struct Today {
    address: String,
    session: Option<(String, String)>,
    key: TeeKeyPair,
}

impl Today {
    fn request(&self, recorded: &Message) -> Vec<u8> {
        let body = if recorded.head[0].contains("/attest ") {
            self.attestation(recorded)
        } else {
            recorded.body.clone()
        };
        let mut request = Vec::new();
        for line in &recorded.head {
            let line = match line.split(": ").next().unwrap() {
                "host" => format!("host: {}", self.address),
                "content-length" => format!("content-length: {}", body.len()),
                "cookie" => format!("cookie: {SESSION_COOKIE}={}", self.session.as_ref().unwrap().0),
                _ => line.clone(),
            };
            request.extend_from_slice(line.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(&body);
        request
    }

    /// The recorded text with another nonce, key and digest in their places: no other byte differs.
    fn attestation(&self, recorded: &Message) -> Vec<u8> {
        let text = String::from_utf8(recorded.body.clone()).unwrap();
        let tree: Value = serde_json::from_str(&text).unwrap();
        let old = |path: &str| tree.pointer(path).unwrap().as_str().unwrap().to_owned();
        let nonce = &self.session.as_ref().unwrap().1;
        let jwk: RawJson = tee_key(&self.key);
        let new: Value = serde_json::from_str(jwk.get()).unwrap();
        let data = binding::report_data(HashAlgorithm::Sha384, "", nonce, &jwk).unwrap();
        let text = text
            .replace(&old("/runtime-data/nonce"), nonce)
            .replace(&old("/runtime-data/tee-pubkey/x"), new["x"].as_str().unwrap())
            .replace(&old("/runtime-data/tee-pubkey/y"), new["y"].as_str().unwrap())
            .replace(&old("/tee-evidence/primary_evidence/report_data"), &STANDARD.encode(&data[..48]));
        assert_eq!(text.len(), recorded.body.len());
        text.into_bytes()
    }
}

/// Member names in their order, at every depth.
fn members(json: &[u8]) -> Vec<String> {
    let text = String::from_utf8(json.to_vec()).unwrap();
    let strings: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let after: Vec<&str> = text.split('"').skip(2).step_by(2).collect();
    let names = strings.iter().zip(after).filter(|(_, after)| after.starts_with(':'));
    names.map(|(name, _)| (*name).to_owned()).collect()
}

fn protected(body: &[u8]) -> Vec<u8> {
    let tree: Value = serde_json::from_slice(body).unwrap();
    URL_SAFE_NO_PAD.decode(tree["protected"].as_str().unwrap()).unwrap()
}

#[test]
fn the_recorded_client_gets_from_our_broker_what_it_got_from_trustee() {
    let site = Site::new();
    let policy =
        b"package policy\nimport rego.v1\ndefault allow := false\nallow if count(input.submods) == 1\n";
    site.write("allow.rego", policy);
    let keys = "resource_policy = \"allow.rego\"\ndanger_accept_sample = true";
    let broker = site.start(Settings { keys, ..Settings::default() });
    let mut recording = recording().into_iter();

    // The upload has no token in the recording: Trustee ran without admin authentication, which we do not have.
    let (upload, stored) = recording.next().unwrap();
    let without = Today { address: broker.address.to_string(), session: None, key: new_key() };
    let refused = Connection::open(broker.address).exchange(&without.request(&upload));
    assert_eq!(refused.refusal().1, "AdminAuthAccess");
    let answer = site.operator.store(broker.address, "default/key/k2", &upload.body);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/xml")));
    assert_eq!((answer.status, answer.body.as_slice()), (stored.answer().0, stored.answer().2));

    // One connection for the rest, as the client keeps it.
    let mut connection = Connection::open(broker.address);
    let mut today = without;
    let mut statuses = Vec::new();
    for (request, recorded) in recording {
        let answer = connection.exchange(&today.request(&request));
        compare(&answer, &recorded);
        statuses.push(answer.status);
        let path = request.head[0].split(' ').nth(1).unwrap();
        if path == "/kbs/v0/auth" {
            let tree: Value = serde_json::from_slice(&answer.body).unwrap();
            today.session = Some((answer.cookie().unwrap(), tree["nonce"].as_str().unwrap().to_owned()));
            today.key = new_key();
        } else if answer.status == 200 && path.contains("/resource/") {
            assert_eq!(opened(&answer, &today.key), upload.body);
            assert_eq!(members(&protected(&answer.body)), members(&protected(&recorded.body)));
        }
    }
    assert_eq!(statuses, [401, 200, 200, 200, 200, 200]);
}

fn compare(answer: &Answer, recorded: &Message) {
    let (status, names, body) = recorded.answer();
    assert_eq!(answer.status, status);
    for name in names {
        assert!(answer.header(name).is_some(), "no header {name} in {:?}", answer.headers);
    }
    assert_eq!(members(&answer.body), members(body));
    if status == 401 {
        assert_eq!(answer.body, body);
    } else if !body.starts_with(b"{\"token\"") {
        // Everything but the token, whose claims are our own, is as long as Trustee's.
        assert_eq!(answer.body.len(), body.len());
    }
    if let Some(cookie) = answer.header("set-cookie") {
        let (_, expires) = cookie.split_once("; ").unwrap();
        let form: Vec<usize> = expires.split(' ').map(str::len).collect();
        assert_eq!(
            form,
            "Expires=Fri, 20 Nov 2026 12:02:56 GMT".split(' ').map(str::len).collect::<Vec<_>>()
        );
    }
}
