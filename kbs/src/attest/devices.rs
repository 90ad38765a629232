//! Device evidence beside the CPU's: a JSON object from class to evidence, each bound to the session by nonce and key
//! (docs of the CoCo protocol, sections 6 and 8). What it says is the verifier's to read.

use std::collections::BTreeMap;

use kbs_protocol::binding::{self, BindingError};
use kbs_protocol::limits::ATTESTATION_BYTES;
use kbs_protocol::{HashAlgorithm, RawJson, Refusal, RuntimeData, from_slice};
use verifier::evidence::Tee;

/// One device's evidence and what it must be bound to.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// The name of its submodule in the token.
    pub(crate) name: &'static str,
    /// The class of its attestation policy.
    pub(crate) class: &'static str,
    /// Its kind.
    pub(crate) tee: Tee,
    /// The evidence as it came.
    pub(crate) evidence: RawJson,
    /// The report data that is expected.
    pub(crate) report_data: [u8; 64],
    /// The JSON object that it covers.
    pub(crate) runtime_data: String,
}

/// Why device evidence is not looked at.
#[derive(Debug)]
pub(crate) enum DeviceError {
    /// Its class is not verified, or it has not the form of device evidence.
    Refused(Refusal),
    /// It has nothing to be bound to.
    Binding(BindingError),
}

/// Reads the text of device evidence. `accept_sample` is the configuration's danger of that name; without it there is
/// no class that is taken.
pub(crate) fn read(
    text: &str,
    runtime: &RuntimeData,
    hash: HashAlgorithm,
    accept_sample: bool,
) -> Result<Vec<Device>, DeviceError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let read = from_slice::<BTreeMap<String, RawJson>>("device evidence", text.as_bytes(), ATTESTATION_BYTES);
    let Ok(classes) = read else {
        return Err(refused("device evidence is not a JSON object with each class once".to_owned()));
    };
    let taken = |name: &str| accept_sample && name == Tee::SampleDevice.as_str();
    let others: Vec<&str> = classes.keys().map(String::as_str).filter(|name| !taken(name)).collect();
    if !others.is_empty() || classes.is_empty() {
        return Err(refused(unsupported(&others)));
    }
    classes.into_values().map(|evidence| sample(evidence, runtime, hash)).collect()
}

/// The one class that is taken.
fn sample(evidence: RawJson, runtime: &RuntimeData, hash: HashAlgorithm) -> Result<Device, DeviceError> {
    if evidence.get().len() > SAMPLE_BYTES {
        let summary = format!("device evidence of sampledevice has at most {SAMPLE_BYTES} bytes");
        return Err(refused(summary));
    }
    let (nonce, key) = (&runtime.nonce, &runtime.tee_pubkey);
    let digest = binding::device_digest(hash, nonce, key).map_err(DeviceError::Binding)?;
    Ok(Device {
        name: "gpu0",
        class: "gpu",
        tee: Tee::SampleDevice,
        evidence,
        report_data: digest.report_data(),
        runtime_data: binding::device_input(nonce, key).map_err(DeviceError::Binding)?,
    })
}

/// Names the classes that came along, if the protocol has names for them.
fn unsupported(classes: &[&str]) -> String {
    let known = classes.iter().filter_map(|name| kbs_protocol::Tee::parse(name).ok());
    let names: Vec<&str> = known.take(MAX_NAMED).map(kbs_protocol::Tee::as_str).collect();
    match names.as_slice() {
        [] => "device evidence of an unknown class is not verified by this broker".to_owned(),
        names => format!("device evidence of {} is not verified by this broker", names.join(", ")),
    }
}

fn refused(summary: String) -> DeviceError {
    DeviceError::Refused(Refusal { summary, checks: vec!["devices.supported".to_owned()], decision: None })
}

/// A digest in base64 and a number.
const SAMPLE_BYTES: usize = 4 << 10;
/// Device classes named in one refusal.
const MAX_NAMED: usize = 4;

#[cfg(test)]
mod tests;
