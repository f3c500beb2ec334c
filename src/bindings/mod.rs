//! Thin faces of the rooms for hosts that are not Rust. No logic lives here.

#[cfg(feature = "abi")]
#[allow(
    unsafe_code,
    reason = "exporting a symbol by name is unsafe by declaration; there is no unsafe block"
)]
pub mod abi;
#[cfg(all(feature = "js", not(feature = "std"), target_family = "wasm"))]
#[allow(
    unsafe_code,
    reason = "allocators are unsafe by declaration; each block says why it is sound"
)]
mod allocator;
#[cfg(feature = "js")]
mod answers;
#[cfg(feature = "js")]
mod crossing;
#[cfg(feature = "js")]
mod frames;
#[cfg(feature = "js")]
pub mod js;
#[cfg(feature = "js")]
#[allow(
    unsafe_code,
    reason = "what is shared between threads needs a promise; each block says why it is kept"
)]
mod module;
#[cfg(feature = "js")]
mod policies;
#[cfg(feature = "js")]
pub mod scratch;

/// The module ends at once, as it does with std; without the words that std would carry along.
#[cfg(all(feature = "js", not(feature = "std"), target_family = "wasm"))]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
