//! The exports. A host calls `vouchsafe_request(length)` for a place to write the request to, `vouchsafe_verify()`, which gives
//! the answer's length, and `vouchsafe_answer()` for the place to read it from.
//!
//! The host writes into a buffer that this module owns, so that nothing here follows a pointer from outside.
#![expect(
    unsafe_code,
    reason = "the attribute that keeps a name for the linker is called unsafe; nothing else here is"
)]

use std::cell::RefCell;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A place for a request of `length` bytes; null for more than 32 MiB. Whatever was there before is gone.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouchsafe_request(length: usize) -> *mut u8 {
    if length > MOST {
        return core::ptr::null_mut();
    }
    BUFFER.with_borrow_mut(|buffer| {
        *buffer = vec![0; length];
        buffer.as_mut_ptr()
    })
}

/// Judges the request that was written, and puts the answer into its place; the answer's length.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouchsafe_verify() -> usize {
    let request = BUFFER.take();
    let answer = crate::verify_json(&request);
    let length = answer.len();
    BUFFER.set(answer);
    length
}

/// Where the answer is, until the next request.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouchsafe_answer() -> *const u8 {
    BUFFER.with_borrow(|buffer| buffer.as_ptr())
}

/// Far beyond every piece of evidence with all its endorsements in base64.
const MOST: usize = 32 << 20;
