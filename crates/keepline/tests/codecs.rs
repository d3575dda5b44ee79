//! Codecs on what they should meet, and on what an attacker would send instead. Told natively and,
//! because stacks are small there, in a page.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use keepline::{Cbor, Decode, Encode, Json, MessagePack, Payload, Postcard};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u64,
    change: i8,
    price: f64,
    weight: f32,
    name: String,
    photo: Vec<u8>,
    shapes: Vec<Shape>,
    stock: BTreeMap<String, i64>,
    place: (u16, char),
    nothing: (),
    parent: Option<Box<Order>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f32),
    Box { width: u16, height: u16 },
    Shadow(Box<Shape>),
}

/// Lists in lists: as deep as the sender likes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Tree(Vec<Tree>);

/// Deep without a list.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

/// A reader that ignores what it does not know.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Blind {}

fn order() -> Order {
    let child = Order {
        id: u64::MAX,
        change: -128,
        price: -0.5,
        weight: 1e30,
        name: String::new(),
        photo: vec![],
        shapes: vec![Shape::Shadow(Box::new(Shape::Circle(1.5)))],
        stock: BTreeMap::new(),
        place: (u16::MAX, '🦀'),
        nothing: (),
        parent: None,
    };
    Order {
        id: 7,
        change: 1,
        price: 1.0,
        weight: 0.25,
        name: "grüße".to_owned(),
        photo: (0..=255).collect(),
        shapes: vec![Shape::Point, Shape::Box { width: 300, height: 2 }],
        stock: [("a".to_owned(), i64::MIN), ("b".to_owned(), i64::MAX)].into(),
        place: (0, 'ä'),
        nothing: (),
        parent: Some(Box::new(child)),
    }
}

/// A codec, of values that travel both ways.
trait Codec<T>: Encode<T> + Decode<T> {}
impl<T, C: Encode<T> + Decode<T>> Codec<T> for C {}

fn bytes_of(payload: Payload) -> Vec<u8> {
    match payload {
        Payload::Text(text) => text.into_bytes(),
        Payload::Binary(bytes) => bytes,
    }
}

fn encoded<C: Encode<T>, T>(message: &T) -> Vec<u8> {
    bytes_of(C::encode(message).unwrap())
}

fn decoded<C: Decode<T>, T>(bytes: &[u8]) -> Result<T, String> {
    C::decode(Payload::Binary(bytes.to_vec())).map_err(|refused| refused.error.to_string())
}

#[test]
fn everything_that_serde_knows_comes_back_as_it_was() {
    fn tell<C: Codec<Order>>() {
        assert_eq!(C::decode(C::encode(&order()).unwrap()).unwrap(), order());
    }
    tell::<Json>();
    tell::<MessagePack>();
    tell::<Cbor>();
    tell::<Postcard>();
}

#[test]
fn text_codecs_send_text_and_binary_codecs_binary() {
    assert!(matches!(Json::encode("a"), Ok(Payload::Text(_))));
    assert!(matches!(MessagePack::encode("a"), Ok(Payload::Binary(_))));
    assert!(matches!(Cbor::encode("a"), Ok(Payload::Binary(_))));
    assert!(matches!(Postcard::encode("a"), Ok(Payload::Binary(_))));
}

#[test]
fn a_text_is_no_message_of_a_binary_codec_and_comes_back() {
    fn tell<C: Decode<Order>>() {
        let text = Payload::Text("{}".to_owned());
        let refused = C::decode(text.clone()).unwrap_err();
        assert_eq!(refused.error.to_string(), "not a binary message");
        assert_eq!(refused.payload, text);
    }
    tell::<MessagePack>();
    tell::<Cbor>();
    tell::<Postcard>();
}

#[test]
fn a_message_that_is_cut_off_or_too_long_is_none() {
    fn tell<C: Codec<Order>>() {
        let mut whole = encoded::<C, _>(&order());
        for length in 0..whole.len() {
            assert!(decoded::<C, Order>(&whole[..length]).is_err(), "cut off at {length}");
        }
        for surplus in [0x00, 0x01, 0x7f, 0x80, 0x90, 0xc0, 0xc1, 0xf6, 0xff] {
            whole.push(surplus);
            assert!(decoded::<C, Order>(&whole).is_err(), "with {surplus:#x} at the end");
            whole.pop();
        }
    }
    tell::<Json>();
    tell::<MessagePack>();
    tell::<Cbor>();
    tell::<Postcard>();
}

