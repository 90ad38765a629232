//! The SGX extension of a PCK certificate: which platform it is, and its security versions.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, SliceReader, Tag, Tagged};

use crate::check::Fact;

/// The platform as its PCK certificate describes it (Intel SGX PCK Certificate and CRL Profile, section 1.3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PckExtension {
    /// PPID: the platform's provisioning id.
    pub ppid: [u8; 16],
    /// The 16 components of the TCB.
    pub components: [u8; 16],
    /// PCESVN.
    pub pce_svn: u16,
    /// CPUSVN as the processor reports it; the components are what Intel reads from it.
    pub cpu_svn: [u8; 16],
    /// PCEID.
    pub pce_id: [u8; 2],
    /// FMSPC: the platform model.
    pub fmspc: [u8; 6],
    /// Memory protection of the platform.
    pub sgx_type: SgxType,
    /// The platform instance, on platforms with several packages.
    pub platform_instance_id: Option<[u8; 16]>,
    /// How the platform is configured, where the certificate says.
    pub configuration: Option<Configuration>,
}

/// How the platform protects memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SgxType {
    /// 0: integrity and replay protection, small memory.
    Standard,
    /// 1: encrypted without integrity.
    Scalable,
    /// 2: encrypted with integrity.
    ScalableWithIntegrity,
}

/// Flags of a platform registered with Intel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Packages may be added.
    pub dynamic_platform: Option<bool>,
    /// Intel keeps the platform's root keys.
    pub cached_keys: Option<bool>,
    /// Simultaneous multithreading is on.
    pub smt_enabled: Option<bool>,
}

/// The SGX extension is not as Intel writes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PckError {
    /// Not strict DER of the expected shape.
    #[error("the SGX extension is not in strict DER")]
    Der,
    /// A member has another type or size.
    #[error("member {oid} of the SGX extension has another type or size")]
    Value {
        /// The member.
        oid: ObjectIdentifier,
    },
    /// A member appears twice.
    #[error("member {oid} of the SGX extension appears twice")]
    Twice {
        /// The member.
        oid: ObjectIdentifier,
    },
    /// A member is not defined.
    #[error("member {oid} of the SGX extension is not defined")]
    Unknown {
        /// The member.
        oid: ObjectIdentifier,
    },
    /// A member is absent.
    #[error("member {member} of the SGX extension is missing")]
    Missing {
        /// The member's name.
        member: &'static str,
    },
}

/// 1.2.840.113741.1.13.1, Intel's SGX extension; its members lie below.
pub const SGX_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");

impl PckExtension {
    /// Parses the extension's value. Every member once, none unknown, none but the last two absent.
    pub fn parse(der: &[u8]) -> Result<Self, PckError> {
        let (mut ppid, mut tcb, mut pce_id, mut fmspc) = (None, None, None, None);
        let (mut sgx_type, mut platform_instance_id, mut configuration) = (None, None, None);
        for_each(der, &[], |oid, number, value| match number {
            1 => put(&mut ppid, oid, octets(value)),
            2 => put(&mut tcb, oid, Some(Tcb::parse(value)?)),
            3 => put(&mut pce_id, oid, octets(value)),
            4 => put(&mut fmspc, oid, octets(value)),
            5 => put(&mut sgx_type, oid, SgxType::parse(value)),
            6 => put(&mut platform_instance_id, oid, octets(value)),
            7 => put(&mut configuration, oid, Some(Configuration::parse(value)?)),
            _ => Err(PckError::Unknown { oid }),
        })?;
        let Tcb { components, pce_svn, cpu_svn } = have(tcb, "TCB")?;
        Ok(Self {
            ppid: have(ppid, "PPID")?,
            components,
            pce_svn,
            cpu_svn,
            pce_id: have(pce_id, "PCEID")?,
            fmspc: have(fmspc, "FMSPC")?,
            sgx_type: have(sgx_type, "SGX type")?,
            platform_instance_id,
            configuration,
        })
    }

    /// The platform under names of its own, for a verdict.
    pub fn claims(&self) -> Fact {
        let mut claims = vec![
            ("fmspc", self.fmspc.into()),
            ("ppid", self.ppid.into()),
            ("pce_id", self.pce_id.into()),
            ("pce_svn", self.pce_svn.into()),
            ("cpu_svn", self.cpu_svn.into()),
            ("tcb_components", self.components.into()),
            ("sgx_type", self.sgx_type.as_str().into()),
        ];
        if let Some(id) = self.platform_instance_id {
            claims.push(("platform_instance_id", id.into()));
        }
        let flag = |flag: Option<bool>| flag.map_or(Fact::None, Fact::Bool);
        if let Some(configuration) = self.configuration {
            claims.push(("dynamic_platform", flag(configuration.dynamic_platform)));
            claims.push(("cached_keys", flag(configuration.cached_keys)));
            claims.push(("smt_enabled", flag(configuration.smt_enabled)));
        }
        Fact::Map(claims)
    }
}

