//! The key broker: releases secrets to attested guests over the CoCo protocol.

use std::process::ExitCode;

fn main() -> ExitCode {
    kbs::run(std::env::args_os())
}
