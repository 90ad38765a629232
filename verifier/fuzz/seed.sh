#!/bin/sh
# Fills corpus/ from fixtures/, one folder a target. Run from anywhere; run again after new fixtures.
set -eu
cd "$(dirname "$0")"
fixtures=../../fixtures
seed() { # target, then files
    target=$1
    shift
    mkdir -p "corpus/$target"
    for file in "$@"; do
        if [ -f "$file" ]; then cp "$file" "corpus/$target/$(sha256sum "$file" | cut -c1-16)"; fi
    done
}
all() { find "$fixtures" -name "$1"; }
# Paths of fixtures hold no spaces.
# shellcheck disable=SC2046
{
    seed snp_report $(all report.bin)
    seed snp_certificate_table $(all report.bin)
    seed dcap_quote $(all quote.bin) $(find $fixtures/untrimmed -type f)
    seed tcb_info $(all tcb_info.json)
    seed qe_identity $(all qe_identity.json)
    seed certificate $(all '*.der')
    seed crl $(all '*crl*.der')
    seed pem $(all '*.pem')
    seed endorsement_file $(all '*.der') $(all '*.pem') $(all 'tcb_info.json') $(all 'qe_identity.json') $(find $fixtures/untrimmed -name '*.json')
    seed evidence $(all report.bin) $(all quote.bin) $(find $fixtures/vectors -type f 2>/dev/null)
    seed verify $(all report.bin) $(all quote.bin) $(all '*.der') $(all '*.json')
    seed policy_and_reference_values ../../kbs/vouchsafe-kbs.example.toml $(find $fixtures/vectors -name '*.toml' 2>/dev/null)
    seed policy ../../kbs/policy/src/default.rego $(find ../../kbs/policy/seeds -type f)
    seed event_log $(all event_log.json) $(find $fixtures/vectors -name '*.ccel' 2>/dev/null)
    seed weights_file $(find $fixtures/vectors -name '*.vsw' 2>/dev/null)
}

# No public machine's ID block is at hand: one is minted, in both forms.
cargo run --quiet --manifest-path ../../Cargo.toml --package sim --example id_block > id_block.bin
base64_of() { base64 -w 0; }
printf '{"id_block":"%s","id_auth":"%s"}' "$(head -c 96 id_block.bin | base64_of)" "$(tail -c 4096 id_block.bin | base64_of)" \
    > id_block.json
for target in snp_id_block endorsement_file verify; do
    seed "$target" id_block.bin id_block.json
done
rm id_block.bin id_block.json

# The bodies of the recorded conversation, one a line of it.
recorded=$fixtures/kbs/coco-client-with-trustee.txt
for target in kbs_messages jwe_open; do
    mkdir -p "corpus/$target"
    grep -a '^{' "$recorded" | split -l 1 - "corpus/$target/recorded-"
done

# Wrappers around the reports, and a collection with a type.
mkdir -p corpus/cmw
for report in $(all report.bin); do
    value=$(base64 -w 0 "$report" | tr '+/' '-_' | tr -d '=')
    printf '["application/vnd.amd.sev-snp.attestation-report","%s",4]' "$value" >"corpus/cmw/$(sha256sum "$report" | cut -c1-16)"
done
printf '{"__cmwc_t":"tag:example.org,2026:set","a":["application/eat+jwt","YQ",8],"b":{"c":["a/b","YQ"]}}' >corpus/cmw/collection
printf '["application/vnd.veraison.tsm-report+json","eyJwcm92aWRlciI6InRkeF9ndWVzdCIsIm91dGJsb2IiOiJZUSJ9"]' >corpus/cmw/tsm
