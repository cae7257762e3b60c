//! Who calls whom, as a map: callers left, callees right, what is not ours at the end.

use std::collections::BTreeMap;

use super::CHARS_MAX;
use super::html::escaped;
use crate::shape::{Dependency, clean_to};

/// Boxes and lines that still can be told apart.
const NODES: usize = 32;
const EDGES: usize = 60;
/// Pixels of a box, and of the space between boxes.
const BOX: (u64, u64) = (170, 30);
const SPACE: (u64, u64) = (60, 16);
/// Widest map that is shrunk to the page; beyond it its names would be too small to read, and it scrolls.
const SHRINKS: u64 = 1_300;
/// Characters that a box has room for.
const NAME: usize = 22;
/// Thinnest and thickest line, in tenths of pixels.
const LINE: (u64, u64) = (12, 70);

/// The map, laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Map {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Lines that found no room.
    left_out: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    name: String,
    /// How it is drawn: `service`, `store`, `outside`.
    class: &'static str,
    column: usize,
    row: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge {
    from: usize,
    to: usize,
    calls: u64,
    failed: u64,
    path: u64,
}

impl Map {
    /// The map of `calls`, which come dearest first.
    pub(super) fn new(calls: &[Dependency]) -> Map {
        let mut map = Map {
            nodes: Vec::new(),
            edges: Vec::new(),
            left_out: 0,
        };
        let mut places: BTreeMap<(&'static str, &str), usize> = BTreeMap::new();
        let mut lines: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for call in calls {
            let ends = [
                ("service", call.from.as_str()),
                (class(&call.peer), call.to.as_str()),
            ];
            let missing = ends.iter().filter(|end| !places.contains_key(*end)).count();
            if NODES < map.nodes.len() + missing || EDGES <= map.edges.len() {
                map.left_out += 1;
                continue;
            }
            let [from, to] = ends.map(|(class, name)| {
                *places.entry((class, name)).or_insert_with(|| {
                    map.nodes.push(Node::new(name, class));
                    map.nodes.len() - 1
                })
            });
            let edge = *lines.entry((from, to)).or_insert_with(|| {
                map.edges.push(Edge::new(from, to));
                map.edges.len() - 1
            });
            map.edges[edge].add(call);
        }
        map.arrange();
        map
    }

    /// Callers left of callees, as far as there are no circles; then each column in the order of its callers.
    fn arrange(&mut self) {
        let order = self.order();
        let mut place = vec![0; self.nodes.len()];
        for (at, &node) in order.iter().enumerate() {
            place[node] = at;
        }
        for &node in &order {
            let column = self.nodes[node].column + 1;
            let out = self
                .edges
                .iter()
                .filter(|edge| edge.from == node && place[node] < place[edge.to]);
            for to in out.map(|edge| edge.to).collect::<Vec<_>>() {
                self.nodes[to].column = self.nodes[to].column.max(column);
            }
        }
        let last = self.nodes.iter().map(|node| node.column).max().unwrap_or(0);
        for node in self.nodes.iter_mut().filter(|node| node.class != "service") {
            node.column = last;
        }
        for column in 0..=last {
            self.arrange_column(column);
        }
    }

    fn arrange_column(&mut self, column: usize) {
        let mut members: Vec<usize> = (0..self.nodes.len())
            .filter(|&node| self.nodes[node].column == column)
            .collect();
        let wish = |node: usize| {
            let callers = self.edges.iter().filter(|edge| edge.to == node);
            let rows: Vec<usize> = callers
                .map(|edge| &self.nodes[edge.from])
                .filter(|caller| caller.column < column)
                .map(|caller| caller.row)
                .collect();
            // In hundredths of a row; whoever has no caller keeps its place by name.
            rows.iter().sum::<usize>() * 100 / rows.len().max(1)
        };
        members.sort_by_key(|&node| (wish(node), &self.nodes[node].name, self.nodes[node].class));
        for (row, node) in members.into_iter().enumerate() {
            self.nodes[node].row = row;
        }
    }

    /// All nodes, callers before callees; a circle is entered where the fewest calls come in.
    fn order(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> = (0..self.nodes.len()).collect();
        let mut order = Vec::new();
        while !waiting.is_empty() {
            let entered = |node: usize| {
                let calls = self
                    .edges
                    .iter()
                    .filter(|edge| edge.to == node && edge.from != node);
                calls.filter(|edge| waiting.contains(&edge.from)).count()
            };
            let ranked = (0..waiting.len()).min_by_key(|&at| {
                let node = waiting[at];
                (entered(node), &self.nodes[node].name, self.nodes[node].class)
            });
            let Some(next) = ranked else { break };
            order.push(waiting.remove(next));
        }
        order
    }
}

impl Node {
    fn new(name: &str, class: &'static str) -> Node {
        Node {
            name: clean_to(name, CHARS_MAX),
            class,
            column: 0,
            row: 0,
        }
    }

