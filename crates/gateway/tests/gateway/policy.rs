//! After which failures the next upstream is tried.

use crate::house::{Ask, House, attempts, entry, status};
use oar_exchange::AttemptResult::{self, HeadTimeout, ResetBeforeHead, Status};
use oar_exchange::Outcome;
use oar_routing::{FailoverOn, FailureClass};
use oar_testkit::{Script, ScriptedUpstream, Step};

async fn house(first: &ScriptedUpstream, second: &ScriptedUpstream, policy: &FailoverOn) -> House {
    let entries = [("first", first), ("second", second)];
    House::with(entries.map(|(name, upstream)| entry(name, upstream).failover_on(policy.clone()))).await
}

/// S07 under `standard`: a bad request is told at once, as it came.
#[tokio::test]
async fn under_standard_a_callers_mistake_is_relayed_at_once() {
    let first = ScriptedUpstream::answering(400, &[], "your mistake").await.unwrap();
    let second = ScriptedUpstream::answering(200, &[], "fine").await.unwrap();
    let house = house(&first, &second, &FailoverOn::Standard).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!((status(&answer), answer.text().as_str()), (400, "your mistake"));
    assert!(second.connections().is_empty());
    let story = house.story().await;
    assert_eq!((story.outcome, attempts(&story)), (Outcome::UpstreamError, vec![("first", Status)]));
}

#[tokio::test]
async fn under_standard_an_upstreams_own_trouble_is_tried_elsewhere() {
    for code in [401, 404, 429, 500, 503, 529] {
        let first = ScriptedUpstream::answering(code, &[], "trouble").await.unwrap();
        let second = ScriptedUpstream::answering(200, &[], "fine").await.unwrap();
        let house = house(&first, &second, &FailoverOn::Standard).await;
        assert_eq!(house.ask(&Ask::chat()).await.text(), "fine", "{code}");
    }
}

/// S08: what an upstream may do better in a moment, another one may do now.
#[tokio::test]
async fn a_status_that_asks_to_try_again_is_tried_elsewhere_under_every_policy() {
    for code in [408, 409, 421, 425] {
        for policy in [FailoverOn::Any, FailoverOn::Standard] {
            let first = ScriptedUpstream::answering(code, &[], "again").await.unwrap();
            let second = ScriptedUpstream::answering(200, &[], "fine").await.unwrap();
            let house = house(&first, &second, &policy).await;
            assert_eq!(house.ask(&Ask::chat()).await.text(), "fine", "{code} {policy:?}");
            let story = house.story().await;
            assert_eq!(attempts(&story), [("first", Status), ("second", AttemptResult::Ok)], "{code} {policy:?}");
            assert_eq!((story.attempts[0].status, first.hits()), (Some(code), 1));
        }
    }
}

#[tokio::test]
async fn a_list_names_every_failure_that_is_tried_elsewhere() {
    let listed = FailoverOn::These(vec![FailureClass::Status(429), FailureClass::Connect]);
    for (code, expected) in [(429, "fine"), (500, "trouble")] {
        let first = ScriptedUpstream::answering(code, &[], "trouble").await.unwrap();
        let second = ScriptedUpstream::answering(200, &[], "fine").await.unwrap();
        let house = house(&first, &second, &listed).await;
        assert_eq!(house.ask(&Ask::chat()).await.text(), expected, "{code}");
    }
}

/// Section 2.5: what an upstream may have carried out is not carried out twice.
#[tokio::test]
async fn an_upload_or_a_deletion_moves_on_only_if_nobody_has_seen_it() {
    for ask in [Ask::new("DELETE", "/v1/files/file-1"), Ask::new("POST", "/v1/batches"), Ask::new("POST", "/v1/files")]
    {
        let reset = ScriptedUpstream::start(Script::after_request([Step::Rst])).await.unwrap();
        let second = ScriptedUpstream::answering(200, &[], "again").await.unwrap();
        let house = House::of([&reset, &second]).await;
        assert_eq!(status(&house.ask(&ask).await), 502);
        assert!(second.connections().is_empty());
        assert_eq!(attempts(&house.story().await), [("first", ResetBeforeHead)]);

        let refusing = ScriptedUpstream::refusing().unwrap();
        let house = House::of([&refusing, &second]).await;
        assert_eq!(house.ask(&ask).await.text(), "again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_may_have_happened_is_answered_with_the_time_out() {
    let hanging = ScriptedUpstream::hanging().await.unwrap();
    let second = ScriptedUpstream::answering(200, &[], "again").await.unwrap();
    let house = House::of([&hanging, &second]).await;
    assert_eq!(status(&house.ask(&Ask::new("DELETE", "/v1/files/file-1")).await), 504);
    assert_eq!(attempts(&house.story().await), [("first", HeadTimeout)]);
}
