use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(None, variables, Table::new())
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bedel.toml");
    std::fs::write(
        &file,
        "[gateway]\nlisten = \"127.0.0.1:1\"\nlisten_tls = \"127.0.0.1:2\"\n[files]\ntransfers_total = 5\n",
    )
    .expect("writes");
    let variables =
        [("BEDEL_GATEWAY__LISTEN", "127.0.0.1:3"), ("BEDEL_FILES__TRANSFERS_PER_USER", "4"), ("BEDEL_URL", "x")];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let flags = "[gateway]\nlisten = \"127.0.0.1:4\"\n".parse().expect("TOML");
    let config = Config::load(Some(&file), variables, flags).expect("loads");
    assert_eq!(config.gateway.listen.port(), 4);
    assert_eq!(config.gateway.listen_tls.port(), 2);
    assert_eq!((config.files.transfers_total, config.files.transfers_per_user), (5, 4));
}

#[test]
fn what_is_wrong_is_named() {
    for (name, value, expected) in [
        ("BEDEL_GATEWAY__LISTEN", "nowhere", "gateway.listen"),
        ("BEDEL_GATEWAY__LISTENN", "127.0.0.1:1", "listenn"),
        ("BEDEL_FILES__TRANSFERS_TOTAL", "0", "files.transfers_total"),
        ("BEDEL_SQL__URL", "oracle://x", "sql.url"),
    ] {
        let error = load(&[(name, value)]).expect_err(name).to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn the_template_and_the_schema_name_every_setting_and_there_are_at_most_sixty() {
    let template = Config::template();
    let settings = template.lines().filter(|line| line.contains(" = ")).count();
    assert!(settings <= 60, "{settings} settings");
    let uncommented: String = template
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| line.contains(" = ")).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let parsed: Config = toml::from_str(&uncommented).expect("the template is a valid file");
    assert_eq!(parsed, Config::default());
    assert!(Config::schema().contains("\"transfers_total\""));
}