    /// Its upper left corner.
    fn corner(&self) -> (u64, u64) {
        let (column, row) = (self.column as u64, self.row as u64);
        (10 + column * (BOX.0 + SPACE.0), 10 + row * (BOX.1 + SPACE.1))
    }
}

impl Edge {
    fn new(from: usize, to: usize) -> Edge {
        Edge {
            from,
            to,
            calls: 0,
            failed: 0,
            path: 0,
        }
    }

    fn add(&mut self, call: &Dependency) {
        self.calls = self.calls.saturating_add(call.calls);
        self.failed = self.failed.saturating_add(call.failed);
        self.path = self.path.saturating_add(call.critical_path_ns);
    }
}

fn class(peer: &str) -> &'static str {
    match peer {
        "internal" => "service",
        "datastore" => "store",
        _ => "outside",
    }
}

/// Draws it: lines first, so that boxes cover them.
pub(super) fn draw(map: &Map, out: &mut String) {
    let columns = map.nodes.iter().map(|node| node.column).max().unwrap_or(0) as u64 + 1;
    let rows = map.nodes.iter().map(|node| node.row).max().unwrap_or(0) as u64 + 1;
    // The space right of the last column is for lines that go back.
    let (width, height) = (20 + columns * (BOX.0 + SPACE.0), 20 + rows * (BOX.1 + SPACE.1));
    let class = if width <= SHRINKS { "" } else { " class=\"far\"" };
    out.push_str(&format!(
        "<figure{class}><svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\">\n"
    ));
    let dearest = map.edges.iter().map(|edge| edge.path).max().unwrap_or(0).max(1);
    for edge in &map.edges {
        line(edge, map, dearest, out);
    }
    for node in &map.nodes {
        let ((x, y), (wide, high)) = (node.corner(), BOX);
        let (name, full) = (escaped(&clean_to(&node.name, NAME)), escaped(&node.name));
        let (class, middle, base) = (node.class, x + wide / 2, y + 20);
        out.push_str(&format!(
            "<g><title>{full}</title><rect class=\"box {class}\" x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\" \
             rx=\"5\"/><text x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\">{name}</text></g>\n"
        ));
    }
    out.push_str(
        "</svg>\n<figcaption>Callers left, callees right. Thick lines carry more critical-path time; ",
    );
    out.push_str("dashed ones go back to a caller. Stores and other companies have a coloured border.");
    if map.left_out > 0 {
        out.push_str(&format!(" {} edges found no room.", map.left_out));
    }
    out.push_str("</figcaption></figure>\n");
}

