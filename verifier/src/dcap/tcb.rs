//! From security versions to a TCB status: which of Intel's levels the platform, the TDX module and the quoting
//! enclave reach, and what that makes together.

use std::collections::BTreeSet;

use crate::dcap::pck::PckExtension;
use crate::dcap::qe_identity::SvnLevel;
use crate::dcap::status::TcbStatus;
use crate::dcap::tcb_info::{PlatformLevel, TcbInfo};
use crate::error::Missing;
use crate::tdx::TdReport;
use crate::time::UnixTime;

/// What is known of the TCB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcbOutcome {
    /// Nothing: this endorsement was not given.
    Absent(Missing),
    /// Judged by Intel's collateral.
    Evaluated(Box<Tcb>),
}

/// The TCB as Intel judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tcb {
    /// All parts together.
    pub status: TcbStatus,
    /// The oldest date among the levels of the parts; `None` where no level matches.
    pub date: Option<UnixTime>,
    /// The advisories of all parts, sorted; none where no level matches.
    pub advisories: Vec<String>,
    /// The TCB info's `tcbEvaluationDataNumber`.
    pub evaluation_number: u32,
    /// The QE identity's `tcbEvaluationDataNumber`.
    pub qe_evaluation_number: u32,
    /// The platform, by CPUSVN, PCESVN and TEE_TCB_SVN.
    pub platform: TcbPart,
    /// The TDX module, if it has a level of its own (TDX 1.5).
    pub module: Option<TcbPart>,
    /// The quoting enclave.
    pub qe: TcbPart,
    /// The platform as it is by now, by TEE_TCB_SVN2 (TD 1.5 reports).
    pub current: Option<CurrentTcb>,
}

/// The TCB of a TD 1.5's platform after updates, or a migration, that the TD survived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentTcb {
    /// All parts together.
    pub status: TcbStatus,
    /// The platform alone.
    pub platform: TcbPart,
}

/// One part of the TCB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcbPart {
    /// The status of its level, or `NoMatch`.
    pub status: TcbStatus,
    /// The date of its level.
    pub date: Option<UnixTime>,
    /// The advisories of its level.
    pub advisories: Vec<String>,
}

/// Evaluates a platform by collateral that was verified and belongs to it (Intel's QVL, EvaluateTcb.cpp).
///
/// `td` is the TD's report, or `None` for SGX. That the TDX module's identity is known is checked before.
pub(super) fn evaluate(
    info: &TcbInfo,
    qe_evaluation_number: u32,
    qe_level: Option<&SvnLevel>,
    pck: &PckExtension,
    td: Option<&TdReport>,
) -> Tcb {
    let launch_svn = td.map(|td| &td.tee_tcb_svn);
    let platform = platform_level(info, pck, launch_svn).map_or_else(TcbPart::no_match, TcbPart::from);
    let module = launch_svn.and_then(|svn| module_part(info, svn));
    let qe = qe_level.map_or_else(TcbPart::no_match, TcbPart::from);

    let launch = merge(&platform, module.as_ref(), &qe);
    let current = td.and_then(|td| td.v15.as_ref()).map(|v15| {
        let svn = &v15.tee_tcb_svn2;
        let platform = platform_level(info, pck, Some(svn)).map_or_else(TcbPart::no_match, TcbPart::from);
        let status = merge(&platform, module_part(info, svn).as_ref(), &qe);
        CurrentTcb { status, platform }
    });
    let status = current.as_ref().map_or(launch, |current| launch.relaunch(current.status));

    let parts = [Some(&platform), module.as_ref(), Some(&qe)];
    let (date, advisories) = if status == TcbStatus::NoMatch {
        (None, Vec::new())
    } else {
        let parts = || parts.iter().flatten();
        let advisories: BTreeSet<&String> = parts().flat_map(|part| &part.advisories).collect();
        (parts().filter_map(|part| part.date).min(), advisories.into_iter().cloned().collect())
    };
    let evaluation_number = info.evaluation_number();
    Tcb { status, date, advisories, evaluation_number, qe_evaluation_number, platform, module, qe, current }
}

fn merge(platform: &TcbPart, module: Option<&TcbPart>, qe: &TcbPart) -> TcbStatus {
    let module = module.map_or(TcbStatus::UpToDate, |part| part.status);
    platform.status.converge(module).converge(qe.status)
}

/// The first level that every component reaches. From module version 1 on, the TDX components 0 and 1 are the
/// module's own and are judged by its identity.
fn platform_level<'a>(
    info: &'a TcbInfo,
    pck: &PckExtension,
    tee_tcb_svn: Option<&[u8; 16]>,
) -> Option<&'a PlatformLevel> {
    info.levels().iter().find(|level| {
        reaches(&pck.components, &level.sgx, 0)
            && pck.pce_svn >= level.pce_svn
            && match (tee_tcb_svn, &level.tdx) {
                (Some(svn), Some(wanted)) => {
                    reaches(svn, wanted, if module_version(svn) == 0 { 0 } else { 2 })
                }
                // The parser gives TDX components to exactly the levels of a TCB info for TDX.
                (Some(_), None) | (None, Some(_)) => false,
                (None, None) => true,
            }
    })
}

fn reaches(found: &[u8; 16], wanted: &[u8; 16], skip: usize) -> bool {
    found.iter().zip(wanted).skip(skip).all(|(found, wanted)| found >= wanted)
}

/// The TDX module by its own levels; version 0 has none.
fn module_part(info: &TcbInfo, svn: &[u8; 16]) -> Option<TcbPart> {
    let version = module_version(svn);
    if version == 0 {
        return None;
    }
    let [isv_svn, ..] = *svn;
    let level = info.module_version(version).and_then(|identity| identity.level(isv_svn));
    Some(level.map_or_else(TcbPart::no_match, TcbPart::from))
}

/// TEE_TCB_SVN byte 1: the TDX module's major version.
pub(super) const fn module_version(svn: &[u8; 16]) -> u8 {
    let [_, version, ..] = *svn;
    version
}

impl TcbPart {
    const fn no_match() -> Self {
        Self { status: TcbStatus::NoMatch, date: None, advisories: Vec::new() }
    }
}

impl From<&PlatformLevel> for TcbPart {
    fn from(level: &PlatformLevel) -> Self {
        Self { status: level.status, date: Some(level.date), advisories: level.advisories.clone() }
    }
}

impl From<&SvnLevel> for TcbPart {
    fn from(level: &SvnLevel) -> Self {
        Self { status: level.status, date: Some(level.date), advisories: level.advisories.clone() }
    }
}

#[cfg(test)]
mod tests;
