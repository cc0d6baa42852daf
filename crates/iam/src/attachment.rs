//! Bytes of an answer that are read from the store while the answer is sent, so that memory does not grow with them.

use claviger_store::{PartsKey, Store};

use crate::credential_report::json::Converter;
use crate::fault::Fault;

/// How many bytes a part holds: all but the last exactly so many. Parts are turned into base64 one by one, so this is a
/// multiple of three.
pub(crate) const PART_BYTES: usize = 384 << 10;

/// The value of one member of an answer, part by part. The member itself stands empty in the answer.
pub struct Attachment {
    member: &'static str,
    length: u64,
    store: Store,
    text: PartsKey,
    parts: u32,
    next: u32,
    first: Option<Vec<u8>>,
    /// The bytes are sent as JSON: what makes it, and what is made and not sent yet.
    converted: Option<(Converter, Vec<u8>)>,
}

impl Attachment {
    /// The bytes of a text that is kept in parts. The first part is read now, so that a short text is whole or not there
    /// before anything is answered.
    ///
    /// # Errors
    /// `ServiceUnavailable`, also where the text has just been replaced.
    pub(crate) async fn open(
        member: &'static str,
        store: Store,
        text: PartsKey,
        parts: u32,
        length: u64,
    ) -> Result<Self, Fault> {
        let mut attachment = Self {
            member,
            length,
            store,
            text,
            parts,
            next: 0,
            first: None,
            converted: None,
        };
        attachment.first = attachment.next_part().await?;
        Ok(attachment)
    }

    /// A credential report that is kept in parts, sent as JSON. It is read once now, for its length, and once while it is
    /// sent.
    ///
    /// # Errors
    /// `ServiceUnavailable`, also where the text has just been replaced.
    pub(crate) async fn report_as_json(
        member: &'static str,
        store: Store,
        text: PartsKey,
        parts: u32,
    ) -> Result<Self, Fault> {
        let mut counted = Self {
            member,
            length: 0,
            store: store.clone(),
            text: text.clone(),
            parts,
            next: 0,
            first: None,
            converted: Some(Default::default()),
        };
        let mut length = 0;
        while let Some(part) = counted.next_part().await? {
            length += part.len() as u64;
        }
        Ok(Self {
            length,
            next: 0,
            converted: Some(Default::default()),
            ..counted
        })
    }

    /// The member that the bytes are the value of, by its name on the wire.
    #[must_use]
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// How many bytes there are.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next part, or `None` at the end. Every part but the last has a multiple of three bytes.
    ///
    /// # Errors
    /// `ServiceUnavailable`, also where the text has been replaced meanwhile.
    pub async fn next_part(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some((mut converter, mut made)) = self.converted.take() else {
            return self.kept_part().await;
        };
        while let Some(part) = self.kept_part().await? {
            converter.push(&part, &mut made);
            let whole = made.len() - made.len() % 3;
            if whole > 0 {
                let rest = made.split_off(whole);
                self.converted = Some((converter, rest));
                return Ok(Some(made));
            }
        }
        // The last: from here on no part is left to read or to make.
        converter.finish(&mut made);
        Ok(Some(made))
    }

    /// The next part as it is kept, or `None` at the end.
    async fn kept_part(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if self.next == self.parts {
            return Ok(None);
        }
        let part = self
            .store
            .part(&self.text, self.next)
            .await
            .map_err(Fault::unavailable)?
            .ok_or_else(|| Fault::unavailable("a later text has taken this one's place"))?;
        self.next += 1;
        Ok(Some(part))
    }
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attachment")
            .field("member", &self.member)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
