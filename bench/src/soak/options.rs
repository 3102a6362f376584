use crate::units;
use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints.
pub const USAGE: &str = "\
A mixed load with faults at the built gateway, and an account of every request.

usage: soak --binary FILE [--time 30m] [--clients 64] [--rate 200] [--seed 1] [--reload 20s]

  --binary FILE   the gateway's program
  --time TIME     how long the load lasts
  --clients N     how many clients there are at a time
  --rate N        how many requests they begin in a second, together; 0: as many as they can
  --seed N        which requests come, and in which order
  --reload TIME   how often the gateway is told to read its configuration again

Exit code 0: everything is accounted for; 1: something is not; 2: it did not come to that.
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The gateway's program.
    pub binary: PathBuf,
    /// How long the load lasts.
    pub time: Duration,
    /// How many clients there are at a time.
    pub clients: usize,
    /// How many requests begin in a second; 0 for as many as the clients can.
    pub rate: u32,
    /// Which requests come.
    pub seed: u64,
    /// How often the configuration is read again.
    pub reload: Duration,
}

impl Options {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    ///
    /// Says which word is wrong.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            binary: PathBuf::new(),
            time: Duration::from_secs(30 * 60),
            clients: 64,
            rate: 200,
            seed: 1,
            reload: Duration::from_secs(20),
        };
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{name}` needs a value"))?;
            match name.as_str() {
                "--binary" => options.binary = value.into(),
                "--time" => options.time = units::duration(&value)?,
                "--clients" => options.clients = number(&name, &value)?,
                "--rate" => options.rate = number(&name, &value)?,
                "--seed" => options.seed = number(&name, &value)?,
                "--reload" => options.reload = units::duration(&value)?,
                _ => return Err(format!("there is no option `{name}`")),
            }
        }
        options.checked()
    }

    fn checked(self) -> Result<Self, String> {
        if self.binary.as_os_str().is_empty() {
            return Err("`--binary` is missing".into());
        }
        if self.clients == 0 {
            return Err("`--clients 0` would send nothing".into());
        }
        Ok(self)
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("`{name} {value}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let options = parse("--binary gateway --time 10s --seed 7").unwrap();
        assert_eq!((options.time, options.seed), (Duration::from_secs(10), 7));
        assert_eq!((options.clients, options.rate, options.reload), (64, 200, Duration::from_secs(20)));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, said) in [
            ("", "`--binary` is missing"),
            ("--binary a --time", "`--time` needs a value"),
            ("--binary a --rate x", "`--rate x` is no number"),
            ("--binary a --clients 0", "`--clients 0` would send nothing"),
            ("--binary a --loops 3", "there is no option `--loops`"),
        ] {
            assert_eq!(parse(line), Err(said.to_owned()), "{line}");
        }
    }
}
