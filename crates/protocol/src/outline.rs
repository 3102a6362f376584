//! What a form holds, in a few lines: its fields as they are, and of its files the sizes.

use std::fmt;

/// The most parts that are told one by one.
const PARTS_CAP: usize = 64;

/// The most bytes of a field that are told.
const TEXT_CAP_BYTES: usize = 16 * 1024;

/// The most bytes of a name, of a field or a file, that are told.
const NAME_CAP_BYTES: usize = 256;

/// What a form holds, for a record: one line for each part.
///
/// ```text
/// model: "whisper-1"
/// file: 3145728 bytes of audio/mpeg, "talk.mp3"
/// ```
///
/// Names and texts are the client's: they are quoted as in JSON, so that a line is a line. `Debug` shows none of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Outline {
    lines: String,
    parts: usize,
}

impl Outline {
    /// The lines; empty for a form without parts, and for what is no form.
    ///
    /// ```
    /// use oar_protocol::Facts;
    ///
    /// let upload = "--cut\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--cut--\r\n";
    /// let facts = Facts::read(Some("multipart/form-data; boundary=cut"), upload.as_bytes())?;
    /// assert_eq!(facts.outline.as_str(), r#"model: "whisper-1""#);
    /// # Ok::<(), oar_protocol::FactsError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.lines
    }

    /// Whether no more parts are told.
    pub(crate) const fn is_full(&self) -> bool {
        self.parts > PARTS_CAP
    }

    pub(crate) fn add_text(&mut self, name: &str, text: &str) {
        let cut = cut(text, TEXT_CAP_BYTES);
        let more = if cut.len() < text.len() { format!(" ({} bytes)", text.len()) } else { String::new() };
        self.add(name, &format!("{}{more}", quoted(cut)));
    }

    pub(crate) fn add_file(&mut self, name: &str, file: Option<&str>, media_type: &str, bytes: usize) {
        let media_type: String = media_type.chars().filter(char::is_ascii_graphic).take(NAME_CAP_BYTES).collect();
        let of = if media_type.is_empty() { String::new() } else { format!(" of {media_type}") };
        let file = file.map(|file| format!(", {}", quoted(cut(file, NAME_CAP_BYTES)))).unwrap_or_default();
        self.add(name, &format!("{bytes} bytes{of}{file}"));
    }

    fn add(&mut self, name: &str, told: &str) {
        if self.is_full() {
            return;
        }
        self.parts += 1;
        if !self.lines.is_empty() {
            self.lines.push('\n');
        }
        if self.is_full() {
            self.lines.push_str("and more");
            return;
        }
        let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        let name = cut(name, NAME_CAP_BYTES);
        let name = if is_plain { name.to_owned() } else { quoted(name) };
        self.lines.push_str(&format!("{name}: {told}"));
    }
}

impl fmt::Debug for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outline").field("parts", &self.parts).finish_non_exhaustive()
    }
}

fn cut(text: &str, cap: usize) -> &str {
    text.get(..text.floor_char_boundary(cap)).unwrap_or(text)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_line_whatever_a_client_writes() {
        let mut outline = Outline::default();
        outline.add_text("a: b\n", "two\nlines \"quoted\" \0");
        outline.add_file("", Some("../x\r\n\u{1b}[31m"), "audio/mpeg\n", 3);
        assert_eq!(
            outline.as_str().lines().collect::<Vec<_>>(),
            [r#""a: b\n": "two\nlines \"quoted\" \u0000""#, r#""": 3 bytes of audio/mpeg, "../x\r\n\u001b[31m""#]
        );
        assert!(!format!("{outline:?}").contains("two"));
    }

    #[test]
    fn what_is_long_or_many_is_cut() {
        let mut outline = Outline::default();
        (0..1_000).for_each(|number| outline.add_text(&number.to_string(), &"é".repeat(TEXT_CAP_BYTES)));
        let lines: Vec<_> = outline.as_str().lines().collect();
        assert_eq!((lines.len(), lines.last()), (PARTS_CAP + 1, Some(&"and more")));
        assert!(lines.iter().all(|line| line.len() < TEXT_CAP_BYTES + 100) && lines[0].ends_with(" (32768 bytes)"));
    }
}
