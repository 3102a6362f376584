//! Which operation a request is for: <https://replicate.com/docs/reference/http>.

use super::prediction::{Asked, Prediction};
use super::seen::Seen;
use super::server::Standin;
use super::stage::{Moment, Status};
use super::wait::Wait;
use super::{models, problem, stream};
use crate::reply::{self, Reply};
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::timeout;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

pub(super) async fn answer(standin: &Standin, seen: &Seen) -> Reply {
    match (seen.method(), seen.segments().as_slice()) {
        ("GET", ["_predictions"]) => reply::json(&json!(standin.reports())),
        // Its address is a secret of its own: clients read it without a key.
        ("GET", ["streams", id]) => streamed(standin, seen, id),
        (method, ["v1", operation @ ..]) if standin.admits(seen) => operate(standin, seen, method, operation).await,
        (_, ["v1", ..]) => problem::reply_of(StatusCode::UNAUTHORIZED),
        _ => problem::reply_of(StatusCode::NOT_FOUND),
    }
}

async fn operate(standin: &Standin, seen: &Seen, method: &str, operation: &[&str]) -> Reply {
    match (method, operation) {
        ("POST", ["models" | "deployments", owner, name, "predictions"]) => {
            create(standin, seen, format!("{owner}/{name}"), "hidden").await
        }
        ("POST", ["predictions"]) => create_version(standin, seen).await,
        ("GET", ["predictions"]) => {
            let told =
                standin.predictions().iter().rev().map(|prediction| prediction.json(&seen.base())).collect::<Vec<_>>();
            reply::json(&models::page(&told))
        }
        ("GET", ["predictions", id]) => get(standin, seen, id),
        ("POST", ["predictions", id, "cancel"]) => cancel(standin, seen, id),
        ("GET", ["models", _, name, ..]) if name.contains("error-404") => problem::reply_of(StatusCode::NOT_FOUND),
        ("GET", ["models", owner, name]) => reply::json(&models::model(owner, name)),
        ("GET", ["models", _, _, "versions"]) => reply::json(&models::versions()),
        ("GET", ["models", _, _, "versions", id]) => reply::json(&models::version(id)),
        ("GET", ["account"]) => reply::json(&models::account()),
        _ => problem::reply_of(StatusCode::NOT_FOUND),
    }
}

/// A version is `owner/name`, `owner/name:id`, or an id alone, which then is the name of what it plays.
async fn create_version(standin: &Standin, seen: &Seen) -> Reply {
    let asked = seen.json();
    match asked["version"].as_str() {
        None => unprocessable("version", "version is required"),
        Some(version) => match version.split_once(':') {
            Some((model, id)) => create(standin, seen, model.to_owned(), id).await,
            None if version.contains('/') => create(standin, seen, version.to_owned(), models::VERSION).await,
            None => create(standin, seen, format!("standin/{version}"), version).await,
        },
    }
}

async fn create(standin: &Standin, seen: &Seen, model: String, version: &str) -> Reply {
    let input = seen.json()["input"].take();
    let name = model.rsplit('/').next().unwrap_or_default();
    let play = standin.play(name, &input);
    if let Some((status, problem)) = &play.refusal {
        return problem::reply(*status, problem);
    }
    if input["prompt"].is_null() && input["messages"].is_null() {
        return unprocessable("prompt", "prompt is required");
    }
    let asked = Asked { model, version: version.to_owned(), input };
    created(standin.perform(asked, play), seen).await
}

async fn created(prediction: Arc<Prediction>, seen: &Seen) -> Reply {
    let (base, wait) = (seen.base(), Wait::asked_by(seen));
    let mut told = prediction.json(&base);
    if let Wait::For(time) = wait {
        told = timeout(time, prediction.answered(&base)).await.unwrap_or_else(|_| prediction.json(&base));
    }
    if let Some(gate) = &prediction.play.answered {
        gate.passed().await;
    }
    if let Some(fields) = &prediction.play.told {
        lay_over(&mut told, fields);
    }
    let mut reply = reply::json_with(StatusCode::CREATED, &told);
    reply.headers_mut().extend(wait.applied().map(|applied| (PREFERENCE_APPLIED, applied)));
    reply
}

/// Each field of an object for itself, and so below.
fn lay_over(told: &mut Value, fields: &Value) {
    let (Some(told), Some(fields)) = (told.as_object_mut(), fields.as_object()) else { return };
    for (name, field) in fields {
        match told.get_mut(name) {
            Some(old) if old.is_object() && field.is_object() && name == "urls" => lay_over(old, field),
            _ if field.is_null() => _ = told.remove(name),
            _ => _ = told.insert(name.clone(), field.clone()),
        }
    }
}

fn unprocessable(field: &str, description: &str) -> Reply {
    problem::reply(StatusCode::UNPROCESSABLE_ENTITY, &problem::invalid(field, description))
}

fn get(standin: &Standin, seen: &Seen, id: &str) -> Reply {
    match standin.prediction(id) {
        None => problem::reply_of(StatusCode::NOT_FOUND),
        Some(prediction) if prediction.fails_to_be_read() => problem::reply_of(StatusCode::INTERNAL_SERVER_ERROR),
        Some(prediction) => reply::json(&prediction.json(&seen.base())),
    }
}

/// What has ended stays as it ended.
fn cancel(standin: &Standin, seen: &Seen, id: &str) -> Reply {
    let Some(prediction) = standin.prediction(id) else { return problem::reply_of(StatusCode::NOT_FOUND) };
    prediction.note(Moment::Cancelled);
    prediction.go_on(|stage| stage.end(Status::Canceled));
    reply::json(&prediction.json(&seen.base()))
}

fn streamed(standin: &Standin, seen: &Seen, id: &str) -> Reply {
    let Some(prediction) = standin.prediction(id) else { return problem::reply_of(StatusCode::NOT_FOUND) };
    let idle = prediction.play.idle.unwrap_or(standin.idle());
    stream::reply(prediction, seen.header("last-event-id"), idle)
}
