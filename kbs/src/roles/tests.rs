use super::*;

const PERMISSIONS: [Permission; 8] = [
    Permission::WriteSecrets,
    Permission::WritePolicies,
    Permission::ReadPolicies,
    Permission::ReadDecisions,
    Permission::ListSecrets,
    Permission::Backup,
    Permission::RotateKeys,
    Permission::KeepDecisions,
];

#[test]
fn each_role_may_what_the_table_says_and_nothing_else() {
    let table = [
        (Role::Admin, [true, true, true, true, true, true, true, true]),
        (Role::SecretWriter, [true, false, false, false, false, false, false, false]),
        (Role::PolicyAuthor, [false, true, true, false, false, false, false, false]),
        (Role::Reader, [false, false, true, false, false, false, false, false]),
        (Role::Auditor, [false, false, true, true, true, false, false, false]),
    ];
    assert_eq!(table.map(|(role, _)| role), Role::ALL);
    for (role, may) in table {
        assert_eq!(PERMISSIONS.map(|permission| role.may(permission)), may, "{role}");
    }
}

#[test]
fn a_role_has_one_name_and_no_other() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.as_str()), Some(role));
    }
    for name in ["", "Admin", "admin ", "root", "secret_writer"] {
        assert_eq!(Role::parse(name), None, "{name}");
    }
}
