//! What one operation of each contender allocates, as one line of JSON each. A program of its own: counting costs time.

use allocation_counter::measure;
use oracles::bench::contenders;
use serde_json::json;

fn main() {
    for contender in contenders() {
        let info = measure(|| (contender.work)());
        let (count, bytes, peak) = (info.count_total, info.bytes_total, info.bytes_max);
        let (evidence, name) = (contender.evidence, contender.name);
        println!(
            "{}",
            json!({"evidence": evidence, "name": name, "allocations": count, "bytes": bytes, "peak_bytes": peak})
        );
    }
}
