//! Many questions, one after the other: all rows, in pages.

use super::{Archive, Filter, Query, ReadError, Readable};
use std::marker::PhantomData;

/// All rows that fit a filter, oldest first, page by page.
///
/// Each page is a question of its own, so that no writer and no vacuum waits for the walk; rows written meanwhile are
/// not part of it.
///
/// ```
/// use oar_record::{Archive, Filter, Row, Walk};
/// # use oar_record::{SqliteStore, Store};
/// # use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("db.sqlite");
/// # let mut store = SqliteStore::open(&path).await?;
/// # let named = |id: &str| Arc::new(Row { exchange_id: Some(id.into()), ..Row::default() });
/// # store.write(&["a", "b"].map(named)).await?;
/// let mut archive = Archive::sqlite(&path).await?;
/// let mut walk = Walk::begin(&mut archive, Filter::default()).await?;
/// let mut ids = Vec::new();
/// while let Some(rows) = walk.next(&mut archive).await? {
///     ids.extend(rows.into_iter().filter_map(|row: Row| row.exchange_id));
/// }
/// assert_eq!(ids, ["a", "b"]);
/// assert_eq!(walk.progress(), (2, 2));
/// # Ok(())
/// # }
/// ```
pub struct Walk<T> {
    filter: Filter,
    /// The numbers of the first row and of the last one, and of the last one that was read.
    span: Option<(i64, i64)>,
    reached: i64,
    kind: PhantomData<T>,
}

/// The most numbers of one question, so that it is a short one even when hardly a row fits.
const WINDOW: i64 = 50_000;

impl<T: Readable> Walk<T> {
    /// Finds out where to begin and where to end.
    ///
    /// # Errors
    ///
    /// As [`Archive::read`].
    ///
    /// ```
    /// use oar_record::{Archive, Filter, Row, Walk};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # oar_record::SqliteStore::open(&path).await?;
    /// # let mut archive = Archive::sqlite(&path).await?;
    /// let walk: Walk<Row> = Walk::begin(&mut archive, Filter::default()).await?;
    /// # assert_eq!(walk.progress(), (0, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin(archive: &mut Archive, filter: Filter) -> Result<Self, ReadError> {
        let span = archive.span(&filter).await?;
        let reached = span.map_or(0, |(first, _)| first.saturating_sub(1));
        Ok(Self { filter, span, reached, kind: PhantomData })
    }

    /// The next rows, which may be none at all; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`Archive::read`].
    ///
    /// ```
    /// # use oar_record::{Archive, Filter, Row, Walk};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # oar_record::SqliteStore::open(&path).await?;
    /// # let mut archive = Archive::sqlite(&path).await?;
    /// # let mut walk: Walk<Row> = Walk::begin(&mut archive, Filter::default()).await?;
    /// assert_eq!(walk.next(&mut archive).await?, None, "there is no row");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self, archive: &mut Archive) -> Result<Option<Vec<T>>, ReadError> {
        let Some((_, last)) = self.span.filter(|(_, last)| self.reached < *last) else { return Ok(None) };
        let end = self.reached.saturating_add(WINDOW).min(last);
        let page = Query::oldest(self.filter.clone(), T::PAGE).after(self.reached).before(end.saturating_add(1));
        let rows: Vec<T> = archive.read(&page.by_number()).await?;
        let full = rows.len() >= T::PAGE as usize;
        self.reached = rows.last().filter(|_| full).map_or(end, T::id);
        Ok(Some(rows))
    }

    /// How many numbers lie behind, and how many there are in all: numbers, not rows, which nobody has counted.
    ///
    /// ```
    /// # use oar_record::{Archive, Filter, Row, Walk};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # oar_record::SqliteStore::open(&path).await?;
    /// # let mut archive = Archive::sqlite(&path).await?;
    /// # let walk: Walk<Row> = Walk::begin(&mut archive, Filter::default()).await?;
    /// let (done, all) = walk.progress();
    /// println!("{} %", done * 100 / all.max(1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn progress(&self) -> (u64, u64) {
        let Some((first, last)) = self.span else { return (0, 0) };
        (self.reached.abs_diff(first.saturating_sub(1)), last.abs_diff(first) + 1)
    }
}
