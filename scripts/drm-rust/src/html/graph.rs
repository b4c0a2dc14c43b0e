// SPDX-License-Identifier: GPL-2.0-only

//! The topics as a graph: the base on the left, `drm-rust-next` on the right, a row for each topic between them.
//!
//! A topic stands right of all that it requires. As no row has two topics, the lines between topics and the merges
//! into `drm-rust-next` never cross a topic.

use std::collections::{BTreeMap, BTreeSet};

/// The distance between rows.
const PITCH: usize = 56;
/// The height of a topic.
const HEIGHT: usize = 42;
/// The least room between columns.
const GAP: usize = 48;
/// The room between a topic and the first line beside it.
const ARROW: usize = 14;
/// The distance between lines.
const LANE: usize = 7;
/// The width of a character.
const CHARACTER: usize = 9;
const MARGIN: usize = 4;

/// A topic, as the layout needs it.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// What stands below the name.
    pub detail: String,
    /// The names of the topics that it stands on.
    pub requires: Vec<String>,
    /// Whether `drm-rust-next` has it.
    pub merged: bool,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its left side.
    pub x: usize,
    /// Its upper side.
    pub y: usize,
    /// Its width.
    pub width: usize,
    /// Its height.
    pub height: usize,
    /// Its name.
    pub name: String,
    /// What stands below the name.
    pub detail: String,
}

impl Node {
    /// Where a line of its text stands: the name or what is below.
    pub fn text_y(&self, line: usize) -> usize {
        self.y + 18 + line * 16
    }

    /// Where its text begins.
    pub fn text_x(&self) -> usize {
        self.x + 12
    }

    fn right(&self) -> usize {
        self.x + self.width
    }

    fn middle(&self) -> usize {
        self.y + self.height / 2
    }
}

/// A line from one box to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// `base`, `requires` or `merge`.
    pub kind: &'static str,
    /// Where it runs, in SVG's words.
    pub path: String,
}

/// The graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Its width.
    pub width: usize,
    /// Its height.
    pub height: usize,
    /// The base.
    pub base: Node,
    /// `drm-rust-next`.
    pub next: Node,
    /// The topics, from top to bottom.
    pub topics: Vec<Node>,
    /// The lines.
    pub edges: Vec<Edge>,
}

/// Lays topics out. What they require beyond the list, and what closes a circle, does not count.
pub fn layout(topics: &[Topic], base: (&str, &str), next: (&str, &str)) -> Graph {
    let below = below(topics);
    let depths = depths(&below);
    let order = order(&below, &depths);
    let lanes = lanes(&below, &depths, &order);
    let width = topics.iter().map(|topic| width(&topic.name, &topic.detail)).max().unwrap_or(0);
    let height = topics.len().max(1) * PITCH;
    let bar = |x, (name, detail): (&str, &str)| Node {
        x,
        y: MARGIN,
        width: self::width(name, detail),
        height,
        name: name.to_owned(),
        detail: detail.to_owned(),
    };
    let base = bar(MARGIN, base);
    let columns = columns(base.right(), width, &lanes);
    let end = columns.last().map_or(0, |x| x + width) + GAP;
    let next = bar(if topics.is_empty() { columns[0] } else { end }, next);
    let place = |(row, &i): (usize, &usize)| Node {
        x: columns[depths[i]],
        y: MARGIN + row * PITCH + (PITCH - HEIGHT) / 2,
        width,
        height: HEIGHT,
        name: topics[i].name.clone(),
        detail: topics[i].detail.clone(),
    };
    let nodes = order.iter().enumerate().map(place).collect();
    let (width, height) = (next.right() + MARGIN, height + 2 * MARGIN);
    let mut graph = Graph { width, height, base, next, topics: nodes, edges: Vec::new() };
    for (row, &i) in order.iter().enumerate() {
        let rows: Vec<(usize, usize)> =
            below[i].iter().map(|below| (position(&order, *below), position(&lanes[depths[i]], *below))).collect();
        graph.edges.extend(edges(&graph, &graph.topics[row], topics[i].merged, &rows));
    }
    graph
}

/// Where each column begins; one where there are no topics.
fn columns(left: usize, width: usize, lanes: &[Vec<usize>]) -> Vec<usize> {
    let mut columns = vec![left + GAP];
    for lanes in lanes.iter().skip(1) {
        let gap = GAP.max(2 * ARROW + lanes.len() * LANE);
        columns.push(columns.last().map_or(0, |x| x + width) + gap);
    }
    columns
}

