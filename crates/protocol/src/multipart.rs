//! Finds the `model` and `stream` fields of a form (RFC 7578) without unpacking its files.
//!
//! Servers differ in what they make of a form that is a little wrong: some take a bare line feed for a line end, some a
//! folded header for one line, some a missing last delimiter for the end. A form in which one server would find a field
//! and another would not is refused.

use crate::Outline;
use crate::facts::{Facts, FactsError, Form, checked_model, is_variant_of};
use crate::parameters::{self, Unclear};
use memchr::memmem::{self, Finder};

pub(crate) fn facts(content_type: &str, body: &[u8]) -> Result<Facts, FactsError> {
    let boundary = boundary(content_type).ok_or(FactsError::InvalidMultipart)?;
    let mut model = None;
    let mut stream = None;
    let mut outline = Outline::default();
    for part in Parts::new(&boundary, body).ok_or(FactsError::InvalidMultipart)? {
        let part = part?;
        let field = part.field()?;
        part.outline(field.as_deref().unwrap_or_default(), &mut outline);
        match field.as_deref() {
            Some("model") => first(&mut model, part.text(FactsError::InvalidModel)?, "model")?,
            Some("stream") => first(&mut stream, part.text(FactsError::InvalidStream)?, "stream")?,
            Some(name) if is_variant_of("model", name) => return Err(FactsError::Duplicate("model")),
            Some(name) if is_variant_of("stream", name) => return Err(FactsError::Duplicate("stream")),
            Some(_) | None => {}
        }
    }
    let model = model.map(checked_model).transpose()?;
    let stream = stream.map(truth).transpose()?.unwrap_or_default();
    Ok(Facts { model, stream, form: Form::Multipart, outline })
}

fn first<'a>(slot: &mut Option<&'a str>, value: &'a str, field: &'static str) -> Result<(), FactsError> {
    if slot.replace(value).is_some() { Err(FactsError::Duplicate(field)) } else { Ok(()) }
}

/// What a form's text says about a question of yes or no.
pub(crate) fn truth(text: &str) -> Result<bool, FactsError> {
    match text.trim() {
        "true" | "True" | "1" => Ok(true),
        "false" | "False" | "0" | "" => Ok(false),
        _ => Err(FactsError::InvalidStream),
    }
}

/// The `boundary` parameter of a content type, RFC 2046 section 5.1.1.
fn boundary(content_type: &str) -> Option<String> {
    let value = parameters::named(content_type, "boundary").ok()??;
    (1..=70).contains(&value.len()).then_some(value)
}

/// The parts of a form, each between two delimiter lines.
struct Parts<'a> {
    /// With the line feed before it. A line that starts like this is a delimiter or the form is refused.
    delimiter: Finder<'static>,
    /// What follows the last delimiter; `None` behind the closing one.
    rest: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// `None` when the first delimiter is missing. What stands before it (the preamble) is no part.
    fn new(boundary: &str, body: &'a [u8]) -> Option<Self> {
        let delimiter = format!("\n--{boundary}").into_bytes();
        let first = body.strip_prefix(delimiter.get(1..)?);
        let delimiter = Finder::new(&delimiter).into_owned();
        let rest = match first {
            Some(rest) => rest,
            None => split_at_line(body, &delimiter)?.1,
        };
        Some(Self { delimiter, rest: Some(rest) })
    }

    /// The part that starts in `rest`, and what follows its delimiter.
    fn split(&self, rest: &'a [u8]) -> Option<(Part<'a>, &'a [u8])> {
        let padding = rest.iter().take_while(|byte| b" \t".contains(byte)).count();
        let after = rest.get(padding..)?.strip_prefix(b"\r\n")?;
        let (part, rest) = split_at_line(after, &self.delimiter)?;
        Some((Part::split(part)?, rest))
    }
}

/// What stands before and behind the first line that starts with the delimiter; `None` when there is none, or when the
/// line before it ends with a bare line feed.
fn split_at_line<'a>(text: &'a [u8], delimiter: &Finder<'_>) -> Option<(&'a [u8], &'a [u8])> {
    let (before, found) = text.split_at_checked(delimiter.find(text)?)?;
    Some((before.strip_suffix(b"\r")?, found.get(delimiter.needle().len()..)?))
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, FactsError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        if let Some(epilogue) = rest.strip_prefix(b"--") {
            return self.delimiter.find(epilogue).map(|_| Err(FactsError::InvalidMultipart));
        }
        Some(match self.split(rest) {
            Some((part, rest)) => {
                self.rest = Some(rest);
                Ok(part)
            }
            None => Err(FactsError::InvalidMultipart),
        })
    }
}

