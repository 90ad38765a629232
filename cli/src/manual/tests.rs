use clap_complete::Shell;

use super::*;

#[test]
fn every_shell_gets_completions_of_the_public_commands_alone() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut public(), NAME, &mut script);
        let script = String::from_utf8(script).unwrap();
        let names = ["verify", "bench", "demo", "completions", "man", "demo-broker", "demo-guest"];
        let found = names.map(|name| script.contains(name));
        assert_eq!(found, [true, true, true, true, true, false, false], "{shell}");
    }
}

#[test]
fn the_manual_names_the_public_commands_alone() {
    let mut page = Vec::new();
    Man::new(public()).render(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let found =
        [r"vouchsafe\-verify(1)", r"vouchsafe\-demo(1)", r"demo\-broker"].map(|name| page.contains(name));
    assert_eq!(found, [true, true, false], "{page}");
}

#[test]
fn the_public_commands_are_those_that_help_shows() {
    let help = Cli::command().render_help().to_string();
    let missing: Vec<String> = public()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .filter(|name| !help.contains(&format!("\n  {name} ")))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}
