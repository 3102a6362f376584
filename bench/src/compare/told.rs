//! What a comparison says at its end, on the terminal and in the documentation.

use super::exercise::{Exercise, Size};
use super::machine::machine;
use super::options::Options;
use super::page::write_part;
use super::peer::Peer;
use super::picture::picture;
use super::rounds::Rounds;
use super::table::tables;
use std::fs;
use std::io;

/// Where the picture goes, in the folder of documents.
const PICTURE: &str = "benchmarks/ratios.svg";

/// The tables, with what they were measured on; written into the documentation as well, if the options say so.
///
/// # Errors
///
/// The page cannot be written.
pub fn told(rounds: &Rounds, options: &Options) -> io::Result<String> {
    let text = format!(
        "Medians of {} rounds, in brackets the least and the most. {}\n\n{}",
        options.rounds,
        machine(&options.binary),
        tables(rounds)
    );
    let Some(folder) = &options.write else { return Ok(text) };
    if !is_whole(options) {
        return Ok(format!("{text}\nNothing was written: that was not all of it."));
    }
    write_part(folder, "bench", &text)?;
    let file = folder.join(PICTURE);
    fs::create_dir_all(file.parent().unwrap_or(folder))?;
    fs::write(&file, picture(rounds))?;
    Ok(format!("{text}\nWritten into {}.", folder.display()))
}

/// A page that tells of some peers alone would have lost the others.
fn is_whole(options: &Options) -> bool {
    options.size == Size::Whole && options.peers == Peer::ALL && options.exercises == Exercise::ALL
}
