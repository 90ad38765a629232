//! Every piece of data that lies in a published package, so that a fixture can name where it was cut out.

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::sources::{Published, Sources};

/// The pieces of all packages. Earlier ones are preferred: our own licence before others, whole files before
/// parts.
pub(crate) struct Pieces {
    pieces: Vec<Piece>,
}

struct Piece {
    file: String,
    published: Published,
    /// How the bytes were cut out of the file; empty for the whole file.
    cut: String,
    bytes: Vec<u8>,
}

/// Where a fixture's bytes lie in a package.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The file of the package.
    pub(crate) published: Published,
    /// How the bytes were cut out of that file; empty for the whole file.
    pub(crate) cut: String,
}

/// Shorter prefixes could match by chance; no quote is shorter.
const SHORTEST_PREFIX: usize = 1024;

/// The deepest nesting of encodings in the packages: JSON in hexadecimal in JSON, with base64 inside.
const DEEPEST: usize = 4;

/// A report that a package holds as JSON fields only, and the length of the arrays that must lie in the report's bytes.
const REPORT_AS_FIELDS: &str =
    "registry/packages/crate-sev_attest_tool-0.1.0/snp/data/sample_attestation_report.json";
const SHORTEST_FIELD: usize = 32;
const REPORT_LENGTH: usize = 1184;

impl Pieces {
    /// Cuts up every file of every package.
    ///
    /// # Errors
    /// A file that is absent or not what the manifest says.
    pub(crate) fn of(sources: &Sources) -> anyhow::Result<Self> {
        let mut pieces = Vec::new();
        for (file, published) in sources.published() {
            let bytes = sources.package_file(file)?;
            cut(&bytes, "", 0, &mut |cut, bytes| {
                pieces.push(Piece { file: file.to_owned(), published: published.clone(), cut, bytes });
            });
        }
        pieces.sort_by_key(|piece| (licence_rank(&piece.published.licence), !piece.cut.is_empty()));
        Ok(Self { pieces })
    }

    /// Where `bytes` lie in a package, if they do.
    pub(crate) fn origin(&self, bytes: &[u8]) -> Option<Origin> {
        let exact = self.pieces.iter().find(|piece| piece.bytes == bytes);
        if let Some(piece) = exact {
            return Some(Origin { published: piece.published.clone(), cut: piece.cut.clone() });
        }
        let long = bytes.len() >= SHORTEST_PREFIX;
        let prefix = self.pieces.iter().find(|piece| long && piece.bytes.starts_with(bytes));
        if let Some(piece) = prefix {
            let first = format!("the first {} bytes", bytes.len());
            return Some(Origin { published: piece.published.clone(), cut: joined(&piece.cut, &first) });
        }
        self.report_written_back(bytes)
    }

    /// Where a JSON file of a package holds the value of `bytes`, as it is or as a text.
    pub(crate) fn origin_of_json(&self, bytes: &[u8]) -> Option<Origin> {
        let wanted: Value = serde_json::from_slice(bytes).ok()?;
        let whole = self.pieces.iter().filter(|piece| piece.cut.is_empty());
        whole.filter(|piece| piece.file.ends_with(".json")).find_map(|piece| {
            let json: Value = serde_json::from_slice(&piece.bytes).ok()?;
            let cut = format!("{}, written as JSON again", pointer_to(&json, &wanted)?);
            Some(Origin { published: piece.published.clone(), cut })
        })
    }

    /// The origin of `bytes` as the whole of `file`.
    pub(crate) fn origin_in(&self, file: &str, bytes: &[u8]) -> anyhow::Result<Origin> {
        let piece = self.pieces.iter().find(|piece| piece.file == file && piece.cut.is_empty());
        let piece =
            piece.filter(|piece| piece.bytes == bytes).with_context(|| format!("{file} is not whole"))?;
        Ok(Origin { published: piece.published.clone(), cut: String::new() })
    }

