//! From a file, or its text, to a [`Config`] or its problems. Reading the file is the only IO of this crate.

use crate::Env;
use crate::config::{Config, decode};
use crate::problem::{Complaint, Place, Problem, Problems, Report};
use crate::{tree, yaml};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// No configuration that a person wrote is longer.
const FILE_CAP_BYTES: u64 = 4 * 1024 * 1024;

/// A configuration that may have problems: what could be read of it, with defaults in place of what could not. For
/// those who have more to check and want to tell all problems at once.
///
/// ```
/// # use oar_config::{Draft, Problems};
/// let text = "timeout: soon\nupstreams:\n  - type: acme\n    sk: key\n";
/// let Draft { config, mut problems } = Draft::parse(text, "config.yaml", &|_| None)?;
/// // Whoever knows the backends adds what is wrong with them, and all of it is told at once.
/// for upstream in config.upstreams.iter().filter(|upstream| upstream.backend != "openai") {
///     problems.push(upstream.unknown_backend(&["openai"]));
/// }
/// let told = Problems::unless_empty(problems).map_err(|problems| problems.to_string());
/// assert!(told.is_err_and(|told| told.starts_with("config.yaml: 2 problems\n  timeout (line 1): ")));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    /// What could be read. Not fit for use as long as there are problems.
    pub config: Config,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

impl Config {
    /// Reads and decodes a file, with the environment of this process. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// Every problem of the file, or the one that it cannot be read.
    ///
    /// ```
    /// # use oar_config::Config;
    /// let problems = Config::load("no-such-file.yaml".as_ref()).expect_err("no file");
    /// assert!(problems.to_string().starts_with("no-such-file.yaml: 1 problem\n  there is no such file\n    hint: "));
    /// ```
    pub fn load(path: &Path) -> Result<Self, Problems> {
        Draft::load(path)?.checked()
    }

    /// Decodes the text of a file, which `file` names in problems. Without IO.
    ///
    /// # Errors
    ///
    /// Every problem that the text has. A mistake of syntax hides all others.
    ///
    /// ```
    /// # use oar_config::Config;
    /// let env = |name: &str| (name == "LIMIT").then(|| "2m".to_owned());
    /// let config = Config::parse("timeout: ${LIMIT}\nupstreams: [{sk: key}]", "config.yaml", &env)?;
    /// assert_eq!(config.timeout.as_secs(), 120);
    ///
    /// let problems = Config::parse("timeout: soon", "config.yaml", &env).expect_err("no time, and no upstream");
    /// assert_eq!(problems.iter().count(), 2);
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub fn parse(text: &str, file: &str, env: Env<'_>) -> Result<Self, Problems> {
        Draft::parse(text, file, env)?.checked()
    }
}

impl Draft {
    /// Reads and decodes a file, with the environment of this process. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// That the file cannot be read, or a mistake of syntax.
    ///
    /// ```
    /// # use oar_config::Draft;
    /// let path = std::env::temp_dir().join(format!("draft-{}.yaml", std::process::id()));
    /// std::fs::write(&path, "timeout: soon\nupstreams: [{sk: key}]")?;
    /// let draft = Draft::load(&path)?;
    /// std::fs::remove_file(&path)?;
    /// assert_eq!((draft.problems.len(), draft.config.upstreams.len()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let file = path.display().to_string();
        let text = read(path).map_err(|complaint| Place::default().problem(&file, complaint))?;
        Self::parse(&text, &file, &|name| std::env::var(name).ok())
    }

    /// Decodes the text of a file, which `file` names in problems. Without IO.
    ///
    /// # Errors
    ///
    /// A mistake of syntax, which hides everything else.
    ///
    /// ```
    /// # use oar_config::Draft;
    /// let draft = Draft::parse("timeout: soon\nupstreams: [{sk: key}]", "config.yaml", &|_| None)?;
    /// assert_eq!(draft.problems[0].path, "timeout");
    /// assert_eq!(draft.config.timeout.as_secs(), 120, "the default stands in");
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub fn parse(text: &str, file: &str, env: Env<'_>) -> Result<Self, Problems> {
        let report = Report::new(file);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let config = yaml::read(text, &report).and_then(|root| decode(tree::resolve(root, env, &report), env, &report));
        let (problems, warnings) = report.close();
        match config {
            Some(config) => Ok(Self { config: Config { warnings, ..config }, problems }),
            None => {
                Problems::unless_empty(problems)?;
                Err(Place::default().problem(file, Complaint::new("cannot be read")).into())
            }
        }
    }

    /// The configuration, if nothing is wrong with it.
    ///
    /// # Errors
    ///
    /// Every problem.
    ///
    /// ```
    /// # use oar_config::Draft;
    /// assert!(Draft::parse("upstreams: [{sk: key}]", "config.yaml", &|_| None)?.checked().is_ok());
    /// assert!(Draft::parse("timeout: soon", "config.yaml", &|_| None)?.checked().is_err());
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub fn checked(self) -> Result<Config, Problems> {
        Problems::unless_empty(self.problems)?;
        Ok(self.config)
    }
}

fn read(path: &Path) -> Result<String, Complaint> {
    let bytes = read_capped(path).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > FILE_CAP_BYTES {
        return Err(Complaint::new(format!("is longer than {FILE_CAP_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Complaint::new(format!("is not UTF-8 text (from byte {offset})")).hint("save it as UTF-8")
    })
}

/// One byte more than the cap tells that there is more.
fn read_capped(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_CAP_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(error: &io::Error) -> Complaint {
    if error.kind() == ErrorKind::NotFound {
        let hint = "`cp config.sample.yaml config.yaml` and edit it, or name another file with `-config FILE`";
        return Complaint::new("there is no such file").hint(hint);
    }
    let complaint = Complaint::new(format!("cannot be read: {error}"));
    match error.kind() == ErrorKind::IsADirectory {
        true => complaint.hint("docker makes a directory of a mounted file that does not exist on the host"),
        false => complaint.hint("check its permissions, or name another file with `-config FILE`"),
    }
}
