//! Which of the ID blocks among the endorsements is about a report, and what it says.

use super::id_block::{Contents, IdBlockState, Launched};
use super::report::Report;
use crate::check::Trail;
use crate::endorsements::Endorsements;

/// The ID block for this report: of those by the report's ID key, one with the report's launch digest if there is any.
///
/// An owner signs each image with one key, so a folder may hold very many by that key; all but a few are told apart by
/// their launch digest, and signatures are checked of few.
pub(super) fn id_block(report: &Report<'_>, endorsements: &Endorsements, trail: &mut Trail) -> IdBlockState {
    let launched = Launched {
        contents: Contents {
            launch_digest: *report.measurement,
            family_id: *report.family_id,
            image_id: *report.image_id,
            guest_svn: report.guest_svn,
            policy: report.policy,
        },
        id_key_digest: report.id_key_digest,
        author_key_digest: report.author_key_en.then_some(report.author_key_digest),
    };
    let by_key = || {
        let given = endorsements.id_blocks().iter();
        given.filter(|item| item.value.id_key_digest() == launched.id_key_digest)
    };
    // One that fits in every field first: an owner may sign one image for several policies or versions.
    let fitting = by_key().filter(|item| item.value.contents == launched.contents);
    let of_image = by_key().filter(|item| item.value.contents.launch_digest == *report.measurement);
    let mut refuted = None;
    for item in fitting.take(MAX_TRIED).chain(of_image.take(1)).chain(by_key().take(1)) {
        match item.value.check(&launched) {
            Ok(()) => {
                trail.used(item.id);
                return IdBlockState::Verified {
                    id_key_digest: *launched.id_key_digest,
                    author_key_digest: launched.author_key_digest.copied(),
                    guest_svn: report.guest_svn,
                };
            }
            Err(mismatch) => refuted = refuted.or(Some((item.id, mismatch))),
        }
    }
    match refuted {
        Some((id, mismatch)) => {
            trail.used(id);
            IdBlockState::Refuted(mismatch)
        }
        None => IdBlockState::Absent,
    }
}

/// Signatures are checked of few ID blocks, whatever was given.
const MAX_TRIED: usize = 4;
