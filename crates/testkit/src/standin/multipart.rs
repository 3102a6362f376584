use bytes::Bytes;
use memchr::memmem;

/// One part of a `multipart/form-data` body (RFC 7578).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    pub(super) content: Bytes,
}

/// Splits a form into its parts; `None` if it is no form. Parts that make no sense are left out.
pub(super) fn parse(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let parameters = content_type.strip_prefix("multipart/form-data")?;
    let boundary = parameter(parameters, "boundary")?;
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line before it, hence no line end in front.
    let mut start = delimiter.len() - 2;
    let mut parts = Vec::new();
    for end in memmem::find_iter(body, &delimiter) {
        parts.extend((start <= end).then(|| body.slice(start..end)).and_then(|section| part(&section)));
        start = end + delimiter.len();
    }
    Some(parts)
}

fn part(section: &Bytes) -> Option<Part> {
    let blank = memmem::find(section, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(section.get(..blank)?).into_owned();
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    Some(Part {
        name: parameter(disposition, "name")?,
        filename: parameter(disposition, "filename"),
        content: section.slice(blank + 4..),
    })
}

fn parameter(text: &str, name: &str) -> Option<String> {
    let value = text.split(';').find_map(|piece| piece.trim().strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_split_without_touching_its_bytes() {
        let body = Bytes::from_static(
            b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
              --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n\
              \x00\r\n\r\n--x\xff\r\n--b--\r\n",
        );
        let parts = parse("multipart/form-data; boundary=\"b\"", &body).unwrap();
        assert_eq!((parts[0].name.as_str(), parts[0].content.as_ref()), ("model", &b"whisper-1"[..]));
        assert_eq!(
            (parts[1].filename.as_deref(), parts[1].content.as_ref()),
            (Some("a.wav"), &b"\x00\r\n\r\n--x\xff"[..])
        );
    }

    #[test]
    fn what_is_no_form_has_no_parts() {
        assert_eq!(parse("application/json", &Bytes::from_static(b"{}")), None);
        assert_eq!(parse("multipart/form-data; boundary=b", &Bytes::from_static(b"--b")), Some(Vec::new()));
    }
}
