//! `/v1/files`: upload, list, retrieve, content, delete; in memory.

use super::call::{Call, now};
use super::problem;
use crate::reply::{self, Reply};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many files are kept; the oldest goes first.
const FILES_CAP: usize = 64;

/// The files uploaded so far, by id; ids rise.
#[derive(Default)]
pub(super) struct Files(Mutex<BTreeMap<String, File>>);

struct File {
    object: Value,
    content: Bytes,
}

impl Files {
    pub(super) fn upload(&self, call: &Call) -> Reply {
        let Some(part) = call.part("file") else { return problem::missing("file") };
        let id = call.id("file-");
        let object = json!({
            "id": id,
            "object": "file",
            "bytes": part.content.len(),
            "created_at": now(),
            "filename": part.filename,
            "purpose": call.field("purpose").unwrap_or_default(),
            "status": "processed",
            "status_details": null,
        });
        self.keep(id, File { object: object.clone(), content: part.content.clone() });
        reply::json(&object)
    }

    pub(super) fn list(&self) -> Reply {
        let files = self.lock();
        let data: Vec<_> = files.values().rev().map(|file| &file.object).collect();
        let (first, last) = (files.keys().next_back(), files.keys().next());
        reply::json(&json!({
            "object": "list",
            "data": data,
            "first_id": first,
            "last_id": last,
            "has_more": false,
        }))
    }

    pub(super) fn retrieve(&self, id: &str) -> Reply {
        self.lock().get(id).map_or_else(|| absent(id), |file| reply::json(&file.object))
    }

    pub(super) fn content(&self, id: &str) -> Reply {
        let kept = self.lock().get(id).map(|file| file.content.clone());
        kept.map_or_else(|| absent(id), |content| reply::whole("application/octet-stream", content))
    }

    pub(super) fn delete(&self, id: &str) -> Reply {
        let removed = self.lock().remove(id);
        removed.map_or_else(|| absent(id), |_| reply::json(&json!({ "id": id, "object": "file", "deleted": true })))
    }

    fn keep(&self, id: String, file: File) {
        let mut files = self.lock();
        if files.len() >= FILES_CAP {
            files.pop_first();
        }
        files.insert(id, file);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, File>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn absent(id: &str) -> Reply {
    problem::not_found(&format!("No such File object: {id}"), "id", None)
}
