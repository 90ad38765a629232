//! What policies written for Trustee read: every path of its default CPU policy, and the whole maps of its verifiers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sim::amd::{Product, SigningChoice};
use sim::intel::QuoteForm;
use sim::intel::event_log::EventLogFields;
use sim::x509::CrlFields;
use system_tests::minted::{NOW, REPORT_DATA};
use verifier::crypto::sha384;
use verifier::evidence::Tee;
use verifier::policy::{Policy, RevocationRule};
use verifier::result::Profile;

use super::{annotated, at, judge, result};
use crate::minted_dcap::case::{Dcap, INTEL};
use crate::minted_snp::case::Snp;

/// The paths that Trustee's `ear_default_policy_cpu.rego` reads for SNP and TDX, each with what minted evidence has
/// there. Its values are compared with reference values and constants of these very types; for SGX it reads nothing.
fn default_policy_reads() -> [(&'static str, Vec<(&'static str, Value)>); 2] {
    let snp = vec![
        ("snp.evidence.measurement", json!("4d".repeat(48))),
        ("snp.evidence.reported_tcb.bootloader", json!(10)),
        ("snp.evidence.reported_tcb.microcode", json!(88)),
        ("snp.evidence.reported_tcb.snp", json!(29)),
        ("snp.evidence.reported_tcb.tee", json!(0)),
        ("snp.evidence.policy.debug_allowed", json!(false)),
        ("snp.evidence.policy.migrate_ma_allowed", json!(false)),
        ("snp.evidence.policy.abi_major", json!(0)),
        ("snp.evidence.policy.abi_minor", json!(0)),
        ("snp.evidence.policy.single_socket_required", json!(false)),
        ("snp.evidence.policy.smt_allowed", json!(true)),
        ("snp.evidence.plat_info.smt_enabled", json!(true)),
        ("snp.evidence.plat_info.tsme_enabled", json!(false)),
    ];
    let tdx = vec![
        ("tdx.quote.header.tee_type", json!("81000000")),
        ("tdx.quote.header.vendor_id", json!("939a7233f79c4ca9940a0db3957f0607")),
        ("tdx.quote.body.mr_td", json!("4d".repeat(48))),
        ("tdx.quote.body.rtmr_1", json!("71".repeat(48))),
        ("tdx.quote.body.rtmr_2", json!("72".repeat(48))),
        ("tdx.quote.body.xfam", json!("e702060000000000")),
        ("tdx.td_attributes.debug", json!(false)),
        ("tdx.tcb_status", json!("UpToDate")),
        ("tdx.collateral_expiration_status", json!("0")),
    ];
    [("snp", snp), ("tdx", tdx)]
}

#[test]
fn every_path_that_trustees_default_policy_reads_has_its_value() {
    let [(_, snp), (_, tdx)] = default_policy_reads();
    for (input, paths) in [(annotated(&Snp::good().mint()), snp), (annotated(&Dcap::good().mint()), tdx)] {
        for (path, value) in paths {
            assert_eq!(at(&input, path), &value, "{path}");
        }
    }
}

