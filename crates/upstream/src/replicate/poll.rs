use super::account::Account;
use super::prediction::Prediction;
use super::refusal::Failure;
use reqwest::Url;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How many readings in a row may fail. The prediction goes on meanwhile, and it is paid for.
const FAILURES_IN_A_ROW: u32 = 3;

/// Reads a prediction's state until it has ended. Whoever waits decides for how long.
pub(super) async fn until_ended(account: &Account, get: &Url, prediction: &mut Prediction) -> Result<(), Failure> {
    let mut pauses = pauses();
    let mut failures = 0;
    while !prediction.status.is_terminal() {
        tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
        match account.get(get).await {
            Ok(next) => {
                *prediction = next;
                failures = 0;
            }
            Err(failure) if failures < FAILURES_IN_A_ROW && may_pass(&failure) => failures += 1,
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Between readings: short at first, because most answers are.
fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |pause| Some((*pause * 2).min(LONGEST_PAUSE)))
}

fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Fault(_) => true,
        Failure::Answer(refusal) => refusal.status.is_server_error() || refusal.status.as_u16() == 429,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_two_seconds() {
        let millis: Vec<u128> = pauses().take(6).map(|pause| pause.as_millis()).collect();
        assert_eq!(millis, [250, 500, 1000, 2000, 2000, 2000]);
    }
}