fn line(edge: &Edge, map: &Map, dearest: u64, out: &mut String) {
    let (from, to) = (&map.nodes[edge.from], &map.nodes[edge.to]);
    let ((fx, fy), (tx, ty)) = (from.corner(), to.corner());
    let (y1, y2) = (fy + BOX.1 / 2, ty + BOX.1 / 2);
    let forward = from.column < to.column;
    let path = if forward {
        let (x1, x2) = (fx + BOX.0, tx);
        let (bend1, bend2) = (x1 + SPACE.0 / 2, x2.saturating_sub(SPACE.0 / 2));
        format!("M{x1} {y1} C{bend1} {y1} {bend2} {y2} {x2} {y2}")
    } else {
        // Around the right of both, so that it is no line of theirs to others.
        let (x1, x2) = (fx + BOX.0, tx + BOX.0);
        let bend = x1.max(x2) + SPACE.0 * 2 / 3;
        // A service that calls itself still has two ends.
        let (y1, y2) = (fy + BOX.1 / 4, ty + BOX.1 * 3 / 4);
        format!("M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}")
    };
    let more = u128::from(LINE.1 - LINE.0) * u128::from(edge.path) / u128::from(dearest);
    let tenths = LINE.0 + u64::try_from(more).unwrap_or(0);
    let class = if forward { "edge" } else { "edge back" };
    let (caller, callee) = (escaped(&from.name), escaped(&to.name));
    let (calls, failed, waited) = (edge.calls, edge.failed, hotspan_model::Nanos(edge.path));
    out.push_str(&format!(
        "<path class=\"{class}\" stroke-width=\"{}.{}\" d=\"{path}\"><title>{caller} to {callee}: {calls} calls, {failed} \
         failed, {waited} of critical path</title></path>\n",
        tenths / 10,
        tenths % 10
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(from: &str, to: &str, peer: &str) -> Dependency {
        Dependency {
            from: from.to_owned(),
            to: to.to_owned(),
            peer: peer.to_owned(),
            calls: 1,
            ..Dependency::default()
        }
    }

    /// Names by column.
    fn columns(calls: &[Dependency]) -> Vec<String> {
        let map = Map::new(calls);
        let last = map.nodes.iter().map(|node| node.column).max().unwrap_or(0);
        let mut columns = Vec::new();
        for column in 0..=last {
            let mut nodes: Vec<&Node> = map.nodes.iter().filter(|node| node.column == column).collect();
            nodes.sort_by_key(|node| node.row);
            let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
            columns.push(names.join(" "));
        }
        columns
    }

    #[test]
    fn callers_stand_left_of_callees_and_stores_at_the_end() {
        let calls = [
            call("web", "orders", "internal"),
            call("web", "billing", "internal"),
            call("orders", "billing", "internal"),
            call("web", "redis", "datastore"),
            call("billing", "postgresql", "datastore"),
        ];
        assert_eq!(columns(&calls), ["web", "orders", "billing", "postgresql redis"]);
    }

    #[test]
    fn a_circle_is_cut_where_the_fewest_come_in() {
        let calls = [
            call("a", "b", "internal"),
            call("b", "a", "internal"),
            call("c", "b", "internal"),
        ];
        assert_eq!(columns(&calls), ["a c", "b"]);
        let mut drawn = String::new();
        draw(&Map::new(&calls), &mut drawn);
        assert_eq!(drawn.matches("edge back").count(), 1, "{drawn}");
    }

    #[test]
    fn names_are_neither_tags_nor_attributes() {
        let mut drawn = String::new();
        let calls = [call("<script>alert(1)</script>", "\" onload=\"x", "third_party")];
        draw(&Map::new(&calls), &mut drawn);
        assert!(
            drawn.contains("&lt;script&gt;") && !drawn.contains("<script"),
            "{drawn}"
        );
        assert!(!drawn.contains("\" onload"), "{drawn}");
    }

    #[test]
    fn a_service_that_calls_itself_has_a_line_that_can_be_seen() {
        let map = Map::new(&[call("a", "a", "internal")]);
        let mut drawn = String::new();
        draw(&map, &mut drawn);
        assert!(drawn.contains("M180 17 C220 17 220 32 180 32"), "{drawn}");
    }

    #[test]
    fn a_map_has_bounds_and_says_what_it_leaves_out() {
        let calls: Vec<Dependency> = (0..100)
            .map(|n| call("web", &format!("s{n}"), "internal"))
            .collect();
        let map = Map::new(&calls);
        assert_eq!((map.nodes.len(), map.left_out), (NODES, 100 - (NODES - 1)));
        assert_eq!(columns(&[]), [""]);
    }
}
