//! A page of the documentation, of which parts are written by programs.

use std::fs;
use std::io;
use std::path::Path;

/// The page, in each language: its words differ, its figures do not.
const PAGES: [&str; 2] = ["benchmarks.md", "benchmarks.zh-CN.md"];

/// Replaces a part of the pages in this folder of documents: what stands between `<!-- NAME -->` and `<!-- /NAME -->`.
///
/// # Errors
///
/// There is no such page, or no such part in it.
pub(crate) fn write_part(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    PAGES.iter().try_for_each(|page| write_part_of(&folder.join(page), name, text))
}

fn write_part_of(page: &Path, name: &str, text: &str) -> io::Result<()> {
    let whole = fs::read_to_string(page)?;
    let new = replaced(&whole, name, text)
        .ok_or_else(|| io::Error::other(format!("{}: there is no part `{name}`", page.display())))?;
    fs::write(page, new)
}

fn replaced(whole: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = whole.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_replaced_and_nothing_else() {
        let page = "# A\n<!-- b -->\nold\n<!-- /b -->\nC\n";
        let new = replaced(page, "b", "new\n").unwrap();
        assert_eq!(new, "# A\n<!-- b -->\n\nnew\n\n<!-- /b -->\nC\n");
        assert_eq!(replaced(&new, "b", "new").unwrap(), new);
        assert_eq!(replaced(page, "c", "new"), None);
    }

    #[test]
    fn a_page_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_part(folder.path(), "b", "new").is_err());
    }
}