#[test]
fn other_languages_write_structs_and_numbers_in_ways_of_their_own() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Price {
        euros: f64,
        rate: f32,
    }
    // A peer in JavaScript knows no 1.0: it writes 1. Others write as few bits as will do.
    let price = Ok(Price { euros: 1.0, rate: 0.5 });
    let map = b"\x82\xa5euros\x01\xa4rate\xcb\x3f\xe0\0\0\0\0\0\0";
    assert_eq!(decoded::<MessagePack, Price>(map), price);
    assert_eq!(decoded::<MessagePack, Price>(b"\x92\x01\xca\x3f\0\0\0"), price);
    let map = b"\xa2\x65euros\x01\x64rate\xfb\x3f\xe0\0\0\0\0\0\0";
    assert_eq!(decoded::<Cbor, Price>(map), price);
    assert_eq!(decoded::<Cbor, Price>(b"\xbf\x65euros\xf9\x3c\0\x64rate\xf9\x38\0\xff"), price);
}

/// A hundred levels must do; a million must not exhaust the stack.
fn nested(opening: &[u8], middle: &[u8], closing: &[u8], levels: usize) -> Vec<u8> {
    [opening.repeat(levels), middle.to_vec(), closing.repeat(levels)].concat()
}

fn tell_of_nesting<C: Decode<T>, T: Debug>(opening: &[u8], middle: &[u8], closing: &[u8]) {
    let shallow = decoded::<C, T>(&nested(opening, middle, closing, 60));
    assert!(shallow.is_ok(), "{shallow:?}");
    for levels in [129, 1_000, 1_000_000] {
        assert!(decoded::<C, T>(&nested(opening, middle, closing, levels)).is_err());
    }
}

#[test]
fn nesting_without_end_does_not_exhaust_the_stack() {
    tell_of_nesting::<Json, Tree>(b"[", b"", b"]");
    tell_of_nesting::<MessagePack, Tree>(b"\x91", b"\x90", b"");
    tell_of_nesting::<Cbor, Tree>(b"\x81", b"\x80", b"");
    tell_of_nesting::<Cbor, Tree>(b"\x9f", b"", b"\xff");
    tell_of_nesting::<Postcard, Tree>(b"\x01", b"\x00", b"");

    tell_of_nesting::<Json, Chain>(br#"{"next":"#, b"null", b"}");
    tell_of_nesting::<MessagePack, Chain>(b"\x81\xa4next", b"\xc0", b"");
    tell_of_nesting::<Cbor, Chain>(b"\xa1\x64next", b"\xf6", b"");
    tell_of_nesting::<Postcard, Chain>(b"\x01", b"\x00", b"");
}

/// A type that contains itself, and has no name to count.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Nameless {
    _next: Option<Box<Self>>,
}

#[test]
fn optional_values_in_one_another_do_not_exhaust_the_stack_either() {
    let chain = |levels| decoded::<Postcard, Nameless>(&nested(b"\x01", b"\x00", b"", levels));
    assert!(chain(60).is_ok());
    for levels in [257, 1_000_000] {
        assert!(chain(levels).is_err());
    }
}

#[test]
fn nesting_in_what_the_reader_ignores_does_not_exhaust_the_stack() {
    fn tell<C: Decode<Blind>>(begin: &[u8], opening: &[u8], middle: &[u8], closing: &[u8]) {
        let within = |levels| {
            let value = nested(opening, middle, closing, levels);
            [begin, &value].concat()
        };
        assert_eq!(decoded::<C, Blind>(&within(60)), Ok(Blind {}));
        for levels in [1_000, 1_000_000] {
            assert!(decoded::<C, Blind>(&within(levels)).is_err());
        }
    }
    tell::<MessagePack>(b"\x81\xa1x", b"\x91", b"\xc0", b"");
    tell::<Cbor>(b"\xa1\x61x", b"\x81", b"\xf6", b"");
    tell::<Cbor>(b"\xa1\x61x", b"\xc1", b"\x00", b"");
}

