//! TCB info as JSON has it, and its way into checked fields.

use core::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::dcap::collateral::{
    CollateralError, Text, advisories, bytes, count, id_error, instant, ordered, validity,
};
use crate::dcap::qe_identity::{RawSvnLevel, svn_levels};
use crate::dcap::status::TcbStatus;
use crate::dcap::tcb_info::{Fields, PlatformLevel, TdxModule, TdxModuleVersion};
use crate::evidence::Tee;

#[derive(serde::Deserialize)]
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

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawModule {
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawModuleVersion {
    id: String,
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
    tcb_levels: Vec<RawSvnLevel>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLevel {
    tcb: RawTcb,
    tcb_date: String,
    tcb_status: TcbStatus,
    #[serde(rename = "advisoryIDs")]
    advisory_ids: Option<Vec<String>>,
}

/// The security versions of a level. The components' names depend on the version, so they are read by name.
#[derive(Default)]
struct RawTcb {
    sgx: Option<Vec<RawComponent>>,
    tdx: Option<Vec<RawComponent>>,
    pce_svn: Option<u16>,
    /// Of version 2, by [`NUMBERED`].
    numbered: [Option<u8>; COMPONENTS],
    /// A component under a name that is not read would be a demand that nobody compares.
    unread: bool,
}

#[derive(serde::Deserialize)]
struct RawComponent {
    svn: u8,
}

impl<'de> Deserialize<'de> for RawTcb {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawTcbVisitor)
    }
}

struct RawTcbVisitor;

impl<'de> Visitor<'de> for RawTcbVisitor {
    type Value = RawTcb;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the security versions of a TCB level")
    }

    /// That no member stands twice was looked at before.
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<RawTcb, A::Error> {
        let mut tcb = RawTcb::default();
        while let Some(Text(name)) = members.next_key()? {
            match &*name {
                SGX_COMPONENTS => tcb.sgx = Some(members.next_value()?),
                TDX_COMPONENTS => tcb.tdx = Some(members.next_value()?),
                "pcesvn" => tcb.pce_svn = Some(members.next_value()?),
                name => match NUMBERED.iter().zip(&mut tcb.numbered).find(|(known, _)| **known == name) {
                    Some((_, component)) => *component = Some(members.next_value()?),
                    None => {
                        tcb.unread |= name.to_ascii_lowercase().contains("tcbcomp");
                        let _: IgnoredAny = members.next_value()?;
                    }
                },
            }
        }
        Ok(tcb)
    }
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
    fn check(self, version: u32, tee: Tee) -> Result<PlatformLevel, CollateralError> {
        let RawTcb { sgx, tdx, pce_svn, numbered, unread } = self.tcb;
        let others = (version == 2 && sgx.is_some())
            || (version != 2 && numbered.iter().any(Option::is_some))
            || (tee != Tee::Tdx && tdx.is_some());
        let sgx = if version == 2 { all_numbered(numbered)? } else { components(SGX_COMPONENTS, sgx)? };
        let tdx = if tee == Tee::Tdx { Some(components(TDX_COMPONENTS, tdx)?) } else { None };
        let pce_svn = pce_svn.ok_or(CollateralError::Member { member: "pcesvn", wanted: true })?;
        if unread || others {
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
}

/// Version 3: an array of 16 objects.
fn components(
    member: &'static str,
    found: Option<Vec<RawComponent>>,
) -> Result<[u8; COMPONENTS], CollateralError> {
    let found = found.ok_or(CollateralError::Member { member, wanted: true })?;
    let wrong = CollateralError::Components { member, expected: COMPONENTS, actual: found.len() };
    let found: [RawComponent; COMPONENTS] = found.try_into().map_err(|_| wrong)?;
    Ok(found.map(|component| component.svn))
}

/// Version 2: 16 members, `sgxtcbcomp01svn` to `sgxtcbcomp16svn`.
fn all_numbered(found: [Option<u8>; COMPONENTS]) -> Result<[u8; COMPONENTS], CollateralError> {
    let mut components = [0; COMPONENTS];
    for ((component, found), member) in components.iter_mut().zip(found).zip(NUMBERED) {
        *component = found.ok_or(CollateralError::Member { member, wanted: true })?;
    }
    Ok(components)
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
const SGX_COMPONENTS: &str = "sgxtcbcomponents";
const TDX_COMPONENTS: &str = "tdxtcbcomponents";
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
