//! A text in which `{{ kbs:///repository/type/tag }}` stands for a secret.

use std::collections::BTreeMap;

use kbs_protocol::{ResourceError, ResourceUri};
use zeroize::Zeroizing;

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::command) enum Part {
    /// As it stands there.
    Text(String),
    /// In place of this the secret's bytes.
    Secret(ResourceUri),
}

/// Why a text is no template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::command) enum TemplateError {
    /// Two braces open and none close.
    #[error("has {{{{ without }}}} at line {line}")]
    Open {
        /// Line, from 1.
        line: usize,
    },
    /// No secret's name between the braces.
    #[error("names no secret at line {line}")]
    Uri {
        /// Line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: ResourceError,
    },
}

/// The pieces of a template in order.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, TemplateError> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let line = || text.len().saturating_sub(after.len());
        let line = text.get(..line()).unwrap_or_default().lines().count().max(1);
        let (name, after) = after.split_once("}}").ok_or(TemplateError::Open { line })?;
        let uri = ResourceUri::parse(name.trim()).map_err(|source| TemplateError::Uri { line, source })?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Secret(uri));
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

/// The text with its secrets. They are not looked into: a secret that looks like a template stays as it is.
pub(super) fn fill(parts: &[Part], secrets: &BTreeMap<String, Zeroizing<Vec<u8>>>) -> Zeroizing<Vec<u8>> {
    let bytes = |part: &Part| match part {
        Part::Text(text) => Some(text.len()),
        Part::Secret(uri) => secrets.get(&uri.to_string()).map(|secret| secret.len()),
    };
    // At once as large as it gets: what grows leaves copies behind.
    let mut filled = Zeroizing::new(Vec::with_capacity(parts.iter().filter_map(bytes).sum()));
    for part in parts {
        match part {
            Part::Text(text) => filled.extend_from_slice(text.as_bytes()),
            Part::Secret(uri) => {
                filled
                    .extend_from_slice(secrets.get(&uri.to_string()).map_or(&[], |secret| secret.as_slice()));
            }
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(uri: &str) -> Part {
        Part::Secret(ResourceUri::parse(uri).unwrap())
    }

    #[test]
    fn secrets_stand_where_they_are_named_and_everything_else_stays() {
        let text = "a = \"{{ kbs:///a/b/c }}\"\nb = {{kbs:///a/b/d}}}} { }\n";
        let parts = parse(text).unwrap();
        let wanted = [
            Part::Text("a = \"".to_owned()),
            secret("kbs:///a/b/c"),
            Part::Text("\"\nb = ".to_owned()),
            secret("kbs:///a/b/d"),
            Part::Text("}} { }\n".to_owned()),
        ];
        assert_eq!(parts, wanted);
        let secrets = [("kbs:///a/b/c", "{{ kbs:///a/b/d }}"), ("kbs:///a/b/d", "\u{0}x")];
        let secrets =
            secrets.map(|(uri, text)| (uri.to_owned(), Zeroizing::new(text.as_bytes().to_vec()))).into();
        assert_eq!(*fill(&parts, &secrets), *b"a = \"{{ kbs:///a/b/d }}\"\nb = \0x}} { }\n");
    }

    #[test]
    fn a_text_that_is_no_template_is_refused_with_its_line() {
        assert_eq!(parse("a\nb {{ kbs:///a/b/c"), Err(TemplateError::Open { line: 2 }));
        assert!(matches!(parse("a\n\n{{ a/b/c }}"), Err(TemplateError::Uri { line: 3, .. })));
        assert!(matches!(parse("{{}}"), Err(TemplateError::Uri { line: 1, .. })));
    }

    #[test]
    fn a_text_without_secrets_is_itself() {
        for text in ["", "plain }} text", "{ { } }"] {
            assert_eq!(*fill(&parse(text).unwrap(), &BTreeMap::new()), text.as_bytes());
        }
    }
}
