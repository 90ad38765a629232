//! The text by whose hash a decision record keeps the reference values that it used.

use core::fmt::Write;

use crate::set::ReferenceValues;

impl ReferenceValues {
    /// The same text for the same meaning: order, comments, white space and the case of hexadecimal do not show.
    ///
    /// One line for the format, then for each entry (by TEE, then by name) one line with TEE and name, and one line
    /// for each key with its values in order. Names have no control characters, so that a line is a line.
    pub fn canonical(&self) -> String {
        let mut entries: Vec<_> = self.entries().iter().collect();
        entries.sort_by_key(|entry| (entry.tee(), entry.name()));
        let mut text = String::from("vouchsafe.reference-values/1\n");
        for entry in entries {
            // Safe: writing into a `String` cannot fail.
            let _ = writeln!(text, "{} {}", entry.tee(), entry.name());
            for (key, values) in entry.wanted() {
                let mut values: Vec<_> = values.iter().collect();
                values.sort();
                let values: Vec<_> = values.into_iter().map(ToString::to_string).collect();
                let _ = writeln!(text, "  {key}={}", values.join(","));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests;
