#![expect(clippy::disallowed_methods, reason = "the token is in a file")]

use super::*;
use crate::admin::authenticate;
use crate::roles::Permission;
use crate::scratch::Scratch;

const NOW: UnixTime = UnixTime::from_secs(1_775_000_000);

fn args(scratch: &Scratch, listen: &str) -> DevArgs {
    DevArgs {
        listen: listen.parse().unwrap(),
        admin_token_file: scratch.path.join("admin.jwt"),
        danger_simulated_root: Vec::new(),
        endorsements: None,
        reference_values: Vec::new(),
        port_file: None,
    }
}

#[test]
fn names_what_it_believes_although_it_proves_nothing() {
    let scratch = Scratch::new("dev-dangers");
    let accepted = ["appraisal.danger_accept_sample", "appraisal.danger_accept_simulated"];
    let dev = Dev::make(&args(&scratch, "127.0.0.1:0"), NOW).unwrap();
    assert_eq!(dev.dangers, accepted);
    let dev = Dev::make(&args(&scratch, "0.0.0.0:0"), NOW).unwrap();
    assert_eq!(dev.dangers, [&["danger_plain_http: no TLS beyond the loopback"], &accepted[..]].concat());
}

#[test]
fn the_token_opens_its_own_broker_for_a_day_and_no_other() {
    let scratch = Scratch::new("dev-token");
    let args = args(&scratch, "127.0.0.1:0");
    let first = Dev::make(&args, NOW).unwrap();
    let token = std::fs::read_to_string(&args.admin_token_file).unwrap();
    let admitted =
        |dev: &Dev, at| authenticate(&dev.config.admins, Some(&token), Permission::WriteSecrets, at).is_ok();
    assert_eq!(
        [NOW, NOW.plus_secs(86_399), NOW.plus_secs(86_400)].map(|at| admitted(&first, at)),
        [true, true, false]
    );
    // Another run replaces the file, and the former token opens nothing there.
    let second = Dev::make(&args, NOW).unwrap();
    assert!(!admitted(&second, NOW));
    assert_ne!(std::fs::read_to_string(&args.admin_token_file).unwrap(), token);
}

#[test]
fn token_and_folder_are_their_owners_alone_and_the_folder_goes_with_the_broker() {
    let scratch = Scratch::new("dev-modes");
    let args = args(&scratch, "127.0.0.1:0");
    scratch.write("admin.jwt", b"readable by all");
    let dev = Dev::make(&args, NOW).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&args.admin_token_file), mode(dev.folder.path())), (0o600, 0o700));
    let folder = dev.folder.path().to_owned();
    drop(dev);
    assert!(!folder.exists());
}