/// The names and forms of `parse_tee_evidence` in Trustee's SNP verifier.
#[test]
fn the_map_of_an_snp_report_is_trustees_in_whole() {
    let tcb = json!({"fmc": null, "bootloader": 10, "tee": 0, "snp": 29, "microcode": 88});
    let input = annotated(&Snp::good().mint());
    let report = &input["snp"]["evidence"];
    let flat = json!({
        "measurement": "4d".repeat(48),
        "policy_abi_major": 0, "policy_abi_minor": 0, "policy_smt_allowed": true, "policy_migrate_ma": false,
        "policy_debug_allowed": false, "policy_single_socket": false,
        "reported_tcb_bootloader": 10, "reported_tcb_tee": 0, "reported_tcb_snp": 29,
        "reported_tcb_microcode": 88,
        "platform_tsme_enabled": false, "platform_smt_enabled": true,
        "generation": "genoa", "evidence": report,
    });
    assert_eq!(input["snp"], flat);
    let expected = json!({
        "version": 5, "guest_svn": report["guest_svn"],
        "policy": {
            "abi_major": 0, "abi_minor": 0, "smt_allowed": true, "migrate_ma_allowed": false,
            "debug_allowed": false, "single_socket_required": false, "cxl_allowed": false,
            "mem_aes_256_xts": false, "rapl_dis": false, "ciphertext_hiding": false,
            "page_swap_disabled": false,
        },
        "plat_info": {
            "smt_enabled": true, "tsme_enabled": false, "ecc_enabled": report["plat_info"]["ecc_enabled"],
            "rapl_disabled": false, "ciphertext_hiding_enabled": false, "alias_check_complete": true,
            "tio_enabled": false,
        },
        "key_info": {"author_key_en": false, "mask_chip_key": false, "signing_key": 0},
        "family_id": "00".repeat(16), "image_id": "00".repeat(16), "vmpl": 0, "sig_algo": 1,
        "current_tcb": tcb, "reported_tcb": tcb, "committed_tcb": tcb, "launch_tcb": tcb,
        "measurement": "4d".repeat(48), "report_data": hex::encode(REPORT_DATA), "host_data": "00".repeat(32),
        "id_key_digest": "00".repeat(48), "author_key_digest": "00".repeat(48),
        "report_id": report["report_id"], "report_id_ma": report["report_id_ma"],
        "cpu_id_fam_id": 0x19, "cpu_id_mod_id": report["cpu_id_mod_id"], "cpu_id_step": report["cpu_id_step"],
        "chip_id": report["chip_id"], "current": report["current"], "committed": report["committed"],
        "launch_mit_vector": report["launch_mit_vector"],
        "current_mit_vector": report["current_mit_vector"],
    });
    assert_eq!(report, &expected);
    assert_eq!(input["report_data"], hex::encode(REPORT_DATA));
    assert_eq!(input["init_data"], "00".repeat(32));
}

#[test]
fn what_an_older_report_lacks_is_null_and_a_vlek_and_an_fmc_show() {
    let milan = annotated(&Snp::of(Product::Milan, SigningChoice::Vlek).mint());
    let report = &milan["snp"]["evidence"];
    assert_eq!(report["key_info"]["signing_key"], 1);
    assert_eq!(milan["snp"]["generation"], "milan");
    let old = report["version"].as_u64().unwrap() < 5;
    assert_eq!(report["launch_mit_vector"].is_null(), old);
    let turin = annotated(&Snp::of(Product::Turin, SigningChoice::Vcek).mint());
    assert_eq!(turin["snp"]["evidence"]["reported_tcb"]["fmc"], 1);
}

/// The names of `generate_parsed_claim` in Trustee's TDX verifier and of `prepare_custom_claims_map` beside it.
#[test]
fn the_map_of_a_tdx_quote_is_trustees() {
    for (form, version, described) in [
        (QuoteForm::TdxV4, "0400", None),
        (QuoteForm::TdxV5Td10, "0500", Some(("0200", "48020000"))),
        (QuoteForm::TdxV5Td15, "0500", Some(("0300", "88020000"))),
        (QuoteForm::TdxV5Td15Ex, "0500", Some(("0400", "75030000"))),
    ] {
        let dcap = Dcap::of(form);
        let input = annotated(&dcap.mint());
        let tdx = &input["tdx"];
        let body = &tdx["quote"]["body"];
        let mut quote = json!({
            "header": {
                "version": version, "att_key_type": "0200", "tee_type": "81000000", "reserved": "00000000",
                "vendor_id": "939a7233f79c4ca9940a0db3957f0607",
                "user_data": tdx["quote"]["header"]["user_data"],
            },
            "body": body,
        });
        if let Some((kind, size)) = described {
            quote["type"] = json!(kind);
            quote["size"] = json!(size);
        }
        let extension = &dcap.machine.extension;
        let expected = json!({
            "quote": quote,
            "td_attributes": {
                "debug": false, "septve_disable": true, "protection_keys": false, "key_locker": false,
                "perfmon": false,
            },
            "platform_instance_id": hex::encode(extension.platform_instance_id.unwrap()),
            "platform_provider_id": hex::encode(extension.ppid),
            "sgx_type": "Scalable", "is_dynamic_platform": false, "is_cached_keys": true,
            "is_smt_enabled": true,
            "tcb_status": "UpToDate", "tcb_date": tdx["tcb_date"], "tcb_eval_num": tdx["tcb_eval_num"],
            "advisory_ids": [], "collateral_expiration_status": "0",
        });
        assert_eq!(tdx, &expected, "{form:?}");
        assert!(tdx["tcb_date"].as_str().unwrap().ends_with('Z') && tdx["tcb_eval_num"].is_u64());
        let mut registers = json!({
            "tcb_svn": hex::encode(dcap.machine.tee_tcb_svn), "mr_seam": "5e".repeat(48),
            "mrsigner_seam": "00".repeat(48), "seam_attributes": "00".repeat(8),
            "td_attributes": "0000001000000000", "xfam": "e702060000000000", "mr_td": "4d".repeat(48),
            "mr_config_id": "00".repeat(48), "mr_owner": "00".repeat(48), "mr_owner_config": "00".repeat(48),
            "report_data": hex::encode(REPORT_DATA),
        });
        for (number, byte) in ["70", "71", "72", "00"].into_iter().enumerate() {
            registers[format!("rtmr_{number}")] = json!(byte.repeat(48));
        }
        if matches!(form, QuoteForm::TdxV5Td15 | QuoteForm::TdxV5Td15Ex) {
            registers["tee_tcb_svn2"] = json!(hex::encode(dcap.machine.tee_tcb_svn));
            registers["mr_servicetd"] = json!("00".repeat(48));
        }
        assert_eq!(body, &registers, "{form:?}");
        assert_eq!(input["init_data"], "00".repeat(48));
    }
}

