//! Which secrets a broker has: paths and versions, never content.

use std::io::Read as _;

use comfy_table::{Table, presets};
use serde::{Deserialize, Serialize};
use verifier::time::UnixTime;

use super::BrokerArgs;
use super::client::printable;
use super::failure::Failure;
use crate::system;

/// Every page of the broker's list.
pub(super) fn run(prefix: &str, json: bool, broker: &BrokerArgs) -> anyhow::Result<()> {
    let (client, token) = broker.client()?;
    let mut secrets: Vec<Listed> = Vec::new();
    loop {
        let after = secrets.last().map(|last| last.path.as_str()).unwrap_or_default();
        let path = format!("/v1/secrets?prefix={}&after={}", escape(prefix), escape(after));
        let mut body = Vec::new();
        let read = client.read(&token, &path)?.take(PAGE_BYTES_MAX).read_to_end(&mut body);
        read.map_err(Failure::answer)?;
        let page: Page = serde_json::from_slice(&body).map_err(Failure::answer)?;
        secrets.extend(page.secrets);
        if page.next.is_none() {
            break;
        }
    }
    if json {
        return system::print(&format!("{}\n", serde_json::to_string_pretty(&secrets)?));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    if let Some(width) = system::width() {
        table.set_width(width);
    }
    table.set_header(["resource", "version", "bytes", "type", "stored", "by"]);
    for secret in &secrets {
        for info in &secret.versions {
            table.add_row([
                format!("kbs:///{}", secret.path),
                info.version.to_string(),
                info.size.to_string(),
                printable(&info.content_type),
                UnixTime::from_secs(info.at).to_string(),
                printable(&info.author),
            ]);
        }
    }
    system::print(&format!("{table}\n"))
}

/// One page of `/v1/secrets`.
#[derive(Deserialize)]
struct Page {
    secrets: Vec<Listed>,
    next: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Listed {
    path: String,
    versions: Vec<Version>,
}

#[derive(Deserialize, Serialize)]
struct Version {
    version: u32,
    content_type: String,
    size: u64,
    at: i64,
    author: String,
}

/// Percent-encoding (RFC 3986) of everything that is not unreserved.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// A page has at most 100 paths of 16 versions.
const PAGE_BYTES_MAX: u64 = 4 << 20;
