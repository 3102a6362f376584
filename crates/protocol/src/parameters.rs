//! Header values of the form `value; name=token; name="quoted"`: RFC 9110 section 5.6.6, RFC 2045 section 5.1.

/// What stands before the first parameter.
pub(crate) fn essence(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}

/// All parameters in order. One without a value has an empty one: `application/json; utf-8` is often seen, and a reader
/// that stumbled over it would miss what follows. `None` when a quote does not end or something follows it.
pub(crate) fn of(header: &str) -> Option<Vec<(&str, String)>> {
    let mut parameters = Vec::new();
    let mut rest = header.find(';').and_then(|at| header.get(at..)).unwrap_or_default();
    while let Some(after) = rest.strip_prefix(';') {
        let end = after.find(['=', ';']).unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        let (value, tail) = tail.strip_prefix('=').map_or_else(|| Some((String::new(), tail)), value)?;
        parameters.push((name.trim(), value));
        rest = tail;
    }
    rest.is_empty().then_some(parameters)
}

/// A value and what follows it, which is nothing or starts with a semicolon.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let (value, tail) = text.split_at(text.find(';').unwrap_or(text.len()));
        return Some((value.trim().to_owned(), tail));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, quoted.get(at + 1..)?.trim_start())),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(char),
        }
    }
    None
}

/// The parameter is there in more than one way, or its header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unclear;

/// The parameter of this name, in any case.
///
/// # Errors
///
/// [`Unclear`] when it is given twice or in the extended notation of RFC 2231 (`name*=utf-8''x`, `name*0=x`), which some
/// servers understand and others skip.
pub(crate) fn named(header: &str, wanted: &str) -> Result<Option<String>, Unclear> {
    let mut found = None;
    for (name, value) in of(header).ok_or(Unclear)? {
        let plain = name.split('*').next().unwrap_or_default().trim_end();
        if !plain.eq_ignore_ascii_case(wanted) {
            continue;
        }
        if plain.len() != name.len() || found.replace(value).is_some() {
            return Err(Unclear);
        }
    }
    Ok(found)
}

/// Whether text of this media type can be read byte by byte as ASCII, which is what everybody takes it for who ignores
/// its `charset`. In UTF-7, UTF-16 or GBK other bytes may spell `model`, or end a string.
pub(crate) fn is_ascii_text(media_type: &str) -> bool {
    const ASCII_AND_MORE: [&str; 6] = ["", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1"];
    named(media_type, "charset").is_ok_and(|charset| {
        let charset = charset.unwrap_or_default();
        ASCII_AND_MORE.iter().any(|known| charset.eq_ignore_ascii_case(known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(header: &str) -> Option<Vec<(&str, String)>> {
        of(header)
    }

    #[test]
    fn tokens_and_quoted_strings_are_values() {
        let expected = vec![("charset", "utf-8".to_owned()), ("b", "x;\"y".to_owned()), ("z", String::new())];
        assert_eq!(all(r#"a/b ; charset= utf-8 ;b = "x;\"y" ; z"#), Some(expected));
        assert_eq!(all("a/b"), Some(vec![]));
        assert_eq!(all("a/b;"), Some(vec![("", String::new())]));
    }

    #[test]
    fn a_broken_quote_makes_all_unreadable() {
        for header in ["a; b=\"", "a; b=\"x\\", "a; b=\"x\"y", "a; b=\"x\" y; c=d"] {
            assert_eq!(all(header), None, "{header}");
        }
    }

    #[test]
    fn a_parameter_that_comes_in_two_ways_is_unclear() {
        assert_eq!(named("a; X=1; y=2", "x"), Ok(Some("1".into())));
        assert_eq!(named("a; y; x=2", "x"), Ok(Some("2".into())));
        assert_eq!(named("a; y=\"; x=3\"", "x"), Ok(None));
        for header in ["a; x=1; X=1", "a; x*=utf-8''1", "a; x*0=1", "a; x=1; x*1=2", "a; x =1; y=\""] {
            assert_eq!(named(header, "x"), Err(Unclear), "{header}");
        }
    }

    #[test]
    fn only_supersets_of_ascii_are_read() {
        for media_type in ["", "a/b", "a/b; charset=UTF-8", "a/b; charset=\"utf8\"", "a/b; charset=ISO-8859-1"] {
            assert!(is_ascii_text(media_type), "{media_type}");
        }
        for charset in ["utf-7", "utf-16", "utf-16le", "utf-32", "gbk", "cp037", "utf-8, utf-7", "x; charset=utf-7"] {
            assert!(!is_ascii_text(&format!("a/b; charset={charset}")), "{charset}");
        }
    }
}