/// Member 2: the security versions.
struct Tcb {
    components: [u8; 16],
    pce_svn: u16,
    cpu_svn: [u8; 16],
}

impl Tcb {
    fn parse(value: AnyRef<'_>) -> Result<Self, PckError> {
        let mut components = [None; 16];
        let (mut pce_svn, mut cpu_svn) = (None, None);
        for_each_in(value, &[2], |oid, number, value| match number {
            1..=16 => {
                let slot = components.get_mut(usize::from(number).saturating_sub(1));
                put(slot.ok_or(PckError::Unknown { oid })?, oid, value.decode_as().ok())
            }
            17 => put(&mut pce_svn, oid, value.decode_as().ok()),
            18 => put(&mut cpu_svn, oid, octets(value)),
            _ => Err(PckError::Unknown { oid }),
        })?;
        let mut found = [0; 16];
        for (found, component) in found.iter_mut().zip(components) {
            *found = have(component, "TCB component SVN")?;
        }
        Ok(Self { components: found, pce_svn: have(pce_svn, "PCESVN")?, cpu_svn: have(cpu_svn, "CPUSVN")? })
    }
}

impl SgxType {
    fn parse(value: AnyRef<'_>) -> Option<Self> {
        match (value.tag(), value.value()) {
            (Tag::Enumerated, [0]) => Some(Self::Standard),
            (Tag::Enumerated, [1]) => Some(Self::Scalable),
            (Tag::Enumerated, [2]) => Some(Self::ScalableWithIntegrity),
            _ => None,
        }
    }

    /// Its name in verdicts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Scalable => "scalable",
            Self::ScalableWithIntegrity => "scalable-with-integrity",
        }
    }
}

impl Configuration {
    fn parse(value: AnyRef<'_>) -> Result<Self, PckError> {
        let (mut dynamic_platform, mut cached_keys, mut smt_enabled) = (None, None, None);
        for_each_in(value, &[7], |oid, number, value| match number {
            1 => put(&mut dynamic_platform, oid, value.decode_as().ok()),
            2 => put(&mut cached_keys, oid, value.decode_as().ok()),
            3 => put(&mut smt_enabled, oid, value.decode_as().ok()),
            _ => Err(PckError::Unknown { oid }),
        })?;
        Ok(Self { dynamic_platform, cached_keys, smt_enabled })
    }
}

/// Walks `SEQUENCE OF SEQUENCE { OID, value }`, giving the last arc of each OID below the extension's and `arcs`.
fn for_each<'a>(
    der: &'a [u8],
    arcs: &[u8],
    visit: impl FnMut(ObjectIdentifier, u8, AnyRef<'a>) -> Result<(), PckError>,
) -> Result<(), PckError> {
    for_each_in(AnyRef::from_der(der).map_err(|_| PckError::Der)?, arcs, visit)
}

fn for_each_in<'a>(
    sequence: AnyRef<'a>,
    arcs: &[u8],
    mut visit: impl FnMut(ObjectIdentifier, u8, AnyRef<'a>) -> Result<(), PckError>,
) -> Result<(), PckError> {
    let mut members = open(sequence)?;
    while !members.is_finished() {
        let mut member = open(members.decode().map_err(|_| PckError::Der)?)?;
        let oid: ObjectIdentifier = member.decode().map_err(|_| PckError::Der)?;
        let value: AnyRef<'a> = member.decode().map_err(|_| PckError::Der)?;
        member.finish().map_err(|_| PckError::Der)?;
        let below =
            oid.as_bytes().strip_prefix(SGX_EXTENSION.as_bytes()).and_then(|arc| arc.strip_prefix(arcs));
        match below {
            // Arcs below 128 take one byte.
            Some([number]) if *number < 0x80 => visit(oid, *number, value)?,
            _ => return Err(PckError::Unknown { oid }),
        }
    }
    Ok(())
}

fn open(sequence: AnyRef<'_>) -> Result<SliceReader<'_>, PckError> {
    if sequence.tag() != Tag::Sequence {
        return Err(PckError::Der);
    }
    SliceReader::new(sequence.value()).map_err(|_| PckError::Der)
}

fn octets<const N: usize>(value: AnyRef<'_>) -> Option<[u8; N]> {
    value.decode_as::<&OctetStringRef>().ok()?.as_bytes().try_into().ok()
}

/// Fills a slot once; `None` is a value of another type or size.
fn put<T>(slot: &mut Option<T>, oid: ObjectIdentifier, value: Option<T>) -> Result<(), PckError> {
    if slot.is_some() {
        return Err(PckError::Twice { oid });
    }
    *slot = Some(value.ok_or(PckError::Value { oid })?);
    Ok(())
}

fn have<T>(slot: Option<T>, member: &'static str) -> Result<T, PckError> {
    slot.ok_or(PckError::Missing { member })
}

#[cfg(test)]
mod tests;
