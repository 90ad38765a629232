//! A claims set in as many bytes as a token may have: what is large stands in it by its SHA-256.
//!
//! A token travels in a header. What is left out of it is named where it was judged, in `by_hash` of the submodule's
//! `ear.vouchsafe`: the path below the submodule as a JSON pointer, and of the member as JSON, without white space and the
//! members of objects sorted by name, the SHA-256 and the size. Nothing stands in the place of what is left out: a policy
//! that asks for it denies.

use core::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::ear::{EncodeError, PRIMARY};
use crate::crypto::sha256;

/// The claims of Trustee's profile in at most `limit` bytes of JSON. Every member that a guest or its firmware fills is left
/// out beyond [`MEMBER_BYTES`]; if that is not enough, the largest of the others go first, and lists of checks last. Nonce,
/// keys, times, status, vector and decision always stay.
pub fn shorten(claims: &[u8], limit: usize) -> Result<Vec<u8>, EncodeError> {
    let mut claims: Value = serde_json::from_slice(claims)?;
    let names: Vec<String> =
        claims.get("submods").and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect();
    let (mut large, mut rest) = (Vec::new(), Vec::new());
    for name in &names {
        let submod = claims.get("submods").and_then(|submods| submods.get(name));
        for member in submod.into_iter().flat_map(|submod| members(name, submod)) {
            if member.guests && member.size > MEMBER_BYTES { large.push(member) } else { rest.push(member) }
        }
    }
    // Names decide among equals: one claims set has one short form.
    rest.sort_by(|one, other| one.order().cmp(&other.order()));
    let mut size = serde_json::to_vec(&claims)?.len();
    let mut chosen = large;
    for member in &chosen {
        size = member.size_without(size);
    }
    for member in rest {
        if size <= limit {
            break;
        }
        let less = member.size_without(size);
        if less < size {
            size = less;
            chosen.push(member);
        }
    }
    for member in chosen {
        leave_out(&mut claims, member.submod, &member.path);
    }
    let short = serde_json::to_vec(&claims)?;
    if short.len() > limit {
        let reason = format!("{} bytes are left of a token's claims, at most {limit} fit", short.len());
        return Err(EncodeError { reason });
    }
    Ok(short)
}

/// A member that may be left out.
struct Candidate<'a> {
    submod: &'a str,
    /// The path below the submodule, as a JSON pointer.
    path: String,
    /// Bytes of its JSON.
    size: usize,
    /// Whether the guest or its firmware fills it.
    guests: bool,
    /// Whether everything else goes before it.
    last: bool,
}

impl Candidate<'_> {
    fn order(&self) -> (bool, Reverse<usize>, &str, &str) {
        (self.last, Reverse(self.size), self.submod, &self.path)
    }

    fn size_without(&self, size: usize) -> usize {
        size.saturating_sub(self.size).saturating_add(ENTRY_BYTES).saturating_add(self.path.len())
    }
}

/// What of a submodule may be left out; no member lies inside another.
fn members<'a>(submod_name: &'a str, submod: &Value) -> Vec<Candidate<'a>> {
    let mut found = Vec::new();
    let mut take = |path: String, value: &Value, guests: bool, last: bool| {
        let size = serde_json::to_vec(value).map_or(0, |json| json.len());
        found.push(Candidate { submod: submod_name, path, size, guests, last });
    };
    let evidence = submod.get(EVIDENCE);
    // Of a device whose claims are too large all go: one entry for the many small ones. Its nonce and key are the CPU's.
    if let Some(value) = evidence.filter(|_| submod_name != PRIMARY) {
        take(format!("/{EVIDENCE}"), value, false, false);
    }
    let evidence = evidence.filter(|_| submod_name == PRIMARY).and_then(Value::as_object);
    for (name, value) in evidence.into_iter().flatten() {
        let path = format!("/{EVIDENCE}/{}", escaped(name));
        match (name.as_str(), value) {
            ("report_data" | "init_data" | "sample", _) => {}
            ("runtime_data_claims", _) => {
                if let Some(devices) = value.get("additional-evidence") {
                    take(format!("{path}/additional-evidence"), devices, true, false);
                }
            }
            ("init_data_claims", _) => take(path, value, true, false),
            (_, Value::Object(claims)) => {
                for (name, value) in claims {
                    let path = format!("{path}/{}", escaped(name));
                    match value.get("event_log") {
                        // The rest of a TEE's own claims is small; its log is not.
                        Some(log) => take(format!("{path}/event_log"), log, true, false),
                        None => take(path, value, LOGS.contains(&name.as_str()), false),
                    }
                }
            }
            _ => take(path, value, false, false),
        }
    }
    // What was enforced is the same for devices, and stands in the primary submodule.
    let enforced = if submod_name == PRIMARY { "/enforced/policy" } else { "/enforced" };
    for (path, last) in [(enforced, false), ("/not_checked", true), ("/failed", true), ("/tcb", true)] {
        if let Some(value) = submod.get(OWN).and_then(|own| own.pointer(path)) {
            take(format!("/{OWN}{path}"), value, false, last);
        }
    }
    // What an operator's attestation policy says besides its claims.
    for (name, value) in submod.as_object().into_iter().flatten() {
        if !KEPT.contains(&name.as_str()) {
            take(format!("/{}", escaped(name)), value, false, false);
        }
    }
    found
}

/// RFC 6901, section 3.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Takes a member out, and names it by its hash.
fn leave_out(claims: &mut Value, submod: &str, path: &str) {
    let submod = claims.get_mut("submods").and_then(|submods| submods.get_mut(submod));
    let Some(submod) = submod.and_then(Value::as_object_mut) else { return };
    let Some((parent, name)) = path.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    let member = parent_of(submod, parent).and_then(|parent| parent.remove(&name));
    let Some(json) = member.and_then(|member| serde_json::to_vec(&member).ok()) else { return };
    let own = submod.entry(OWN).or_insert_with(|| json!({}));
    let Some(own) = own.as_object_mut() else { return };
    let by_hash = own.entry("by_hash").or_insert_with(|| json!({}));
    if let Some(by_hash) = by_hash.as_object_mut() {
        let named = json!({"sha256": hex::encode(sha256(&json)), "bytes": json.len()});
        by_hash.insert(path.to_owned(), named);
    }
}

fn parent_of<'a>(submod: &'a mut Map<String, Value>, pointer: &str) -> Option<&'a mut Map<String, Value>> {
    let mut object = submod;
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        object = object.get_mut(&name)?.as_object_mut()?;
    }
    Some(object)
}

/// Beyond this a member that the guest or its firmware fills is left out in any case.
pub(super) const MEMBER_BYTES: usize = 2048;
/// What naming a member takes at most, its path not counted: `"":{"bytes":1234567,"sha256":"…"},` and once `"by_hash":{},`.
const ENTRY_BYTES: usize = 128;
/// Claims that hold an event log: ours, and Trustee's.
const LOGS: [&str; 2] = ["event_log", "uefi_event_logs"];
/// Members of a submodule that are looked into, or stay.
const KEPT: [&str; 5] =
    ["ear.status", "ear.trustworthiness-vector", "ear.appraisal-policy-id", EVIDENCE, OWN];
const EVIDENCE: &str = "ear.veraison.annotated-evidence";
const OWN: &str = "ear.vouchsafe";