/// How wide a box is, so that it has room for its text.
fn width(name: &str, detail: &str) -> usize {
    name.chars().count().max(detail.chars().count()).max(12) * CHARACTER + 24
}

fn position(list: &[usize], wanted: usize) -> usize {
    list.iter().position(|one| *one == wanted).unwrap_or(0)
}

/// The topics that each stands on.
fn below(topics: &[Topic]) -> Vec<Vec<usize>> {
    let index: BTreeMap<&str, usize> = topics.iter().enumerate().map(|(i, topic)| (topic.name.as_str(), i)).collect();
    let named = |topic: &Topic| {
        let found: BTreeSet<usize> =
            topic.requires.iter().filter_map(|name| index.get(name.as_str()).copied()).collect();
        found.into_iter().collect()
    };
    let mut below: Vec<Vec<usize>> = topics.iter().map(named).collect();
    let mut walks = vec![Walk::Before; topics.len()];
    (0..topics.len()).for_each(|i| open(i, &mut below, &mut walks));
    below
}

/// How far the walk through what a topic requires has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    Before,
    Within,
    After,
}

/// Opens the circles above a topic: drops what leads back to where the walk came from.
fn open(i: usize, below: &mut [Vec<usize>], walks: &mut [Walk]) {
    if walks[i] != Walk::Before {
        return;
    }
    walks[i] = Walk::Within;
    for next in std::mem::take(&mut below[i]) {
        if walks[next] != Walk::Within {
            open(next, below, walks);
            below[i].push(next);
        }
    }
    walks[i] = Walk::After;
}

/// How many topics stand below each, one on the other.
fn depths(below: &[Vec<usize>]) -> Vec<usize> {
    let mut depths = vec![0; below.len()];
    // As many rounds as there are topics are enough.
    for _ in 0..below.len() {
        for (i, below) in below.iter().enumerate() {
            depths[i] = below.iter().map(|&below| depths[below] + 1).max().unwrap_or(0);
        }
    }
    depths
}

/// The rows: each topic right after the deepest one that it requires.
fn order(below: &[Vec<usize>], depths: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let mut by_depth: Vec<usize> = (0..below.len()).collect();
    by_depth.sort_by_key(|&i| depths[i]);
    for i in by_depth {
        let row = below[i].iter().filter_map(|below| order.iter().position(|placed| placed == below)).max();
        order.insert(row.map_or(order.len(), |row| row + 1), i);
    }
    order
}

/// The lanes left of each column, from right to left: one for each topic that something in the column requires.
fn lanes(below: &[Vec<usize>], depths: &[usize], order: &[usize]) -> Vec<Vec<usize>> {
    let columns = depths.iter().max().map_or(0, |depth| depth + 1);
    let of_column = |column: usize| {
        let rows = (0..below.len()).filter(|&i| depths[i] == column);
        let required: BTreeSet<usize> = rows.flat_map(|i| below[i].iter().copied()).collect();
        order.iter().copied().filter(|i| required.contains(i)).collect()
    };
    (0..columns).map(of_column).collect()
}

