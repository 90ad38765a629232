//! `vouchsafe-kbs dev`: a broker to try things out with. It is made of nothing, takes evidence that proves nothing, and
//! is gone when it ends: store, root key and admin key are made anew in a folder that only its owner reads.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tempfile::TempDir;
use verifier::time::UnixTime;

use crate::admin::AdminKey;
use crate::config::{Config, parse};
use crate::jwt::PinnedKey;
use crate::roles::Role;

/// What a development broker is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct DevArgs {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Write an admin token that holds for a day to this file (mode 0600): a compact JWT, as kbs-client takes it.
    #[arg(long, value_name = "FILE")]
    admin_token_file: PathBuf,
    /// The root of a simulated machine, PEM or DER, believed like a vendor's; may be given again.
    #[arg(long, value_name = "FILE")]
    danger_simulated_root: Vec<PathBuf>,
    /// The folder of endorsements.
    #[arg(long, value_name = "DIR")]
    endorsements: Option<PathBuf>,
    /// What good guests look like (TOML); may be given again. Without any, no evidence is affirming.
    #[arg(long, value_name = "FILE")]
    reference_values: Vec<PathBuf>,
    /// Write the bound address to this file once requests are taken.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
}

/// A broker that can be served, with everything that ends with it.
pub(crate) struct Dev {
    /// The configuration.
    pub(crate) config: Config,
    /// The folder of store and root key, removed when dropped.
    pub(crate) folder: TempDir,
    /// What weakens it, in words.
    pub(crate) dangers: Vec<String>,
}

impl Dev {
    /// Makes the folder, the keys and the admin's token.
    pub(crate) fn make(args: &DevArgs, now: UnixTime) -> anyhow::Result<Self> {
        let private = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("vouchsafe-kbs-dev-").permissions(private).tempdir();
        let folder = folder.context("a temporary folder")?;
        let mut config = parse(&configuration(args)?, folder.path())?;
        let (key, token) = admin(now).context("an admin key")?;
        config.admins = vec![key];
        let path = &args.admin_token_file;
        write_private(path, &token).with_context(|| format!("--admin-token-file: {}", path.display()))?;
        let dangers = config.dangers();
        Ok(Self { config, folder, dangers })
    }
}

/// What a newcomer needs to know, after the line that says where it listens.
pub(crate) fn announce(dangers: &[String]) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(
        stdout,
        "This is a development broker: it believes what proves nothing, and forgets everything at its end."
    )?;
    for danger in dangers {
        writeln!(stdout, "DANGER: {danger}")?;
    }
    writeln!(
        stdout,
        "Secrets are released to affirming guests alone, which sample evidence never is. To change that:\n\
         kbs-client config --admin-token-file FILE set-resource-policy --allow-all"
    )?;
    stdout.flush()
}

/// Everything that a production broker would refuse is named here, and nowhere else.
fn configuration(args: &DevArgs) -> anyhow::Result<String> {
    let mut text = format!(
        "listen = \"{}\"\nstore = \"store.redb\"\nroot_key = \"root.key\"\n\
         danger_accept_sample = true\ndanger_plain_http = {}\n",
        args.listen,
        !args.listen.ip().is_loopback()
    );
    if let Some(folder) = &args.endorsements {
        text.push_str(&format!("endorsements = {}\n", quoted(folder)?));
    }
    let values: Vec<String> =
        args.reference_values.iter().map(|path| quoted(path)).collect::<Result<_, _>>()?;
    text.push_str(&format!("reference_values = [{}]\n", values.join(", ")));
    // Room for records is not what a newcomer has to think about, and a small /tmp is no reason to refuse him.
    text.push_str("[limits]\nreserve_mib = 0\n[appraisal]\ndanger_accept_simulated = true\n");
    for (index, root) in args.danger_simulated_root.iter().enumerate() {
        let file = quoted(root)?;
        text.push_str(&format!("[[danger_simulated_roots]]\nname = \"danger_dev_{index}\"\nfile = {file}\n"));
    }
    Ok(text)
}

/// A path as a TOML string. Relative ones start from where the program was called.
fn quoted(path: &Path) -> anyhow::Result<String> {
    let path = std::path::absolute(path).with_context(|| path.display().to_string())?;
    let text = path.to_str().with_context(|| format!("{}: not UTF-8", path.display()))?;
    Ok(toml::Value::String(text.to_owned()).to_string())
}

/// A new key whose one role is `admin`, and a token of it. The private half is forgotten here.
fn admin(now: UnixTime) -> Result<(AdminKey, String), aws_lc_rs::error::Unspecified> {
    let pair = Ed25519KeyPair::generate()?;
    let public = pair.public_key().as_ref().try_into().map_err(|_| aws_lc_rs::error::Unspecified)?;
    let key = AdminKey {
        name: "dev".to_owned(),
        key: PinnedKey::ed25519(public),
        issuer: None,
        audience: None,
        roles: vec![Role::Admin],
    };
    let header = r#"{"alg":"EdDSA","typ":"JWT"}"#;
    let claims = format!(
        r#"{{"sub":"dev","role":"{}","iat":{},"exp":{}}}"#,
        Role::Admin.as_str(),
        now.secs(),
        now.plus_secs(TOKEN_SECONDS).secs()
    );
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    Ok((key, format!("{message}.{signature}")))
}

/// Writes a file that was never readable by others, over whatever was there. No line end: the token goes into a header
/// as it stands in the file.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Mode 0600, under a name of its own, until it is whole.
    let mut file = tempfile::Builder::new()
        .prefix(".vouchsafe-token-")
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// A day: longer than anybody tries things out, shorter than anybody should rely on it.
const TOKEN_SECONDS: i64 = 86_400;

#[cfg(test)]
mod tests;
