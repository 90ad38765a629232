//! Mints evidence, certificates, CRLs and collateral under simulated vendor roots; never for production.
