use super::play::{Play, Step};
use super::running::Running;
use super::server::Standin;
use super::{Moment, problem};
use crate::backend_contract::{Remote, Situation, request_for};
use oar_upstream::UpstreamRequest;
use std::io;

/// It is spared the work by cancelling the prediction.
impl Remote for Running {
    fn request() -> UpstreamRequest {
        request_for("mistralai/mixtral-8x7b-instruct-v0.1")
    }

    async fn playing(situation: Situation) -> io::Result<Self> {
        let begun = Step::Say("Once".to_owned());
        let play = match situation {
            Situation::Overloaded => Play::refusing(Situation::OVERLOADED, problem::of_status(Situation::OVERLOADED)),
            Situation::Silent => Play::default(),
            Situation::Begun => Play::new([begun]),
            Situation::Cut => Play::new([begun, Step::Cut, Step::Fail("lost".to_owned())]),
        };
        Standin::playing(play).start().await
    }

    fn endpoint(&self) -> String {
        self.endpoint()
    }

    async fn heard(&self) {
        self.happened(Moment::Created).await;
    }

    async fn spared(&self) {
        self.happened(Moment::Cancelled).await;
    }
}
