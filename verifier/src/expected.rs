//! What the caller expects the evidence to be bound to.

/// An expectation, or the loud absence of one.
///
/// There is no default: a caller that does not check has to type [`Expect::NotChecked`], and the verdict shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect<T> {
    /// The evidence must carry exactly this.
    Equals(T),
    /// Nobody asked; the check's outcome is `not-checked`.
    NotChecked,
}

/// The bindings that make evidence fresh and somebody's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The 64 bytes that the guest put into the report: SNP REPORT_DATA, TDX REPORTDATA, SGX report_data.
    pub report_data: Expect<[u8; 64]>,
    /// What the host put in at launch: SNP HOST_DATA (32 bytes), TDX MRCONFIGID (48), SGX CONFIGID (64).
    pub host_data: Expect<Vec<u8>>,
}

impl Expected {
    /// Asks for nothing: evidence verified so is genuine, and may be anybody's and of any age.
    pub const fn nothing() -> Self {
        Self { report_data: Expect::NotChecked, host_data: Expect::NotChecked }
    }

    /// Asks for this report data and nothing else.
    pub const fn report_data(data: [u8; 64]) -> Self {
        Self { report_data: Expect::Equals(data), host_data: Expect::NotChecked }
    }
}
