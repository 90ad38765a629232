//! On real reports and edited copies of them; what needs other certificates is minted in the `tests` package.

mod claimed;
mod evidence;
mod id_block;
mod layout;
mod minted;
mod table;

/// Milan, report version 2, signed by a VCEK.
const MILAN_REPORT: &[u8] =
    include_bytes!("../../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/report.bin");
const MILAN_VCEK: &[u8] = include_bytes!("../../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/vek.der");
const MILAN_ASK: &[u8] = include_bytes!("../../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/ask.der");
const MILAN_ARK: &[u8] = include_bytes!("../../../../fixtures/snp/snp-120d77b213-milan-v2-vcek/ark.der");

/// Genoa, report version 2, VMPL 1, signed by a VCEK.
const GENOA_REPORT: &[u8] =
    include_bytes!("../../../../fixtures/snp/snp-8253e98e04-genoa-v2-vcek/report.bin");
const GENOA_VCEK: &[u8] = include_bytes!("../../../../fixtures/snp/snp-8253e98e04-genoa-v2-vcek/vek.der");

const TURIN_VCEK: &[u8] = include_bytes!("../../../../fixtures/certificates/vcek-turin.der");
