//! Files that a person can read in one sitting.

use crate::Complaints;
use crate::sources::Source;

const NEVER: usize = 600;
const RARELY: usize = 400;

pub(crate) fn check(sources: &[Source]) -> Complaints {
    let lengths: Vec<(&Source, usize)> = sources.iter().map(|source| (source, source.text.lines().count())).collect();
    let mut complaints: Complaints = lengths
        .iter()
        .filter(|(_, lines)| *lines > NEVER)
        .map(|(source, lines)| format!("{}: {lines} lines; the most is {NEVER}", source.path.display()))
        .collect();
    let long: Vec<_> = lengths.iter().filter(|(_, lines)| *lines > RARELY).collect();
    if long.len() * 10 > lengths.len() {
        let names: Vec<_> = long.iter().map(|(source, lines)| format!("{} ({lines})", source.path.display())).collect();
        complaints.push(format!(
            "{} of {} files have more than {RARELY} lines, and one in ten is the most: {}",
            long.len(),
            lengths.len(),
            names.join(", ")
        ));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(lengths: &[usize]) -> Vec<Source> {
        let source = |lines: &usize| Source { path: format!("{lines}.rs").into(), text: "x\n".repeat(*lines) };
        lengths.iter().map(source).collect()
    }

    #[test]
    fn one_in_ten_may_be_long_and_none_very_long() {
        assert_eq!(check(&sources(&[600, 1, 2, 3, 4, 5, 6, 7, 8, 400])).len(), 0);
        assert_eq!(check(&sources(&[601, 1, 2, 3, 4, 5, 6, 7, 8, 9])), ["601.rs: 601 lines; the most is 600"]);
        assert_eq!(check(&sources(&[401, 401, 2, 3, 4, 5, 6, 7, 8, 9])).len(), 1);
    }
}
