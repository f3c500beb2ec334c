//! Sixteen bytes that are looked at together: as a vector of WebAssembly where it is built with vectors, as two words otherwise.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use self::vectors::{Block, Ordinary, any, any_high, within};
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) use self::words::{Block, Ordinary, any, any_high, within};

/// How many bytes a block has.
pub(super) const BYTES: usize = 16;

/// How many bytes a group of blocks has: one for each bit of a word.
pub(super) const GROUP: usize = 64;

/// How many bytes are certainly UTF-8, because they are ASCII: 64 are seen at once.
pub(crate) fn ascii_bytes(input: &[u8]) -> usize {
    let (blocks, _) = input.as_chunks::<GROUP>();
    GROUP * blocks.iter().take_while(|block| !any_high(block)).count()
}

/// A bit for each byte, the lowest for the first: set for quotation marks and backslashes.
#[inline(always)]
pub(super) fn specials(group: &[u8; GROUP]) -> u64 {
    bits(group, |block| block.either(b'"', b'\\'))
}

/// The same for ends of lines.
#[inline(always)]
pub(super) fn newlines(group: &[u8; GROUP]) -> u64 {
    match any(group, b'\n') {
        true => bits(group, |block| block.either(b'\n', b'\n')),
        false => 0,
    }
}

#[inline(always)]
fn bits(group: &[u8; GROUP], bits: impl Fn(Block) -> u16) -> u64 {
    let (blocks, _) = group.as_chunks();
    let last_first = blocks.iter().rev();
    last_first.fold(0, |all, block| all << BYTES | u64::from(bits(Block::new(block))))
}

impl Block {
    /// The bytes from `at` on; zeros where there are fewer.
    #[inline]
    pub fn at(input: &[u8], at: usize) -> Self {
        let rest = input.get(at..).unwrap_or_default();
        match rest.first_chunk() {
            Some(bytes) => Self::new(bytes),
            None => last(rest),
        }
    }
}

#[cold]
#[inline(never)]
fn last(rest: &[u8]) -> Block {
    let mut bytes = [0; BYTES];
    bytes.iter_mut().zip(rest).for_each(|(byte, given)| *byte = *given);
    Block::new(&bytes)
}

