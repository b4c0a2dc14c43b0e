// SPDX-License-Identifier: GPL-2.0-only

//! The topics as a graph: the base on the left, `drm-rust-next` on the right, a row for each topic between them.
//!
//! A topic stands right of all that it requires. As no row has two topics, the lines between topics and the merges
//! into `drm-rust-next` never cross a topic.

use std::collections::BTreeMap;

/// The distance between rows.
const PITCH: usize = 56;
/// The height of a topic.
const HEIGHT: usize = 42;
/// The width of the base and of `drm-rust-next`.
const BAR: usize = 132;
/// The room between columns, for lines.
const GAP: usize = 48;
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

/// Lays topics out. What they require beyond the list, and circles, do not count.
pub fn layout(topics: &[Topic], base: (&str, &str), next: (&str, &str)) -> Graph {
    let depths = depths(topics);
    let order = order(topics, &depths);
    let width = topics.iter().map(|topic| topic.name.len().max(topic.detail.len())).max().unwrap_or(0);
    let width = width.max(12) * CHARACTER + 24;
    let columns = depths.iter().max().map_or(0, |depth| depth + 1);
    let column = |depth: usize| MARGIN + BAR + GAP + depth * (width + GAP);
    let height = topics.len().max(1) * PITCH + 2 * MARGIN;
    let bar = |x, (name, detail): (&str, &str)| Node {
        x,
        y: MARGIN,
        width: BAR,
        height: height - 2 * MARGIN,
        name: name.to_owned(),
        detail: detail.to_owned(),
    };
    let mut graph = Graph {
        width: column(columns) + BAR + MARGIN,
        height,
        base: bar(MARGIN, base),
        next: bar(column(columns), next),
        topics: Vec::new(),
        edges: Vec::new(),
    };
    for (row, &i) in order.iter().enumerate() {
        let (name, detail) = (topics[i].name.clone(), topics[i].detail.clone());
        let y = MARGIN + row * PITCH + (PITCH - HEIGHT) / 2;
        graph.topics.push(Node { x: column(depths[i]), y, width, height: HEIGHT, name, detail });
    }
    graph.edges = edges(topics, &order, &graph);
    graph
}

/// How many topics stand below each.
fn depths(topics: &[Topic]) -> Vec<usize> {
    let index = index(topics);
    let mut depths = vec![0; topics.len()];
    // As many rounds as there are topics are enough, and a circle does not keep it going.
    for _ in 0..topics.len() {
        for (i, topic) in topics.iter().enumerate() {
            let below = topic.requires.iter().filter_map(|name| index.get(name.as_str()));
            let depth = below.map(|&below| depths[below] + 1).max().unwrap_or(0);
            depths[i] = depth.min(topics.len() - 1);
        }
    }
    depths
}

fn index(topics: &[Topic]) -> BTreeMap<&str, usize> {
    topics.iter().enumerate().map(|(i, topic)| (topic.name.as_str(), i)).collect()
}

/// The rows: each topic right after the deepest one that it requires.
fn order(topics: &[Topic], depths: &[usize]) -> Vec<usize> {
    let index = index(topics);
    let mut order: Vec<usize> = Vec::new();
    let mut by_depth: Vec<usize> = (0..topics.len()).collect();
    by_depth.sort_by_key(|&i| depths[i]);
    for i in by_depth {
        let below = topics[i].requires.iter().filter_map(|name| index.get(name.as_str()));
        let row = below.filter_map(|below| order.iter().position(|placed| placed == below)).max();
        order.insert(row.map_or(order.len(), |row| row + 1), i);
    }
    order
}

fn edges(topics: &[Topic], order: &[usize], graph: &Graph) -> Vec<Edge> {
    let nodes: BTreeMap<&str, &Node> = graph.topics.iter().map(|node| (node.name.as_str(), node)).collect();
    let mut edges = Vec::new();
    for (row, &i) in order.iter().enumerate() {
        let (topic, node) = (&topics[i], &graph.topics[row]);
        let below: Vec<&Node> = topic.requires.iter().filter_map(|name| nodes.get(name.as_str()).copied()).collect();
        if below.is_empty() {
            let path = format!("M{} {}H{}", graph.base.right(), node.middle(), node.x);
            edges.push(Edge { kind: "base", path });
        }
        for below in below {
            // Lines from different topics do not share a lane.
            let lane = graph.topics.iter().position(|node| node == below).unwrap_or(0) % 5;
            let lane = node.x.saturating_sub(14 + 7 * lane);
            let (from, to) = (below.middle() + 8, node.middle());
            let path = format!("M{} {from}H{lane}V{to}H{}", below.right(), node.x);
            edges.push(Edge { kind: "requires", path });
        }
        if topic.merged {
            let path = format!("M{} {}H{}", node.right(), node.middle() - 8, graph.next.x);
            edges.push(Edge { kind: "merge", path });
        }
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
    fn a_circle_and_an_unknown_topic_do_no_harm() {
        let graph = graph(&[topic("a", &["b"]), topic("b", &["a"]), topic("c", &["gone"])]);
        assert_eq!(graph.topics.len(), 3);
        assert_eq!(layout(&[], ("base", ""), ("next", "")).edges, []);
    }
}
