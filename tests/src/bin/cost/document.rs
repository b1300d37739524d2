//! The tables of `infra/README.md` that come from here, each between `<!-- cost: NAME -->` and `<!-- end -->`.

use std::path::PathBuf;

use ::tests::workspace;

const END: &str = "<!-- end -->";

fn path() -> PathBuf {
    workspace().join("infra/README.md")
}

/// Writes the tables, each in its place.
pub(crate) fn write(tables: &[(&str, String)]) {
    let mut page = std::fs::read_to_string(path()).expect("the page");
    for (name, table) in tables {
        page = with(&page, name, table);
    }
    std::fs::write(path(), page).expect("a page that may be written");
}

/// The names of the tables that the page has otherwise.
pub(crate) fn outdated<'a>(tables: &[(&'a str, String)]) -> Vec<&'a str> {
    let page = std::fs::read_to_string(path()).expect("the page");
    let is_other = |(name, table): &&(&str, String)| with(&page, name, table) != page;
    tables.iter().filter(is_other).map(|(name, _)| *name).collect()
}

/// The page with a table in its place.
fn with(page: &str, name: &str, table: &str) -> String {
    let begin = format!("<!-- cost: {name} -->\n");
    let split = page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        split.unwrap_or_else(|| panic!("infra/README.md has no place for the table {name}"));
    format!("{before}{begin}\n{table}\n{END}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let page = "a\n<!-- cost: day -->\nold\n<!-- end -->\nb\n";
        let written = with(page, "day", "| new |\n");
        assert_eq!(written, "a\n<!-- cost: day -->\n\n| new |\n\n<!-- end -->\nb\n");
        assert_eq!(with(&written, "day", "| new |\n"), written);
    }
}
