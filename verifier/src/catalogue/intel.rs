//! Checks of TDX and SGX evidence.

use super::Entry;

/// A rule of DCAP under the name that it has for each of the two TEEs.
macro_rules! both {
    ($(($name:literal, $asks:literal, $input:literal, $source:literal, $threat:literal, $mend:literal, $tests:expr),)*) => {
        &[$(
            Entry {
                id: concat!("tdx.", $name),
                asks: $asks,
                input: $input,
                policy: "",
                source: $source,
                threat: $threat,
                mend: $mend,
                tests: $tests,
            },
            Entry {
                id: concat!("sgx.", $name),
                asks: $asks,
                input: $input,
                policy: "",
                source: $source,
                threat: $threat,
                mend: $mend,
                tests: $tests,
            },
        )*]
    };
}

pub(super) const QUOTES: &[Entry] = both![
    (
        "pck.chain",
        "The quote carries one PCK certificate and the certificate of its issuer, in any order.",
        "certification data of type 5",
        "Intel SGX PCK Certificate and CRL Profile section 1.3",
        "PEM chains with extra or reordered certificates",
        "let the quoting library send the whole chain",
        &[
            "takes_the_chain_in_any_order_and_with_more_in_it",
            "passes_over_what_it_cannot_read_and_does_not_need",
            "refuses_what_is_no_chain_of_certificates"
        ]
    ),
    (
        "pck.anchor",
        "A pinned root's key signed the PCK CA.",
        "PCK CA certificate",
        "Intel SGX root key, pinned",
        "a self-made hierarchy with Intel's names",
        "nothing: the platform is not Intel's",
        &["refuses_a_self_made_hierarchy_with_intels_names", "refuses_links_that_another_key_signed"]
    ),
    (
        "pck.signature",
        "The PCK CA signed the PCK certificate, which is no authority.",
        "PCK certificate",
        "Intel SGX PCK Certificate and CRL Profile section 1.3",
        "an intermediate accepted as a root",
        "nothing: the certificate is not Intel's",
        &[
            "refuses_links_that_another_key_signed",
            "takes_the_issuer_whose_key_signed_among_those_of_its_name",
            "refuses_certificates_without_their_rights"
        ]
    ),
    (
        "pck.validity",
        "Root, CA and PCK certificate are inside their validity.",
        "notBefore and notAfter, and the instant",
        "RFC 5280 section 4.1.2.5",
        "certificates past their time",
        "fetch a new PCK certificate, or verify at the instant of the quote",
        &["asks_for_every_certificate_inside_its_validity_to_the_second"]
    ),
    (
        "pck.extension",
        "The SGX extension has every member once and none unknown.",
        "extension 1.2.840.113741.1.13.1",
        "Intel SGX PCK Certificate and CRL Profile section 1.3",
        "extensions twice, absent, or of a like name",
        "nothing: the certificate is malformed",
        &["refuses_an_extension_that_is_not_as_intel_writes_it"]
    ),
    (
        "qe.report.signature",
        "The PCK signed the quoting enclave's report.",
        "QE report and its signature",
        "Intel TDX DCAP Quoting Library API appendix A.3; SGX ECDSA Quote Library API appendix A.4",
        "forged quotes; r or s of 0 or at least n",
        "nothing: the quote is forged or damaged",
        &["refuses_a_quoting_enclave_that_the_pck_did_not_sign"]
    ),
    (
        "qe.report.binding",
        "The quoting enclave vouches for the attestation key.",
        "report data of the QE report",
        "Intel TDX DCAP Quoting Library API appendix A.3; SGX ECDSA Quote Library API appendix A.4",
        "an attestation key of somebody else's",
        "nothing: the quote is forged or damaged",
        &["refuses_an_attestation_key_that_the_quoting_enclave_does_not_vouch_for"]
    ),
    (
        "quote.signature",
        "The attestation key signed header and body, as received.",
        "header, body descriptor and body",
        "Intel TDX DCAP Quoting Library API appendix A.3; SGX ECDSA Quote Library API appendix A.4",
        "forged or changed quotes; bytes that are hashed and not parsed",
        "nothing: the quote is forged or damaged",
        &[
            "refuses_a_quote_that_the_attestation_key_did_not_sign",
            "refuses_an_attestation_key_that_is_no_point_of_the_curve"
        ]
    ),
    (
        "binding.report-data",
        "The evidence carries the report data that the caller expects.",
        "REPORTDATA",
        "RFC 9334 section 10",
        "replay and relay",
        "attest again in this session, with this key",
        &["refuses_other_bindings"]
    ),
    (
        "binding.host-data",
        "The evidence carries the host data that the caller expects.",
        "TDX: MRCONFIGID; SGX: CONFIGID",
        "RFC 9334 section 10",
        "init-data of another guest",
        "launch the guest with the digest of the init-data that it sends",
        &["refuses_other_bindings"]
    ),
    (
        "tcb-info.found",
        "There is TCB info for this TEE, FMSPC and PCE.",
        "the endorsements",
        "Intel PCS API, TCB Info and Enclave Identity",
        "collateral of another platform or type",
        "give the TCB info of this FMSPC",
        &[
            "without_collateral_the_quote_is_believed_and_its_tcb_is_not_known",
            "refuses_collateral_for_something_else",
            "refuses_tcb_info_that_means_something_else_or_two_things"
        ]
    ),
    (
        "tcb-info.validity",
        "The TCB info is inside its validity.",
        "issueDate and nextUpdate, and the instant",
        "Intel PCS API, TCB Info and Enclave Identity",
        "stale collateral",
        "fetch the current TCB info",
        &["asks_for_collateral_inside_its_validity_to_the_second"]
    ),
    (
        "tcb-info.signature",
        "Intel's TCB signer, under the pinned root, signed the TCB info as received.",
        "TCB info and its signature, TCB signing chain",
        "Intel PCS API, TCB Info and Enclave Identity",
        "forged collateral (CVE-2026-22696)",
        "fetch the TCB info with its signing chain anew",
        &[
            "refuses_collateral_that_the_tcb_signer_did_not_sign",
            "refuses_a_tcb_signer_that_is_not_intels",
            "refuses_a_member_that_stands_twice_although_both_were_signed"
        ]
    ),
    (
        "qe-identity.found",
        "There is a QE identity for this TEE.",
        "the endorsements",
        "Intel PCS API, TCB Info and Enclave Identity",
        "the identity of another enclave",
        "give the QE identity (SGX) or TD QE identity (TDX)",
        &[
            "without_collateral_the_quote_is_believed_and_its_tcb_is_not_known",
            "refuses_collateral_for_something_else"
        ]
    ),
    (
        "qe-identity.validity",
        "The QE identity is inside its validity.",
        "issueDate and nextUpdate, and the instant",
        "Intel PCS API, TCB Info and Enclave Identity",
        "stale collateral",
        "fetch the current QE identity",
        &["asks_for_collateral_inside_its_validity_to_the_second"]
    ),
    (
        "qe-identity.signature",
        "Intel's TCB signer, under the pinned root, signed the QE identity as received.",
        "QE identity and its signature",
        "Intel PCS API, TCB Info and Enclave Identity",
        "an identity whose signature nobody checked (CVE-2026-22696)",
        "fetch the QE identity with its signing chain anew",
        &["refuses_collateral_that_the_tcb_signer_did_not_sign"]
    ),
    (
        "qe.identity",
        "The quoting enclave is Intel's: signer, product, MISCSELECT and ATTRIBUTES under their masks.",
        "QE report and QE identity",
        "Intel PCS API, Enclave Identity V2",
        "a quoting enclave of somebody else's, or under debug",
        "update the platform's quoting enclave",
        &["refuses_another_quoting_enclave"]
    ),
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "tdx.module.identity",
        asks: "The TDX module is signed by the signer that the TCB info names, with its attributes.",
        input: "MRSIGNERSEAM, SEAMATTRIBUTES, TEE_TCB_SVN",
        policy: "",
        source: "Intel PCS API, TCB Info V3, tdxModule and tdxModuleIdentities",
        threat: "a module of another signer; a list of exact measurements that blocks upgrades",
        mend: "update the TDX module, or give TCB info that knows its version",
        tests: &["refuses_another_tdx_module", "the_measurement_of_the_module_is_compared_on_request_alone"],
    },
    Entry {
        id: "appraise.intel.fmspc",
        asks: "The platform's model is not denied.",
        input: "FMSPC of the PCK certificate",
        policy: "tcb.deny_fmspcs",
        source: "Intel SGX PCK Certificate and CRL Profile section 1.3.5",
        threat: "models whose keys are out",
        mend: "move the workload to another model",
        tests: &["a_denied_model_is_contraindicated_whatever_its_tcb"],
    },
    Entry {
        id: "appraise.intel.ppid",
        asks: "The platform is on the list of PPIDs.",
        input: "PPID of the PCK certificate",
        policy: "tcb.ppids",
        source: "Intel SGX PCK Certificate and CRL Profile section 1.3.5",
        threat: "genuine hardware in the wrong hands",
        mend: "list the platform, or move the workload to one that is listed",
        tests: &[
            "a_platform_that_is_not_on_the_list_is_contraindicated",
            "an_id_that_is_absent_or_zero_is_on_no_list",
        ],
    },
    Entry {
        id: "appraise.intel.platform-instance",
        asks: "The platform is on the list of platform instances.",
        input: "platform instance id of the PCK certificate",
        policy: "tcb.platform_instances",
        source: "Intel SGX PCK Certificate and CRL Profile section 1.3.5",
        threat: "genuine hardware in the wrong hands",
        mend: "list the platform, or move the workload to one that is listed",
        tests: &[
            "a_platform_that_is_not_on_the_list_is_contraindicated",
            "an_id_that_is_absent_or_zero_is_on_no_list",
        ],
    },
    Entry {
        id: "appraise.tdx.sept-ve-disable",
        asks: "The host cannot inject #VE by unmapping a page.",
        input: "TDATTRIBUTES bit 28",
        policy: "tdx.require_sept_ve_disable",
        source: "Intel TDX Module ABI, ATTRIBUTES",
        threat: "interrupt and exception injection",
        mend: "launch the TD with SEPT_VE_DISABLE",
        tests: &["attributes_are_contraindicated_unless_named"],
    },
    Entry {
        id: "appraise.tdx.service-td",
        asks: "No service TD is bound.",
        input: "MRSERVICETD, the hashes of the extended report, SERVTD_EXT",
        policy: "tdx.danger_allow_service_td",
        source: "Intel TDX Module ABI, service TDs",
        threat: "a migration TD that nobody appraised",
        mend: "launch the TD without a service TD",
        tests: &[
            "a_bound_service_td_is_contraindicated_wherever_the_report_shows_it",
            "attributes_are_contraindicated_unless_named",
        ],
    },
    Entry {
        id: "appraise.tdx.attributes",
        asks: "No attribute without a published meaning is set.",
        input: "TDATTRIBUTES",
        policy: "tdx.danger_allow_attribute_bits",
        source: "Intel TDX Module ABI, ATTRIBUTES",
        threat: "fields that are not understood",
        mend: "update this verifier, or name the bits",
        tests: &["attributes_are_contraindicated_unless_named"],
    },
    Entry {
        id: "appraise.tdx.attributes.together",
        asks: "No attributes stand together that the TDX module excludes.",
        input: "TDATTRIBUTES",
        policy: "",
        source: "Intel TDX module, verify_td_attributes",
        threat: "fields that are not understood",
        mend: "find out which module made the report",
        tests: &["attributes_that_the_module_never_gives_together_are_contraindicated"],
    },
    Entry {
        id: "appraise.tdx.attributes.named",
        asks: "The attributes that the policy asks for are set, those that it forbids are not.",
        input: "TDATTRIBUTES",
        policy: "tdx.require_attributes, tdx.forbid_attributes",
        source: "Intel TDX Module ABI, ATTRIBUTES",
        threat: "performance counters and other windows into a TD",
        mend: "launch the TD with other attributes",
        tests: &["attributes_are_required_and_forbidden_by_name"],
    },
    Entry {
        id: "appraise.tdx.xfam",
        asks: "The extended CPU features are whole, allowed, and those that are asked for.",
        input: "XFAM",
        policy: "tdx.xfam_required, tdx.xfam_allowed",
        source: "Intel TDX Module base specification, XFAM",
        threat: "fields that are not understood",
        mend: "launch the TD with other features",
        tests: &["a_td_has_x87_and_sse_and_no_feature_that_intel_has_not_defined"],
    },
    Entry {
        id: "appraise.sgx.flags",
        asks: "The enclave is initialised, in 64-bit mode, and has no flag without a published meaning.",
        input: "ATTRIBUTES.FLAGS",
        policy: "sgx.danger_allow_flag_bits",
        source: "Intel SDM vol. 3D section 34.7.1",
        threat: "fields that are not understood",
        mend: "update this verifier, or name the bits",
        tests: &["flags_that_gramine_and_occlum_set_are_known_and_others_contraindicated"],
    },
    Entry {
        id: "appraise.sgx.flags.named",
        asks: "The flags that the policy asks for are set, those that it forbids are not.",
        input: "ATTRIBUTES.FLAGS",
        policy: "sgx.require_flags, sgx.forbid_flags",
        source: "Intel SDM vol. 3D section 34.7.1",
        threat: "enclaves with keys that they need not have",
        mend: "sign the enclave with other attributes",
        tests: &["flags_are_required_and_forbidden_by_name"],
    },
    Entry {
        id: "appraise.sgx.flags.masked",
        asks: "The flags are as wanted under the policy's mask.",
        input: "ATTRIBUTES.FLAGS",
        policy: "sgx.flags",
        source: "Intel SDM vol. 3D section 34.7.1",
        threat: "enclaves built in another way",
        mend: "sign the enclave with other attributes",
        tests: &["attributes_and_miscselect_are_compared_under_their_masks"],
    },
    Entry {
        id: "appraise.sgx.xfrm",
        asks: "The extended CPU features are as wanted under the policy's mask.",
        input: "ATTRIBUTES.XFRM",
        policy: "sgx.xfrm",
        source: "Intel SDM vol. 3D section 34.7.2",
        threat: "enclaves built in another way",
        mend: "sign the enclave with other attributes",
        tests: &["attributes_and_miscselect_are_compared_under_their_masks"],
    },
    Entry {
        id: "appraise.sgx.misc-select",
        asks: "MISCSELECT is as wanted under the policy's mask.",
        input: "MISCSELECT",
        policy: "sgx.misc_select",
        source: "Intel SDM vol. 3D section 34.7.3",
        threat: "enclaves built in another way",
        mend: "sign the enclave with another MISCSELECT",
        tests: &["attributes_and_miscselect_are_compared_under_their_masks"],
    },
];
