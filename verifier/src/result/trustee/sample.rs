//! What Trustee says of CoCo's sample evidence: the version it claims, and constants that policies are tried out with.

use crate::check::Fact;
use crate::evidence::Tee;
use crate::verify::Sample;

pub(super) fn claims(sample: &Sample) -> Fact {
    let mut claims = Vec::new();
    if let Some(svn) = &sample.svn {
        claims.push(("svn", Fact::Text(svn.clone().into())));
    }
    if sample.tee == Tee::Sample {
        claims.extend([
            ("launch_digest", Fact::text("abcde")),
            ("platform_version", Fact::Map(vec![("major", Fact::Number(1)), ("minor", Fact::Number(4))])),
            ("debug", Fact::Bool(false)),
        ]);
    }
    Fact::Map(claims)
}
