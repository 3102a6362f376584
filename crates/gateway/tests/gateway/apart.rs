//! Requests that run side by side, and what one of them may know of another: nothing.

use crate::house::{Ask, House};
use oar_exchange::{Exchange, Outcome};
use oar_testkit::{RawClient, ScriptedUpstream};
use std::collections::HashSet;

const REQUESTS: usize = 1000;

fn body(id: &str) -> String {
    format!(r#"{{"model": "m", "messages": [{{"role": "user", "content": "the prompt of {id}."}}]}}"#)
}

/// One request after the other on one connection, each with a prompt that names its id.
async fn talk(mut client: RawClient, who: &str) {
    for number in 0..REQUESTS {
        let id = format!("{who}-{number}");
        client.send(Ask::chat().header("x-request-id", &id).json(body(&id)).bytes()).await.unwrap();
        let answer = client.read_response().await.expect("an answer");
        assert_eq!((answer.head.header("x-request-id"), answer.text()), (Some(id.as_str()), body(&id)));
    }
}

/// Both ends of a story belong to its id.
fn assert_own(story: &Exchange) {
    let own = body(&story.request_id);
    assert_eq!(story.outcome, Outcome::Ok, "{}", story.request_id);
    assert_eq!(story.request.body, own.as_bytes(), "the question of {}", story.request_id);
    assert_eq!(story.answer.body.as_bytes(), own.as_bytes(), "the answer of {}", story.request_id);
    assert_eq!(story.request.headers["x-request-id"], story.request_id.as_str());
}

/// D14.
#[tokio::test]
async fn each_of_two_clients_stories_holds_its_own_question_and_answer() {
    let upstream = ScriptedUpstream::echo().await.unwrap();
    let house = House::of([&upstream]).await;
    let connect = async || house.connect().await;
    tokio::join!(talk(connect().await, "left"), talk(connect().await, "right"));
    let stories = house.heard.until_finished(2 * REQUESTS).await;
    stories.iter().for_each(|story| assert_own(story));
    let ids: HashSet<_> = stories.iter().map(|story| &story.request_id).collect();
    assert_eq!((stories.len(), ids.len()), (2 * REQUESTS, 2 * REQUESTS));
    let turns = stories.windows(2).filter(|pair| pair[0].request_id[..1] != pair[1].request_id[..1]).count();
    assert!(turns > REQUESTS / 10, "they took turns only {turns} times");
}
