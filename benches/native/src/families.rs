//! The six families of benches/js/families.js as typed states. Alike, not equal: the shapes and sizes are the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Sizes as bytes of JSON.
pub const SIZES: [(&str, usize); 4] = [
    ("2 KB", 2_000),
    ("100 KB", 100_000),
    ("1 MB", 1_000_000),
    ("50 MB", 50_000_000),
];

/// A state that is made of as many like units as its size needs.
pub trait Family: Serialize + for<'de> Deserialize<'de> + PartialEq {
    const NAME: &'static str;

    fn make(units: usize, random: &mut Random) -> Self;

    /// About that many bytes of JSON, measured on a sample.
    fn of_size(json_bytes: usize) -> Self {
        const SAMPLE: usize = 500;
        let sample = serde_json::to_vec(&Self::make(SAMPLE, &mut Random::default())).expect("JSON takes every family");
        Self::make((json_bytes * SAMPLE / sample.len()).max(1), &mut Random::default())
    }
}

#[derive(Serialize, Deserialize, PartialEq)]
pub struct Records {
    orders: Vec<Order>,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Order {
    id: String,
    customer: String,
    status: Status,
    total: f64,
    paid: bool,
    note: Option<String>,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize, PartialEq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Paid,
    Shipped,
    Delivered,
    Returned,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Line {
    sku: String,
    quantity: u32,
    price: f64,
}

impl Family for Records {
    const NAME: &'static str = "records";

    fn make(units: usize, random: &mut Random) -> Self {
        let order = |index| Order {
            id: format!("order-{index}"),
            customer: format!("c{}", random.below(100_000)),
            status: random.pick(&[
                Status::Open,
                Status::Paid,
                Status::Shipped,
                Status::Delivered,
                Status::Returned,
            ]),
            total: random.price(),
            paid: random.below(2) == 0,
            note: (random.below(10) < 3).then(|| random.sentence(WORDS, 4)),
            lines: (0..=random.below(3)).map(|_| line(random)).collect(),
        };
        Self {
            orders: (0..units).map(order).collect(),
        }
    }
}

fn line(random: &mut Random) -> Line {
    Line {
        sku: format!("sku-{}", random.below(5000)),
        quantity: 1 + random.below(9),
        price: random.price(),
    }
}

#[derive(Serialize, Deserialize, PartialEq)]
pub struct Trees {
    documents: Vec<Document>,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Document {
    id: usize,
    root: Node,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Node {
    kind: String,
    level: u32,
    title: String,
    children: Vec<Node>,
}

impl Family for Trees {
    const NAME: &'static str = "trees";

    fn make(units: usize, random: &mut Random) -> Self {
        let documents = (0..units).map(|id| {
            let depth = 3 + random.below(10);
            Document {
                id,
                root: node(depth, random),
            }
        });
        Self {
            documents: documents.collect(),
        }
    }
}

fn node(depth: u32, random: &mut Random) -> Node {
    let children = match depth {
        0 => 0,
        _ if depth.is_multiple_of(6) => 2,
        _ => 1,
    };
    Node {
        kind: random.pick(KINDS).into(),
        level: depth,
        title: random.sentence(WORDS, 2),
        children: (0..children).map(|_| node(depth - 1, random)).collect(),
    }
}

#[derive(Serialize, Deserialize, PartialEq)]
pub struct Dictionary(BTreeMap<String, u32>);

impl Family for Dictionary {
    const NAME: &'static str = "dictionary";

    fn make(units: usize, random: &mut Random) -> Self {
        Self(random.dictionary(units, 1_000_000))
    }
}

#[derive(Serialize, Deserialize, PartialEq)]
pub struct SmallDictionaries(Vec<BTreeMap<String, u32>>);

impl Family for SmallDictionaries {
    const NAME: &'static str = "smallDictionaries";

    fn make(units: usize, random: &mut Random) -> Self {
        let small = |_| {
            let size = 3 + random.below(5) as usize;
            random.dictionary(size, 1000)
        };
        Self((0..units).map(small).collect())
    }
}

#[derive(Serialize, Deserialize, PartialEq)]
pub struct Text {
    messages: Vec<Message>,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Message {
    id: usize,
    from: String,
    subject: String,
    body: String,
}

impl Family for Text {
    const NAME: &'static str = "text";

    fn make(units: usize, random: &mut Random) -> Self {
        let message = |id| Message {
            id,
            from: random.sentence(FOREIGN, 1),
            subject: random.sentence(FOREIGN, 3),
            body: {
                let words = 5 + random.below(16);
                random.sentence(FOREIGN, words)
            },
        };
        Self {
            messages: (0..units).map(message).collect(),
        }
    }
}

#[derive(Serialize, Deserialize, PartialEq)]
pub struct Numbers {
    series: Vec<Series>,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Series {
    name: String,
    values: Vec<f64>,
}

impl Family for Numbers {
    const NAME: &'static str = "numbers";

    fn make(units: usize, random: &mut Random) -> Self {
        let mut value = |index: usize| match index % 5 {
            0 => f64::from(random.below(24)),
            1 => f64::from(random.below(1000)),
            2 => f64::from(random.below(1 << 31)),
            3 => random.price(),
            _ => random.unit() * 2.0 - 1.0,
        };
        let series = |index: usize| Series {
            name: format!("series-{index}"),
            values: (0..16).map(|at| value(index + (at >> 2))).collect(),
        };
        Self {
            series: (0..units).map(series).collect(),
        }
    }
}

const KINDS: &[&str] = &["section", "paragraph", "list", "item", "quote", "table"];
const WORDS: &[&str] = &[
    "tea", "lamp", "chair", "order", "paid", "late", "green", "small", "heavy", "gift", "blue", "paper", "glass",
    "return", "parcel", "winter",
];
const FOREIGN: &[&str] = &[
    "λόγος",
    "αριθμός",
    "привет",
    "заказ",
    "доставка",
    "注文",
    "配送",
    "お茶",
    "여름",
    "größe",
    "façade",
    "señor",
    "🚀",
    "✓",
    "naïve",
    "čaj",
];

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Default)]
pub struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    fn price(&mut self) -> f64 {
        f64::from(self.below(100_000)) / 100.0
    }

    fn sentence(&mut self, words: &[&str], count: u32) -> String {
        let words: Vec<_> = (0..count).map(|_| self.pick(words)).collect();
        words.join(" ")
    }

    fn dictionary(&mut self, size: usize, bound: u32) -> BTreeMap<String, u32> {
        let entry = |_| (format!("k{:011x}", self.next() >> 20), self.below(bound));
        (0..size).map(entry).collect()
    }
}
