// The verifier for JavaScript: `const verifier = await load(bytes)`, then `verifier.verify({ evidence, endorsements, at, … })`.
// `evidence` and each endorsement's `content` are bytes; everything else is as in `vouchsafe verify` (see src/lib.rs).

const base64 = (bytes) => {
  // Browsers have no Buffer; in pieces, because a call takes only so many arguments.
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
};

/** Takes the module's bytes. It imports nothing. */
export async function load(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const { memory, vouchsafe_request, vouchsafe_verify, vouchsafe_answer } = instance.exports;

  const ask = (text) => {
    const request = new TextEncoder().encode(text);
    const place = vouchsafe_request(request.length);
    if (place === 0) throw new Error("the request is too large");
    new Uint8Array(memory.buffer, place, request.length).set(request);
    const length = vouchsafe_verify();
    // The memory may have grown: a view from before is of no use any more.
    return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, vouchsafe_answer(), length)));
  };

  return {
    /** The verdict, as `vouchsafe verify --json` prints it. Throws where the request itself is wrong. */
    verify({ evidence, endorsements = [], at = new Date().toISOString(), ...others }) {
      const given = endorsements.map(({ name, content }) => ({ name, content: base64(content) }));
      const answer = ask(JSON.stringify({ evidence: base64(evidence), endorsements: given, at, ...others }));
      // A verdict has an `error` too: a whole one has a schema.
      if (answer.schema === undefined) throw new Error(answer.error);
      return answer;
    },
    /** The answer to a request that is text already. */
    ask,
  };
}