/// The names of `generate_parsed_claims` in Trustee's SGX verifier.
#[test]
fn the_map_of_an_sgx_quote_is_trustees() {
    let dcap = Dcap::of(QuoteForm::Sgx).but(|dcap| {
        let enclave = dcap.enclave();
        enclave.isv_product_id = 0x0102;
        enclave.isv_svn = 0x0304;
    });
    let input = annotated(&dcap.mint());
    let sgx = &input["sgx"];
    let header = json!({
        "version": "0300", "att_key_type": "0200", "att_key_data_0": "00000000",
        "qe_svn": sgx["header"]["qe_svn"], "pce_svn": sgx["header"]["pce_svn"],
        "vendor_id": "939a7233f79c4ca9940a0db3957f0607", "user_data": sgx["header"]["user_data"],
    });
    assert_eq!(sgx["header"], header);
    for member in ["qe_svn", "pce_svn"] {
        assert_eq!(sgx["header"][member].as_str().map(str::len), Some(4), "{member}");
    }
    let body = &sgx["body"];
    let expected = json!({
        "cpu_svn": body["cpu_svn"], "misc_select": body["misc_select"], "reserved1": "00".repeat(12),
        "isv_ext_prod_id": "00".repeat(16), "attributes.flags": body["attributes.flags"],
        "attributes.xfrm": body["attributes.xfrm"], "mr_enclave": "4d".repeat(32),
        "reserved2": "00".repeat(32), "mr_signer": body["mr_signer"], "reserved3": "00".repeat(32),
        "config_id": "00".repeat(64), "isv_prod_id": "0201", "isv_svn": "0403", "config_svn": "0000",
        "reserved4": "00".repeat(42), "isv_family_id": "00".repeat(16),
        "report_data": hex::encode(REPORT_DATA),
    });
    assert_eq!(body, &expected);
    for (member, bytes) in [
        ("cpu_svn", 16),
        ("misc_select", 4),
        ("attributes.flags", 8),
        ("attributes.xfrm", 8),
        ("mr_signer", 32),
    ] {
        assert_eq!(body[member].as_str().map(str::len), Some(2 * bytes), "{member}");
    }
    assert_eq!((&sgx["tcb_status"], &sgx["collateral_expiration_status"]), (&json!("UpToDate"), &json!("0")));
    assert_eq!(input["init_data"], "00".repeat(64));
}

#[test]
fn collateral_is_unexpired_only_with_every_crl_in_its_time() {
    let policy = Policy { revocation: RevocationRule::IfAvailable, ..Policy::default() };
    let status = |case: &crate::refused::Case| {
        let claims = result(&judge(case, &policy), Profile::Trustee);
        let evidence = &claims["submods"]["cpu0"]["ear.veraison.annotated-evidence"];
        evidence["tdx"].get("collateral_expiration_status").cloned()
    };
    let good = Dcap::good().mint();
    assert_eq!(status(&good), Some(json!("0")));
    let crl = |next_update| {
        let crl = CrlFields { next_update, ..Dcap::good().collateral.pck_crl.clone() };
        good.clone().with("pck-crl", crl.sign(&INTEL.platform_ca.key).unwrap())
    };
    assert_eq!(status(&crl(Some(NOW))), Some(json!("0")));
    assert_eq!(status(&crl(Some(NOW - 1))), Some(json!("1")));
    assert_eq!(status(&crl(None)), None);
    assert_eq!(status(&good.without("pck-crl")), None);
}

