//! Thresholds that differ from stream to stream, the same on every host. The steps are in the [module's docs](super#jitter).

use sha2::{Digest, Sha256};

const DOMAIN: &[u8] = b"snapfold.jitter.1\0";
const ONE: u64 = 1 << 53;

/// The part of every threshold that is kept, in units of 2^-53.
#[derive(Clone, Copy)]
pub(super) struct Keep(u64);

impl Keep {
    /// No jitter.
    pub(super) const ALL: Self = Self(ONE);

    /// What is left of this part when a jitter of `fraction` comes on top, for one stream.
    pub(super) fn jittered(self, fraction: f64, stream: &str) -> Self {
        // Scaling by a power of two is exact, so the cast is the only rounding.
        let fraction = (fraction * ONE as f64) as u64;
        let cut = u128::from(fraction) * u128::from(draw(stream)) / u128::from(ONE);
        let kept = ONE.saturating_sub(cut as u64);
        Self(self.of(kept))
    }

    /// The kept part of a threshold, rounded up; at least 1 if the threshold is.
    pub(super) fn of(self, threshold: u64) -> u64 {
        (u128::from(threshold) * u128::from(self.0)).div_ceil(u128::from(ONE)) as u64
    }
}

/// 53 bits that depend on the stream id alone.
fn draw(stream: &str) -> u64 {
    let digest = Sha256::new().chain_update(DOMAIN).chain_update(stream).finalize();
    let first = digest
        .iter()
        .take(8)
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    first >> 11
}