struct Part<'a> {
    head: &'a [u8],
    content: &'a [u8],
}

impl<'a> Part<'a> {
    /// Splits at the blank line, which is the first line of a part without a head.
    fn split(part: &'a [u8]) -> Option<Self> {
        if let Some(content) = part.strip_prefix(b"\r\n") {
            return Some(Self { head: &[], content });
        }
        let (head, blank) = part.split_at_checked(memmem::find(part, b"\r\n\r\n")?)?;
        Some(Self { head, content: blank.get(4..)? })
    }

    /// The name of the field, if the part has one.
    fn field(&self) -> Result<Option<String>, FactsError> {
        let head = String::from_utf8_lossy(self.head);
        let Some(disposition) = header(&head, "content-disposition")? else { return Ok(None) };
        let name = parameters::named(disposition, "name")?;
        let is_ours = |name: &str| ["model", "stream"].iter().any(|ours| is_variant_of(ours, name));
        if name.as_deref().is_some_and(is_ours) && !is_plain(&head)? {
            return Err(FactsError::InvalidMultipart);
        }
        Ok(name)
    }

    /// Tells of the part. Its content is told if it is a text and no file.
    fn outline(&self, name: &str, outline: &mut Outline) {
        if outline.is_full() {
            return;
        }
        let head = String::from_utf8_lossy(self.head);
        let value = |wanted| header(&head, wanted).ok().flatten().unwrap_or_default();
        let file = parameters::named(value("content-disposition"), "filename");
        let media_type = parameters::essence(value("content-type"));
        let is_of_text =
            ["", "text/plain", "application/json"].iter().any(|text| text.eq_ignore_ascii_case(media_type));
        // Files are long: they are not looked at.
        let is_field = is_of_text && file == Ok(None);
        match is_field.then(|| std::str::from_utf8(self.content)) {
            Some(Ok(text)) => outline.add_text(name, text),
            Some(Err(_)) | None => {
                outline.add_file(name, file.ok().flatten().as_deref(), media_type, self.content.len());
            }
        }
    }

    fn text(&self, otherwise: FactsError) -> Result<&'a str, FactsError> {
        std::str::from_utf8(self.content).map_err(|_| otherwise)
    }
}

/// The value of a part's header. Its lines are neither folded nor ended by anything but CRLF, and no name comes twice.
fn header<'a>(head: &'a str, wanted: &str) -> Result<Option<&'a str>, FactsError> {
    let mut found = None;
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) || line.contains(['\r', '\n']) {
            return Err(FactsError::InvalidMultipart);
        }
        let value = line.split_once(':').filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        if value.is_some_and(|(_, value)| found.replace(value).is_some()) {
            return Err(FactsError::InvalidMultipart);
        }
    }
    Ok(found)
}

