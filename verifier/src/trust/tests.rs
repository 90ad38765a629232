use super::{Scope, Tier, TrustVector};

#[test]
fn puts_every_boundary_of_ar4si_in_its_tier() {
    use Tier::{Affirming, Contraindicated, None, Warning};
    let expected = [
        (-128, Contraindicated),
        (-97, Contraindicated),
        (-96, Warning),
        (-33, Warning),
        (-32, Affirming),
        (-2, Affirming),
        (-1, None),
        (0, None),
        (1, None),
        (2, Affirming),
        (31, Affirming),
        (32, Warning),
        (95, Warning),
        (96, Contraindicated),
        (127, Contraindicated),
    ];
    assert_eq!(expected.map(|(value, _)| (value, Tier::of(value))), expected);
}

#[test]
fn does_not_affirm_a_whole_of_which_a_part_says_nothing() {
    let vector = TrustVector { hardware: 2, configuration: 2, ..TrustVector::default() };
    assert_eq!((vector.tier(Scope::Full), vector.tier(Scope::Hardware)), (Tier::None, Tier::Affirming));
}

#[test]
fn takes_the_worst_claim_of_the_scope() {
    let vector = TrustVector { hardware: 32, configuration: 96, executables: 3, ..TrustVector::default() };
    assert_eq!(
        (vector.tier(Scope::Full), vector.tier(Scope::Hardware)),
        (Tier::Contraindicated, Tier::Warning)
    );
}
