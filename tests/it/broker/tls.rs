//! TLS under a private authority.

use std::process::{Command, Output};

use sim::asn1 as write;
use sim::platform::Platform;
use sim::x509::{
    Authority, COMMON_NAME, CertificateFields, Extension, basic_constraints, key_usage, name, pem,
};
use sim::{IssuerKey as _, P256Key};
use system_tests::broker::{Broker, Settings, Site, agent, sec1_pem};
use verifier::x509::ObjectIdentifier;

use super::bench::{RESOURCE, SECRET};

const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

fn fields(issuer: &str, subject: &str, key: &P256Key, extensions: Vec<Extension>) -> CertificateFields {
    let algorithm = write::sequence([write::oid(&ECDSA_SHA256)]);
    CertificateFields {
        serial: vec![1],
        tbs_algorithm: algorithm.clone(),
        algorithm,
        issuer: name(&[(COMMON_NAME, issuer)]),
        not_before: sim_agent::now() - 60,
        not_after: sim_agent::now() + 3600,
        subject: name(&[(COMMON_NAME, subject)]),
        spki: key.spki(),
        extensions,
    }
}

/// A private authority; two of them differ in their key alone.
pub(super) fn authority() -> Authority<P256Key> {
    let key = P256Key::generate(&mut guest_agent::system_rng());
    let extensions = vec![basic_constraints(true, Some(0)), key_usage(1, 0x06)];
    Authority::root(fields("private", "private", &key, extensions), key).unwrap()
}

/// A certificate for 127.0.0.1 and its key, both PEM.
pub(super) fn server(authority: &Authority<P256Key>) -> (String, String) {
    let key = P256Key::generate(&mut guest_agent::system_rng());
    // RFC 5280, section 4.2.1.6: iPAddress is [7].
    let address = write::sequence([write::tlv(0x87, [127, 0, 0, 1])]);
    let extensions = vec![basic_constraints(false, None), Extension::new(SUBJECT_ALT_NAME, address)];
    let certificate = fields("private", "broker", &key, extensions).sign(&authority.key).unwrap();
    (pem("CERTIFICATE", &certificate), sec1_pem(&key))
}

fn get(site: &Site, broker: &Broker, ca: Option<&str>) -> Output {
    let folder = site.path("machine");
    if !folder.exists() {
        let platform: &Platform = &site.intel;
        sim_agent::write_platform(&folder, platform).unwrap();
    }
    let mut command = Command::new(agent());
    command.arg("--platform").arg(folder).args(["get", &format!("kbs:///{RESOURCE}")]);
    command.args(["--kbs-url", &format!("https://{}", broker.address)]);
    if let Some(ca) = ca {
        command.arg("--ca-cert").arg(site.path(ca));
    }
    command.output().unwrap()
}

#[test]
fn agent_gets_the_secret_over_tls_and_refuses_every_other_authority() {
    let site = Site::new();
    let (ours, stranger) = (authority(), authority());
    let (certificate, key) = server(&ours);
    site.write("server.pem", certificate.as_bytes());
    site.write("server.key", key.as_bytes());
    site.write("ca.pem", pem("CERTIFICATE", &ours.certificate).as_bytes());
    site.write("stranger.pem", pem("CERTIFICATE", &stranger.certificate).as_bytes());

    // The store is filled over plain HTTP first: the folder is the same.
    let plain = site.start(Settings::default());
    assert_eq!(site.operator.store(plain.address, RESOURCE, SECRET).status, 200);
    drop(plain);
    let tables = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n";
    let broker = site.start(Settings { tables, ..Settings::default() });

    let output = get(&site, &broker, Some("ca.pem"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), SECRET), "{messages}");
    // An authority of the same name with another key, and the system's own.
    for ca in [Some("stranger.pem"), None] {
        let output = get(&site, &broker, ca);
        let messages = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(matches!(code, Some(2 | 5)), "{ca:?}: {code:?} {messages}");
        assert_eq!(output.stdout, Vec::<u8>::new());
    }
    let output = get(&site, &broker, Some("stranger.pem"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{messages}");
    assert!(messages.contains("certificate"), "{messages}");
    // It will not hold later either.
    assert!(!messages.contains("trying again"), "{messages}");
}
