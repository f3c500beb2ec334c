//! Thin faces of the rooms for hosts that are not Rust. No logic lives here.

#[cfg(feature = "abi")]
#[allow(
    unsafe_code,
    reason = "exporting a symbol by name is unsafe by declaration; there is no unsafe block"
)]
pub mod abi;
#[cfg(feature = "js")]
mod answers;
#[cfg(feature = "js")]
mod crossing;
#[cfg(feature = "js")]
pub mod frames;
#[cfg(feature = "js")]
pub mod js;
#[cfg(feature = "js")]
pub mod scratch;
