// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust status`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::tree::arrival::By;
use drm_rust::tree::status::{self, Freshness, Status, TopicStatus};

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Show base, topics, what waits to be forwarded, and what is dirty.

For each topic: its branch's tip, whether the branch is what manifest and
overlay say (current), `drm-rust tree` has something to do (stale) or there is
no branch yet (new), its patches, and where it is merged. Where linux/ has the
remotes of other trees, it tells which of their branches have the patches: the
commits themselves, or other commits that make the same changes to the same
lines. One that makes a patch's change at another place, or with other white
space, is only presumed to be the patch where it has its subject, and does not
count. A published topic waits until drm-next or Linus has all of it. Nothing is
fetched.";

#[derive(Args)]
struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Show base, topics, what waits and what is dirty").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let status = status::status(&context.ws)?;
    if arguments.json {
        return context.json(&status);
    }
    context.data(&text(&status))
}

fn text(status: &Status) -> String {
    let mut text = match &status.base {
        Some(base) => {
            format!("base      Linux {} at {}\n          {}\n", base.version, base.commit.short(), base.origin)
        }
        None => "base      none yet: `drm-rust tree` makes linux/\n".into(),
    };
    if let Some(what) = &status.checked_out {
        text += &format!("linux/    {what} is checked out\n");
    }
    text += &format!("topics    {}\n", status.topics.len());
    let width = status.topics.iter().map(|topic| topic.name.as_str().len()).max().unwrap_or(0);
    for topic in &status.topics {
        text += &line(topic, width);
    }
    text += &format!("waiting   {}\n", counted(status.waiting, "commit", "to be forwarded"));
    text += &files("overlay", &status.dirty_overlay);
    text += &files("linux/", &status.dirty_linux);
    text
}

fn line(topic: &TopicStatus, width: usize) -> String {
    let state = match topic.freshness {
        Freshness::Current => "current",
        Freshness::Stale => "stale",
        Freshness::New => "new",
    };
    let tip = topic.tip.map_or("-".into(), |tip| tip.short());
    let names = |names: &[String], before: &str| match names {
        [] => String::new(),
        names => format!("  {before} {}", names.join(", ")),
    };
    let merged: Vec<String> = topic.merged_into.iter().map(ToString::to_string).collect();
    let requires: Vec<String> = topic.requires.iter().map(ToString::to_string).collect();
    let patches = counted(topic.patches, "patch", "");
    let tail = names(&merged, "in") + &names(&requires, "requires");
    let mut text = format!("  {:width$}  {tip:12}  {state:7}  {patches}{tail}\n", topic.name);
    let mut more = |words: String| text += &format!("  {:width$}  {words}\n", "");
    if let Some(tag) = &topic.published {
        let waits = topic.waits.map(|days| format!(", waits for {}", counted(days as usize, "day", "")));
        more(format!("published as {tag}{}", waits.unwrap_or_default()));
    }
    for arrival in &topic.arrived {
        let (place, of) = (format!("{}/{}", arrival.tree, arrival.branch), topic.patches);
        let by = if arrival.by == By::Changes { " as other commits" } else { "" };
        match arrival.patches {
            0 => {}
            all if all == of => more(format!("arrived in {place}{by}")),
            some => more(format!("arrived in {place}{by}, {some} of {of}")),
        }
        if arrival.presumed > 0 {
            let some = arrival.presumed;
            more(format!("presumed in {place}, {some} of {of}: the same subject, but another place or white space"));
        }
    }
    if topic.retired {
        more("the next base has it: the topic can be removed then".to_owned());
    }
    text
}

fn files(label: &str, files: &[String]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let list: String = files.iter().map(|file| format!("  {file}\n")).collect();
    format!("{label:9} {}\n{list}", counted(files.len(), "file", "not committed"))
}

/// A number of things in words: `1 patch`, `2 patches`.
pub(super) fn counted(n: usize, thing: &str, rest: &str) -> String {
    let ending = match (n, thing.ends_with("ch")) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{n} {thing}{ending} {rest}").trim_end().to_owned()
}
