//! Reading JSON without surprises: bounded depth, no repeated members.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Json, JsonError, Map, Value, wipe};

pub(super) fn read(body: &[u8]) -> Result<Value, JsonError> {
    let refusal = RefCell::new(None);
    let values = Cell::new(Json::VALUES);
    let seed = Seed {
        left: Json::DEPTH,
        values: &values,
        refusal: &refusal,
    };
    let mut text = serde_json::Deserializer::from_slice(body);
    let read = seed.deserialize(&mut text).and_then(|mut value| {
        text.end().inspect_err(|_| wipe(&mut value))?;
        Ok(value)
    });
    read.map_err(|error| {
        refusal.take().unwrap_or(JsonError::Malformed {
            line: error.line(),
            column: error.column(),
        })
    })
}

/// One value, with the depth that is left for what is inside it.
#[derive(Clone, Copy)]
struct Seed<'a> {
    left: usize,
    /// How many more values the whole text may have.
    values: &'a Cell<usize>,
    refusal: &'a RefCell<Option<JsonError>>,
}

impl Seed<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(self.refuse(JsonError::TooDeep)),
        }
    }

    /// Counts a value.
    fn count<E: Error>(self) -> Result<(), E> {
        match self.values.get().checked_sub(1) {
            Some(left) => {
                self.values.set(left);
                Ok(())
            }
            None => Err(self.refuse(JsonError::TooMany)),
        }
    }

    fn refuse<E: Error>(self, refusal: JsonError) -> E {
        self.refusal.replace(Some(refusal));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut elements = Partial(Value::Array(Vec::new()));
        while let Some(element) = from.next_element_seed(inner)? {
            if let Value::Array(elements) = &mut elements.0 {
                elements.push(element);
            }
            self.count()?;
        }
        Ok(elements.take())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Partial(Value::Object(Map::new()));
        while let Some(name) = from.next_key::<String>()? {
            self.count()?;
            let Value::Object(map) = &mut members.0 else {
                continue;
            };
            if map.contains_key(&name) {
                return Err(self.refuse(JsonError::Duplicate(name)));
            }
            map.insert(name, from.next_value_seed(inner)?);
        }
        Ok(members.take())
    }
}

/// What has been read of an array or object: zeroed if the rest turns out to be malformed.
struct Partial(Value);

impl Partial {
    fn take(mut self) -> Value {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}
