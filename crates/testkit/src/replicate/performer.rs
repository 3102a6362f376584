use super::play::Step;
use super::prediction::Prediction;
use super::stage::{Entry, Interruption, Status};
use std::sync::Arc;

/// Plays a prediction's steps until it ends, whoever ends it.
pub(super) async fn perform(prediction: Arc<Prediction>) {
    tokio::select! {
        biased;
        () = prediction.ended() => {}
        () = steps(&prediction) => {}
    }
}

async fn steps(prediction: &Prediction) {
    for step in &prediction.play.steps {
        act(step, prediction).await;
    }
}

async fn act(step: &Step, prediction: &Prediction) {
    match step {
        Step::Pause(pause) => tokio::time::sleep(*pause).await,
        Step::Until(gate) => gate.passed().await,
        Step::Say(piece) => prediction.make(|stage| stage.say(piece)),
        Step::Log(text) => prediction.make(|stage| stage.log(text)),
        Step::Answer => prediction.make(|stage| stage.answer = Some(Box::new(stage.clone()))),
        Step::Raw(bytes) => prediction.make(|stage| stage.entries.push(Entry::Raw(bytes.clone()))),
        Step::IdleClose => interrupt(prediction, Interruption::Idle),
        Step::Close => interrupt(prediction, Interruption::Close),
        Step::Cut => interrupt(prediction, Interruption::Cut),
        Step::Succeed => prediction.make(|stage| stage.end(Status::Succeeded)),
        Step::Fail(error) => prediction.make(|stage| stage.fail(error)),
        Step::Cancel => prediction.make(|stage| stage.end(Status::Canceled)),
        Step::Abort => prediction.make(|stage| stage.end(Status::Aborted)),
    }
}

fn interrupt(prediction: &Prediction, interruption: Interruption) {
    prediction.make(|stage| stage.entries.push(Entry::Interruption(interruption)));
}
