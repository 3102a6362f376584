use super::clock::Birth;
use super::play::{Form, Play};
use super::stage::{Entry, Moment, Stage, Status};
use crate::standin::text;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// A prediction: what was asked, and where it stands.
pub(super) struct Prediction {
    pub(super) id: String,
    /// `owner/name`.
    pub(super) model: String,
    pub(super) version: String,
    pub(super) input: Value,
    pub(super) play: Play,
    birth: Birth,
    failing_reads: AtomicUsize,
    stage: watch::Sender<Stage>,
    news: Arc<watch::Sender<()>>,
}

impl Prediction {
    pub(super) fn new(id: String, asked: Asked, play: Play, news: Arc<watch::Sender<()>>) -> Self {
        let prediction = Self {
            id,
            model: asked.model,
            version: asked.version,
            input: asked.input,
            birth: Birth::now(),
            failing_reads: AtomicUsize::new(play.failing_reads),
            stage: watch::Sender::new(Stage::new(play.form)),
            play,
            news,
        };
        prediction.note(Moment::Created);
        prediction
    }

    /// Changes where it stands; what has ended stays as it is.
    pub(super) fn go_on(&self, change: impl FnOnce(&mut Stage)) {
        let age = self.birth.age();
        self.stage.send_if_modified(|stage| {
            let lives = !stage.status.is_terminal();
            if lives {
                stage.now = age;
                stage.epoch = self.birth.date().as_secs();
                change(stage);
            }
            lives
        });
        self.news.send_replace(());
    }

    /// Changes what the model made, which thereby is at work.
    pub(super) fn make(&self, change: impl FnOnce(&mut Stage)) {
        self.go_on(|stage| {
            stage.start();
            change(stage);
        });
    }

    pub(super) fn note(&self, moment: Moment) {
        let age = self.birth.age();
        self.stage.send_modify(|stage| stage.moments.push((moment, age)));
        self.news.send_replace(());
    }

    pub(super) fn watch(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    /// Takes the entry there, if it waits for somebody to take it.
    pub(super) fn take(&self, at: usize) -> Option<Entry> {
        let mut taken = None;
        self.stage.send_if_modified(|stage| {
            taken = stage.entries.get_mut(at).map(Entry::take);
            false
        });
        taken
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.watch().wait_for(|stage| stage.status.is_terminal()).await;
    }

    /// Waits until whoever waits for the creation's answer may have it, and says what it is.
    pub(super) async fn answered(&self, base: &str) -> Value {
        let mut stage = self.watch();
        let _ = stage.wait_for(|stage| stage.status.is_terminal() || stage.answer.is_some()).await;
        let answer = stage.borrow().answer.clone();
        answer.map_or_else(|| self.json(base), |answer| self.told(&answer, base))
    }

    /// Whether this reading is one of those that fail.
    pub(super) fn fails_to_be_read(&self) -> bool {
        self.failing_reads.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    pub(super) fn moments(&self) -> Vec<Moment> {
        self.stage.borrow().moments.iter().map(|(moment, _)| *moment).collect()
    }

    /// As Replicate tells it; `base` is the API's origin.
    pub(super) fn json(&self, base: &str) -> Value {
        let stage = self.stage.borrow().clone();
        self.told(&stage, base)
    }

    fn told(&self, stage: &Stage, base: &str) -> Value {
        let mut told = json!({
            "id": self.id,
            "model": self.model,
            "version": self.version,
            "input": self.input,
            "logs": stage.logs,
            "output": stage.output(),
            "data_removed": false,
            "error": stage.error,
            "source": "api",
            "status": stage.status.name(),
            "created_at": self.birth.at(Duration::ZERO),
            "urls": self.urls(base),
        });
        told.as_object_mut().into_iter().for_each(|told| self.tell_times(stage, told));
        told
    }

    /// What is told only once it is known.
    fn tell_times(&self, stage: &Stage, told: &mut Map<String, Value>) {
        if let Some(started) = stage.started {
            told.insert("started_at".to_owned(), self.birth.at(started));
        }
        if let Some(completed) = stage.completed {
            told.insert("completed_at".to_owned(), self.birth.at(completed));
            told.insert("metrics".to_owned(), self.metrics(stage));
        }
    }

    /// Tokens are told of what succeeded alone.
    fn metrics(&self, stage: &Stage) -> Value {
        let total = stage.completed.unwrap_or_default();
        let predicting = total.saturating_sub(stage.started.unwrap_or(total));
        let mut metrics = json!({ "predict_time": predicting.as_secs_f64(), "total_time": total.as_secs_f64() });
        if stage.status == Status::Succeeded {
            let (input, output) = self.play.tokens.unwrap_or_else(|| (self.input_tokens(), stage.pieces.len() as u64));
            let first = stage.first_piece.unwrap_or(total).saturating_sub(stage.started.unwrap_or(total));
            metrics["input_token_count"] = json!(input);
            metrics["output_token_count"] = json!(output);
            metrics["time_to_first_token"] = json!(first.as_secs_f64());
            metrics["tokens_per_second"] = json!(output as f64 / predicting.as_secs_f64().max(0.001));
        }
        metrics
    }

    /// The words of all that was asked.
    fn input_tokens(&self) -> u64 {
        let words = |name: &str| self.input[name].as_str().map_or(0, text::tokens);
        words("prompt") + words("system_prompt") + text::tokens(&text::of_messages(&self.input["messages"]))
    }

    fn urls(&self, base: &str) -> Value {
        let Self { id, .. } = self;
        let mut urls = json!({
            "get": format!("{base}/v1/predictions/{id}"),
            "cancel": format!("{base}/v1/predictions/{id}/cancel"),
            "web": format!("https://replicate.com/p/{id}"),
        });
        if self.play.form == Form::Pieces {
            urls["stream"] = json!(format!("{base}/streams/{id}"));
        }
        urls
    }

    /// Its life, for whoever tests.
    pub(super) fn report(&self) -> Value {
        let stage = self.stage.borrow();
        let events = stage.moments.iter().map(|(moment, age)| json!({ "event": moment.name(), "ms": millis(*age) }));
        json!({
            "id": self.id,
            "model": self.model,
            "version": self.version,
            "input": self.input,
            "status": stage.status.name(),
            "created_ms": millis(self.birth.date()),
            "events": events.collect::<Vec<_>>(),
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What a creation asks for.
pub(super) struct Asked {
    pub(super) model: String,
    pub(super) version: String,
    pub(super) input: Value,
}