/// Whether a part's text is what it looks like: neither encoded (RFC 7578 section 4.7 deprecates that) nor in another
/// charset.
fn is_plain(head: &str) -> Result<bool, FactsError> {
    let encoding = header(head, "content-transfer-encoding")?.unwrap_or("8bit").trim();
    let is_identity = ["7bit", "8bit", "binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain));
    let media_type = header(head, "content-type")?.unwrap_or_default();
    Ok(is_identity && parameters::is_ascii_text(media_type))
}

impl From<Unclear> for FactsError {
    fn from(_: Unclear) -> Self {
        Self::InvalidMultipart
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

    /// B08.
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
    fn a_form_is_outlined_without_its_files() {
        let parts = [
            part("name=\"model\"", "whisper-1"),
            part("name=\"file\"; filename=\"talk.mp3\"\r\nContent-Type: audio/mpeg", "ID3 canary"),
            part("name=\"note\"; filename=\"canary.txt\"", "canary"),
            part("name=\"blob\"\r\nContent-Type: image/png", "canary"),
            part("name=\"odd\"; filename*=utf-8''canary", "canary"),
        ];
        let outline = facts(TYPE, (parts.concat() + "--xyz--\r\n").as_bytes()).map(|facts| facts.outline);
        let lines = [
            "model: \"whisper-1\"",
            "file: 10 bytes of audio/mpeg, \"talk.mp3\"",
            "note: 6 bytes, \"canary.txt\"",
            "blob: 6 bytes of image/png",
            "odd: 6 bytes",
        ];
        assert_eq!(outline.as_ref().map(Outline::as_str), Ok(lines.join("\n").as_str()));
    }

    /// B08.
    #[test]
    fn a_file_named_model_is_no_model() {
        let file = part("name=\"file\"; filename=\"model\"", "x");
        assert_eq!(read(&[file]), Ok((None, false)));
        let tricky = part("filename=\"; name=model\"; name=\"file\"", "x");
        assert_eq!(read(&[tricky]), Ok((None, false)));
    }

    /// B08.
    #[test]
    fn two_models_and_overlong_models_are_refused() {
        let model = part("name=\"model\"", "whisper-1");
        assert_eq!(read(&[model.clone(), model]), Err(FactsError::Duplicate("model")));
        assert_eq!(read(&[part("name=\"model\"", &"m".repeat(1_000_000))]), Err(FactsError::InvalidModel));
    }

    /// B08.
    #[test]
    fn boundaries_may_be_quoted_and_follow_a_preamble() {
        let body = b"preamble\r\n--a b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n--a b--\r\n";
        let read = facts("multipart/form-data; charset=utf-8; boundary=\"a b\"", body);
        assert_eq!(read.map(|facts| facts.model), Ok(Some("m".to_owned())));
    }

    /// B08.
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

    /// B08.
    #[test]
    fn a_field_that_only_some_servers_would_find_is_refused() {
        let named = |head: &str| format!("--xyz\r\n{head}\r\n\r\nm\r\n--xyz--");
        for (what, body) in [
            ("extended name", named("content-disposition: form-data; name*=utf-8''model")),
            ("two names", named("content-disposition: form-data; name=\"file\"; name=\"model\"")),
            ("two dispositions", named("content-disposition: form-data\r\ncontent-disposition: x; name=model")),
            ("folded", named("content-disposition: form-data;\r\n name=\"model\"")),
            ("bare line feed", named("x: y\ncontent-disposition: form-data; name=\"model\"")),
            ("open quote", named("content-disposition: form-data; filename=\"x\\\"; name=\"model\"")),
            ("encoded", named("content-disposition: form-data; name=model\r\ncontent-transfer-encoding: base64")),
            ("charset", named("content-disposition: form-data; name=model\r\ncontent-type: text/x; charset=utf-7")),
            ("no close", "--xyz\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm".into()),
            ("line feeds", "--xyz\ncontent-disposition: form-data; name=\"model\"\n\nm\n--xyz--".into()),
            ("line feed after a preamble", "x\n--xyz\n\n\n--xyz\n\r\n--xyz--".into()),
            ("longer delimiter", "--xyzw\r\n\r\nm\r\n--xyz--".into()),
            ("after the close", format!("--xyz--\r\n{}--xyz--", part("name=\"model\"", "m"))),
            ("no blank line", "--xyz\r\ncontent-disposition: form-data; name=\"model\"\r\n--xyz--".into()),
        ] {
            assert_eq!(facts(TYPE, body.as_bytes()), Err(FactsError::InvalidMultipart), "{what}");
        }
        for content_type in ["multipart/form-data; boundary=xyz; boundary=abc", "multipart/form-data; boundary*0=xyz"] {
            let body = part("name=\"model\"", "m") + "--xyz--";
            assert_eq!(facts(content_type, body.as_bytes()), Err(FactsError::InvalidMultipart), "{content_type}");
        }
        assert_eq!(read(&[part("name=\"MODEL\"", "m")]), Err(FactsError::Duplicate("model")));
        assert_eq!(read(&[part("name=Stream", "true")]), Err(FactsError::Duplicate("stream")));
    }

    /// B08.
    #[test]
    fn a_field_is_found_past_words_that_are_no_parameters() {
        for head in [
            "Content-Disposition: form-data; x; name=model",
            "content-disposition : form-data; name=\"model\"; y=\"\u{fffd}\"",
            "X-Other: 1\r\nCONTENT-DISPOSITION:form-data;NAME=model\r\ncontent-transfer-encoding: 8bit",
        ] {
            let body = format!("--xyz \t\r\n{head}\r\n\r\nm\r\n--xyz--\r\nepilogue");
            assert_eq!(facts(TYPE, body.as_bytes()).map(|facts| facts.model), Ok(Some("m".into())), "{head}");
        }
        let latin1 = b"--xyz\r\ncontent-disposition: form-data; name=\"model\"; x=\"\xe9\"\r\n\r\nm\r\n--xyz--";
        assert_eq!(facts(TYPE, latin1).map(|facts| facts.model), Ok(Some("m".into())));
        let empty = facts(TYPE, b"--xyz\r\n\r\nno head\r\n--xyz--").map(|facts| facts.model);
        assert_eq!(empty, Ok(None));
    }

    /// B08.
    #[test]
    fn what_only_contains_a_delimiter_is_content() {
        let file = part("name=\"file\"", "a --xyz b\r\n --xyz\r\n-xyz");
        assert_eq!(read(&[file, part("name=\"model\"", "m")]), Ok((Some("m".into()), false)));
    }
}
