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

# Names of resources, expectations, and reference values.
printf 'kbs:///models/key/llama?version=2' >corpus/kbs_messages/uri
printf 'kbs://kbs.example:8080/models/key/llama' >corpus/kbs_messages/uri-host
mkdir -p corpus/policy_and_reference_values
printf 'launch-digest=%096d' 0 >corpus/policy_and_reference_values/digest
printf 'isv-svn=7' >corpus/policy_and_reference_values/number
printf '[[reference]]\ntee = "snp"\nname = "a"\nlaunch-digest = ["%096d"]\n' 0 >corpus/policy_and_reference_values/values

# Wrappers around the reports, and a collection with a type.
mkdir -p corpus/cmw
for report in $(all report.bin); do
    value=$(base64 -w 0 "$report" | tr '+/' '-_' | tr -d '=')
    printf '["application/vnd.amd.sev-snp.attestation-report","%s",4]' "$value" >"corpus/cmw/$(sha256sum "$report" | cut -c1-16)"
done
printf '{"__cmwc_t":"tag:example.org,2026:set","a":["application/eat+jwt","YQ",8],"b":{"c":["a/b","YQ"]}}' >corpus/cmw/collection
printf '["application/vnd.veraison.tsm-report+json","eyJwcm92aWRlciI6InRkeF9ndWVzdCIsIm91dGJsb2IiOiJZUSJ9"]' >corpus/cmw/tsm

# The broker's own inputs are made by its targets (`kbs::fuzzing`); a seed says which, and alters nothing.
mkdir -p corpus/broker_tokens corpus/broker_cookie corpus/broker_backup corpus/broker_rows corpus/broker_attest_body corpus/broker_admin_bodies
for place in 0 1 2 3 4; do
    printf '\000%b' "\\00$place" >"corpus/broker_tokens/valid-$place"
    printf '\007%b' "\\00$place" >"corpus/broker_tokens/signed-$place"
done
printf '\001\000eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ0cnVzdGVlIn0.AA' >corpus/broker_tokens/text
printf '\002\000{"alg":"ES256","kid":"1"}\n{"iss":"trustee"}\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' \
    >corpus/broker_tokens/parts
printf '\003\001{"alg":"ES256","kid":"1"}\n{"iss":"trustee","iat":1775000000,"exp":1775000300,"aud":"us"}' >corpus/broker_tokens/signed
for place in 0 1 2 3 4 5 6 7; do printf '%b' "\\00$place" >"corpus/broker_cookie/valid-$place"; done
for how in 0 1 2 3; do printf '%b' "\\00$how" >"corpus/broker_backup/how-$how"; done
printf '\002\001\000\002{}\001\010\000\002\020\011' >corpus/broker_backup/rows
printf '\001\000\002{}\002\010\001\011\004\003\000\000\020\005\000\000\003\001\377' >corpus/broker_rows/each
grep -a '^{"init-data' "$recorded" | split -l 1 - corpus/broker_attest_body/recorded-
devices='{"sampledevice":{"svn":"1","report_data":"AAAA"}}'
init_data='version = "0.1.0"
algorithm = "sha256"
[data]
"aa.toml" = "[token_configs]\n[token_configs.kbs]\nurl = \"http://127.0.0.1:8080\"\n"
"policy.rego" = """package agent_policy
policy_data := {"allowed": [1, 2.5e3, null]}"""
"other" = "text"
'
printf '\020%s\f' "$devices" >corpus/broker_attest_body/devices
printf '\020\f\f%s' "$init_data" >corpus/broker_attest_body/init-data
printf '\024%s\f\f%s' "$devices" "$init_data" >corpus/broker_attest_body/both
body() { printf '%s' "$2" >"corpus/broker_admin_bodies/$1"; }
rego=$(printf 'package policy\ndefault allow = false\nallow { input.a == 1 }\n' | base64 -w 0 | tr '+/' '-_' | tr -d '=')
trust=$(printf 'package policy\ntrust_claims := {"hardware": 2}\n' | base64 -w 0 | tr '+/' '-_' | tr -d '=')
values=$(printf '{"svn": 3, "images/a": ["aa", null], "gone": null}' | base64 -w 0)
digest=$(printf 'a' | sha256sum | cut -c1-64)
body resource-policy "{\"policy\":\"$rego\"}"
body attestation-policy "{\"type\":\"rego\",\"policy_id\":\"default\",\"policy\":\"$trust\"}"
body reference-values "{\"version\":\"0.1.0\",\"type\":\"sample\",\"payload\":\"$values\"}"
body hold-decision "{\"on\":{\"decision\":\"$digest\"},\"reason\":\"case 7\"}"
body hold-between '{"on":{"between":{"from":1,"until":2}},"reason":"case 7"}'
body hold-resource '{"on":{"resource":"kbs:///a/b/c"},"reason":"case 7"}'
body revoke-enclave "{\"of\":{\"mr-enclave\":\"$digest\"},\"reason\":\"stolen\"}"
body revoke-ppid '{"of":{"ppid":"000102030405060708090a0b0c0d0e0f"},"reason":"stolen"}'
body reason '{"reason":"found again"}'
body federation '{"audience":"sts.amazonaws.com"}'
