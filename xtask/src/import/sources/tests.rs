use super::*;
use crate::scratch::Scratch;

const CARGO: &str = "cargo: sev 8.0.0 : src/certs/ark.pem (vcs 76535be35464)";

fn parsed(provenance: &str) -> Result<(String, String), String> {
    let published = Published::parse(provenance, "Apache-2.0", "00");
    published.map(|published| (published.package, published.path)).map_err(|error| error.to_string())
}

#[test]
fn reads_the_package_url_and_path_of_both_registries() {
    let cargo = ("pkg:cargo/sev@8.0.0".to_owned(), "src/certs/ark.pem".to_owned());
    assert_eq!(parsed(CARGO), Ok(cargo));
    let pypi = ("pkg:pypi/nv-attestation-sdk@2.7.3".to_owned(), "certs/root.pem".to_owned());
    assert_eq!(parsed("PyPI nv-attestation-sdk 2.7.3 : certs/root.pem"), Ok(pypi));
}

#[test]
fn refuses_provenance_that_is_no_package() {
    let refused = Err("neither of cargo nor of PyPI: git example/repository : a.bin".to_owned());
    assert_eq!(parsed("git example/repository : a.bin"), refused);
}

#[test]
fn takes_a_package_file_whose_digest_the_manifest_states_and_refuses_another() {
    let scratch = Scratch::new("sources");
    let (good, bad) = ("registry/packages/crate-a/good", "registry/packages/crate-a/bad");
    let sha256 = hex::encode(Sha256::digest(b"good"));
    scratch.write(good, b"good");
    scratch.write(bad, b"tampered");
    scratch.write(
        "MANIFEST.tsv",
        format!("file\n{good}\t{sha256}\t{CARGO}\tMIT\n{bad}\t{sha256}\t{CARGO}\tMIT\n").as_bytes(),
    );
    let sources = Sources::open(scratch.path()).expect("the manifest is well formed");
    assert_eq!(sources.package_file(good).expect("the good file"), b"good");
    let actual = hex::encode(Sha256::digest(b"tampered"));
    let refused = sources.package_file(bad).map_err(|error| error.to_string());
    assert_eq!(refused, Err(format!("{bad}: sha256 expected {sha256}, actual {actual}")));
}

#[test]
fn refuses_a_file_of_the_extra_folder() {
    let scratch = Scratch::new("extra");
    let extra = "extra/packages/git-a/file";
    let sha256 = hex::encode(Sha256::digest(b"data"));
    scratch.write(extra, b"data");
    scratch.write("MANIFEST.tsv", format!("file\n{extra}\t{sha256}\tgit a : file\tMIT\n").as_bytes());
    let sources = Sources::open(scratch.path()).expect("rows outside the packages are left out");
    let refused = sources.package_file(extra).map_err(|error| error.to_string());
    assert_eq!(refused, Err(format!("{extra} is of no published package")));
}
