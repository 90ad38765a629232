//! TCB info as JSON has it, and its way into checked fields.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::dcap::collateral::{
    CollateralError, advisories, bytes, count, id_error, instant, json_error, ordered, validity,
};
use crate::dcap::qe_identity::{RawSvnLevel, svn_levels};
use crate::dcap::status::TcbStatus;
use crate::dcap::tcb_info::{Fields, PlatformLevel, TdxModule, TdxModuleVersion};
use crate::evidence::Tee;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawTcbInfo {
    id: Option<String>,
    version: u32,
    issue_date: String,
    next_update: String,
    fmspc: String,
    pce_id: String,
    tcb_type: u32,
    tcb_evaluation_data_number: u32,
    tdx_module: Option<RawModule>,
    tdx_module_identities: Option<Vec<RawModuleVersion>>,
    tcb_levels: Vec<RawLevel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawModule {
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawModuleVersion {
    id: String,
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
    tcb_levels: Vec<RawSvnLevel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLevel {
    // The components' names depend on the version, so they are read by name.
    tcb: BTreeMap<String, Value>,
    tcb_date: String,
    tcb_status: TcbStatus,
    #[serde(rename = "advisoryIDs")]
    advisory_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RawComponent {
    svn: u8,
}

impl RawTcbInfo {
    /// Checks every field; what belongs to another version or TEE is refused.
    pub(super) fn check(self) -> Result<Fields, CollateralError> {
        let tee = self.tee()?;
        if self.tcb_type != TCB_TYPE {
            return Err(CollateralError::TcbType { actual: self.tcb_type });
        }
        let module = match (tee, self.tdx_module) {
            (Tee::Tdx, Some(raw)) => Some(module(&raw.mrsigner, &raw.attributes, &raw.attributes_mask)?),
            (Tee::Tdx, None) => return Err(CollateralError::Member { member: "tdxModule", wanted: true }),
            (_, Some(_)) => return Err(CollateralError::Member { member: "tdxModule", wanted: false }),
            (_, None) => None,
        };
        let modules = match (tee, self.tdx_module_identities) {
            (Tee::Tdx, Some(raw)) => module_versions(raw)?,
            (_, Some(_)) => {
                return Err(CollateralError::Member { member: "tdxModuleIdentities", wanted: false });
            }
            (_, None) => Vec::new(),
        };
        count("tcbLevels", MAX_LEVELS, self.tcb_levels.len())?;
        let version = self.version;
        let levels = self.tcb_levels.into_iter().map(|raw| raw.check(version, tee));
        Ok(Fields {
            tee,
            validity: validity(&self.issue_date, &self.next_update)?,
            fmspc: bytes("fmspc", &self.fmspc)?,
            pce_id: bytes("pceId", &self.pce_id)?,
            evaluation_number: self.tcb_evaluation_data_number,
            module,
            modules,
            levels: ordered("tcbLevels", levels.collect::<Result<_, _>>()?, |level| {
                (level.sgx, level.pce_svn, level.tdx)
            })?,
        })
    }

    /// Version 2 knows SGX alone and has no id.
    fn tee(&self) -> Result<Tee, CollateralError> {
        match (self.version, self.id.as_deref()) {
            (2, None) | (3, Some("SGX")) => Ok(Tee::Sgx),
            (3, Some("TDX")) => Ok(Tee::Tdx),
            (2 | 3, Some(other)) => Err(id_error(other)),
            (3, None) => Err(CollateralError::Member { member: "id", wanted: true }),
            (actual, _) => Err(CollateralError::Version { actual }),
        }
    }
}

impl RawLevel {
    fn check(mut self, version: u32, tee: Tee) -> Result<PlatformLevel, CollateralError> {
        let sgx = if version == 2 { self.numbered()? } else { self.components("sgxtcbcomponents")? };
        let tdx = if tee == Tee::Tdx { Some(self.components("tdxtcbcomponents")?) } else { None };
        let pce_svn = self.take("pcesvn")?;
        // A component under a name that was not read would be a demand that nobody compares.
        if self.tcb.keys().any(|name| name.to_ascii_lowercase().contains("tcbcomp")) {
            return Err(CollateralError::Member { member: "tcb", wanted: false });
        }
        if !matches!(
            self.tcb_status,
            TcbStatus::UpToDate
                | TcbStatus::SWHardeningNeeded
                | TcbStatus::ConfigurationNeeded
                | TcbStatus::ConfigurationAndSWHardeningNeeded
                | TcbStatus::OutOfDate
                | TcbStatus::OutOfDateConfigurationNeeded
                | TcbStatus::Revoked
        ) {
            return Err(CollateralError::Status { actual: self.tcb_status });
        }
        Ok(PlatformLevel {
            sgx,
            tdx,
            pce_svn,
            date: instant("tcbDate", &self.tcb_date)?,
            status: self.tcb_status,
            advisories: advisories(self.advisory_ids)?,
        })
    }

    /// Version 3: an array of 16 objects.
    fn components(&mut self, member: &'static str) -> Result<[u8; COMPONENTS], CollateralError> {
        let components: Vec<RawComponent> = self.take(member)?;
        let components: Vec<u8> = components.into_iter().map(|component| component.svn).collect();
        components.try_into().map_err(|found: Vec<u8>| CollateralError::Components {
            member,
            expected: COMPONENTS,
            actual: found.len(),
        })
    }

    /// Version 2: 16 members, `sgxtcbcomp01svn` to `sgxtcbcomp16svn`.
    fn numbered(&mut self) -> Result<[u8; COMPONENTS], CollateralError> {
        let mut components = [0; COMPONENTS];
        for (component, name) in components.iter_mut().zip(NUMBERED) {
            *component = self.take(name)?;
        }
        Ok(components)
    }

    fn take<T: serde::de::DeserializeOwned>(&mut self, member: &'static str) -> Result<T, CollateralError> {
        let value = self.tcb.remove(member).ok_or(CollateralError::Member { member, wanted: true })?;
        serde_json::from_value(value).map_err(|error| json_error(&error))
    }
}

fn module(mr_signer: &str, attributes: &str, mask: &str) -> Result<TdxModule, CollateralError> {
    Ok(TdxModule {
        mr_signer: bytes("mrsigner", mr_signer)?,
        attributes: bytes("attributes", attributes)?,
        attributes_mask: bytes("attributesMask", mask)?,
    })
}

/// Each major version once, named `TDX_` and two hexadecimal digits.
fn module_versions(raw: Vec<RawModuleVersion>) -> Result<Vec<TdxModuleVersion>, CollateralError> {
    let member = "tdxModuleIdentities";
    let found = raw.len();
    if found > MAX_MODULES {
        return Err(CollateralError::Count { member, limit: MAX_MODULES, actual: found });
    }
    let mut modules: Vec<TdxModuleVersion> = Vec::with_capacity(found);
    for raw in raw {
        let digits = match raw.id.split_at_checked(4) {
            Some((prefix, digits)) if prefix.eq_ignore_ascii_case("TDX_") => digits,
            _ => return Err(id_error(&raw.id)),
        };
        let [version] = bytes("id", digits)?;
        if modules.iter().any(|module| module.version == version) {
            return Err(CollateralError::Count { member, limit: MAX_MODULES, actual: found });
        }
        modules.push(TdxModuleVersion {
            version,
            module: module(&raw.mrsigner, &raw.attributes, &raw.attributes_mask)?,
            levels: svn_levels(raw.tcb_levels)?,
        });
    }
    Ok(modules)
}

/// The only composition of TCB levels that Intel has defined.
const TCB_TYPE: u32 = 0;
/// Components of a CPUSVN and of a TEE_TCB_SVN.
const COMPONENTS: usize = 16;
/// Intel's longest list has about 30 levels.
const MAX_LEVELS: usize = 1024;
/// A module's major version is one byte.
const MAX_MODULES: usize = 256;
const NUMBERED: [&str; COMPONENTS] = [
    "sgxtcbcomp01svn",
    "sgxtcbcomp02svn",
    "sgxtcbcomp03svn",
    "sgxtcbcomp04svn",
    "sgxtcbcomp05svn",
    "sgxtcbcomp06svn",
    "sgxtcbcomp07svn",
    "sgxtcbcomp08svn",
    "sgxtcbcomp09svn",
    "sgxtcbcomp10svn",
    "sgxtcbcomp11svn",
    "sgxtcbcomp12svn",
    "sgxtcbcomp13svn",
    "sgxtcbcomp14svn",
    "sgxtcbcomp15svn",
    "sgxtcbcomp16svn",
];
