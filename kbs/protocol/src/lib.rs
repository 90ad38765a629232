//! The CoCo key broker protocol: wire types, report-data binding, JWE; pure.
