//! Waiting for a future on a plain thread.
//!
//! A runtime's own `block_on` panics when the caller happens to be inside a runtime. Everything waited for here is driven
//! by the driver's own background threads, so parking the caller is enough and always allowed.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

struct Signal {
    thread: Thread,
    given: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.given.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Blocks this thread until `future` is done.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal { thread: std::thread::current(), given: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        while !signal.given.swap(false, Ordering::Acquire) {
            std::thread::park();
        }
    }
}
