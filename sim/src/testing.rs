//! Parts of real certificates, for tests that mint the same bytes again.

/// The signed part of a certificate or CRL: the first element inside the outer SEQUENCE.
pub(crate) fn to_be_signed(der: &[u8]) -> &[u8] {
    element(&der[content(der).0..])
}

/// The P-256, P-384 or RSA-4096 SubjectPublicKeyInfo inside a certificate.
pub(crate) fn spki(der: &[u8]) -> Vec<u8> {
    let heads: [&[u8]; 3] = [
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
        b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
        b"\x30\x82\x02\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01",
    ];
    let at = heads.iter().find_map(|head| find(der, head)).unwrap();
    element(&der[at..]).to_vec()
}

/// The octets of extnValue that follow `head`, an OID with its tag and the flags behind it.
pub(crate) fn extension_value(der: &[u8], oid: &[u8]) -> Vec<u8> {
    let at = find(der, oid).unwrap() + oid.len();
    let value = element(&der[at..]);
    value[content(value).0..].to_vec()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn element(der: &[u8]) -> &[u8] {
    let (start, length) = content(der);
    &der[..start + length]
}

/// Where the content of the element at the front starts, and how long it is.
fn content(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short if short < 0x80 => (2, short.into()),
        long => {
            let count = usize::from(long & 0x7f);
            (2 + count, der[2..2 + count].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
    }
}
