//! Times our verifier and its peers in turns, and prints one line of JSON for each.

use std::time::Duration;

use oracles::bench::{Measured, contenders, interleaved};
use serde_json::json;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |name: &str| -> u64 {
        let text = arguments.next().unwrap_or_else(|| panic!("bench-peers ROUNDS MILLISECONDS: no {name}"));
        text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}"))
    };
    let rounds = usize::try_from(number("ROUNDS")).expect("a small number");
    let turn = Duration::from_millis(number("MILLISECONDS"));
    let contenders = contenders();
    let measured = interleaved(&contenders, rounds, turn);
    for (contender, Measured { one, two_per_second }) in contenders.iter().zip(measured) {
        println!(
            "{}",
            json!({
                "evidence": contender.evidence,
                "name": contender.name,
                "median_ns": one.median_ns,
                "least_ns": one.least_ns,
                "one_thread_per_second": 1e9 / one.median_ns,
                "two_threads_per_second": two_per_second,
            })
        );
    }
}
