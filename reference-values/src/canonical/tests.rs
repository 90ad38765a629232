use super::*;

#[test]
fn order_comments_and_case_do_not_show() {
    let a = "11".repeat(48);
    let b = "Ab".repeat(48);
    let one = format!(
        "# first\n[[reference]]\ntee='snp'\nname='b'\nguest-svn=[2,1]\nlaunch-digest=['{b}','{a}']\n\
         [[reference]]\ntee='snp'\nname='a'\nlaunch-digest=['{a}']\n"
    );
    let b = b.to_lowercase();
    let other = format!(
        "[[reference]]\nname='a'\nlaunch-digest=['{a}']\ntee='snp'\n\
         [[reference]]\ntee='snp'\nname='b'\nlaunch-digest=['{a}','{b}']\nguest-svn=[1,2]\n"
    );
    let canonical = format!(
        "vouchsafe.reference-values/1\nsnp a\n  launch-digest={a}\nsnp b\n  launch-digest={a},{b}\n  guest-svn=1,2\n"
    );
    let of = |text: &str| ReferenceValues::parse_toml(text).unwrap().canonical();
    assert_eq!([of(&one), of(&other)], [canonical.clone(), canonical]);
}

#[test]
fn the_empty_set_has_a_text_too() {
    assert_eq!(ReferenceValues::default().canonical(), "vouchsafe.reference-values/1\n");
}
