//! What the standard library would bring: a heap, and an end for what must not happen.

use core::panic::PanicInfo;

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

#[global_allocator]
static HEAP: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// Nothing from the network or the user panics. If the impossible happens, the driver ends its line.
/// It is not said what it was, for that alone would weigh some kilobytes.
#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
