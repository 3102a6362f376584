//! The little of Markdown that the documents use.

use crate::{Words, file, files_in, words};

/// A document, taken apart.
pub(crate) struct Page {
    /// Its path in the repository.
    pub(crate) name: String,
    /// Its lines outside of code blocks.
    pub(crate) prose: Vec<String>,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn read(name: &str) -> Self {
        let text = file(name);
        let mut page = Self { name: name.to_owned(), prose: Vec::new(), blocks: Vec::new() };
        let mut open: Option<Block> = None;
        for line in text.lines() {
            match (&mut open, line.strip_prefix("```")) {
                (None, None) => page.prose.push(line.to_owned()),
                (None, Some(language)) => open = Some(Block { language: language.to_owned(), text: String::new() }),
                (Some(block), None) => block.text.extend([line, "\n"]),
                (Some(_), Some(_)) => page.blocks.extend(open.take()),
            }
        }
        assert_eq!(open, None, "{name}: a code block has no end");
        page
    }

    /// Every document of the project.
    pub(crate) fn all() -> Vec<Self> {
        let names =
            ["README.md", "README.zh-CN.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned);
        names.into_iter().chain(files_in("docs", ".md")).map(|name| Self::read(&name)).collect()
    }

    pub(crate) fn headings(&self) -> Vec<Heading<'_>> {
        self.prose.iter().filter_map(|line| Heading::of(line)).collect()
    }

    /// What stands between a heading and the next.
    pub(crate) fn under(&self, heading: &str) -> &[String] {
        let is_it = |line: &String| Heading::of(line).is_some_and(|found| found.text == heading);
        let start = self.prose.iter().position(is_it).unwrap_or_else(|| panic!("{}: no `{heading}`", self.name)) + 1;
        let rest = self.prose.get(start..).unwrap_or_default();
        let end = rest.iter().position(|line| Heading::of(line).is_some()).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// What stands in code font in one column of the tables below a heading.
    pub(crate) fn column(&self, heading: &str, index: usize) -> Words {
        let rows = rows(self.under(heading));
        assert!(!rows.is_empty(), "{}: `{heading}` has no table", self.name);
        words(rows.iter().filter_map(|row| row.get(index)).flat_map(|cell| spans(cell)))
    }

    pub(crate) fn blocks_in(&self, language: &str) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.language == language)
    }

    /// The targets of links.
    pub(crate) fn links(&self) -> impl Iterator<Item = &str> {
        self.prose.iter().flat_map(|line| line.split("](").skip(1)).filter_map(|rest| Some(rest.split_once(')')?.0))
    }
}

/// A heading and its level, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heading<'a> {
    pub(crate) level: usize,
    pub(crate) text: &'a str,
}

impl<'a> Heading<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let text = line.trim_start_matches('#');
        let level = line.len() - text.len();
        let text = text.strip_prefix(' ').filter(|_| level > 0)?;
        Some(Self { level, text })
    }

    /// What a link to it says after `#`: small letters, dashes for spaces, no punctuation.
    pub(crate) fn anchor(&self) -> String {
        let kept = self.text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
    }
}

/// What stands in code font in a line.
pub(crate) fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The rows of the tables among these lines, without their heads.
pub(crate) fn rows(lines: &[String]) -> Vec<Vec<String>> {
    let is_row = |line: &str| line.starts_with('|');
    let is_rule = |line: &str| line.starts_with("| ---");
    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| is_row(line)) {
        let is_head = lines.get(index + 1).is_some_and(|next| is_rule(next));
        if !is_head && !is_rule(line) {
            rows.push(line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
        }
    }
    rows
}
