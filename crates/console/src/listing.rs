//! Lists that are searched, and put in another order than that of the operation behind them: they are read up to a bound, and
//! in order as far as they were read.

use claviger_iam::Fault;
use claviger_iam::operation::Operation;
use claviger_iam::operation::page::{PageEnd, Paged};

use crate::credentials::Section;
use crate::door::Visit;
use crate::field::{next, paged};
use crate::order::{Key, Order};
use crate::view::asking;

/// Rows that are put in order here at the most.
pub(crate) const MOST_SORTED: usize = 1_000;
/// Rows that are asked of an operation at once.
const AT_ONCE: i32 = 1_000;

/// An operation that lists, page by page.
pub(crate) trait Listing: Operation + Sized {
    /// What it lists.
    type Row;

    /// The same list, at this page.
    fn at(&self, page: Paged) -> Self;

    /// What it answered.
    fn rows(output: Self::Output) -> (Vec<Self::Row>, PageEnd);
}

/// The rows of a list that fit, up to so many, and whether there are more.
pub(crate) async fn gather<L: Listing>(
    visit: &Visit,
    list: &L,
    most: usize,
    fits: impl Fn(&L::Row) -> bool,
) -> Result<(Vec<L::Row>, bool), Fault> {
    let (mut found, mut seen, mut marker) = (Vec::new(), 0, None::<String>);
    // Where everything fits, no more is read than is wanted.
    let mut at_once = i32::try_from(most).map_or(AT_ONCE, |most| most.clamp(1, AT_ONCE));
    loop {
        let page = paged(marker.as_deref(), at_once)?;
        at_once = AT_ONCE;
        let (rows, end) = L::rows(visit.call(&list.at(page)).await?);
        seen += rows.len();
        found.extend(rows.into_iter().filter(&fits));
        marker = end.marker;
        // What follows fits too then, and need not be read to know that there is more.
        let fits_on = marker.is_some() && found.len() == most && seen == most;
        if found.len() > most || fits_on {
            found.truncate(most);
            return Ok((found, true));
        }
        if marker.is_none() {
            return Ok((found, false));
        }
    }
}

/// A page of a list.
pub(crate) struct Listed<T> {
    pub(crate) rows: Vec<T>,
    /// The address of the next page, if there is one.
    pub(crate) next: Option<String>,
    /// Whether it is in order only as far as it was read.
    pub(crate) partly: bool,
}

impl<T> Listed<T> {
    /// What a template takes of a page that may have been refused.
    pub(crate) fn parts(found: Result<Self, Fault>) -> (Section<T>, Option<String>, bool) {
        match found {
            Ok(found) => (Section::Rows(found.rows), found.next, found.partly),
            Err(fault) => (Section::of(Err(fault)), None, false),
        }
    }
}

/// What a list is asked whose order is made here.
pub(crate) struct Wanted<K> {
    pub(crate) order: Order<K>,
    /// The row with which the page begins.
    pub(crate) from: usize,
    /// Rows of the page.
    pub(crate) rows: usize,
}

impl<K: Key> Wanted<K> {
    /// What the address asks for.
    pub(crate) fn of(visit: &Visit, rows: i32) -> Self {
        let query = &visit.asked.query;
        Self {
            order: Order::of(query.text("sort")),
            from: query.text("from").parse().unwrap_or(0),
            rows: usize::try_from(rows).unwrap_or(1),
        }
    }

    /// The page as the operation gives it. `address` is that of the first.
    pub(crate) async fn page<L: Listing>(
        &self,
        visit: &Visit,
        list: &L,
        address: &str,
    ) -> Result<Listed<L::Row>, Fault> {
        let marker = visit.asked.query.filled("marker");
        let rows = i32::try_from(self.rows).unwrap_or(i32::MAX);
        let read = visit.call(&list.at(paged(marker, rows)?)).await?;
        let (rows, end) = L::rows(read);
        Ok(Listed {
            rows,
            next: next(address, &end),
            partly: false,
        })
    }

    /// The page of the rows that fit. `address` is that of the first; `place` is where a row stands in an order that is not
    /// the usual one.
    pub(crate) async fn cut<L: Listing, P: Ord>(
        &self,
        visit: &Visit,
        list: &L,
        address: &str,
        fits: impl Fn(&L::Row) -> bool,
        place: impl Fn(K, &L::Row) -> P,
    ) -> Result<Listed<L::Row>, Fault> {
        let end = self.from.saturating_add(self.rows);
        let is_usual = self.order == Order::USUAL;
        let most = if is_usual { end } else { MOST_SORTED };
        let (mut found, more) = gather(visit, list, most, fits).await?;
        if !is_usual {
            found.sort_by_cached_key(|row| place(self.order.key, row));
            if self.order.down {
                found.reverse();
            }
        }
        let has_next = found.len() > end || is_usual && more;
        Ok(Listed {
            rows: found.into_iter().skip(self.from).take(self.rows).collect(),
            next: has_next.then(|| asking(address, &[("from", &end.to_string())])),
            partly: more && !is_usual,
        })
    }
}