#[test]
fn a_length_that_lies_costs_neither_memory_nor_time() {
    fn refused<C, T>(lie: &[u8])
    where
        C: Decode<T>,
        T: Debug,
    {
        let before = memory();
        assert!(decoded::<C, T>(lie).is_err(), "{lie:x?}");
        assert!(memory() - before <= 1024 * 1024, "{lie:x?}");
    }
    fn of_each_type<C>(lies: &[&[u8]])
    where
        C: Decode<Vec<Order>>
            + Decode<Vec<u8>>
            + Decode<Vec<()>>
            + Decode<String>
            + Decode<BTreeMap<(), ()>>
            + Decode<BTreeMap<String, Order>>
            + Decode<Tree>
            + Decode<Order>,
    {
        for lie in lies {
            refused::<C, Vec<Order>>(lie);
            refused::<C, Vec<u8>>(lie);
            refused::<C, Vec<()>>(lie);
            refused::<C, String>(lie);
            refused::<C, BTreeMap<(), ()>>(lie);
            refused::<C, BTreeMap<String, Order>>(lie);
            refused::<C, Order>(lie);
            refused::<C, Tree>(&lie.repeat(1_000));
        }
    }
    // Strings, binaries, arrays, maps and extensions of 4 GiB.
    of_each_type::<MessagePack>(&[
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
    ]);
    // Strings, bytes, arrays and maps of 2^64 and of 2^31 items, and without end.
    of_each_type::<Cbor>(&[
        b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x7a\x7f\xff\xff\xff",
        b"\x5a\x7f\xff\xff\xff",
        b"\x9a\x7f\xff\xff\xff",
        b"\xba\x7f\xff\xff\xff",
        b"\x9f\x9f\x9f",
        b"\xbf\xbf\xbf",
        b"\x5f\x5f\x5f",
    ]);
    of_each_type::<Postcard>(&[
        b"\xff\xff\xff\xff\x07",
        b"\xff\xff\xff\xff\x0f",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ]);
}

#[test]
fn levels_that_lie_about_their_lengths_cost_no_memory_each() {
    /// What any forum has.
    #[derive(Debug, Deserialize)]
    struct Comment {
        _text: String,
        _replies: Vec<Self>,
    }
    /// What serde keeps as it is until it has seen the tag.
    #[derive(Debug, Deserialize)]
    #[serde(tag = "kind")]
    enum Said {
        Nothing {},
    }
    fn refused<C: Decode<T>, T: Debug>(level: &[u8], levels: usize) {
        let mut lies = level.repeat(levels);
        lies.resize(21_000, 0xc1);
        let before = memory();
        assert!(decoded::<C, T>(&lies).is_err());
        let grown = memory() - before;
        assert!(grown <= 1024 * 1024, "{level:x?}: {grown} bytes");
    }
    // Each level says that it holds 20,480 others.
    refused::<MessagePack, Comment>(b"\x92\xa0\xdc\x50\x00", 63);
    refused::<MessagePack, Said>(b"\xde\x50\x00", 126);
    refused::<Cbor, Comment>(b"\xa2\x65_text\x60\x68_replies\x99\x50\x00", 63);
    refused::<Cbor, Said>(b"\xb9\x50\x00", 126);
    refused::<Postcard, Comment>(b"\x00\x80\xa0\x01", 63);
}

#[cfg(target_arch = "wasm32")]
fn memory() -> usize {
    core::arch::wasm32::memory_size(0) * 64 * 1024
}

/// Natively nobody counts; a lie of gigabytes would be felt.
#[cfg(not(target_arch = "wasm32"))]
fn memory() -> usize {
    0
}

/// A xorshift: the same bytes in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len().max(1));
            match self.below(4) {
                0 => bytes.insert(at, self.byte()),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                _ if at < bytes.len() => bytes[at] = self.byte(),
                _ => {}
            }
        }
    }
}

const ROUNDS: usize = if cfg!(target_arch = "wasm32") { 500 } else { 5_000 };

#[test]
fn whatever_arrives_is_a_message_or_an_error() {
    fn survives<C: Codec<T>, T: Serialize + DeserializeOwned>(bytes: &[u8]) {
        if let Ok(message) = decoded::<C, T>(bytes) {
            let again = encoded::<C, T>(&message);
            let same =
                decoded::<C, T>(&again).unwrap_or_else(|error| panic!("{bytes:x?}: {error}"));
            assert_eq!(encoded::<C, T>(&same), again, "{bytes:x?}");
        }
    }
    fn tell<C>()
    where
        C: Codec<Order>
            + Codec<Tree>
            + Codec<Chain>
            + Codec<Vec<Shape>>
            + Codec<BTreeMap<i64, f64>>,
    {
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        let whole = encoded::<C, _>(&order());
        for _ in 0..ROUNDS {
            let mut bytes = whole.clone();
            chance.damage(&mut bytes);
            survives::<C, Order>(&bytes);
            let noise: Vec<u8> = (0..chance.below(24)).map(|_| chance.byte()).collect();
            survives::<C, Order>(&noise);
            survives::<C, Tree>(&noise);
            survives::<C, Chain>(&noise);
            survives::<C, Vec<Shape>>(&noise);
            survives::<C, BTreeMap<i64, f64>>(&noise);
        }
    }
    tell::<Json>();
    tell::<MessagePack>();
    tell::<Cbor>();
    tell::<Postcard>();
}
