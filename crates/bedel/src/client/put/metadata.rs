//! What is said about a file when its upload begins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::walk::Item;
use crate::cli::Put;

/// The longest title a campus takes, in bytes.
const MAX_TITLE: usize = 255;

/// The `Upload-Metadata` of a file. Names hold no folders, so a file found in a folder keeps its path there as its title,
/// or, if the title is given or the path too long for one, at the end of its description.
pub(super) fn of(item: &Item, arguments: &Put) -> String {
    let (mut title, mut description) = (arguments.title.clone(), arguments.description.clone());
    match &item.inside {
        Some(path) if title.is_none() && path.len() <= MAX_TITLE => title = Some(path.clone()),
        Some(path) => description = Some(description.map_or_else(|| path.clone(), |said| format!("{said}\n{path}"))),
        None => {}
    }
    let fields = [
        ("filename", Some(item.name.as_str())),
        ("title", title.as_deref()),
        ("description", description.as_deref()),
        ("category", arguments.category.as_deref()),
        ("tags", arguments.tags.as_deref()),
        ("visibility", Some(arguments.visibility.as_str())),
    ];
    let given = fields.iter().filter_map(|(key, value)| Some(format!("{key} {}", STANDARD.encode((*value)?))));
    given.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn said(arguments: &[&str], inside: Option<&str>) -> Vec<(String, String)> {
        let words = ["bedel", "put", "x"].iter().chain(arguments);
        let Command::Put(put) = Cli::try_parse_from(words).expect("parses").command else { panic!("another command") };
        let inside = inside.map(str::to_owned);
        let item = Item { path: "x".into(), name: "x".to_owned(), inside, size: 1 };
        let decode = |text: &str| String::from_utf8(STANDARD.decode(text).expect("base64")).expect("UTF-8");
        let pairs = of(&item, &put);
        let pairs = pairs.split(',').filter_map(|pair| pair.split_once(' '));
        pairs
            .filter(|(key, _)| ["title", "description"].contains(key))
            .map(|(k, v)| (k.to_owned(), decode(v)))
            .collect()
    }

    #[test]
    fn a_file_keeps_its_place_in_its_folder() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(said(&[], None), []);
        assert_eq!(said(&[], Some("c/x")), [pair("title", "c/x")]);
        assert_eq!(said(&["--title", "T"], Some("c/x")), [pair("title", "T"), pair("description", "c/x")]);
        let both = said(&["--title", "T", "--description", "D"], Some("c/x"));
        assert_eq!(both, [pair("title", "T"), pair("description", "D\nc/x")]);
        let long = format!("{}/x", "d".repeat(254));
        assert_eq!(said(&[], Some(&long)), [pair("description", &long)]);
    }
}
