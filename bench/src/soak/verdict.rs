//! What a client and the upstreams saw of one request, held against what they should have seen.

use super::cases::{Ask, Case, Expected};
use super::errand::Errand;
use crate::client::{End, Seen};
use crate::upstream::{Role, Visit, begun_events, endless_block, events, plain};

/// The words that end every stream that breaks off.
const BROKEN_OFF: &str = "\"code\":\"stream_interrupted\"";

/// What is wrong, if anything.
pub(super) fn judge(errand: &Errand, seen: &Seen, visit: &Visit) -> Result<(), String> {
    let case = errand.case;
    asked(case, visit)?;
    match case.end {
        Expected::Answered => {
            ended(seen, 200, End::Whole)?;
            headers(errand, seen)?;
            same("the answer", &seen.body, &whole_answer(errand))
        }
        Expected::Broken => {
            ended(seen, 200, End::Cut)?;
            headers(errand, seen)?;
            broken_body(errand, &seen.body)
        }
        Expected::Refused { status, code, .. } => {
            ended(seen, status, End::Whole)?;
            headers(errand, seen)?;
            let text = String::from_utf8_lossy(&seen.body);
            hold(text.contains(&format!("\"code\":\"{code}\"")), || format!("the error is not `{code}`: {text}"))?;
            let wait = (status == 429).then_some("7");
            hold(seen.header("retry-after") == wait, || format!("retry-after is {:?}", seen.header("retry-after")))
        }
        Expected::Left(status) => left(errand, seen, status, visit),
        Expected::Untold => equal("the end", &seen.end, &End::Left),
    }
}

/// Exactly those upstreams have seen it, in that order; nobody listens where connections are refused.
fn asked(case: &Case, visit: &Visit) -> Result<(), String> {
    let asked: Vec<_> = case.tried.iter().copied().filter(|role| *role != Role::Refuses).collect();
    equal("who was asked", &visit.seen, &asked)
}

fn ended(seen: &Seen, status: u16, end: End) -> Result<(), String> {
    let text = || String::from_utf8_lossy(seen.body.get(..200).unwrap_or(&seen.body)).into_owned();
    equal("the status", &seen.status, &Some(status)).map_err(|wrong| format!("{wrong}; the body begins {}", text()))?;
    equal("the end", &seen.end, &end)
}

fn headers(errand: &Errand, seen: &Seen) -> Result<(), String> {
    let is_upstreams = matches!(errand.case.end, Expected::Answered | Expected::Broken);
    let upstream = errand.case.tried.last().filter(|_| is_upstreams).map(|role| role.name());
    equal("x-oar-upstream", &seen.header("x-oar-upstream"), &upstream)?;
    let attempts = errand.case.tried.len().to_string();
    equal("x-oar-attempts", &seen.header("x-oar-attempts"), &Some(attempts.as_str()))?;
    let id = errand.call.ticket.to_string();
    equal("x-request-id", &seen.header("x-request-id"), &Some(id.as_str()))
}

fn whole_answer(errand: &Errand) -> Vec<u8> {
    let ticket = errand.call.ticket;
    match errand.case.ask {
        Ask::Chat(kind) if kind.is_stream() => events(ticket, errand.digest).concat().into_bytes(),
        Ask::Chat(_) | Ask::ChatOfStranger | Ask::Upload | Ask::File => plain(ticket, errand.digest).into(),
    }
}

/// Of a stream, all whole events and one more with the news; of anything else, a beginning.
fn broken_body(errand: &Errand, body: &[u8]) -> Result<(), String> {
    if !errand.call.ticket.kind.is_stream() {
        let whole = whole_answer(errand);
        return hold(body.len() < whole.len() && whole.starts_with(body), || "no beginning of the answer".into());
    }
    let begun = begun_events(errand.call.ticket, errand.digest).concat();
    let Some(news) = body.strip_prefix(begun.as_bytes()) else {
        return Err(format!("{} bytes are not the events that were sent, which are {}", body.len(), begun.len()));
    };
    let news = String::from_utf8_lossy(news);
    let is_one_event = news.starts_with("data: {\"error\":") && news.find("\n\n") == news.len().checked_sub(2);
    hold(is_one_event && news.contains(BROKEN_OFF), || format!("after the last event came: {news:?}"))
}

/// The client has left by itself, and the upstream it left behind was let go.
fn left(errand: &Errand, seen: &Seen, status: u16, visit: &Visit) -> Result<(), String> {
    equal("the end", &seen.end, &End::Left)?;
    let let_go = errand.case.tried.last().is_none_or(|last| visit.let_go.contains(last));
    hold(let_go, || "the upstream was not let go".into())?;
    if status == 200 {
        equal("the status", &seen.status, &Some(200))?;
        headers_of_begun(errand, seen)?;
        let block = endless_block(errand.call.ticket);
        let expected = block.iter().cycle();
        hold(seen.body.iter().zip(expected).all(|(one, other)| one == other), || "other bytes than were sent".into())?;
    }
    Ok(())
}

