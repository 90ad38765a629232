//! Which bits are tried: all of them, or a part that a seed picks, whatever the threads do.

/// All bits, or a seeded part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    parts_per_million: u32,
    seed: u64,
}

impl Sample {
    pub(crate) const fn new(parts_per_million: u32, seed: u64) -> Self {
        Self { parts_per_million, seed }
    }

    /// Whether every bit is tried.
    pub(crate) const fn is_whole(self) -> bool {
        self.parts_per_million == MILLION
    }

    /// What is tried, in words.
    pub(crate) fn describe(self) -> String {
        if self.is_whole() {
            return "every bit".to_owned();
        }
        let (percent, rest) = (self.parts_per_million / PER_CENT, self.parts_per_million % PER_CENT);
        let digits = format!("{percent}.{rest:04}");
        let number = digits.trim_end_matches('0').trim_end_matches('.');
        format!("{number} % of the bits by seed {}", self.seed)
    }

    /// The part of one file's bits that is tried.
    pub(crate) fn of(self, piece: &str, file: &str) -> FileSample {
        // FNV-1a: stable over runs and platforms, which the standard library's hashes are not.
        let name = piece.bytes().chain([0]).chain(file.bytes());
        let hash = name.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        FileSample { parts_per_million: self.parts_per_million, key: hash ^ mix(self.seed) }
    }
}

/// The part of one file's bits that is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileSample {
    parts_per_million: u32,
    key: u64,
}

impl FileSample {
    /// Whether the bit number `bit` of byte number `byte` is tried.
    pub(crate) fn takes(self, byte: usize, bit: u8) -> bool {
        let byte = u64::try_from(byte).unwrap_or(u64::MAX);
        let position = byte.wrapping_mul(8).wrapping_add(bit.into());
        mix(self.key.wrapping_add(mix(position))) % u64::from(MILLION) < self.parts_per_million.into()
    }
}

/// `1%` or `0.25%`, as parts of a million.
pub(crate) fn parse_fraction(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is no part of a hundred such as 1% or 0.25%");
    let number = text.strip_suffix('%').ok_or_else(wrong)?.trim();
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || decimals.len() > 4 || !digits(whole) || !digits(decimals) {
        return Err(wrong());
    }
    let parts = format!("{whole}{decimals:0<4}").parse().map_err(|_| wrong())?;
    if (1..=MILLION).contains(&parts) { Ok(parts) } else { Err(wrong()) }
}

/// SplitMix64's output function.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const MILLION: u32 = 1_000_000;
const PER_CENT: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::{MILLION, Sample, parse_fraction};

    fn taken(sample: Sample) -> usize {
        let of = sample.of("piece", "file");
        (0..100_000).filter(|position| of.takes(position / 8, u8::try_from(position % 8).unwrap())).count()
    }

    #[test]
    fn reads_parts_of_a_hundred_and_nothing_else() {
        let read = ["1%", "0.25%", "100%", "0.0001%"].map(|text| parse_fraction(text).unwrap());
        assert_eq!(read, [10_000, 2_500, MILLION, 1]);
        let refused = ["1", "101%", "0%", "-1%", "1e2%", "%", "0.00001%"];
        assert_eq!(refused.map(|text| parse_fraction(text).is_ok()), [false; 7]);
    }

    #[test]
    fn takes_all_bits_or_the_same_part_each_time() {
        assert_eq!(taken(Sample::new(MILLION, 1)), 100_000);
        let one = taken(Sample::new(10_000, 1));
        assert_eq!(taken(Sample::new(10_000, 1)), one);
        assert!((800..1_200).contains(&one), "{one} of 100000");
    }

    #[test]
    fn says_which_part() {
        let words = [1_000_000, 10_000, 2_500].map(|parts| Sample::new(parts, 7).describe());
        assert_eq!(words, ["every bit", "1 % of the bits by seed 7", "0.25 % of the bits by seed 7"]);
    }
}
