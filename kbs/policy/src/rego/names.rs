//! The functions that a policy may call, and those that are refused by name. Whatever is in neither list is no function.

use crate::error::Ambient;

/// What a call may make, as a bound that is known before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// A boolean, a number, or a part of what it was given.
    Fixed,
    /// So many bytes for each byte that it was given, all the way down.
    Deep(usize),
    /// One value for each member of what it was given.
    Shallow,
    /// `numbers.range`, `numbers.range_step`.
    Range,
    /// `bits.lsh`.
    Shift,
    /// `concat`.
    Join,
    /// `replace`.
    Replace,
    /// `strings.replace_n`.
    ReplaceEach,
    /// `regex.replace`.
    ReplaceMatches,
    /// `sprintf`.
    Format,
    /// `units.parse`, `units.parse_bytes`.
    Number,
    /// `json.marshal_with_options`.
    Indented,
    /// The `time.` functions: a fixed size, and not the time zone of this machine.
    Time,
}

/// What OPA has and a policy here must not: it would decide by more than its input.
const AMBIENT: &[(&str, Ambient)] = &[
    ("time.now_ns", Ambient::Clock),
    ("io.jwt.decode_verify", Ambient::Clock),
    ("rand.intn", Ambient::Randomness),
    ("uuid.rfc4122", Ambient::Randomness),
    ("opa.runtime", Ambient::Environment),
    ("http.send", Ambient::Network),
    ("net.lookup_ip_addr", Ambient::Network),
    ("providers.aws.sign_req", Ambient::Clock),
    ("print", Ambient::Output),
    ("trace", Ambient::Output),
];

use Growth as G;

/// The built-in functions of this build of regorus that may be called, each with what it may make.
const CALLABLE: &[(&str, Growth)] = &[
    ("abs", G::Fixed),
    ("array.concat", G::Shallow),
    ("array.reverse", G::Shallow),
    ("array.slice", G::Shallow),
    ("base64.decode", G::Deep(1)),
    ("base64.encode", G::Deep(2)),
    ("base64.is_valid", G::Fixed),
    ("bits.and", G::Fixed),
    ("bits.lsh", G::Shift),
    ("bits.negate", G::Fixed),
    ("bits.or", G::Fixed),
    ("bits.rsh", G::Fixed),
    ("bits.xor", G::Fixed),
    ("ceil", G::Fixed),
    ("concat", G::Join),
    ("contains", G::Fixed),
    ("count", G::Fixed),
    ("endswith", G::Fixed),
    ("floor", G::Fixed),
    ("format_int", G::Deep(8)),
    ("indexof", G::Fixed),
    ("indexof_n", G::Deep(32)),
    ("intersection", G::Deep(1)),
    ("is_array", G::Fixed),
    ("is_boolean", G::Fixed),
    ("is_null", G::Fixed),
    ("is_number", G::Fixed),
    ("is_object", G::Fixed),
    ("is_set", G::Fixed),
    ("is_string", G::Fixed),
    ("json.filter", G::Deep(2)),
    ("json.is_valid", G::Deep(32)),
    ("json.marshal", G::Deep(6)),
    ("json.marshal_with_options", G::Indented),
    ("json.remove", G::Deep(2)),
    ("json.unmarshal", G::Deep(32)),
    ("lower", G::Deep(3)),
    ("max", G::Fixed),
    ("min", G::Fixed),
    ("numbers.range", G::Range),
    ("numbers.range_step", G::Range),
    ("object.filter", G::Deep(2)),
    ("object.get", G::Fixed),
    ("object.keys", G::Shallow),
    ("object.remove", G::Deep(2)),
    ("object.subset", G::Fixed),
    ("object.union", G::Deep(2)),
    ("object.union_n", G::Deep(2)),
    ("product", G::Deep(1)),
    ("regex.find_all_string_submatch_n", G::Deep(64)),
    ("regex.find_n", G::Deep(32)),
    ("regex.is_valid", G::Fixed),
    ("regex.match", G::Fixed),
    ("regex.replace", G::ReplaceMatches),
    ("regex.split", G::Deep(32)),
    ("regex.template_match", G::Fixed),
    ("replace", G::Replace),
    ("round", G::Fixed),
    ("sort", G::Shallow),
    ("split", G::Deep(32)),
    ("sprintf", G::Format),
    ("startswith", G::Fixed),
    ("strings.any_prefix_match", G::Fixed),
    ("strings.any_suffix_match", G::Fixed),
    ("strings.count", G::Fixed),
    ("strings.replace_n", G::ReplaceEach),
    ("strings.reverse", G::Deep(1)),
    ("substring", G::Deep(1)),
    ("sum", G::Fixed),
    ("time.add_date", G::Time),
    ("time.clock", G::Time),
    ("time.date", G::Time),
    ("time.diff", G::Time),
    ("time.format", G::Time),
    ("time.parse_duration_ns", G::Time),
    ("time.parse_ns", G::Time),
    ("time.parse_rfc3339_ns", G::Time),
    ("time.weekday", G::Time),
    ("to_number", G::Fixed),
    ("trim", G::Deep(1)),
    ("trim_left", G::Deep(1)),
    ("trim_prefix", G::Deep(1)),
    ("trim_right", G::Deep(1)),
    ("trim_space", G::Deep(1)),
    ("trim_suffix", G::Deep(1)),
    ("type_name", G::Fixed),
    ("union", G::Deep(1)),
    ("units.parse", G::Number),
    ("units.parse_bytes", G::Number),
    ("upper", G::Deep(3)),
];

/// What a function brings in, if it is refused for that.
pub(super) fn ambient(path: &str) -> Option<Ambient> {
    AMBIENT.iter().find(|(name, _)| *name == path).map(|(_, brings)| *brings)
}

/// What a built-in function may make, if it may be called.
pub(super) fn growth(path: &str) -> Option<Growth> {
    CALLABLE.iter().find(|(name, _)| *name == path).map(|(_, growth)| *growth)
}

#[cfg(test)]
pub(super) fn callable() -> impl Iterator<Item = &'static str> {
    CALLABLE.iter().map(|(name, _)| *name)
}

#[cfg(test)]
pub(super) fn refused() -> impl Iterator<Item = &'static str> {
    AMBIENT.iter().map(|(name, _)| *name)
}