/// The lines of a topic; `below` has the row and the lane of each topic that it stands on.
fn edges(graph: &Graph, node: &Node, merged: bool, below: &[(usize, usize)]) -> Vec<Edge> {
    let mut edges = Vec::new();
    if below.is_empty() {
        let path = format!("M{} {}H{}", graph.base.right(), node.middle(), node.x);
        edges.push(Edge { kind: "base", path });
    }
    for &(row, lane) in below {
        let below = &graph.topics[row];
        let (from, to, lane) = (below.middle() + 8, node.middle(), node.x - ARROW - LANE * lane);
        let path = format!("M{} {from}H{lane}V{to}H{}", below.right(), node.x);
        edges.push(Edge { kind: "requires", path });
    }
    if merged {
        let path = format!("M{} {}H{}", node.right(), node.middle() - 8, graph.next.x);
        edges.push(Edge { kind: "merge", path });
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str, requires: &[&str]) -> Topic {
        let requires = requires.iter().map(|name| (*name).to_owned()).collect();
        Topic { name: name.into(), detail: String::new(), requires, merged: true }
    }

    fn graph(topics: &[Topic]) -> Graph {
        layout(topics, ("base", ""), ("next", ""))
    }

    #[test]
    fn a_topic_stands_right_of_and_below_what_it_requires() {
        let graph = graph(&[topic("a/top", &["b/mid", "c/low"]), topic("b/mid", &["c/low"]), topic("c/low", &[])]);
        let names: Vec<&str> = graph.topics.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["c/low", "b/mid", "a/top"]);
        assert!(graph.topics.windows(2).all(|pair| pair[0].right() < pair[1].x && pair[0].y < pair[1].y));
        assert!(graph.topics[2].right() < graph.next.x);
        let count = |kind| graph.edges.iter().filter(|edge| edge.kind == kind).count();
        assert_eq!((count("base"), count("requires"), count("merge")), (1, 3, 3));
    }

    #[test]
    fn no_line_crosses_a_topic() {
        let names = ["a", "b", "c", "d", "e"];
        let mut topics: Vec<Topic> = names.iter().map(|name| topic(name, &[])).collect();
        topics.extend([topic("f", &["a", "d"]), topic("g", &["f", "b"]), topic("h", &["c"])]);
        let graph = graph(&topics);
        for edge in &graph.edges {
            let mut at = (0, 0);
            for (x, y) in points(&edge.path) {
                let crossed = graph.topics.iter().find(|node| crosses(node, at, (x, y)));
                assert!(at == (0, 0) || crossed.is_none(), "{edge:?} crosses {crossed:?}");
                at = (x, y);
            }
        }
    }

    /// The corners of a path.
    fn points(path: &str) -> Vec<(usize, usize)> {
        let mut points = Vec::new();
        let mut at = (0, 0);
        for part in path.replace('H', "|H").replace('V', "|V").split('|') {
            let number = |text: &str| text.parse::<usize>().unwrap();
            at = match part.split_at(1) {
                ("H", x) => (number(x), at.1),
                ("V", y) => (at.0, number(y)),
                (_, start) => {
                    let (x, y) = start.split_once(' ').unwrap();
                    (number(x), number(y))
                }
            };
            points.push(at);
        }
        points
    }

    fn crosses(node: &Node, from: (usize, usize), to: (usize, usize)) -> bool {
        let (left, right) = (from.0.min(to.0), from.0.max(to.0));
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        left < node.right() && right > node.x && top < node.y + node.height && bottom > node.y
    }

    #[test]
    fn lines_from_different_topics_do_not_share_a_lane() {
        let mut topics: Vec<Topic> = (0..12).map(|n| topic(&format!("t{n:02}"), &[])).collect();
        let all: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        topics.extend([topic("x", &all), topic("y", &all[..7])]);
        let graph = graph(&topics);
        let paths = graph.edges.iter().filter(|edge| edge.kind == "requires").map(|edge| points(&edge.path));
        // The height at which a line begins tells the topic.
        let lanes: BTreeSet<(usize, usize)> = paths.map(|points| (points[1].0, points[0].1)).collect();
        let columns: BTreeSet<usize> = lanes.iter().map(|lane| lane.0).collect();
        assert_eq!((lanes.len(), columns.len()), (12, 12));
        let right = graph.topics[0].right();
        assert!(columns.iter().all(|lane| *lane > right), "{columns:?} {right}");
    }

    #[test]
    fn bars_are_as_wide_as_their_text() {
        let graph = layout(&[topic("a", &[])], ("base", "Linux 7.12.123-rc7-next-20260102"), ("next", "1 commit"));
        assert_eq!((graph.base.width, graph.next.width), (32 * CHARACTER + 24, 12 * CHARACTER + 24));
        assert!(graph.base.right() < graph.topics[0].x);
    }

    #[test]
    fn a_circle_and_an_unknown_topic_do_no_harm() {
        let circle = [topic("a", &["b"]), topic("b", &["a"]), topic("c", &["gone"]), topic("d", &["d"])];
        let many: Vec<Topic> = (0..20).map(|n| topic(&format!("t{n}"), &[])).collect();
        let columns = |topics: &[Topic]| graph(topics).topics.iter().map(|node| node.x).collect::<BTreeSet<_>>().len();
        assert_eq!(columns(&circle), 2);
        assert_eq!(columns(&[&circle[..], &many].concat()), 2, "other topics do not widen it");
        assert_eq!(graph(&circle).edges.iter().filter(|edge| edge.kind == "requires").count(), 1);
        assert_eq!(layout(&[], ("base", ""), ("next", "")).edges, []);
    }
}
