//! `.github/workflows`: the forge does what a desk does.

use crate::{file, files_in};

#[test]
fn workflows_run_targets_of_make_and_nothing_else() {
    let makefile = file("Makefile");
    let flows = files_in(".github/workflows", ".yml");
    assert!(flows.len() >= 3, "{flows:?}");
    for flow in flows {
        let text = file(&flow);
        let run: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once("run: ")?.1)).collect();
        assert!(!run.is_empty() && text.matches("run:").count() == run.len(), "{flow}: {run:?}");
        for command in run {
            let target = command.strip_prefix("make ").and_then(|rest| rest.split(' ').next());
            let exists = target.is_some_and(|target| makefile.contains(&format!("\n{target}: ")));
            assert!(exists, "{flow}: `{command}` is no target of make");
        }
    }
}
