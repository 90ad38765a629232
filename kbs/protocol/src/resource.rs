//! Resource URIs and paths (docs/kbs-protocol.md section 11).

use core::fmt;

use crate::limits::{SEGMENT_BYTES, URI_BYTES};

/// `kbs://[host[:port]]/repo/type/tag[?query]`.
///
/// The host part is carried and has no effect: the client asks the broker that it was configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceUri {
    host: String,
    path: ResourcePath,
    query: Option<String>,
}

impl ResourceUri {
    /// Reads a URI; another plugin's (`kbs+plugin://`) is refused by name.
    pub fn parse(uri: &str) -> Result<Self, ResourceError> {
        if uri.len() > URI_BYTES {
            return Err(ResourceError::TooLong { limit: URI_BYTES, actual: uri.len() });
        }
        let (scheme, rest) = uri.split_once("://").ok_or(ResourceError::Scheme)?;
        match scheme.split_once('+') {
            Some(("kbs", _)) => return Err(ResourceError::Plugin),
            None if scheme == "kbs" => {}
            _ => return Err(ResourceError::Scheme),
        }
        let (host, rest) = rest.split_once('/').ok_or(ResourceError::Segments { actual: 0 })?;
        if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte)) {
            return Err(ResourceError::Host);
        }
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        if !query.unwrap_or_default().bytes().all(is_query_byte) {
            return Err(ResourceError::Query);
        }
        Ok(Self { host: host.to_owned(), path: ResourcePath::parse(path)?, query: query.map(str::to_owned) })
    }

    /// The host part, often empty.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Which resource.
    pub const fn path(&self) -> &ResourcePath {
        &self.path
    }

    /// What follows the question mark.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kbs://{}/{}", self.host, self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

/// `repo/type/tag`.
///
/// Each segment begins with a letter, a digit, `_` or `-` and goes on with those and `.`: no empty segment, no `..`,
/// nothing that would have to be escaped in a URL or a file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourcePath {
    repo: String,
    kind: String,
    tag: String,
}

impl ResourcePath {
    /// A path from its three segments.
    pub fn new(repo: &str, kind: &str, tag: &str) -> Result<Self, ResourceError> {
        Ok(Self {
            repo: segment("repository", repo)?,
            kind: segment("type", kind)?,
            tag: segment("tag", tag)?,
        })
    }

    /// Reads `repo/type/tag`, without a slash in front.
    pub fn parse(path: &str) -> Result<Self, ResourceError> {
        let mut segments = path.split('/');
        match (segments.next(), segments.next(), segments.next(), segments.next()) {
            (Some(repo), Some(kind), Some(tag), None) => Self::new(repo, kind, tag),
            _ => Err(ResourceError::Segments { actual: path.split('/').count() }),
        }
    }

    /// The repository.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// The type.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for ResourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.repo, self.kind, self.tag)
    }
}

/// Why a text names no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// The URI is too long.
    #[error("resource URI of {actual} bytes, at most {limit} are taken")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length in bytes.
        actual: usize,
    },
    /// Not a `kbs://` URI.
    #[error("not a resource URI such as kbs:///repository/type/tag")]
    Scheme,
    /// A `kbs+plugin://` URI.
    #[error("kbs+plugin URIs are not supported; only kbs:///repository/type/tag")]
    Plugin,
    /// The host part holds something that no host name holds.
    #[error("the host part of the resource URI is malformed")]
    Host,
    /// The query holds something that would have to be escaped.
    #[error("the query of the resource URI is malformed")]
    Query,
    /// Not three segments.
    #[error("a resource path has 3 segments (repository/type/tag), this one has {actual}")]
    Segments {
        /// How many there are.
        actual: usize,
    },
    /// A segment is too long.
    #[error("the {segment} of the resource has {actual} bytes, at most {limit} are taken")]
    SegmentTooLong {
        /// Which segment.
        segment: &'static str,
        /// The limit in bytes.
        limit: usize,
        /// The length in bytes.
        actual: usize,
    },
    /// A segment is empty, begins with a dot, or holds a character that no segment may hold.
    #[error("the {segment} of the resource is malformed: letters, digits, '_' and '-', then also '.'")]
    Segment {
        /// Which segment.
        segment: &'static str,
    },
}

fn segment(name: &'static str, text: &str) -> Result<String, ResourceError> {
    if text.len() > SEGMENT_BYTES {
        return Err(ResourceError::SegmentTooLong {
            segment: name,
            limit: SEGMENT_BYTES,
            actual: text.len(),
        });
    }
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let begins = text.bytes().next().is_some_and(word);
    if begins && text.bytes().all(|byte| word(byte) || byte == b'.') {
        return Ok(text.to_owned());
    }
    Err(ResourceError::Segment { segment: name })
}

/// RFC 3986, `query`: unreserved, sub-delims, `:`, `@`, `/`, `?` and the percent sign.
fn is_query_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte)
}

#[cfg(test)]
mod tests;
