//! `notify test`.

use crate::program::{Folder, Left, TOKEN};
use oar_testkit::{Script, ScriptedUpstream, SeenRequest};
use serde_json::Value;

/// What a robot of Feishu says when it has taken a message.
pub(crate) const TAKEN: &str = r#"{"code":0,"msg":"success","data":{}}"#;

/// A file with these lines in its section `notify`.
fn file(notify: &str) -> String {
    format!("authorization: {TOKEN}\nhostname: gateway-1\nnotify:\n{notify}\nupstreams: [{{sk: '${{UNSET_HERE}}'}}]\n")
}

pub(crate) async fn answering(status: u16, body: &str) -> ScriptedUpstream {
    ScriptedUpstream::start(Script::kept_alive(status, &[("content-type", "application/json")], body)).await.unwrap()
}

pub(crate) fn feishu(server: &ScriptedUpstream) -> String {
    format!("  feishu: {{webhook: '{}/open-apis/bot/v2/hook/canary-robot', secret: canary-sign}}\n", server.origin())
}

fn room(server: &ScriptedUpstream) -> String {
    let homeserver = server.origin();
    format!("  matrix: {{homeserver: '{homeserver}', room: '!a/b:example.com', token: canary-token}}\n")
}

pub(crate) fn webhook(server: &ScriptedUpstream) -> String {
    format!("  webhook: {{url: '{}/canary-hook'}}\n", server.origin())
}

async fn test(notify: &str) -> Left {
    Folder::new(&file(notify)).run(&["notify", "test"]).await
}

