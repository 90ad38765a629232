//! The key broker: releases secrets to attested guests over the CoCo protocol.

fn main() {}
