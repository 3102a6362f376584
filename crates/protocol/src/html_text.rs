//! The readable text of an HTML page, for places where only text can go.
//!
//! Proxies before an API answer for it with pages made for people. Enough of HTML's syntax is known here to find their
//! words: <https://html.spec.whatwg.org/multipage/parsing.html#tokenization>. There is no tree, and nothing is checked.

/// Elements that do not part words: `mod<b>el</b>` is one.
const WITHIN_WORDS: [&str; 12] = ["a", "abbr", "b", "code", "em", "font", "i", "mark", "small", "span", "strong", "u"];

/// Elements whose content is no text for a reader.
const NOT_TEXT: [&str; 2] = ["script", "style"];

/// The entities that nearly all pages make do with; others stay as they are written.
const ENTITIES: [(&str, char); 6] =
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&nbsp;", ' ')];

/// The text of `html` without tags, comments, scripts and styles, in one line, cut at `cap` bytes or a little before, so
/// that no character is cut in two. Takes time in proportion to the page, whatever is wrong with it.
///
/// ```
/// use oar_protocol::html_text;
///
/// let page = "<title>502</title><style>h1 { color: red }</style><h1>Bad <b>gate</b>way</h1>";
/// assert_eq!(html_text(page, 1000), "502 Bad gateway");
/// assert_eq!(html_text(page, 7), "502 Bad");
/// ```
pub fn html_text(html: &str, cap: usize) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, markup)) = rest.find('<').and_then(|at| rest.split_at_checked(at)) {
        decode(before, &mut text);
        match skipped(markup) {
            Some((break_or_none, after)) => {
                text.extend(break_or_none);
                rest = after;
            }
            None => {
                text.push('<');
                rest = markup.get(1..).unwrap_or_default();
            }
        }
    }
    decode(rest, &mut text);
    in_one_line(&text, cap)
}

/// What stands for the markup that `text` begins with, and what follows it; `None` when its `<` is only a character.
fn skipped(text: &str) -> Option<(Option<char>, &str)> {
    if let Some(comment) = text.strip_prefix("<!--") {
        return Some((None, after(comment, "-->")));
    }
    let inside = text.strip_prefix('<')?;
    let name = inside.strip_prefix('/').unwrap_or(inside);
    let name = name.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    let is_tag = name.starts_with(|first: char| first.is_ascii_alphabetic()) || inside.starts_with(['!', '?', '/']);
    let behind = is_tag.then(|| after_tag(inside))?;
    let is_one_of = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    let behind = if is_one_of(&NOT_TEXT) && !inside.starts_with('/') { at_end_tag(behind, name) } else { behind };
    Some(((!is_one_of(&WITHIN_WORDS)).then_some(' '), behind))
}

/// Behind the `>` of a tag; one inside an attribute's quotes does not count.
fn after_tag(inside: &str) -> &str {
    let mut quote = None;
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (None, '>') => return inside.get(at + 1..).unwrap_or_default(),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    ""
}

/// From the next `</name` on.
fn at_end_tag<'a>(text: &'a str, name: &str) -> &'a str {
    let is_end = |at: &usize| {
        let tag = text.get(at + 2..at + 2 + name.len());
        tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name))
    };
    let end = text.match_indices("</").map(|(at, _)| at).find(is_end);
    end.and_then(|at| text.get(at..)).unwrap_or_default()
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, after)| after)
}

fn decode(mut plain: &str, text: &mut String) {
    while let Some((before, entity)) = plain.find('&').and_then(|at| plain.split_at_checked(at)) {
        text.push_str(before);
        let known = ENTITIES.iter().find_map(|(name, letter)| Some((*letter, entity.strip_prefix(name)?)));
        let (letter, behind) = known.unwrap_or(('&', entity.get(1..).unwrap_or_default()));
        text.push(letter);
        plain = behind;
    }
    text.push_str(plain);
}

/// With one space where there is any, and without control characters.
fn in_one_line(text: &str, cap: usize) -> String {
    let mut line = String::new();
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty())
    {
        if line.len() >= cap {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.truncate(line.floor_char_boundary(cap));
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(html: &str, text: &str) {
        assert_eq!(html_text(html, 1000), text, "{html}");
    }

    /// S13.
    #[test]
    fn the_words_of_a_page_are_found() {
        let nginx = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad \
                     Gateway</h1></center>\r\n<hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n\
                     <!-- a padding to disable MSIE and Chrome friendly error page -->\r\n";
        check(nginx, "502 Bad Gateway 502 Bad Gateway nginx/1.24.0");
        let cloudflare = "<!DOCTYPE html>\n<!--[if lt IE 7]> <html class=\"no-js ie6\"> <![endif]-->\n<head>\
                          <style>body{margin:0;content:\"</b>\"}</style><script>if (1<2) { document.write('<p>') }\
                          </script></head><body><h1><span>Error</span>\n<span>1020</span></h1><p>Access&nbsp;denied \
                          for you&#39;re &lt;blocked&gt; &amp; &quot;gone&quot;.<br>Ray ID: <strong>8a</strong></p>";
        check(cloudflare, "Error 1020 Access denied for you're <blocked> & \"gone\". Ray ID: 8a");
    }

    #[test]
    fn tags_part_words_unless_they_stand_within_lines() {
        check("one<p>two</p>three<br/>four", "one two three four");
        check("mod<b>el</b> <A href='/x'>here</a>.", "model here.");
        check("a<span>b</span><SPAN>c</SPAN>", "abc");
    }

    #[test]
    fn what_is_no_markup_stays() {
        check("1 < 2 > 0 <3 a<", "1 < 2 > 0 <3 a<");
        check("&copy; &amp;lt; &AMP; R&D &", "&copy; &lt; &AMP; R&D &");
        check("", "");
        check("plain", "plain");
    }

    #[test]
    fn a_bracket_in_quotes_does_not_end_a_tag() {
        check("<a title=\"a > b\" alt='\"c\">'>text</a>", "text");
    }

    #[test]
    fn what_never_ends_is_dropped() {
        for html in
            ["seen<!-- x", "seen<script>x", "seen<style>x</styl>", "seen<p x", "seen<a title=\"></a>x", "seen</"]
        {
            check(html, "seen");
        }
        check("<script>x</SCRIPT >seen", "seen");
        check("<style/>x</style>seen", "seen");
    }

    #[test]
    fn no_control_character_and_no_second_space_gets_through() {
        check(" a\t\u{1b}[31m\r\n\u{0}b \u{a0}\u{3000} c\u{85}", "a [31m b c");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(html_text("<p>abc def", 5), "abc d");
        assert_eq!(html_text("<p>abc def", 4), "abc");
        assert_eq!(html_text("\u{1f600}\u{1f600}", 7), "\u{1f600}");
        assert_eq!(html_text("abc", 0), "");
    }

    proptest! {
        #[test]
        fn any_page_has_a_text_within_the_cap(
            html in "([<>&/!?\"' a-c]|<!--|-->|<script>|</script|&amp;|\u{1f600}|\\PC){0,60}", cap in 0_usize..40,
        ) {
            let text = html_text(&html, cap);
            prop_assert!(text.len() <= cap && text.trim() == text && !text.contains("  "), "{:?}", text);
            prop_assert!(html_text(&html, 1000).starts_with(&text));
        }
    }
}
