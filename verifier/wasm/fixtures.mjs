// The evidence of fixtures/ and of ../shared/fixtures/extra with every mutation, as files: what each verification is given.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const DAY = 24 * 60 * 60 * 1000;
/** RFC 3339 without fractions, as the indices write it. */
const rfc3339 = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** The folders of evidence: the repository's, and the one beside it, if it is there. */
export function roots() {
  const root = new URL("../../", import.meta.url).pathname;
  const extra = join(root, "../shared/fixtures/extra");
  if (!existsSync(join(extra, "index.json"))) console.log("extra: SKIPPED, ../shared/fixtures/extra is not there");
  return [join(root, "fixtures"), extra].filter((folder) => existsSync(join(folder, "index.json")));
}

/** Every verification of a root: the evidence's file, the endorsements' files, the instant. */
export function* verifications(root) {
  for (const entry of json(join(root, "index.json"))) {
    if (/^(snp|tdx|sgx)\//.test(entry.dir)) for (const one of cases(root, entry)) yield { ...one, what: one.collateral ?? "" };
  }
}

/** Every mutation of a root, written to a folder that is gone afterwards. */
export function* mutations(root) {
  const entries = json(join(root, "index.json"));
  const folder = mkdtempSync(join(tmpdir(), "vouchsafe-"));
  try {
    for (const negative of json(join(root, "negatives.json"))) {
      if (!/^(snp|tdx|sgx)\//.test(negative.dir)) continue;
      const entry = entries.find((entry) => entry.dir === negative.dir);
      for (const one of cases(root, entry)) {
        if (negative.collateral && one.collateral !== negative.collateral) continue;
        yield { ...mutated(root, folder, one, negative), what: negative.what };
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function* cases(root, entry) {
  const folder = join(root, entry.dir);
  const files = (inside) => readdirSync(inside).sort().map((name) => join(inside, name));
  if (entry.tee === "SEV-SNP") {
    const endorsements = ["ark.der", "ask.der", "vek.der"].map((name) => join(folder, name));
    yield { dir: entry.dir, evidence: join(folder, "report.bin"), endorsements, at: entry.at };
    return;
  }
  const evidence = join(folder, "quote.bin");
  for (const { collateral, at } of entry.cases) {
    yield { dir: entry.dir, evidence, collateral, endorsements: files(join(folder, collateral)), at };
  }
  if (entry.cases.length === 0) {
    yield { dir: entry.dir, evidence, endorsements: [], at: rfc3339(Date.parse(entry.pck_not_before) + 30 * DAY) };
  }
}

function mutated(root, folder, one, { file, op }) {
  if (op.at !== undefined) return { ...one, at: rfc3339(Date.parse(op.at) + op.plus_seconds * 1000) };
  const change = (path) => {
    if (basename(path) !== file) return path;
    const place = join(folder, basename(path));
    mkdirSync(folder, { recursive: true });
    writeFileSync(place, apply(root, readFileSync(path), op));
    return place;
  };
  return { ...one, evidence: change(one.evidence), endorsements: one.endorsements.map(change) };
}

function apply(root, bytes, op) {
  const at = (offset) => (offset < 0 ? bytes.length + offset : offset);
  if (op.xor) bytes[at(op.xor[0])] ^= op.xor[1];
  else if (op.set) bytes[at(op.set[0])] = op.set[1];
  else if (op.zero) bytes.fill(0, at(op.zero[0]), at(op.zero[0]) + op.zero[1]);
  else if (op.truncate !== undefined) return bytes.subarray(0, op.truncate);
  else if (op.append !== undefined) return Buffer.concat([bytes, Buffer.from(op.append, "hex")]);
  else if (op.replace_with) return readFileSync(join(root, op.replace_with));
  else if (op.drop_cert_index !== undefined) {
    const blocks = bytes.toString().split(/(?<=-----END CERTIFICATE-----)/);
    return Buffer.from(blocks.filter((_, index) => index !== op.drop_cert_index).join(""));
  } else throw new Error(`an unknown mutation: ${JSON.stringify(op)}`);
  return bytes;
}
