//! Words that must not be in the sources, and names that files must not have.

use crate::Complaints;
use crate::sources::Source;

/// What is banned, and why. Clippy sees the functions that have a path; these it cannot see.
const BANNED: [(&str, &str); 7] = [
    ("on_conflict", "MySQL drops the target and the condition: plain INSERT, then look at the error"),
    ("try_insert", "MySQL reports an insert that did nothing as done: plain INSERT, then look at the error"),
    ("exec_with_returning_many", "needs RETURNING, which MySQL lacks"),
    ("mariadb-use-returning", "needs RETURNING, which MySQL lacks"),
    ("#[allow(", "use #[expect(…, reason = …)], which complains when it is no longer needed"),
    ("#![allow(", "use #![expect(…, reason = …)], which complains when it is no longer needed"),
    ("#[ignore]", "a test that is not run is no test: make it small, and full under BEDEL_TEST_FULL; or give a reason"),
];

/// Names under which anything could be put.
const DRAWERS: [&str; 8] = ["utils", "util", "common", "helpers", "helper", "manager", "misc", "stuff"];

pub(crate) fn check(sources: &[Source]) -> Complaints {
    let mut complaints = Complaints::new();
    for source in sources {
        let path = source.path.display();
        let stem = source.path.with_extension("");
        if let Some(name) = stem.iter().filter_map(|name| name.to_str()).find(|name| DRAWERS.contains(name)) {
            complaints.push(format!("{path}: '{name}' is a drawer: name it after what is in it"));
        }
        if source.path.starts_with("xtask") {
            continue; // the words are written here
        }
        for (number, line) in (1..).zip(source.text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            for (word, reason) in BANNED {
                if code.contains(word) {
                    complaints.push(format!("{path}:{number}: {word}: {reason}"));
                }
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Vec<Source> {
        vec![Source { path: path.into(), text: text.to_owned() }]
    }

    #[test]
    fn banned_words_count_in_code_alone() {
        assert_eq!(check(&source("crates/a/src/store.rs", "// never on_conflict\nfn a() {}\n")), Complaints::new());
        let complaints = check(&source("crates/a/src/store.rs", "fn a() {\n    query.on_conflict(x)\n}\n"));
        assert!(complaints[0].starts_with("crates/a/src/store.rs:2: on_conflict:"), "{complaints:?}");
    }

    #[test]
    fn a_drawer_is_found_as_a_file_and_as_a_folder() {
        assert_eq!(check(&source("crates/a/src/utils.rs", "")).len(), 1);
        assert_eq!(check(&source("web/src/helpers/date.ts", "")).len(), 1);
        assert_eq!(check(&source("crates/a/src/utility_bill.rs", "")).len(), 0);
    }
}
