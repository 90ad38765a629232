//! The pinned certificates. Validity stands here for the reader; the verifier reads it from the certificate.

use crate::certificate::{Role, Vendor, VendorCert, fingerprint};

/// Every root that the product trusts: the certificates at which a chain may end.
///
/// Intel is pinned by key: the root of 2018–2033 and the current one, 2018–2049, carry the same key, and PCK chains in
/// the field hold either. NVIDIA's two roots vouch for different things (devices, reference measurements).
pub const ROOTS: &[VendorCert] = &[
    // Valid 2020-10-22 to 2045-10-22.
    VendorCert {
        name: "amd-ark-milan",
        vendor: Vendor::Amd,
        role: Role::Root,
        der: include_bytes!("../amd/milan/ark.der"),
        sha256: fingerprint("69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"),
        spki_sha256: fingerprint("9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9"),
        provenance: "pkg:cargo/sev@8.0.0#src/certs/snp/builtin/milan/ark.pem (Apache-2.0)",
    },
    // Valid 2022-01-26 to 2047-01-26.
    VendorCert {
        name: "amd-ark-genoa",
        vendor: Vendor::Amd,
        role: Role::Root,
        der: include_bytes!("../amd/genoa/ark.der"),
        sha256: fingerprint("4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"),
        spki_sha256: fingerprint("429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831"),
        provenance: "pkg:cargo/sev@8.0.0#src/certs/snp/builtin/genoa/ark.pem (Apache-2.0)",
    },
    // Valid 2023-05-15 to 2048-05-15.
    VendorCert {
        name: "amd-ark-turin",
        vendor: Vendor::Amd,
        role: Role::Root,
        der: include_bytes!("../amd/turin/ark.der"),
        sha256: fingerprint("1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a"),
        spki_sha256: fingerprint("4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08"),
        provenance: "pkg:cargo/sev@8.0.0#src/certs/snp/builtin/turin/ark.pem (Apache-2.0)",
    },
    // Valid 2018-05-21 to 2049-12-31.
    VendorCert {
        name: "intel-sgx-root",
        vendor: Vendor::Intel,
        role: Role::Root,
        der: include_bytes!("../intel/sgx-root.der"),
        sha256: fingerprint("44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"),
        spki_sha256: fingerprint("a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e"),
        provenance: "pkg:cargo/dcap-qvl@0.7.1#src/TrustedRootCA.der (MIT)",
    },
    // Valid 2021-11-05 to 9999-12-31.
    VendorCert {
        name: "nvidia-device-identity-root",
        vendor: Vendor::Nvidia,
        role: Role::Root,
        der: include_bytes!("../nvidia/device-identity-root.der"),
        sha256: fingerprint("102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48"),
        spki_sha256: fingerprint("a90c4eb5acfd3e3d03a25db6a26b84f720ad0503196c627c21ddd48dd85b06a4"),
        provenance: "pkg:pypi/nv-attestation-sdk@2.7.3#nv_attestation_sdk/verifiers/nv_switch_verifier/certs/verifier_device_root.pem (Apache-2.0)",
    },
    // Valid 2023-03-16 to 2053-03-08.
    VendorCert {
        name: "nvidia-rim-root",
        vendor: Vendor::Nvidia,
        role: Role::Root,
        der: include_bytes!("../nvidia/rim-root.der"),
        sha256: fingerprint("12977b5115acb0381179279fffeb5a8c4d264971ebb32298023a465fa41df5d1"),
        spki_sha256: fingerprint("dec1dc316477aa851eebdf51327ae9f864bc8d89254657ed1e7eb9168af1e1a3"),
        provenance: "pkg:pypi/nv-attestation-sdk@2.7.3#nv_attestation_sdk/verifiers/nv_switch_verifier/certs/verifier_RIM_root.pem (Apache-2.0)",
    },
    // Valid 2019-10-28 to 2049-10-28.
    VendorCert {
        name: "aws-nitro-root-g1",
        vendor: Vendor::Aws,
        role: Role::Root,
        der: include_bytes!("../aws/nitro-root-g1.der"),
        sha256: fingerprint("641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"),
        spki_sha256: fingerprint("f2caf5ecc6190b4a8399b78bc58a2bbcd0382375db8a1bfd78a82743874fd225"),
        provenance: "pkg:cargo/aws-nitro-enclaves-attestation@0.1.0#tests/data/aws_root.der (Apache-2.0)",
    },
];

/// Issuers that every SNP chain needs and that guests often leave out: AMD's ASKs. Never anchors.
///
/// The ASVKs, which issue VLEKs, are not here: no package in a registry carries them. They come with the evidence or as
/// endorsements, and the ARK vouches for them as it does for an ASK.
pub const INTERMEDIATES: &[VendorCert] = &[
    // Valid 2020-10-22 to 2045-10-22.
    VendorCert {
        name: "amd-ask-milan",
        vendor: Vendor::Amd,
        role: Role::Intermediate,
        der: include_bytes!("../amd/milan/ask.der"),
        sha256: fingerprint("67d303bd3905fd38db8b20e0793699870e7fa612eaad5dec358293fd8c0bac1b"),
        spki_sha256: fingerprint("42491669ccb851d627ea9846cd24eccbeb7de7c2a62740120fff88001d38ebb6"),
        provenance: "pkg:cargo/sev@8.0.0#src/certs/snp/builtin/milan/ask.pem (Apache-2.0)",
    },
    // Valid 2022-10-31 to 2047-10-31.
    VendorCert {
        name: "amd-ask-genoa",
        vendor: Vendor::Amd,
        role: Role::Intermediate,
        der: include_bytes!("../amd/genoa/ask.der"),
        sha256: fingerprint("5464738c1546aed5f2cecf1dc98c5c960a92e8913238a61711bc90ec6e828521"),
        spki_sha256: fingerprint("0324d55bcd48ba877a8fd87c0e1b4934dec8448e3807a24384a34dc6a6c9ebb8"),
        provenance: "pkg:cargo/sev@8.0.0#src/certs/snp/builtin/genoa/ask.pem (Apache-2.0)",
    },
    // Valid 2023-05-15 to 2048-05-15.
    VendorCert {
        name: "amd-ask-turin",
        vendor: Vendor::Amd,
        role: Role::Intermediate,
        der: include_bytes!("../amd/turin/ask.der"),
        sha256: fingerprint("5b77ef5fe7a7a004fd9032668fba9d0fda22f88c4442069a479636a6ae3b3185"),
        spki_sha256: fingerprint("0000ead352025f208bf55297c4192c34cd1b878002107366d8f2065a9ae7d3a9"),
        provenance: "pkg:cargo/sev@8.0.0#src/certs/snp/builtin/turin/ask.pem (Apache-2.0)",
    },
];
