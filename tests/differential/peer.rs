//! The Rust side of the differential tests: a program that the npm package's tests start (pkg/test/value/differential.test.ts).
//!
//! - `generate SEED COUNT [float16]` writes the bytes of that many generated values, the same for each seed;
//! - `rewrite` reads bytes and writes for each what became of it: `00` and the value written again, or `01` and the offset
//!   of the error, 8 bytes;
//! - `canonical` does the same with the canonical form.
//!
//! Bytes go over stdin and stdout as messages: a length of 4 bytes, then the content. Integers are big-endian.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod generate;
#[path = "../support/random.rs"]
mod random;

use std::io::{self, BufWriter, Read, Write};

use generate::Generator;
use snapfold::value::{Value, canonicalize, from_slice, to_vec};

const USAGE: &str = "generate SEED COUNT [float16] | rewrite | canonical";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["generate", seed, count] => generate(Generator::new(number(seed), false), number(count)),
        ["generate", seed, count, "float16"] => generate(Generator::new(number(seed), true), number(count)),
        ["rewrite"] => answer(|bytes| from_slice::<Value>(bytes).map(|value| to_vec(&value).expect("it was read"))),
        ["canonical"] => answer(canonicalize),
        _ => panic!("{USAGE}"),
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect(USAGE)
}

fn generate(mut generator: Generator, count: u64) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for _ in 0..count {
        let value = generator.value();
        send(&mut out, &to_vec(&value).expect("generated values can be written"))?;
    }
    out.flush()
}

fn answer(read: impl Fn(&[u8]) -> snapfold::Result<Vec<u8>>) -> io::Result<()> {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut rest = &input[..];
    while let Some((length, after)) = rest.split_first_chunk() {
        let (bytes, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        match read(bytes) {
            Ok(written) => send(&mut out, &[&[0], &written[..]].concat())?,
            Err(error) => {
                let offset = error.offset().expect("errors of readers have their place");
                send(&mut out, &[&[1], &offset.to_be_bytes()[..]].concat())?;
            }
        }
        rest = after;
    }
    out.flush()
}

fn send(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&(bytes.len() as u32).to_be_bytes())?;
    out.write_all(bytes)
}