#[test]
fn evidence_under_a_simulated_root_is_marked_for_trustees_default_resource_policy() {
    for case in [Snp::good().mint(), Dcap::good().mint()] {
        assert_eq!(annotated(&case)["sample"], json!({"root": "danger_test_0"}));
    }
}

#[test]
fn what_trustee_has_no_name_for_stands_under_ours() {
    let vlek = annotated(&Snp::vlek().mint());
    let own: Vec<&String> = vlek["vouchsafe"]["snp"].as_object().unwrap().keys().collect();
    assert_eq!(own, ["chip_id_masked", "csp_id", "product_name", "vek_sha256"]);
    assert!(vlek["vouchsafe"]["snp"]["csp_id"].is_string());
    let tdx = annotated(&Dcap::good().mint());
    let own: Vec<&String> = tdx["vouchsafe"]["tdx"].as_object().unwrap().keys().collect();
    assert_eq!(own, ["pck_ca", "pck_serial", "platform", "platform_tcb", "qe_tcb", "tdx_module_tcb"]);
    for (input, tee) in [(&vlek, "snp"), (&tdx, "tdx")] {
        let common: Vec<&String> = input["vouchsafe"].as_object().unwrap().keys().collect();
        let expected = ["debug", "host_data", "launch_digest", "platform_id", "report_data", tee];
        assert_eq!(common, expected);
    }
}

/// The conditions of Trustee's default policy on the kernel and its options: type, label, digest.
#[test]
fn the_kernel_and_its_options_stand_where_trustees_default_policy_looks_for_them() {
    let log = EventLogFields::booted();
    let dcap = Dcap::good().but(|dcap| dcap.td().rtmrs = log.rtmrs());
    let mut case = dcap.mint();
    let (quote, events) = (STANDARD.encode(&case.evidence), STANDARD.encode(log.encode().unwrap()));
    case.evidence = json!({"quote": quote, "cc_eventlog": events}).to_string().into_bytes();
    case.tee = Some(Tee::Tdx);
    let input = annotated(&case);
    let digest = |content: &[u8]| json!([{"alg": "SHA-384", "digest": hex::encode(sha384(content))}]);
    let expected = json!([
        {
            "index": 2, "type": "0x80000003", "type_name": "EV_EFI_BOOT_SERVICES_APPLICATION",
            "digests": digest(b"the boot loader"), "digest_matches_event": false,
            "details": {"device_paths": ["File(\\EFI\\BOOT\\BOOTX64.EFI)"]},
        },
        {
            "index": 3, "type": "0x00000006", "type_name": "EV_EVENT_TAG",
            "digests": digest(b"the options"), "digest_matches_event": false,
            "details": {"string": "LOADED_IMAGE::LoadOptions"},
        },
        {
            "index": 3, "type": "0x00000006", "type_name": "EV_EVENT_TAG",
            "digests": digest(b"the initrd"), "digest_matches_event": false,
            "details": {"string": "Linux initrd"},
        },
    ]);
    assert_eq!(input["tdx"]["uefi_event_logs"], expected);
    assert_eq!(input["vouchsafe"]["tdx"]["event_log"]["secure_boot"], true);
    assert_eq!(annotated(&dcap.mint())["tdx"].get("uefi_event_logs"), None);
}

#[test]
fn a_label_in_a_register_that_software_extends_names_no_kernel() {
    let mut log = EventLogFields::booted();
    for event in &mut log.events {
        if matches!(event.event_type, 6 | 0x8000_0003) {
            event.index = 4;
        }
    }
    let mut case = Dcap::good().but(|dcap| dcap.td().rtmrs = log.rtmrs()).mint();
    let (quote, events) = (STANDARD.encode(&case.evidence), STANDARD.encode(log.encode().unwrap()));
    case.evidence = json!({"quote": quote, "cc_eventlog": events}).to_string().into_bytes();
    case.tee = Some(Tee::Tdx);
    assert_eq!(annotated(&case)["tdx"]["uefi_event_logs"], json!([]));
}
