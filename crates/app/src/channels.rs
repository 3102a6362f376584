//! The channels that a configuration names, and when they are used.

use oar_config::{Config, FeishuStyle, MatrixRoom, NotifySettings, ToldOutcome};
use oar_notify::{Ending, Feishu, Http, Language, Matrix, Notifier, Policy, SetupError, Webhook, feishu};
use std::sync::Arc;

/// Each channel that is there, ready to deliver.
pub(crate) fn notifiers(settings: &NotifySettings) -> Result<Vec<Arc<dyn Notifier>>, SetupError> {
    let mut notifiers: Vec<Arc<dyn Notifier>> = Vec::new();
    if settings.feishu.is_none() && settings.matrix.is_none() && settings.webhook.is_none() {
        return Ok(notifiers);
    }
    let http = Http::new()?;
    if let Some(robot) = &settings.feishu {
        notifiers.push(Arc::new(Feishu::new(&http, &robot.webhook, robot.secret.clone(), style(robot.style))?));
    }
    if let Some(place) = &settings.matrix {
        notifiers.push(Arc::new(matrix(&http, place)?));
    }
    if let Some(url) = &settings.webhook {
        notifiers.push(Arc::new(Webhook::new(&http, url)?));
    }
    Ok(notifiers)
}

/// What people are told, how often, and in which language.
pub(crate) fn policy(settings: &NotifySettings) -> Policy {
    Policy {
        window: settings.window,
        messages_per_minute: settings.messages_per_minute,
        outcomes: settings.outcomes.iter().copied().map(ending).collect(),
        language: language(settings),
    }
}

pub(crate) const fn language(settings: &NotifySettings) -> Language {
    match settings.language {
        oar_config::Language::English => Language::English,
        oar_config::Language::Chinese => Language::Chinese,
    }
}

/// How this machine is named to people.
pub(crate) fn hostname(config: &Config) -> String {
    let system = || gethostname::gethostname().to_string_lossy().into_owned();
    config.hostname.clone().unwrap_or_else(system)
}

const fn style(style: FeishuStyle) -> feishu::Style {
    match style {
        FeishuStyle::Text => feishu::Style::Text,
        FeishuStyle::Card => feishu::Style::Card,
    }
}

fn matrix(http: &Http, place: &oar_config::Matrix) -> Result<Matrix, SetupError> {
    match place {
        oar_config::Matrix::Url(url) => Matrix::new(http, url),
        oar_config::Matrix::Room(MatrixRoom { homeserver, room, token }) => {
            Matrix::room(http, homeserver, room, token.clone())
        }
    }
}

const fn ending(outcome: ToldOutcome) -> Ending {
    match outcome {
        ToldOutcome::Ok => Ending::Ok,
        ToldOutcome::UpstreamError => Ending::UpstreamError,
        ToldOutcome::StreamBroken => Ending::StreamBroken,
        ToldOutcome::AllFailed => Ending::AllFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn settings(notify: &str) -> NotifySettings {
        let text = format!("authorization: a\nupstreams: [{{sk: key}}]\nnotify: {notify}");
        Config::parse(&text, "config.yaml", &|_| None).expect(notify).notify
    }

    #[test]
    fn a_file_that_says_nothing_means_what_alerts_do_by_themselves() {
        assert_eq!(policy(&settings("")), Policy::default());
    }

    #[test]
    fn what_the_file_says_is_what_alerts_go_by() {
        let lines = "{window: 5m, messages_per_minute: 7, language: zh, outcomes: [ok, all_failed]}";
        let expected = Policy {
            window: Duration::from_secs(300),
            messages_per_minute: 7,
            outcomes: [Ending::Ok, Ending::AllFailed].into(),
            language: Language::Chinese,
        };
        assert_eq!(policy(&settings(lines)), expected);
        let every = settings("{outcomes: [all_failed, stream_broken, upstream_error, ok]}");
        let words: Vec<_> = policy(&every).outcomes.into_iter().map(Ending::as_str).collect();
        assert_eq!(words, ["ok", "upstream_error", "stream_broken", "all_failed"]);
    }

    #[test]
    fn each_channel_is_there_once() {
        let lines = "{webhook: {url: 'http://h'}, feishu: {webhook: 'http://h'}, \
                     matrix: {homeserver: 'http://h', room: '!r:h', token: t}}";
        let made = notifiers(&settings(lines)).expect("channels");
        assert_eq!(made.iter().map(|channel| channel.name()).collect::<Vec<_>>(), ["feishu", "matrix", "webhook"]);
        assert!(notifiers(&settings("")).expect("none").is_empty());
    }
}
