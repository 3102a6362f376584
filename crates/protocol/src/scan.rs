//! Walks through JSON (RFC 8259) without building it. What is passed over must be JSON all the same, as `serde_json` has it
//! of values that nobody asked for: a text in a string need not be UTF-8, and a number may be of any size.

mod open;
mod plain;
mod quoted;

use open::{Bracket, Open};
use plain::plain_bytes;
pub(crate) use quoted::Quoted;
use quoted::Spelling;

/// What stands here is no JSON, or not what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A place in a JSON text.
#[derive(Clone, Copy)]
pub(crate) struct Scan<'a> {
    rest: &'a [u8],
}

/// A value that is no list and no object, or the news that it is one of them.
#[derive(Clone, Copy)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Text(Quoted<'a>),
    /// A number, a list, an object.
    Other,
}

impl<'a> Scan<'a> {
    pub(crate) const fn new(json: &'a [u8]) -> Self {
        Self { rest: json }
    }

    /// What has not been read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads an object: `member` gets each name, and must read the value.
    pub(crate) fn object<E: From<Malformed>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Quoted<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(b'{')?;
        if self.takes(b'}') {
            return Ok(());
        }
        loop {
            let name = self.name()?;
            member(self, name)?;
            match self.next()? {
                b',' => {}
                b'}' => return Ok(()),
                _ => return Err(Malformed.into()),
            }
        }
    }

    /// Reads a list: `item` must read each value.
    pub(crate) fn list<E: From<Malformed>>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(b'[')?;
        if self.takes(b']') {
            return Ok(());
        }
        loop {
            item(self)?;
            match self.next()? {
                b',' => {}
                b']' => return Ok(()),
                _ => return Err(Malformed.into()),
            }
        }
    }

    /// Makes sure that nothing follows.
    pub(crate) fn end(mut self) -> Result<(), Malformed> {
        if self.next().is_err() { Ok(()) } else { Err(Malformed) }
    }

    /// The next value, as it is written.
    pub(crate) fn raw(&mut self) -> Result<&'a [u8], Malformed> {
        self.skip_space();
        let before = self.rest;
        self.skip()?;
        before.get(..before.len().saturating_sub(self.rest.len())).ok_or(Malformed)
    }

    /// The next value, of which a list or an object is passed over.
    pub(crate) fn scalar(&mut self) -> Result<Scalar<'a>, Malformed> {
        Ok(match self.raw()? {
            b"null" => Scalar::Null,
            b"true" => Scalar::Bool(true),
            b"false" => Scalar::Bool(false),
            json @ [b'"', ..] => Scalar::Text(Scan::new(json).string()?),
            _ => Scalar::Other,
        })
    }

    /// Passes over the next value, however deep it is: that costs no stack.
    pub(crate) fn skip(&mut self) -> Result<(), Malformed> {
        match self.next()? {
            b'{' => self.behind_bracket(Bracket::Object),
            b'[' => self.behind_bracket(Bracket::List),
            first => self.behind(first),
        }
    }

    /// The rest of a list or an object.
    fn behind_bracket(&mut self, bracket: Bracket) -> Result<(), Malformed> {
        let mut open = Open::default();
        let mut begins = self.begins(bracket, &mut open)?;
        while begins || self.continues(&mut open)? {
            begins = match self.next()? {
                b'{' => self.begins(Bracket::Object, &mut open)?,
                b'[' => self.begins(Bracket::List, &mut open)?,
                first => self.behind(first).map(|()| false)?,
            };
        }
        Ok(())
    }

    /// Behind a bracket that opens: passes over what stands before the first value, if there is one.
    fn begins(&mut self, bracket: Bracket, open: &mut Open) -> Result<bool, Malformed> {
        match bracket {
            Bracket::Object if self.takes(b'}') => return Ok(false),
            Bracket::List if self.takes(b']') => return Ok(false),
            Bracket::Object => _ = self.name()?,
            Bracket::List => {}
        }
        open.push(bracket);
        Ok(true)
    }

    /// Behind a value: passes over what it is the last of, up to where another value begins, if one does.
    fn continues(&mut self, open: &mut Open) -> Result<bool, Malformed> {
        while let Some(bracket) = open.last() {
            match (bracket, self.next()?) {
                (Bracket::List, b',') => return Ok(true),
                (Bracket::Object, b',') => return self.name().map(|_| true),
                (Bracket::List, b']') | (Bracket::Object, b'}') => open.pop(),
                (Bracket::List | Bracket::Object, _) => return Err(Malformed),
            }
        }
        Ok(false)
    }

    /// The rest of a value of one piece, which starts with `first`.
    fn behind(&mut self, first: u8) -> Result<(), Malformed> {
        match first {
            b'"' => self.behind_quote().map(|_| ()),
            b'n' => self.word(b"ull"),
            b't' => self.word(b"rue"),
            b'f' => self.word(b"alse"),
            b'-' => {
                let digit = self.byte()?;
                self.behind_digit(digit)
            }
            digit => self.behind_digit(digit),
        }
    }

    /// The rest of a number: RFC 8259, section 6.
    fn behind_digit(&mut self, first: u8) -> Result<(), Malformed> {
        match first {
            b'0' => {}
            b'1'..=b'9' => _ = self.digits(),
            _ => return Err(Malformed),
        }
        if let Some(fraction) = self.rest.strip_prefix(b".") {
            self.rest = fraction;
            self.some_digits()?;
        }
        if let [b'e' | b'E', exponent @ ..] = self.rest {
            self.rest = match exponent {
                [b'+' | b'-', unsigned @ ..] => unsigned,
                unsigned => unsigned,
            };
            self.some_digits()?;
        }
        // Nothing but a comma or a bracket can follow a value, so a zero before another digit is found out by whoever
        // reads on, and `end` finds it at the end.
        Ok(())
    }

    fn some_digits(&mut self) -> Result<(), Malformed> {
        if self.digits() > 0 { Ok(()) } else { Err(Malformed) }
    }

    fn digits(&mut self) -> usize {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = self.rest.get(digits..).unwrap_or_default();
        digits
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Malformed> {
        self.rest = self.rest.strip_prefix(word).ok_or(Malformed)?;
        Ok(())
    }

    /// The name of a member, and the colon.
    fn name(&mut self) -> Result<Quoted<'a>, Malformed> {
        let name = self.string()?;
        self.take(b':')?;
        Ok(name)
    }

    fn string(&mut self) -> Result<Quoted<'a>, Malformed> {
        self.skip_space();
        let before = self.rest;
        self.take(b'"')?;
        let spelling = self.behind_quote()?;
        let json = before.get(..before.len().saturating_sub(self.rest.len())).ok_or(Malformed)?;
        Ok(Quoted::new(json, spelling))
    }

    /// The rest of a string.
    fn behind_quote(&mut self) -> Result<Spelling, Malformed> {
        let mut spelling = Spelling::Plain;
        loop {
            let (_, from) = self.rest.split_at_checked(plain_bytes(self.rest)).ok_or(Malformed)?;
            self.rest = match from {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(spelling);
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => rest,
                [b'\\', b'u', a, b, c, d, rest @ ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => rest,
                _ => return Err(Malformed),
            };
            spelling = Spelling::Escaped;
        }
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Result<u8, Malformed> {
        self.skip_space();
        self.byte()
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (&first, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        Ok(first)
    }

    fn take(&mut self, wanted: u8) -> Result<(), Malformed> {
        if self.next()? == wanted { Ok(()) } else { Err(Malformed) }
    }

    /// Whether this one is next; then it is passed over.
    fn takes(&mut self, wanted: u8) -> bool {
        self.skip_space();
        let is_next = self.rest.first() == Some(&wanted);
        if is_next {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        is_next
    }
}

#[cfg(test)]
pub(crate) mod tests;
