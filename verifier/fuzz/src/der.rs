//! DER as a tree: altered by a script, and written again with lengths that fit.

use crate::Script;

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The identifier octet.
    pub tag: u8,
    /// What it holds.
    pub body: Body,
}

/// The content of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Elements: of a constructed one, and of an OCTET STRING that holds DER.
    Parts(Vec<Node>),
}

impl Node {
    /// Reads one element that is all of `bytes`.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut nodes = parse_all(bytes)?;
        let node = nodes.pop()?;
        nodes.is_empty().then_some(node)
    }

    /// The element as DER.
    pub fn write(&self) -> Vec<u8> {
        let content = match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Parts(parts) => parts.iter().flat_map(Self::write).collect(),
        };
        [vec![self.tag], length(content.len()), content].concat()
    }

    /// The elements inside.
    pub fn parts(&self) -> &[Self] {
        match &self.body {
            Body::Parts(parts) => parts,
            Body::Bytes(_) => &[],
        }
    }

    /// The bytes of one without elements.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(bytes) => bytes,
            Body::Parts(_) => &[],
        }
    }

    fn count(&self) -> usize {
        1 + self.parts().iter().map(Self::count).sum::<usize>()
    }

    fn nth(&mut self, left: &mut usize) -> Option<&mut Self> {
        if *left == 0 {
            return Some(self);
        }
        *left -= 1;
        match &mut self.body {
            Body::Parts(parts) => parts.iter_mut().find_map(|part| part.nth(left)),
            Body::Bytes(_) => None,
        }
    }

    /// Alters it until the script is over, in at most eight places; `words` are contents of interest.
    pub fn alter(&mut self, script: &mut Script<'_>, words: &[Vec<u8>]) {
        for _ in 0..8 {
            if script.is_over() || self.count() > 2000 {
                return;
            }
            let (at, other) = (script.below(self.count()), script.below(self.count()));
            let other = self.nth(&mut { other }).cloned();
            let Some(node) = self.nth(&mut { at }) else { return };
            alter_one(node, other, script, words);
        }
    }
}

fn alter_one(node: &mut Node, other: Option<Node>, script: &mut Script<'_>, words: &[Vec<u8>]) {
    let what = script.below(8);
    match (&mut node.body, what) {
        (_, 0) => node.tag = script.byte(),
        (_, 1) => *node = other.unwrap_or_else(|| node.clone()),
        (Body::Bytes(bytes), 2) => *bytes = script.bytes().to_vec(),
        (Body::Bytes(bytes), 3) => bytes.extend(script.bytes()),
        (Body::Bytes(bytes), 4) => bytes.truncate(script.below(bytes.len() + 1)),
        (Body::Bytes(bytes), 5) => *bytes = words[script.below(words.len())].clone(),
        (Body::Bytes(bytes), _) => {
            let at = script.below(bytes.len());
            let bit = 1 << script.below(8);
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
        }
        (Body::Parts(parts), 2 | 3) => {
            let at = script.below(parts.len());
            drop(parts.drain(at.min(parts.len())..(at + 1).min(parts.len())));
        }
        (Body::Parts(parts), 4 | 5) if !parts.is_empty() => {
            let (from, to) = (script.below(parts.len()), script.below(parts.len() + 1));
            parts.insert(to, parts[from].clone());
        }
        (Body::Parts(parts), 6) if !parts.is_empty() => {
            let (one, two) = (script.below(parts.len()), script.below(parts.len()));
            parts.swap(one, two);
        }
        (Body::Parts(parts), _) => parts.extend(other),
    }
}

fn parse_all(mut bytes: &[u8]) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        let (first, rest) = rest.split_first()?;
        let (count, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x83 => {
                let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(count)?;
        let inside = (tag & 0x20 != 0 || (*tag == 4 && content.first() == Some(&0x30)))
            .then(|| parse_all(content))
            .flatten();
        let body = inside.map_or_else(|| Body::Bytes(content.to_vec()), Body::Parts);
        nodes.push(Node { tag: *tag, body });
        bytes = rest;
    }
    Some(nodes)
}

fn length(length: usize) -> Vec<u8> {
    let bytes = length.to_be_bytes();
    match length {
        0..=0x7f => vec![bytes[7]],
        0x80..=0xff => vec![0x81, bytes[7]],
        0x100..=0xffff => [&[0x82], &bytes[6..]].concat(),
        _ => [&[0x83], &bytes[5..]].concat(),
    }
}
