//! Pages of lists: `Marker` and `MaxItems` in, `IsTruncated` and `Marker` out.
//!
//! A marker names the last item that was answered, so that a list stays stable under changes: nothing is shown twice, and
//! what was there all along is shown once. It is bound to the account and the list that it came from; any other text is
//! no marker.

use claviger_model::scalar::Bounded;
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::text_scalar;
use claviger_shape::Shape;
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use crate::cx::Cx;
use crate::fault::Fault;

text_scalar! {
    /// A marker: 1 to 320 characters, opaque.
    Marker, [MaxLength(320), MinLength(1), Pattern(r"[\u0020-\u00FF]+")],
    |text| !text.is_empty() && text.chars().all(|c| matches!(c, '\u{20}'..='\u{ff}'))
}

/// What a list is asked.
#[derive(Shape)]
pub struct Paged {
    /// Where the last page ended, as that page's answer said.
    pub marker: Option<Marker>,
    /// How many items to answer at the most, 1 to 1,000; 100 when left out. An answer may hold fewer although more follow.
    pub max_items: Option<Bounded<1, 1000>>,
}

/// What a list answers besides its items.
#[derive(Shape, Default)]
pub struct PageEnd {
    /// Whether more items follow.
    pub is_truncated: bool,
    /// Where to go on; present exactly when more items follow.
    pub marker: Option<String>,
}

/// Items of a page where none was asked for.
const DEFAULT_ITEMS: i32 = 100;
const SEAL_BYTES: usize = 6;

/// What binds a marker to its account and list.
fn seal(cx: &Cx<'_>, list: &[u8]) -> [u8; SEAL_BYTES] {
    let mut hash = Sha256::new();
    hash.update(cx.account().to_string().as_bytes());
    hash.update(list);
    let digest: [u8; 32] = hash.finalize().into();
    let mut seal = [0; SEAL_BYTES];
    for (to, from) in seal.iter_mut().zip(digest) {
        *to = from;
    }
    seal
}

impl Paged {
    /// How many items to answer at the most.
    #[must_use]
    pub fn limit(&self) -> usize {
        usize::try_from(self.max_items.map_or(DEFAULT_ITEMS, Bounded::get)).unwrap_or(1)
    }

    /// The key after which to go on. `list` names the list, with what distinguishes it from others (`members/AGPA…`).
    ///
    /// # Errors
    /// `ValidationError` for a marker that did not come from this list.
    pub fn after(&self, cx: &Cx<'_>, list: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let Some(marker) = &self.marker else {
            return Ok(None);
        };
        BASE64URL_NOPAD
            .decode(marker.as_str().as_bytes())
            .ok()
            .and_then(|bytes| bytes.strip_prefix(&seal(cx, list)).map(<[u8]>::to_vec))
            .map(Some)
            .ok_or_else(|| Fault::invalid("Invalid Marker."))
    }

    /// The page of a list that is at hand as a whole, sorted by `key`.
    ///
    /// # Errors
    /// As [`Paged::after`].
    pub fn of_list<T>(
        &self,
        cx: &Cx<'_>,
        list: &[u8],
        items: Vec<T>,
        key: impl Fn(&T) -> Vec<u8>,
    ) -> Result<(Vec<T>, PageEnd), Fault> {
        let after = self.after(cx, list)?;
        let mut rest: Vec<T> = items
            .into_iter()
            .filter(|item| after.as_ref().is_none_or(|after| key(item) > *after))
            .collect();
        let more = rest.len() > self.limit();
        rest.truncate(self.limit());
        let last = rest.last().map(key);
        Ok((rest, PageEnd::new(cx, list, more, last.as_deref())))
    }
}

impl PageEnd {
    /// The end of a page whose last item has this key.
    #[must_use]
    pub fn new(cx: &Cx<'_>, list: &[u8], more: bool, last: Option<&[u8]>) -> Self {
        let marker = last.filter(|_| more).map(|last| {
            let mut bytes = seal(cx, list).to_vec();
            bytes.extend_from_slice(last);
            BASE64URL_NOPAD.encode(&bytes)
        });
        Self {
            is_truncated: marker.is_some(),
            marker,
        }
    }
}
