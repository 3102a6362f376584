//! Reads the file: the only IO of this crate.

use crate::config::{Config, Draft};
use crate::problem::{Complaint, Place, Problems};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// No configuration that a person wrote is longer.
const FILE_CAP_BYTES: u64 = 4 * 1024 * 1024;

impl Config {
    /// Reads and decodes a file, with the environment of this process. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// Every problem of the file, or the one that it cannot be read.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        Draft::load(path)?.checked()
    }
}

impl Draft {
    /// Reads and decodes a file, with the environment of this process. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// That the file cannot be read, or a mistake of syntax.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let file = path.display().to_string();
        let problem = |complaint| Place::default().problem(&file, complaint);
        let bytes = read(path).map_err(|error| problem(unreadable(&error)))?;
        if bytes.len() as u64 > FILE_CAP_BYTES {
            return Err(problem(Complaint::new(format!("is longer than {FILE_CAP_BYTES} bytes"))).into());
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let offset = error.utf8_error().valid_up_to();
            problem(Complaint::new(format!("is not UTF-8 text (from byte {offset})")).hint("save it as UTF-8"))
        })?;
        Self::parse(&text, &file, &|name| std::env::var(name).ok())
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
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
