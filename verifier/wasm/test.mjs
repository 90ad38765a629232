// One real SNP report and one real TDX quote through the module in Node, beside the native program: the same verdict in every member;
// a bit that is flipped is refused; a request that is none is answered. `node verifier/wasm/test.mjs MODULE.wasm VOUCHSAFE`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { load } from "./vouchsafe.mjs";

const [module, native] = process.argv.slice(2);
const fixtures = new URL("../../fixtures/", import.meta.url).pathname;
const index = JSON.parse(readFileSync(`${fixtures}index.json`, "utf8"));
const bytes = readFileSync(module);
const verifier = await load(bytes);

const files = (folder, names) => names.map((name) => ({ name: `${folder}/${name}`, content: readFileSync(`${folder}/${name}`) }));
const snp = index.find((entry) => entry.tee === "SEV-SNP");
const tdx = index.find((entry) => entry.tee === "TDX" && entry.cases.some((one) => one.merged === "UpToDate"));
const collateral = tdx.cases.find((one) => one.merged === "UpToDate");
const snpFolder = `${fixtures}${snp.dir}`;
const tdxFolder = `${fixtures}${tdx.dir}/${collateral.collateral}`;
const cases = [
  { name: "SNP", file: `${snpFolder}/report.bin`, at: snp.at, endorsements: files(snpFolder, ["ark.der", "ask.der", "vek.der"]) },
  { name: "TDX", file: `${fixtures}${tdx.dir}/quote.bin`, at: collateral.at, endorsements: files(tdxFolder, readdirSync(tdxFolder).sort()) },
];

for (const { name, file, at, endorsements } of cases) {
  const evidence = readFileSync(file);
  for (const appraise of ["hardware", "full"]) {
    const verdict = verifier.verify({ evidence, endorsements, at, appraise });
    assert.equal(verdict.verified, true, JSON.stringify(verdict.error));
    const args = ["verify", "--json", "--evidence", file, "--at", at, "--appraise", appraise];
    for (const given of endorsements) args.push("--endorsements", given.name);
    const said = spawnSync(native, args, { encoding: "utf8" });
    assert.deepEqual(verdict, JSON.parse(said.stdout), `${name}: another verdict than the native program's`);
  }
  const began = performance.now();
  const verdict = verifier.verify({ evidence, endorsements, at, appraise: "hardware" });
  const took = performance.now() - began;

  const changed = Uint8Array.from(evidence);
  changed[0x90] ^= 1;
  const refused = verifier.verify({ evidence: changed, endorsements, at, appraise: "hardware" });
  assert.equal(refused.verified, false);
  assert.equal(refused.tier, "none");
  assert.equal(verifier.verify({ evidence, endorsements, at, expect: [`report-data=${"00".repeat(64)}`] }).verified, false);
  console.log(`${name}: verified ${verdict.verified}, tier ${verdict.tier}, as the native program says; ${took.toFixed(1)} ms`);
}

assert.equal(cases[1].endorsements.length >= 5, true);
assert.equal(verifier.verify({ evidence: readFileSync(cases[1].file), endorsements: cases[1].endorsements, at: cases[1].at, appraise: "hardware" }).tier, "affirming");
assert.equal(verifier.verify({ evidence: new Uint8Array([1, 2, 3]), at: snp.at }).verified, false);
for (const request of ["", "{}", "[", '{"evidence":"AA==","at":"yesterday"}', '{"evidence":"*","at":"2026-03-01T00:00:00Z"}', "{".repeat(100000)]) {
  assert.equal(typeof verifier.ask(request).error, "string");
}
console.log(`summary: WebAssembly: ${cases.length} real pieces, the native verdicts; ${(bytes.length / 1024).toFixed(0)} KiB`);
