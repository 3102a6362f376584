//! A command line of pairs: `--name value`.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The pairs that nobody has asked for yet.
#[derive(Clone, Debug)]
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// Reads them all.
    ///
    /// # Errors
    ///
    /// A name without a value, or twice.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut pairs = BTreeMap::new();
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{name}` needs a value"))?;
            if pairs.contains_key(&name) {
                return Err(format!("`{name}` is there twice"));
            }
            pairs.insert(name, value);
        }
        Ok(Self(pairs))
    }

    /// The value of this name, as `read` reads it.
    ///
    /// # Errors
    ///
    /// Whatever `read` says.
    pub fn take<T>(
        &mut self,
        name: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        self.0.remove(name).map_or(Ok(default), |value| read(&value))
    }

    /// The number of this name.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn number<T: FromStr>(&mut self, name: &str, default: T) -> Result<T, String> {
        self.take(name, default, |value| value.parse().map_err(|_| format!("`{name} {value}` is no number")))
    }

    /// The value of a name that has no default.
    ///
    /// # Errors
    ///
    /// It is missing.
    pub fn required(&mut self, name: &str) -> Result<String, String> {
        self.0.remove(name).ok_or_else(|| format!("`{name}` is missing"))
    }

    /// There must be no name left.
    ///
    /// # Errors
    ///
    /// Says which there is.
    pub fn end(self) -> Result<(), String> {
        self.0.keys().next().map_or(Ok(()), |name| Err(format!("there is no option `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let check = |line: &str| {
            let mut words = Words::read(line.split_whitespace().map(str::to_owned))?;
            words.required("--a")?;
            let number: u32 = words.number("--n", 7)?;
            words.end().map(|()| number)
        };
        assert_eq!((check("--a x"), check("--n 8 --a x")), (Ok(7), Ok(8)));
        for (line, said) in [
            ("", "`--a` is missing"),
            ("--a x --n", "`--n` needs a value"),
            ("--a x --n y", "`--n y` is no number"),
            ("--a x --a x", "`--a` is there twice"),
            ("--a x --b x", "there is no option `--b`"),
        ] {
            assert_eq!(check(line), Err(said.to_owned()), "{line}");
        }
    }
}