    /// A report that the package holds as JSON: every long field of the JSON (measurement, chip id, both halves of the
    /// signature, …) must lie in the bytes. That the rest was written back rightly, the report's own signature proves.
    fn report_written_back(&self, bytes: &[u8]) -> Option<Origin> {
        let piece =
            self.pieces.iter().find(|piece| piece.file == REPORT_AS_FIELDS && piece.cut.is_empty())?;
        let json: Value = serde_json::from_slice(&piece.bytes).ok()?;
        let mut fields = Vec::new();
        byte_arrays(&json, &mut fields);
        let held = |field: &Vec<u8>| bytes.windows(field.len()).any(|window| window == field);
        let all = bytes.len() == REPORT_LENGTH && !fields.is_empty() && fields.iter().all(held);
        let cut = "the fields written back to the 1184 bytes of the ABI, reserved bytes zero".to_owned();
        all.then(|| Origin { published: piece.published.clone(), cut })
    }
}

/// Our own licence first, then the plainest, a mixture of several next, copyleft last.
fn licence_rank(licence: &str) -> u8 {
    match licence {
        "Apache-2.0" => 0,
        "MIT" => 1,
        "MPL-2.0" => 3,
        _ => 2,
    }
}

/// Hands the whole of `bytes` and every piece inside to `found`.
fn cut(bytes: &[u8], how: &str, depth: usize, found: &mut dyn FnMut(String, Vec<u8>)) {
    found(how.to_owned(), bytes.to_vec());
    if depth == DEEPEST {
        return;
    }
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        cut_json(&json, how, "", depth, found);
        return;
    }
    for (number, der) in certificates(text).into_iter().enumerate() {
        found(joined(how, &format!("PEM certificate {} as DER", number + 1)), der);
    }
    let trimmed = text.trim();
    if let Some(decoded) = hexadecimal(trimmed) {
        cut(&decoded, &joined(how, "hexadecimal"), depth + 1, found);
    } else if let Some(decoded) = STANDARD.decode(trimmed).ok().filter(|decoded| !decoded.is_empty()) {
        cut(&decoded, &joined(how, "base64"), depth + 1, found);
    }
}

fn cut_json(json: &Value, how: &str, pointer: &str, depth: usize, found: &mut dyn FnMut(String, Vec<u8>)) {
    match json {
        Value::String(text) => cut(text.as_bytes(), &joined(how, pointer), depth + 1, found),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                cut_json(item, how, &format!("{pointer}/{i}"), depth, found);
            }
        }
        Value::Object(members) => {
            for (signed, body) in [("tcb_info", "tcbInfo"), ("qe_identity", "enclaveIdentity")] {
                if let Some(text) = as_pcs_serves_it(json, signed, body) {
                    let pair =
                        format!("{pointer}/{signed} and {signed}_signature in the form that PCS serves");
                    found(joined(how, &pair), text.into_bytes());
                }
            }
            for (name, member) in members {
                cut_json(member, how, &format!("{pointer}/{name}"), depth, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The body as signed and its signature, joined as Intel's service returns them.
fn as_pcs_serves_it(collateral: &Value, signed: &str, body: &str) -> Option<String> {
    let text = collateral.get(signed)?.as_str()?;
    let signature = collateral.get(format!("{signed}_signature"))?.as_str()?;
    Some(format!("{{\"{body}\":{text},\"signature\":\"{signature}\"}}"))
}

/// The pointer to a value that is `wanted`, or to a text that is it in JSON.
fn pointer_to(json: &Value, wanted: &Value) -> Option<String> {
    let as_text = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value == *wanted);
    if json == wanted || json.as_str().is_some_and(as_text) {
        return Some(String::new());
    }
    match json {
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(i, item)| Some(format!("/{i}{}", pointer_to(item, wanted)?)))
        }
        Value::Object(members) => {
            members.iter().find_map(|(name, member)| Some(format!("/{name}{}", pointer_to(member, wanted)?)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn certificates(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let Some((body, _)) = block.split_once("-----END CERTIFICATE-----") else { continue };
        let body: String = body.split_whitespace().collect();
        found.extend(STANDARD.decode(body));
    }
    found
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(text).ok().filter(|bytes| !bytes.is_empty())
}

/// The arrays of bytes in a report's JSON that are long enough to identify it.
fn byte_arrays(json: &Value, found: &mut Vec<Vec<u8>>) {
    match json {
        Value::Array(items) => {
            let bytes: Option<Vec<u8>> =
                items.iter().map(|item| item.as_u64().and_then(|n| u8::try_from(n).ok())).collect();
            found.extend(bytes.filter(|bytes| bytes.len() >= SHORTEST_FIELD));
        }
        Value::Object(members) => members.values().for_each(|member| byte_arrays(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn joined(how: &str, more: &str) -> String {
    [how, more].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
