//! UEFI device paths as words (UEFI 2.10, section 10.3).

use crate::event_log::text::{guid, utf16_terminated};
use crate::reader::Reader;

/// The nodes of a path, the last of which is its end.
pub(super) fn nodes(bytes: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new("device path", bytes);
    let mut nodes = Vec::new();
    loop {
        let (kind, subkind) = (reader.u8().ok()?, reader.u8().ok()?);
        let length = usize::from(reader.u16_le().ok()?).checked_sub(NODE_HEADER)?;
        let data = reader.take(length).ok()?;
        if (kind, subkind) == END {
            reader.finish().ok()?;
            return Some(nodes);
        }
        if nodes.len() >= MAX_NODES {
            return None;
        }
        nodes.push(node(kind, subkind, data)?);
    }
}

fn node(kind: u8, subkind: u8, data: &[u8]) -> Option<String> {
    let mut reader = Reader::new("device path node", data);
    let text = match (kind, subkind) {
        (4, 1) => {
            let number = reader.u32_le().ok()?;
            reader.take(16).ok()?;
            format!("HD({number},{})", guid(reader.array().ok()?))
        }
        (4, 3) => format!("VenMedia({})", guid(reader.array().ok()?)),
        (4, 4) => format!("File({})", utf16_terminated(data)?),
        (4, 6) => format!("FvFile({})", guid(reader.array().ok()?)),
        (4, 7) => format!("Fv({})", guid(reader.array().ok()?)),
        _ => format!("Path({kind},{subkind})"),
    };
    Some(text)
}

/// End of the entire path.
const END: (u8, u8) = (0x7F, 0xFF);
/// Type, subtype and length.
const NODE_HEADER: usize = 4;
/// Controllers, disk, partition and file: about eight in the wild.
const MAX_NODES: usize = 64;
