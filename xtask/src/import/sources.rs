//! The folder that fixtures are imported from: packages as published, and evidence folders cut out of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};

/// A checked view of the source folder. Every file is read through it.
pub(crate) struct Sources {
    root: PathBuf,
    published: BTreeMap<String, Published>,
}

/// A file of a published package, from one row of `MANIFEST.tsv`.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// Package URL: `pkg:cargo/sev@8.0.0`.
    pub(crate) package: String,
    /// Path of the file inside the package.
    pub(crate) path: String,
    /// SPDX expression, or the package's own words.
    pub(crate) licence: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub(crate) sha256: String,
}

impl Sources {
    /// Reads `MANIFEST.tsv` below `root`; rows outside `registry/packages` are left out.
    ///
    /// # Errors
    /// No manifest, or a row that does not have the four columns and a known form of provenance.
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(root.join("MANIFEST.tsv")).context("reading MANIFEST.tsv")?;
        let mut published = BTreeMap::new();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [file, sha256, provenance, licence] = columns[..] else { bail!("not four columns: {line}") };
            if !file.starts_with("registry/packages/") || file.starts_with("registry/packages/derived/") {
                continue;
            }
            let row =
                Published::parse(provenance, licence, sha256).with_context(|| format!("row of {file}"))?;
            published.insert(file.to_owned(), row);
        }
        Ok(Self { root: root.to_owned(), published })
    }

    /// The files of published packages.
    pub(crate) fn published(&self) -> impl Iterator<Item = (&str, &Published)> {
        self.published.iter().map(|(file, row)| (file.as_str(), row))
    }

    /// A file of a package, compared with the manifest's SHA-256.
    pub(crate) fn package_file(&self, file: &str) -> anyhow::Result<Vec<u8>> {
        let row = self.published.get(file).with_context(|| format!("{file} is of no published package"))?;
        self.checked(file, &row.sha256)
    }

    /// A file of an evidence folder, such as `snp/…/report.bin`: the caller proves that a package holds its bytes.
    pub(crate) fn evidence_file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let file = format!("registry/{path}");
        std::fs::read(self.root.join(&file)).with_context(|| format!("reading {file}"))
    }

    /// `index.json` or `negatives.json` of the evidence.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> anyhow::Result<T> {
        serde_json::from_slice(&self.evidence_file(name)?).with_context(|| format!("parsing {name}"))
    }

    /// The paths of the evidence and endorsements below `dir`, relative to the evidence root, sorted.
    pub(crate) fn evidence_files(&self, dir: &str) -> anyhow::Result<Vec<String>> {
        let mut files = Vec::new();
        let mut folders = vec![dir.to_owned()];
        while let Some(folder) = folders.pop() {
            let real = self.root.join("registry").join(&folder);
            for entry in std::fs::read_dir(&real).with_context(|| format!("reading {}", real.display()))? {
                let entry = entry?;
                let name =
                    entry.file_name().into_string().map_err(|_| anyhow::anyhow!("a name is not UTF-8"))?;
                let path = format!("{folder}/{name}");
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else if name != "meta.json" {
                    files.push(path);
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// A recording made for the project: in no package, so pinned by its digest in this program.
    pub(crate) fn recording(&self, file: &str, sha256: &str) -> anyhow::Result<Vec<u8>> {
        self.checked(file, sha256)
    }

    fn checked(&self, file: &str, sha256: &str) -> anyhow::Result<Vec<u8>> {
        let bytes = std::fs::read(self.root.join(file)).with_context(|| format!("reading {file}"))?;
        let actual = hex::encode(Sha256::digest(&bytes));
        ensure!(actual == sha256, "{file}: sha256 expected {sha256}, actual {actual}");
        Ok(bytes)
    }
}

impl Published {
    /// Reads `cargo: NAME VERSION : PATH (vcs …)` and `PyPI NAME VERSION : PATH`.
    fn parse(provenance: &str, licence: &str, sha256: &str) -> anyhow::Result<Self> {
        let (kind, rest) = match (provenance.strip_prefix("cargo: "), provenance.strip_prefix("PyPI ")) {
            (Some(rest), _) => ("cargo", rest),
            (None, Some(rest)) => ("pypi", rest),
            (None, None) => bail!("neither of cargo nor of PyPI: {provenance}"),
        };
        let (package, path) = rest.split_once(" : ").context("no path in the provenance")?;
        let (name, version) = package.split_once(' ').context("no version in the provenance")?;
        let path = path.split(" (vcs ").next().unwrap_or(path);
        Ok(Self {
            package: format!("pkg:{kind}/{name}@{version}"),
            path: path.to_owned(),
            licence: licence.to_owned(),
            sha256: sha256.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
