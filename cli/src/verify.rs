//! `vouchsafe verify`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use verifier::anchors::Anchors;
use verifier::appraise::Wanted;
use verifier::trust::Scope;
use verifier::verdict::{Context, Verdict, assess_decoded};

use crate::args::{Appraise, Format, VerifyArgs};
use crate::inputs::Asked;
use crate::result::Signer;
use crate::{explain, inputs, report, result, system};

/// Reads, verifies, prints; the exit code is the verdict's.
pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    if args.online {
        bail!("--online: this build cannot fetch from vendors; give the files with --endorsements");
    }
    if args.sign_key.is_some() && matches!(args.format, None | Some(Format::Verdict)) {
        bail!("--sign-key: only results of --format ear, ear-trustee and cmw are signed");
    }
    let signer = args.sign_key.as_deref().map(Signer::read).transpose()?;
    let (verdict, asked) = judge(args)?;
    let text = match args.format {
        Some(format) => result::write(&verdict, &asked, format, signer.as_ref())?,
        None if args.json => result::verdict(&verdict)?,
        None => {
            let mut text = report::render(&verdict, system::colour(), system::width());
            if args.explain {
                text.push_str(&explain::of_verdict(&verdict, system::colour()));
            }
            text
        }
    };
    system::print(&text)?;
    Ok(ExitCode::from(verdict.exit_code()))
}

fn judge(args: &VerifyArgs) -> anyhow::Result<(Verdict, Asked)> {
    let tee = inputs::tee(args.tee.as_deref())?;
    let now = inputs::instant(args.at.as_deref())?;
    let policy = inputs::policy(args)?;
    let asked = inputs::asked(args)?;
    let loaded = inputs::endorsements(&args.endorsements)?;
    let decoded = inputs::decoded(args, tee)?;
    let anchors = Anchors::vendor().context("the pinned roots")?;
    let scope = match args.appraise {
        Appraise::Hardware => Scope::Hardware,
        Appraise::Full => Scope::Full,
    };
    let context = Context {
        endorsements: &loaded.endorsements,
        anchors: &anchors,
        expected: &asked.expected,
        wanted: Wanted { reference_values: &asked.reference_values, expectations: &asked.expectations },
        policy: &policy,
        scope,
    };
    let verdict = assess_decoded(decoded, tee, &context, now);
    Ok((verdict, asked))
}