fn headers_of_begun(errand: &Errand, seen: &Seen) -> Result<(), String> {
    let upstream = errand.case.tried.last().map(|role| role.name());
    equal("x-oar-upstream", &seen.header("x-oar-upstream"), &upstream)
}

/// Bodies are too long to be printed.
fn same(what: &str, found: &[u8], expected: &[u8]) -> Result<(), String> {
    let differs = || found.iter().zip(expected).position(|(one, other)| one != other);
    hold(found == expected, || {
        format!("{what} has {} bytes of {}, and differs at {:?}", found.len(), expected.len(), differs())
    })
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    hold(found == expected, || format!("{what} is {found:?}, not {expected:?}"))
}

fn hold(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::super::cases::CASES;
    use super::*;
    use bytes::BytesMut;
    use http::{HeaderMap, HeaderValue};

    /// What a client and the upstreams see when all goes well, of the case with this name.
    fn good(name: &str) -> (Errand, Seen, Visit) {
        let case = CASES.iter().find(|case| case.name == name).expect("a case");
        let errand = Errand::new(case, 7);
        let news = format!("data: {{\"error\":{{{BROKEN_OFF}}}}}\n\n");
        let begun = || begun_events(errand.call.ticket, errand.digest).concat();
        let (status, body, end) = match case.end {
            Expected::Answered => (200, whole_answer(&errand), End::Whole),
            Expected::Broken => (200, (begun() + &news).into_bytes(), End::Cut),
            Expected::Refused { status, code, .. } => (status, format!("\"code\":\"{code}\"").into(), End::Whole),
            Expected::Left(_) | Expected::Untold => (200, endless_block(errand.call.ticket).to_vec(), End::Left),
        };
        let seen = Seen { status: Some(status), headers: told_headers(&errand), body: BytesMut::from(&body[..]), end };
        let asked = case.tried.iter().copied().filter(|role| *role != Role::Refuses);
        let visit = Visit { seen: asked.collect(), let_go: case.tried.to_vec() };
        (errand, seen, visit)
    }

    fn told_headers(errand: &Errand) -> HeaderMap {
        let text = |text: String| HeaderValue::try_from(text).expect("a value");
        let mut headers = HeaderMap::new();
        headers.insert("x-oar-attempts", text(errand.case.tried.len().to_string()));
        headers.insert("x-request-id", text(errand.call.ticket.to_string()));
        if !matches!(errand.case.end, Expected::Refused { .. }) {
            headers.insert("x-oar-upstream", text(errand.case.tried.last().map_or("", |role| role.name()).to_owned()));
        }
        headers
    }

    #[track_caller]
    fn check(name: &str, spoil: impl FnOnce(&mut Seen, &mut Visit), wrong: &str) {
        let (errand, mut seen, mut visit) = good(name);
        assert_eq!(judge(&errand, &seen, &visit), Ok(()), "{name}");
        spoil(&mut seen, &mut visit);
        let verdict = judge(&errand, &seen, &visit).expect_err(name);
        assert!(verdict.contains(wrong), "{name}: {verdict}");
    }

    #[test]
    fn a_second_upstream_after_the_first_byte_is_seen() {
        check("broken-stream", |_, visit| visit.seen.push(Role::Good), "who was asked");
        check("file", |_, visit| visit.seen.push(Role::Good), "who was asked");
    }

    #[test]
    fn a_clean_end_of_a_cut_answer_is_seen() {
        check("stopped-stream", |seen, _| seen.end = End::Whole, "the end is Whole, not Cut");
    }

    #[test]
    fn what_is_missing_after_a_cut_is_seen() {
        check("broken-stream", |seen, _| seen.body.truncate(seen.body.len() - 3), "after the last event came");
        check("broken-stream", |seen, _| seen.body.truncate(100), "are not the events that were sent");
        check("broken-stream", |seen, _| seen.body.extend_from_slice(b"data: [DONE]\n\n"), "after the last event");
    }

    #[test]
    fn one_other_byte_is_seen() {
        check("plain", |seen, _| seen.body[50] ^= 1, "differs at Some(50)");
        check("stream-tour", |seen, _| seen.body.truncate(5), "has 5 bytes of");
        check("leaves-endless", |seen, _| seen.body[9] ^= 1, "other bytes than were sent");
    }

    #[test]
    fn another_error_and_another_count_are_seen() {
        check("all-fail", |seen, _| seen.status = Some(500), "the status is Some(500)");
        check("stranger", |seen, _| seen.body = BytesMut::from("\"code\":\"x\""), "the error is not");
        check("tour", |seen, _| _ = seen.headers.remove("x-oar-attempts"), "x-oar-attempts");
        check("second", |seen, _| _ = seen.headers.remove("x-request-id"), "x-request-id");
    }

    #[test]
    fn an_upstream_that_goes_on_for_nobody_is_seen() {
        check("leaves-waiting", |_, visit| visit.let_go.clear(), "was not let go");
    }
}
