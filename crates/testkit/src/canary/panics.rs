use super::sightings::look;
use std::panic::{self, Location, PanicHookInfo};
use std::path::Path;

/// Has the messages of panics looked at, before they are printed as before.
pub(super) fn watch() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        look_at(panic);
        before(panic);
    }));
}

/// A test that fails may show what it compared.
fn look_at(panic: &PanicHookInfo<'_>) {
    let is_the_tests_own = panic.location().is_some_and(is_in_a_test);
    if let Some(message) = panic.payload_as_str().filter(|_| !is_the_tests_own) {
        look("the message of a panic", message);
    }
}

fn is_in_a_test(location: &Location<'_>) -> bool {
    let file = Path::new(location.file());
    file.ends_with("tests.rs")
        || file.components().any(|part| ["tests", "testkit"].iter().any(|own| part.as_os_str() == *own))
}