pub(crate) fn json(request: &SeenRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// The only request that a server was sent.
pub(crate) fn only(server: &ScriptedUpstream) -> SeenRequest {
    let requests = server.requests();
    let [request] = &requests[..] else { panic!("one message: {requests:?}") };
    request.clone()
}

/// A line of what is printed, with every number that tells a time as `N`.
fn timeless(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n']).collect::<Vec<_>>();
    let mut shown = String::new();
    for (index, word) in words.iter().enumerate() {
        let is_time = words.get(index + 1).is_some_and(|unit| unit.starts_with("ms"));
        shown.push_str(if is_time && word.trim().parse::<u32>().is_ok() { "N " } else { word });
    }
    shown
}

#[tokio::test]
async fn a_robot_that_takes_the_message_is_told_with_its_time() {
    let server = answering(200, TAKEN).await;
    let left = test(&feishu(&server)).await;
    assert_eq!((left.code, left.stderr.as_str()), (Some(0), ""));
    assert_eq!(timeless(&left.stdout), "feishu: delivered in N ms\n");
    let (request, message) = (only(&server), json(&only(&server)));
    assert_eq!(request.head.first_line(), "POST /open-apis/bot/v2/hook/canary-robot HTTP/1.1");
    assert_eq!(message["msg_type"], "text");
    assert!(message["sign"].is_string() && message["timestamp"].is_string(), "{message}");
    assert!(message["content"]["text"].as_str().unwrap().contains("gateway-1"), "{message}");
}

#[tokio::test]
async fn the_message_is_in_the_language_and_the_style_of_the_file() {
    let server = answering(200, TAKEN).await;
    let card = feishu(&server).replace("secret: canary-sign", "style: card");
    assert_eq!(test(&format!("  language: zh\n{card}")).await.code, Some(0));
    let message = json(&only(&server));
    assert_eq!(message["msg_type"], "interactive");
    assert!(message["card"].to_string().contains("测试") && message["sign"].is_null(), "{message}");
}

/// N03: 200 is no success.
#[tokio::test]
async fn a_robot_that_refuses_is_told_with_what_to_do() {
    for (code, says, hint) in [
        (19021, "sign match fail or timestamp is not within one hour", "notify.feishu.secret and this machine's clock"),
        (19022, "Ip Not Allowed", "IP whitelist"),
        (19024, "Key Words Not Found", "keyword"),
    ] {
        let server = answering(200, &format!(r#"{{"code":{code},"msg":"{says}"}}"#)).await;
        let left = test(&feishu(&server)).await;
        assert_eq!((left.code, left.stderr.as_str()), (Some(1), ""));
        let (told, advice) = left.stdout.split_once('\n').unwrap();
        assert!(told.starts_with("feishu: not delivered, after "), "{told}");
        assert!(told.contains(&code.to_string()) && told.contains(says), "{told}");
        assert!(advice.starts_with("  hint: ") && advice.contains(hint), "{advice}");
        only(&server);
    }
}

#[tokio::test]
async fn a_room_is_named_by_its_parts_and_written_to_with_its_token() {
    let server = answering(200, r#"{"event_id":"$1"}"#).await;
    let left = test(&room(&server)).await;
    assert_eq!((left.code, timeless(&left.stdout).as_str()), (Some(0), "matrix: delivered in N ms\n"));
    let request = only(&server);
    assert_eq!(request.head.method(), "PUT");
    let path = "/_matrix/client/v3/rooms/%21a%2Fb%3Aexample.com/send/m.room.message/";
    let transaction = request.head.target().strip_prefix(path).expect("the room's messages").to_owned();
    assert!(!transaction.is_empty() && !transaction.contains(['/', '?']), "{transaction}");
    assert_eq!(request.head.header("authorization"), Some("Bearer canary-token"));
    let message = json(&request);
    assert_eq!(message["msgtype"], "m.notice");
    assert!(message["body"].as_str().unwrap().contains("gateway-1"), "{message}");
}

#[tokio::test]
async fn a_room_that_refuses_is_told_with_what_to_do() {
    for (status, code, hint) in
        [(403, "M_FORBIDDEN", "invite the bot to the room"), (401, "M_UNKNOWN_TOKEN", "notify.matrix.token")]
    {
        let server = answering(status, &format!(r#"{{"errcode":"{code}","error":"no such luck"}}"#)).await;
        let left = test(&room(&server)).await;
        assert_eq!(left.code, Some(1));
        for part in ["matrix: not delivered", code, "no such luck", "\n  hint: ", hint] {
            assert!(left.stdout.contains(part), "{part} in {}", left.stdout);
        }
    }
}

/// The other channels hear of it all the same, and none is told what opens another.
#[tokio::test]
async fn each_channel_is_tried_and_one_that_fails_is_enough_to_fail() {
    let (robot, chat) = (answering(200, TAKEN).await, answering(200, "{}").await);
    // As frameworks do with a path that they do not know.
    let hook = answering(500, "Cannot POST /canary-hook: out of memory").await;
    let left = test(&(feishu(&robot) + &room(&chat) + &webhook(&hook))).await;
    assert_eq!((left.code, left.stderr.as_str()), (Some(1), ""));
    let told = timeless(&left.stdout);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[..2], ["feishu: delivered in N ms", "matrix: delivered in N ms"]);
    assert!(lines[2].starts_with("webhook: not delivered, after N ms: "), "{told}");
    assert!(lines[2].contains("status 500") && lines[2].contains("out of memory"), "{told}");
    assert!(lines[3].starts_with("  hint: "), "{told}");
    for server in [&robot, &chat, &hook] {
        only(server);
    }
    assert_eq!(json(&only(&hook))["kind"], "test");
}

#[tokio::test]
async fn a_channel_that_is_not_there_is_told_with_the_cause() {
    let nobody = ScriptedUpstream::refusing().unwrap();
    let left = test(&webhook(&nobody)).await;
    assert_eq!(left.code, Some(1));
    assert!(left.stdout.contains("refused") && left.stdout.contains("\n  hint: check the address"), "{}", left.stdout);
}

#[tokio::test]
async fn without_a_channel_there_is_nothing_to_test() {
    let told = "openai-api-route: no channel is configured: write one under `notify` in `./config.yaml`, \
                or set FEISHU_WEBHOOK without that section\n";
    for notify in ["", "  language: zh"] {
        let left = test(notify).await;
        assert_eq!((left.code, left.stdout.as_str(), left.stderr.as_str()), (Some(1), "", told), "{notify}");
    }
}

/// And what is wrong with other sections does not matter: the upstream's key of this file is not set.
#[tokio::test]
async fn what_is_wrong_with_the_channels_is_told_as_check_tells_it() {
    let left = test("  matrix: {room: '#canary:h', token: t, homeserver: 'https://h'}").await;
    assert_eq!((left.code, left.stdout.as_str()), (Some(1), ""));
    assert!(
        left.stderr.starts_with("./config.yaml: 1 problem\n  notify.matrix.room (line 4): is an alias"),
        "{}",
        left.stderr
    );
}

#[tokio::test]
async fn the_environments_channels_are_tried_too() {
    let server = answering(200, TAKEN).await;
    let hook = format!("{}/canary", server.origin());
    let folder = Folder::new(&file("")).with("FEISHU_WEBHOOK", &hook);
    let left = folder.run(&["notify", "test"]).await;
    assert_eq!((left.code, timeless(&left.stdout).as_str()), (Some(0), "feishu: delivered in N ms\n"));
    let text = json(&only(&server))["content"]["text"].clone();
    assert!(text.as_str().unwrap().contains("gateway-1"), "{text}");
}
