//! The figures as tables, and as ratios to what cannot be done without.

use std::fmt::Write as _;

use serde::Deserialize;

/// What one contender took.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Time {
    evidence: String,
    name: String,
    median_ns: f64,
    least_ns: f64,
    one_thread_per_second: f64,
    two_threads_per_second: f64,
}

/// What one operation of a contender allocates.
#[derive(Debug, Deserialize)]
pub(super) struct Allocations {
    evidence: String,
    name: String,
    allocations: u64,
    bytes: u64,
    peak_bytes: u64,
}

/// The times of one run, and the ratios that they come to.
pub(super) fn of_times(title: &str, times: &[Time]) -> String {
    let mut text = format!("\n{title}\n");
    let head = ["µs, median", "least", "1 thread/s", "2 threads/s"];
    let [median, least, one, two] = head;
    let _ = writeln!(text, "{:<15} {:<34} {median:>11} {least:>9} {one:>12} {two:>12}", "", "");
    for time in times {
        let (median, least) = (time.median_ns / 1e3, time.least_ns / 1e3);
        let (one, two) = (time.one_thread_per_second, time.two_threads_per_second);
        let _ = writeln!(
            text,
            "{:<15} {:<34} {median:>11.3} {least:>9.3} {one:>12.0} {two:>12.0}",
            time.evidence, time.name
        );
    }
    for ratio in ratios(times) {
        let verdict = if ratio.holds() { "" } else { "  MISSED" };
        let bound = if ratio.at_most { "at most" } else { "at least" };
        let _ = writeln!(text, "{:<72} {:>6.2}, {bound} {}{verdict}", ratio.what, ratio.value, ratio.target);
    }
    text
}

/// The ratios that miss their target.
pub(super) fn missed(times: &[Time]) -> Vec<String> {
    ratios(times).into_iter().filter(|ratio| !ratio.holds()).map(|ratio| ratio.what).collect()
}

/// What each allocates.
pub(super) fn of_allocations(all: &[Allocations]) -> String {
    let mut text = format!("\n{:<50} {:>11} {:>9} {:>9}\n", "one operation", "allocations", "bytes", "peak");
    for Allocations { evidence, name, allocations, bytes, peak_bytes } in all {
        let _ = writeln!(text, "{evidence:<15} {name:<34} {allocations:>11} {bytes:>9} {peak_bytes:>9}");
    }
    text
}

struct Ratio {
    what: String,
    value: f64,
    target: f64,
    at_most: bool,
}

impl Ratio {
    fn holds(&self) -> bool {
        if self.at_most { self.value <= self.target } else { self.value >= self.target }
    }
}

/// Each target whose parts were measured in this run.
fn ratios(times: &[Time]) -> Vec<Ratio> {
    let of = |evidence: &str, name: &str| {
        times.iter().find(|time| time.evidence == evidence && time.name == name).map(|time| time.median_ns)
    };
    let signature = |name| of("one signature", name);
    let (tdx, snp) = (|name| of("TDX quote v4", name), |name| of("SNP report v2", name));
    let p256 = signature("aws-lc-rs, P-256");
    let p384 = signature("aws-lc-rs, P-384");
    let rsa = signature("aws-lc-rs, RSA-4096-PSS");
    let times = |factor: f64, of: Option<f64>| of.map(|of| factor * of);
    let snp_cold = p384.zip(rsa).map(|(p384, rsa)| p384 + 2.0 * rsa);
    let best_dcap =
        [tdx("dcap-qvl, ring"), tdx("dcap-qvl, RustCrypto")].into_iter().flatten().reduce(f64::min);
    let at_most = [
        ("TDX warm : 3 P-256", tdx("vouchsafe, warm"), times(3.0, p256), 1.15),
        ("TDX known : 2 P-256", tdx("vouchsafe, known"), times(2.0, p256), 1.15),
        ("TDX cold : 9 P-256", tdx("vouchsafe, cold"), times(9.0, p256), 1.2),
        ("SNP warm : 1 P-384", snp("vouchsafe, warm"), p384, 1.15),
        ("SNP cold : 1 P-384 and 2 RSA-4096", snp("vouchsafe, cold"), snp_cold, 1.2),
        ("TDX cold : dcap-qvl's best", tdx("vouchsafe, cold"), best_dcap, 1.0),
        ("TDX parse in ns : 1", tdx("vouchsafe, parse"), Some(1.0), 300.0),
        ("SNP parse in ns : 1", snp("vouchsafe, parse"), Some(1.0), 150.0),
    ];
    let at_least = [
        ("dcap-qvl's best : TDX warm", best_dcap, tdx("vouchsafe, warm"), 3.0),
        ("sev with OpenSSL, report alone : SNP warm", snp(SEV_REPORT), snp("vouchsafe, warm"), 2.5),
        ("sev with OpenSSL, chain and report : SNP warm", snp(SEV_CHAIN), snp("vouchsafe, warm"), 3.0),
    ];
    let ratio = |at_most| {
        move |(what, one, other, target): (&str, Option<f64>, Option<f64>, f64)| {
            one.zip(other).map(|(one, other)| Ratio {
                what: what.to_owned(),
                value: one / other,
                target,
                at_most,
            })
        }
    };
    at_most.into_iter().filter_map(ratio(true)).chain(at_least.into_iter().filter_map(ratio(false))).collect()
}

const SEV_REPORT: &str = "sev, OpenSSL, report alone";
const SEV_CHAIN: &str = "sev, OpenSSL, chain and report";

#[cfg(test)]
mod tests {
    use super::*;

    fn time(evidence: &str, name: &str, median_ns: f64) -> Time {
        Time {
            evidence: evidence.to_owned(),
            name: name.to_owned(),
            median_ns,
            least_ns: median_ns,
            one_thread_per_second: 1e9 / median_ns,
            two_threads_per_second: 2e9 / median_ns,
        }
    }

    #[test]
    fn a_missed_target_is_named_and_a_peer_that_was_not_measured_has_no_ratio() {
        let times = [
            time("one signature", "aws-lc-rs, P-256", 60_000.0),
            time("TDX quote v4", "vouchsafe, warm", 200_000.0),
            time("TDX quote v4", "vouchsafe, cold", 700_000.0),
            time("TDX quote v4", "dcap-qvl, ring", 710_000.0),
        ];
        let text = of_times("a run", &times);
        let line =
            |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
        assert!(line("TDX warm : 3 P-256").ends_with("1.11, at most 1.15"), "{text}");
        assert!(line("TDX cold : 9 P-256").ends_with("1.30, at most 1.2  MISSED"), "{text}");
        assert!(line("dcap-qvl's best : TDX warm").ends_with("3.55, at least 3"), "{text}");
        assert_eq!(missed(&times), ["TDX cold : 9 P-256"]);
        assert_eq!(line("sev"), "");
        assert_eq!(line("SNP"), "");
    }
}
