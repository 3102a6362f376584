//! Chinese, in simplified characters.

use super::words::{Units, Words};
use crate::event::Recovery;
use crate::trouble::{Condition, Reason, Subject};
use oar_exchange::{AttemptResult, Outcome};
use std::time::Duration;

pub(super) struct Chinese;

const UNITS: Units = Units { milliseconds: "毫秒", seconds: "秒", minutes: "分钟", hours: "小时", days: "天" };

impl Words for Chinese {
    fn fails(&self, upstream: &str, reason: Reason) -> String {
        format!("上游 {upstream} 出错：{}（{reason}）", plain(reason))
    }

    fn all_failed(&self) -> String {
        "没有可用的上游：尝试过的全部失败（all_failed）".to_owned()
    }

    fn condition(&self, condition: Condition) -> [&'static str; 2] {
        match condition {
            Condition::RecordsStuck => ["记录无法写入（records_stuck）", "记录正在等待，请求照常处理。原因见日志。"],
            Condition::ReloadFailed => ["新配置被拒绝（reload_failed）", "原有配置继续有效。问题见日志。"],
        }
    }

    fn more(&self, times: u64) -> String {
        format!("自上次通知以来又发生 {times} 次")
    }

    fn model(&self, model: &str) -> String {
        format!("模型：{model}")
    }

    fn request(&self, id: &str, outcome: Outcome) -> String {
        let became = match outcome {
            Outcome::Ok => "客户端已得到回答",
            Outcome::UpstreamError => "客户端收到上游的错误",
            Outcome::StreamBroken => "客户端收到的回答中断",
            Outcome::AllFailed => "客户端收到错误",
            Outcome::ClientClosed | Outcome::Rejected | Outcome::Shed | Outcome::Drained => "客户端没有得到回答",
        };
        format!("请求：{id}，{became}（{outcome}）")
    }

    fn attempts(&self) -> &'static str {
        "尝试："
    }

    fn attempt(&self, number: usize, upstream: &str, result: &str, after: Duration) -> String {
        format!("{number}. {upstream}：{result}，用时 {}", UNITS.say(after))
    }

    fn others(&self, number: usize) -> String {
        format!("以及另外 {number} 项")
    }

    fn works(&self, upstream: &str) -> String {
        format!("上游 {upstream} 已恢复（recovered）")
    }

    fn answered(&self) -> String {
        "请求重新得到回答（recovered）".to_owned()
    }

    fn ended(&self, condition: Condition) -> String {
        match condition {
            Condition::RecordsStuck => "记录重新开始写入（recovered）".to_owned(),
            Condition::ReloadFailed => "新配置已生效（recovered）".to_owned(),
        }
    }

    fn ordeal(&self, Recovery { subject, faults, lasted, quiet }: &Recovery) -> String {
        let (lasted, quiet) = (UNITS.say(*lasted), UNITS.say(*quiet));
        match (subject, faults) {
            (Subject::Condition(Condition::RecordsStuck), _) => format!("此前有 {lasted}无法写入。"),
            (Subject::Condition(Condition::ReloadFailed), 1) => format!("{lasted}前有 1 份配置被拒绝。"),
            (Subject::Condition(Condition::ReloadFailed), _) => {
                format!("此前有 {faults} 份配置被拒绝，最早一份在 {lasted}前。")
            }
            (Subject::Requests | Subject::Upstream(_), 1) => format!("{quiet}前失败 1 次，此后没有失败。"),
            (Subject::Requests | Subject::Upstream(_), _) => {
                format!("{lasted}内失败 {faults} 次，此后 {quiet}没有失败。")
            }
        }
    }

    fn recovered(&self, number: usize) -> String {
        format!("{number} 项故障已结束（recovered）")
    }

    fn held_back(&self, more: u64, within: Duration) -> String {
        format!("{}内另有 {more} 次失败（summary）", UNITS.say(within))
    }

    fn times(&self, line: &str, times: u64) -> String {
        format!("{times} 次：{line}")
    }

    fn test(&self) -> [&'static str; 2] {
        ["这是一条测试消息（test）", "openai-api-route 的告警会发到这里。"]
    }
}

fn plain(reason: Reason) -> &'static str {
    match reason {
        Reason::StreamBroken => "回答中断",
        Reason::Status(401) => "密钥未被接受",
        Reason::Status(402) => "需要付费",
        Reason::Status(403) => "拒绝访问",
        Reason::Status(429) => "请求过多或额度用尽",
        Reason::Status(_) => "返回错误",
        Reason::Failed(result) => no_answer(result),
    }
}

const fn no_answer(result: AttemptResult) -> &'static str {
    match result {
        AttemptResult::DnsFailed => "域名无法解析",
        AttemptResult::ConnectRefused => "主机拒绝连接",
        AttemptResult::ConnectFailed => "无法建立连接",
        AttemptResult::ConnectTimeout => "建立连接超时",
        AttemptResult::TlsFailed => "TLS 握手失败",
        AttemptResult::ResetBeforeHead => "连接在回答之前断开",
        AttemptResult::BadHead => "回答不是 HTTP",
        AttemptResult::HeadTimeout => "首字节前超时",
        AttemptResult::FirstEventTimeout => "流的首个事件前超时",
        AttemptResult::EndedBeforeEvent => "流在首个事件前结束",
        AttemptResult::ErrorEvent => "流以错误开始",
        AttemptResult::Redirected => "返回重定向，不会跟随",
        AttemptResult::Misconfigured => "按当前配置无法尝试",
        AttemptResult::Ok
        | AttemptResult::Status
        | AttemptResult::StaleConnection
        | AttemptResult::Abandoned
        | AttemptResult::Failed => "没有可用的回答",
    }
}
