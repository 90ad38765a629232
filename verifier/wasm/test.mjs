// The module in Node beside the native program, whose signatures are another library's: of all real evidence and of every mutation
// of it, the same verdict in every member. `node verifier/wasm/test.mjs MODULE.wasm VOUCHSAFE`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { mutations, roots, verifications } from "./fixtures.mjs";
import { load } from "./vouchsafe.mjs";

const [module, native] = process.argv.slice(2);
const bytes = readFileSync(module);
const verifier = await load(bytes);

const ask = ({ evidence, endorsements, at }, others) => {
  const given = endorsements.map((name) => ({ name, content: readFileSync(name) }));
  return verifier.verify({ evidence: readFileSync(evidence), endorsements: given, at, ...others });
};

/** Both verdicts, which are equal; the module's, and what it took. */
function both(given, appraise) {
  const args = ["verify", "--json", "--evidence", given.evidence, "--at", given.at, "--appraise", appraise];
  for (const name of given.endorsements) args.push("--endorsements", name);
  const said = JSON.parse(spawnSync(native, args, { encoding: "utf8", maxBuffer: 1 << 24 }).stdout);
  const began = performance.now();
  const verdict = ask(given, { appraise });
  const took = performance.now() - began;
  assert.deepEqual(verdict, said, `${given.dir} ${given.what}: another verdict than the native program's`);
  return { verdict, took };
}

let [believed, affirmed, refused] = [0, 0, 0];
const times = {};
for (const root of roots()) {
  for (const given of verifications(root)) {
    for (const appraise of ["full", "hardware"]) {
      const { verdict, took } = both(given, appraise);
      believed += verdict.verified;
      affirmed += verdict.tier === "affirming";
      if (verdict.verified && verdict.tee !== "sgx") (times[verdict.tee] ??= []).push(took);
    }
  }
  for (const given of mutations(root)) {
    const { verdict } = both(given, "hardware");
    assert.notEqual(verdict.tier, "affirming", `${given.dir} ${given.what}`);
    refused += 1;
  }
}
assert.ok(believed >= 40 && affirmed >= 5 && refused >= 250, `${believed} ${affirmed} ${refused}`);
const median = (tee) => times[tee].sort((one, two) => one - two)[times[tee].length >> 1].toFixed(1);

const some = verifications(roots()[0]).next().value;
assert.equal(ask(some, { expect: [`report-data=${"00".repeat(64)}`] }).verified, false);
for (const request of ["", "{}", "[", '{"evidence":"AA==","at":"yesterday"}', '{"evidence":"*","at":"2026-03-01T00:00:00Z"}', "{".repeat(100000)]) {
  assert.equal(typeof verifier.ask(request).error, "string");
}
console.log(
  `summary: WebAssembly: ${believed} verdicts on real evidence, ${affirmed} of them affirming, and ${refused} on mutations, each the native ` +
    `program's; median ${median("snp")} ms for SNP, ${median("tdx")} ms for TDX; ${(bytes.length / 1024).toFixed(0)} KiB`,
);
