use std::collections::BTreeSet;

use super::*;

/// What the patches are named after.
fn patches() -> BTreeSet<String> {
    let files = root().join(PATCHES).read_dir().expect("a folder of patches");
    let name = |file: std::io::Result<fs::DirEntry>| {
        file.expect("an entry").file_name().into_string().expect("a name")
    };
    files.map(|file| name(file).strip_suffix(".patch").expect("a patch").to_owned()).collect()
}

fn root() -> &'static Path {
    crate::root()
}

#[test]
fn every_target_has_a_bug_and_every_bug_a_target() {
    let targets: BTreeSet<String> = targets(root()).expect("targets").into_iter().collect();
    assert_eq!(patches(), targets);
}

#[test]
fn every_bug_can_be_planted_in_the_tree_as_it_is() {
    for name in patches() {
        let patch = root().join(PATCHES).join(&name).with_extension("patch");
        let check = Command::new("git").args(["apply", "--check"]).arg(patch).current_dir(root()).output();
        let check = check.expect("git");
        assert!(check.status.success(), "{name}: {}", String::from_utf8_lossy(&check.stderr));
    }
}

#[test]
fn every_bug_lies_in_the_product() {
    for name in patches() {
        let patch =
            fs::read_to_string(root().join(PATCHES).join(&name).with_extension("patch")).expect("a patch");
        let files: Vec<&str> = patch.lines().filter_map(|line| line.strip_prefix("+++ b/")).collect();
        let helps = |file: &str| {
            ["fuzz", "fuzzing", "tests", "xtask", "sim"]
                .iter()
                .any(|part| file.split('/').any(|name| name == *part))
        };
        assert!(matches!(files.as_slice(), [file] if !helps(file)), "{name}: {files:?}");
    }
}
