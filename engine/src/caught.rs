//! A panic in the engine must never reach Node, which would abort. It is caught here, quietly, and becomes its message.

use std::any::Any;
use std::cell::Cell;
use std::panic::{catch_unwind, set_hook, take_hook, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

static QUIET: Once = Once::new();

/// What `work` returns, or the message of its panic. What `work` has touched is not to be used after a panic.
pub fn caught<V>(work: impl FnOnce() -> Result<V, String>) -> Result<V, String> {
    QUIET.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !CATCHING.with(Cell::get) {
                usual(panic);
            }
        }));
    });
    let outer = CATCHING.with(|catching| catching.replace(true));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CATCHING.with(|catching| catching.set(outer));
    outcome.unwrap_or_else(|payload| Err(message_of(payload.as_ref())))
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(message) = payload.downcast_ref::<&str>() {
        return (*message).to_owned();
    }
    match payload.downcast_ref::<String>() {
        Some(message) => message.clone(),
        None => "a panic without a message".to_owned(),
    }
}
