//! Real evidence with its endorsements, each case at the instant that its index states.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use system_tests::fixtures::{self, FixtureTee, read};
use verifier::anchors::Anchors;
use verifier::evidence::Tee;
use verifier::expected::Expected;
use verifier::policy::Policy;
use verifier::time::UnixTime;

use crate::piece::{Asked, File, Piece};

/// Every case of every entry below `root`.
pub(crate) fn pieces(set: &str, root: &Path, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<Vec<Piece>> {
    let anchors = Arc::new(Anchors::vendor()?);
    let mut pieces = Vec::new();
    for entry in fixtures::index(root) {
        for case in entry.cases() {
            let collateral = case.collateral.iter().map(|name| format!("/{name}")).collect::<String>();
            let name = format!("{set}/{}{collateral}", entry.dir);
            if !wanted(&name) {
                continue;
            }
            let evidence = if entry.tee == FixtureTee::Snp { "report.bin" } else { "quote.bin" };
            let mut files = vec![File::new(evidence, entry.evidence(root))];
            let endorsements = entry.endorsements(root, &case).into_iter();
            files.extend(endorsements.map(|(name, bytes)| File::new(name, bytes)));
            pieces.push(Piece { name, tee: tee(entry.tee)?, files, asked: asked(&anchors, case.at) });
        }
    }
    Ok(pieces)
}

/// Quotes with what followed them in the wild, and collateral in the one file that dcap-qvl writes: judged at that
/// instant of the index at which quote and collateral are good.
pub(crate) fn untrimmed(wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<Vec<Piece>> {
    let root = fixtures::registry_root();
    let anchors = Arc::new(Anchors::vendor()?);
    let mut pieces = Vec::new();
    for kind in [FixtureTee::Tdx, FixtureTee::Sgx] {
        let name = format!("fixtures/untrimmed/{}", kind.as_str());
        if !wanted(&name) {
            continue;
        }
        let [quote, collateral] = ["quote.bin", "collateral.json"].map(|end| {
            let name = format!("{}-{end}", kind.as_str());
            File::new(name.clone(), read(&root.join("untrimmed").join(name)))
        });
        let mut instants = fixtures::index(&root).into_iter().flat_map(|entry| entry.cases());
        let piece = instants.find_map(|case| {
            let files = vec![quote.clone(), collateral.clone()];
            let asked = asked(&anchors, case.at);
            let piece = Piece { name: name.clone(), tee: tee(kind).ok()?, files, asked };
            let verdict = piece.judge(piece.evidence(), &piece.endorsements());
            (verdict.verified && verdict.error.is_none()).then_some(piece)
        });
        pieces.push(piece.with_context(|| format!("{name}: no instant of the index is good"))?);
    }
    Ok(pieces)
}

fn asked(anchors: &Arc<Anchors>, at: UnixTime) -> Asked {
    let (expected, policy) = (Expected::nothing(), Policy::default());
    Asked { anchors: Arc::clone(anchors), expected, policy, at }
}

fn tee(kind: FixtureTee) -> anyhow::Result<Tee> {
    Ok(kind.as_str().parse()?)
}
