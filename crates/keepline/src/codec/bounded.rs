//! Reads what comes from the network within bounds: an attacker chooses neither how deep the stack
//! grows nor how much memory is set aside.
//!
//! Every role of serde's deserialisation is wrapped, and hands everything on to what it wraps.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

/// As deep as JSON may be nested. A type that contains itself has a name, so names are counted:
/// what is optional adds no level.
const LEVELS: u8 = 128;
/// As many optional values may stand in one another, for a transparent type hides its name.
const OPTIONALS: u16 = 256;

/// Reads a value from a format of which one message has so many bytes.
pub(super) fn read<'de, T, D>(
    format: D,
    message_bytes: usize,
    numbers: Numbers,
) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let (levels, optionals, unclaimed) = (LEVELS, OPTIONALS, message_bytes);
    let bounds = Bounds { levels, optionals, message_bytes, unclaimed, numbers };
    T::deserialize(Bounded { inner: format, bounds })
}

/// How a number that is asked for as a float was written.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "each codec knows one, and may be the only one that is on")]
pub(super) enum Numbers {
    /// As a float of that size.
    AsAsked,
    /// As any number: a peer may write 1.0 as 1, or in fewer bits.
    AsAny,
}

#[derive(Clone, Copy)]
struct Bounds {
    levels: u8,
    optionals: u16,
    message_bytes: usize,
    /// What is left of these bytes, once each level around this one has claimed one for each of
    /// its items: so many more may have memory set aside before they are read.
    unclaimed: usize,
    numbers: Numbers,
}

/// A deserializer, a seed, or what is known of an enum's variant.
struct Bounded<T> {
    inner: T,
    bounds: Bounds,
}

/// A visitor, and how many items it may be offered.
struct Visiting<V> {
    inner: V,
    bounds: Bounds,
    items: usize,
}

/// The items of a sequence or a map, how many more there may be, and whether the reader may know
/// how many the message says there are.
struct Items<A> {
    inner: A,
    bounds: Bounds,
    left: usize,
    is_counted: bool,
}

impl<T> Bounded<T> {
    /// A type says how many items it has.
    const fn visiting<V>(&self, inner: V) -> Visiting<V> {
        Visiting { inner, bounds: self.bounds, items: usize::MAX }
    }

    /// The message says how many items there are. Each takes a byte at least, or nobody could tell
    /// how much memory a short message may ask for, nor how much time.
    const fn counting<V>(&self, inner: V) -> Visiting<V> {
        Visiting { inner, bounds: self.bounds, items: self.bounds.message_bytes }
    }
}

macro_rules! deserialize {
    ($how:ident: $($method:ident($($name:ident: $type:ty),*)),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(
            self, $($name: $type,)* visitor: V
        ) -> Result<V::Value, D::Error> {
            let visitor = self.$how(visitor);
            self.inner.$method($($name,)* visitor)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<D> {
    type Error = D::Error;

    deserialize! { counting:
        deserialize_any(), deserialize_ignored_any(), deserialize_seq(), deserialize_map(),
    }

    deserialize! { visiting:
        deserialize_bool(), deserialize_char(), deserialize_str(), deserialize_string(),
        deserialize_i8(), deserialize_i16(), deserialize_i32(), deserialize_i64(),
        deserialize_u8(), deserialize_u16(), deserialize_u32(), deserialize_u64(),
        deserialize_i128(), deserialize_u128(), deserialize_bytes(), deserialize_byte_buf(),
        deserialize_option(), deserialize_unit(), deserialize_identifier(),
        deserialize_unit_struct(name: &'static str),
        deserialize_newtype_struct(name: &'static str),
        deserialize_tuple(len: usize),
        deserialize_tuple_struct(name: &'static str, len: usize),
        deserialize_struct(name: &'static str, fields: &'static [&'static str]),
        deserialize_enum(name: &'static str, variants: &'static [&'static str]),
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.bounds.numbers {
            Numbers::AsAsked => self.inner.deserialize_f32(visitor),
            Numbers::AsAny => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.bounds.numbers {
            Numbers::AsAsked => self.inner.deserialize_f64(visitor),
            Numbers::AsAny => self.deserialize_any(visitor),
        }
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<V> Visiting<V> {
    fn deeper<E: Error>(self) -> Result<(V, Bounds, usize), E> {
        let Some(levels) = self.bounds.levels.checked_sub(1) else {
            return Err(E::custom(format_args!("nested more than {LEVELS} levels deep")));
        };
        Ok((self.inner, Bounds { levels, ..self.bounds }, self.items))
    }
}

macro_rules! visit {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Visiting<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool(bool), visit_char(char),
        visit_i8(i8), visit_i16(i16), visit_i32(i32), visit_i64(i64), visit_i128(i128),
        visit_u8(u8), visit_u16(u16), visit_u32(u32), visit_u64(u64), visit_u128(u128),
        visit_f32(f32), visit_f64(f64),
        visit_str(&str), visit_borrowed_str(&'de str), visit_string(String),
        visit_bytes(&[u8]), visit_borrowed_bytes(&'de [u8]), visit_byte_buf(Vec<u8>),
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let Some(optionals) = self.bounds.optionals.checked_sub(1) else {
            return Err(D::Error::custom("too many optional values in one another"));
        };
        self.inner.visit_some(Bounded { inner, bounds: Bounds { optionals, ..self.bounds } })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let (visitor, bounds, _) = self.deeper()?;
        visitor.visit_newtype_struct(Bounded { inner, bounds })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let (visitor, bounds, left) = self.deeper()?;
        let count = inner.size_hint();
        visitor.visit_seq(Items::new(inner, bounds, left, count))
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let (visitor, bounds, left) = self.deeper()?;
        let count = inner.size_hint();
        visitor.visit_map(Items::new(inner, bounds, left, count))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let (visitor, bounds, _) = self.deeper()?;
        visitor.visit_enum(Bounded { inner, bounds })
    }
}

impl<A> Items<A> {
    /// A level may say that it has many items, and hold nothing but another level that says so.
    fn new(inner: A, mut bounds: Bounds, left: usize, count: Option<usize>) -> Self {
        let unclaimed = count.and_then(|count| bounds.unclaimed.checked_sub(count));
        bounds.unclaimed = unclaimed.unwrap_or(bounds.unclaimed);
        Self { inner, bounds, left, is_counted: unclaimed.is_some() }
    }

    const fn seed<S>(&self, inner: S) -> Bounded<S> {
        Bounded { inner, bounds: self.bounds }
    }

    fn count<E: Error>(&mut self) -> Result<(), E> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return Err(E::custom("more items than bytes")),
        }
        Ok(())
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let element = self.inner.next_element_seed(self.seed(seed))?;
        if element.is_some() {
            self.count()?;
        }
        Ok(element)
    }

    fn size_hint(&self) -> Option<usize> {
        if self.is_counted { self.inner.size_hint() } else { None }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Items<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let key = self.inner.next_key_seed(self.seed(seed))?;
        if key.is_some() {
            self.count()?;
        }
        Ok(key)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(self.seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        if self.is_counted { self.inner.size_hint() } else { None }
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<A> {
    type Error = A::Error;
    type Variant = Bounded<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let bounds = self.bounds;
        let (variant, inner) = self.inner.variant_seed(Bounded { inner: seed, bounds })?;
        Ok((variant, Bounded { inner, bounds }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Bounded { inner: seed, bounds: self.bounds })
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = self.visiting(visitor);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.visiting(visitor);
        self.inner.struct_variant(fields, visitor)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Bounded { inner, bounds: self.bounds })
    }
}
