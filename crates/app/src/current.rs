//! What serves now.

use crate::front::Exposure;
use arc_swap::ArcSwap;
use oar_gateway::Gateway;
use std::sync::Arc;

/// What one configuration makes of a request.
pub(crate) struct Serving {
    pub(crate) gateway: Gateway,
    pub(crate) exposure: Exposure,
}

/// What serves now; something else may take its place at any moment. Cloning shares the place.
///
/// A request asks once, so that one configuration serves it from its beginning to its end.
#[derive(Clone)]
pub(crate) struct Current(Arc<ArcSwap<Serving>>);

impl Current {
    pub(crate) fn new(serving: Serving) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(serving)))
    }

    pub(crate) fn get(&self) -> Arc<Serving> {
        self.0.load_full()
    }

    pub(crate) fn replace(&self, serving: Serving) {
        self.0.store(Arc::new(serving));
    }
}
