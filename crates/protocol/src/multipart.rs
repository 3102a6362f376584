//! Finds the `model` and `stream` fields of a form (RFC 7578) without unpacking its files.

use crate::facts::{Facts, FactsError, Form, checked_model};
use memchr::memmem;

pub(crate) fn facts(content_type: &str, body: &[u8]) -> Result<Facts, FactsError> {
    let boundary = boundary(content_type).ok_or(FactsError::InvalidMultipart)?;
    let mut model = None;
    let mut stream = None;
    for part in Parts::new(&boundary, body).ok_or(FactsError::InvalidMultipart)? {
        match part.field_name().as_deref() {
            Some("model") => first(&mut model, part.text().ok_or(FactsError::InvalidModel)?, "model")?,
            Some("stream") => first(&mut stream, part.text().ok_or(FactsError::InvalidStream)?, "stream")?,
            _ => {}
        }
    }
    let model = model.map(checked_model).transpose()?;
    let stream = stream.map(truth).transpose()?.unwrap_or_default();
    Ok(Facts { model, stream, form: Form::Multipart })
}

fn first<'a>(slot: &mut Option<&'a str>, value: &'a str, field: &'static str) -> Result<(), FactsError> {
    if slot.replace(value).is_some() { Err(FactsError::Duplicate(field)) } else { Ok(()) }
}

fn truth(text: &str) -> Result<bool, FactsError> {
    match text.trim() {
        "true" | "True" | "1" => Ok(true),
        "false" | "False" | "0" | "" => Ok(false),
        _ => Err(FactsError::InvalidStream),
    }
}

/// The `boundary` parameter of a content type, RFC 2046 section 5.1.1.
fn boundary(content_type: &str) -> Option<String> {
    let value = parameter(content_type, "boundary")?;
    (1..=70).contains(&value.len()).then_some(value)
}

/// A parameter of a header value of the form `value; name=token; name="quoted"`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, tail) = parameter_value(after.trim_start())?;
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = tail.trim_start().strip_prefix(';')?;
    }
}

fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, tail) = text.split_at(end);
        return Some((value.trim().to_owned(), tail));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(char),
        }
    }
    None
}

/// The parts of a form, each between two delimiter lines.
struct Parts<'a> {
    delimiter: Vec<u8>,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    /// `None` when the first delimiter is missing. What stands before it (the preamble) is no part.
    fn new(boundary: &str, body: &'a [u8]) -> Option<Self> {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        let opening = delimiter.get(2..)?;
        let rest = match body.strip_prefix(opening) {
            Some(rest) => rest,
            None => body.get(memmem::find(body, &delimiter)? + delimiter.len()..)?,
        };
        Some(Self { delimiter, rest })
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if self.rest.starts_with(b"--") {
            return None;
        }
        let start = memmem::find(self.rest, b"\r\n")?;
        let rest = self.rest.get(start..)?;
        let end = memmem::find(rest, &self.delimiter)?;
        let part = rest.get(..end)?;
        self.rest = rest.get(end + self.delimiter.len()..)?;
        Some(Part::split(part))
    }
}

struct Part<'a> {
    head: &'a [u8],
    content: &'a [u8],
}

impl<'a> Part<'a> {
    /// Splits at the blank line; `part` starts with the line break that ended its delimiter.
    fn split(part: &'a [u8]) -> Self {
        match memmem::find(part, b"\r\n\r\n") {
            Some(blank) => {
                let (head, content) = part.split_at(blank);
                Self { head, content: content.get(4..).unwrap_or_default() }
            }
            None => Self { head: part, content: &[] },
        }
    }

    /// The `name` of the part's `content-disposition`.
    fn field_name(&self) -> Option<String> {
        let head = std::str::from_utf8(self.head).ok()?;
        head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("content-disposition").then(|| parameter(value, "name"))?
        })
    }

    fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.content).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=xyz";

    fn part(disposition: &str, content: &str) -> String {
        format!("--xyz\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
    }

    fn read(parts: &[String]) -> Result<(Option<String>, bool), FactsError> {
        let body = parts.concat() + "--xyz--\r\n";
        facts(TYPE, body.as_bytes()).map(|facts| (facts.model, facts.stream))
    }

    #[test]
    fn the_model_is_found_first_or_last() {
        let file = part("name=\"file\"; filename=\"a.mp3\"", "ID3\r\n\r\n--xy binary");
        let model = part("name=\"model\"", "whisper-1");
        let found = Ok((Some("whisper-1".to_owned()), false));
        assert_eq!(read(&[model.clone(), file.clone()]), found);
        assert_eq!(read(&[file.clone(), model.clone()]), found);
        assert_eq!(read(&[file, model, part("name=stream", "true")]), Ok((Some("whisper-1".to_owned()), true)));
    }

    #[test]
    fn a_file_named_model_is_no_model() {
        let file = part("name=\"file\"; filename=\"model\"", "x");
        assert_eq!(read(&[file]), Ok((None, false)));
        let tricky = part("filename=\"; name=model\"; name=\"file\"", "x");
        assert_eq!(read(&[tricky]), Ok((None, false)));
    }

    #[test]
    fn two_models_and_overlong_models_are_refused() {
        let model = part("name=\"model\"", "whisper-1");
        assert_eq!(read(&[model.clone(), model]), Err(FactsError::Duplicate("model")));
        assert_eq!(read(&[part("name=\"model\"", &"m".repeat(1_000_000))]), Err(FactsError::InvalidModel));
    }

    #[test]
    fn boundaries_may_be_quoted_and_follow_a_preamble() {
        let body = b"preamble\r\n--a b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n--a b--\r\n";
        let read = facts("multipart/form-data; charset=utf-8; boundary=\"a b\"", body);
        assert_eq!(read.map(|facts| facts.model), Ok(Some("m".to_owned())));
    }

    #[test]
    fn a_form_without_its_boundary_is_refused() {
        for (content_type, body) in [
            ("multipart/form-data", &b"--xyz--"[..]),
            ("multipart/form-data; boundary=", b"--xyz--"),
            (TYPE, b"no delimiter here"),
        ] {
            assert_eq!(facts(content_type, body), Err(FactsError::InvalidMultipart), "{content_type}");
        }
    }
}
