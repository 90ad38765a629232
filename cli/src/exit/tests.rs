use anyhow::Context as _;

use super::*;

#[test]
fn a_cause_is_said_once() {
    let cause: anyhow::Result<()> = Err(anyhow::anyhow!("no such file"));
    let twice = cause.context("key: no such file").context("--key").unwrap_err();
    assert_eq!(told(&twice), "--key: key: no such file");
    let each: anyhow::Result<()> = Err(anyhow::anyhow!("why"));
    assert_eq!(told(&each.context("where").context("what").unwrap_err()), "what: where: why");
}