/// The sixteen bytes as two words, the first byte lowest.
#[inline]
fn both(bytes: &[u8; BYTES]) -> [u64; 2] {
    let both = u128::from_le_bytes(*bytes);
    [both as u64, (both >> 64) as u64]
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vectors {
    use core::arch::wasm32::{
        u8x16_add_sat, u8x16_all_true, u8x16_bitmask, u8x16_eq, u8x16_le, u8x16_lt, u8x16_splat, u8x16_sub, u64x2,
        v128, v128_and, v128_andnot, v128_any_true, v128_or, v128_xor,
    };

    use super::{BYTES, GROUP, both};

    /// A bit for each byte, the lowest for the first: set for those that are ordinary, clear behind the last block.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Ordinary(u64);

    impl Ordinary {
        /// With those of the block behind.
        #[inline]
        pub fn and(self, next: Self) -> Self {
            Self(self.0 | next.0 << BYTES)
        }

        /// How many come before the first byte that is not.
        #[inline]
        pub fn count(self) -> u8 {
            self.0.trailing_ones() as u8
        }

        /// Whether they are so many, at most 63. Tells without counting.
        #[inline]
        pub fn are(self, count: u8) -> bool {
            !self.0 << (63 - count) == 1 << 63
        }
    }

    /// Whether the high bit of any byte is set.
    #[inline]
    pub fn any_high(bytes: &[u8; 64]) -> bool {
        let (blocks, _) = bytes.as_chunks();
        let all = blocks
            .iter()
            .fold(u8x16_splat(0), |all, block| v128_or(all, Block::new(block).0));
        u8x16_bitmask(all) != 0
    }

    /// Whether any byte is this one.
    #[inline(always)]
    pub fn any(group: &[u8; GROUP], byte: u8) -> bool {
        let (blocks, _) = group.as_chunks();
        let equal = |block| u8x16_eq(Block::new(block).0, u8x16_splat(byte));
        v128_any_true(
            blocks
                .iter()
                .map(equal)
                .fold(u8x16_splat(0), |all, equal| v128_or(all, equal)),
        )
    }

    /// Whether every byte is above the low one by its span at most.
    #[inline(always)]
    pub fn within(group: &[u8; GROUP], low: &[u8; GROUP], span: &[u8; GROUP]) -> bool {
        let [group, low, span] = [group, low, span].map(|bytes| bytes.as_chunks().0);
        let all = group
            .iter()
            .zip(low)
            .zip(span)
            .fold(u8x16_splat(u8::MAX), |all, ((group, low), span)| {
                let above = u8x16_sub(Block::new(group).0, Block::new(low).0);
                v128_and(all, u8x16_le(above, Block::new(span).0))
            });
        u8x16_all_true(all)
    }

    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Block(v128);

    impl Block {
        #[inline]
        pub fn new(bytes: &[u8; BYTES]) -> Self {
            let [low, high] = both(bytes);
            Self(u64x2(low, high))
        }

        /// All but quotation marks, backslashes and control characters.
        #[inline]
        pub fn plain(self) -> Ordinary {
            // Flipping this bit brings the quotation mark next to the control characters; then 0x5f more sets the high bit of others.
            let flipped = v128_xor(self.0, u8x16_splat(0x02));
            let others = u8x16_add_sat(flipped, u8x16_splat(0x5f));
            Self::high(v128_andnot(others, u8x16_eq(self.0, u8x16_splat(b'\\'))))
        }

        /// Decimal digits.
        #[inline]
        pub fn digits(self) -> Ordinary {
            Self::high(u8x16_lt(u8x16_sub(self.0, u8x16_splat(b'0')), u8x16_splat(10)))
        }

        /// Whether it begins with the bytes of another one where that mask is set, which is zeros elsewhere.
        #[inline]
        pub fn begins_with(self, other: Self, mask: Self) -> bool {
            u8x16_bitmask(u8x16_eq(v128_and(self.0, mask.0), other.0)) == u16::MAX
        }

        /// A bit for each byte, the lowest for the first: set for those that are one of these.
        #[inline]
        pub fn either(self, one: u8, other: u8) -> u16 {
            u8x16_bitmask(v128_or(
                u8x16_eq(self.0, u8x16_splat(one)),
                u8x16_eq(self.0, u8x16_splat(other)),
            ))
        }

        #[inline]
        fn high(bytes: v128) -> Ordinary {
            Ordinary(u8x16_bitmask(bytes).into())
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod words {
    use super::{BYTES, GROUP, both};

    /// How many ordinary bytes come before the first that is not.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Ordinary(u8);

    impl Ordinary {
        /// With those of the block behind.
        #[inline]
        pub fn and(self, next: Self) -> Self {
            if usize::from(self.0) < BYTES {
                self
            } else {
                Self(self.0 + next.0)
            }
        }

        #[inline]
        pub fn count(self) -> u8 {
            self.0
        }

        #[inline]
        pub fn are(self, count: u8) -> bool {
            self.0 == count
        }
    }

    /// Whether the high bit of any byte is set.
    #[inline]
    pub fn any_high(bytes: &[u8; 64]) -> bool {
        let (words, _) = bytes.as_chunks();
        words.iter().fold(0, |all, word| all | u64::from_le_bytes(*word)) & HIGHS != 0
    }

    /// Whether any byte is this one.
    #[inline(always)]
    pub fn any(group: &[u8; GROUP], byte: u8) -> bool {
        group.iter().fold(false, |any, other| any | (*other == byte))
    }

    /// Whether every byte is above the low one by its span at most.
    #[inline(always)]
    pub fn within(group: &[u8; GROUP], low: &[u8; GROUP], span: &[u8; GROUP]) -> bool {
        let bytes = group.iter().zip(low).zip(span);
        bytes.fold(true, |all, ((byte, low), span)| {
            all & (byte.wrapping_sub(*low) <= *span)
        })
    }

    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Block([u64; 2]);

    impl Block {
        #[inline]
        pub fn new(bytes: &[u8; BYTES]) -> Self {
            Self(both(bytes))
        }

        /// All but quotation marks, backslashes and control characters.
        #[inline]
        pub fn plain(self) -> Ordinary {
            // Flipping this bit brings the quotation mark next to the control characters.
            self.before(|word| below(word ^ (ONES * 0x02), 0x21) | below(word ^ (ONES * u64::from(b'\\')), 1))
        }

        /// Decimal digits.
        #[inline]
        pub fn digits(self) -> Ordinary {
            // Digits become 0 to 9, without a carry into the byte above; 0x76 more sets the high bit of what is higher.
            self.before(|word| {
                let low = word ^ (ONES * u64::from(b'0'));
                ((low & !HIGHS) + ONES * 0x76) | low
            })
        }

        /// Whether it begins with the bytes of another one where that mask is set, which is zeros elsewhere.
        #[inline]
        pub fn begins_with(self, other: Self, mask: Self) -> bool {
            let ([a, b], [c, d], [e, f]) = (self.0, other.0, mask.0);
            (a & e ^ c) | (b & f ^ d) == 0
        }

        /// A bit for each byte, the lowest for the first: set for those that are one of these.
        #[inline]
        pub fn either(self, one: u8, other: u8) -> u16 {
            let zeros = |word: u64| !(((word & !HIGHS) + !HIGHS) | word) & HIGHS;
            let [low, high] = self.0.map(|word| {
                let zeros = zeros(word ^ (ONES * u64::from(one))) | zeros(word ^ (ONES * u64::from(other)));
                // Brings the high bits together in the uppermost byte.
                (zeros >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
            });
            (low | high << 8) as u16
        }

        /// All bytes before the first whose high bit a function of words sets.
        #[inline]
        fn before(self, set: impl Fn(u64) -> u64) -> Ordinary {
            let [low, high] = self.0.map(|word| set(word) & HIGHS);
            let bits = match low {
                0 => 64 + high.trailing_zeros(),
                low => low.trailing_zeros(),
            };
            Ordinary((bits / 8) as u8)
        }
    }

    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;

    /// Sets the high bit of the first byte that is below a limit, of none before it, and of some after it: a borrow spoils no other.
    #[inline]
    fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(ONES * u64::from(limit)) & !word
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::{BYTES, Block, GROUP, newlines, specials, within};

    /// Every byte in every place, with a quotation mark and a letter somewhere behind.
    #[test]
    fn a_block_says_what_its_bytes_say() {
        let plain = |byte: &u8| !matches!(byte, ..0x20 | b'"' | b'\\');
        for (filler, byte, place) in [b'0', b'a', b'!', b'#', 0x7f, 0x80, 0xff]
            .into_iter()
            .flat_map(|filler| (0..=u8::MAX).map(move |byte| (filler, byte)))
            .flat_map(|(filler, byte)| (0..BYTES).map(move |place| (filler, byte, place)))
        {
            let mut bytes = [filler; BYTES];
            bytes[place] = byte;
            bytes[(place + 3).min(BYTES - 1)] = b'"';
            let block = Block::new(&bytes);
            let plain = bytes.iter().take_while(|byte| plain(byte)).count();
            let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let full = Block::new(&[b'7'; BYTES]);
            for (found, twice, count) in [
                (block.plain(), full.plain().and(block.plain()), plain),
                (block.digits(), full.digits().and(block.digits()), digits),
            ] {
                assert_eq!(usize::from(found.count()), count, "{bytes:?}");
                assert_eq!(usize::from(twice.count()), BYTES + count, "{bytes:?}");
                assert!(
                    (0..=BYTES).all(|other| found.are(other as u8) == (other == count)),
                    "{bytes:?}"
                );
            }
            let beginning = |length| Block::at(&bytes[..length], 0);
            let mask = |length| Block::at(&[u8::MAX; BYTES][..length], 0);
            let changed = Block::new(&bytes.map(|other| if other == byte { !other } else { other }));
            let first = bytes.iter().position(|other| *other == byte).unwrap_or(BYTES);
            for length in 0..=BYTES {
                assert!(block.begins_with(beginning(length), mask(length)));
                assert_eq!(
                    changed.begins_with(beginning(length), mask(length)),
                    length <= first,
                    "{bytes:?}"
                );
            }
        }
    }

    /// Every byte in every place, among others.
    #[test]
    fn a_group_says_what_its_bytes_say() {
        let bits = |group: &[u8; GROUP], is: fn(u8) -> bool| {
            (0..)
                .zip(group)
                .fold(0u64, |bits, (place, byte)| bits | u64::from(is(*byte)) << place)
        };
        for (filler, byte, place) in [b'0', b'"', b'\n', 0x80, 0xff]
            .into_iter()
            .flat_map(|filler| (0..=u8::MAX).map(move |byte| (filler, byte)))
            .flat_map(|(filler, byte)| (0..GROUP).map(move |place| (filler, byte, place)))
        {
            let mut group = [filler; GROUP];
            group[place] = byte;
            assert_eq!(
                specials(&group),
                bits(&group, |byte| matches!(byte, b'"' | b'\\')),
                "{group:?}"
            );
            assert_eq!(newlines(&group), bits(&group, |byte| byte == b'\n'), "{group:?}");
            let (mut low, mut span) = ([0; GROUP], [u8::MAX; GROUP]);
            for (lowest, most) in [(byte, 0), (0, byte), (b'0', 9), (b' ', u8::MAX - b' ')] {
                (low[place], span[place]) = (lowest, most);
                let expected = (u32::from(lowest)..=u32::from(lowest) + u32::from(most)).contains(&u32::from(byte));
                assert_eq!(within(&group, &low, &span), expected, "{byte} from {lowest} by {most}");
            }
        }
    }
}
